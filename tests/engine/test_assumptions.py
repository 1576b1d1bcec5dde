"""What a run assumes: the profile's numbers, those that replace them, and how wrong ones are refused."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from memesnipe_cli.engine.assumptions import KNOWN, MIN_TURNOVER, assumptions
from memesnipe_cli.engine.model import Rules, Terms
from memesnipe_cli.errors import UsageError
from memesnipe_cli.profile import Costs, Limits, Profile

PROFILE = Profile(
    limits=Limits(
        trade_share=0.01, strategy_share=0.05, gross_share=0.5, max_cost_share=0.2, entry_collar=0.002
    ),
    costs=Costs(half_spread=0.001, impact=2.0, volume_share=0.03, stop_slippage=0.004),
)
TERMS = Terms(
    "kraken", "DOGE/USD", "DOGE", Decimal("0.00001"), Decimal(1), Decimal("0.004"), 0.0005, Decimal(5)
)
CAPITAL = Decimal(200)


def test_a_profiles_numbers_become_the_rules() -> None:
    found = assumptions(PROFILE, CAPITAL, {})
    assert found.rules == Rules(
        capital=CAPITAL,
        trade_share=0.01,
        strategy_share=0.05,
        gross_share=0.5,
        max_cost_share=0.2,
        min_notional_margin=0.2,
        collar=0.002,
        volume_share=0.03,
        impact=2.0,
        stop_slippage=0.004,
    )
    assert (found.min_turnover, found.replaced) == (MIN_TURNOVER, {})
    assert found.apply(TERMS) is TERMS


RULE_OF = {"collar": "collar", "stake": "trade_share"} | {
    name: name for name in KNOWN if name in {field.name for field in fields(Rules)}
}


@pytest.mark.parametrize(("name", "rule"), RULE_OF.items())
def test_an_assumption_replaces_one_rule(name: str, rule: str) -> None:
    before, after = (
        assumptions(PROFILE, CAPITAL, {}),
        assumptions(PROFILE, CAPITAL, {name: "1" if "latency" in name else "0.03"}),
    )
    changed = {
        field.name
        for field in fields(Rules)
        if getattr(before.rules, field.name) != getattr(after.rules, field.name)
    }
    assert changed == ({rule} if name != "volume_share" else set())  # 0.03 is what the profile says already
    assert getattr(after.rules, rule) == after.replaced[name]


def test_a_stake_beyond_the_strategys_share_widens_that_too() -> None:
    rules = assumptions(PROFILE, CAPITAL, {"stake": "0.3"}).rules
    assert (rules.trade_share, rules.strategy_share) == (0.3, 0.3)
    rules = assumptions(PROFILE, CAPITAL, {"stake": "0.3", "strategy_share": "0.1"}).rules
    assert (rules.trade_share, rules.strategy_share) == (0.3, 0.1)


def test_costs_of_an_instrument_are_replaced_to_the_last_digit() -> None:
    found = assumptions(PROFILE, CAPITAL, {"fee": "0.000123", "half_spread": "0.002", "min_notional": "7.35"})
    terms = found.apply(TERMS)
    assert (terms.taker_fee, terms.half_spread, terms.min_notional) == (
        Decimal("0.000123"),
        0.002,
        Decimal("7.35"),
    )
    assert assumptions(PROFILE, CAPITAL, {"min_turnover": "0"}).min_turnover == 0.0


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("text", ["-0.001", "nan", "inf", "sNaN", "1e400", "1e999999999", "0x10", "", "much"])
def test_a_value_out_of_its_bounds_is_refused_with_what_it_means(name: str, text: str) -> None:
    with pytest.raises(UsageError) as raised:
        assumptions(PROFILE, CAPITAL, {name: text})
    assert name in raised.value.message and repr(text) in raised.value.message
    assert KNOWN[name][2] in raised.value.hint


@pytest.mark.parametrize("name", KNOWN)
def test_both_bounds_are_within(name: str) -> None:
    for bound in KNOWN[name][:2]:
        assert assumptions(PROFILE, CAPITAL, {name: f"{bound:f}"}).replaced == {name: bound}
    with pytest.raises(UsageError):
        assumptions(PROFILE, CAPITAL, {name: f"{KNOWN[name][1] * 1.01:f}"})


@pytest.mark.parametrize(
    ("name", "text", "said", "hint"),
    [
        ("fees", "0", "'fees' is not known", "did you mean fee?"),
        ("qqqq", "0", "'qqqq' is not known", "one of fee,"),
        ("latency_bars", "1.5", "not a whole number", "bars between"),
        ("fee", "0.0000001", "finer than a millionth", "whole millionths"),
    ],
)
def test_other_mistakes(name: str, text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        assumptions(PROFILE, CAPITAL, {name: text})
    assert said in raised.value.message and hint in raised.value.hint
