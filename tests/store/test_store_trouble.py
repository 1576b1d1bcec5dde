"""Disks that are full or read-only, locks that are held, stores that are newer: said clearly, and nothing is
lost."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lake_bars import DOGE_5M, bars

from memesnipe_cli.errors import StoreBusyError, StoreDamagedError, StoreError
from memesnipe_cli.store import Journal, Store
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.runs import Runs

WRITERS = Path(__file__).with_name("store_writers.py")
NOBODY = 65534


# --- locks --------------------------------------------------------------------------------------------------


@contextmanager
def hanging_holder(store: Store, lock: str) -> Iterator[int]:
    """A process that took a lock and was stopped."""
    with subprocess.Popen(
        [sys.executable, str(WRITERS), "hold", str(store.root), lock], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            yield holder.pid
        finally:
            holder.kill()


def test_a_lock_holder_that_hangs_is_named_and_its_death_frees_the_lock(store: Store) -> None:
    store.journal().append("fact", {"n": 1})
    hasty = Journal(StorePaths(store.root), deadline_s=0.2)
    with hanging_holder(store, "journal/paper/lock") as pid:
        with pytest.raises(
            StoreBusyError, match=f"journal 'paper' is locked by pid {pid} on .* within 0.2 s"
        ):
            hasty.append("fact", {"n": 2})
        # Readers never wait.
        assert [entry.seq for entry in hasty.entries()] == [1, 2]
    assert hasty.append("fact", {"n": 3}).seq == 3


def test_an_ingest_that_hangs_blocks_only_its_own_instrument(store: Store) -> None:
    from memesnipe_cli.store.lake import Lake
    from memesnipe_cli.store.tables import SeriesKey

    lake = Lake(StorePaths(store.root), deadline_s=0.2)
    lake.write_candles(bars(), source="test")
    lock = StorePaths(store.root).instrument("coinbase", "DOGE/USD").relative_to(store.root) / "lock"
    with hanging_holder(store, str(lock)) as pid:
        with pytest.raises(StoreBusyError, match=f"coinbase DOGE/USD 5m is locked by pid {pid}"):
            lake.write_candles(bars(count=30), source="test")
        assert len(lake.read_candles(DOGE_5M)) == 24
        assert lake.write_candles(bars(SeriesKey("kraken", "DOGE/USD", "5m")), source="test").added == 24
    assert lake.write_candles(bars(count=30), source="test").added == 6


# --- full disk ----------------------------------------------------------------------------------------------


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """Writes beyond `limit` bytes of a file are cut short and then fail, as on a disk that fills up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_write_that_is_cut_short_acknowledges_nothing_and_leaves_nothing(store: Store) -> None:
    journal = store.journal()
    journal.append("fact", {"n": 1})
    path = journal.folder / "000001.jsonl"
    whole = path.read_bytes()
    with (
        file_size_limit(len(whole) + 100),
        pytest.raises(StoreError, match=r"nothing was recorded .* no room") as caught,
    ):
        journal.append_many([("fact", {"text": "x" * 150}), ("fact", {"n": 3})])
    assert caught.value.code == "store_full"
    assert "prune" in caught.value.hint
    assert path.read_bytes() == whole
    assert journal.append("fact", {"n": 2}).seq == 3


