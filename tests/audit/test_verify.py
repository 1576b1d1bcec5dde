"""Tampering with a journal is found, and named: the check that finds it and the first bad line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from audit_journals import journalled, live_lines

from memesnipe_cli.audit import chain
from memesnipe_cli.audit.verify import BROKEN, NOT_PROVEN, OK, Verdict, verify
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.entry import Head, compose, parse
from memesnipe_cli.store.fold import snapshot_path
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.order_fold import OrderFold

SEGMENT_BYTES = 4_000
ENTRIES = 120


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose journal has some ten segments: notes, a live order in the middle, notes."""
    root = tmp_path_factory.mktemp("verify") / "store"
    journal = Journal(StorePaths(root), segment_bytes=SEGMENT_BYTES)
    for number in range(ENTRIES):
        journal.append("note", {"number": number, "text": "ü" * 40, "time": "2025-01-01T00:00:00Z"})
        if number == 60:
            journal.append_many(live_lines()[2:])
    return root


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The account's folder in a copy of it."""
    shutil.copytree(made, tmp_path / "store")
    return tmp_path / "store" / "journal" / "paper"


def verdict(folder: Path) -> Verdict:
    """What is found in the copy."""
    return verify(StorePaths(folder.parents[1]), "paper")


def lines_of(path: Path) -> list[bytes]:
    """The lines of a segment."""
    return path.read_bytes().splitlines(keepends=True)


def test_what_was_written_is_what_is_there(folder: Path) -> None:
    found = verdict(folder)
    assert (found.integrity, found.completeness, found.findings) == (OK, NOT_PROVEN, [])
    assert (found.head.seq, found.head.hash) == Journal(StorePaths(folder.parents[1])).head()
    assert found.segments > chain.PARALLEL_FROM


@pytest.mark.parametrize("parallel_from", [1, 1_000])
def test_one_process_and_several_find_the_same(
    folder: Path, parallel_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "PARALLEL_FROM", parallel_from)
    assert verdict(folder).integrity == OK
    path = folder / "000004.jsonl"
    data = bytearray(path.read_bytes())
    data[data.index(b'"number":') + 9] ^= 1
    path.write_bytes(data)
    found = verdict(folder)
    assert found.integrity == BROKEN
    assert f"{path}, line 1: the line does not match its own hash" in found.findings[0]["message"]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def drop(path: Path) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[:3] + lines[4:]))


def swap(path: Path) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]))


def insert(path: Path) -> None:
    lines = lines_of(path)
    before = parse(lines[2][:-1])
    _, line = compose(Head(before.seq, before.hash), before.time, "note", {"forged": True})
    path.write_bytes(b"".join([*lines[:3], line, *lines[3:]]))


def respell(path: Path) -> None:
    lines = lines_of(path)
    lines[3] = lines[3].replace(b'{"body"', b'{ "body"', 1)
    path.write_bytes(b"".join(lines))


def cut_newline(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def cut_lines(path: Path) -> None:
    path.write_bytes(b"".join(lines_of(path)[:-2]))


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (flip, "000003.jsonl, line "),
        (drop, "000003.jsonl, line 4: the line has seq "),
        (swap, "000003.jsonl, line 4: the line has seq "),
        (insert, "000003.jsonl, line 5: the line has seq "),
        (respell, "000003.jsonl, line 4: the line is not spelt canonically"),
        (cut_newline, "000003.jsonl, line "),
        (cut_lines, "000004.jsonl, line 1: the line has seq "),
        (remove, "000003.jsonl is missing"),
    ],
)
def test_a_sealed_segment_that_was_tampered_with(
    folder: Path, tamper: Callable[[Path], None], said: str
) -> None:
    tamper(folder / "000003.jsonl")
    found = verdict(folder)
    assert found.integrity == BROKEN
    assert [each["check"] for each in found.findings] == ["chain"]
    assert said in found.findings[0]["message"]
    assert 0 < found.head.seq < ENTRIES


@pytest.mark.parametrize("tamper", [flip, drop, swap, insert, respell])
def test_the_newest_segment_is_looked_at_as_closely(folder: Path, tamper: Callable[[Path], None]) -> None:
    newest = sorted(folder.glob("0*.jsonl"))[-2:]
    joined = newest[0].read_bytes() + newest[1].read_bytes()
    newest[1].unlink()
    newest[0].write_bytes(joined)
    assert verdict(folder).integrity == OK
    tamper(newest[0])
    assert verdict(folder).integrity == BROKEN


