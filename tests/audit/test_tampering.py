"""What can be done to a journal, and which check finds it: without a checkpoint, and with one that was kept elsewhere.

The table of docs/checkpoints.md is this one, word for word; what is not found stands in it too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from audit_journals import live_lines
from checkpoint_cases import Signer, keep, note_lines

from memesnipe_cli.audit import kept
from memesnipe_cli.cli import run
from memesnipe_cli.store import following
from memesnipe_cli.store.entry import Head, compose, parse
from memesnipe_cli.store.fold import _digest, snapshot_path
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.venues.order_fold import OrderFold

PAGE = Path(__file__).parents[2] / "docs" / "checkpoints.md"
SIGNER = Signer()
SEALED, AFTER = "000003.jsonl", 3


def folder_of(paths: StorePaths) -> Path:
    """Where the journal is."""
    return paths.account("paper")


def segments_of(paths: StorePaths) -> list[Path]:
    """Its files."""
    return sorted(folder_of(paths).glob("0*.jsonl"))


def lines_of(path: Path) -> list[bytes]:
    """The lines of a segment, with their newlines."""
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as a trader leaves it: notes and a live order, a snapshot, a checkpoint that is kept in it and elsewhere,
    an older copy of all that beside it, and three entries after the checkpoint."""
    root = tmp_path_factory.mktemp("tampering")
    paths = note_lines(root / "store", 25)
    Journal(paths, segment_bytes=4_000).append_many(live_lines()[2:])
    keep(paths, SIGNER)
    shutil.copytree(paths.root, root / "old")
    note_lines(paths.root, 40)
    before, following._SNAPSHOT_EVERY = following._SNAPSHOT_EVERY, 1
    try:
        Journal(paths).replay(OrderFold())
    finally:
        following._SNAPSHOT_EVERY = before
    (root / "elsewhere.txt").write_text(str(keep(paths, SIGNER)))
    note_lines(paths.root, AFTER)
    assert len(segments_of(paths)) > 4
    return root


@pytest.fixture
def paths(made: Path, tmp_path: Path) -> StorePaths:
    """A copy of it, with what lies beside it."""
    shutil.copytree(made, tmp_path / "made")
    return StorePaths(tmp_path / "made" / "store")


