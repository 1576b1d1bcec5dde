"""A latch that is not what was written never reads as CLOSED, and a disk that refuses never passes for a stop."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from latch_cases import (
    CLOSED,
    EMERGENCY,
    HALT,
    STRATEGY,
    SYMBOL,
    held_by_another,
    hold,
    in_child,
    latch_file,
)

from memesnipe_cli.errors import StoreError
from memesnipe_cli.risk.latch import ACCOUNT, LatchFile
from memesnipe_cli.store.paths import StorePaths


@pytest.fixture
def file(tmp_path: Path) -> LatchFile:
    made = latch_file(tmp_path)
    made.create()
    made.take_fence()
    return made


def fresh(file: LatchFile) -> LatchFile:
    """As another process sees it, which has read nothing before."""
    return LatchFile(StorePaths(file.folder.parents[1]), file.account)


def assert_halted(file: LatchFile, cause: str = "latch_unreadable") -> None:
    for reader in (file, fresh(file)):
        latch = reader.read(must_exist=False)
        assert (latch.level(), latch.holds[ACCOUNT].cause) == (HALT, cause)
        assert str(file.folder) in latch.problem


def test_every_shorter_latch_is_a_halt(file: LatchFile) -> None:
    whole = file.path.read_bytes()
    for length in range(len(whole)):
        file.path.write_bytes(whole[:length])
        assert_halted(file)
    file.path.write_bytes(whole + b"\n")
    assert_halted(file)


def test_every_changed_bit_is_a_halt(file: LatchFile) -> None:
    whole = file.path.read_bytes()
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        file.path.write_bytes(bytes(changed))
        assert file.read(must_exist=False).level() is HALT, f"bit {place}"
    file.path.write_bytes(whole)
    assert file.read(must_exist=False).level() is CLOSED


def test_another_accounts_latch_is_a_halt(file: LatchFile) -> None:
    other = LatchFile(StorePaths(file.folder.parents[1]), "other")
    other.create()
    shutil.copy(other.path, file.path)
    assert_halted(file)
    assert "belongs to the account 'other'" in file.read(must_exist=True).problem


def test_a_latch_of_a_newer_version_is_a_halt(file: LatchFile, monkeypatch: pytest.MonkeyPatch) -> None:
    from memesnipe_cli.risk import latch_format

    newer = LatchFile(StorePaths(file.folder.parents[1]), "newer")
    monkeypatch.setattr(latch_format, "VERSION", 2)
    newer.create()
    monkeypatch.undo()
    latch = fresh(newer).read(must_exist=True)
    assert latch.level() is HALT
    assert "has the version 2" in latch.problem


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _zeros_without_end(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("replace", [_a_folder, _a_pipe, _zeros_without_end])
def test_what_is_no_file_is_a_halt(file: LatchFile, replace: Callable[[Path], None]) -> None:
    replace(file.path)
    assert_halted(file)


def test_a_file_in_the_place_of_the_folder_is_a_halt(tmp_path: Path) -> None:
    file = latch_file(tmp_path)
    file.folder.parent.parent.mkdir()
    file.folder.parent.write_text("not a folder")
    assert_halted(file)


def test_a_damaged_trip_is_a_halt_and_a_reset_ends_it(file: LatchFile) -> None:
    with held_by_another(file.folder / "latch.lock"):
        file.trip(STRATEGY, hold())
    (trip,) = (file.folder / "trips").iterdir()
    trip.write_bytes(trip.read_bytes()[:-9])
    assert_halted(file)
    after = file.reset(ACCOUNT, file.read(must_exist=True).generation)
    assert (after.level(), after.problem) == (CLOSED, "")


def test_a_trip_on_a_broken_latch_stands_when_the_file_comes_back(file: LatchFile) -> None:
    whole = file.path.read_bytes()
    file.path.write_bytes(b"")
    assert file.trip(ACCOUNT, hold(EMERGENCY)).level() is EMERGENCY
    file.trip(SYMBOL, hold())
    file.path.write_bytes(whole)
    latch = file.read(must_exist=True)
    assert (latch.level(), latch.level(SYMBOL)) == (EMERGENCY, HALT)


def test_a_reset_mends_a_broken_latch_and_keeps_the_broken_file(file: LatchFile) -> None:
    file.path.write_bytes(b"{}")
    broken = fresh(file)
    after = broken.reset(ACCOUNT, broken.read(must_exist=True).generation)
    assert (after.level(), after.problem) == (CLOSED, "")
    (kept,) = file.folder.glob("latch.unreadable-*")
    assert kept.read_bytes() == b"{}"


def test_a_running_reader_keeps_what_it_knew_of_a_latch_that_breaks(file: LatchFile) -> None:
    file.trip(STRATEGY, hold(EMERGENCY))
    before = file.read(must_exist=True)
    file.path.write_bytes(b"")
    latch = file.read(must_exist=True)
    assert (latch.fence, latch.level(STRATEGY), latch.level()) == (before.fence, EMERGENCY, HALT)


# --- a disk that refuses ------------------------------------------------------------------------------------


def on_a_full_disk(work: Callable[[], object]) -> None:
    """Does `work` in a child in which no file can take a byte."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        work()

    assert in_child(limited)


