"""Writes the bars of a live feed into the lake, in a thread of its own: the loop never waits for a disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli.clock import timeframe_name
from memesnipe_cli.errors import DataError, MemesnipeError
from memesnipe_cli.market.live.feed import ClosedBar
from memesnipe_cli.market.recording import candles_hash, record_ingest
from memesnipe_cli.store.tables import Candles, SeriesKey

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store

_EVERY_S = 2.0
_JOURNAL_EVERY_S = 3_600.0
# With the store out of reach for that long, the oldest bars are given up; the venue still has them.
_MOST_WAITING = 200_000


class _Written:
    """What was written of one series since its last line in the journal."""

    def __init__(self) -> None:
        self.rows = 0
        self.added = 0
        self.hash = ""


class BarRecorder:
    """Takes bars at once and writes them within seconds. `problem`: why bars wait, for a person; "" where none do."""

    def __init__(self, store: Store, venue: str, base_ms: int) -> None:
        self._store = store
        self._venue = venue
        self._timeframe = timeframe_name(base_ms)
        self._source = f"venue {venue} live"
        self._waiting: deque[ClosedBar] = deque(maxlen=_MOST_WAITING)
        self._written: dict[str, _Written] = {}
        self._journal_at = time.monotonic() + _JOURNAL_EVERY_S
        self._end = threading.Event()
        self.problem = ""
        self._thread = threading.Thread(target=self._work, name="bar-recorder", daemon=True)
        self._thread.start()

    def put(self, bars: Iterable[ClosedBar]) -> None:
        """Take bars over; returns at once."""
        self._waiting.extend(bars)

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits and end; waits at most so long."""
        self._end.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        ending = False
        while not ending:
            ending = self._end.wait(_EVERY_S)
            try:
                self._write_all()
                if ending or time.monotonic() >= self._journal_at:
                    self._journal()
                self.problem = ""
            except MemesnipeError as problem:
                self.problem = f"bars wait for the store: {problem.message}"

    def _write_all(self) -> None:
        many = len(self._waiting)
        by_symbol: dict[str, dict[int, ClosedBar]] = {}
        for bar in [self._waiting[place] for place in range(many)]:
            by_symbol.setdefault(bar.symbol, {})[bar.ts] = bar
        for symbol, bars in by_symbol.items():
            candles = candles_of(
                SeriesKey(self._venue, symbol, self._timeframe), [bars[ts] for ts in sorted(bars)]
            )
            try:
                report = self._store.lake.write_candles(candles, source=self._source)
            except DataError as problem:
                # Such bars can never be written; the others must not wait for them.
                self.problem = f"bars of {symbol} were not stored: {problem.message}"
                continue
            said = self._written.setdefault(symbol, _Written())
            said.rows += len(candles)
            said.added += report.added + report.replaced
            said.hash = candles_hash(candles, after=said.hash)
        for _ in range(many):
            self._waiting.popleft()

    def _journal(self) -> None:
        self._journal_at = time.monotonic() + _JOURNAL_EVERY_S
        for symbol in list(self._written):
            said = self._written[symbol]
            record_ingest(
                self._store,
                SeriesKey(self._venue, symbol, self._timeframe),
                source=self._source,
                rows=said.rows,
                added=said.added,
                set_aside=0,
                content_hash=said.hash,
            )
            del self._written[symbol]


def record_bars(store: Store, venue: str, base_ms: int) -> BarRecorder:
    """A recorder of one venue's bars of one length; close it at the end."""
    return BarRecorder(store, venue, base_ms)


def candles_of(key: SeriesKey, bars: list[ClosedBar]) -> Candles:
    """Bars of one series, ascending, as columns."""
    times = np.array([bar.ts for bar in bars], dtype=np.int64)
    rows = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    open_, high, low, close, volume = np.array(rows, dtype=np.float64).reshape(-1, 5).T.copy()
    return Candles(key, times, open_, high, low, close, volume)