def found_by(paths: StorePaths, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code of `audit verify`, and every check that found something with what it said."""
    capsys.readouterr()
    code = run(["--store", str(paths.root), "audit", "verify", "--json", *words], {})
    said = capsys.readouterr()
    findings = [finding for each in json.loads(said.out) for finding in each["findings"]]
    return code, "\n".join([*(f"{each['check']}: {each['message']}" for each in findings), said.err])


def forget(paths: StorePaths) -> None:
    """Remove whatever on this machine remembers the journal."""
    shutil.rmtree(folder_of(paths) / "snapshots")
    shutil.rmtree(kept.folder(paths))


def edit(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Write the lines of a segment anew."""
    path.write_bytes(b"".join(change(lines_of(path))))


def flip(path: Path, behind: bytes) -> None:
    """Turn one bit over, behind the first place where `behind` stands."""
    data = bytearray(path.read_bytes())
    data[data.index(behind) + len(behind)] ^= 1
    path.write_bytes(data)


def insert(path: Path) -> None:
    """A line of one's own, with a right hash, in the middle."""
    lines = lines_of(path)
    before = parse(lines[2][:-1])
    _, line = compose(Head(before.seq, before.hash), before.time, "note", {"forged": True})
    path.write_bytes(b"".join([*lines[:3], line, *lines[3:]]))


def cut(paths: StorePaths, count: int) -> None:
    """Take the last `count` lines away, whole files first."""
    for path in reversed(segments_of(paths)):
        lines = lines_of(path)
        if count < len(lines):
            path.write_bytes(b"".join(lines[: len(lines) - count]))
            return
        path.unlink()
        count -= len(lines)


def rewrite(paths: StorePaths) -> None:
    """Change entry 5 and make every hash after it anew: a chain that is whole."""
    head = Head()
    for path in segments_of(paths):
        written = []
        for line in lines_of(path):
            old = parse(line[:-1])
            body = {**old.body, "text": "forged"} if old.seq == 5 else old.body
            entry, new = compose(head, old.time, old.kind, body)
            head = Head(entry.seq, entry.hash)
            written.append(new)
        path.write_bytes(b"".join(written))


def forge_checkpoint(paths: StorePaths) -> None:
    """Rewrite the journal, sign it with a key of one's own, and put copy and public key where the true ones were."""
    rewrite(paths)
    forget(paths)
    keep(paths, Signer())


def take_over(paths: StorePaths) -> None:
    """Rewrite the journal, and give the store another id that its own first entry names."""
    forget(paths)
    marker = orjson.loads(paths.marker.read_bytes())
    paths.marker.write_bytes(orjson.dumps({**marker, "id": "00000000"}))
    head = Head()
    for path in segments_of(paths):
        written = []
        for line in lines_of(path):
            old = parse(line[:-1])
            body = {**old.body, "store": "00000000"} if old.seq == 1 else old.body
            entry, new = compose(head, old.time, old.kind, body)
            head = Head(entry.seq, entry.hash)
            written.append(new)
        path.write_bytes(b"".join(written))


def other_store(paths: StorePaths) -> None:
    """Another id in store.json alone."""
    marker = orjson.loads(paths.marker.read_bytes())
    paths.marker.write_bytes(orjson.dumps({**marker, "id": "00000000"}))


def other_account(paths: StorePaths) -> None:
    """The journal of another account of this store in its place."""
    note_lines(paths.root, 70, "other")
    forget(paths)
    shutil.rmtree(folder_of(paths))
    paths.account("other").rename(folder_of(paths))


def put_back(paths: StorePaths) -> None:
    """The older copy, whole, with its snapshots and checkpoints."""
    shutil.rmtree(paths.root)
    (paths.root.parent / "old").rename(paths.root)


def edit_snapshot(paths: StorePaths) -> None:
    """Another state in the snapshot, and its digest made anew."""
    path = snapshot_path(folder_of(paths), OrderFold())
    content = orjson.loads(path.read_bytes())["content"]
    content["state"]["last_fill_ms"] = 1
    path.write_bytes(orjson.dumps({"content": content, "sha256": _digest(content)}))


def book_twice(paths: StorePaths) -> None:
    """The fill of a trade that was booked, once more, by the journal's own means."""
    Journal(paths).append(*live_lines()[5])


@dataclass(frozen=True)
class Scenario:
    """done: in words; do: it; alone, anchored: (check, words that it says) without and with a checkpoint that was kept
    elsewhere, None where nobody finds it."""

    done: str
    do: Callable[[StorePaths], None]
    alone: tuple[str, str] | None
    anchored: tuple[str, str] | None


HASH = ("chain", "does not match its own hash")
SEQUENCE = ("chain", "lines are missing or moved")
CUT = ("checkpoint", "the end is cut off")
REWRITTEN = ("checkpoint", "the journal was rewritten since")
SCENARIOS = [
    Scenario("a bit of a body flipped, newest segment", lambda p: flip(segments_of(p)[-1], b'"text":"'), HASH, HASH),
    Scenario("a bit of a body flipped, sealed segment", lambda p: flip(folder_of(p) / SEALED, b'"number":'), HASH,
             HASH),
    Scenario("a bit of a line's hash flipped", lambda p: flip(folder_of(p) / SEALED, b'"hash":"'), HASH, HASH),
    Scenario(
        "a line spelt otherwise, its meaning kept",
        lambda p: edit(folder_of(p) / SEALED, lambda each: [b"{ " + each[0][1:], *each[1:]]),
        ("chain", "is not spelt canonically"), ("chain", "is not spelt canonically"),
    ),
    Scenario("a line dropped", lambda p: edit(folder_of(p) / SEALED, lambda each: [each[0], *each[2:]]), SEQUENCE,
             SEQUENCE),
    Scenario("two lines swapped",
             lambda p: edit(folder_of(p) / SEALED, lambda each: [each[1], each[0], *each[2:]]), SEQUENCE, SEQUENCE),
    Scenario("a line with a right hash inserted", lambda p: insert(folder_of(p) / SEALED), SEQUENCE, SEQUENCE),
    Scenario("a line written twice", lambda p: edit(folder_of(p) / SEALED, lambda each: [each[0], *each]), SEQUENCE,
             SEQUENCE),
    Scenario("a sealed segment removed", lambda p: (folder_of(p) / SEALED).unlink(),
             ("chain", "000003.jsonl is missing"), ("chain", "000003.jsonl is missing")),
    Scenario("the last newline of a sealed segment cut",
             lambda p: (folder_of(p) / SEALED).write_bytes((folder_of(p) / SEALED).read_bytes()[:-1]),
             ("chain", "ends without a newline in a sealed segment"),
             ("chain", "ends without a newline in a sealed segment")),
    Scenario("a trade booked a second time, properly chained", book_twice,
             ("fold", "is booked already"), ("fold", "is booked already")),
    Scenario("a snapshot edited, its digest made anew", edit_snapshot,
             ("fold", "is not what the entries give"), ("fold", "is not what the entries give")),
    Scenario("another id put into store.json", other_store,
             ("opening", "it was opened in the store"), ("opening", "it was opened in the store")),
    Scenario("the journal of another account put in its place", other_account,
             ("opening", "it was opened for 'other'"), ("opening", "it was opened for 'other'")),
    Scenario("the last 10 lines cut", lambda p: cut(p, 10), ("end", "the end is cut off"), CUT),
    Scenario("the same, and snapshots and own checkpoints removed", lambda p: (cut(p, 10), forget(p))[0], None, CUT),
    Scenario("the newest segment removed, and all that remembers it",
             lambda p: (cut(p, len(lines_of(segments_of(p)[-1])) + 4), forget(p))[0], None, CUT),
    Scenario("the whole chain rewritten without the key", rewrite,
             ("rewritten", "the journal was rewritten since"), REWRITTEN),
    Scenario("the same, and the snapshots removed",
             lambda p: (rewrite(p), shutil.rmtree(folder_of(p) / "snapshots"))[0], REWRITTEN, REWRITTEN),
    Scenario("the same, and own checkpoints removed too", lambda p: (rewrite(p), forget(p))[0], None, REWRITTEN),
    Scenario("the same, and signed anew with another key, kept in the store", forge_checkpoint, None, REWRITTEN),
    Scenario("the whole chain rewritten for another store id", take_over, None,
             ("checkpoint", "this is 00000000")),
    Scenario("an older copy of the whole store put back", put_back, None, CUT),
    Scenario("the journal removed", lambda p: shutil.rmtree(folder_of(p)), None,
             ("error", "a checkpoint was signed of the journal of paper")),
    Scenario("lines after the newest checkpoint cut", lambda p: (cut(p, AFTER), forget(p))[0], None, None),
    Scenario("a made-up entry that contradicts nothing appended",
             lambda p: Journal(p).append("note", {"forged": True}) and None, None, None),
]  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.done)
def test_tampering_is_found_by_the_check_that_the_table_names(
    scenario: Scenario, paths: StorePaths, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario.do(paths)
    elsewhere = ("--checkpoint", str(paths.root.parent / "elsewhere.txt"), "--public-key", str(SIGNER.public))
    for wanted, words in [(scenario.alone, ()), (scenario.anchored, elsewhere)]:
        code, said = found_by(paths, capsys, *words)
        assert code == (0 if wanted is None else 7), said
        if wanted is not None:
            check, what = wanted
            assert any(line.startswith(f"{check}: ") and what in line for line in said.splitlines()), said
            assert check != "chain" or ("checkpoint: " in said) == bool(words)
        else:
            assert "checkpoint: " not in said


def test_nothing_is_found_where_nothing_was_done(
    paths: StorePaths, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = ("--checkpoint", str(paths.root.parent / "elsewhere.txt"), "--public-key", str(SIGNER.public))
    assert run(["--store", str(paths.root), "audit", "verify", "--json", *elsewhere], {}) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["integrity"], found["completeness"], found["findings"]) == ("ok", "checkpointed", [])
    assert found["checkpointed"] == found["witnessed"] == found["entries"] - AFTER
    (told,) = found["checkpoints"]
    assert (told["key"], told["trusted"], told["problem"]) == (str(SIGNER.public), "given", "")


def test_a_checkpoint_that_was_edited_proves_nothing(
    paths: StorePaths, capsys: pytest.CaptureFixture[str]
) -> None:
    file = paths.root.parent / "elsewhere.txt"
    size = file.read_text().split("\n")[1]
    file.write_text(file.read_text().replace(f"\n{size}\n", f"\n{int(size) - 1}\n", 1))
    code, said = found_by(paths, capsys, "--checkpoint", str(file), "--public-key", str(SIGNER.public))
    assert code == 7 and "is not signed by the key that was given" in said


def table() -> str:
    """The scenarios as they stand in the manual."""

    def cell(found: tuple[str, str] | None) -> str:
        if found is None:
            return "**not found**, exit 0"
        return f"{'command' if found[0] == 'error' else f'`{found[0]}`'}: {found[1]}, exit 7"

    rows = [f"| {each.done} | {cell(each.alone)} | {cell(each.anchored)} |" for each in SCENARIOS]
    head = "| what was done | without a checkpoint | with one that was kept elsewhere |"
    return "\n".join([head, "|---|---|---|", *rows])


def test_the_manual_has_this_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
