"""The implementation shortfall: by hand, and its parts add up exactly whatever is traded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.audit.shortfall import PARTS, Filled, Shortfall, add, exact_sum, half_way, shortfall

D = Decimal


def parts(cost: Shortfall) -> tuple[Decimal | None, ...]:
    """Delay, spread, impact, fees, opportunity."""
    return tuple(getattr(cost, part) for part in PARTS)


def test_a_purchase_by_hand() -> None:
    # Decided at 100; bid 100.9, ask 101.1 when sent; 6 of 10 filled at 101.1, 2 at 101.3; it ended at 103.
    mid, half = half_way(D("100.9"), D("101.1"))
    fills = [Filled(D(6), D("101.1"), D("0.6"), mid, half), Filled(D(2), D("101.3"), D("0.2"), mid, half)]
    cost = shortfall("buy", D(10), fills, D(100), D(103))
    assert parts(cost) == (D(8), D("0.8"), D("0.4"), D("0.8"), D(6))
    # What it is called after: the paper portfolio's gain less the real one's, both valued at the end.
    paper = D(10) * (103 - D(100))
    real = D(8) * 103 - (D(6) * D("101.1") + D(2) * D("101.3")) - D("0.8")
    assert cost.total == paper - real
    assert cost.notional == 1000
    assert cost.bps(cost.total) == 160.0


def test_a_sale_is_the_mirror_of_a_purchase() -> None:
    mid, half = half_way(D("98.9"), D("99.1"))
    cost = shortfall("sell", D(10), [Filled(D(8), D("98.9"), D("0.8"), mid, half)], D(100), D(97))
    assert parts(cost) == (D(8), D("0.8"), D(0), D("0.8"), D(6))


def test_a_better_price_than_the_mid_is_a_negative_impact() -> None:
    cost = shortfall("buy", D(1), [Filled(D(1), D("99.5"), D(0), D(100), D("0.5"))], D(100), None)
    assert parts(cost) == (D(0), D("0.5"), D(-1), D(0), D(0))


@pytest.mark.parametrize(
    ("fill", "decision", "wanted", "expected"),
    [
        # no arrival price: impact holds delay and spread
        (Filled(D(1), D(102), D(0)), D(100), D(1), (None, None, D(2), D(0), D(0))),
        # no decision price: judged by the arrival
        (Filled(D(1), D(102), D(0), D(101), D("0.5")), None, D(1), (None, D("0.5"), D("0.5"), D(0), D(0))),
        # neither: fees alone
        (Filled(D(1), D(102), D(3)), None, D(1), (None, None, None, D(3), D(0))),
        # a fee in a coin without a price here
        (Filled(D(1), D(102), None, D(101), D(1)), D(100), D(1), (D(1), D(1), D(0), None, D(0))),
        # the end is not known
        (Filled(D(1), D(100), D(0), D(100), D(0)), D(100), D(2), (D(0), D(0), D(0), D(0), None)),
    ],
)
def test_what_is_not_known_is_said_and_not_guessed(
    fill: Filled, decision: Decimal | None, wanted: Decimal, expected: tuple[Decimal | None, ...]
) -> None:
    cost = shortfall("buy", wanted, [fill], decision, None)
    assert parts(cost) == expected
    assert cost.unknown == [part for part, amount in zip(PARTS, expected, strict=True) if amount is None]


def test_an_order_that_never_filled_costs_what_it_missed() -> None:
    assert parts(shortfall("buy", D(5), [], D(10), D("10.5"))) == (D(0), D(0), D(0), D(0), D("2.5"))
    missed = shortfall("sell", D(5), [], None, D("9.5"), D(10))
    assert (missed.opportunity, missed.notional) == (D("2.5"), D(50))


prices = st.decimals(min_value="0.00000001", max_value="1000000", places=18)
amounts = st.decimals(min_value="0.000000000001", max_value="1000000000", places=12)
fees = st.decimals(min_value="-10", max_value="1000", places=15)


@st.composite
def orders(draw: st.DrawFn) -> tuple[str, Decimal, list[Filled], Decimal, Decimal]:
    """side, wanted, fills, decision, end"""
    bid, ask = sorted((draw(prices), draw(prices)))
    mid, half = half_way(bid, ask)
    count = draw(st.integers(0, 4))
    fills = [Filled(draw(amounts), draw(prices), draw(fees), mid, half) for _ in range(count)]
    wanted = exact_sum(each.qty for each in fills) + draw(amounts)
    return draw(st.sampled_from(["buy", "sell"])), wanted, fills, draw(prices), draw(prices)


@settings(max_examples=300, deadline=None)
@given(orders())
def test_the_parts_are_the_paper_portfolio_less_the_real_one(
    order: tuple[str, Decimal, list[Filled], Decimal, Decimal],
) -> None:
    from fractions import Fraction

    side, wanted, fills, decision, end = order
    sign = 1 if side == "buy" else -1
    filled = sum((Fraction(each.qty) for each in fills), Fraction(0))
    paid = sum((Fraction(each.qty) * Fraction(each.price) for each in fills), Fraction(0))
    charged = sum((Fraction(each.fee or 0) for each in fills), Fraction(0))
    paper = sign * Fraction(wanted) * (Fraction(end) - Fraction(decision))
    real = sign * (filled * Fraction(end) - paid) - charged
    cost = shortfall(side, wanted, fills, decision, end)
    assert Fraction(cost.total) == paper - real
    assert sum(map(Fraction, filter(None, parts(cost))), Fraction(0)) == Fraction(cost.total)


@settings(max_examples=100, deadline=None)
@given(st.lists(orders(), min_size=1, max_size=5))
def test_several_orders_cost_the_sum_of_each(
    several: list[tuple[str, Decimal, list[Filled], Decimal, Decimal]],
) -> None:
    costs = [shortfall(*each) for each in several]
    assert add(costs).total == exact_sum(each.total for each in costs)
