"""The latch: it holds what was tripped until a person resets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from latch_cases import CLOSED, EMERGENCY, HALT, STRATEGY, SYMBOL, held_by_another, hold, in_child, latch_file

from memesnipe_cli.errors import RefusedError, StoreBusyError, UsageError
from memesnipe_cli.risk.latch import ACCOUNT
from memesnipe_cli.risk.levels import Level


def test_an_account_that_never_began_has_nothing_stopped_and_writes_nothing(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    latch = file.read(must_exist=False)
    assert (latch.level(), latch.problem) == (CLOSED, "")
    assert not (tmp_path / "store").exists()


def test_a_latch_that_must_be_there_and_is_not_is_a_halt(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    latch = file.read(must_exist=True)
    assert (latch.level(), latch.holds[ACCOUNT].cause) == (HALT, "latch_missing")
    assert str(file.path) in latch.problem
    file.create()
    file.path.unlink()
    assert file.read(must_exist=False).level() is HALT


def test_what_is_created_is_closed_and_creating_again_changes_nothing(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    assert (file.create().level(), file.create().problem) == (CLOSED, "")
    file.trip(ACCOUNT, hold())
    assert file.create().level() is HALT
    file.path.unlink()
    assert file.create().level() is HALT, "a lost latch is not replaced by a fresh one"
    assert [each.name for each in file.folder.parent.iterdir()] == ["paper"]


def test_a_trip_stops_its_own_scope_and_says_why(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    file.trip(STRATEGY, hold(cause="strategy_drawdown"))
    latch = latch_file(tmp_path).read(must_exist=True)
    assert (latch.level(STRATEGY), latch.level(SYMBOL), latch.level()) == (HALT, CLOSED, CLOSED)
    assert latch.holds[STRATEGY] == hold(cause="strategy_drawdown")


def test_a_trip_raises_and_never_lowers(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    first = file.trip(ACCOUNT, hold(EMERGENCY, "drawdown"))
    assert file.trip(ACCOUNT, hold(HALT)) == first
    assert file.trip(ACCOUNT, hold(EMERGENCY)).holds[ACCOUNT].cause == "drawdown"


def test_a_reset_clears_one_scope_and_is_counted(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    file.trip(ACCOUNT, hold())
    latch = file.trip(STRATEGY, hold())
    after = file.reset(ACCOUNT, latch.generation)
    assert (after.level(), after.level(STRATEGY)) == (CLOSED, HALT)
    assert after.generation > latch.generation
    again = file.reset(ACCOUNT, file.trip(ACCOUNT, hold()).generation)
    assert again.resets[ACCOUNT] > after.resets[ACCOUNT] > 0


def test_a_reset_loses_against_a_trip_that_came_in_between(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    seen = file.trip(ACCOUNT, hold())
    file.trip(ACCOUNT, hold(EMERGENCY))
    with pytest.raises(RefusedError, match="changed in this moment: nothing was reset"):
        file.reset(ACCOUNT, seen.generation)
    assert file.read(must_exist=True).level() is EMERGENCY


def test_a_reset_that_cannot_be_recorded_is_no_reset(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    latch = file.trip(ACCOUNT, hold())

    def busy() -> None:
        raise StoreBusyError("the journal is busy")

    with pytest.raises(StoreBusyError):
        file.reset(ACCOUNT, latch.generation, before=busy)
    assert file.read(must_exist=True) == latch


def test_each_fence_is_above_the_one_before_also_after_a_loss(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    first, second = file.take_fence(), file.take_fence()
    assert file.read(must_exist=True).fence == second > first
    file.path.unlink()
    lost = latch_file(tmp_path)
    lost.reset(ACCOUNT, lost.read(must_exist=True).generation)
    assert lost.read(must_exist=True).fence > second


@pytest.mark.parametrize("level", [Level.CLOSED, Level.WARNING])
def test_a_warning_does_not_latch(tmp_path: Path, level: Level) -> None:
    with pytest.raises(UsageError, match="does not latch"):
        latch_file(tmp_path).trip(ACCOUNT, hold(level))


@pytest.mark.parametrize("scope", ["", "everything", "strategy:", "symbol: ", "symbol:DOGE\n"])
def test_what_is_no_scope_cannot_be_tripped(tmp_path: Path, scope: str) -> None:
    with pytest.raises(UsageError, match="nothing that a breaker can stop"):
        latch_file(tmp_path).trip(scope, hold())


# --- others who write ---------------------------------------------------------------------------------------


def test_a_trip_does_not_wait_for_a_holder_of_the_lock_that_hangs(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    with held_by_another(file.folder / "latch.lock"):
        assert file.trip(ACCOUNT, hold(EMERGENCY)).level() is EMERGENCY
        assert file.trip(STRATEGY, hold()).level(STRATEGY) is HALT
        assert latch_file(tmp_path).read(must_exist=False).level() is EMERGENCY
        with pytest.raises(StoreBusyError, match="the breaker latch of account 'paper' is locked by"):
            file.take_fence()
    before = file.read(must_exist=True)
    file.take_fence()
    after = file.read(must_exist=True)
    assert (after.holds, list((file.folder / "trips").iterdir())) == (before.holds, [])


def test_what_a_slow_writer_read_before_does_not_undo_a_trip(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    latch = file.trip(STRATEGY, hold())
    # The reset has read the latch and holds the lock when the trip comes.
    after = file.reset(
        STRATEGY, latch.generation, before=lambda: latch_file(tmp_path).trip(ACCOUNT, hold(EMERGENCY))
    )
    assert (after.level(STRATEGY), after.level()) == (CLOSED, EMERGENCY)


def test_trips_of_many_processes_all_stand(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.create()
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from latch_cases import *\n"
        "file = latch_file(Path(sys.argv[2]))\n"
        "for n in range(15): file.trip(f'strategy:{sys.argv[3]}-{n}', hold())\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path), str(n)])
        for n in range(4)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    latch = file.read(must_exist=True)
    assert set(latch.holds) == {f"strategy:{writer}-{n}" for writer in range(4) for n in range(15)}


def test_a_trip_that_is_killed_anywhere_stands_or_does_not(tmp_path: Path) -> None:
    for call in range(1, 60):
        folder = tmp_path / str(call)
        file = latch_file(folder)
        file.create()
        file.trip(STRATEGY, hold())
        ended = in_child(lambda file=file: file.trip(ACCOUNT, hold(EMERGENCY)), dies_at=call)
        latch = file.read(must_exist=True)
        assert (latch.problem, latch.level(STRATEGY)) == ("", HALT)
        assert latch.level() in (CLOSED, EMERGENCY)
        assert file.trip(ACCOUNT, hold(EMERGENCY)).level() is EMERGENCY
        if ended:
            assert latch.level() is EMERGENCY and call > 4
            return
    raise AssertionError("the trip never came to its end")


def test_creating_that_is_killed_anywhere_leaves_all_or_nothing(tmp_path: Path) -> None:
    for call in range(1, 30):
        file = latch_file(tmp_path / str(call))
        ended = in_child(file.create, dies_at=call)
        assert file.read(must_exist=False).level() is CLOSED
        assert file.create().problem == ""
        if ended:
            return
    raise AssertionError("it never came to its end")
