"""Tapes and a strategy that repeats what it was shown, for the tests of what lies between data and engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from memesnipe_cli.clock import parse_time, timeframe_ms
from memesnipe_cli.engine.signals import BaseBars
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy, load

START = parse_time("2025-01-01")

PARROT = '''
from typing import Any

from pydantic import Field

from memesnipe_cli.strategies.base import Needs, Strategy
from memesnipe_cli.strategies.signal import Signal, signal


class Parrot(Strategy):
    """Says the bar it was shown in the details of an entry, which it signals at every close."""

    name = "parrot"
    timeframe = "{timeframe}"
    needs = Needs(reference={reference!r}, reference_timeframe="1h", funding=True)

    class Params(Strategy.Params):
        prices: bool = True
        known: bool = False
        warm: int = Field(0, ge=0, le=100_000)

    @staticmethod
    def warm_up(p: Any) -> int:
        return p.warm

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        if p.known:
            return signal(
                enter=1, stop=bar.reference_close, target=float(bar.reference_ts), weight=bar.funding
            )
        if p.prices:
            return signal(enter=1, exits=1, stop=bar.open, target=bar.high, weight=bar.low, score=bar.close)
        return signal(enter=1, stop=bar.volume, target=float(bar.ts), weight=float(bar.length))
'''


def parrot(
    folder: Path, timeframe: str = "1h", reference: str | None = None, **params: str
) -> LoadedStrategy:
    path = folder / f"parrot_{timeframe}_{'with' if reference else 'alone'}.py"
    path.write_text(PARROT.format(timeframe=timeframe, reference=reference), encoding="utf-8")
    return load(str(path), params)


def walk(
    count: int,
    timeframe: str = "5m",
    *,
    symbol: str = "DOGE/USD",
    venue: str = "kraken",
    seed: int = 0,
    start: int = START,
    price: float = 0.2,
    without: Sequence[int] = (),
) -> Candles:
    """A random walk; the bars at the places in `without` are missing."""
    rng = np.random.default_rng(seed)
    close = np.round(price * np.exp(np.cumsum(rng.normal(0, 0.003, count))), 5)
    opens = np.concatenate([[price], close[:-1]])
    candles = Candles(
        SeriesKey(venue, symbol, timeframe),
        start + timeframe_ms(timeframe) * np.arange(count, dtype=np.int64),
        opens,
        np.round(np.maximum(opens, close) * (1 + rng.random(count) * 0.002), 5),
        np.round(np.minimum(opens, close) * (1 - rng.random(count) * 0.002), 5),
        close,
        np.round(rng.lognormal(13, 1, count)),
    )
    return kept(candles, np.setdiff1d(np.arange(count), np.asarray(without, dtype=np.int64)))


def kept(candles: Candles, rows: npt.NDArray[Any]) -> Candles:
    names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    return replace(candles, **{name: getattr(candles, name)[rows] for name in names})


def as_bars(candles: Candles) -> BaseBars:
    """The series alone, without a reference or funding."""
    none, times = np.empty(0), np.empty(0, dtype=np.int64)
    return BaseBars(
        timeframe_ms(candles.key.timeframe), candles.ts, candles.open, candles.high, candles.low, candles.close,
        candles.volume, none, times, none,
    )  # fmt: skip
