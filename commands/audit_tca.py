"""`memesnipe audit tca`: what trading cost against deciding."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.run_options import ShownAccount, shown_account

PARTS = ("delay", "spread", "impact", "fees", "opportunity")


def money(amount: str | None, bps: float | None, currency: str = "") -> str:
    """`0.0123 USD (3.1 bps)`; a dash for what is not known."""
    if amount is None:
        return "-"
    from decimal import Decimal

    text = f"{Decimal(amount):.4f} {currency}".rstrip()
    return text if bps is None else f"{text} ({bps:.1f} bps)"


def _bps(value: Any) -> str:
    return "-" if value is None else f"{value:.1f}"


_COLUMNS = [
    Column("", "key"),
    Column("orders", "orders", right=True),
    Column("filled", "filled_orders", right=True),
    Column("notional", "notional", right=True, write=lambda value: money(str(value), None)),
    Column("", "currency"),
    *(Column(f"{part} bps", f"{part}_bps", right=True, write=_bps) for part in PARTS),
    Column("total bps", "total_bps", right=True, write=_bps),
    Column("total", "total", right=True, write=lambda value: money(str(value), None)),
    Column("money", "money"),
]


def tca(
    ctx: typer.Context,
    by: Annotated[
        str, typer.Option("--by", metavar="GROUP", help="strategy, symbol, day or order.")
    ] = "strategy",
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Orders from then on: 2025-01-31, or an age: 30d.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Orders before.")] = None,
    strategy: Annotated[str | None, typer.Option(metavar="NAME", help="Only this strategy.")] = None,
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="Only this symbol.")] = None,
    account: ShownAccount = None,
) -> None:
    """Transaction costs: the implementation shortfall of orders, split into delay, spread, impact, fees and what did
    not fill.

    In basis points of what was wanted at the price it was decided on; above 0 is a cost. The parts add up to the total
    exactly. On a paper account costs are the fill model's.
    """
    from memesnipe_cli.audit.tca import Chosen, analyse
    from memesnipe_cli.audit.whole import WholeJournal
    from memesnipe_cli.clock import parse_time

    run = current(ctx)
    account = shown_account(run, account)
    chosen = Chosen(
        None if since is None else parse_time(since),
        None if until is None else parse_time(until),
        strategy,
        symbol,
    )
    rows = analyse(WholeJournal(run.store, account), chosen, by)
    if run.console.mode is not OutputMode.HUMAN:
        run.console.records(rows, [])
        return
    shown = [{**row, "money": "paper" if row["paper"] else "real"} for row in rows]
    run.console.records(shown, _COLUMNS, empty=f"account {account!r} has no orders that were to trade then")
    unknown = {part: sum(row["unknown"].get(part, 0) for row in rows) for part in PARTS}
    said = [f"{part} of {count} orders" for part, count in unknown.items() if count]
    if said:
        run.console.say(f"not known, and in no sum: {', '.join(said)}")
