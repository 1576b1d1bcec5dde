"""Odds by drawing tested days again: known answers, and the honest one to what never happened."""

from __future__ import annotations

import numpy as np
import pytest

from memesnipe_cli.engine.plan_odds import RESAMPLES, mean_interval, wish_odds


def test_a_wish_that_every_day_fulfils_is_sure() -> None:
    odds = wish_odds(np.full(40, 0.10), 100.0, 150.0, 5)
    assert odds.hits == RESAMPLES and odds.probability == 1.0 and odds.words == "10,000 in 10,000"


def test_what_no_path_reached_is_bounded_and_not_called_impossible() -> None:
    returns = np.random.default_rng(3).normal(0.0, 0.01, 200)
    odds = wish_odds(returns, 200.0, 1_000_000.0, 30)
    assert (odds.hits, odds.probability) == (0, None)
    assert odds.words == "below 1 in 10,000"
    assert odds.needed == pytest.approx((1_000_000 / 200) ** (1 / 30) - 1)
    assert (
        odds.best_case == pytest.approx(200 * (1 + float(returns.max())) ** 30) and odds.best_case < 1_000_000
    )


def test_a_goal_counts_when_it_is_reached_on_the_way() -> None:
    # Up by half, then more than back: whoever begins on a good day has it for a day, and at the end nobody has.
    returns = np.tile([0.5, -0.4], 50)
    assert 0.4 * RESAMPLES < wish_odds(returns, 100.0, 140.0, 10).hits < 0.6 * RESAMPLES


def test_the_same_question_has_the_same_answer() -> None:
    returns = np.random.default_rng(3).normal(0.01, 0.05, 60)
    first, second = (wish_odds(returns, 100.0, 150.0, 20) for _ in range(2))
    assert first == second and 0 < first.hits < RESAMPLES


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    daily = np.random.default_rng(5).normal(1.0, 2.0, 400)
    low, high = mean_interval(daily)
    error = 1.645 * daily.std() / np.sqrt(len(daily))
    assert low == pytest.approx(daily.mean() - error, abs=0.06)
    assert high == pytest.approx(daily.mean() + error, abs=0.06)


def test_days_that_come_in_runs_make_the_interval_wider() -> None:
    runs = np.repeat(np.random.default_rng(5).normal(0.0, 1.0, 60), 5)
    mixed = np.random.default_rng(6).permutation(runs)
    low, high = mean_interval(runs)
    narrow_low, narrow_high = mean_interval(mixed)
    assert high - low > 1.4 * (narrow_high - narrow_low)
