"""Each check of the gate bites: an order that it refuses is let through as soon as its code is taken out."""

from __future__ import annotations

import pytest
from gate_cases import SPOILT, D, FakeLatch, approved, facts, make_gate, order, refused

from memesnipe_cli.risk.actions import APPLIES
from memesnipe_cli.risk.chain import CHECKS
from memesnipe_cli.risk.checks import PASS
from memesnipe_cli.risk.intent import Action

SHARES = ("trade_share", "strategy_share", "gross_share", "symbol_share", "cluster_share")


def _take_out(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(CHECKS, name, lambda standing, order, facts, worth: PASS)


@pytest.mark.parametrize("name", CHECKS)
def test_without_its_check_the_order_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    action = Action.ENTRY if Action.ENTRY in APPLIES[name] else Action.REDUCE
    answer = refused(*SPOILT[name](order(action)))
    assert answer.check == name
    _take_out(monkeypatch, name)
    approved(*SPOILT[name](order(action)))


@pytest.mark.parametrize(
    ("code", "facts_changed", "checks"),
    [
        ("latch_unknown", {"latch": None}, ("latch",)),
        ("strategy_halted", {"latch": FakeLatch(levels={"strategy:momentum_5m": 2})}, ("latch",)),
        ("symbol_halted", {"latch": FakeLatch(levels={"symbol:DOGE/USD": 3})}, ("latch",)),
        ("data_age_unknown", {"data_age_ms": None}, ("data_age",)),
        ("reference_unknown", {"reference": None}, ("reference", "collar")),
        ("clock_unknown", {"clock_skew_ms": None}, ("clock",)),
        ("trade_limit_unknown", {"equity": None}, (*SHARES, "capital")),
        ("cash_unknown", {"cash": None}, ("capital",)),
        ("not_reconciled", {"reconciled": False}, ("capital",)),
    ],
)
def test_what_is_unknown_is_refused_by_these_checks(
    code: str, facts_changed: dict[str, object], checks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = facts(**facts_changed)
    assert refused(make_gate(), order(), known).code == code
    _take_out(monkeypatch, *checks)
    approved(make_gate(), order(), known)


def test_one_scenario_for_each_check() -> None:
    assert set(SPOILT) == set(CHECKS)


def test_a_check_that_breaks_refuses_and_asks_for_a_halt(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(CHECKS, "collar", broken)
    answer = refused(make_gate(), order(), facts())
    assert (answer.code, answer.trip) == ("check_failed", "account")
    assert "division by zero" in answer.message
    assert make_gate().exposure.gross() == D(0)
