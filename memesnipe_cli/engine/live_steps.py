"""Live data as the steps of a session: first what the store knows and the account has not seen, then each moment at
which bars close."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.account_step import SILENT, SlotSignal
from memesnipe_cli.engine.dataset import Dataset, day_scales
from memesnipe_cli.engine.feed import SlotFeed, TapeStep, slot_feeds, tape_step
from memesnipe_cli.engine.live_series import LiveInstrument, bar_digest, by_symbol, in_ticks, live_instruments
from memesnipe_cli.engine.model import EngineInput, Float64, Tape
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, LiveFeed
from memesnipe_cli.records import decimal_text, time_text

if TYPE_CHECKING:
    from memesnipe_cli.engine.assumptions import Assumptions
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.strategies.registry import LoadedStrategy

_NO_QUOTES = ("store", "tape", "pipe")  # nobody there knows more than the bars themselves
_TROUBLE_S = 3.0  # trouble of the feed that lasts so long is told
_WAIT_S = 0.1  # how soon a stop, or a level that another process sets, is noticed


@dataclass(frozen=True)
class LiveSource:
    """Where a session's live bars come from.

    after_ms: open of the last base bar that the store has been asked for; first: what was taken from the feed before
    the session began. now: the clock that bars are late by; None where the bars' own time is the time (a tape, a pipe).
    duration_s: how long to go on, None for ever. record: keeps each moment's bars; on_state: is told how the feed
    stands, each time that changes.
    """

    name: str
    feed: LiveFeed
    after_ms: int
    first: Sequence[BarsClosed] = ()
    now: Callable[[], int] | None = None
    duration_s: float | None = None
    record: Callable[[BarsClosed], None] = field(default=lambda closed: None)
    on_state: Callable[[FeedState], None] = field(default=lambda state: None)


class LiveSteps:
    """The steps of a live session from bar `begin` of its stored tape on."""

    def __init__(
        self,
        source: LiveSource,
        inputs: EngineInput,
        dataset: Dataset,
        strategies: list[LoadedStrategy],
        assumed: Assumptions,
        store: Store,
        cache_dir: Path,
        begin: int,
    ) -> None:
        self._source = source
        self._inputs = inputs
        self._begun = dataset
        self._strategies = strategies
        self._assumed = assumed
        self._begin = begin
        tape = inputs.tape
        stored = int(tape.ts[-1]) if tape.ticks.any() else 0
        self._last_ms = max(stored, source.after_ms)
        self._end = len(tape.ts) if stored else begin
        begin_ms = int(tape.ts[begin]) if begin < self._end else self._last_ms + dataset.base_ms
        self._slots: list[SlotFeed] = slot_feeds(
            inputs, dataset, strategies, assumed.min_turnover, cache_dir, begin_ms
        )
        self._instruments: list[LiveInstrument] = live_instruments(store, dataset, self._last_ms)
        self._symbols = [item.terms.symbol for item in dataset.series]
        self._day = int(tape.ts[-1]) // DAY_MS
        self._state = FeedState("none", 0)
        self._state_told = True
        self._state_since = 0.0
        self._ends = math.inf

    def dataset(self) -> Dataset:
        """All data so far."""
        return replace(self._begun, series=[each.series.series() for each in self._instruments])

    def __iter__(self) -> Iterator[TapeStep | None]:
        """None where nothing has come for a moment. Ends with the feed, or with its time."""
        source, tape = self._source, self._inputs.tape
        for place in range(self._begin, self._end):
            step = tape_step(tape, place, self._slots)
            bars = _stored_bars(self._begun, step.ts)
            yield replace(step, ages=self._ages(step.ts, bars), note=self._note(step.ts, bars, "store"))
        if source.duration_s is not None:
            self._ends = time.monotonic() + source.duration_s
        if not source.first:
            source.feed.start(self._last_ms)
        for closed in source.first:
            yield from self._taken(closed)
        while time.monotonic() < self._ends:
            found = source.feed.wait(_WAIT_S)
            self._tell_state()
            for closed in found:
                yield from self._taken(closed)
            if not found:
                if source.feed.state().ended:
                    return
                yield None

    def _tell_state(self) -> None:
        """Tell how the feed stands, once it stands so: trouble that passes at once is none."""
        state, now = self._source.feed.state(), time.monotonic()
        if (state.source, state.problem) != (self._state.source, self._state.problem):
            self._state, self._state_told, self._state_since = state, False, now
        if not self._state_told and (not state.problem or now - self._state_since >= _TROUBLE_S):
            self._state_told = True
            self._source.on_state(state)

    def _taken(self, closed: BarsClosed) -> Iterator[TapeStep]:
        """The step of one moment, none where nothing that is traded had a bar."""
        if closed.ts <= self._last_ms:
            return
        self._source.record(closed)
        self._last_ms = closed.ts
        bars = by_symbol(closed.bars)
        for reference in {id(each.reference): each.reference for each in self._instruments}.values():
            if reference is not None:
                reference.saw(closed.ts, bars.get(reference.symbol))
        own = [bars.get(symbol) for symbol in self._symbols]
        if any(own):
            yield self._step(closed.ts, own)

    def _step(self, ts: int, own: list[ClosedBar | None]) -> TapeStep:
        note = self._note(ts, own, self._source.feed.state().source)
        scales = self._scales(ts)
        ticks, volumes, rates = [], [], []
        for bar, each in zip(own, self._instruments, strict=True):
            ticks.append([0, 0, 0, 0] if bar is None else in_ticks(bar, each.tick))
            volumes.append(0.0 if bar is None else bar.volume)
            rates.append(0 if bar is None else self._rate(ts, each))
        said = [
            self._said(own[slot.instrument], self._instruments[slot.instrument], place)
            for place, slot in enumerate(self._inputs.slots)
        ]
        for bar, each in zip(own, self._instruments, strict=True):
            if bar is not None:
                each.series.add(bar)
        return TapeStep(ts, ticks, volumes, rates, said, self._ages(ts, own), note, scales)

    def _said(self, bar: ClosedBar | None, instrument: LiveInstrument, place: int) -> SlotSignal:
        if bar is None:
            return SILENT
        closes_at = bar.ts + self._begun.base_ms
        needs = self._strategies[self._inputs.slots[place].strategy].needs
        close, opened, rate = math.nan, -1, math.nan
        if needs.reference is not None and instrument.reference is not None:
            close, opened = instrument.reference.at(closes_at)
        if needs.funding and instrument.funding is not None:
            rate = instrument.funding.at(closes_at)
        return self._slots[place].take(
            bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume, close, opened, rate
        )

    def _rate(self, ts: int, instrument: LiveInstrument) -> int:
        before = instrument.series.last_ms
        if not instrument.charged or instrument.funding is None or before < self._begun.begin_ms:
            return 0
        return instrument.funding.charged(before, ts)

    def _scales(self, ts: int) -> Float64 | None:
        """The factors of the adaptive thresholds up to the day of ts, where it is a new one."""
        if ts // DAY_MS == self._day:
            return None
        self._day = ts // DAY_MS
        line = Tape(
            self._begun.base_ms,
            np.array([self._inputs.tape.ts[0], ts], dtype=np.int64),
            self._inputs.tape.ticks[:0],
            self._inputs.tape.volume[:0],
            self._inputs.tape.funding,
        )
        return day_scales(self.dataset(), line, self._assumed.adaptive)

    def _ages(self, ts: int, own: Sequence[ClosedBar | None]) -> tuple[float, ...]:
        """How long ago each bar had closed, ms. Where no clock tells, a bar that is there for history only is endlessly
        old."""
        now = self._source.now
        if now is None:
            return tuple(0.0 if bar is None or bar.live else math.inf for bar in own)
        return (max(0, now() - ts - self._begun.base_ms),) * len(own)

    def _note(self, ts: int, own: Sequence[ClosedBar | None], source: str) -> dict[str, Any]:
        """What the journal keeps of a bar: who told of it and how late, which bars there were, the best prices then."""
        feed, now = self._source.feed, self._source.now
        body: dict[str, Any] = {
            "bar": time_text(ts),
            "source": source,
            "seen": {
                bar.symbol: bar_digest(bar.open, bar.high, bar.low, bar.close, bar.volume)
                for bar in own
                if bar is not None
            },
        }
        if now is not None:
            body["delay_ms"] = max(0, now() - ts - self._begun.base_ms)
        if source in _NO_QUOTES:
            return body
        quotes = {}
        for symbol in self._symbols:
            quote, age = feed.quote(symbol), feed.age_ms(symbol)
            if quote is not None:
                quotes[symbol] = {"bid": decimal_text(quote.bid), "ask": decimal_text(quote.ask)}
                if age is not None:
                    quotes[symbol]["age_ms"] = str(round(age))
        return {**body, "quotes": quotes}


def _stored_bars(dataset: Dataset, ts: int) -> list[ClosedBar | None]:
    """The stored bars of one moment, which nobody decides an entry on unless it has only just closed."""
    found: list[ClosedBar | None] = []
    for item in dataset.series:
        candles = item.candles
        at = int(np.searchsorted(candles.ts, ts))
        if at == len(candles) or int(candles.ts[at]) != ts:
            found.append(None)
            continue
        names = ("open", "high", "low", "close", "volume")
        open_, high, low, close, volume = (float(getattr(candles, name)[at]) for name in names)
        found.append(ClosedBar(item.terms.symbol, ts, open_, high, low, close, volume, live=False))
    return found
