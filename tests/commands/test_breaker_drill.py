"""The drill, whole: real processes, every step, one line in the journal, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memesnipe_cli import clock
from memesnipe_cli.checks.drills import check_drills
from memesnipe_cli.risk.drill import DrillReport, StepResult, journal_drill, last_drill
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

Memesnipe = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_drill_passes_every_step_and_is_journalled(tmp_path: Path, memesnipe: Memesnipe) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    done = memesnipe(
        "--store", str(tmp_path / "own"), "--json", "breaker", "drill", timeout=180, TMPDIR=str(rooms)
    )
    said = json.loads(done.stdout)
    assert [(step["name"], step["passed"]) for step in said["steps"]] == [
        (name, True) for name in ("ladder", "restart", "trip", "latch", "hung", "dead", "lock")
    ], said
    assert done.returncode == 0 and said["passed"] and "Traceback" not in done.stderr
    assert list(rooms.iterdir()) == []
    journal = Journal(StorePaths(tmp_path / "own"))
    entries = [entry for entry in journal.entries() if entry.kind == "drill"]
    assert len(entries) == 1
    assert [step["name"] for step in entries[0].body["steps"]] == [step["name"] for step in said["steps"]]
    last = last_drill(journal)
    assert last is not None and (last.at, last.passed, last.passed_at) == (said["at"], True, said["at"])


def children_of(pid: int) -> set[int]:
    """The living processes that a process has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.add(int(folder.name))
    return found


def is_running(pid: int) -> bool:
    """Whether a process still runs; one that has ended may be listed until somebody has taken note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_drill_that_is_interrupted_leaves_nothing(tmp_path: Path, sent: signal.Signals) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    line = [sys.executable, "-m", "memesnipe_cli", "--store", str(tmp_path / "own"), "breaker", "drill"]
    with subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(rooms)},
    ) as process:
        give_up = time.monotonic() + 60
        while not (started := children_of(process.pid)):
            assert process.poll() is None and time.monotonic() < give_up
            time.sleep(0.05)
        process.send_signal(sent)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == (130 if sent is signal.SIGINT else 143)
    assert "Traceback" not in out
    assert not any(is_running(pid) for pid in started)
    assert list(rooms.iterdir()) == []
    assert not (tmp_path / "own").exists()


def test_a_folder_that_holds_something_is_not_drilled_in(tmp_path: Path, memesnipe: Memesnipe) -> None:
    (tmp_path / "mine").write_text("precious")
    done = memesnipe("--store", str(tmp_path / "own"), "breaker", "drill", "--keep", str(tmp_path))
    assert done.returncode == 2 and "is not empty" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_the_last_drill_and_the_last_one_that_passed(tmp_path: Path) -> None:
    journal = Journal(StorePaths(tmp_path / "own"))
    assert last_drill(journal) is None
    for day, passed in ((1, False), (2, True), (3, False)):
        step = StepResult("ladder", "must", passed, "seen", 1.0)
        journal_drill(journal, DrillReport(f"2025-01-0{day}T00:00:00Z", [step], 1.0, "1"))
    last = last_drill(journal)
    assert last is not None
    assert (last.at, last.passed, last.passed_at) == ("2025-01-03T00:00:00Z", False, "2025-01-02T00:00:00Z")


def test_doctor_tells_how_old_the_last_drill_is(tmp_path: Path) -> None:
    journal = Journal(StorePaths(tmp_path))
    assert check_drills(tmp_path) == []
    journal.append("note", {})
    assert [row["severity"] for row in check_drills(tmp_path)] == ["info"]
    for days, passed, severity in ((40, True, "warning"), (3, True, "ok"), (2, False, "error")):
        at = clock.format_time(clock.now_ms() - days * clock.DAY_MS)
        journal_drill(journal, DrillReport(at, [StepResult("ladder", "must", passed, "seen", 1.0)], 1.0, "1"))
        (row,) = check_drills(tmp_path)
        assert row["severity"] == severity and f"{days} days ago" in row["message"]
