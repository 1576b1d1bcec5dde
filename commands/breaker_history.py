"""`memesnipe breaker history`: every level that was reached, tripped or reset, from the journal."""

from __future__ import annotations

from typing import Annotated

import typer
from memesnipe_cli.commands.breaker_options import store_paths

from memesnipe_cli.cli import current
from memesnipe_cli.run_options import AccountName


def history(
    ctx: typer.Context,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the last N lines. Default: all.")
    ] = None,
    account: AccountName = "paper",
) -> None:
    """What the breaker did, newest last: by the trade loop, by a person, by the watch."""
    from memesnipe_cli.commands.breaker_output import HISTORY

    from memesnipe_cli.risk.breaker_journal import history as read_history

    run = current(ctx)
    rows, problem = read_history(store_paths(run), account, limit)
    run.console.records(rows, HISTORY, empty=f"the breaker of account {account!r} has never moved")
    if problem:
        run.console.warn(f"lines without a number wait for the journal: {problem}")
