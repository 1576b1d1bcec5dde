"""`audit restore`: an archive comes back whole and halted or not at all; the drill on paper and at a venue."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from audit_journals import CLOSE_MS, journalled, live_lines

# The drill's accounts are those of the commands' tests and of the engine's.
sys.path.append(str(Path(__file__).parents[1] / "commands"))
sys.path.append(str(Path(__file__).parents[1] / "engine"))

from session_cases import SYMBOLS, market
from trade_live_cases import DOWN, FLAT, Scene, live_scene, with_position
from trade_market import account, eager, prepared

from memesnipe_cli.backup import sealing
from memesnipe_cli.backup.contents import PARTS, USUAL_PARTS, JournalEnd
from memesnipe_cli.backup.manifest import File, Manifest
from memesnipe_cli.backup.restoring import PROFILES_FOLDER, restore
from memesnipe_cli.backup.sealing import SealedWriter
from memesnipe_cli.backup.writing import write_archive
from memesnipe_cli.cli import run
from memesnipe_cli.engine.account_fold import AccountFold
from memesnipe_cli.errors import (
    ConfigError,
    DataError,
    IntegrityError,
    MemesnipeError,
    StoreError,
    UsageError,
)
from memesnipe_cli.risk.control import read_latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.facts import Balance
from memesnipe_cli.venues.order_lines import reconciled_line

Capture = pytest.CaptureFixture[str]
PASSPHRASE = b"correct horse battery"
BARS, MORE_BARS = (
    84,
    96,
)  # after the first the account holds nothing: a halted one that holds may go on, to leave


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id takes its time on purpose; tests/audit/test_backup.py runs it as it is."""
    monkeypatch.setattr(sealing, "derive_key", lambda passphrase, salt: sha256(salt + passphrase).digest())


def live_store(folder: Path) -> Store:
    """An account that has traded at a venue, and agreed with it."""
    agreed = reconciled_line("kraken", {"USD": Balance(Decimal(50), Decimal(0))}, [], CLOSE_MS)
    return journalled(folder, [*live_lines()[2:], agreed], "live")


def backed_up(store: Store, target: Path, parts: tuple[str, ...] = USUAL_PARTS) -> Path:
    """An archive of the store and of the profiles beside it."""
    return write_archive(store.paths, store.root.parent / "profiles", parts, target, PASSPHRASE).path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Of an account that has traded at a venue, and a profile."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text("kind = 'paper'", encoding="utf-8")
    return backed_up(live_store(tmp_path / "store"), tmp_path / "a.backup")


def test_a_store_comes_back_verified_and_halted(archive: Path, tmp_path: Path) -> None:
    before = Store(tmp_path / "store").journal("live")
    done = restore(archive, tmp_path / "new", PASSPHRASE)
    store = Store(tmp_path / "new")
    assert (done.halted, done.live, done.profiles) == (["live"], ["live"], 1)
    assert [(each.integrity, each.head.seq) for each in done.verdicts] == [("ok", before.head()[0])]
    assert store.marker == Store(tmp_path / "store").marker
    assert (store.root / PROFILES_FOLDER / "mine.toml").read_text(encoding="utf-8") == "kind = 'paper'"
    again = list(store.journal("live").entries())
    assert again[: before.head()[0]] == list(before.entries())
    (line,) = (each.body for each in again if each.kind == "restored")
    assert (line["entries"], line["head"], line["reconcile"]) == (*before.head(), True)
    hold = read_latch(store.paths, "live").holds["account"]
    assert (hold.level, hold.cause) == (Level.HALT, "restored")
    assert hold.reason == f"restored from backup of {done.manifest.time}"


def test_what_was_halted_for_another_reason_stays_so(archive: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    options = ["--store", str(store.root), "breaker", "trip", "--account", "live"]
    assert run([*options, "--level", "EMERGENCY", "--reason", "by hand"], {}) == 0
    second = backed_up(store, tmp_path / "b.backup")
    restore(second, tmp_path / "new", PASSPHRASE)
    hold = read_latch(Store(tmp_path / "new").paths, "live").holds["account"]
    assert (hold.level, hold.cause) == (Level.EMERGENCY, "manual")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda data: data[:-20], IntegrityError, "is cut off"),
        (lambda data: data[:200] + bytes([data[200] ^ 4]) + data[201:], IntegrityError, "was changed"),
        (lambda data: data.replace(b"backup v1", b"backup v7", 1), StoreError, "of format 7"),
        (lambda data: b"{}" + data, DataError, "no backup archive"),
        (lambda data: b"", DataError, "no backup archive"),
        (lambda data: data, ConfigError, "the passphrase is wrong"),
    ],
)
def test_a_bad_archive_leaves_nothing_behind(
    archive: Path, tmp_path: Path, change: Callable[[bytes], bytes], error: type[MemesnipeError], said: str
) -> None:
    archive.write_bytes(change(archive.read_bytes()))
    given = b"another passphrase" if error is ConfigError else PASSPHRASE
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(error, match=said):
        restore(archive, place / "new", given)
    assert list(place.iterdir()) == []


