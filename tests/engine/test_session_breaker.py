"""The breaker of a trade loop: it trips at the backtest's bar, stands in the latch, survives restarts, and obeys
whoever else sets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from session_cases import backtested, market, session_request, stored, strategies, traded

from memesnipe_cli.engine import session_guarded
from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.session import SessionRequest
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.records import time_value
from memesnipe_cli.risk.latch import ACCOUNT, Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import read_marks
from memesnipe_cli.risk.quality import ExecutionQuality

BARS = 120
BY_HAND = Hold(Level.HALT, "manual", "looks odd", "2025-03-01T00:00:00Z", "person")


@pytest.fixture
def request_(tmp_path: Path) -> SessionRequest:
    """A session on the small market, on which the breaker halts; a person must reset it."""
    made = session_request(stored(tmp_path / "store", market(BARS), BARS), strategies(tmp_path))
    return replace(made, assume_resets=False)


def latch_of(request: SessionRequest) -> LatchFile:
    return LatchFile(request.store.paths, request.account)


def reset(request: SessionRequest, scope: str = ACCOUNT) -> None:
    latch_of(request).reset(scope, latch_of(request).read(must_exist=True).generation)


def levels(request: SessionRequest) -> list[tuple[str, str, str, int]]:
    """(bar's close, scope, level, stage) of every change that the journal tells."""
    return [
        (entry.body["since"], entry.body["scope"], entry.body["level"], entry.body["stage"])
        for entry in request.store.journal(request.account).entries()
        if entry.kind == "breaker" and entry.body["action"] == "level"
    ]


def entries(request: SessionRequest) -> list[dict[str, Any]]:
    return [
        entry.body
        for entry in request.store.journal(request.account).entries()
        if entry.kind == "order" and entry.body["event"] == "entry_order"
    ]


def stopping_after(bars: int) -> Any:
    left = iter([False] * (bars - 1) + [True] * BARS)
    return lambda: next(left)


def bars_until(request: SessionRequest, wanted: Any) -> int:
    """How many bars a session runs until a run that stops there is as wanted."""
    for number in range(2, BARS):
        if wanted(traded(replace(request, account=f"probe-{number}", should_stop=stopping_after(number)))):
            return number
    raise AssertionError("it never comes to that")


def test_the_same_tape_trips_and_recovers_at_the_same_bars_as_the_backtest(request_: SessionRequest) -> None:
    replayed = replace(request_, assume_resets=True)
    traded(replayed)
    story = [(each.time_ms, each.scope, each.level.name, each.stage) for each in backtested(replayed).breaker]
    told = [
        (time_value(entry.body["bar"]) + 300_000, *levels_row(entry.body))
        for entry in request_.store.journal().entries()
        if entry.kind == "breaker"
    ]
    assert told == story
    assert {level for _, _, level, _ in story} >= {"CLOSED", "WARNING", "HALT"}


def levels_row(body: dict[str, Any]) -> tuple[str, str, int]:
    return body["scope"], body["level"], body["stage"]


def test_a_halt_stands_in_the_latch_and_lets_nothing_new_in(request_: SessionRequest) -> None:
    done = traded(request_)
    halted = next(since for since, scope, level, _ in levels(request_) if (scope, level) == (ACCOUNT, "HALT"))
    assert done.level == Level.HALT
    assert latch_of(request_).read(must_exist=True).level(ACCOUNT) == Level.HALT
    assert latch_of(request_).read(must_exist=True).holds[ACCOUNT].cause == "drawdown"
    assert all(order["time"] < halted for order in entries(request_))
    assert done.state.refused["breaker_halt"] > 10


def test_a_halted_account_that_holds_nothing_is_not_traded(request_: SessionRequest) -> None:
    traded(request_)
    with pytest.raises(RefusedError, match=r"is at HALT \(drawdown, since") as refused:
        traded(request_)
    assert "breaker reset" in refused.value.hint
    with pytest.raises(RefusedError, match="is at HALT"):
        traded(request_, new_session="another try", abandon=True)


def test_a_reset_opens_an_epoch_and_the_way_back_begins_after_the_cool_off(request_: SessionRequest) -> None:
    first_halt = bars_until(request_, lambda done: done.level >= Level.HALT)
    traded(request_, should_stop=stopping_after(first_halt + 1))
    reset(request_)
    done = traded(request_)
    story = [(level, stage) for _, scope, level, stage in levels(request_) if scope == ACCOUNT]
    at = story.index(("HALT", 0))
    assert story[at + 1 : at + 3] == [("CLOSED", 1), ("CLOSED", 2)]
    assert done.trades


def test_a_level_set_by_hand_acts_on_the_next_bar_and_survives_a_restart(request_: SessionRequest) -> None:
    bars = bars_until(request_, lambda done: done.open_trades)
    traded(request_, should_stop=stopping_after(bars))
    latch_of(request_).trip(ACCOUNT, BY_HAND)
    before = len(entries(request_))
    for _ in range(3):
        try:
            done = traded(request_, should_stop=stopping_after(4))
        except RefusedError:
            break
        assert done.level == Level.HALT
    assert len(entries(request_)) == before
    assert ("HALT", 0) in [(level, stage) for _, scope, level, stage in levels(request_) if scope == ACCOUNT]


def test_a_halted_strategy_stops_alone(request_: SessionRequest) -> None:
    traded(request_, should_stop=stopping_after(2))
    latch_of(request_).trip("strategy:eager", BY_HAND)
    known = len(entries(request_))
    done = traded(request_, should_stop=stopping_after(40))
    assert {order["strategy"] for order in entries(request_)[known:]} == {"rival"}
    assert done.halted_strategies == ["eager"]
    assert done.state.refused["strategy_halt"] > 0


def test_a_halted_symbol_stops_alone(request_: SessionRequest) -> None:
    traded(request_, should_stop=stopping_after(2))
    latch_of(request_).trip("symbol:AAA/USD", BY_HAND)
    known = len(entries(request_))
    done = traded(request_, should_stop=stopping_after(40))
    assert "AAA/USD" not in {order["symbol"] for order in entries(request_)[known:]}
    assert done.state.refused["symbol_halt"] > 0


def test_an_emergency_closes_what_is_held(request_: SessionRequest) -> None:
    reasons: list[str] = []
    for bars in range(8, 40, 4):
        request = replace(request_, account=f"stopped-{bars}")
        held = traded(request, should_stop=stopping_after(bars)).open_trades
        latch_of(request).trip(ACCOUNT, replace(BY_HAND, level=Level.EMERGENCY))
        if not held:
            continue
        done = traded(request)
        reasons += [trade.exit_reason for trade in done.trades]
        assert not done.open_trades
        assert done.level == Level.EMERGENCY
    assert "emergency" in {part for reason in reasons for part in reason.split("+")}


def test_what_somebody_sets_while_the_engine_trips_is_obeyed_all_the_same(
    request_: SessionRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip = LatchFile.trip

    def beside(file: LatchFile, scope: str, hold: Hold) -> Any:
        if hold.by == "engine":
            trip(latch_of(request_), "symbol:AAA/USD", BY_HAND)
            trip(latch_of(request_), ACCOUNT, replace(BY_HAND, level=Level.EMERGENCY))
        return trip(file, scope, hold)

    monkeypatch.setattr(LatchFile, "trip", beside)
    done = traded(request_)
    assert done.level == Level.EMERGENCY
    assert tuple(
        level
        for _, scope, level, _ in levels(request_)
        if scope == ACCOUNT and level in ("HALT", "EMERGENCY")
    ) == ("HALT", "EMERGENCY")


def test_bad_execution_keeps_entries_back(request_: SessionRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExecutionQuality, "block", lambda *_: "latency_halt")
    done = traded(request_, should_stop=stopping_after(40))
    refused = [
        entry.body["gate"]
        for entry in request_.store.journal().entries()
        if entry.kind == "refusal" and entry.body["reason"] == "gate"
    ]
    assert entries(request_) == []
    assert not done.trades
    assert {(each["code"], each["value"]) for each in refused} == {("execution_quality", "latency_halt")}


@pytest.mark.parametrize("damage", ["removed", "emptied", "scribbled"])
def test_a_latch_that_cannot_be_read_halts(request_: SessionRequest, damage: str) -> None:
    traded(request_, should_stop=stopping_after(30))
    path = latch_of(request_).path
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "emptied" else b'{"level": "CLOSED"}')
    known = len(entries(request_))
    try:
        assert traded(request_).level == Level.HALT
    except RefusedError as refused:
        assert "latch" in refused.message
    assert len(entries(request_)) == known


def test_who_lost_the_right_to_send_stops_at_once(request_: SessionRequest) -> None:
    taken = False

    def take_it() -> bool:
        nonlocal taken
        if not taken:
            latch_of(request_).take_fence()
        taken = True
        return False

    with pytest.raises(RefusedError, match="another process has taken over the account"):
        traded(request_, should_stop=take_it)
    assert request_.store.journal().head()[0] < 20


def test_a_check_that_fails_trips_the_breaker(
    request_: SessionRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    traded(request_, should_stop=stopping_after(10))

    def broken(account: AccountStep, ts: int) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(session_guarded.AccountStep, "guard", broken)
    with pytest.raises(RefusedError, match=r"a check of the breaker failed \(ZeroDivisionError"):
        traded(request_)
    hold = latch_of(request_).read(must_exist=True).holds[ACCOUNT]
    assert (hold.level, hold.cause) == (Level.HALT, "check_failed")


def test_the_marks_are_there_for_others_to_read(request_: SessionRequest) -> None:
    done = traded(request_, should_stop=stopping_after(60))
    marks = read_marks(latch_of(request_).path.with_name("marks.json")) or {}
    assert marks["running"] is False
    assert float(marks["equity"]) == float((done.state.mark or {})["equity"])
    assert [each["name"] for each in marks["strategies"]] == ["eager", "rival"]
    assert {each["symbol"] for each in marks["positions"]} == {each.symbol for each in done.open_trades}
    assert marks["drawdown"] == pytest.approx(
        1 - float(marks["equity"]) / float(marks["high_water_mark"]), abs=1e-9
    )


def test_looser_limits_are_written_down(request_: SessionRequest) -> None:
    traded(request_, should_stop=stopping_after(2))
    opened = next(entry for entry in request_.store.journal().entries() if entry.kind == "session")
    assert opened.body["allow_looser"] == ["limits", "breaker", "recovery"]
