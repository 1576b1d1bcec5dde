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

LIVE_POSITIONS = (
    Column("strategy", "strategy"),
    Column("symbol", "symbol"),
    Column("side", "side"),
    Column("qty", "qty", right=True, write=price),
    Column("since", "entry_time", write=day),
    Column("price in", "entry_price", right=True, write=price),
    Column("stop at venue", "resting_stop", right=True, write=price),
    Column("protection", "protection"),
    Column("naked", "naked", right=True, write=price),
    Column("dust", "dust", right=True, write=price),
    Column("target", "target", right=True, write=price),
    Column("leaving", "leaving"),
)
LIVE_ORDERS = (
    Column("id", "id"),
    Column("at the venue", "venue_id"),
    Column("symbol", "symbol"),
    Column("what", "action"),
    Column("side", "side"),
    Column("qty", "qty", right=True, write=price),
    Column("filled", "filled", right=True, write=price),
    Column("price", "price", right=True, write=price),
    Column("stop", "stop", right=True, write=price),
    Column("state", "state"),
    Column("sent", "time", write=day),
)


def label(simulated: bool, *, live: bool = False) -> str:
    """What every output says of itself."""
    if live:
        words: str = LIVE
        return words
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
    console.record(_pairs(account))


def show_live_account(console: Console, account: Mapping[str, Any]) -> None:
    """The same of a live account, with its trader, its data, its books and its protection."""
    if console.mode is not OutputMode.HUMAN:
        console.record(account)
        return
    heard = account["heard"] or {}
    pairs = _pairs(account)
    if heard.get("equity") is not None:
        pairs["equity"] += f"; now {money(heard['equity'], account['currency'] or '')}"
    pairs |= {
        "trader": _trader(account["trader"], heard),
        "data": _data(heard),
        "reconciled": f"book and venue agreed {day(account['reconciled'])} UTC" + _findings(heard),
        "protection": counted(account["protection"]) or "nothing is held",
        "not known": ", ".join(account["unsettled"]) or "no order",
    }
    if account["dust"]:
        pairs["dust"] = ", ".join(f"{each['dust']} {each['symbol']}" for each in account["dust"])
    console.record(pairs)
    for each in heard.get("warnings") or ():
        console.warn(each)
    if account["unsettled"]:
        console.say(f"what to do about them: memesnipe trade orders --account {account['account']}")


def _trader(trader: Mapping[str, Any], heard: Mapping[str, Any]) -> str:
    if trader["beat"] is None:
        return "none has left marks"
    if trader["running"] is None:
        return f"was last seen on {trader['host']} (pid {trader['pid']})"
    age = f"{trader['age_seconds'] or 0:.1f} s ago"
    if not trader["running"]:
        return f"does not run; the last one (pid {trader['pid']}) was heard {day(trader['beat'])} UTC"
    stopping = ", stopping" if heard.get("stopping") else ""
    return f"runs since {day(trader['since'])} UTC (pid {trader['pid']}{stopping}), heard {age}"


def _data(heard: Mapping[str, Any]) -> str:
    feed = heard.get("feed")
    if not feed:
        return "not looked at: no trader runs"
    worst = (
        ""
        if feed["worst_ms"] is None
        else f", oldest price {feed['worst_ms']:.0f} ms ({feed['worst_symbol']})"
    )
    problem = f"; {feed['problem']}" if feed["problem"] else ""
    return f"by {feed['source']}{worst}; the venue is {heard['venue_status']}{problem}"


def _findings(heard: Mapping[str, Any]) -> str:
    last = heard.get("reconciliation")
    if not last or last["clean"]:
        return ""
    return f"; since {day(last['time'])} not: {'; '.join(last['findings'])}"


def _pairs(account: Mapping[str, Any]) -> dict[str, str]:
    currency = account["currency"] or ""
    return {
        "account": f"{account['account']} ({label(account['simulated'], live=not account['paper'])})",
        "session": f"{account['session']}: {', '.join(account['strategies'])} on {account['venue']} "
        + ", ".join(account["symbols"]),
        "time": f"{day(account['since'])} .. {day(account['time'])} UTC",
        "equity": f"{money(account['equity'], currency)} ({signed_percent(account['total_return'])} of "
        f"{money(account['capital'], currency)})",
        "cash": money(account["cash"], currency),
        "positions": f"{whole(account['positions'])}, worth {money(account['positions_value'], currency)}",
        "trades": f"{whole(account['trades'])}, {whole(account['wins'])} won, "
        f"{money(account['pnl'], currency, signed=True)}",
        "fees": money(account["fees"], currency),
        "breaker": account["breaker"] + (f", size {account['size']:.0%}" if account["size"] < 1 else ""),
        "orders": f"{whole(account['orders'])} sent",
        "refused": counted(account["refusals"]) + _fee(account["fee_needed"]),
        "journal": account["journal"],
    }


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
