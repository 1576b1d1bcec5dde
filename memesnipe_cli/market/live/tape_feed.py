"""A live feed that plays bars which are loaded already: a recorded tape, or a test's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState
from memesnipe_cli.market.live.last_closes import HALF_SPREAD, LastCloses
from memesnipe_cli.store.tables import Candles


class TapeFeed(LastCloses):
    """Bars of several symbols in order of time. Times at which no symbol has a bar are passed over.

    bars_per_second: how many open times a second; 0: one each time `wait` is called. half_spread: a fraction of the
    close. Ages are 0: the tape's time is its own.
    """

    def __init__(
        self,
        series: Sequence[Candles],
        *,
        bars_per_second: float = 0.0,
        half_spread: Decimal = HALF_SPREAD,
    ) -> None:
        super().__init__(half_spread)
        self._series = list(series)
        self._pause_s = 1.0 / bars_per_second if bars_per_second > 0 else 0.0
        times = [candles.ts for candles in self._series]
        self._times: list[int] = np.unique(np.concatenate(times)).tolist() if times else []
        self._place = 0
        self._places = [0] * len(self._series)
        self._next_at = 0.0
        self._since_ms = clock.now_ms()

    def start(self, after_ms: int) -> None:
        """See LiveFeed."""
        self._place = int(np.searchsorted(np.array(self._times, dtype=np.int64), after_ms, side="right"))
        for number, candles in enumerate(self._series):
            place = int(np.searchsorted(candles.ts, after_ms, side="right"))
            self._places[number] = place
            if place:
                self._closes[candles.key.symbol] = float(candles.close[place - 1])
        self._next_at = time.monotonic() + self._pause_s
        self._since_ms = clock.now_ms()

    def wait(self, seconds: float) -> list[BarsClosed]:
        """See LiveFeed. One open time at most."""
        if self._place >= len(self._times):
            return []
        if self._pause_s:
            left = self._next_at - time.monotonic()
            time.sleep(max(0.0, min(left, seconds)))
            if left > seconds:
                return []
            self._next_at += self._pause_s
        ts = self._times[self._place]
        self._place += 1
        bars = []
        for number, candles in enumerate(self._series):
            place = self._places[number]
            if place < len(candles) and int(candles.ts[place]) == ts:
                self._places[number] += 1
                bar = _bar_at(candles, place)
                self._closes[bar.symbol] = bar.close
                bars.append(bar)
        return [BarsClosed(ts, tuple(bars))]

    def state(self) -> FeedState:
        """See LiveFeed."""
        return FeedState("tape", self._since_ms, ended=self._place >= len(self._times))

    def close(self) -> None:
        """See LiveFeed: nothing follows."""
        self._place = len(self._times)


def _bar_at(candles: Candles, place: int) -> ClosedBar:
    return ClosedBar(
        candles.key.symbol,
        int(candles.ts[place]),
        float(candles.open[place]),
        float(candles.high[place]),
        float(candles.low[place]),
        float(candles.close[place]),
        float(candles.volume[place]),
    )
