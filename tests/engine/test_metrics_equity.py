"""Measures of the line of marked equity."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.clock import DAY_MS, HOUR_MS
from memesnipe_cli.engine.metrics.daily_returns import daily_returns
from memesnipe_cli.engine.metrics.drawdown import drawdown_series, max_drawdown
from memesnipe_cli.engine.metrics.exposure import average_gross, exposure
from memesnipe_cli.engine.metrics.sharpe import annual_sharpe_standard_error, sharpe, sharpe_standard_error
from memesnipe_cli.engine.metrics.sortino import sortino
from memesnipe_cli.engine.metrics.total_return import total_return
from memesnipe_cli.engine.metrics.turnover import turnover

DAY_0 = 20_000 * DAY_MS
marks = st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=60)


def hours(many: int, first: int = 1) -> np.ndarray:
    return DAY_0 + HOUR_MS * np.arange(first, first + many, dtype=np.int64)


def test_a_close_at_midnight_ends_the_day_before() -> None:
    close_ms = hours(48)
    equity = np.full(48, 100.0)
    equity[23] = 110.0  # the close at 00:00 of the second day
    equity[47] = 121.0
    assert daily_returns(close_ms, equity, 100.0) == pytest.approx([0.10, 0.10])


def test_days_without_a_bar_are_flat_days() -> None:
    close_ms = np.array([DAY_0 + HOUR_MS, DAY_0 + 3 * DAY_MS + HOUR_MS])
    assert daily_returns(close_ms, np.array([101.0, 202.0]), 100.0) == pytest.approx([0.01, 0.0, 0.0, 1.0])


def test_no_marks_and_lost_equity_have_no_returns() -> None:
    assert daily_returns(hours(0), np.array([]), 100.0) is None
    assert daily_returns(hours(2), np.array([100.0, 0.0]), 100.0) is None


def test_sharpe_counts_flat_days_and_365_days_a_year() -> None:
    returns = np.array([0.02, 0.0, 0.0, -0.01])
    expected = 0.0025 / np.std(returns, ddof=1) * math.sqrt(365)
    assert sharpe(returns) == pytest.approx(expected)


@pytest.mark.parametrize("returns", [[], [0.01], [0.0, 0.0, 0.0], [0.001, 0.001, 0.001]])
def test_sharpe_without_variation_is_undefined(returns: list[float]) -> None:
    assert sharpe(np.array(returns)) is None


@pytest.mark.parametrize(
    ("ratio", "periods", "error"), [(1.5, 12, 0.4208), (0.5, 60, 0.1369), (1.0, 24, 0.25)]
)
def test_standard_error_of_sharpe_has_the_published_values(ratio: float, periods: int, error: float) -> None:
    assert sharpe_standard_error(ratio, periods) == pytest.approx(error, abs=5e-5)


@pytest.mark.parametrize(("days", "error"), [(14, 5.1), (30, 3.5), (90, 2.0), (365, 1.0)])
def test_a_sharpe_of_one_and_a_half_is_hardly_known_after_months(days: int, error: float) -> None:
    assert annual_sharpe_standard_error(1.5, days) == pytest.approx(error, abs=0.05)


def test_standard_error_is_undefined_where_sharpe_is() -> None:
    assert annual_sharpe_standard_error(None, 100) is None
    assert annual_sharpe_standard_error(1.0, 1) is None


def test_sortino_takes_the_downside_over_all_days() -> None:
    returns = np.array([0.03, -0.01, 0.0, 0.0])
    assert sortino(returns) == pytest.approx(0.005 / 0.005 * math.sqrt(365))
    assert sortino(np.array([0.01, 0.02])) is None


def test_drawdown_runs_from_its_high_to_the_recovery() -> None:
    equity = np.array([100.0, 120.0, 90.0, 100.0, 120.0, 119.0])
    fall = max_drawdown(hours(6), equity, 100.0, DAY_0)
    assert fall is not None
    assert fall.depth == pytest.approx(0.25)
    assert (fall.peak_ms, fall.trough_ms, fall.recovered_ms) == (
        DAY_0 + 2 * HOUR_MS, DAY_0 + 3 * HOUR_MS, DAY_0 + 5 * HOUR_MS,
    )  # fmt: skip
    assert fall.days == pytest.approx(3 / 24)


def test_a_run_that_only_loses_falls_from_its_capital_until_its_end() -> None:
    fall = max_drawdown(hours(3), np.array([99.0, 95.0, 96.0]), 100.0, DAY_0)
    assert fall is not None
    assert (fall.depth, fall.peak_ms, fall.recovered_ms) == (pytest.approx(0.05), DAY_0, None)
    assert fall.days == pytest.approx(3 / 24)


def test_a_run_that_never_fell_has_no_drawdown() -> None:
    fall = max_drawdown(hours(2), np.array([100.0, 101.0]), 100.0, DAY_0)
    assert fall is not None
    assert (fall.depth, fall.days) == (0.0, 0.0)
    assert max_drawdown(hours(0), np.array([]), 100.0, DAY_0) is None


@given(marks, st.floats(1.0, 1000.0))
@settings(max_examples=60)
def test_drawdown_is_what_a_slow_look_at_every_mark_finds(equity: list[float], start: float) -> None:
    high, worst = start, 0.0
    for mark in equity:
        high = max(high, mark)
        worst = max(worst, 1 - mark / high)
    line = np.array(equity)
    fall = max_drawdown(hours(len(line)), line, start, DAY_0)
    assert fall is not None
    assert fall.depth == pytest.approx(worst, abs=1e-12)
    assert np.all(drawdown_series(line, start) >= 0)
    assert fall.peak_ms <= fall.trough_ms <= (fall.recovered_ms or fall.last_ms)


@given(marks)
@settings(max_examples=40)
def test_daily_returns_compound_to_the_total_return(equity: list[float]) -> None:
    line = np.array(equity)
    returns = daily_returns(hours(len(line)), line, 100.0)
    assert returns is not None
    assert float(np.prod(1 + returns)) - 1 == pytest.approx(
        total_return(100.0, float(line[-1])), rel=1e-9, abs=1e-9
    )


def test_exposure_counts_bars_and_gross_weighs_them() -> None:
    held = np.array([0.0, 0.02, 0.04, 0.0])
    assert exposure(held) == 0.5
    assert average_gross(held) == pytest.approx(0.015)
    assert exposure(np.array([])) is None
    assert average_gross(np.array([])) is None


def test_turnover_is_value_traded_over_mean_equity() -> None:
    assert turnover(300.0, np.array([100.0, 200.0])) == pytest.approx(2.0)
    assert turnover(1.0, np.array([])) is None
    assert total_return(0.0, 1.0) is None
