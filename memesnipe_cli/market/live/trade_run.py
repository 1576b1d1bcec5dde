"""Single trades of one symbol as they stream in, made into bars; knows by their numbers whether any is missing.

Kraken and Coinbase number the trades of a symbol one after the other. So repeated and shuffled trades do no harm, a
lost one shows as a hole, and a reconnection that brings the last trades again closes its own gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from memesnipe_cli.market.live.feed import ClosedBar


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """One trade of the market. `id`: the venue's running number; ts: ms UTC; price and quantity as text."""

    id: int
    ts: int
    price: str
    quantity: str


class TradeRun:
    """The trades since the last bar that was closed, and how far back they are without a hole."""

    def __init__(self) -> None:
        self._trades: dict[int, PublicTrade] = {}
        self._floor = -1  # numbers up to here belong to bars that are closed
        self._low: int | None = None  # first number of the unbroken run up to the newest
        self._quiet_since: int | None = None  # nothing was traded before the run, from this time on
        self._closed_ms = 0
        self._closed_whole = False
        self.late = 0

    def began_empty(self, ts: int) -> None:
        """The venue knows no earlier trade of the symbol (its list was empty at this time)."""
        if not self._trades and self._quiet_since is None:
            self._quiet_since = ts

    def add(self, trades: Iterable[PublicTrade]) -> None:
        """Take trades in, in any order, repeated or not."""
        for trade in trades:
            if trade.id <= self._floor or trade.id in self._trades:
                continue
            if trade.ts < self._closed_ms and self._closed_whole:
                # Its bar was given as whole: the clock here runs ahead, or the venue is very late.
                self.late += 1
            self._trades[trade.id] = trade
            self._low = None

    def whole_from(self) -> int | None:
        """Every trade from this time on is known, up to the newest one; None where nothing is."""
        if not self._trades:
            return self._quiet_since
        if self._low is None:
            low = max(self._trades)
            while low - 1 in self._trades:
                low -= 1
            self._low = low
        if self._quiet_since is not None and self._low == min(self._trades):
            return self._quiet_since
        return self._trades[self._low].ts + 1

    def is_whole(self, ts: int) -> bool:
        """True where no trade since the open time `ts` is missing before the newest one."""
        since = self.whole_from()
        return since is not None and since <= ts

    def reaches(self, end: int) -> bool:
        """True where a trade at or after `end` is known."""
        return bool(self._trades) and self._trades[max(self._trades)].ts >= end

    def bar(self, symbol: str, ts: int, end: int) -> ClosedBar | None:
        """The bar of the trades in [ts, end); None where there are none."""
        inside = sorted(
            (trade for trade in self._trades.values() if ts <= trade.ts < end), key=lambda trade: trade.id
        )
        if not inside:
            return None
        prices = [float(trade.price) for trade in inside]
        volume = float(sum(Decimal(trade.quantity) for trade in inside))
        return ClosedBar(symbol, ts, prices[0], max(prices), min(prices), prices[-1], volume)

    def close(self, end: int, *, whole: bool) -> None:
        """What lies before `end` is dealt with; its last trade stays as the one that the next must follow. `whole`: it
        was closed as known to the last trade."""
        self._closed_ms, self._closed_whole = end, whole
        earlier = [trade.id for trade in self._trades.values() if trade.ts < end]
        if not earlier:
            return
        anchor = max(earlier)
        self._floor = max(self._floor, anchor - 1)
        for number in earlier:
            if number != anchor:
                del self._trades[number]
        self._low = None
        self._quiet_since = None

    def forget(self) -> None:
        """Nothing that was known can be gone on from."""
        self._trades.clear()
        self._low = self._quiet_since = None
