"""`memesnipe audit report`: what an account has done, from its journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, Console, OutputMode
from memesnipe_cli.run_options import ShownAccount, shown_account


def _money(value: Any) -> str:
    from decimal import Decimal

    return "-" if value is None else f"{Decimal(value):,.4f}"


def _share(value: Any) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.1f}"


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"


_COLUMNS = [
    Column("", "key"),
    Column("money", "money"),
    Column("trades", "trades", right=True),
    Column("won", "win_rate", right=True, write=_share),
    Column("P&L", "pnl", right=True, write=_money),
    Column("marked", "marked_pnl", right=True, write=_money),
    Column("fees", "fees", right=True, write=_money),
    Column("slippage", "slippage", right=True, write=_money),
    Column("bps", "slippage_bps", right=True, write=_number),
    Column("latency ms", "latency", right=True, write=_number),
    Column("refused", "refused", right=True),
    Column("stopped", "stopped", right=True),
    Column("uptime", "uptime", right=True, write=_share),
]


def report(
    ctx: typer.Context,
    by: Annotated[str, typer.Option("--by", metavar="GROUP", help="day, week, month or strategy.")] = "day",
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="What was from then on: 2025-01-31, or an age: 30d.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="What was before.")] = None,
    account: ShownAccount = None,
) -> None:
    """What an account has done: profit and loss, fees, slippage, latency, refusals, breaker, uptime; and the total.

    From the journal alone. P&L is of trades that have ended, net of all fees; `marked` also of what is held, where the
    journal has marks. Days are UTC.
    """
    from memesnipe_cli.audit.report import ReportReader
    from memesnipe_cli.audit.whole import WholeJournal, Window
    from memesnipe_cli.clock import parse_time

    run = current(ctx)
    account = shown_account(run, account)
    window = Window(
        None if since is None else parse_time(since), None if until is None else parse_time(until)
    )
    reader = ReportReader(by, window)
    for entry in WholeJournal(run.store, account):
        reader.take(entry)
    rows = reader.rows(account)
    if run.console.mode is not OutputMode.HUMAN:
        run.console.records(rows, [])
        return
    run.console.records(
        [_shown(row) for row in rows], _COLUMNS, empty=f"account {account!r} has done nothing then"
    )
    for row in rows:
        if row["by"] == "total":
            _say_total(run.console, row)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    seconds = row["breaker_seconds"]
    return {
        **row,
        "money": f"{row['currency']} {_whose(row)}",
        "latency": row["sent_to_acknowledged_ms"]["mean"],
        "stopped": _duration(seconds["HALT"] + seconds["EMERGENCY"]) if any(seconds.values()) else "-",
    }


def _whose(row: Mapping[str, Any]) -> str:
    if not row["paper"]:
        return "real"
    return "SIMULATED" if row["simulated"] else "PAPER"


def _say_total(console: Console, row: Mapping[str, Any]) -> None:
    """What the table has no room for."""
    from memesnipe_cli.engine.figures import counted

    whose = _whose(row)
    if whose == "PAPER":
        console.say("PAPER: no order left this machine, and fills are the fill model's")
    elif whose == "SIMULATED":
        console.say("SIMULATED: paper money on prices that no venue made")
    console.say(f"refused: {counted(row['refusals'])}; missed: {counted(row['missed'])}")
    levels = {level: seconds for level, seconds in row["breaker_seconds"].items() if seconds}
    if levels:
        console.say(
            "breaker: " + ", ".join(f"{level} {_duration(seconds)}" for level, seconds in levels.items())
        )
    for what, words in (
        ("signal_to_sent_ms", "from the close of the bar to the sending"),
        ("sent_to_acknowledged_ms", "from the sending to the venue's answer"),
    ):
        taken = row[what]
        if taken["count"]:
            console.say(
                f"{words}: {taken['mean']:.0f} ms on average, {taken['p95']:.0f} ms at the 95th percentile"
                f" ({taken['count']} orders)"
            )
    if row["fees_elsewhere"]:
        fees = ", ".join(f"{fee} {currency}" for currency, fee in row["fees_elsewhere"].items())
        console.say(f"fees in other currencies, in no sum: {fees}")
    if row["slippage_unknown"]:
        console.say(f"slippage is not known of {row['slippage_unknown']} orders")
    if row["flows"] != "0":
        console.say(f"put in, less taken out: {row['flows']} {row['currency']}")