def test_nothing_is_restored_over_what_is_there(archive: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    restored = restore(archive, taken, PASSPHRASE)  # an empty folder will do
    assert restored.root == taken
    with pytest.raises(UsageError, match="not an empty folder"):
        restore(archive, taken, PASSPHRASE)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for place in (archive, link):
        with pytest.raises(UsageError, match="not an empty folder"):
            restore(archive, place, PASSPHRASE)


def crafted(
    target: Path, members: list[tuple[tarfile.TarInfo, bytes]], manifest: Manifest | None = None
) -> Path:
    """An archive under our passphrase that memesnipe has not written."""
    with target.open("wb") as file:
        writer = SealedWriter(file, PASSPHRASE)
        packed = gzip.GzipFile("", "wb", fileobj=cast("Any", writer))
        with packed, tarfile.open(fileobj=packed, mode="w|") as tar:
            for member, data in members:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            if manifest is not None:
                member = tarfile.TarInfo("manifest.json")
                member.size = len(manifest.encode())
                tar.addfile(member, io.BytesIO(manifest.encode()))
        writer.finish()
    return target


def manifest_of(members: list[tuple[tarfile.TarInfo, bytes]], *journals: JournalEnd) -> Manifest:
    files = tuple(File(each.name, len(data), sha256(data).hexdigest()) for each, data in members)
    return Manifest("2025-01-01T00:00:00Z", "", "0", ("journal",), files, journals)


@pytest.mark.parametrize(
    "name",
    [
        "store/../../escaped",
        "../escaped",
        "/escaped",
        "store//escaped",
        "store/./escaped",
        "elsewhere/escaped",
        "store/a\\..\\escaped",
        "profiles/../escaped",
        "store/",
    ],
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    members = [(tarfile.TarInfo(name), b"out")]
    path = crafted(tmp_path / "a.backup", members, manifest_of(members))
    with pytest.raises(IntegrityError):
        restore(path, tmp_path / "place" / "new", PASSPHRASE)
    assert list((tmp_path / "place").iterdir()) == []
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "place" / "escaped").exists()


def test_links_and_whatever_is_no_file_are_refused(tmp_path: Path) -> None:
    for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)):
        member = tarfile.TarInfo("store/journal")
        member.type = kind
        member.linkname = "/etc"
        path = crafted(tmp_path / f"{number}.backup", [(member, b"")], manifest_of([]))
        with pytest.raises(IntegrityError, match="is no file"):
            restore(path, tmp_path / "new", PASSPHRASE)


def test_what_its_manifest_does_not_say_is_refused(tmp_path: Path) -> None:
    one = (tarfile.TarInfo("store/runs/one"), b"1")
    two = (tarfile.TarInfo("store/runs/two"), b"2")
    cases = [
        crafted(tmp_path / "1", [one, two], manifest_of([one])),
        crafted(tmp_path / "2", [one], manifest_of([one, two])),
        crafted(tmp_path / "3", [one], manifest_of([(one[0], b"0")])),
        crafted(tmp_path / "4", [one]),
    ]
    for path in cases:
        with pytest.raises(IntegrityError, match="is not whole"):
            restore(path, tmp_path / "new", PASSPHRASE)
    assert not (tmp_path / "new").exists()


def test_a_journal_that_was_broken_comes_back_as_it_was_and_says_so(tmp_path: Path, capsys: Capture) -> None:
    store = live_store(tmp_path / "store")
    path = store.paths.account("live") / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"qty":"60"', b'"qty":"61"'))
    archive = backed_up(store, tmp_path / "a.backup")
    done = restore(archive, tmp_path / "new", PASSPHRASE)
    assert [each.integrity for each in done.verdicts] == ["broken"]
    assert (done.live, done.halted) == (["live"], ["live"])
    assert str(tmp_path / "new" / "journal") in done.verdicts[0].findings[0]["message"]
    assert (tmp_path / "new" / "journal" / "live" / "000001.jsonl").read_bytes().startswith(path.read_bytes())


def with_passphrase(words: list[str]) -> list[str]:
    """A command line with the passphrase on a descriptor of its own."""
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE)
    os.close(writing)
    return [*words, "--passphrase-fd", str(reading)]


