"""Tripping and resetting by hand: in the latch, in the journal, refused where the rules say so."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from latch_cases import CLOSED, EMERGENCY, HALT, STRATEGY, held_by_another, in_child

from memesnipe_cli import clock
from memesnipe_cli.errors import RefusedError, StoreBusyError, StoreError, UsageError
from memesnipe_cli.risk import control
from memesnipe_cli.risk.breaker_journal import history
from memesnipe_cli.risk.latch import ACCOUNT, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, write_marks
from memesnipe_cli.risk.spool import merge_spool, waiting
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

NOW = clock.parse_time("2025-03-01T12:00:00Z")
LIVE_SESSION = {"session": "paper-1", "rules": {"assumed_reset_ms": None}}


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    return StorePaths(tmp_path / "store")


def lines(paths: StorePaths) -> list[dict[str, Any]]:
    return [entry.body for entry in Journal(paths).entries() if entry.kind == "breaker"]


def trip(paths: StorePaths, scope: str = ACCOUNT, level: Level = HALT) -> control.Tripped:
    return control.trip(paths, "paper", scope, level, "prices make\n no sense")


def reset(paths: StorePaths, scope: str = ACCOUNT) -> control.Reset:
    return control.reset(paths, "paper", scope, "understood", daily_halt=0.03, lifetime_halt=0.2)


def left_marks(paths: StorePaths, **marks: Any) -> None:
    LatchFile(paths, "paper").create()
    write_marks(marks_path(paths, "paper"), marks)


def test_a_trip_is_in_the_latch_and_in_the_journal(paths: StorePaths) -> None:
    left_marks(paths, equity="190.5", high_water_mark="200", drawdown=0.0475, daily_loss=0.01)
    done = trip(paths)
    assert (done.latch.level(), done.changed, done.unjournalled) == (HALT, True, "")
    (line,) = lines(paths)
    assert line["reason"] == "prices make no sense"
    assert (line["action"], line["scope"], line["level"], line["cause"]) == (
        "trip",
        "account",
        "HALT",
        "manual",
    )
    assert (line["equity"], line["drawdown"], line["by"]) == ("190.5", "0.0475", "person")
    assert line["generation"] == done.latch.generation


def test_a_trip_below_what_stands_changes_nothing(paths: StorePaths) -> None:
    trip(paths, level=EMERGENCY)
    again = trip(paths, level=HALT)
    assert (again.changed, again.latch.level(), len(lines(paths))) == (False, EMERGENCY, 1)


def test_an_account_can_be_stopped_before_it_trades_and_only_what_was_named(paths: StorePaths) -> None:
    latch = trip(paths, STRATEGY).latch
    assert (latch.level(STRATEGY), latch.level(), latch.problem) == (HALT, CLOSED, "")
    assert not control.has_traded(paths, "paper")


def test_a_latch_that_was_lost_is_not_replaced_by_a_trip(paths: StorePaths) -> None:
    Journal(paths).append("session", LIVE_SESSION)
    assert control.read_latch(paths, "paper").holds[ACCOUNT].cause == "latch_missing"
    latch = trip(paths, STRATEGY).latch
    assert (latch.level(STRATEGY), latch.level()) == (HALT, HALT)


def test_a_replay_that_acknowledges_by_itself_has_no_latch_to_lose(paths: StorePaths) -> None:
    Journal(paths).append("session", {"session": "shadow-1", "rules": {"assumed_reset_ms": "43200000"}})
    Journal(paths).append("breaker", {"action": "level", "level": "HALT", "scope": "account"})
    assert control.read_latch(paths, "paper").level() is CLOSED


@pytest.mark.parametrize("reason", ["", " \n\t"])
def test_a_reason_is_needed(paths: StorePaths, reason: str) -> None:
    with pytest.raises(UsageError, match="--reason is empty"):
        control.trip(paths, "paper", ACCOUNT, HALT, reason)
    assert not paths.root.exists()


def test_broken_text_as_a_reason_does_not_keep_a_trip_back(paths: StorePaths) -> None:
    assert control.trip(paths, "paper", ACCOUNT, HALT, "caf\udce9").latch.holds[ACCOUNT].reason == "caf?"


# --- the kill path waits for nobody -------------------------------------------------------------------------


def test_a_stopped_process_that_holds_every_lock_keeps_no_trip_back(paths: StorePaths) -> None:
    file = LatchFile(paths, "paper")
    file.create()
    Journal(paths).append("fact", {})
    locks = (file.folder / "latch.lock", file.folder / "spool.lock", paths.account("paper") / "lock")
    with held_by_another(*locks) as holder:
        holder.send_signal(signal.SIGSTOP)
        done = trip(paths, level=EMERGENCY)
        assert (done.latch.level(), len(waiting(paths, "paper"))) == (EMERGENCY, 1)
        assert "is locked by" in done.unjournalled
        rows, problem = history(paths, "paper")
        assert [(row["seq"], row["level"]) for row in rows] == [(None, "EMERGENCY")] and problem
    assert merge_spool(Journal(paths), paths, "paper") == 1
    assert merge_spool(Journal(paths), paths, "paper") == 0
    assert [line["level"] for line in lines(paths)] == ["EMERGENCY"]


def test_a_trip_stands_although_the_journal_is_broken(paths: StorePaths) -> None:
    Journal(paths).append("fact", {})
    (paths.account("paper") / "000001.jsonl").write_bytes(b"not a line\n")
    done = trip(paths)
    assert done.latch.level() is HALT and "000001.jsonl" in done.unjournalled


def test_a_trip_that_is_killed_anywhere_is_journalled_once_at_most(tmp_path: Path) -> None:
    journalled = []
    for call in range(1, 80):
        paths = StorePaths(tmp_path / str(call))
        LatchFile(paths, "paper").create()
        Journal(paths).append("fact", {})
        ended = in_child(lambda paths=paths: trip(paths), dies_at=call)
        latch = LatchFile(paths, "paper").read(must_exist=True)
        merge_spool(Journal(paths), paths, "paper")
        found = len(lines(paths))
        assert latch.problem == "" and found <= (latch.level() is HALT)
        assert waiting(paths, "paper") == []
        journalled.append(found)
        if ended:
            assert journalled[-1] == 1 and journalled == sorted(journalled)
            return
    raise AssertionError("the trip never came to its end")


# --- reset --------------------------------------------------------------------------------------------------


def test_a_reset_is_journalled_with_what_it_cleared(paths: StorePaths) -> None:
    trip(paths)
    done = reset(paths)
    assert done.latch.level() is CLOSED and done.cleared is not None and done.cleared.level is HALT
    line = lines(paths)[-1]
    assert (line["action"], line["level"], line["was"], line["reason"]) == (
        "reset",
        "CLOSED",
        "HALT",
        "understood",
    )


def test_nothing_to_reset_changes_nothing(paths: StorePaths) -> None:
    trip(paths, STRATEGY)
    before = control.read_latch(paths, "paper")
    done = reset(paths)
    assert (done.cleared, done.latch, len(lines(paths))) == (None, before, 1)


def test_a_loss_of_today_lasts_until_tomorrow(paths: StorePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    left_marks(paths, time="2025-03-01T11:55:00Z", daily_loss=0.031, lifetime_drawdown=0.031)
    trip(paths)
    monkeypatch.setattr(clock, "now_ms", lambda: NOW)
    with pytest.raises(RefusedError, match=r"lost 3\.10% today; from 3\.00% on .* until the next day"):
        reset(paths)
    assert control.read_latch(paths, "paper").level() is HALT
    monkeypatch.setattr(clock, "now_ms", lambda: NOW + clock.DAY_MS // 2)
    assert reset(paths).latch.level() is CLOSED


def test_a_lifetime_loss_is_not_lifted(paths: StorePaths) -> None:
    left_marks(paths, time="2025-03-01T11:55:00Z", daily_loss=0.0, lifetime_drawdown=0.2)
    trip(paths)
    trip(paths, STRATEGY)
    with pytest.raises(RefusedError, match="no reset lifts the halt"):
        reset(paths)
    assert reset(paths, STRATEGY).latch.level(STRATEGY) is CLOSED


def test_a_reset_that_the_journal_cannot_take_is_none(
    paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip(paths)
    monkeypatch.setattr(control, "RESET_JOURNAL_S", 0.05)
    with (
        held_by_another(paths.account("paper") / "lock"),
        pytest.raises(StoreBusyError, match="the journal 'paper' is locked"),
    ):
        reset(paths)
    assert control.read_latch(paths, "paper").level() is HALT
    assert len(lines(paths)) == 1


def test_a_reset_that_is_killed_anywhere_is_in_the_journal_if_it_happened(tmp_path: Path) -> None:
    for call in range(1, 80):
        paths = StorePaths(tmp_path / str(call))
        trip(paths)
        ended = in_child(lambda paths=paths: reset(paths), dies_at=call)
        closed = control.read_latch(paths, "paper").level() is CLOSED
        assert not closed or lines(paths)[-1]["action"] == "reset"
        if ended:
            assert closed
            return
    raise AssertionError("the reset never came to its end")


def test_a_reset_of_a_broken_latch_finds_the_other_halts_in_the_journal(paths: StorePaths) -> None:
    Journal(paths).append("session", LIVE_SESSION)
    LatchFile(paths, "paper").create()
    trip(paths, STRATEGY, EMERGENCY)
    trip(paths, "symbol:DOGE/USD")
    reset(paths, "symbol:DOGE/USD")
    file = LatchFile(paths, "paper")
    file.path.write_bytes(b"")
    assert file.take_fence() > 0, "the right to send can be taken away on a broken latch too"
    latch = reset(paths).latch
    assert {scope: hold.level for scope, hold in latch.holds.items()} == {STRATEGY: EMERGENCY}


def test_where_nothing_can_be_written_a_trip_fails_loudly(
    paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_marks(paths)

    def refused(*args: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(StoreError, match="NOTHING IS STOPPED"):
        trip(paths)
