"""`memesnipe breaker watch`, `trade flatten` and `breaker trip --flatten` beside a real trader."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from trade_market import account

from memesnipe_cli.cli import run
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.risk.control import read_latch
from memesnipe_cli.risk.drill_market import Scene, set_scene
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks
from memesnipe_cli.store.paths import StorePaths

Say = Callable[..., tuple[int, list[dict[str, Any]]]]


@contextmanager
def trading(scene: Scene, speed: float) -> Iterator[subprocess.Popen[str]]:
    """`memesnipe trade` as a process, from the moment it holds its position, which it then keeps."""
    with subprocess.Popen(
        [sys.executable, "-m", "memesnipe_cli", "-q", *scene.trade("paper", speed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if json.loads(line).get("event") == "entry_fill":
                    break
            yield process
        finally:
            process.kill()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return set_scene(tmp_path)


@pytest.fixture
def say(scene: Scene, capsys: pytest.CaptureFixture[str]) -> Say:
    """A command line in this process: its exit code and its records."""

    def tell(*args: str) -> tuple[int, list[dict[str, Any]]]:
        capsys.readouterr()
        code = run([*scene.options(), "--jsonl", *args], os.environ)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return tell


def holds(folder: Path) -> bool:
    state = account(folder)
    return any(state.slots[slot, layout.LOTS] for slot in state.busy())


def test_a_trader_that_waits_for_its_next_bar_shows_signs_of_life(tmp_path: Path, scene: Scene) -> None:
    path = marks_path(StorePaths(tmp_path / "store"), "paper")
    with trading(scene, 0.5) as process:
        beats = set()
        bars = set()
        give_up = time.monotonic() + 20
        while len(beats) < 4 and time.monotonic() < give_up and process.poll() is None:
            marks = read_marks(path) or {}
            beats.add(marks.get("beat"))
            bars.add(marks.get("time"))
            time.sleep(0.05)
        assert len(beats) >= 4 and len(bars) < len(beats)


def test_the_watch_sees_a_dead_trader_and_only_with_act_steps_in(
    tmp_path: Path, scene: Scene, say: Say
) -> None:
    with trading(scene, 4) as process:
        code, seen = say("breaker", "watch", "--once")
        assert (code, seen[0]["trader"], seen[0]["pid"]) == (0, "running", process.pid)
        process.kill()
        process.wait(10)
    assert holds(tmp_path)
    code, seen = say("breaker", "watch", "--once")
    assert (code, seen[0]["trader"], seen[0]["level"]) == (1, "dead", "CLOSED")
    assert holds(tmp_path)
    code, seen = say("breaker", "watch", "--once", "--act", "--limit", "1")
    action = seen[0]["action"]
    assert code == 0 and action["closed"] and action["left"] == []
    assert [(each["symbol"], each["qty"]) for each in action["held"]] == [
        (each["symbol"], each["qty"]) for each in action["closed"]
    ]
    assert not holds(tmp_path)
    assert read_latch(StorePaths(tmp_path / "store"), "paper").level() is Level.HALT
    code, seen = say("breaker", "watch", "--once", "--act", "--limit", "1")
    assert (code, seen[0]["trader"], seen[0]["action"]) == (0, "ended", None)
    assert say("breaker", "status")[1][0]["positions"] == []


def test_the_watch_goes_on_and_tells_every_change(tmp_path: Path, scene: Scene) -> None:
    line = [sys.executable, "-m", "memesnipe_cli", *scene.options(), "--jsonl", "breaker", "watch", "--act"]
    with (
        trading(scene, 4) as process,
        subprocess.Popen(
            [*line, "--interval", "0.1", "--limit", "1.5"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as watching,
    ):
        assert watching.stdout is not None
        try:
            first = json.loads(watching.stdout.readline())
            assert (first["trader"], first["level"]) == ("running", "CLOSED")
            process.send_signal(signal.SIGSTOP)
            second = json.loads(watching.stdout.readline())
            assert (second["trader"], second["action"]) == ("hung", None)
            third = json.loads(watching.stdout.readline())
            assert "SIGKILL" in third["action"]["ended"] and third["action"]["closed"]
            fourth = json.loads(watching.stdout.readline())
            assert (fourth["trader"], fourth["level"]) == ("ended", "HALT")
            watching.send_signal(signal.SIGINT)
            _, err = watching.communicate(timeout=20)
            assert watching.returncode == 130 and "Traceback" not in err
        finally:
            watching.kill()
    assert not holds(tmp_path)


def test_flatten_takes_the_right_to_send_away_first(tmp_path: Path, scene: Scene, say: Say) -> None:
    with trading(scene, 2) as process:
        code, seen = say("trade", "flatten", "--symbol", "ZZZ/USD")
        assert code == 2 and process.poll() is None
        before = account(tmp_path).cash
        code, seen = say("trade", "flatten", "--reason", "away")
        assert code == 0
        _, err = process.communicate(timeout=20)
        assert process.returncode == 3 and "may not send any more" in err
    report = seen[0]
    assert f"pid {process.pid}" in report["trader"] and report["closed"] and report["left"] == []
    after = account(tmp_path)
    assert after.busy() == [] and Decimal(report["cash"]) == after.cash
    assert after.cash - before == sum(Decimal(each["cash"]) for each in report["closed"])
    assert read_latch(StorePaths(tmp_path / "store"), "paper").level() is Level.CLOSED
    code, seen = say("trade", "status")
    assert (seen[0]["positions"], seen[0]["cash"]) == (0, report["cash"])
    code, seen = say("trade", "flatten")
    assert (code, seen[0]["closed"], seen[0]["trader"]) == (0, [], "no trader ran")


def test_an_emergency_with_flatten_ends_the_trader_and_closes(tmp_path: Path, scene: Scene, say: Say) -> None:
    with trading(scene, 2) as process:
        code, seen = say("breaker", "trip", "--level", "EMERGENCY", "--flatten", "--reason", "all out")
        assert code == 0
        process.communicate(timeout=20)
        assert process.returncode == 3
    assert seen[0]["level"] == "EMERGENCY" and seen[0]["flatten"]["left"] == []
    assert account(tmp_path).busy() == []


def test_flatten_needs_an_emergency(say: Say) -> None:
    assert say("breaker", "trip", "--flatten", "--reason", "x")[0] == 2
    assert say("breaker", "status")[1][0]["level"] == "CLOSED"


def test_an_emergency_on_an_account_that_never_traded_closes_nothing(say: Say) -> None:
    code, seen = say("breaker", "trip", "--level", "EMERGENCY", "--flatten", "--reason", "x")
    assert (code, seen[0]["flatten"]) == (0, None)


def test_a_failure_to_close_leaves_the_trip_as_it_stands(tmp_path: Path, scene: Scene, say: Say) -> None:
    with trading(scene, 2) as process:
        process.send_signal(signal.SIGSTOP)
        path = marks_path(StorePaths(tmp_path / "store"), "paper")
        path.unlink()
        code, seen = say("breaker", "trip", "--level", "EMERGENCY", "--flatten", "--reason", "x")
        assert process.poll() is None
    assert code == 6 and (seen[0]["level"], seen[0]["flatten"]) == ("EMERGENCY", None)


def test_a_person_reads_what_was_done(
    tmp_path: Path, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    with trading(scene, 4) as process:
        process.kill()
        process.wait(10)
    assert run([*scene.options(), "breaker", "watch", "--once", "--act", "--limit", "1"], os.environ) == 0
    said = capsys.readouterr().out
    assert "trader dead" in said and "new positions are halted" in said and "closed " in said
