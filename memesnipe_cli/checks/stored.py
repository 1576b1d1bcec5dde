"""The store: its format, its journals, who holds its locks, what a killed process left, and its catalog."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.records import FindingRecord, finding
from memesnipe_cli.store.locks import holder
from memesnipe_cli.store.paths import decode_name
from memesnipe_cli.store.store import Store

_TEMPORARY = re.compile(r"^\..+\.([0-9]+)\.[0-9a-f]+\.tmp$")


def check_store(root: Path) -> list[FindingRecord]:
    """Everything about the store in `root`; one finding where there is none yet."""
    if not root.exists():
        return [
            finding(
                "store", "info", str(root), "there is no store yet", "memesnipe ingest simulate makes one"
            )
        ]
    try:
        store = Store(root)
    except MemesnipeError as error:
        return [finding("store", "error", str(root), error.message, error.hint)]
    if store.marker is None:
        return [
            finding("store", "info", str(root), "the folder holds no store yet", "memesnipe ingest makes one")
        ]
    found = [finding("store", "ok", str(root), f"format {store.marker.format}, id {store.marker.store_id}")]
    return [*found, *_journals(store), *_locks(root), *_left_behind(root), *_catalog(store)]


def _journals(store: Store) -> list[FindingRecord]:
    found = []
    folders = sorted(store.paths.journal.iterdir()) if store.paths.journal.is_dir() else []
    for folder in filter(Path.is_dir, folders):
        try:
            entries, _ = store.journal(decode_name(folder.name)).head()
        except MemesnipeError as error:
            found.append(finding("journal", "error", str(folder), error.message, error.hint))
            continue
        torn = len(list(folder.glob("*.torn")))
        if torn:
            message = f"{entries} entries; {torn} torn end(s) were set aside after a crash"
            found.append(finding("journal", "info", str(folder), message))
        else:
            found.append(finding("journal", "ok", str(folder), f"{entries} entries"))
    return found


def _locks(root: Path) -> list[FindingRecord]:
    """Locks that somebody holds now. A lock dies with its process, so a held one means a running process."""
    held = []
    for path in sorted(root.rglob("*lock")):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            held.append(finding("locks", "info", str(path), f"held by {holder(path)}"))
        except OSError as error:
            hint = "put the store on a local disk"
            held.append(finding("locks", "error", str(path), f"cannot be locked: {error.strerror}", hint))
        finally:
            os.close(handle)
    return held or [finding("locks", "ok", str(root), "nobody holds one")]


def _left_behind(root: Path) -> list[FindingRecord]:
    """Temporary files whose writer is gone: harmless, never read, and safe to delete."""
    stale = []
    for path in root.rglob(".*.tmp"):
        named = _TEMPORARY.match(path.name)
        if named and not _runs(int(named[1])):
            stale.append(path)
    if not stale:
        return [finding("leftovers", "ok", str(root), "none")]
    more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
    message = f"{len(stale)} temporary file(s) of processes that were killed"
    return [finding("leftovers", "warning", f"{stale[0]}{more}", message, "safe to delete")]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _catalog(store: Store) -> list[FindingRecord]:
    where = str(store.paths.catalog)
    try:
        connection = store.connect()
        (views,) = connection.execute(
            "SELECT count(*) FROM duckdb_views() WHERE NOT internal"
        ).fetchone() or (0,)
        connection.close()
    except MemesnipeError as error:
        return [finding("catalog", "error", where, error.message, error.hint)]
    return [finding("catalog", "ok", where, f"{views} views answer")]
