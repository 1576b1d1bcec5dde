"""Lines that wait for the journal are appended exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from latch_cases import in_child

from memesnipe_cli.errors import DataError, StoreBusyError
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.spool import merge_spool, new_id, spool, waiting
from memesnipe_cli.store import locks
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    made = StorePaths(tmp_path / "store")
    LatchFile(made, "paper").create()
    return made


def line(n: int = 0) -> dict[str, Any]:
    return {"id": new_id(), "action": "trip", "n": n}


def numbers(paths: StorePaths) -> list[int]:
    return [entry.body["n"] for entry in Journal(paths).entries() if entry.kind == "breaker"]


def test_lines_are_appended_in_order_and_leave_the_spool(paths: StorePaths) -> None:
    for n in range(3):
        spool(paths, "paper", line(n))
    assert [body["n"] for body in waiting(paths, "paper")] == [0, 1, 2]
    assert merge_spool(Journal(paths), paths, "paper") == 3
    assert (numbers(paths), waiting(paths, "paper")) == ([0, 1, 2], [])


def test_a_merge_that_is_killed_anywhere_appends_each_line_once(tmp_path: Path) -> None:
    for call in range(1, 60):
        paths = StorePaths(tmp_path / str(call))
        LatchFile(paths, "paper").create()
        Journal(paths).append("fact", {})
        for n in range(2):
            spool(paths, "paper", line(n))
        ended = in_child(lambda paths=paths: merge_spool(Journal(paths), paths, "paper"), dies_at=call)
        merge_spool(Journal(paths), paths, "paper")
        assert (numbers(paths), waiting(paths, "paper")) == ([0, 1], [])
        if ended:
            return
    raise AssertionError("the merge never came to its end")


def test_only_one_process_merges(paths: StorePaths) -> None:
    spool(paths, "paper", line())
    lock = paths.breaker_of("paper") / "spool.lock"
    with (
        locks.exclusive(lock, "it", 0),
        pytest.raises(StoreBusyError, match="spool of account 'paper' is locked"),
    ):
        merge_spool(Journal(paths), paths, "paper", deadline_s=0.0)
    assert len(waiting(paths, "paper")) == 1


def test_what_no_journal_takes_is_refused_at_once(paths: StorePaths) -> None:
    with pytest.raises(DataError, match="float"):
        spool(paths, "paper", {**line(), "equity": 1.5})
    assert waiting(paths, "paper") == []


def test_foreign_files_are_left_alone(paths: StorePaths) -> None:
    spool(paths, "paper", line())
    folder = paths.breaker_of("paper") / "spool"
    (folder / "notes.txt").write_text("mine")
    (folder / f"{new_id()}.json").write_text("{}")
    assert merge_spool(Journal(paths), paths, "paper") == 1
    assert len(list(folder.iterdir())) == 2
