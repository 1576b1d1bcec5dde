"""What the watch takes a trader for, and that it steps in once, and only where it may."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from trader_cases import fenced, trader

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreBusyError
from memesnipe_cli.risk import takeover, watch
from memesnipe_cli.risk.breaker_journal import history, standing_holds
from memesnipe_cli.risk.control import read_latch
from memesnipe_cli.risk.control import trip as trip_by_hand
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.risk.processes import started_ticks
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.risk.takeover import Holder
from memesnipe_cli.risk.watch import Closing, Sight, Trader, Watch, step_in
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

LIMIT_S = 5.0
POSITION = {"strategy": "own", "venue": "sim", "symbol": "DOGE/USD", "side": "long", "qty": "3"}


class Books:
    """A journal that holds one position until it is closed."""

    def __init__(self, paths: StorePaths) -> None:
        self.paths = paths
        self.reasons: list[str] = []

    def held(self) -> list[dict[str, Any]]:
        return [] if self.reasons else [POSITION]

    def close(self, reason: str) -> Closing:
        with pytest.raises(StoreBusyError), Journal(self.paths, "paper").held():
            pass  # who closes holds the account
        held = self.held()
        self.reasons.append(reason)
        return Closing(held, [], [{**each, "price": "0.1"} for each in held])


def marked(paths: StorePaths, **changes: object) -> None:
    """Marks of this very process, which trades; `changes` in them."""
    marks = {
        "pid": os.getpid(),
        "started": started_ticks(os.getpid()),
        "host": os.uname().nodename,
        "running": True,
        "beat": clock.format_time(clock.now_ms()),
        "level": "CLOSED",
        "positions": [POSITION],
    }
    write_marks(marks_path(paths, "paper"), {**marks, **changes})


def state(paths: StorePaths) -> Trader:
    return Watch(paths, "paper", LIMIT_S).look(by_wall_clock=True).trader


def ago(seconds: float) -> str:
    return clock.format_time(clock.now_ms() - int(seconds * 1000))


def test_what_a_trader_is_taken_for(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    assert state(paths) is Trader.NONE
    marked(paths)
    assert state(paths) is Trader.RUNNING
    marked(paths, beat=ago(LIMIT_S + 1))
    assert state(paths) is Trader.HUNG
    marked(paths, beat="yesterday")
    assert state(paths) is Trader.HUNG
    marked(paths, started="1")
    assert state(paths) is Trader.DEAD
    marked(paths, running=False, beat=ago(3600))
    assert state(paths) is Trader.ENDED
    marked(paths, host="elsewhere", beat=ago(3600))
    assert state(paths) is Trader.ELSEWHERE


def test_who_holds_the_account_and_shows_no_marks_is_starting_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = fenced(tmp_path)
    with trader(paths, "unmarked") as process:
        assert state(paths) is Trader.STARTING
        marked(paths, started="1")  # of a former trader that was killed
        assert state(paths) is Trader.STARTING
        long_ago = Holder(process.pid, clock.now_ms() - 3_600_000)
        monkeypatch.setattr(watch, "lock_holder", lambda lock: long_ago)
        assert state(paths) is Trader.HUNG


def test_a_clock_that_is_set_or_a_machine_that_slept_makes_nobody_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = fenced(tmp_path)
    marked(paths, beat=ago(3600))
    now = 100.0
    monkeypatch.setattr("memesnipe_cli.risk.watch.time.monotonic", lambda: now)
    looking = Watch(paths, "paper", LIMIT_S)
    assert looking.look().trader is Trader.RUNNING
    now += LIMIT_S + 0.1
    assert looking.look().trader is Trader.HUNG
    marked(paths, beat=ago(3599))
    assert looking.look().trader is Trader.RUNNING


def test_a_dead_trader_has_its_time_to_be_started_again(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    marked(paths, started="1", beat=ago(LIMIT_S - 2))
    first = Watch(paths, "paper", LIMIT_S).look(by_wall_clock=True)
    assert (first.trader, first.due) == (Trader.DEAD, False)
    marked(paths, started="1", beat=ago(LIMIT_S + 1))
    second = Watch(paths, "paper", LIMIT_S).look(by_wall_clock=True)
    assert (second.trader, second.due) == (Trader.DEAD, True)
    with trader(paths, "unmarked"):
        assert not Watch(paths, "paper", LIMIT_S).look(by_wall_clock=True).due


def test_a_sight_tells_level_cause_and_damage(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    marked(paths)
    looking = Watch(paths, "paper", LIMIT_S)
    first = looking.look()
    assert (first.level, first.cause, first.positions, first.problem) == (Level.CLOSED, None, 1, "")
    trip_by_hand(paths, "paper", ACCOUNT, Level.HALT, "because")
    second = looking.look()
    assert (second.level, second.cause) == (Level.HALT, "manual") and second.seen != first.seen
    assert looking.look().seen == second.seen
    LatchFile(paths, "paper").path.unlink()
    third = looking.look()
    assert third.level is Level.HALT and "missing" in third.problem and third.seen != second.seen


def test_a_hung_trader_is_halted_ended_and_closed_once(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    books = Books(paths)
    with trader(paths, "hanging") as process:
        marks = read_marks(marks_path(paths, "paper")) or {}
        write_marks(marks_path(paths, "paper"), {**marks, "beat": ago(60)})
        process.send_signal(signal.SIGSTOP)
        looking = Watch(paths, "paper", LIMIT_S)
        sight = looking.look(by_wall_clock=True)
        assert (sight.trader, sight.pid) == (Trader.HUNG, process.pid)
        line = step_in(paths, sight, books, 0.05)
        assert process.wait(10) == -signal.SIGKILL
    assert line["held"] == [POSITION] and line["closed"][0]["price"] == "0.1"
    assert line["journal_waits"] is None and "no sign of life for 6" in line["reason"]
    assert read_latch(paths, "paper").level() is Level.HALT
    assert looking.look().trader is Trader.ENDED
    rows = history(paths, "paper")[0]
    assert [(row["action"], row["by"], row["cause"]) for row in rows] == [
        ("trip", "watch", "dead_trader"),
        ("watch", "watch", "dead_trader"),
    ]
    assert [hold.level for hold in standing_holds(Journal(paths, "paper")).values()] == [Level.HALT]


def test_stepping_in_again_changes_and_closes_nothing_more(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    marked(paths, started="1")
    books = Books(paths)
    sight = Watch(paths, "paper", LIMIT_S).look()
    assert sight.trader is Trader.DEAD
    step_in(paths, sight, books)
    before = read_latch(paths, "paper")
    again = step_in(paths, sight, books)
    after = read_latch(paths, "paper")
    assert (again["held"], again["closed"]) == ([], [])
    assert before.holds == after.holds
    assert [row["action"] for row in history(paths, "paper")[0]] == ["trip", "watch", "watch"]


def test_a_stronger_level_stays(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    marked(paths, started="1")
    trip_by_hand(paths, "paper", ACCOUNT, Level.EMERGENCY, "because")
    step_in(paths, Watch(paths, "paper", LIMIT_S).look(), Books(paths))
    hold = read_latch(paths, "paper").holds[ACCOUNT]
    assert (hold.level, hold.cause) == (Level.EMERGENCY, "manual")


def test_where_the_account_cannot_be_had_the_halt_stands_and_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = fenced(tmp_path)
    books = Books(paths)
    monkeypatch.setattr(takeover, "_TERM_S", 0.1)
    with trader(paths, "unmarked") as process:
        marked(paths, started="1")
        sight = Sight("paper", Level.CLOSED, None, Trader.DEAD, 1, None, 1, None, "")
        with pytest.raises(StoreBusyError, match="is not ended"):
            step_in(paths, sight, books, 0.05)
        assert process.poll() is None
    assert books.reasons == []
    assert read_latch(paths, "paper").level() is Level.HALT
    assert (read_marks(marks_path(paths, "paper")) or {})["running"] is True