@pytest.fixture
def writer_of() -> Iterator[Callable[[Store], None]]:
    """Starts another process's part: lines that come into the journal all the time."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(store: Store) -> None:
        def write() -> None:
            for number in range(5_000):
                if stop.wait(0.002):
                    return
                store.journal().append("note", {"number": number})

        threads.append(threading.Thread(target=write))
        threads[-1].start()

    yield start
    stop.set()
    for each in threads:
        each.join(20)


def test_the_drill_on_paper(tmp_path: Path, capsys: Capture, writer_of: Callable[[Store], None]) -> None:
    options, strategy = prepared(tmp_path, BARS), eager(tmp_path)
    profile = options[2:]
    assert run([*options, "trade", *strategy], {}) == 0
    state = AccountFold().dump(account(tmp_path))
    store = Store(tmp_path / "store")
    traded = list(store.journal().entries())
    writer_of(store)
    to = str(tmp_path / "drill.backup")
    made = ["audit", "backup", "--to", to, "--include", ",".join(PARTS)]
    assert run([*options, *with_passphrase(made)], {}) == 0

    restored = tmp_path / "later" / "store"
    assert run(with_passphrase(["audit", "restore", to, "--to", str(restored)]), {}) == 0
    said = capsys.readouterr()
    assert "account paper stands at HALT" in said.err and "trade reconcile" not in said.err
    new = ["--store", str(restored), *profile]
    assert run([*new, "audit", "verify"], {}) == 0
    assert list(Store(restored).journal().entries())[: len(traded)] == traded
    assert AccountFold().dump(account(tmp_path / "later")) == state

    _bring_in(Store(restored))
    assert run([*new, "trade", *strategy], {}) == 3
    assert "restored from backup of" in capsys.readouterr().err
    assert run([*new, "breaker", "status"], {}) == 3
    assert "restored from backup of" in capsys.readouterr().out
    assert run([*new, "breaker", "reset", "--reason", "the drill"], {}) == 0
    capsys.readouterr()
    assert run([*new, "trade", *strategy, "--json"], {}) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["resumed"] is True and document["bars"] > 0
    assert run([*new, "audit", "verify"], {}) == 0


def _bring_in(store: Store) -> None:
    """The bars that came since."""
    for candles in market(MORE_BARS):
        if candles.key.symbol in SYMBOLS[1:]:
            store.lake.write_candles(candles, source="test")


def test_the_drill_at_a_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with live_scene(tmp_path, monkeypatch) as scene:
        with_position(scene)
        store = scene.rig.store
        state = AccountFold().dump(store.journal("live").replay(AccountFold()))
        archive = backed_up(store, tmp_path / "live.backup", PARTS)
        root = store.root
        shutil.rmtree(root)
        done = restore(archive, root, PASSPHRASE)
        assert (done.live, done.verdicts[0].integrity) == (["live"], "ok")
        assert AccountFold().dump(store.journal("live").replay(AccountFold())) == state
        _held_until_reconciled(scene, capsys)
        scene.rig.assert_whole()


def test_what_was_traded_after_the_backup_is_never_taken_for_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The user's own coins would cover what the restored book still thinks it holds."""
    with live_scene(tmp_path, monkeypatch) as scene:
        with_position(scene)
        archive = backed_up(scene.rig.store, tmp_path / "live.backup", PARTS)
        scene.server.skew(-800)
        scene.rig.trade(DOWN, FLAT)
        scene.now()
        root = scene.rig.store.root
        shutil.rmtree(root)
        restore(archive, root, PASSPHRASE)
        code, rows = scene.rows(capsys, "audit", "reconcile")
        assert (code, {each.get("result") for each in rows} - {None}) == (1, {"lost"})
        code, rows = scene.rows(capsys, "trade", "reconcile")
        assert code == 1 and "other_store" in {each["kind"] for each in rows}
        for words in (
            ("trade", "reconcile", "--accept", "--reason", "it was me"),
            ("breaker", "reset", "--account", "live", "--reason", "in a hurry"),
        ):
            assert scene.say(capsys, *words)[0] == 3


def _held_until_reconciled(scene: Scene, capsys: Capture) -> None:
    reset = ("breaker", "reset", "--account", "live", "--reason", "the drill")
    code, _, err = scene.say(capsys, *reset)
    assert code == 3 and "has not been reconciled since" in err and "memesnipe trade reconcile" in err
    # A venue that does not agree changes nothing of that.
    scene.server.ledger.balances["USD"] -= 7
    assert scene.say(capsys, "trade", "reconcile")[0] == 1
    assert scene.say(capsys, *reset)[0] == 3
    scene.server.ledger.balances["USD"] += 7
    code, _, err = scene.say(capsys, "trade", "reconcile")
    assert code == 0 and "the breaker still stands at HALT" in err
    code, _, err = scene.say(capsys, *reset)
    assert code == 0, err
    assert scene.say(capsys, "audit", "reconcile")[0] == 0
    assert scene.say(capsys, "audit", "verify", "--account", "live")[0] == 0
