"""The tape as a stream: at each open time the bars of all instruments and what the strategies said at their
close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from memesnipe_cli.engine.account_step import SILENT, SlotSignal
from memesnipe_cli.engine.dataset import Dataset, base_bars
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.kernel import signals as cells
from memesnipe_cli.engine.model import EngineInput, Float64, Tape
from memesnipe_cli.engine.signals import BaseBars, SignalScanner, SignalStream
from memesnipe_cli.strategies.registry import LoadedStrategy


@dataclass(frozen=True)
class TapeStep:
    """One open time: prices in ticks (all 0 where an instrument has no bar), volumes and funding rates by
    instrument, signals by slot.

    Live data say more. ages: how long ago each instrument's bar had closed when it came in, ms; none where the
    tape's time is the time. note: what the journal keeps of the bar. scales: (days, N) of the adaptive thresholds
    since the tape's first day, at the first bar of a new one.
    """

    ts: int
    ticks: list[list[int]]
    volumes: list[float]
    rates: list[int]
    said: list[SlotSignal]
    ages: tuple[float, ...] = ()
    note: dict[str, Any] | None = None
    scales: Float64 | None = None


def tape_steps(
    inputs: EngineInput,
    dataset: Dataset,
    strategies: list[LoadedStrategy],
    min_turnover: float,
    cache_dir: Path,
    begin: int,
) -> Iterator[TapeStep]:
    """The steps of a stored tape from bar `begin` on. What lies before it, warm-up and what was processed by
    an earlier process, is scanned once so that every strategy knows it."""
    tape = inputs.tape
    if begin >= len(tape.ts):
        return
    slots = slot_feeds(inputs, dataset, strategies, min_turnover, cache_dir, int(tape.ts[begin]))
    for place in range(begin, len(tape.ts)):
        yield tape_step(tape, place, slots)


def slot_feeds(
    inputs: EngineInput,
    dataset: Dataset,
    strategies: list[LoadedStrategy],
    min_turnover: float,
    cache_dir: Path,
    begin_ms: int,
) -> list[SlotFeed]:
    """The feed of each slot, which has seen every bar that opened before begin_ms."""
    scanners = [SignalScanner(strategy, cache_dir) for strategy in strategies]
    return [
        SlotFeed(
            scanners[slot.strategy],
            base_bars(
                dataset.series[slot.instrument].candles,
                strategies[slot.strategy],
                dataset.base_ms,
                reference=dataset.series[slot.instrument].reference,
                funding=dataset.series[slot.instrument].funding,
            ),
            begin_ms,
            min_turnover,
        )
        for slot in inputs.slots
    ]


def tape_step(tape: Tape, place: int, slots: list[SlotFeed]) -> TapeStep:
    """The step of one bar of a tape."""
    ts = int(tape.ts[place])
    rates = tape.funding[place].tolist() if len(tape.funding) else [0] * tape.volume.shape[1]
    said = [slot.at(ts) for slot in slots]
    return TapeStep(ts, tape.ticks[place].tolist(), tape.volume[place].tolist(), rates, said)


class SlotFeed:
    """One strategy on one instrument: its stream and the bars that are still to come."""

    def __init__(self, scanner: SignalScanner, bars: BaseBars, begin_ms: int, min_turnover: float) -> None:
        first = int(np.searchsorted(bars.ts, begin_ms))
        self._stream: SignalStream = scanner.stream_after(bars, first, min_turnover=min_turnover)
        self._rows = bars.rows(first)
        self._next = next(self._rows, None)

    def at(self, ts: int) -> SlotSignal:
        """What the strategy says at the close of the bar that opens at ts; silent where there is none."""
        bar = self._next
        if bar is None or bar[0] != ts:
            return SILENT
        self._next = next(self._rows, None)
        return self.take(*bar)

    def take(self, *bar: Any) -> SlotSignal:
        """What the strategy says at the close of its next bar, given as `SignalStream.step` takes it."""
        flags = self._stream.step(*bar)
        if not flags & layout.ENTER_MASK:
            return SlotSignal(flags, held_back=self._stream.held_back)
        row = self._stream.row
        return SlotSignal(
            flags,
            int(row[cells.ROW_TAG]),
            row[cells.ROW_STOP],
            row[cells.ROW_TARGET],
            int(row[cells.ROW_MAX_BARS]),
            row[cells.ROW_WEIGHT],
            row[cells.ROW_SCORE],
        )
