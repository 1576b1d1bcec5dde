"""Adaptive thresholds: what a day's factor is made of, and what it may do."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.errors import DataError
from memesnipe_cli.profile_risk import Adaptive
from memesnipe_cli.risk.adaptive import (
    DailyScale,
    daily_scales,
    quantile,
    sample_deviation,
    scale_changes,
)

QUICK = Adaptive(short_days=3, long_days=8, window_days=12, least_days=4)
FIRST = 20_000


def prices(returns: Sequence[float]) -> list[float]:
    closes = [100.0]
    for each in returns:
        closes.append(closes[-1] * math.exp(each))
    return closes


def calm_then_wild(calm: int = 40, wild: int = 6, after: int = 20) -> list[float]:
    """A day up, a day down: 1 % and ever a little less while it is calm, 8 % while it is wild."""
    sizes = [0.01 - day / 20_000 for day in range(calm)] + [0.08] * wild + [0.01] * after
    return prices([size if day % 2 else -size for day, size in enumerate(sizes)])


def scales_of(closes: Sequence[float], own: Adaptive = QUICK) -> list[float]:
    """The factors on the days of the closes and on the day after."""
    days = range(FIRST, FIRST + len(closes))
    return daily_scales(days, closes, FIRST, FIRST + len(closes), own)


def plainly(closes: Sequence[float], own: Adaptive) -> list[float]:
    """The rules as they are written down, with other people's arithmetic: the factor after each close."""
    returns = [math.log(after / before) for before, after in pairwise(closes)]
    shorts: list[float] = []
    wild = False
    scales = [1.0] * own.short_days
    for end in range(own.short_days, len(returns) + 1):
        short = statistics.stdev(returns[end - own.short_days : end])
        long = statistics.stdev(returns[max(0, end - own.long_days) : end])
        window = shorts[-own.window_days :]
        if len(window) >= own.least_days:
            if short <= np.quantile(window, own.leave_quantile):
                wild = False
            elif short >= np.quantile(window, own.enter_quantile):
                wild = True
        scales.append(float(np.clip(long / short, own.lowest, own.highest)) if wild else 1.0)
        shorts.append(short)
    return scales


walks = st.lists(
    st.one_of(st.floats(-0.02, 0.02), st.floats(-0.3, 0.3)).map(lambda value: round(value, 4)),
    min_size=0,
    max_size=60,
).map(prices)
bounds = st.tuples(st.floats(0.1, 1.0), st.floats(0.1, 1.5)).map(sorted)


def test_entries_shrink_while_it_is_wild_and_come_back() -> None:
    scales = scales_of(calm_then_wild())
    first_wild = 42  # the day after the first close that moved by 8 %
    assert set(scales[:first_wild]) == {1.0}
    assert all(0.5 <= scale < 1.0 for scale in scales[first_wild : first_wild + 5])
    assert scales[-1] == 1.0


def test_the_move_of_a_day_counts_from_the_next_day_on() -> None:
    closes = calm_then_wild(calm=40, wild=1, after=0)
    crash = FIRST + len(closes) - 1
    low = QUICK.model_copy(update={"lowest": 0.9})
    assert daily_scales(range(FIRST, crash + 1), closes, crash, crash + 1, low) == [1.0, 0.9]


@pytest.mark.parametrize("seed", range(40))
def test_it_is_what_the_rules_say(seed: int) -> None:
    drawn = random.Random(seed)
    storms = [drawn.choice([0.01, 0.01, 0.01, 0.06]) for _ in range(20) for _ in range(4)]
    closes = prices([drawn.gauss(0, size) for size in storms])
    assert scales_of(closes)[1:] == pytest.approx(plainly(closes, QUICK), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(closes=walks, later=walks, data=st.data())
def test_no_factor_depends_on_its_own_day_or_a_later_one(
    closes: list[float], later: list[float], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(closes)))
    other = closes[:kept] + later
    assert scales_of(closes)[: kept + 1] == scales_of(other)[: kept + 1]


@settings(max_examples=60, deadline=None)
@given(walks, bounds)
def test_the_factor_stays_inside_the_profiles_bounds(closes: list[float], between: list[float]) -> None:
    own = QUICK.model_copy(update={"lowest": between[0], "highest": between[1], "allow_looser": True})
    ceiling = own.highest
    assert all(min(own.lowest, 1.0) <= scale <= ceiling for scale in scales_of(closes, own))


