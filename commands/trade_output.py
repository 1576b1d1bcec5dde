"""How `memesnipe trade` and `memesnipe shadow` show an account, fresh from a run or read from its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memesnipe_cli.commands.trade_live import LIVE

from memesnipe_cli.console import Column, Console, OutputMode
from memesnipe_cli.engine.figures import counted, day, money, price, signed_percent, whole
from memesnipe_cli.records import record

SIMULATED = "SIMULATED market: no venue made these prices"

TRADES = (
    Column("strategy", "strategy"),
    Column("symbol", "symbol"),
    Column("side", "side"),
    Column("qty", "qty", right=True, write=price),
    Column("in", "entry_time", write=day),
    Column("price in", "entry_price", right=True, write=price),
    Column("why in", "entry_reason"),
    Column("out", "exit_time", write=day),
    Column("price out", "exit_price", right=True, write=price),
    Column("why out", "exit_reason"),
    Column("fees", "fees", right=True, write=lambda amount: money(amount, digits=4)),
    Column("pnl", "pnl", right=True, write=lambda amount: money(amount, signed=True, digits=4)),
)
POSITIONS = (
    Column("strategy", "strategy"),
    Column("venue", "venue"),
    Column("symbol", "symbol"),
    Column("side", "side"),
    Column("qty", "qty", right=True, write=price),
    Column("since", "entry_time", write=day),
    Column("price in", "entry_price", right=True, write=price),
    Column("stop", "stop", right=True, write=price),
    Column("target", "target", right=True, write=price),
    Column("leaving", "leaving"),
)
ORDERS = (
    Column("id", "id"),
    Column("strategy", "strategy"),
    Column("symbol", "symbol"),
    Column("leg", "reason"),
    Column("side", "side"),
    Column("kind", "kind"),
    Column("qty", "qty", right=True, write=price),
    Column("price", "price", right=True, write=price),
    Column("state", "state"),
    Column("decided", "time", write=day),
)


def label(simulated: bool, *, live: bool = False) -> str:
    """What every output says of itself."""
    if live:
        return LIVE
    return f"PAPER, {SIMULATED}" if simulated else "PAPER: no order leaves this machine"


def _fee(needed: float | None) -> str:
    """The taker fee at which the cheapest of the entries vetoed by cost would have passed."""
    return "" if needed is None else f" (cost: would need fees below {needed * 100:.4g} % a side)"


def stream_line(console: Console, simulated: bool, kind: str, body: Mapping[str, Any]) -> None:
    """A journal line as the record that crosses a pipe; what is no record of its own is passed over."""
    if kind in ("order", "fill", "trade", "breaker"):
        console.record(record(kind, **body, paper=True, simulated=simulated))
    elif kind == "refusal":
        refused = {"venue_id": None, "kind": "limit", "qty": "0", "price": None, "state": "refused"}
        console.record(record("order", **refused, **body, paper=True, simulated=simulated))


def show_account(console: Console, account: Mapping[str, Any]) -> None:
    """The account as a table of two columns, or as its record."""
    if console.mode is not OutputMode.HUMAN:
        console.record(account)
        return
    currency = account["currency"] or ""
    console.record(
        {
            "account": f"{account['account']} ({label(account['simulated'], live=not account['paper'])})",
            "session": f"{account['session']}: {', '.join(account['strategies'])} on {account['venue']} "
            + ", ".join(account["symbols"]),
            "time": f"{day(account['since'])} .. {day(account['time'])} UTC",
            "equity": f"{money(account['equity'], currency)} ({signed_percent(account['total_return'])} of "
            f"{money(account['capital'], currency)})",
            "cash": money(account["cash"], currency),
            "positions": f"{whole(account['positions'])}, worth "
            f"{money(account['positions_value'], currency)}",
            "trades": f"{whole(account['trades'])}, {whole(account['wins'])} won, "
            f"{money(account['pnl'], currency, signed=True)}",
            "fees": money(account["fees"], currency),
            "breaker": account["breaker"] + (f", size {account['size']:.0%}" if account["size"] < 1 else ""),
            "orders": f"{whole(account['orders'])} sent",
            "refused": counted(account["refusals"]) + _fee(account["fee_needed"]),
            "journal": account["journal"],
        }
    )


def show_run(
    console: Console,
    account: Mapping[str, Any],
    trades: Sequence[Mapping[str, Any]],
    positions: Sequence[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]],
    **more: Any,
) -> None:
    """What a run did: its trades, what is open, the account. `more` goes into the JSON document."""
    if console.mode is OutputMode.JSON:
        console.record(
            {"account": account, "trades": trades, "positions": positions, "orders": orders, **more}
        )
    elif console.mode is OutputMode.JSONL:
        console.records([*positions, account], ())
    else:
        console.records(trades, TRADES, title="trades of this run", empty="no trades in this run")
        if positions:
            console.records(positions, POSITIONS, title="\nopen positions")
        console.text("", {})
        show_account(console, account)
