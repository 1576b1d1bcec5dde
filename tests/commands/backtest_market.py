"""A small market for the tests of the backtest and strategies commands: a price that swings like a sine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from memesnipe_cli.clock import HOUR_MS, parse_time
from memesnipe_cli.market.pipe import write_candles_jsonl
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.strategies.template import strategy_text

SINCE = parse_time("2025-01-01")
BARS = 480  # hours


def swings(symbol: str = "DOGE/USD", venue: str = "kraken", bars: int = BARS, swing: float = 0.25) -> Candles:
    """Hourly bars around 0.2 that swing by `swing` every two days; many tokens change hands in each."""
    phase = 2 * np.pi * np.arange(bars + 1) / 48
    price = np.round(0.2 * (1 + swing * np.sin(phase)), 5)
    opens, closes = price[:-1], price[1:]
    return Candles(
        SeriesKey(venue, symbol, "1h"),
        SINCE + HOUR_MS * np.arange(bars, dtype=np.int64),
        opens,
        np.round(np.maximum(opens, closes) * 1.01, 5),
        np.round(np.minimum(opens, closes) * 0.99, 5),
        closes,
        np.full(bars, 5_000_000.0),
    )


def stored(root: Path, *series: Candles) -> str:
    """A store that holds these series; its path."""
    store = Store(root)
    for candles in series:
        source = "simulate test" if candles.key.simulated else "test"
        store.lake.write_candles(candles, source=source)
    return str(root)


def piped(*series: Candles) -> str:
    """The series as `candle` records."""
    return b"".join(block for candles in series for block in write_candles_jsonl(candles)).decode()


def own_strategy(folder: Path, name: str = "my_edge") -> str:
    """The template written into a file; how it is named on the command line."""
    from memesnipe_cli.strategies.template import class_name

    path = folder / f"{name}.py"
    path.write_text(strategy_text(name), encoding="utf-8")
    return f"{path}:{class_name(name)}"
