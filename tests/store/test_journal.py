"""The journal keeps what it acknowledged, in order, in a chain that shows every change."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from memesnipe_cli.errors import DataError, StoreDamagedError, UsageError
from memesnipe_cli.store import Journal, Store
from memesnipe_cli.store.paths import StorePaths

WRITERS = Path(__file__).with_name("store_writers.py")


def small_segments(root: Path) -> Journal:
    """A journal whose segments are sealed after a few lines."""
    return Journal(StorePaths(root), segment_bytes=600)


def first_segment(root: Path) -> Path:
    return root / "journal" / "paper" / "000001.jsonl"


def facts(journal: Journal) -> list[dict[str, Any]]:
    return [entry.body for entry in journal.entries() if entry.kind == "fact"]


def test_an_empty_journal_has_no_entries_and_creates_nothing(store: Store) -> None:
    assert list(store.journal().entries()) == []
    assert store.journal().head() == (0, "0" * 64)
    assert not store.root.exists()


def test_the_first_line_carries_the_id_of_the_store(store: Store) -> None:
    entry = store.journal().append("fact", {"n": 1})
    opened = next(store.journal().entries())
    assert (opened.seq, opened.kind, entry.seq) == (1, "journal_opened", 2)
    assert opened.body == {
        "account": "paper",
        "store": json.loads((store.root / "store.json").read_text())["id"],
    }
    store.journal("other").append("fact", {"n": 1})
    assert store.journal().store_id() == store.journal("other").store_id() == opened.body["store"]


def test_accounts_have_journals_of_their_own(store: Store) -> None:
    store.journal("kraken/main").append("fact", {"n": 1})
    assert facts(store.journal("kraken/main")) == [{"n": 1}]
    assert facts(store.journal()) == []
    with pytest.raises(UsageError, match=r"'\.\./x'"):
        store.journal("../x")


def test_each_line_is_canonical_json_that_anybody_can_check(store: Store) -> None:
    store.journal().append("fact", {"z": "1.50", "a": [True, None, "é"]})
    line = first_segment(store.root).read_bytes().splitlines()[1]
    fields = json.loads(line)
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical == line
    stated = fields.pop("hash")
    hashed = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(hashed).hexdigest() == stated


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"price": 0.1}, "body.price is the float 0.1"),
        ({"n": 2**53}, "beyond 2\\^53"),
        ({"é": 1}, "key 'é'"),
        ({"deep": [{"x": b"1"}]}, r"body.deep\[0\].x is a bytes"),
        ({"text": "\ud800"}, "cannot be written as JSON"),
    ],
)
def test_what_has_no_one_spelling_is_refused_and_nothing_is_written(
    store: Store, body: dict[str, Any], named: str
) -> None:
    with pytest.raises(DataError, match=named):
        store.journal().append_many([("fact", {"fine": 1}), ("fact", body)])
    assert list(store.journal().entries()) == []


def test_segments_are_sealed_and_the_chain_runs_on(root: Path) -> None:
    journal = small_segments(root)
    for number in range(12):
        journal.append("fact", {"n": number})
    assert len(list(journal.folder.glob("*.jsonl"))) > 2
    assert [body["n"] for body in facts(journal)] == list(range(12))
    assert [entry.seq for entry in journal.entries(since_seq=9)] == [9, 10, 11, 12, 13]
    assert journal.head()[0] == 13


def test_a_missing_segment_is_named(root: Path) -> None:
    journal = small_segments(root)
    for number in range(12):
        journal.append("fact", {"n": number})
    (journal.folder / "000002.jsonl").unlink()
    with pytest.raises(StoreDamagedError, match=r"000002\.jsonl is missing"):
        list(journal.entries())
    first_segment(root).unlink()
    with pytest.raises(StoreDamagedError, match="earlier segments are missing"):
        list(journal.entries())


# --- torn tails ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [b'{"body":{"n":', b"\0" * 4096, b"x", b'{"whole":"but no newline"}'])
def test_a_torn_tail_is_set_aside_and_recorded_by_the_next_append(store: Store, torn: bytes) -> None:
    journal = store.journal()
    journal.append("fact", {"n": 1})
    with first_segment(store.root).open("ab") as file:
        file.write(torn)
    assert facts(journal) == [{"n": 1}]
    assert journal.head()[0] == 2

    journal.append("fact", {"n": 2})
    kinds = [entry.kind for entry in journal.entries()]
    assert kinds == ["journal_opened", "fact", "journal_torn", "fact"]
    recorded = next(entry.body for entry in journal.entries() if entry.kind == "journal_torn")
    assert (journal.folder / recorded["file"]).read_bytes() == torn
    assert recorded["bytes"] == len(torn)
    assert recorded["file"].endswith(".torn")


def test_a_crash_in_the_middle_of_the_repair_does_not_hide_it(store: Store) -> None:
    journal = store.journal()
    journal.append("fact", {"n": 1})
    # The tail is cut off already, the entry that says so is not written yet.
    (journal.folder / "000001.77.torn.pending").write_bytes(b"half")
    journal.append("fact", {"n": 2})
    assert [entry.kind for entry in journal.entries()][-2:] == ["journal_torn", "fact"]
    assert (journal.folder / "000001.77.torn").read_bytes() == b"half"
    journal.append("fact", {"n": 3})
    assert [entry.kind for entry in journal.entries()].count("journal_torn") == 1


def test_a_torn_first_line_leaves_a_journal_that_works(store: Store) -> None:
    journal = store.journal()
    journal.folder.mkdir(parents=True)
    first_segment(store.root).write_bytes(b'{"bo')
    journal.append("fact", {"n": 1})
    assert [entry.kind for entry in journal.entries()] == ["journal_opened", "journal_torn", "fact"]


@pytest.mark.parametrize("torn", [b"x" * 50, b"x" * 500, b"x" * 5_000])
def test_a_reader_is_not_confused_by_a_repair_under_its_eyes(store: Store, torn: bytes) -> None:
    journal = store.journal()
    journal.append_many([("fact", {"n": number}) for number in range(3)])
    with first_segment(store.root).open("ab") as file:
        file.write(torn)
    reading = journal.entries()
    seen = [next(reading).seq]
    appended = journal.append_many([("fact", {"n": number}) for number in range(3, 8)])
    seen += [entry.seq for entry in reading]
    # It may miss what came after it began, but what it sees is true and without a hole.
    assert seen == list(range(1, len(seen) + 1))
    assert 4 <= len(seen) <= appended[-1].seq
    assert len(facts(journal)) == 8


# --- damage -------------------------------------------------------------------------------------------------


def ten_facts(store: Store) -> list[bytes]:
    store.journal().append_many([("fact", {"n": number}) for number in range(9)])
    return first_segment(store.root).read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            lambda lines: [*lines[:4], lines[4].replace(b'"n":3', b'"n":4'), *lines[5:]],
            "line 5: .* its own hash",
        ),
        (
            lambda lines: [*lines[:4], lines[4].replace(b'"n":3', b'"n": 3'), *lines[5:]],
            "line 5: .* canonically",
        ),
        (lambda lines: [*lines[:4], *lines[5:]], "line 5: .* seq 6 where 5 follows"),
        (lambda lines: [*lines[:4], b"\0" * 20 + b"\n", *lines[5:]], "line 5: .* not JSON"),
        (lambda lines: [*lines[:4], b"\n", *lines[4:]], "line 5: .* not JSON"),
        (lambda lines: [*lines[:4], b"[1]\n", *lines[5:]], "line 5: .* fields of an entry"),
        (lambda lines: [*lines[:5], lines[4], *lines[5:]], "line 6: .* seq 5 where 6 follows"),
    ],
)
def test_a_changed_line_in_the_middle_is_named_and_never_skipped(
    store: Store, change: Any, what: str
) -> None:
    lines = ten_facts(store)
    first_segment(store.root).write_bytes(b"".join(change(lines)))
    seen = []
    with pytest.raises(StoreDamagedError, match=f"000001.jsonl, {what}"):
        for entry in store.journal().entries():
            seen.append(entry.seq)
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 4


def test_a_rewritten_line_with_a_fresh_hash_breaks_the_chain_at_the_next_one(store: Store) -> None:
    from memesnipe_cli.store.entry import Head, compose, parse

    lines = ten_facts(store)
    old = parse(lines[4][:-1])
    _, forged = compose(Head(old.seq - 1, old.prev), old.time, old.kind, {"n": 999})
    first_segment(store.root).write_bytes(b"".join([*lines[:4], forged, *lines[5:]]))
    with pytest.raises(StoreDamagedError, match=r"line 6: .* hash of the line before"):
        list(store.journal().entries())


def test_nothing_is_appended_behind_a_damaged_last_line(store: Store) -> None:
    lines = ten_facts(store)
    changed = b"".join([*lines[:-1], lines[-1].replace(b'"n":8', b'"n":7')])
    first_segment(store.root).write_bytes(changed)
    with pytest.raises(StoreDamagedError, match="line 10"):
        store.journal().append("fact", {"n": 10})
    assert first_segment(store.root).read_bytes() == changed


# --- several processes --------------------------------------------------------------------------------------


def run_writers(*arguments: tuple[str, ...]) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen([sys.executable, str(WRITERS), *each], stdout=subprocess.PIPE, text=True)
        for each in arguments
    ]


def test_processes_that_append_at_once_lose_nothing(store: Store) -> None:
    writers = run_writers(*[("append", str(store.root), str(number), "40") for number in range(4)])
    acknowledged = [line.split() for writer in writers for line in writer.communicate()[0].splitlines()]
    assert all(writer.returncode == 0 for writer in writers)
    entries = {entry.seq: entry for entry in store.journal().entries()}
    assert len(acknowledged) == 160
    assert all(entries[int(seq)].hash == digest for seq, digest in acknowledged)
    assert len(entries) == 161
    for writer in "0123":
        assert [body["number"] for body in facts(store.journal()) if body["writer"] == writer] == list(
            range(40)
        )


def test_two_hundred_kills_of_a_writer_lose_nothing_acknowledged(store: Store) -> None:
    (writer,) = run_writers(("killed_often", str(store.root), "200", "7"))
    output, _ = writer.communicate()
    assert writer.returncode == 0
    acknowledged = [line.split() for line in output.splitlines()]
    assert len(acknowledged) > 200
    entries = {entry.seq: entry for entry in store.journal().entries()}
    assert all(entries[int(seq)].hash == digest for seq, digest in acknowledged)
    # What was not acknowledged may be there too, but only in the order in which it was written.
    for turn in {body["turn"] for body in facts(store.journal())}:
        numbers = [body["number"] for body in facts(store.journal()) if body["turn"] == turn]
        assert numbers == list(range(len(numbers)))


# --- invariants ---------------------------------------------------------------------------------------------

json_values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**53) + 1, 2**53 - 1)
    | some.text(some.characters(exclude_categories=["Cs"])),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.text('ab\x7f\n"', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(
    some.lists(
        some.lists(some.dictionaries(some.text("kq", min_size=1), json_values, max_size=3), max_size=4),
        max_size=6,
    )
)
def test_what_is_appended_comes_back_in_order(
    tmp_path_factory: Any, batches: list[list[dict[str, Any]]]
) -> None:
    journal = small_segments(tmp_path_factory.mktemp("journal") / "store")
    appended = [journal.append_many([("fact", body) for body in batch]) for batch in batches]
    assert [entry for entry in journal.entries() if entry.kind == "fact"] == [
        each for batch in appended for each in batch
    ]


@settings(max_examples=60, deadline=None)
@given(some.integers(0, 10_000), some.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(tmp_path_factory: Any, where: int, flip: int) -> None:
    journal = small_segments(tmp_path_factory.mktemp("journal") / "store")
    entries = journal.append_many([("fact", {"n": number}) for number in range(8)])
    path = journal.folder / "000001.jsonl"
    data = bytearray(path.read_bytes())
    data[where % len(data)] ^= flip
    path.write_bytes(bytes(data))
    try:
        after = [entry for entry in journal.entries() if entry.kind == "fact"]
    except StoreDamagedError:
        return
    # Only the last newline can go without an error: its line then counts as torn, and is not read.
    assert where % len(data) == len(data) - 1
    assert after == entries[:-1]
