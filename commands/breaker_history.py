"""`memesnipe breaker history`: every level that was reached, tripped or reset, from the journal."""

from __future__ import annotations

from typing import Annotated

import typer
from memesnipe_cli.commands.breaker_options import EveryAccount, every_account, store_paths

from memesnipe_cli.cli import current


def history(
    ctx: typer.Context,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the last N lines. Default: all.")
    ] = None,
    account: EveryAccount = None,
) -> None:
    """What the breaker did, newest last: by the trade loop, by a person, by the watch. Of all accounts unless one is
    named."""
    from memesnipe_cli.commands.breaker_output import HISTORY, WHOSE

    from memesnipe_cli.risk.breaker_journal import history as read_history

    run = current(ctx)
    paths = store_paths(run)
    names = list(every_account(paths, account))
    rows, problems = [], []
    for name in names:
        found, problem = read_history(paths, name, limit)
        rows += found
        problems += [f"{name}: {problem}"] if problem else []
    # What waits has no number and no moment at which it was recorded: it comes last.
    rows.sort(key=lambda row: (row["recorded"] is None, row["recorded"] or ""))
    if limit is not None:
        rows = rows[-limit:]
    columns = HISTORY if len(names) == 1 else (WHOSE, *HISTORY)
    run.console.records(rows, columns, empty=f"the breaker of {' and '.join(names)} has never moved")
    for each in problems:
        run.console.warn(f"lines without a number wait for the journal of {each}")
