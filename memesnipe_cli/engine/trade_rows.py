"""A trade of a run as the `trade` record that crosses a pipe and is stored."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.records import decimal_text, record, time_text

if TYPE_CHECKING:
    from memesnipe_cli.engine.trades import TradeRecord

# A mean of several fills has no end of digits; the amounts beside it are exact.
_ENOUGH = Context(prec=12)


def trade_row(run: str, trade: TradeRecord) -> dict[str, Any]:
    """One flat `trade` record. A position open at the end has no exit and no profit yet."""
    return record(
        "trade",
        run=run,
        strategy=trade.strategy,
        venue=trade.venue,
        symbol=trade.symbol,
        side=trade.side,
        qty=decimal_text(trade.qty),
        entry_time=time_text(trade.entry_ms),
        entry_price=_average(trade.entry_price),
        entry_reason=trade.entry_reason,
        exit_time=None if trade.open else time_text(trade.exit_ms),
        exit_price=None if trade.open else _average(trade.exit_price),
        exit_reason=None if trade.open else trade.exit_reason,
        fees=decimal_text(trade.fees),
        slippage=decimal_text(trade.slippage),
        pnl=None if trade.open else decimal_text(trade.pnl),
        funding=decimal_text(trade.funding),
        notional=decimal_text(trade.notional),
        risk=decimal_text(trade.risk),
        cap=trade.cap,
        units=trade.units,
        open=trade.open,
    )


def _average(price: Decimal) -> str:
    return decimal_text(_ENOUGH.plus(price).normalize())
