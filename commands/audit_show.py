"""`memesnipe audit show`: the life of one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.audit_tca import PARTS, money

from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.run_options import ShownAccount, shown_account

if TYPE_CHECKING:
    from memesnipe_cli.console import Console

_STEPS = [
    Column("time", "time"),
    Column("+ms", "after_ms", right=True),
    Column("entry", "seq", right=True),
    Column("line", "kind"),
    Column("", "what"),
    Column("what it says", "text"),
]


def show(
    ctx: typer.Context,
    order: Annotated[
        str,
        typer.Argument(metavar="ID", help="Our id of the order, the venue's, or that of one of its trades."),
    ],
    account: ShownAccount = None,
) -> None:
    """The life of one order: what it was decided on, each state, each fill, and what it cost against the decision."""
    from memesnipe_cli.audit.life import life_of
    from memesnipe_cli.audit.log import entries

    run = current(ctx)
    account = shown_account(run, account)
    journal = run.store.journal(account)
    life = life_of(lambda: entries(journal.folder), order, account)
    if run.console.mode is not OutputMode.HUMAN:
        run.console.record(life)
        return
    _show(run.console, life)


def _show(console: Console, life: dict[str, Any]) -> None:
    cost = life["tca"]
    about = {name: value for name, value in life.items() if name not in ("type", "v", "tca", "steps")}
    if cost is not None:
        about["filled"] = f"{cost['filled']} of {cost['wanted']}"
        about["money"] = "paper" if cost["paper"] else "real"
    console.record(about)
    console.records(life["steps"], _STEPS)
    if cost is None:
        return
    currency = cost["currency"]
    amounts = {part: money(cost[part], cost[f"{part}_bps"], currency) for part in (*PARTS, "total")}
    console.record({"cost against the decision": "", **amounts})
