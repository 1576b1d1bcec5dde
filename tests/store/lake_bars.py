"""Candles made of nothing but their position, so that a test can say what it expects of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.store.tables import Candles, SeriesKey

DOGE_5M = SeriesKey("coinbase", "DOGE/USD", "5m")
DOGE_1H = SeriesKey("coinbase", "DOGE/USD", "1h")
# A whole hour, late in January 2025, so that a few bars reach into February.
START = 1_738_364_400_000


def bars(
    key: SeriesKey = DOGE_5M,
    count: int = 24,
    start: int = START,
    *,
    bump: float = 0.0,
    only: Sequence[int] | None = None,
) -> Candles:
    """`count` consecutive bars from `start`; `bump` is added to every price; `only` keeps these positions."""
    length = timeframe_ms(key.timeframe)
    which = np.arange(count, dtype=np.int64) if only is None else np.asarray(only, dtype=np.int64)
    ts = start + which * length
    middle = 100.0 + (ts - START) / 300_000 + bump
    return Candles(key, ts, middle, middle + 2, middle - 1, middle + 0.5, np.full(len(ts), 10.0))


def synthetic(candles: Candles) -> Candles:
    """The same bars, marked as filled in."""
    marked = np.ones(len(candles), dtype=np.bool_)
    return Candles(
        candles.key,
        candles.ts,
        candles.open,
        candles.high,
        candles.low,
        candles.close,
        candles.volume,
        marked,
    )
