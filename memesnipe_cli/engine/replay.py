"""Whether a session made the trades of the backtest of the same tape, one by one, to the last digit."""

from __future__ import annotations

from dataclasses import fields

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.backtest import Backtest
from memesnipe_cli.engine.session import SessionRun
from memesnipe_cli.engine.trades import TradeRecord


def first_difference(session: SessionRun, backtest: Backtest) -> str:
    """The first thing that differs, in words; empty where nothing does."""
    pairs = [
        ("trade", session.trades, backtest.trades),
        ("open position", session.open_trades, backtest.open_trades),
    ]
    for what, ours, theirs in pairs:
        for number, (our, their) in enumerate(zip(ours, theirs, strict=False), 1):
            if our != their:
                return f"{what} {number}: {_difference(our, their)}"
        if len(ours) != len(theirs):
            return f"{len(ours)} {what}s in the session, {len(theirs)} in the backtest"
    marked = (session.state.mark or {}).get("equity")
    if marked is not None and float(marked) != float(backtest.equity[-1]):
        return f"equity at the end: {marked} in the session, {float(backtest.equity[-1])!r} in the backtest"
    return ""


def _difference(our: TradeRecord, their: TradeRecord) -> str:
    where = f"{our.strategy} {our.symbol} of {format_time(our.entry_ms)}"
    for field in fields(TradeRecord):
        a, b = getattr(our, field.name), getattr(their, field.name)
        if a != b:
            return f"{where}: {field.name} is {a} in the session, {b} in the backtest"
    return where