@settings(max_examples=40, deadline=None)
@given(walks)
def test_by_itself_it_only_tightens(closes: list[float]) -> None:
    assert max(scales_of(closes, Adaptive(short_days=3, long_days=8, window_days=12, least_days=4))) <= 1.0


def test_too_short_a_history_changes_nothing() -> None:
    wild = calm_then_wild(calm=5, wild=2, after=0)
    assert set(scales_of(wild, Adaptive())) == {1.0}
    assert daily_scales([], [], FIRST, FIRST + 2, QUICK) == [1.0, 1.0, 1.0]
    assert daily_scales([], [], FIRST, FIRST - 1, QUICK) == []


def test_a_ceiling_below_one_holds_from_the_first_day() -> None:
    low = QUICK.model_copy(update={"highest": 0.8})
    assert set(scales_of(calm_then_wild(wild=0), low)) == {0.8}


def test_switched_off_it_does_nothing() -> None:
    off = QUICK.model_copy(update={"enabled": False, "highest": 0.8})
    assert set(scales_of(calm_then_wild(), off)) == {1.0}


def test_a_price_that_never_moves_is_not_wild() -> None:
    assert set(scales_of([100.0] * 60)) == {1.0}


def test_between_the_two_quantiles_it_stays_as_it_is() -> None:
    state = DailyScale(QUICK)
    for close in calm_then_wild(calm=40, wild=4, after=0):
        state.add(close)
    assert state.wild
    last = calm_then_wild(calm=40, wild=4, after=0)[-1]
    # 2 %: above what leaves the regime (its window holds only a few wild values), below what would enter it.
    seen = []
    for size in (0.02, -0.02, 0.02, -0.02, 0.02):
        last *= math.exp(size)
        state.add(last)
        seen.append(state.wild)
    assert seen[0] and not seen[-1]


@pytest.mark.parametrize("nothing", [math.nan, math.inf, 0.0, -1.0])
def test_a_close_that_is_no_price_is_a_day_without_a_close(nothing: float) -> None:
    closes = calm_then_wild()
    days = [FIRST + number for number in range(len(closes)) if number != 20]
    without = daily_scales(days, closes[:20] + closes[21:], FIRST, FIRST + 60, QUICK)
    assert daily_scales(
        range(FIRST, FIRST + 67), [*closes[:20], nothing, *closes[21:]], FIRST, FIRST + 60, QUICK
    ) == (without)


def test_a_gap_leaves_the_factor_and_its_return_counts_once() -> None:
    closes = calm_then_wild(calm=40, wild=3, after=0)
    days = list(range(FIRST, FIRST + len(closes)))
    last = days[-1]
    scales = daily_scales([*days, last + 10], [*closes, closes[-1] * 1.01], FIRST, last + 11, QUICK)
    assert len(set(scales[-11:-1])) == 1
    unbroken = daily_scales([*days, last + 1], [*closes, closes[-1] * 1.01], FIRST, last + 2, QUICK)
    assert scales[-1] == unbroken[-1]


@pytest.mark.parametrize(
    ("days", "closes", "said"),
    [
        ([1, 2], [1.0], "2 days have 1 closes"),
        ([1, 1], [1.0, 1.0], "day 1 follows day 1"),
        ([2, 1], [1.0, 1.0], "day 1"),
    ],
)
def test_days_that_make_no_series_are_refused(days: list[int], closes: list[float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        daily_scales(days, closes, 1, 3, QUICK)


def test_a_change_is_told_from_old_to_new() -> None:
    changes = scale_changes("DOGE/USD", 20_000, [1.0, 1.0, 0.625, 0.625, 1.0])
    assert [change.body() for change in changes] == [
        {
            "threshold": "trade_share",
            "symbol": "DOGE/USD",
            "since": "2024-10-06T00:00:00Z",
            "old": "1.0",
            "new": "0.625",
            "cause": "volatility_rose",
        },
        {
            "threshold": "trade_share",
            "symbol": "DOGE/USD",
            "since": "2024-10-08T00:00:00Z",
            "old": "0.625",
            "new": "1.0",
            "cause": "volatility_fell",
        },
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=40), st.floats(0.01, 1.0))
def test_deviation_and_quantile_are_the_usual_ones(values: list[float], share: float) -> None:
    assert sample_deviation(values) == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert quantile(sorted(values), share) == pytest.approx(np.quantile(values, share), abs=1e-9)
