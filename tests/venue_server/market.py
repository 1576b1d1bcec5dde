"""What was traded on the venue by everybody else: the public trades, their bars, and who listens to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

FIRST_NUMBER = 1000


@dataclass(frozen=True)
class PublicTrade:
    """One trade of the market. `number` runs per symbol without a hole."""

    number: int
    symbol: str
    price: Decimal
    quantity: Decimal
    side: str
    at_us: int


@dataclass
class PublicBar:
    """One bar, as the venue's candles show it."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int = 1


class PublicMarket:
    """The public trades of a venue. A symbol without any shows what the rest of the server makes up for it."""

    def __init__(self) -> None:
        self.trades: dict[str, list[PublicTrade]] = {}
        self.listeners: list[Callable[[PublicTrade], None]] = []
        self.candle_lag_us = 0

    def print(self, symbol: str, price: Decimal, quantity: Decimal, side: str, at_us: int) -> PublicTrade:
        """Something was traded."""
        known = self.trades.setdefault(symbol, [])
        number = known[-1].number + 1 if known else FIRST_NUMBER
        trade = PublicTrade(number, symbol, price, quantity, side, at_us)
        known.append(trade)
        for listener in list(self.listeners):
            listener(trade)
        return trade

    def bars(self, symbol: str, step_s: int, now_us: int) -> dict[int, PublicBar]:
        """Every bar with trades by its open in seconds, the running one among them."""
        found: dict[int, PublicBar] = {}
        for trade in self.trades.get(symbol, ()):
            if trade.at_us > now_us - self.candle_lag_us:
                break
            start = trade.at_us // 1_000_000 // step_s * step_s
            bar = found.get(start)
            if bar is None:
                found[start] = PublicBar(*(trade.price,) * 4, trade.quantity)
                continue
            bar.high, bar.low = max(bar.high, trade.price), min(bar.low, trade.price)
            bar.close, bar.volume, bar.trades = trade.price, bar.volume + trade.quantity, bar.trades + 1
        return found
