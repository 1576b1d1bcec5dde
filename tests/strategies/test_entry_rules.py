"""The built-in strategies enter where their rule, worked out over the whole tape, says so: not a bar more or less."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import entry_rules
import numpy as np
import pytest
from entry_rules import Expected, rested

from memesnipe_cli.clock import DAY_MS, HOUR_MS, parse_time, timeframe_ms
from memesnipe_cli.engine.dataset import base_bars
from memesnipe_cli.engine.signals import BaseBars, InstrumentSignals, SignalScanner
from memesnipe_cli.market.simulate import simulate
from memesnipe_cli.market.simulate_parameters import DEFAULT_COINS
from memesnipe_cli.store import columns
from memesnipe_cli.store.resample import resample
from memesnipe_cli.store.tables import Candles, FundingRates, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy, load

START = parse_time("2025-01-01")


@cache
def market(days: int, timeframe: str, *symbols: str) -> list[Candles]:
    coins = [coin for coin in DEFAULT_COINS if coin.symbol in symbols]
    return sorted(
        simulate(11, days, START, coins, timeframe), key=lambda each: symbols.index(each.key.symbol)
    )


def longer(candles: Candles, timeframe: str) -> Candles:
    """The store's own longer bars."""
    fine, coarse = timeframe_ms(candles.key.timeframe), timeframe_ms(timeframe)
    rows = resample(columns.from_candles(candles), fine, coarse, int(candles.ts[0]), int(candles.ts[-1])).rows
    return columns.to_candles(SeriesKey(candles.key.venue, candles.key.symbol, timeframe), rows)


def scanned(loaded: LoadedStrategy, bars: BaseBars, kernel_folder: Path) -> InstrumentSignals:
    return SignalScanner(loaded, kernel_folder).scan(bars)


def assert_same_entries(found: InstrumentSignals, side: int, expected: dict[int, dict[str, float]]) -> None:
    mine = found.rows.side == side
    assert found.rows.index[mine].tolist() == sorted(expected)
    for place, index in zip(np.flatnonzero(mine), found.rows.index[mine], strict=True):
        for name, value in expected[int(index)].items():
            said = found.flags[index] >> 2 & 31 if name == "exits" else getattr(found.rows, name)[place]
            assert said == pytest.approx(value, rel=1e-6), (name, index)


def after(
    expected: dict[int, dict[str, float]], first: int, allowed: np.ndarray
) -> dict[int, dict[str, float]]:
    return {index: each for index, each in expected.items() if index >= first and allowed[index]}


@pytest.mark.parametrize("symbol", ["DOGE/USD", "WIF/USD"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {
            "volume_days": "5",
            "volume": "1",
            "momentum": "0.5",
            "slow_hours": "30",
            "breakout": "20",
            "lookback": "7",
        },
    ],
)
def test_momentum_5m(symbol: str, params: dict[str, str], kernel_folder: Path) -> None:
    loaded = load("momentum_5m", params)
    (candles,) = market(45, "5m", symbol)
    # An outage of an evening and the end of an hour, so that trends and gaps are seen to survive them.
    keep = np.ones(len(candles), dtype=bool)
    keep[8_000:8_040] = keep[9_009:9_012] = keep[10_050:10_054] = False
    candles = columns.to_candles(
        candles.key, columns.take(columns.from_candles(candles), np.flatnonzero(keep))
    )
    bars = base_bars(candles, loaded, 300_000)
    expected: Expected = entry_rules.momentum_5m(bars, loaded.params.model_dump())
    allowed = rested(bars.ts, bars.base_ms)
    found = scanned(loaded, bars, kernel_folder)
    long, short = (after(each, loaded.warm_up, allowed) for each in (expected.long, expected.short))
    assert_same_entries(found, 1, long)
    assert_same_entries(found, -1, short)
    assert len(long) >= 3 and len(short) >= 3


@pytest.mark.parametrize(
    ("params", "least"),
    [
        ({}, 1),
        ({"adx_max": "40", "ratio_max": "1.2", "tests": "100", "rsi_entry": "25", "entry_z": "-1.5"}, 15),
        ({"window": "30", "adx_max": "60", "ratio_steps": "2", "half_life_max": "10", "exit_z": "-2.5"}, 3),
    ],
)
def test_mean_revert_1h(params: dict[str, str], least: int, kernel_folder: Path) -> None:
    loaded = load("mean_revert_1h", params)
    number = 0
    for candles in market(400, "1h", "DOGE/USD", "BTC/USD"):
        bars = base_bars(candles, loaded, HOUR_MS)
        expected = entry_rules.mean_revert_1h(bars, loaded.params.model_dump()).long
        expected = after(expected, loaded.warm_up, rested(bars.ts, bars.base_ms))
        assert_same_entries(scanned(loaded, bars, kernel_folder), 1, expected)
        number += len(expected)
    assert number >= least


@pytest.mark.parametrize(
    ("params", "least"),
    [
        ({}, 8),
        ({"fast": "10", "slow": "20", "regime_days": "8", "volatility_rank": "0.5", "funding_z": "1"}, 8),
    ],
)
def test_eth_breakout_momentum(params: dict[str, str], least: int, kernel_folder: Path) -> None:
    loaded = load("eth_breakout_momentum", params)
    candles, bitcoin = market(400, "1h", "ETH/USD", "BTC/USD")
    daily = longer(bitcoin, "1d")
    settled = START + 8 * HOUR_MS * np.arange(1, 3 * 400, dtype=np.int64)
    rates = np.random.default_rng(2).normal(0.0001, 0.0002, len(settled))
    funding = FundingRates("sim", "ETH/USD", settled, rates, np.full(len(settled), 8 * HOUR_MS))
    # It begins after Bitcoin, so that a trend is known at its first bar.
    rows = columns.between(columns.from_candles(candles), START + 3 * DAY_MS, None)
    bars = base_bars(columns.to_candles(candles.key, rows), loaded, HOUR_MS, reference=daily, funding=funding)
    own = columns.from_candles(longer(columns.to_candles(candles.key, rows), "4h"))
    expected = entry_rules.eth_breakout_momentum(bars, own, daily, loaded.params.model_dump()).long
    first = int(np.searchsorted(bars.ts, own["ts"][loaded.warm_up]))
    expected = after(expected, first, np.ones(len(bars.ts), dtype=bool))
    assert_same_entries(scanned(loaded, bars, kernel_folder), 1, expected)
    assert len(expected) >= least
    assert {each["tag"] for each in expected.values()} == {1.0, 2.0}
