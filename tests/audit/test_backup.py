"""`audit backup`: what is in an archive, that it is whole or not there, and that nobody reads it without its
passphrase."""

from __future__ import annotations

import io
import json
import os
import resource
import stat
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from audit_journals import journalled, live_lines
from program import Memesnipe

from memesnipe_cli.backup import sealing, writing
from memesnipe_cli.backup.contents import PARTS, USUAL_PARTS, checked_parts
from memesnipe_cli.backup.reading import check_archive
from memesnipe_cli.backup.sealing import CHUNK_BYTES, SealedReader, SealedWriter
from memesnipe_cli.backup.writing import Written, write_archive
from memesnipe_cli.errors import (
    ConfigError,
    DataError,
    IntegrityError,
    StoreDamagedError,
    StoreError,
    UsageError,
)
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.store import Store

PASSPHRASE = b"correct horse battery"
# Header: 20 bytes that name the format, salt, check.
HEADER_BYTES = 20 + 16 + 32


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id takes its time on purpose; the commands below run it as it is."""
    monkeypatch.setattr(sealing, "derive_key", lambda passphrase, salt: sha256(salt + passphrase).digest())


def sealed(content: bytes) -> bytes:
    target = io.BytesIO()
    writer = SealedWriter(target, PASSPHRASE)
    writer.write(content)
    writer.finish()
    return target.getvalue()


def opened(data: bytes, passphrase: bytes = PASSPHRASE) -> bytes:
    return SealedReader(io.BytesIO(data), len(data), passphrase, "the archive").read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_was_sealed_comes_back(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed(content)) == content


def test_the_same_content_is_never_sealed_alike() -> None:
    first, second = sealed(b"0" * 100), sealed(b"0" * 100)
    assert first[20:] != second[20:]
    assert b"0" * 16 not in first


CHUNK = CHUNK_BYTES + 16


def swapped(data: bytes) -> bytes:
    first, second = HEADER_BYTES, HEADER_BYTES + CHUNK
    return data[:first] + data[second : second + CHUNK] + data[first:second] + data[second + CHUNK :]


def dropped(data: bytes) -> bytes:
    return data[:HEADER_BYTES] + data[HEADER_BYTES + CHUNK :]


def doubled(data: bytes) -> bytes:
    return data[: HEADER_BYTES + CHUNK] + data[HEADER_BYTES:]


def without_the_last(data: bytes) -> bytes:
    """The end is put back, so that it looks whole."""
    return data[: HEADER_BYTES + 2 * CHUNK] + data[-len(b"memesnipe end\n") :]


@pytest.mark.parametrize("change", [swapped, dropped, doubled, without_the_last])
def test_chunks_have_their_place(change: object) -> None:
    data = sealed(os.urandom(3 * CHUNK_BYTES))
    with pytest.raises(IntegrityError, match="was changed"):
        opened(change(data))  # type: ignore[operator]


@pytest.mark.parametrize("place", [3, 25, 60, HEADER_BYTES, HEADER_BYTES + 9, HEADER_BYTES + 25, -1])
def test_every_bit_counts(place: int) -> None:
    bad = bytearray(sealed(b"0123456789"))
    bad[place] ^= 1
    with pytest.raises((IntegrityError, ConfigError, DataError)):
        opened(bytes(bad))


def test_each_way_of_not_opening_has_its_own_words() -> None:
    data = sealed(os.urandom(2 * CHUNK_BYTES))
    with pytest.raises(ConfigError, match="the passphrase is wrong"):
        opened(data, b"another passphrase")
    for end in (HEADER_BYTES + 40, HEADER_BYTES + CHUNK, len(data) - 1, 70):
        with pytest.raises(IntegrityError, match="is cut off"):
            opened(data[:end])
    with pytest.raises(StoreError, match="of format 2"):
        opened(data.replace(b"backup v1", b"backup v2", 1))
    with pytest.raises(DataError, match="no backup archive"):
        opened(b"PK\x03\x04" + data)
    with pytest.raises(ConfigError, match="fewer than 12"):
        SealedWriter(io.BytesIO(), b"short")


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    """A store with two accounts, a run, a checkpoint, a bar, and what does not belong into an archive."""
    store = journalled(tmp_path / "store", live_lines(), "live")
    store.journal("a/b").append("note", {"said": "something"})
    for name in (
        "runs/one/result.json",
        "checkpoints/live.txt",
        "lake/candles/month=2025-01/data.parquet",
        "lake/candles/lock",
        "breaker/live/latch.json",
        "breaker/live/latch.lock",
        "breaker/live/spool/1.json",
        "journal/live/snapshots/orders.json",
        "journal/live/000001.77.torn",
        "journal/live/trader.lock",
        "runs/.new/result.json",
        "cache/products.json",
        "store.duckdb",
    ):
        path = store.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return store.paths


def written(
    paths: StorePaths, target: Path, parts: tuple[str, ...] = USUAL_PARTS, *, force: bool = False
) -> Written:
    return write_archive(paths, paths.root.parent / "profiles", parts, target, PASSPHRASE, force=force)


def names(done: Written) -> set[str]:
    return {each.name for each in done.manifest.files}


def test_what_cannot_be_fetched_again_is_in_it_and_nothing_else(paths: StorePaths, tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "mine.toml").write_text("kind = 'paper'", encoding="utf-8")
    done = written(paths, tmp_path / "a.backup")
    assert names(done) == {
        "store/store.json",
        "store/journal/live/000001.jsonl",
        "store/journal/live/000001.77.torn",
        "store/journal/a%2Fb/000001.jsonl",
        "store/breaker/live/latch.json",
        "store/breaker/live/spool/1.json",
        "store/checkpoints/live.txt",
        "store/runs/one/result.json",
        "profiles/mine.toml",
    }
    more = written(paths, tmp_path / "b.backup", PARTS)
    assert names(more) - names(done) == {"store/lake/candles/month=2025-01/data.parquet"}
    some = written(paths, tmp_path / "c.backup", checked_parts(["latch", "profiles"]))
    assert {name.split("/")[1] for name in names(some)} == {"store.json", "breaker", "mine.toml"}


def test_the_archive_is_its_owners_and_shows_nothing(paths: StorePaths, tmp_path: Path) -> None:
    done = written(paths, tmp_path / "a.backup")
    data = done.path.read_bytes()
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    assert not any(word in data for word in (b"momentum_5m", b"DOGE", b"journal", b"live"))
    assert (done.bytes, check_archive(done.path, PASSPHRASE)) == (len(data), done.manifest)
    ends = {each.account: (each.entries, each.head) for each in done.manifest.journals}
    assert ends == {name: Journal(paths, name).head() for name in ("live", "a/b")}


def test_no_archive_is_replaced_unless_told(paths: StorePaths, tmp_path: Path) -> None:
    target = tmp_path / "a.backup"
    target.write_bytes(b"an older one")
    with pytest.raises(UsageError, match="exists already"):
        written(paths, target)
    assert target.read_bytes() == b"an older one"
    assert written(paths, target, force=True).path == target
    assert check_archive(target, PASSPHRASE)
    with pytest.raises(UsageError, match="'keys' is no part"):
        checked_parts(["keys"])


def test_a_disk_without_links_will_do(
    paths: StorePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: Path, target: Path) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", link)
    assert check_archive(written(paths, tmp_path / "a.backup").path, PASSPHRASE)
    assert [each.name for each in tmp_path.glob("*backup*")] == ["a.backup"]


def test_a_market_file_that_is_replaced_meanwhile_is_copied_whole(
    paths: StorePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = paths.candles / "month=2025-01" / "data.parquet"
    collected = writing.collect

    def then_replaced(*args: Any) -> Any:
        found = collected(*args)
        month.with_name("new").write_bytes(b"a month with more bars in it than before, and longer")
        os.replace(month.with_name("new"), month)
        return found

    monkeypatch.setattr(writing, "collect", then_replaced)
    done = written(paths, tmp_path / "a.backup", PARTS)
    (copied,) = (each for each in done.manifest.files if each.name.endswith("data.parquet"))
    assert (copied.bytes, copied.sha256) == (month.stat().st_size, sha256(month.read_bytes()).hexdigest())


def test_a_full_disk_leaves_no_half_file(paths: StorePaths, tmp_path: Path) -> None:
    (paths.runs / "one" / "trades.parquet").write_bytes(os.urandom(400_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    target = tmp_path / "out" / "a.backup"
    target.parent.mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(StoreError, match="no room on the disk"):
            written(paths, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(target.parent.iterdir()) == []


def test_a_copy_beside_a_writer_ends_with_a_whole_line(paths: StorePaths, tmp_path: Path) -> None:
    stop = threading.Event()
    journal = Journal(paths, "live", segment_bytes=20_000)

    def write() -> None:
        for number in range(4_000):
            if stop.is_set():
                return
            journal.append("note", {"number": number, "padding": "x" * 200})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [written(paths, tmp_path / f"{number}.backup") for number in range(3)]
    finally:
        stop.set()
        writer.join(30)
    heads = {entry.seq: entry.hash for entry in journal.entries()}
    ends = [next(each for each in done.manifest.journals if each.account == "live") for done in copies]
    assert [heads[each.entries] for each in ends] == [each.head for each in ends]
    assert ends[0].entries < ends[2].entries


def test_a_torn_end_is_left_out_and_a_damaged_one_is_kept_and_said(paths: StorePaths, tmp_path: Path) -> None:
    path = paths.account("live") / "000001.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"body":{"ha')
    done = written(paths, tmp_path / "a.backup")
    size = {each.name: each.bytes for each in done.manifest.files}["store/journal/live/000001.jsonl"]
    assert size == len(whole)
    path.write_bytes(whole.replace(b'"kind":"timing"', b'"kind":"timinh"'))
    done = written(paths, tmp_path / "b.backup")
    (end,) = (each for each in done.manifest.journals if each.account == "live")
    assert "000001.jsonl" in end.problem
    with pytest.raises(StoreDamagedError):
        Journal(paths, "live").head()


def test_the_command_writes_lists_and_never_shows_the_passphrase(
    memesnipe: Memesnipe, paths: StorePaths, tmp_path: Path
) -> None:
    base = ("--store", str(paths.root), "audit", "backup")
    word = PASSPHRASE.decode()
    done = memesnipe(*base, "--to", str(tmp_path), "--stdin", "--json", stdin=word + "\n")
    assert done.returncode == 0, done.stderr
    (said,) = json.loads(done.stdout)
    store_id = Store(paths.root).marker
    assert store_id is not None and Path(said["path"]).name.startswith(f"memesnipe-{store_id.store_id}-")
    assert (said["type"], said["bytes"]) == ("backup", Path(said["path"]).stat().st_size)
    listed = memesnipe(*base, "--list", said["path"], "--stdin", stdin=word)
    assert listed.returncode == 0 and "store/journal/live/000001.jsonl" in listed.stdout
    wrong = memesnipe(*base, "--list", said["path"], "--stdin", stdin="another passphrase")
    assert wrong.returncode == 4 and "the passphrase is wrong" in wrong.stderr
    for each in (done, listed, wrong):
        assert word not in each.stdout + each.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "code", "said"),
    [
        ((), "", 4, "no terminal to ask"),
        (("--stdin",), "short", 4, "fewer than 12"),
        (("--stdin",), "", 4, "is empty"),
        (("--stdin", "--passphrase-fd", "3"), "x", 2, "exclude each other"),
        (("--passphrase-fd", "77"), "", 2, "is not open"),
        (("--include", "journal,keys", "--stdin"), "x", 2, "'keys' is no part"),
        (("--list", "x", "--include", "runs"), "", 2, "--list writes nothing"),
        (("--list", "nowhere.backup", "--stdin"), "x" * 12, 1, "there is no archive"),
    ],
)
def test_what_is_not_asked_for_properly(
    memesnipe: Memesnipe,
    paths: StorePaths,
    tmp_path: Path,
    words: tuple[str, ...],
    stdin: str,
    code: int,
    said: str,
) -> None:
    to = () if "--list" in words else ("--to", str(tmp_path / "out.backup"))
    done = memesnipe("--store", str(paths.root), "audit", "backup", *to, *words, stdin=stdin)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "out.backup").exists()
