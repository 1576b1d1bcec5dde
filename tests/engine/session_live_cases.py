"""A live session on the small market: a feed that plays its bars, and keeps what it gave in the store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from session_cases import BASE_MS, START, VENUE, market, session_request

from memesnipe_cli.engine.live_steps import LiveSource
from memesnipe_cli.engine.session import SessionRequest, SessionRun, run_session
from memesnipe_cli.engine.shadow_report import ShadowReport, shadow_report
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy

BARS = 120
BEGIN = START + 30 * BASE_MS  # the session's first bar


def moments(series: Collection[Candles]) -> list[BarsClosed]:
    """The bars of all series, moment by moment."""
    by_time: dict[int, list[ClosedBar]] = {}
    for candles in series:
        columns = [getattr(candles, name).tolist() for name in ("open", "high", "low", "close", "volume")]
        for ts, *prices in zip(candles.ts.tolist(), *columns, strict=True):
            by_time.setdefault(ts, []).append(ClosedBar(candles.key.symbol, ts, *prices))
    return [BarsClosed(ts, tuple(bars)) for ts, bars in sorted(by_time.items())]


def writer(store: Store) -> Callable[[BarsClosed], None]:
    """Keeps bars in the lake as they come."""

    def record(closed: BarsClosed) -> None:
        for bar in closed.bars:
            prices = (np.array([each]) for each in (bar.open, bar.high, bar.low, bar.close, bar.volume))
            key = SeriesKey(VENUE, bar.symbol, "5m")
            store.lake.write_candles(Candles(key, np.array([bar.ts], dtype=np.int64), *prices), source="test")

    return record


class PlayedFeed:
    """A LiveFeed over bars that are known beforehand.

    until_ms: its last bar opens before; late: bars that come long after their close; edit: what becomes of a moment
    on its way (None: it never comes).
    """

    def __init__(
        self,
        series: Collection[Candles],
        until_ms: int = 2**62,
        late: Collection[int] = (),
        edit: Callable[[BarsClosed], BarsClosed | None] = lambda closed: closed,
    ) -> None:
        self._all = [each for each in moments(series) if each.ts < until_ms]
        self._late = late
        self._edit = edit
        self._left: list[BarsClosed] = []
        self._last: dict[str, float] = {}
        self.started_after: int | None = None
        self.problem = ""

    def start(self, after_ms: int) -> None:
        self.started_after = after_ms
        self._left = [each for each in self._all if each.ts > after_ms]

    def wait(self, seconds: float) -> list[BarsClosed]:
        if not self._left:
            return []
        closed = self._edit(self._left.pop(0))
        if closed is None:
            return []
        for bar in closed.bars:
            self._last[bar.symbol] = bar.close
        live = closed.ts not in self._late
        return [replace(closed, bars=tuple(replace(bar, live=live) for bar in closed.bars))]

    def quote(self, symbol: str) -> Quote | None:
        if symbol not in self._last:
            return None
        close = Decimal(str(self._last[symbol]))
        return Quote(symbol, close * Decimal("0.999"), close * Decimal("1.001"))

    def age_ms(self, symbol: str) -> float | None:
        return 40.0

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        return self.quote(symbol)

    def state(self) -> FeedState:
        return FeedState("rest", 0, problem=self.problem, ended=not self._left)

    def close(self) -> None:
        pass


def live_request(
    store: Store, chosen: list[LoadedStrategy], feed: PlayedFeed, **changes: Any
) -> SessionRequest:
    """A live session from BEGIN on, whose store has been asked for everything before; `after_ms` says otherwise."""
    source = LiveSource(
        name="test",
        feed=feed,
        after_ms=changes.pop("after_ms", BEGIN - BASE_MS),
        record=changes.pop("record", lambda closed: None),
        now=changes.pop("now", None),
    )
    plain = session_request(store, chosen, since_ms=BEGIN, account="shadow", assume_resets=True, live=source)
    return replace(plain, **changes)


def played(store: Store, chosen: list[LoadedStrategy], feed: PlayedFeed, **changes: Any) -> SessionRun:
    """Run it."""
    return run_session(live_request(store, chosen, feed, **changes))


def reported(request: SessionRequest, **changes: Any) -> ShadowReport:
    """The session beside its backtest, in plain Python."""
    return shadow_report(
        request.store, request.profile, request.account, request.cache_dir, compiled=False, **changes
    )


def small_market() -> list[Candles]:
    """All three series."""
    return market(BARS)