def test_what_stands_before_the_bad_line_is_counted(folder: Path) -> None:
    newest = sorted(folder.glob("*.jsonl"))[-1]
    fourth = parse(lines_of(newest)[3][:-1])
    swap(newest)
    found = verdict(folder)
    assert (found.integrity, found.head.seq) == (BROKEN, fourth.seq - 1)


def with_snapshot(folder: Path) -> Path:
    """A snapshot of the orders at the end, as a trader leaves one."""
    journal = Journal(StorePaths(folder.parents[1]))
    from memesnipe_cli.store import following as module

    before, module._SNAPSHOT_EVERY = module._SNAPSHOT_EVERY, 1
    try:
        journal.replay(OrderFold())
    finally:
        module._SNAPSHOT_EVERY = before
    return snapshot_path(folder, OrderFold())


def test_a_snapshot_is_a_witness_of_the_end(folder: Path) -> None:
    with_snapshot(folder)
    found = verdict(folder)
    assert (found.witnessed, found.broken) == (found.head.seq, False)


def test_a_cut_end_that_a_snapshot_remembers_is_found(folder: Path) -> None:
    with_snapshot(folder)
    newest = max(folder.glob("0*.jsonl"))
    cut_lines(newest)
    found = verdict(folder)
    assert (found.integrity, found.completeness) == (OK, BROKEN)
    assert "the end is cut off" in found.findings[0]["message"]


def test_a_chain_that_was_rewritten_is_found_by_a_snapshot(folder: Path) -> None:
    with_snapshot(folder)
    head = Head()
    for path in sorted(folder.glob("0*.jsonl")):
        written = []
        for line in lines_of(path):
            old = parse(line[:-1])
            body = {**old.body, "text": "forged"} if old.seq == 5 else old.body
            entry, new = compose(head, old.time, old.kind, body)
            head = Head(entry.seq, entry.hash)
            written.append(new)
        path.write_bytes(b"".join(written))
    found = verdict(folder)
    assert [each["check"] for each in found.findings] == ["rewritten"]


def test_a_snapshot_that_says_otherwise_is_found(folder: Path) -> None:
    path = with_snapshot(folder)
    from memesnipe_cli.store.fold import _digest

    content = orjson.loads(path.read_bytes())["content"]
    content["state"]["last_fill_ms"] = 1
    path.write_bytes(orjson.dumps({"content": content, "sha256": _digest(content)}))
    found = verdict(folder)
    assert [(each["check"], each["where"]) for each in found.findings] == [("fold", "fold orders")]


def test_lines_from_which_no_state_follows_are_found(tmp_path: Path) -> None:
    store = journalled(tmp_path, [*live_lines()[2:], live_lines()[5]])
    found = verify(store.paths, "paper")
    assert found.integrity == BROKEN
    assert "the trade T1 is booked already" in found.findings[0]["message"]


def test_a_journal_of_another_store_or_account_is_found(folder: Path, tmp_path: Path) -> None:
    folder.rename(folder.with_name("other"))
    found = verify(StorePaths(folder.parents[1]), "other")
    assert "opened for 'paper' and lies under 'other'" in found.findings[0]["message"]
    marker = folder.parents[1] / "store.json"
    marker.write_bytes(orjson.dumps({**orjson.loads(marker.read_bytes()), "id": "00000000"}))
    assert len(verify(StorePaths(folder.parents[1]), "other").findings) == 2


def test_a_torn_end_is_no_damage_and_what_was_set_aside_is_kept(folder: Path) -> None:
    newest = max(folder.glob("0*.jsonl"))
    with newest.open("ab") as handle:
        handle.write(b'{"body":{"half')
    found = verdict(folder)
    assert (found.broken, [each["severity"] for each in found.findings]) == (False, ["warning"])
    Store(folder.parents[1]).journal().append("note", {})
    assert verdict(folder).findings == []
    (torn,) = folder.glob("*.torn")
    torn.write_bytes(b"something else")
    assert verdict(folder).integrity == BROKEN
    torn.unlink()
    assert verdict(folder).completeness == BROKEN


def test_an_account_without_a_journal_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="'nobody' has no journal"):
        verify(StorePaths(folder.parents[1]), "nobody")