def test_what_a_full_disk_left_half_written_is_repaired_by_the_next_append(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = store.journal()
    journal.append("fact", {"n": 1})
    path = journal.folder / "000001.jsonl"

    def refuse(handle: int, length: int) -> None:
        raise OSError(5, "Input/output error")

    with file_size_limit(path.stat().st_size + 100), monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", refuse)
        with pytest.raises(StoreError):
            journal.append("fact", {"text": "x" * 150})
    assert not path.read_bytes().endswith(b"\n")
    assert journal.append("fact", {"n": 2}).seq == 4
    assert [entry.kind for entry in journal.entries()] == ["journal_opened", "fact", "journal_torn", "fact"]


def test_a_sync_that_fails_acknowledges_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = store.journal()
    journal.append("fact", {"n": 1})

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", refuse)
        with pytest.raises(StoreError, match="no room"):
            journal.append("fact", {"n": 2})
    assert journal.head()[0] == 2
    assert journal.append("fact", {"n": 3}).seq == 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_on_a_disk_that_is_really_full_everything_fails_clearly_and_recovers(small_disk: Path) -> None:
    store = Store(small_disk / "store")
    store.lake.write_candles(bars(count=200), source="test")
    acknowledged = 0
    with pytest.raises(StoreError, match="no room on the disk"):
        while True:
            acknowledged = store.journal().append("fact", {"text": "x" * 8_000}).seq
    with pytest.raises(StoreError, match="no room on the disk"):
        store.lake.write_candles(bars(count=8_000), source="test")
    with pytest.raises(StoreError, match="no room on the disk"):
        Runs(store.paths).save("run", {"text": "x" * 50_000}, [], bars().ts, bars().open)
    # Everything acknowledged is there, and reading needs no room.
    assert store.journal().head()[0] == acknowledged
    assert len(store.lake.read_candles(DOGE_5M)) == 200
    assert store.connect().execute("SELECT count(*) FROM journal").fetchall() == [(acknowledged,)]
    assert list(small_disk.rglob("*.tmp")) == []

    for path in small_disk.rglob("*.parquet"):
        path.unlink()
    assert store.journal().append("fact", {"n": 1}).seq == acknowledged + 1


# --- read-only folders --------------------------------------------------------------------------------------


@pytest.fixture
def read_only_store() -> Iterator[Store]:
    """A store that this process may read and not write: as root, it steps down to a user without rights."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        store = Store(folder / "store")
        store.journal().append("fact", {"n": 1})
        store.lake.write_candles(bars(), source="test")
        Runs(store.paths).save("run", {"sharpe": 1.0}, [{"pnl": "1"}], bars().ts, bars().open)
        store.connect().close()
        (store.root / "store.duckdb").unlink()
        everything = [store.root, *store.root.rglob("*")]
        for path in everything:
            path.chmod(0o555 if path.is_dir() else 0o444)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(NOBODY)
        try:
            yield store
        finally:
            if was_root:
                os.seteuid(0)
            for path in everything:
                path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_store_can_be_read_whole(read_only_store: Store) -> None:
    assert [entry.seq for entry in read_only_store.journal().entries()] == [1, 2]
    assert len(read_only_store.lake.read_candles(DOGE_5M)) == 24
    assert read_only_store.runs.load("run").result == {"sharpe": 1.0}
    con = read_only_store.connect()
    assert con.execute("SELECT count(*) FROM candles").fetchall() == [(24,)]
    assert not (read_only_store.root / "store.duckdb").exists()


def test_writing_to_a_read_only_store_says_so(read_only_store: Store) -> None:
    for write in (
        lambda: read_only_store.journal().append("fact", {"n": 2}),
        lambda: read_only_store.lake.write_candles(bars(count=30), source="test"),
        lambda: Runs(read_only_store.paths).save("other", {}, [], bars().ts, bars().open),
    ):
        with pytest.raises(StoreError, match="may not be written") as caught:
            write()
        assert caught.value.code == "store_read_only"


def test_a_file_where_the_store_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="file stands where a folder should be"):
        Store(tmp_path / "file" / "store").journal().append("fact", {})


# --- versions -----------------------------------------------------------------------------------------------


def test_a_store_of_a_newer_memesnipe_is_refused(store: Store) -> None:
    store.journal().append("fact", {"n": 1})
    marker = store.root / "store.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 99, "written_by": "9.9.9"}))
    with pytest.raises(StoreError, match=r"written by a newer memesnipe \(9\.9\.9, format 99") as caught:
        Store(store.root)
    assert "upgrade" in caught.value.hint
    with pytest.raises(StoreError, match="newer memesnipe"):
        store.journal().append("fact", {"n": 2})


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format":1,"id":"../x","written_by":"0"}'])
def test_a_marker_that_is_none_is_named(store: Store, content: str) -> None:
    store.root.mkdir()
    (store.root / "store.json").write_text(content)
    with pytest.raises(StoreDamagedError, match=r"store\.json"):
        Store(store.root)


def test_opening_and_appending_import_nothing_heavy(store: Store) -> None:
    code = (
        "import sys; from pathlib import Path; from memesnipe_cli.store import Store\n"
        f"store = Store(Path({str(store.root)!r})); store.journal().append('fact', {{}})\n"
        "list(store.journal().entries()); store.size()\n"
        "print(sorted({'duckdb', 'numpy', 'pyarrow', 'ccxt', 'numba', 'rich', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_account_has_one_holder_and_others_are_told_who(store: Store) -> None:
    journal = store.journal()
    with journal.held():
        with (
            pytest.raises(StoreBusyError, match=f"account 'paper' is locked by pid {os.getpid()}"),
            journal.held(),
        ):
            pass
        journal.append("fact", {"n": 1})
        with store.journal("other").held():
            pass
    with journal.held():
        pass
