"""Small bars for tests, and the ways to write them into files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from memesnipe_cli.market.rows import RawBars
from memesnipe_cli.store.tables import Candles, SeriesKey

MINUTE = 60_000
HOUR = 3_600_000
START = 1_735_689_600_000  # 2025-01-01T00:00:00Z
KEY = SeriesKey("kraken", "DOGE/USD", "5m")


def raw_bars(count: int = 20, step: int = 5 * MINUTE, start: int = START) -> RawBars:
    """Sound bars around a price of 0.3 that rises by 0.001 a bar."""
    place = np.arange(count)
    open_ = np.round(0.3 + 0.001 * place, 6)
    close = np.round(open_ + 0.0005, 6)
    ts = (start + place * step).astype(np.int64)
    return RawBars(
        ts,
        open_,
        np.round(close + 0.0002, 6),
        np.round(open_ - 0.0002, 6),
        close,
        100.0 + place,
        np.zeros(count, np.bool_),
    )


def candles(count: int = 20, key: SeriesKey = KEY, step: int = 5 * MINUTE, start: int = START) -> Candles:
    """The same as Candles."""
    raw = raw_bars(count, step, start)
    return Candles(key, raw.ts, raw.open, raw.high, raw.low, raw.close, raw.volume)


def rows(count: int = 20, step: int = 5 * MINUTE) -> list[tuple[int, float, float, float, float, float]]:
    """The same as tuples (ts ms, open, high, low, close, volume)."""
    raw = raw_bars(count, step)
    return list(
        zip(
            raw.ts.tolist(),
            raw.open.tolist(),
            raw.high.tolist(),
            raw.low.tolist(),
            raw.close.tolist(),
            raw.volume.tolist(),
            strict=True,
        )
    )


def write_csv(path: Path, header: str, lines: list[str]) -> Path:
    """A text file of `lines` under `header` (none where it is empty)."""
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n", encoding="utf-8")
    return path
