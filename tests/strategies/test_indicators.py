"""Every indicator step against its definition over whole arrays, hand-worked tables, and its rules at the edges."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import whole_arrays as whole
from hypothesis import given, settings
from hypothesis import strategies as some

from memesnipe_cli.strategies import indicators as step

Step = Callable[..., float]
Column = Sequence[float] | whole.Floats
NAN = math.nan

prices = some.floats(0.001, 1000.0, allow_nan=False)
series = some.lists(prices, min_size=1, max_size=60)
# Few different values, so that ties and runs of equal ones are common.
steps = some.lists(some.integers(1, 6).map(float), min_size=1, max_size=60)
lengths = some.integers(2, 9)
quick = settings(max_examples=40, deadline=None)


def run(cells: int, of: Step, *columns: Column, **fixed: float) -> list[float]:
    """The indicator after each value, from an empty state."""
    state = [0.0] * (cells + 2)
    state[0] = state[-1] = -1.0  # nobody else's cells are touched
    found = [of(state, 1, *(float(x) for x in row), **fixed) for row in zip(*columns, strict=True)]
    assert state[0] == state[-1] == -1.0
    return found


def ring(values: Sequence[float], n: int) -> list[float]:
    state = [0.0] * (n + 2)
    for value in values:
        step.push(state, 0, float(value), n)
    return state


def same(one: Column, other: Column) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def bars(closes: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
    """(high, low, close) that open at the close before and overshoot by uneven wicks."""
    opens = [closes[0], *closes[:-1]]
    high = [max(o, c) * (1 + 0.001 * (i % 7)) for i, (o, c) in enumerate(zip(opens, closes, strict=True))]
    low = [min(o, c) * (1 - 0.001 * (i % 5)) for i, (o, c) in enumerate(zip(opens, closes, strict=True))]
    return high, low, list(closes)


# --- averages -----------------------------------------------------------------------------------------


def test_an_exponential_average_by_hand() -> None:
    assert run(2, step.ema, [10, 20, 10, 10], n=3) == [10, 15, 12.5, 11.25]


@quick
@given(series, lengths)
def test_an_exponential_average_weighs_the_past_geometrically(x: list[float], n: int) -> None:
    same(run(2, step.ema, x, n=n), whole.ema(np.array(x), n))


def test_a_weighted_deviation_by_hand() -> None:
    found = run(2, step.ewma_deviation, [3, 4, 0], decay=0.75, burn_in=2)
    assert math.isnan(found[0])
    assert found[1:] == [math.sqrt(0.75 * 9 + 0.25 * 16), math.sqrt(0.75 * (0.75 * 9 + 0.25 * 16))]


@quick
@given(some.lists(some.floats(-0.2, 0.2), min_size=1, max_size=60), some.integers(1, 20))
def test_a_weighted_deviation_weighs_squares_geometrically(x: list[float], burn_in: int) -> None:
    same(
        run(2, step.ewma_deviation, x, decay=0.94, burn_in=burn_in),
        whole.ewma_deviation(np.array(x), 0.94, burn_in),
    )


def test_wilders_average_by_hand() -> None:
    same(run(2, step.wilder, [3, 6, 9, 12], n=3), [NAN, NAN, 6, 8])


# --- range, strength, direction -----------------------------------------------------------------------


def test_the_average_true_range_by_hand() -> None:
    # True ranges 2 (first: high - low), 3 (gap up: from the close before), 4 (gap down), 1.
    high, low, close = [11, 13, 9.5, 10], [9, 12, 9, 9], [10, 13, 9, 9.5]
    same(run(4, step.atr, high, low, close, n=2), [NAN, 2.5, 3.25, 2.125])


@quick
@given(series, lengths)
def test_the_average_true_range_is_wilders(x: list[float], n: int) -> None:
    high, low, close = bars(x)
    same(
        run(4, step.atr, high, low, close, n=n),
        whole.atr(np.array(high), np.array(low), np.array(close), n),
    )


def test_relative_strength_by_hand() -> None:
    # Changes +2, -1, +1 over 2: averages of gain 1, 1 and of loss 0.5, 0.25.
    same(run(6, step.rsi, [10, 12, 11, 12], n=2), [NAN, NAN, 100 * 2 / 3, 100 * 1 / 1.25])


@quick
@given(steps, lengths)
def test_relative_strength_is_wilders(x: list[float], n: int) -> None:
    same(run(6, step.rsi, x, n=n), whole.rsi(np.array(x), n))


@pytest.mark.parametrize(("x", "strength"), [([5, 5, 5], 50), ([1, 2, 3], 100), ([3, 2, 1], 0)])
def test_relative_strength_at_its_ends(x: list[float], strength: float) -> None:
    assert run(6, step.rsi, x, n=2)[-1] == strength


@quick
@given(some.lists(prices, min_size=2, max_size=60), lengths)
def test_the_directional_index_is_wilders(x: list[float], n: int) -> None:
    wave = [price + 50 * (2 + math.sin(place)) for place, price in enumerate(x)]  # moves in every bar
    high, low, close = bars(wave)
    expected = whole.adx(np.array(high), np.array(low), np.array(close), n)
    same(run(12, step.adx, high, low, close, n=n), expected)


def test_a_straight_climb_has_a_directional_index_of_100_and_its_mirror_too() -> None:
    x = np.arange(1.0, 11.0)
    assert run(12, step.adx, x + 1, x - 1, x, n=3)[-1] == pytest.approx(100)
    assert run(12, step.adx, 30 - x + 1, 30 - x - 1, 30 - x, n=3)[-1] == pytest.approx(100)
    assert [math.isnan(each) for each in run(12, step.adx, x + 1, x - 1, x, n=3)] == [True] * 5 + [False] * 5


def test_a_still_market_has_no_direction() -> None:
    assert all(math.isnan(each) for each in run(12, step.adx, [5.0] * 9, [5.0] * 9, [5.0] * 9, n=3))


# --- rings --------------------------------------------------------------------------------------------


@quick
@given(series, lengths)
def test_a_ring_holds_the_last_values(x: list[float], n: int) -> None:
    state = ring(x, n)
    there = min(len(x), n)
    assert step.full(state, 0, n) == (len(x) >= n)
    assert [step.recent(state, 0, back, n) for back in range(there)] == x[::-1][:there]


@quick
@given(some.one_of(series, steps), lengths)
def test_highest_and_lowest_leave_out_the_bar_itself(x: list[float], n: int) -> None:
    past = whole.before(np.array(x), n)
    np.testing.assert_array_equal(run(n + 3, step.highest, x, n=n), past.max(axis=1))
    np.testing.assert_array_equal(run(n + 3, step.lowest, x, n=n), past.min(axis=1))


@quick
@given(some.lists(prices, min_size=3, max_size=60), some.integers(2, 30))
def test_mean_and_sample_deviation(x: list[float], n: int) -> None:
    n = min(n, len(x))
    mean, deviation = step.mean_and_deviation(ring(x, n), 0, n)
    same([mean, deviation], [statistics.fmean(x[-n:]), statistics.stdev(x[-n:])])


@given(prices, some.integers(2, 60))
@quick
def test_equal_values_deviate_by_nothing_at_all(price: float, n: int) -> None:
    assert step.mean_and_deviation(ring([price] * n, n), 0, n) == (price, 0.0)


def test_the_deviation_of_large_prices_that_hardly_move_does_not_cancel() -> None:
    x = [1e9 + 0.001 * (k % 2) for k in range(20)]
    assert step.mean_and_deviation(ring(x, 20), 0, 20)[1] == pytest.approx(statistics.stdev(x))


# --- tests of mean reversion --------------------------------------------------------------------------


def test_the_half_life_of_a_decay_by_a_tenth_is_six_and_a_half_bars() -> None:
    x = [100 + 0.9**k for k in range(240)]
    assert step.half_life(ring(x, 240), 0, 240) == pytest.approx(6.5788, abs=5e-5)


@pytest.mark.parametrize(
    ("x", "bars_"),
    [
        ([1.1**k for k in range(40)], math.inf),  # runs away
        ([5.0] * 40, math.inf),  # has no slope
        ([(-1.0) ** k for k in range(40)], 0.0),  # overshoots: slope -2
    ],
)
def test_the_half_life_of_what_does_not_decay(x: list[float], bars_: float) -> None:
    assert step.half_life(ring(x, 40), 0, 40) == bars_


@quick
@given(some.integers(0, 10_000), some.floats(0.4, 0.95))
def test_the_half_life_is_the_least_squares_one(seed: int, persistence: float) -> None:
    noise = np.random.default_rng(seed).standard_normal(300)
    x = [0.0]
    for each in noise:
        x.append(persistence * x[-1] + each)
    same([step.half_life(ring(x, 240), 0, 240)], [whole.half_life(np.array(x[-240:]))])


def test_the_variance_ratio_by_hand() -> None:
    # x: 0 1 0 1 0; drift 0; var(1) = 4/3; two-step changes are all 0.
    assert step.variance_ratio(ring([0, 1, 0, 1, 0], 5), 0, 5, 2) == 0.0
    assert math.isnan(step.variance_ratio(ring([7] * 9, 9), 0, 9, 4))


@quick
@given(some.integers(0, 10_000), some.integers(2, 12))
def test_the_variance_ratio_is_lo_and_mackinlays(seed: int, q: int) -> None:
    x = np.cumsum(np.random.default_rng(seed).standard_normal(150))
    same([step.variance_ratio(ring(list(x), 120), 0, 120, q)], [whole.variance_ratio(x[-120:], q)])


def test_a_random_walk_has_a_variance_ratio_of_about_one_and_a_trend_more() -> None:
    rng = np.random.default_rng(5)
    changes = rng.standard_normal(2000)
    drawn_out = changes + np.concatenate([[0.0], 0.5 * changes[:-1]])
    assert step.variance_ratio(ring(list(np.cumsum(changes)), 2000), 0, 2000, 4) == pytest.approx(1, abs=0.1)
    assert step.variance_ratio(ring(list(np.cumsum(drawn_out)), 2000), 0, 2000, 4) > 1.3


# --- median by time of day ----------------------------------------------------------------------------


@quick
@given(some.lists(some.tuples(some.integers(0, 2), some.integers(0, 5).map(float)), max_size=60), lengths)
def test_the_median_of_a_slot_is_of_its_own_values_before(x: list[tuple[int, float]], n: int) -> None:
    state = [0.0] * (3 * (2 * n + 2))
    seen: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for slot, value in x:
        found = step.median_of_slot(state, 0, slot, value, n)
        past = seen[slot]
        assert (math.isnan(found) and len(past) < n) or found == statistics.median(past[-n:])
        past.append(value)
