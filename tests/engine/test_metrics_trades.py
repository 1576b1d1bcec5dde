"""Measures of closed trades."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.engine.metrics.expectancy import expectancy, expectancy_in_risk
from memesnipe_cli.engine.metrics.payoff_ratio import payoff_ratio
from memesnipe_cli.engine.metrics.profit_factor import profit_factor
from memesnipe_cli.engine.metrics.realised_risk import risk_shares
from memesnipe_cli.engine.metrics.win_rate import wilson_lower_bound, win_rate


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("wins", "trades", "bound"), [(55, 100, 0.468), (165, 300, 0.5025), (550, 1000, 0.524), (65, 100, 0.5685)]
)
def test_wilson_bound_has_the_published_values(wins: int, trades: int, bound: float) -> None:
    value = wilson_lower_bound(wins, trades)
    assert value == pytest.approx(bound, abs=5e-4)


@given(st.integers(1, 5_000).flatmap(lambda trades: st.tuples(st.integers(0, trades), st.just(trades))))
@settings(max_examples=60)
def test_wilson_bound_lies_between_nothing_and_the_win_rate(case: tuple[int, int]) -> None:
    wins, trades = case
    bound, rate = wilson_lower_bound(wins, trades), win_rate(wins, trades)
    assert bound is not None and rate is not None
    assert 0.0 <= bound <= rate
    assert wins == 0 or bound < rate


def test_without_trades_nothing_is_defined() -> None:
    assert win_rate(0, 0) is None
    assert wilson_lower_bound(0, 0) is None
    assert expectancy([]) is None
    assert payoff_ratio([]) is None
    assert profit_factor([]) is None
    assert expectancy_in_risk([], []) is None


def test_expectancy_is_the_mean_profit_in_money_units() -> None:
    assert expectancy(amounts("1", "-0.5", "-0.1")) == Decimal("0.13333333")


def test_expectancy_in_risk_passes_over_trades_without_a_risk() -> None:
    assert expectancy_in_risk(amounts("1", "-1", "9"), amounts("0.5", "1", "0")) == pytest.approx(0.5)


def test_payoff_ratio_compares_means_and_passes_over_zeros() -> None:
    assert payoff_ratio(amounts("3", "1", "-1", "0")) == pytest.approx(2.0)


@pytest.mark.parametrize("profits", [amounts("1", "2"), amounts("-1"), amounts("0")])
def test_payoff_ratio_needs_a_win_and_a_loss(profits: list[Decimal]) -> None:
    assert payoff_ratio(profits) is None


def test_profit_factor_of_losses_alone_is_zero_and_of_wins_alone_undefined() -> None:
    assert profit_factor(amounts("3", "-2")) == pytest.approx(1.5)
    assert profit_factor(amounts("-2")) == 0.0
    assert profit_factor(amounts("2")) is None


def test_risk_is_a_share_of_the_equity_before_the_entry() -> None:
    close_ms = np.array([10, 20, 30])
    equity = np.array([100.0, 50.0, 0.0])
    shares = risk_shares(np.array([5, 10, 25, 30]), np.array([1.0, 1.0, 1.0, 1.0]), close_ms, equity, 200.0)
    assert shares[:3] == pytest.approx([1 / 200, 1 / 100, 1 / 50])
    assert np.isnan(shares[3])
