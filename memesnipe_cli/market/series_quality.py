"""Judges a series of sound bars as a whole: gaps, coverage, runs without volume, jumps. Changes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from memesnipe_cli.clock import format_time, timeframe_ms
from memesnipe_cli.market.quality import SPIKE_FACTOR, Finding
from memesnipe_cli.store.tables import Bool, Candles, SeriesKey

ZERO_VOLUME_RUN = 12
# A series with less than this is broken, once its longest holes are taken out.
LOW_COVERAGE = 0.5
LONG_HOLES = 3
# Fewer than LEAST_STEPS of at least FEWEST_STEPS steps of one timeframe: the bars are of another one.
FEWEST_STEPS = 20
LEAST_STEPS = 0.02


@dataclass(frozen=True)
class Coverage:
    """How much of the span between first and last bar is there."""

    expected: int
    present: int

    @property
    def share(self) -> float:
        """present / expected; 1.0 for an empty series."""
        return self.present / self.expected if self.expected else 1.0


def coverage(candles: Candles) -> Coverage:
    """Bars present against bars between the first and the last."""
    if not len(candles):
        return Coverage(0, 0)
    step = timeframe_ms(candles.key.timeframe)
    return Coverage(int(candles.ts[-1] - candles.ts[0]) // step + 1, len(candles))


def gaps(candles: Candles) -> list[tuple[int, int, int]]:
    """Missing stretches as (first missing ts, ts of the bar after, bars missing)."""
    step = timeframe_ms(candles.key.timeframe)
    steps = np.diff(candles.ts)
    places = np.flatnonzero(steps > step)
    return [
        (int(candles.ts[place]) + step, int(candles.ts[place + 1]), int(steps[place]) // step - 1)
        for place in places.tolist()
    ]


def runs(mask: Bool, at_least: int = 1) -> Iterator[tuple[int, int]]:
    """Stretches [start, end) where the mask holds, of at least this length."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - start >= at_least:
            yield start, end


def judge_series(candles: Candles) -> list[Finding]:
    """Findings about stored bars: each gap, run of synthetic or volume-less bars, jump."""
    key = candles.key
    found: list[Finding] = []
    if not len(candles):
        return found
    missing_stretches = gaps(candles)
    found += _wrong_step(candles) or _riddled(candles, missing_stretches)
    found += [
        Finding(
            "gap",
            "warning",
            _span(key, start, end),
            f"{missing} bar{'s' if missing > 1 else ''} missing",
            "fetch them again (memesnipe ingest candles) or fill them (memesnipe ingest fill)",
            missing,
        )
        for start, end, missing in missing_stretches
    ]
    found += [
        Finding(
            "synthetic",
            "info",
            _span(key, candles.ts[start], candles.ts[end - 1]),
            f"{end - start} bars were filled in, not observed",
            "",
            end - start,
        )
        for start, end in runs(candles.synthetic)
    ]
    quiet = (candles.volume == 0.0) & ~candles.synthetic
    if quiet.mean() > 0.5:
        found.append(
            Finding(
                "dead_market",
                "warning",
                str(key),
                f"{quiet.mean():.0%} of the bars have no volume",
                "check that this is the market you mean; nothing can be filled in it",
                int(quiet.sum()),
            )
        )
    found += [
        Finding(
            "zero_volume",
            "warning",
            _span(key, candles.ts[start], candles.ts[end - 1]),
            f"{end - start} bars in a row without volume",
            "the source may have filled an outage; nothing fills in them",
            end - start,
        )
        for start, end in runs(quiet, ZERO_VOLUME_RUN)
    ]
    found += _jump_findings(candles)
    return found


def _wrong_step(candles: Candles) -> list[Finding]:
    """An error where hardly two bars stand one timeframe apart: they are of another timeframe."""
    steps = np.diff(candles.ts)
    right = steps == timeframe_ms(candles.key.timeframe)
    if len(steps) < FEWEST_STEPS or float(right.mean()) >= LEAST_STEPS:
        return []
    usual = int(np.median(steps))
    return [
        Finding(
            "wrong_step",
            "error",
            str(candles.key),
            f"most bars stand {usual // 60_000} minutes apart: they are no {candles.key.timeframe} bars",
            "store them again under their own timeframe, in another store or after pruning these",
            len(candles),
        )
    ]


def _riddled(candles: Candles, missing_stretches: list[tuple[int, int, int]]) -> list[Finding]:
    """An error where most bars are missing all over the series: how a paging mistake looks. A few long holes,
    as between two downloads, are gaps and nothing worse."""
    cover = coverage(candles)
    longest = sum(sorted((missing for _, _, missing in missing_stretches), reverse=True)[:LONG_HOLES])
    if cover.present >= LOW_COVERAGE * (cover.expected - longest):
        return []
    return [
        Finding(
            "coverage",
            "error",
            _span(candles.key, candles.ts[0], candles.ts[-1]),
            f"{1 - cover.share:.0%} of the bars are missing ({cover.present} of {cover.expected} there)",
            "look for a paging error at the source and fetch it again",
            cover.expected - cover.present,
        )
    ]


def _jump_findings(candles: Candles) -> list[Finding]:
    key, limit = candles.key, math.log(SPIKE_FACTOR)
    found = [
        Finding(
            "jump",
            "warning",
            f"{key} {format_time(int(candles.ts[place + 1]))}",
            "the close moved tenfold from one bar to the next and stayed",
            "check for a redenomination or another asset under the same name",
        )
        for place in np.flatnonzero(np.abs(np.diff(np.log(candles.close))) >= limit).tolist()
    ]
    top, bottom = np.maximum(candles.open, candles.close), np.minimum(candles.open, candles.close)
    with np.errstate(over="ignore"):  # ten times the largest float is infinity, which compares as it should
        wicks = (candles.high >= SPIKE_FACTOR * top) | (candles.low * SPIKE_FACTOR <= bottom)
    found += [
        Finding(
            "wick",
            "warning",
            f"{key} {format_time(int(candles.ts[place]))}",
            "high or low stands tenfold off open and close",
            "compare with another venue",
        )
        for place in np.flatnonzero(wicks).tolist()
    ]
    return found


def _span(key: SeriesKey, start: int | np.int64, end: int | np.int64) -> str:
    return f"{key} {format_time(int(start))}..{format_time(int(end))}"
