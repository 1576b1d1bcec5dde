"""Retention of journals: removing what is old enough, of accounts that are over, once a backup is known to hold it.

The state of an account is what all its lines make of its capital, and a tax lot is sold years after it was bought. So a
journal goes as a whole or stays: it goes when its last line is older than the profile's retention, nothing is held or
waits in it, it verifies, nobody uses it, and every byte of it is in an archive that was opened and read for this. When
in doubt it stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.audit import leaves
from memesnipe_cli.audit.merkle import Frontier
from memesnipe_cli.audit.verify import verify
from memesnipe_cli.backup.contents import STORE_PREFIX, journal_files
from memesnipe_cli.backup.manifest import Manifest
from memesnipe_cli.backup.reading import check_archive
from memesnipe_cli.engine.account_fold import AccountFold
from memesnipe_cli.errors import MemesnipeError, RefusedError, StoreError, UsageError
from memesnipe_cli.risk.spool import waiting
from memesnipe_cli.store import locks
from memesnipe_cli.store.catalog_journal import accounts
from memesnipe_cli.store.files import explained, sync_folder
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.removed import FILE as REMOVED
from memesnipe_cli.store.removed import Removed, read_removed, removed_accounts, write_removed
from memesnipe_cli.store.version import read_marker
from memesnipe_cli.venues.order_fold import OrderFold

_LOCK_WAIT_S = 2.0


@dataclass(frozen=True)
class Old:
    """A journal and whether it may go. entries, head: number and hash of its last line; until: when that was written;
    stays: why it may not go, "" where it may, and where it was removed and files of it are still there."""

    account: str
    entries: int
    head: str
    bytes: int
    until: str
    stays: str = ""


@dataclass(frozen=True)
class Archive:
    """A backup that was read from its first byte to its last. sha256: of the file."""

    path: Path
    sha256: str
    manifest: Manifest


def journals(paths: StorePaths, journal_days: int, now_ms: int, account: str | None = None) -> list[Old]:
    """Every journal of the store, or that of `account`. Raises UsageError where the profile keeps journals for ever."""
    _check_days(journal_days)
    names = [account] if account is not None else [*accounts(paths), *removed_accounts(paths)]
    return [_judged(paths, name, journal_days, now_ms) for name in sorted(names)]


def opened(path: Path, passphrase: bytes) -> Archive:
    """A backup to remove by. Raises as `check_archive`."""
    manifest = check_archive(path, passphrase)
    with explained(f"cannot read {path}"), path.open("rb") as file:
        return Archive(path, hashlib.file_digest(file, "sha256").hexdigest(), manifest)


def remove(paths: StorePaths, account: str, journal_days: int, now_ms: int, archive: Archive) -> Removed:
    """Remove one journal; what is left says what it was. Raises RefusedError where it may not go, or the archive does
    not hold it as it is; StoreBusyError, StoreError."""
    _check_days(journal_days)
    journal = Journal(paths, account)
    removed = read_removed(journal.folder)
    # Verification may take processes of its own, which would inherit the locks: it comes before them.
    found = None if removed is not None else _judged(paths, account, journal_days, now_ms)
    if found is not None and found.stays:
        raise RefusedError(
            f"the journal of {account!r} stays: {found.stays}", "nothing was removed", code="retained"
        )
    # Neither a trader nor a single line may come while this is done.
    with journal.held(), locks.exclusive(journal.folder / "lock", f"the journal {account!r}", _LOCK_WAIT_S):
        if removed is None:
            if found is None or journal.head() != (found.entries, found.head):
                raise RefusedError(
                    f"the journal of {account!r} has grown while it was looked at",
                    "run it again",
                    code="retained",
                )
            _check_archived(paths, journal, archive)
            removed = _described(paths, journal, journal_days, now_ms, archive)
            # Readers take the journal for removed from here on; what is still there of it is swept, now or next time.
            write_removed(journal.folder, removed)
        _sweep(journal.folder)
    return removed


def _judged(paths: StorePaths, account: str, journal_days: int, now_ms: int) -> Old:
    journal = Journal(paths, account)
    size = sum(path.stat().st_size for path in journal_files(journal.folder))
    removed = read_removed(journal.folder)
    if removed is not None:
        left = any(_swept(journal.folder))
        said = "" if left else f"removed on {removed.time[:10]}"
        return Old(account, removed.entries, removed.head, size, removed.until, said)
    entries, head, until = 0, "", ""
    try:
        entries, head = journal.head()
        if not entries:
            return Old(account, 0, "", size, "", "it has no entry")
        until = next(journal.entries(entries)).time
        stays = _stays(paths, journal, until, journal_days, now_ms)
    except MemesnipeError as problem:
        stays = problem.message
    return Old(account, entries, head, size, until, stays)


def _stays(paths: StorePaths, journal: Journal, until: str, journal_days: int, now_ms: int) -> str:
    """Why a journal may not go; "" where it may. Raises MemesnipeError where it cannot be told."""
    ends_ms = clock.parse_time(until) + journal_days * clock.DAY_MS
    if now_ms < ends_ms:
        return f"kept until {clock.format_time(ends_ms)[:10]}, {journal_days} days after its last line"
    if journal.replay(AccountFold()).busy():
        return "the account holds something, or an order of it waits"
    book = journal.replay(OrderFold())
    if book.active or any(each.qty for each in book.holdings.values()):
        return "an order or a lot at a venue is open"
    if waiting(paths, journal.account):
        return "lines of its breaker wait to be written into it"
    verdict = verify(paths, journal.account)
    if verdict.broken:
        return f"it does not verify: {verdict.findings[0]['message']}"
    with journal.held():
        return ""


def _check_archived(paths: StorePaths, journal: Journal, archive: Archive) -> None:
    """Every file of the journal is in the archive, byte for byte."""
    marker = read_marker(paths.marker)
    if marker is None or archive.manifest.store != marker.store_id:
        raise RefusedError(
            f"{archive.path} is a backup of the store {archive.manifest.store}, not of this one",
            "name a backup of this store: memesnipe audit backup",
            code="retained",
        )
    kept = {each.name: each for each in archive.manifest.files}
    for path in journal_files(journal.folder):
        with explained(f"cannot read {path}"), path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        known = kept.get(STORE_PREFIX + path.relative_to(paths.root).as_posix())
        if known is None or known.sha256 != digest:
            raise RefusedError(
                f"{archive.path} does not hold {path} as it is now: nothing was removed",
                "make a new backup, then run it again with that one",
                code="retained",
            )


def _described(
    paths: StorePaths, journal: Journal, journal_days: int, now_ms: int, archive: Archive
) -> Removed:
    tree = Frontier()
    for batch in leaves.hashes(journal.folder):
        tree.extend(batch)
    entries, head = journal.head()
    if tree.size != entries:
        raise StoreError(
            f"{journal.folder} has {tree.size} lines and ends with entry {entries}", "memesnipe audit verify"
        )
    first = next(journal.entries())
    (last,) = journal.entries(entries)
    return Removed(
        account=journal.account,
        store=archive.manifest.store,
        entries=entries,
        head=head,
        root=tree.root().hex(),
        peaks=tuple(each.hex() for each in tree.peaks),
        since=first.time,
        until=last.time,
        time=clock.format_time(now_ms),
        journal_days=journal_days,
        backup_time=archive.manifest.time,
        backup_sha256=archive.sha256,
    )


def _swept(folder: Path) -> Iterator[Path]:
    """The files of a journal, without what is left of a removed one."""
    yield from (path for path in journal_files(folder) if path.name != REMOVED)
    yield from sorted((folder / "snapshots").glob("*.json"))


def _sweep(folder: Path) -> None:
    with explained(f"cannot remove the journal in {folder}"):
        for path in list(_swept(folder)):
            path.unlink()
        sync_folder(folder)


def _check_days(journal_days: int) -> None:
    if not journal_days:
        raise UsageError(
            "this profile keeps journals for ever",
            "set [retention] journal_days in a profile of your own, if your law lets you: docs/backup.md",
        )
