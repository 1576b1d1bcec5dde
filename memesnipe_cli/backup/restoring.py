"""Bringing an archive back as a store of its own: whole and halted, or not at all.

What was traded between the backup and now is in no line of a restored journal. So every account of it stands at HALT
before the store can be found by anybody, and a live one stays there until it was reconciled with its venue
(memesnipe_cli/risk/restored.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memesnipe_cli.audit.verify import Verdict, verify
from memesnipe_cli.backup.contents import PROFILE_PREFIX, STORE_PREFIX
from memesnipe_cli.backup.manifest import Manifest
from memesnipe_cli.backup.reading import open_archive
from memesnipe_cli.errors import IntegrityError, StoreError, UsageError
from memesnipe_cli.risk.control import accounts, trip
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.restored import CAUSE, RESTORED, restored_body, trades_at_a_venue
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.store.files import (
    explained,
    make_folder,
    sync_folder,
    temporary_name,
    write_all,
)
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

# Beside the store's own folders, so that no profile in use is replaced by an old one.
PROFILES_FOLDER = "restored-profiles"


@dataclass(frozen=True)
class Restored:
    """What was brought back. verdicts: of each journal, as it came out of the archive; halted: the accounts that stand
    at HALT now; live: those that must be reconciled before a reset; profiles: how many lie in `PROFILES_FOLDER`."""

    root: Path
    manifest: Manifest
    verdicts: list[Verdict]
    halted: list[str]
    live: list[str]
    profiles: int


def restore(archive: Path, target: Path, passphrase: bytes) -> Restored:
    """The store of `archive` as the folder `target`, which must be new or empty.

    The folder appears when all of it was authenticated, is on the disk, and is halted; where anything goes wrong
    nothing is left. A journal that was broken when it was backed up comes back as it was: see the verdicts.

    Raises UsageError where `target` holds something, and as `open_archive` and the store do.
    """
    target = target.absolute()
    check_free(target)
    with explained(f"cannot create {target.parent}"):
        make_folder(target.parent)
    temporary = temporary_name(target)
    try:
        with explained(f"cannot restore into {temporary}"):
            temporary.mkdir(mode=0o700)
        with open_archive(archive, passphrase) as opened:
            for name, blocks in opened.files():
                _write(temporary, name, blocks)
            manifest = opened.manifest
        paths = StorePaths(temporary)
        verdicts = [verify(paths, each.account) for each in manifest.journals]
        _check_ends(manifest, verdicts, archive)
        # One that cannot be read through may be anybody's: it counts as one that trades at a venue.
        live = [
            each.account
            for each in verdicts
            if each.broken or trades_at_a_venue(Journal(paths, each.account))
        ]
        halted = sorted({*accounts(paths), *live})
        for account in halted:
            said = f"restored from backup of {manifest.time}"
            # First the latch: a journal whose end is broken takes no line, and is stopped all the same.
            trip(paths, account, ACCOUNT, Level.HALT, said, cause=CAUSE)
        for end in manifest.journals:
            if not end.problem:
                body = restored_body(manifest.time, end.entries, end.head, live=end.account in live)
                Journal(paths, end.account).append(RESTORED, body)
        for verdict in verdicts:
            _tell_the_new_place(verdict, temporary, target)
        profiles = _count(temporary / PROFILES_FOLDER)
        _sync_tree(temporary)
        try:
            os.rename(temporary, target)
            sync_folder(target.parent)
        except OSError as problem:
            raise StoreError(
                f"{target} cannot become the restored store: {problem.strerror or problem}",
                "name a folder that does not exist yet, and is no mount point",
            ) from problem
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Restored(target, manifest, verdicts, halted, live, profiles)


def check_free(target: Path) -> None:
    """Raise UsageError where `target` holds something already."""
    with explained(f"cannot look at {target}"):
        if not os.path.lexists(target):
            return
        if target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
            return
    raise UsageError(
        f"{target} is not an empty folder: nothing is restored over what is there",
        "name a new folder with --to; move an old store away first, and keep it",
    )


def _write(root: Path, name: str, blocks: Iterator[bytes]) -> None:
    """One file of the archive below `root`."""
    place = (
        PROFILES_FOLDER + "/" + name.removeprefix(PROFILE_PREFIX)
        if name.startswith(PROFILE_PREFIX)
        else name.removeprefix(STORE_PREFIX)
    )
    path = root / place
    with explained(f"cannot write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            for block in blocks:
                write_all(handle, block)
            os.fsync(handle)
        finally:
            os.close(handle)


def _check_ends(manifest: Manifest, verdicts: list[Verdict], archive: Path) -> None:
    """Each journal that verifies reaches to where it ended when it was backed up."""
    for end, verdict in zip(manifest.journals, verdicts, strict=True):
        found = (verdict.head.seq, verdict.head.hash if end.entries else "")
        if not verdict.broken and found != (end.entries, end.head):
            raise IntegrityError(
                f"the journal of {end.account!r} in {archive} ends at entry {verdict.head.seq}, and had {end.entries}",
                "take another copy of the archive, or an older one",
            )


def _tell_the_new_place(verdict: Verdict, temporary: Path, target: Path) -> None:
    """Findings name the files as they are called from now on."""
    for each in verdict.findings:
        each["where"] = each["where"].replace(str(temporary), str(target))
        each["message"] = each["message"].replace(str(temporary), str(target))


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def _sync_tree(root: Path) -> None:
    """The names of all files last; their bytes were synced as they were written."""
    with explained(f"cannot sync {root}"):
        for at, _, _ in os.walk(root, topdown=False):
            sync_folder(Path(at))
