"""Which check holds for which action, cell by cell, as stated and as done."""

from __future__ import annotations

import pytest
from gate_cases import SPOILT, D, FakeLatch, approved, facts, holding, order, refused

from memesnipe_cli.risk.actions import APPLIES
from memesnipe_cli.risk.chain import CHECKS
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.risk.levels import Level

# check            entry reduce protect cancel
TABLE = """
fence              x     x      x       x
latch              x     -      -       -
venue              x     x      x       x
product            x     -      -       -
status             x     -      -       -
data_age           x     -      -       -
reference          x     -      -       -
clock              x     -      -       -
quality            x     -      -       -
numbers            x     x      x       -
side               x     x      x       -
our_lots           -     x      x       -
tick               x     x      x       -
lot                x     x      x       -
stop               x     -      -       -
min_qty            x     -      -       -
max_qty            x     -      -       -
min_notional       x     -      -       -
protectable        x     -      -       -
max_order          x     -      -       -
collar             x     -      -       -
exit_collar        -     x      x       -
entry_rate         x     -      -       -
message_rate       x     x      x       -
executions         x     -      -       -
duplicate_id       x     x      x       -
duplicate_order    x     -      -       -
self_trade         x     -      -       -
owner              x     -      -       -
trade_share        x     -      -       -
strategy_share     x     -      -       -
gross_share        x     -      -       -
symbol_share       x     -      -       -
cluster_share      x     -      -       -
capital            x     -      -       -
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
ACTIONS = (Action.ENTRY, Action.REDUCE, Action.PROTECT, Action.CANCEL)
CELLS = [(row[0], action, cell == "x") for row in ROWS for action, cell in zip(ACTIONS, row[1:], strict=True)]
EXITS = (Action.REDUCE, Action.PROTECT, Action.CANCEL)


def test_the_table_is_the_codes_own_in_its_order() -> None:
    said = {
        row[0]: {action for action, cell in zip(ACTIONS, row[1:], strict=True) if cell == "x"} for row in ROWS
    }
    assert said == {name: set(actions) for name, actions in APPLIES.items()}
    assert list(said) == list(APPLIES) == list(CHECKS)


@pytest.mark.parametrize(("name", "action", "holds"), CELLS)
def test_a_check_holds_for_its_actions_and_no_other(name: str, action: Action, holds: bool) -> None:
    case = SPOILT[name](order(action))
    if holds:
        assert refused(*case).check == name
    else:
        approved(*case)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("scope", ["account", "strategy:momentum_5m", "symbol:DOGE/USD"])
def test_a_level_stops_entries_and_nothing_else(scope: str, level: Level) -> None:
    known = facts(latch=FakeLatch(levels={scope: level}))
    for action in EXITS:
        approved(holding(order(action)), order(action), known)
    if level < Level.HALT:
        approved(holding(order()), order(), known)
    else:
        assert refused(holding(order()), order(), known).check == "latch"


NAN = D("NaN")
UNKNOWN = {
    "latch": [None],
    "reference": [None, NAN, D("Infinity"), D(0), D(-1)],
    "data_age_ms": [None, float("nan"), -1.0],
    "clock_skew_ms": [None, float("nan")],
    "equity": [None, NAN, D(0), D(-5), D("sNaN")],
    "cash": [None, NAN],
    "trade_scale": [None, NAN, D(0), D(-1)],
    "reference_source": [""],
}
UNKNOWN_OF_PRODUCT = {
    "tick": [None, NAN, D(0), D("1e-13")],
    "lot": [None, NAN, D(0)],
    "min_qty": [None, NAN],
    "min_notional": [None, NAN],
    "taker_fee": [None, NAN],
    "status": ["", "unheard of"],
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k, values in UNKNOWN.items() for v in values])
def test_unknown_facts_keep_entries_back_and_nothing_else(name: str, value: object) -> None:
    known = facts(**{name: value})
    answer = refused(holding(order()), order(), known)
    assert answer.code != "check_failed"
    assert answer.message
    for action in EXITS:
        approved(holding(order(action)), order(action), known)


@pytest.mark.parametrize(
    ("name", "value"), [(k, v) for k, values in UNKNOWN_OF_PRODUCT.items() for v in values]
)
def test_unknown_terms_keep_entries_back_and_nothing_else(name: str, value: object) -> None:
    known = facts(product={name: value})
    assert refused(holding(order()), order(), known).code != "check_failed"
    for action in EXITS:
        approved(holding(order(action)), order(action), known)


@pytest.mark.parametrize("number", [None, NAN, D("sNaN"), D("-Infinity"), D(0), D(-1), D("1e15"), 5.0, "5"])
@pytest.mark.parametrize("part", ["qty", "price", "stop"])
def test_what_is_no_amount_is_refused_and_breaks_nothing(part: str, number: object) -> None:
    answer = refused(holding(order()), order(**{part: number}), facts())
    assert answer.check == "numbers"
    assert answer.message and answer.body()["code"] == answer.code
