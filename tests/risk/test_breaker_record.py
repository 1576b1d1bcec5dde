"""The record of the breaker: the level that counts, why, and how far away the next one is."""

from __future__ import annotations

import os
from typing import Any

import pytest
from latch_cases import EMERGENCY, HALT, STRATEGY, hold

from memesnipe_cli import clock
from memesnipe_cli.risk.breaker_record import account_level, breaker_record, strategy_level
from memesnipe_cli.risk.latch import ACCOUNT, Latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.processes import started_ticks
from memesnipe_cli.risk.trader import trader_state

BEAT = "2025-03-01T12:00:00Z"
BEAT_MS = clock.parse_time(BEAT)
TIERS = {
    "warning": 0.03,
    "halt": 0.05,
    "emergency": 0.1,
    "daily_warning": 0.02,
    "daily_halt": 0.03,
    "lifetime_halt": 0.2,
    "strategy_halt": 0.05,
}
MARKS: dict[str, Any] = {
    "beat": BEAT,
    "level": "WARNING",
    "cause": "drawdown",
    "since": "2025-03-01T11:00:00Z",
    "equity": "192",
    "high_water_mark": "200",
    "drawdown": 0.04,
    "day_base": "195",
    "daily_loss": 0.015,
    "lifetime_high": "240",
    "lifetime_drawdown": 0.2,
    "strategies": [
        {
            "name": "momentum_5m",
            "level": "HALT",
            "cause": "strategy_drawdown",
            "value": "18.9",
            "high_water_mark": "20",
            "drawdown": 0.055,
        },
    ],
}


def latch(**holds: Any) -> Latch:
    return Latch(
        "paper", 1, {{"account": ACCOUNT, "strategy": STRATEGY}[key]: value for key, value in holds.items()}
    )


def test_the_higher_of_latch_and_marks_counts() -> None:
    assert account_level(latch(), None) is Level.CLOSED
    assert account_level(latch(), MARKS) is Level.WARNING
    assert account_level(latch(account=hold(EMERGENCY)), MARKS) is EMERGENCY
    assert strategy_level(latch(), MARKS, "momentum_5m") is HALT
    assert strategy_level(latch(strategy=hold(EMERGENCY)), MARKS, "momentum_5m") is EMERGENCY


@pytest.mark.parametrize(("reset_ms", "level"), [(BEAT_MS - 1, HALT), (BEAT_MS + 1, Level.CLOSED)])
def test_marks_from_before_a_reset_do_not_halt_again(reset_ms: int, level: Level) -> None:
    cleared = Latch("paper", resets={ACCOUNT: reset_ms, STRATEGY: reset_ms})
    assert account_level(cleared, {**MARKS, "level": "HALT"}) is level
    assert strategy_level(cleared, MARKS, "momentum_5m") is level


def test_the_cause_is_that_of_what_makes_the_level() -> None:
    seen = breaker_record(latch(), MARKS, TIERS, None)
    assert (seen["level"], seen["cause"], seen["since"], seen["by"]) == (
        "WARNING",
        "drawdown",
        "2025-03-01T11:00:00Z",
        "engine",
    )
    tripped = breaker_record(latch(account=hold()), MARKS, TIERS, None)
    assert (tripped["level"], tripped["cause"], tripped["by"]) == ("HALT", "manual", "person")
    assert tripped["stopped"].startswith("new positions are stopped")


def test_distances_are_in_points_and_in_money() -> None:
    distances = breaker_record(latch(), MARKS, TIERS, None)["distances"]
    assert [(each["tier"], each["points"], each["amount"]) for each in distances] == [
        ("warning", -1.0, "-2.00"),
        ("halt", 1.0, "2.00"),
        ("emergency", 6.0, "12.00"),
        ("daily_warning", 0.5, "0.90"),
        ("daily_halt", 1.5, "2.85"),
        ("lifetime_halt", 0.0, "0.00"),
    ]
    (strategy,) = breaker_record(latch(), MARKS, TIERS, None)["strategies"]
    assert (strategy["points"], strategy["amount"]) == (-0.5, "-0.10")


def test_what_nobody_knows_is_null() -> None:
    row = breaker_record(latch(), None, None, None)
    for field in ("cause", "since", "equity", "high_water_mark", "drawdown", "daily_loss"):
        assert row[field] is None
    assert {(each["points"], each["amount"]) for each in row["distances"]} == {(None, None)}


def test_strategies_of_marks_and_latch_are_listed_once_each() -> None:
    held = Latch("paper", 1, {"strategy:other": hold(), STRATEGY: hold(), "symbol:DOGE/USD": hold()})
    row = breaker_record(held, MARKS, TIERS, None)
    assert [each["name"] for each in row["strategies"]] == ["momentum_5m", "other"]
    assert [each["symbol"] for each in row["symbols"]] == ["DOGE/USD"]
    only = breaker_record(held, MARKS, TIERS, None, strategy="other")
    assert [each["name"] for each in only["strategies"]] == ["other"]


@pytest.mark.parametrize(
    "broken", [{"level": 7}, {"beat": "yesterday"}, {"strategies": "many"}, {"equity": 1.5}]
)
def test_marks_of_another_form_are_no_error(broken: dict[str, Any]) -> None:
    assert breaker_record(latch(), {**MARKS, **broken}, TIERS, None)["account"] == "paper"


def test_a_trader_runs_while_the_very_process_lives() -> None:
    mine = {
        "pid": os.getpid(),
        "started": started_ticks(os.getpid()),
        "host": os.uname().nodename,
        "beat": BEAT,
    }
    assert trader_state({**mine, "running": True})["running"] is True
    assert trader_state({**mine, "running": False})["running"] is False
    assert trader_state({**mine, "running": True, "started": "1"})["running"] is False
    assert trader_state({**mine, "running": True, "host": "elsewhere"})["running"] is None
    assert trader_state(None)["running"] is False
