"""Fills gaps, openly: each bar put in is flat at the last close, has no volume and is marked synthetic."""

from __future__ import annotations

import numpy as np

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.tables import Candles

MOST_FILLED = 10_000_000


def fill_gaps(candles: Candles, longest_bars: int | None = None) -> tuple[Candles, int]:
    """(the series without gaps, number of bars put in). Gaps of more than `longest_bars` stay open.

    Raises DataError where the filled series would not fit in memory.
    """
    step = timeframe_ms(candles.key.timeframe)
    if len(candles) < 2:
        return candles, 0
    missing = np.diff(candles.ts) // step - 1
    if longest_bars is not None:
        missing = np.where(missing > longest_bars, 0, missing)
    total = int(missing.sum())
    if not total:
        return candles, 0
    if total > MOST_FILLED:
        raise DataError(
            f"{candles.key}: {total} bars are missing; filling them would make up most of the series",
            "limit it with --longest, or check the times of the data",
        )
    repeat = np.concatenate((missing + 1, [1]))
    source = np.repeat(np.arange(len(candles)), repeat)
    behind = np.arange(len(source)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    put_in = behind > 0
    close = candles.close[source]
    filled = Candles(
        candles.key,
        candles.ts[source] + behind * step,
        np.where(put_in, close, candles.open[source]),
        np.where(put_in, close, candles.high[source]),
        np.where(put_in, close, candles.low[source]),
        close,
        np.where(put_in, 0.0, candles.volume[source]),
        put_in | candles.synthetic[source],
    )
    return filled, total
