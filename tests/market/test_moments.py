"""Moments measure what they say, on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.errors import DataError
from memesnipe_cli.market.moments import moments, pumps, return_correlation
from memesnipe_cli.store.tables import Candles, Float64, SeriesKey

STEP_MS = 300_000
START_MS = 1_735_689_600_000


def series(log_close: Float64, *, volume: Float64 | None = None, symbol: str = "ABC/USD") -> Candles:
    """5m bars that open where the one before closed and reach 0.1 % beyond open and close."""
    close = np.exp(log_close)
    opening = np.concatenate((close[:1], close[:-1]))
    return Candles(
        key=SeriesKey("test", symbol, "5m"),
        ts=START_MS + STEP_MS * np.arange(len(close), dtype=np.int64),
        open=opening,
        high=np.maximum(opening, close) * 1.001,
        low=np.minimum(opening, close) / 1.001,
        close=close,
        volume=np.ones(len(close)) if volume is None else volume,
    )


def without(candles: Candles, first: int, last: int) -> Candles:
    kept = np.r_[0:first, last : len(candles)]
    columns = (getattr(candles, name)[kept] for name in ("ts", "open", "high", "low", "close", "volume"))
    return Candles(candles.key, *columns)


@pytest.fixture
def walk() -> Candles:
    """Independent normal returns of 0.2 %."""
    generator = np.random.Generator(np.random.PCG64(5))
    return series(np.cumsum(0.002 * generator.standard_normal(30_000)))


def test_an_independent_normal_walk_has_no_kurtosis_no_memory_and_few_jumps(walk: Candles) -> None:
    found = moments(walk)
    assert found.volatility == pytest.approx(0.002, rel=0.02)
    assert found.excess_kurtosis == pytest.approx(0.0, abs=0.15)
    for memory in (
        found.acf_return_1,
        found.acf_absolute_1,
        found.acf_absolute_12,
        found.acf_absolute_288,
    ):
        assert memory == pytest.approx(0.0, abs=0.025)
    assert found.jump_share < 0.0003
    assert found.quantile_01 == pytest.approx(-2.326, abs=0.08)
    assert found.quantile_99 == pytest.approx(2.326, abs=0.08)
    assert found.open_gap_median == 0.0


def test_alternating_returns_are_perfectly_negatively_correlated() -> None:
    found = moments(series(np.tile([0.0, 0.01], 500)))
    assert found.acf_return_1 == pytest.approx(-1.0)


def test_an_hour_that_moves_twice_as_much_shows_in_its_factor() -> None:
    steps = np.where(np.arange(2880) % 288 < 12, 0.002, 0.001)
    steps[1::2] *= -1.0
    found = moments(series(np.cumsum(steps)))
    assert found.volatility_by_hour[0] == pytest.approx(2.0 * found.volatility_by_hour[5])


def test_the_step_across_a_gap_is_no_return(walk: Candles) -> None:
    shifted = walk.close.copy()
    shifted[15_000:] *= 3.0
    broken = series(np.log(shifted))
    assert moments(broken).excess_kurtosis > 1000.0
    assert moments(without(broken, 14_990, 15_001)).excess_kurtosis == pytest.approx(0.0, abs=0.15)


def test_absent_and_empty_bars_count_as_empty(walk: Candles) -> None:
    volume = np.ones(30_000)
    volume[:300] = 0.0
    quiet = series(np.log(walk.close), volume=volume)
    assert moments(without(quiet, 1000, 1600)).empty_share == pytest.approx(900 / 30_000)


def test_volume_that_follows_the_range_correlates_with_it(walk: Candles) -> None:
    followed = series(np.log(walk.close), volume=np.log(walk.high / walk.low) * 5e6)
    assert moments(followed).volume_range_correlation == pytest.approx(1.0)


def test_pumps_that_hold_and_pumps_that_do_not() -> None:
    climb, flat = np.linspace(0.0, 0.2, 20), np.zeros(1000)
    round_trip = np.concatenate((flat, climb, climb[::-1], flat))
    held = np.concatenate((flat, climb, flat + 0.2))
    found = pumps(series(np.concatenate((round_trip, held))))
    assert found.per_100_days * (len(round_trip) + len(held)) * STEP_MS / DAY_MS == pytest.approx(200.0)
    assert found.given_back_share == 0.5
    assert found.median_rise == pytest.approx(np.expm1(0.2))


def test_a_series_correlates_with_itself_and_not_with_its_mirror_image(walk: Candles) -> None:
    mirror = series(-np.log(walk.close), symbol="CBA/USD")
    assert return_correlation(walk, without(walk, 10, 20)) == pytest.approx(1.0)
    assert return_correlation(walk, mirror) == pytest.approx(-1.0)


@pytest.mark.parametrize("closes", [np.zeros(50), np.zeros(1000)], ids=["too short", "never moves"])
def test_a_series_that_says_nothing_is_refused(closes: Float64) -> None:
    with pytest.raises(DataError) as caught:
        moments(series(closes))
    assert caught.value.hint
