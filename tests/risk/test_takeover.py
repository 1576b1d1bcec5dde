"""Taking over: the right to send goes first, and only the trader itself is ever ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from latch_cases import held_by_another
from trader_cases import fenced, trader

from memesnipe_cli.errors import StoreBusyError
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.risk.processes import is_alive, started_ticks
from memesnipe_cli.risk.takeover import lock_holder, say_ended, taken_over, trader_lock
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths


def fence(paths: StorePaths) -> int:
    return LatchFile(paths, "paper").read(must_exist=True).fence


def change_marks(paths: StorePaths, **changes: object) -> None:
    path = marks_path(paths, "paper")
    write_marks(path, {**(read_marks(path) or {}), **changes})


def test_without_a_trader_the_fence_is_taken_and_the_account_is_held(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    with taken_over(paths, "paper") as taken:
        assert (taken.pid, taken.fence, taken.words) == (None, fence(paths), "no trader ran")
        with pytest.raises(StoreBusyError), Journal(paths, "paper").held():
            pass
    with Journal(paths, "paper").held():
        pass
    assert fence(paths) > 0


def test_an_account_without_a_latch_is_not_halted_by_it(tmp_path: Path) -> None:
    paths = StorePaths(tmp_path / "store")
    with taken_over(paths, "paper") as taken:
        assert taken.fence is None
    assert LatchFile(paths, "paper").read(must_exist=False).level() is Level.CLOSED


def test_a_living_trader_ends_by_itself(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    with trader(paths, "obedient") as process:
        with taken_over(paths, "paper", 10.0) as taken:
            assert (taken.pid, taken.ended) == (process.pid, "lost its right to send and ended by itself")
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("manner", "stopped", "words", "code"),
    [
        ("hanging", False, "was ended by SIGTERM", -signal.SIGTERM),
        ("deaf", False, "did not react and was ended by SIGKILL", -signal.SIGKILL),
        ("hanging", True, "did not react and was ended by SIGKILL", -signal.SIGKILL),
    ],
)
def test_a_trader_that_hangs_is_ended_by_its_pid(
    tmp_path: Path, manner: str, stopped: bool, words: str, code: int
) -> None:
    paths = fenced(tmp_path)
    with trader(paths, manner) as process:
        if stopped:
            process.send_signal(signal.SIGSTOP)
        with taken_over(paths, "paper", 0.1) as taken:
            assert (taken.pid, taken.ended) == (process.pid, words)
        assert process.wait(10) == code


def test_nobody_waits_for_who_hangs_with_the_latch_in_his_hands(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    latch_lock = LatchFile(paths, "paper").folder / "latch.lock"
    with trader(paths, "obedient") as process, held_by_another(latch_lock):
        process.send_signal(signal.SIGSTOP)
        with taken_over(paths, "paper") as taken:
            assert (taken.fence, taken.ended) == (None, "did not react and was ended by SIGKILL")
        assert process.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"host": "elsewhere"}, "another machine"),
        ({"pid": None}, "no marks that say"),
        ({"started": "12"}, "runs no more"),
        ({"pid": os.getpid(), "started": started_ticks(os.getpid())}, "does not hold it"),
    ],
)
def test_no_other_process_is_ever_ended(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    paths = fenced(tmp_path)
    before = fence(paths)
    with trader(paths, "hanging") as process:
        change_marks(paths, **changes)
        with (
            pytest.raises(StoreBusyError, match=f"pid {process.pid} .*not ended.*{why}"),
            taken_over(paths, "paper", 0.05),
        ):
            pass
        assert process.poll() is None
        assert fence(paths) > before


def test_a_holder_without_marks_is_left_alone(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    with trader(paths, "unmarked") as process:
        with pytest.raises(StoreBusyError, match="no marks"), taken_over(paths, "paper", 0.05):
            pass
        assert process.poll() is None


def test_who_holds_the_account_is_known_without_taking_its_lock(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    lock = trader_lock(paths, "paper")
    assert lock_holder(lock) is None
    with trader(paths, "hanging") as process:
        holder = lock_holder(lock)
        assert holder is not None and holder.pid == process.pid
    assert lock_holder(lock) is None


def test_the_end_of_a_trader_is_told_when_the_work_is_done(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    with trader(paths, "hanging"):
        with taken_over(paths, "paper", 0.05):
            assert (read_marks(marks_path(paths, "paper")) or {})["running"] is True
        say_ended(paths, "paper")
    assert (read_marks(marks_path(paths, "paper")) or {})["running"] is False


def test_a_killed_process_whose_parent_sleeps_is_dead(tmp_path: Path) -> None:
    paths = fenced(tmp_path)
    with trader(paths, "hanging") as process:
        started = started_ticks(process.pid)
        assert is_alive(process.pid, started)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not asked for yet
        assert not is_alive(process.pid, started)
