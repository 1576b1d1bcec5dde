"""`breaker watch --act` on a live account: a dead trader's position is closed at the venue, and where that cannot be
done it is said what stands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from trade_live_cases import SYMBOL, Scene, live_scene, with_position

from memesnipe_cli import clock
from memesnipe_cli.records import time_text
from memesnipe_cli.risk.control import read_latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with live_scene(tmp_path, monkeypatch) as made:
        with_position(made)
        yield made


def dead(scene: Scene) -> int:
    """As after kill -9, a while ago: the pid of the trader that was."""
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    path = marks_path(scene.rig.store.paths, "live")
    marks, beat = read_marks(path) or {}, time_text(clock.now_ms() - 20_000)
    write_marks(path, {**marks, "running": True, "pid": int(gone.stdout), "beat": beat})
    return int(gone.stdout)


def test_what_a_dead_trader_held_is_closed_at_the_venue(scene: Scene, capsys: Capture) -> None:
    pid = dead(scene)
    scene.give_key("watchdog")
    code, (seen,) = scene.rows(capsys, "breaker", "watch", "--once")
    assert (code, seen["trader"], seen["pid"]) == (1, "dead", pid)
    code, (seen,) = scene.rows(capsys, "breaker", "watch", "--once", "--act", "--limit", "1")
    action = seen["action"]
    assert (code, action["left"], len(action["closed"])) == (0, [], 1)
    assert action["held"][0]["protection"] == "covered"
    assert not scene.rig.book().held("up_down", SYMBOL) and not scene.server.open_orders()
    assert read_latch(scene.rig.store.paths, "live").level() is Level.HALT
    uses = [each.body for each in scene.rig.store.journal("live").entries() if each.kind == "key_use"]
    assert (uses[-1]["name"], uses[-1]["purpose"]) == ("watchdog", "watch")
    scene.rig.assert_whole()
    code, (seen,) = scene.rows(capsys, "breaker", "watch", "--once", "--act", "--limit", "1")
    assert (code, seen["trader"], seen["action"]) == (0, "ended", None)


def test_without_a_key_it_halts_and_says_which_stops_rest(scene: Scene, capsys: Capture) -> None:
    dead(scene)
    for key in scene.credentials.iterdir():
        key.unlink()
    code, _, err = scene.say(capsys, "breaker", "watch", "--once", "--act", "--limit", "1")
    assert code == 1 and "there is no key kraken/trade" in err
    assert f"{SYMBOL} 39.4" in err and "its stop rests at the venue at 0.0910003" in err
    assert read_latch(scene.rig.store.paths, "live").level() is Level.HALT
    assert len(scene.server.open_orders()) == 1


def test_doctor_says_whether_it_could_be_closed_unattended(scene: Scene, capsys: Capture) -> None:
    def row() -> dict[str, str]:
        _, found = scene.rows(capsys, "doctor")
        (watch,) = [each for each in found if each["check"] == "watch"]
        return watch

    assert row()["severity"] == "ok" and "kraken/trade" in row()["message"]
    scene.server.set_rights([*scene.server.rights, "withdraw-funds"])
    assert row()["severity"] == "error"


def test_its_start_proves_that_the_key_can_be_read_and_goes_on_where_it_cannot(scene: Scene) -> None:
    def first_words() -> str:
        line = [sys.executable, "-m", "memesnipe_cli", *scene.words("breaker", "watch", "--act")]
        with subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert "trader ended" in process.stdout.readline()
                process.terminate()
                _, said = process.communicate(timeout=10)
            finally:
                process.kill()
        return said

    assert "it could close account live now: kraken/trade" in first_words()
    scene.server.set_rights(["query-funds", "query-open-trades"])
    assert "account live could NOT be closed now" in first_words()
