"""Retention of journals: one goes as a whole, old and over and in a backup that was read, or it stays."""

from __future__ import annotations

import json
import os
import shutil
import sys
from hashlib import sha256
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "audit"))

from audit_journals import journalled, live_lines

from memesnipe_cli import clock
from memesnipe_cli.audit.verify import verify
from memesnipe_cli.backup import sealing
from memesnipe_cli.backup.contents import USUAL_PARTS
from memesnipe_cli.backup.restoring import restore
from memesnipe_cli.backup.retiring import Archive, journals, opened, remove
from memesnipe_cli.backup.writing import write_archive
from memesnipe_cli.cli import run
from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.errors import RefusedError, StoreError, UsageError
from memesnipe_cli.live.permission import settings_hash
from memesnipe_cli.profile import Profile
from memesnipe_cli.profile_retention import Retention
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.removed import FILE, read_removed, removed_accounts
from memesnipe_cli.store.segments import segment_numbers
from memesnipe_cli.store.store import Store

PASSPHRASE = b"correct horse battery"
DAYS = 2557
LATER_MS = clock.now_ms() + (DAYS + 2) * DAY_MS


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id takes its time on purpose; tests/audit/test_backup.py runs it as it is."""
    monkeypatch.setattr(sealing, "derive_key", lambda passphrase, salt: sha256(salt + passphrase).digest())


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    """A store with an account of several segments that is over."""
    store = Store(tmp_path / "store")
    journal = Journal(store.paths, "old", segment_bytes=2_000)
    for number in range(60):
        journal.append("note", {"number": number, "padding": "x" * 50})
    assert len(segment_numbers(journal.folder)) > 3
    return store.paths


def archived(paths: StorePaths, name: str = "a.backup") -> Archive:
    target = paths.root.parent / name
    write_archive(paths, paths.root.parent / "profiles", USUAL_PARTS, target, PASSPHRASE, force=True)
    return opened(target, PASSPHRASE)


def why(paths: StorePaths, now_ms: int = LATER_MS, days: int = DAYS) -> dict[str, str]:
    return {each.account: each.stays for each in journals(paths, days, now_ms)}


def test_a_journal_goes_as_a_whole_and_what_is_left_says_what_it_was(paths: StorePaths) -> None:
    head = Journal(paths, "old").head()
    assert why(paths) == {"old": ""}
    remove(paths, "old", DAYS, LATER_MS, archived(paths))
    folder = paths.account("old")
    assert sorted(each.name for each in folder.iterdir()) == ["lock", FILE, "trader.lock"]
    left = read_removed(folder)
    assert left is not None
    assert ((left.entries, left.head), left.journal_days) == (head, DAYS)
    assert len(left.peaks) == left.entries.bit_count()
    assert left.backup_sha256 == sha256((paths.root.parent / "a.backup").read_bytes()).hexdigest()
    verdict = verify(paths, "old")
    assert (verdict.broken, verdict.head.seq, verdict.head.hash) == (False, *head)
    assert "removed by retention on" in verdict.findings[0]["message"]
    assert "hashed, and not signed" in verdict.findings[0]["message"]
    assert removed_accounts(paths) == ["old"]


def test_its_account_is_over(paths: StorePaths) -> None:
    remove(paths, "old", DAYS, LATER_MS, archived(paths))
    with pytest.raises(StoreError, match="was removed by retention"):
        Journal(paths, "old").append("note", {})
    assert why(paths)["old"].startswith("removed on")


def test_the_backup_brings_it_back(paths: StorePaths, tmp_path: Path) -> None:
    before = list(Journal(paths, "old").entries())
    archive = archived(paths)
    left = remove(paths, "old", DAYS, LATER_MS, archive)
    restore(archive.path, tmp_path / "back", PASSPHRASE)
    again = Journal(StorePaths(tmp_path / "back"), "old")
    assert list(again.entries())[: left.entries] == before


def test_what_is_young_stays_until_its_day(paths: StorePaths) -> None:
    archive = archived(paths)
    almost = clock.now_ms() + DAYS * DAY_MS - 60_000
    assert why(paths, almost)["old"].startswith("kept until 20")
    with pytest.raises(RefusedError, match="kept until"):
        remove(paths, "old", DAYS, almost, archive)
    for call in (lambda: why(paths, days=0), lambda: remove(paths, "old", 0, LATER_MS, archive)):
        with pytest.raises(UsageError, match="for ever"):
            call()


def test_what_is_held_or_used_or_broken_stays(paths: StorePaths) -> None:
    journalled(paths.root, live_lines()[2:], "holds")
    journalled(paths.root, live_lines()[2:5], "waits")
    Journal(paths, "broken").append("note", {"said": "this"})
    path = paths.account("broken") / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"this", b"that"))
    with Journal(paths, "old").held():
        said = why(paths)
        with pytest.raises(RefusedError, match="is locked by"):
            remove(paths, "old", DAYS, LATER_MS, archived(paths))
    assert said["holds"] == said["waits"] == "an order or a lot at a venue is open"
    assert "is locked by" in said["old"] and "does not match its own hash" in said["broken"]
    for name in ("holds", "waits", "broken"):
        with pytest.raises(RefusedError, match="stays"):
            remove(paths, name, DAYS, LATER_MS, archived(paths))


def test_an_archive_that_does_not_hold_it_as_it_is_removes_nothing(paths: StorePaths, tmp_path: Path) -> None:
    early = archived(paths, "early.backup")
    Journal(paths, "old").append("note", {"said": "one more"})
    other = tmp_path / "other"
    Store(other).journal("old").append("note", {})
    foreign = archived(StorePaths(other), "foreign.backup")
    before = segment_numbers(paths.account("old"))
    for archive, said in ((early, "does not hold"), (foreign, "not of this one")):
        with pytest.raises(RefusedError, match=said):
            remove(paths, "old", DAYS, LATER_MS, archive)
    assert segment_numbers(paths.account("old")) == before
    assert not removed_accounts(paths)


def test_a_removal_that_was_cut_short_is_finished(paths: StorePaths, tmp_path: Path) -> None:
    shutil.copytree(paths.account("old"), tmp_path / "copy")
    archive = archived(paths)
    left = remove(paths, "old", DAYS, LATER_MS, archive)
    shutil.copy(tmp_path / "copy" / "000002.jsonl", paths.account("old"))
    assert segment_numbers(paths.account("old")) == []
    (found,) = journals(paths, DAYS, LATER_MS)
    assert (found.stays, found.entries) == ("", left.entries)
    assert remove(paths, "old", DAYS, LATER_MS, archive) == left
    assert not (paths.account("old") / "000002.jsonl").exists()


def test_what_is_left_and_was_changed_is_found(paths: StorePaths) -> None:
    remove(paths, "old", DAYS, LATER_MS, archived(paths))
    path = paths.account("old") / FILE
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace('"entries": 61', '"entries": 60'), encoding="utf-8")
    assert verify(paths, "old").integrity == "broken"
    path.write_text(whole, encoding="utf-8")
    os.rename(paths.account("old"), paths.account("another"))
    assert verify(paths, "another").integrity == "broken"


def test_the_setting_is_bounded_and_binds_no_session() -> None:
    assert Profile().retention.journal_days == 0
    for wrong in (364, -1, 40_000, True):
        with pytest.raises(ValueError, match="journal_days"):
            Retention.model_validate({"journal_days": wrong})
    kept = Profile(retention=Retention(journal_days=DAYS))
    assert settings_hash(kept) == settings_hash(Profile())


def test_the_command_shows_first_and_removes_only_with_a_backup(
    paths: StorePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "kept.toml"
    profile.write_text(f"[retention]\njournal_days = {DAYS}\n", encoding="utf-8")
    archive = archived(paths)
    words = ["--store", str(paths.root), "--profile", str(profile), "store", "prune", "--part", "journal"]
    assert run([*words, "--yes"], {}) == 0
    assert "kept until" in capsys.readouterr().out
    monkeypatch.setattr(clock, "now_ms", lambda: LATER_MS)
    assert run(words, {}) == 0
    assert "1 may go" in capsys.readouterr().err
    assert run([*words, "--yes"], {}) == 2
    assert run([*words, "--older-than", "1d"], {}) == 2
    assert run(["--store", str(paths.root), "store", "prune", "--part", "journal"], {}) == 2
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE)
    os.close(writing)
    capsys.readouterr()
    given = ["--backup", str(archive.path), "--passphrase-fd", str(reading), "--yes", "--json"]
    assert run([*words, *given], {}) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["type"], row["account"], row["removed"]) == ("journal_retention", "old", True)
    left = read_removed(paths.account("old"))
    (noted,) = (each.body for each in Journal(paths).entries() if each.kind == "prune")
    assert left is not None and noted["removed_sha256"] == left.digest
    assert run(["--store", str(paths.root), "audit", "verify"], {}) == 0
    assert "entries 1 to 61" in capsys.readouterr().out
