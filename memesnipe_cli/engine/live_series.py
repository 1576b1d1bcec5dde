"""What a live run keeps of its series while they grow: the bars it has seen, the reference's last bar, funding."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli.clock import HOUR_MS, MINUTE_MS, floor_to, timeframe_ms, timeframe_name
from memesnipe_cli.engine.dataset import Dataset, Series
from memesnipe_cli.errors import DataError
from memesnipe_cli.market.live.feed import ClosedBar
from memesnipe_cli.store.tables import Candles, FundingRates, SeriesKey

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store

_COLUMNS = ("ts", "open", "high", "low", "close", "volume")
_RATE_UNIT = 1e8


def bar_digest(open_: float, high: float, low: float, close: float, volume: float) -> str:
    """Eight letters that tell two bars of one time apart."""
    return hashlib.blake2b(struct.pack("<5d", open_, high, low, close, volume), digest_size=4).hexdigest()


class GrowingSeries:
    """One symbol's bars: those that were stored when the run began, and those that came in since."""

    def __init__(self, begun: Series) -> None:
        self._begun = begun
        self._new: list[ClosedBar] = []
        self.last_ms = int(begun.candles.ts[-1])

    def add(self, bar: ClosedBar) -> None:
        """Take in the next bar. Bars come in order of time."""
        self._new.append(bar)
        self.last_ms = bar.ts

    def series(self) -> Series:
        """Everything so far as one series; what is new is copied once."""
        if self._new:
            old = self._begun.candles
            ts, open_, high, low, close, volume = (
                np.concatenate([getattr(old, name), [getattr(bar, name) for bar in self._new]])
                for name in _COLUMNS
            )
            synthetic = np.concatenate([old.synthetic, np.zeros(len(self._new), dtype=np.bool_)])
            self._begun = replace(
                self._begun, candles=Candles(old.key, ts, open_, high, low, close, volume, synthetic)
            )
            self._new = []
        return self._begun


class Reference:
    """The last closed bar of a reference asset, built from its base bars as they come in."""

    def __init__(
        self, symbol: str, candles: Candles, base_ms: int, last_ms: int, known: Candles | None
    ) -> None:
        """candles: the reference's closed bars; known: its base bars since the last of them, up to last_ms."""
        self.symbol = symbol
        self._base_ms = base_ms
        self._length = timeframe_ms(candles.key.timeframe)
        self._bars = (candles.ts + self._length, candles.ts, candles.close)
        self._last: tuple[float, int] | None = None
        self._open_ms = floor_to(last_ms + base_ms, self._length)
        self._close: float | None = None
        if known is not None and len(known) and int(known.ts[-1]) >= self._open_ms:
            self._close = float(known.close[-1])

    def saw(self, ts: int, bar: ClosedBar | None) -> None:
        """All bars that opened at ts have closed; `bar` is the reference's own, None where nothing was traded."""
        if ts >= self._open_ms + self._length:
            self._end()
            self._open_ms = floor_to(ts, self._length)
        if bar is not None:
            self._close = bar.close
        if ts + self._base_ms >= self._open_ms + self._length:
            self._end()
            self._open_ms += self._length

    def _end(self) -> None:
        if self._close is not None:
            self._last = (self._close, self._open_ms)
            self._close = None

    def at(self, closes_at: int) -> tuple[float, int]:
        """(close, open time) of the last bar that had closed by then; (nan, -1) where there was none."""
        if self._last is not None:
            return self._last
        ends, opens, closes = self._bars
        place = int(np.searchsorted(ends, closes_at, side="right")) - 1
        return (float("nan"), -1) if place < 0 else (float(closes[place]), int(opens[place]))


class Funding:
    """A perpetual's funding rates; the store is asked anew each hour, since somebody else brings them in."""

    def __init__(self, store: Store, rates: FundingRates) -> None:
        self._store = store
        self._rates = rates
        self._hour = 0

    def at(self, closes_at: int) -> float:
        """The rate of the last settlement by then; nan before the first."""
        rates = self._now(closes_at)
        place = int(np.searchsorted(rates.ts, closes_at, side="right")) - 1
        return float("nan") if place < 0 else float(rates.rate[place])

    def charged(self, before_ms: int, ts: int) -> int:
        """What is charged at the bar that opens at ts, in 1e-8: settlements after the bar before it. A venue stamps
        a settlement some milliseconds late; it belongs to its minute."""
        rates = self._now(ts)
        settled = rates.ts - rates.ts % MINUTE_MS
        inside = (settled > before_ms) & (settled <= ts)
        return int(np.rint(rates.rate[inside] * _RATE_UNIT).astype(np.int64).sum())

    def _now(self, ts: int) -> FundingRates:
        if ts // HOUR_MS != self._hour:
            self._hour = ts // HOUR_MS
            self._rates = self._store.lake.read_funding(self._rates.venue, self._rates.symbol)
        return self._rates


@dataclass(frozen=True)
class LiveInstrument:
    """One traded instrument of a live run. funding: None where no strategy and no position needs it."""

    series: GrowingSeries
    tick: float
    charged: bool
    reference: Reference | None
    funding: Funding | None


def live_instruments(store: Store, dataset: Dataset, last_ms: int) -> list[LiveInstrument]:
    """The instruments of a run whose stored bars reach up to last_ms (open of the last base bar)."""
    found: list[LiveInstrument] = []
    references: dict[str, Reference] = {}
    for item in dataset.series:
        reference = None
        if item.reference is not None:
            symbol = item.reference.key.symbol
            if symbol not in references:
                references[symbol] = _reference(store, item.reference, dataset.base_ms, last_ms)
            reference = references[symbol]
        funding = None if item.funding is None else Funding(store, item.funding)
        charged = item.terms.shortable and funding is not None
        found.append(LiveInstrument(GrowingSeries(item), float(item.terms.tick), charged, reference, funding))
    return found


def _reference(store: Store, candles: Candles, base_ms: int, last_ms: int) -> Reference:
    key = SeriesKey(candles.key.venue, candles.key.symbol, timeframe_name(base_ms))
    length = timeframe_ms(candles.key.timeframe)
    try:
        known = store.lake.read_candles(key, floor_to(last_ms + base_ms, length), last_ms + base_ms)
    except DataError:
        known = None
    return Reference(key.symbol, candles, base_ms, last_ms, known)


def in_ticks(bar: ClosedBar, tick: float) -> list[int]:
    """A bar's prices in whole ticks, rounded as those of a stored tape are (make_tape)."""
    return [round(price / tick) for price in (bar.open, bar.high, bar.low, bar.close)]


def by_symbol(bars: tuple[ClosedBar, ...]) -> Mapping[str, ClosedBar]:
    """The bars of one moment by their symbol."""
    return {bar.symbol: bar for bar in bars}