def test_on_a_full_disk_a_halt_still_stands(file: LatchFile) -> None:
    file.trip(STRATEGY, hold(EMERGENCY))
    on_a_full_disk(lambda: file.trip(ACCOUNT, hold()))
    assert_halted(file, "latch_missing")
    latch = fresh(file).read(must_exist=True)
    assert latch.level(STRATEGY) is EMERGENCY, "what stood before is not forgotten"
    after = fresh(file).reset(ACCOUNT, latch.generation)
    assert (after.level(), after.level(STRATEGY), after.problem) == (CLOSED, EMERGENCY, "")


def test_on_a_full_disk_an_emergency_says_that_only_a_halt_could_be_set(file: LatchFile) -> None:
    def trip() -> None:
        with pytest.raises(StoreError, match=r"the account is at HALT.* but the account is not at EMERGENCY"):
            file.trip(ACCOUNT, hold(EMERGENCY))

    on_a_full_disk(trip)
    assert file.read(must_exist=True).level() is HALT


def test_where_nothing_can_be_stopped_the_error_says_so(
    file: LatchFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(StoreError, match="NOTHING IS STOPPED") as caught:
        file.trip(ACCOUNT, hold())
    assert "end the trader by its pid" in caught.value.hint


# --- over any course of events ------------------------------------------------------------------------------

_SCOPES = st.sampled_from([ACCOUNT, STRATEGY, SYMBOL])
_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("trip"), _SCOPES, st.sampled_from([HALT, EMERGENCY])),
        st.tuples(st.just("blocked"), _SCOPES, st.sampled_from([HALT, EMERGENCY])),
        st.tuples(st.just("killed"), _SCOPES, st.integers(1, 14)),
        st.tuples(st.just("fence"), st.just(ACCOUNT), st.just(0)),
        st.tuples(st.just("fence killed"), st.just(ACCOUNT), st.integers(1, 10)),
        st.tuples(st.just("reset killed"), _SCOPES, st.integers(1, 10)),
        st.tuples(st.just("damaged"), st.just(ACCOUNT), st.integers(0, 100)),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=_EVENTS)
def test_a_level_never_falls_without_a_reset(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int]]
) -> None:
    file = latch_file(tmp_path_factory.mktemp("store"))
    file.create()
    floor = dict.fromkeys((ACCOUNT, STRATEGY, SYMBOL), CLOSED)
    damaged = (
        False  # what stood in it is lost to whoever has not read it before; the account is at HALT instead
    )
    for what, scope, value in events:
        may_fall = None
        if what == "trip":
            assert file.trip(scope, hold(value)).level(scope) >= value
        elif what == "blocked":
            with open(file.folder / "latch.lock", "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                assert fresh(file).trip(scope, hold(value)).level(scope) >= value
        elif what == "killed":
            in_child(partial(fresh(file).trip, scope, hold(EMERGENCY)), dies_at=value)
        elif what == "fence":
            file.take_fence()
        elif what == "fence killed":
            in_child(fresh(file).take_fence, dies_at=value)
        elif what == "reset killed":
            may_fall = scope
            generation = fresh(file).read(must_exist=True).generation
            known = {each: hold(level) for each, level in floor.items() if level >= HALT}
            in_child(partial(fresh(file).reset, scope, generation, known=known), dies_at=value)
            # A reset that died before it wrote has mended nothing.
            whole = not fresh(file).read(must_exist=True).problem
            damaged = damaged and not (scope == ACCOUNT and whole)
        else:
            damaged = True
            file.path.write_bytes(file.path.read_bytes()[:value] if file.path.exists() else b"")
        halted = file.read(must_exist=True).level() >= HALT
        for each, level in floor.items():
            seen = file.read(must_exist=True).level(each)
            assert seen >= level or each == may_fall or (damaged and halted)
            floor[each] = seen
