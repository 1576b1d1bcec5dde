"""What fills, when and at which price: the scenarios through both engines."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_cases import ENTRY, Case, Scenarios, rules, story, terms
from engine_kernel import difference, kernel_answer, reference_answer, run_plain
from reference import simulate
from scenarios_account import ACCOUNT
from scenarios_breaker import BREAKER
from scenarios_entries import ENTRIES
from scenarios_exits import EXITS
from scenarios_limits import LIMITS
from scenarios_recovery import RECOVERY
from scenarios_refusals import REFUSALS
from scenarios_turns import TURNS

from memesnipe_cli.engine.trades import best_fee_needed

SCENARIOS: Scenarios = {**ENTRIES, **EXITS, **REFUSALS, **ACCOUNT, **BREAKER, **RECOVERY, **LIMITS, **TURNS}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_slow_engine_tells(name: str) -> None:
    case, expected = SCENARIOS[name]
    assert story(reference_answer(simulate(*case.build())), case.base_ms) == expected


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_kernel_tells(name: str) -> None:
    case, expected = SCENARIOS[name]
    assert story(kernel_answer(run_plain(*case.build())), case.base_ms) == expected
    assert difference(*case.build()) == ""


def test_a_cost_veto_names_the_fee_that_would_have_passed() -> None:
    # a stop of 5 % bears a round trip of 1.2 %: 0.6 % each way, less half a spread of 0.1 % and impact of
    # 1 x 10 / 100 / 1.6651 x sqrt(10 / 100,000) = 0.06 %
    case = Case(
        [(100, 105, 95, 100, 100_000.0)],
        ENTRY,
        rules=rules(max_cost_share=0.24, impact=1.0),
        terms=terms(taker_fee=Decimal("0.01"), half_spread=0.001),
    )
    assert best_fee_needed(run_plain(*case.build()).events) == {0: 0.004399}
