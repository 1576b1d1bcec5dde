"""The single checks at their edges: what is exactly at a limit passes, the next step beyond it does not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.risk import checks
from memesnipe_cli.risk.checked import CHECK_FAILED
from memesnipe_cli.risk.checks import PASS, ROUNDING
from memesnipe_cli.risk.refusal_words import SENTENCES

D = Decimal

# function, arguments that pass, arguments that do not, the code they get
EDGES: list[tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...], str]] = [
    (checks.fence, (3, 3), (3, 4), "fence_lost"),
    (checks.fence, (3, 0), (0, 1), "fence_lost"),
    (checks.latch, (1, 1, 1), (2, 0, 0), "account_halted"),
    (checks.latch, (0, 0, 0), (1, 3, 0), "strategy_halted"),
    (checks.latch, (0, 0, 0), (1, 1, 2), "symbol_halted"),
    (checks.venue, ("kraken", "kraken", True), ("kraken", "kraken", False), "venue_not_allowed"),
    (checks.venue, ("kraken", "kraken", True), ("kraken", "coinbase", True), "venue_mismatch"),
    (checks.product, (*"abc", tuple("abc"), True), (*"abc", tuple("abd"), True), "product_mismatch"),
    (checks.product, (*"abc", tuple("abc"), True), (*"abc", tuple("abc"), False), "product_not_allowed"),
    (checks.data_age, (500, 500), (500.1, 500), "stale_data"),
    (checks.data_age, (0, 500), (float("inf"), 500), "stale_data"),
    (checks.clock, (-2000, 2000), (-2001, 2000), "clock_skew"),
    (checks.reference, (D(1), "mid", D(1), D(1)), (D(1), "mid", D("1.1"), D(1)), "crossed_book"),
    (checks.reference, (D(1), "mid", None, None), (D(1), "", None, None), "reference_unknown"),
    (checks.our_lots, (D(3), D(2), D(5)), (D("3.1"), D(2), D(5)), "more_than_held"),
    (checks.tick, (D("0.3"), None, D("0.1")), (D("0.35"), None, D("0.1")), "off_tick"),
    (checks.tick, (None, D("0.3"), D("0.1")), (None, D("0.35"), D("0.1")), "off_tick"),
    (checks.tick, (D(100), D(50), D("2.5")), (D(101), D(50), D("2.5")), "off_tick"),
    (checks.lot, (D("1.50"), D("0.5")), (D("1.6"), D("0.5")), "off_lot"),
    (checks.stop, (D(9), D(10), True), (D(10), D(10), True), "stop_wrong_side"),
    (checks.stop, (D(11), D(10), False), (D(10), D(10), False), "stop_wrong_side"),
    (checks.min_qty, (D(5), D(5)), (D("4.9"), D(5)), "below_min_qty"),
    (checks.max_qty, (D(5), D(5)), (D("5.1"), D(5)), "above_max_qty"),
    (checks.max_qty, (D(5), None), (D("5.1"), D(5)), "above_max_qty"),
    (checks.min_notional, (D(5), D(5)), (D("4.9"), D(5)), "below_min_notional"),
    (
        checks.protectable,
        (D(10), D("1.25"), D("0.04"), D(10), D("0.2")),
        (D(10), D("1.24"), D("0.04"), D(10), D("0.2")),
        "not_protectable",
    ),
    (checks.max_order, (D(1000), D(1000)), (D("1000.1"), D(1000)), "order_too_large"),
    (checks.collar, (D("1.02"), D(1), D("0.02")), (D("1.0201"), D(1), D("0.02")), "outside_collar"),
    (checks.collar, (D("0.98"), D(1), D("0.02")), (D("0.9799"), D(1), D("0.02")), "outside_collar"),
    (
        checks.exit_collar,
        (True, D("0.98"), D(1), D("0.02")),
        (True, D("0.97"), D(1), D("0.02")),
        "outside_exit_collar",
    ),
    (
        checks.exit_collar,
        (False, D("1.02"), D(1), D("0.02")),
        (False, D("1.03"), D(1), D("0.02")),
        "outside_exit_collar",
    ),
    (checks.exit_collar, (True, D(5), D(1), D(0)), (False, D(5), D(1), D(0)), "outside_exit_collar"),
    (checks.entry_rate, (1, 20), (0, 20), "entry_rate"),
    (checks.message_rate, (1, 120), (-3, 120), "message_rate"),
    (checks.executions, (40, 40), (41, 40), "executions"),
    (checks.duplicate_order, (10, 10), (9, 10), "duplicate_order"),
    (checks.duplicate_order, (None, 10), (-5, 10), "duplicate_order"),
    (checks.self_trade, (True, D(9), D(10)), (True, D(10), D(10)), "self_trade"),
    (checks.self_trade, (False, D(11), D(10)), (False, D(10), D(10)), "self_trade"),
    (checks.owner, ("a", "a", D(0)), ("a", "b", D(0)), "base_owned"),
    (checks.owner, ("a", None, D(0)), ("a", "a", D(1)), "opposite_held"),
    (checks.trade_share, (D("0.75"), D(25), D(100)), (D("0.75"), D("25.1"), D(100)), "trade_share"),
    (checks.trade_share, (D(0), D(25), D(100)), (D(0), D(25), None), "trade_limit_unknown"),
    (
        checks.capital,
        (D(1), D(101), True, D(1), D(100), D(0)),
        (D(1), D(100), True, D(1), D(100), D(0)),
        "not_enough_cash",
    ),
    (
        checks.capital,
        (D(1), D(0), True, D(0), D(0), D(0)),
        (D(1), D(0), False, D(0), D(0), D(0)),
        "not_reconciled",
    ),
    (
        checks.capital,
        (D(1), D(9), True, D(0), D(1), D(0)),
        (D(1), None, True, D(0), D(1), D(0)),
        "cash_unknown",
    ),
    (
        checks.capital,
        (D(1), D(9), True, D(0), D(1), D(0)),
        (D(0), D(9), True, D(0), D(1), D(0)),
        "equity_unknown",
    ),
]


@pytest.mark.parametrize(("check", "passes", "fails", "code"), EDGES)
def test_the_edge_of_a_limit_passes_and_what_is_beyond_does_not(
    check: Callable[..., Any], passes: tuple[Any, ...], fails: tuple[Any, ...], code: str
) -> None:
    assert check(*passes) is PASS
    assert check(*fails)[0] == code


@pytest.mark.parametrize("code", ["strategy_share", "gross_share", "symbol_share", "cluster_share"])
def test_a_share_counts_what_is_held_with_what_is_asked(code: str) -> None:
    assert checks.share(code, D(6), D(4), D(100), D("0.1")) is PASS
    assert checks.share(code, D(6), D("4.1"), D(100), D("0.1")) == (code, D("10.1"), D("10.0"))
    assert checks.share(code, D(0), D(1), None, D("0.1"))[0] == "equity_unknown"


@settings(max_examples=60, deadline=None)
@given(
    lots=st.integers(1, 10**9),
    limit=st.decimals("0.01", "1000000", places=2),
)
def test_rounding_forgives_less_than_any_lot_of_a_hundred_thousand(lots: int, limit: Decimal) -> None:
    lot = limit / lots
    assert checks.max_order(lot * lots * (1 + ROUNDING / 2), limit) is PASS
    if lots < 90_000:
        assert checks.max_order(lot * (lots + 1), limit) is not PASS


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    tree = ast.parse(Path(checks.__file__).read_text(encoding="utf-8"))
    tuples = [node.elts for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 3]
    codes = {first.value for first, _, _ in tuples if isinstance(first, ast.Constant) and first.value}
    given_by_the_caller = {"strategy_share", "gross_share", "symbol_share", "cluster_share", "order_unknown"}
    assert codes | given_by_the_caller | {CHECK_FAILED} == set(SENTENCES)
