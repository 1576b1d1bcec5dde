"""What goes into a backup: everything of a store that cannot be fetched again, as it is at one moment although others
go on writing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memesnipe_cli.errors import StoreDamagedError, UsageError
from memesnipe_cli.store import locks, segments
from memesnipe_cli.store.files import explained
from memesnipe_cli.store.paths import StorePaths, decode_name

JOURNAL, LATCH, CHECKPOINTS, PROFILES, RUNS, LAKE = (
    "journal",
    "latch",
    "checkpoints",
    "profiles",
    "runs",
    "lake",
)
PARTS = (JOURNAL, LATCH, CHECKPOINTS, PROFILES, RUNS, LAKE)
# The lake is large, and most of it can be asked for again.
USUAL_PARTS = tuple(part for part in PARTS if part != LAKE)
STORE_PREFIX, PROFILE_PREFIX = "store/", "profiles/"
_LOCK_WAIT_S = 10.0
# Made anew from the lines; one that is newer than the copied end would look like a cut.
_SNAPSHOTS = "snapshots"


@dataclass(frozen=True)
class Item:
    """One file of the archive. name: its path in there; size: so many of its first bytes, None for all that it has when
    it is opened; data: what it held, where it was small and may change at any moment."""

    name: str
    path: Path
    size: int | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class JournalEnd:
    """Where a copied journal ends. problem: why its end is not known, "" where it is."""

    account: str
    entries: int
    head: str
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The fields, for the manifest."""
        return {
            "account": self.account,
            "entries": self.entries,
            "head": self.head,
            "problem": self.problem,
        }


@dataclass
class Contents:
    """The files, and where the journals among them end."""

    items: list[Item] = field(default_factory=list)
    journals: list[JournalEnd] = field(default_factory=list)


def checked_parts(names: Iterable[str]) -> tuple[str, ...]:
    """The parts that are meant, in the order of PARTS. Raises UsageError for a name that is none."""
    wanted = [name.strip() for name in names if name.strip()]
    for name in wanted:
        if name not in PARTS:
            raise UsageError(f"{name!r} is no part of a backup", f"parts: {', '.join(PARTS)}")
    if not wanted:
        raise UsageError("no part is named", f"parts: {', '.join(PARTS)}")
    return tuple(part for part in PARTS if part in wanted)


def collect(paths: StorePaths, profiles: Path, parts: tuple[str, ...]) -> Contents:
    """What belongs to `parts` now. Journals are read up to their last whole line under their lock, which is held for
    that moment only. Raises StoreBusyError, StoreError."""
    found = Contents()
    root = paths.root
    if paths.marker.is_file():
        found.items.append(_small(root, paths.marker))
    before: dict[str, Item] = {}
    if LATCH in parts:
        # Lines that wait for the journal come before it, the latch after it: what moves from one to the other in
        # between is in both rather than in none.
        before = {each.name: each for each in _small_files(root, paths.breaker)}
    if JOURNAL in parts:
        for folder in _folders(paths.journal):
            _journal(found, root, folder)
    if LATCH in parts:
        after = {each.name: each for each in _small_files(root, paths.breaker)}
        found.items += [each for _, each in sorted({**before, **after}.items())]
    if CHECKPOINTS in parts:
        found.items += _small_files(root, root / "checkpoints")
    if PROFILES in parts:
        with explained(f"cannot read {profiles}"):
            found.items += [
                Item(f"{PROFILE_PREFIX}{path.name}", path, len(data), data)
                for path in sorted(profiles.glob("*.toml"))
                if path.is_file()
                for data in [path.read_bytes()]
            ]
    for part, folder in ((RUNS, paths.runs), (LAKE, paths.lake)):
        if part in parts:
            found.items += [_whole(root, path) for path in _files(folder)]
    return found


def journal_files(folder: Path) -> Iterator[Path]:
    """The files of one journal's folder that a backup takes, by name."""
    return _files(folder)


def _journal(found: Contents, root: Path, folder: Path) -> None:
    """The files of one journal as they are between two appends."""
    account = decode_name(folder.name)
    with locks.exclusive(folder / "lock", f"the journal {account!r}", _LOCK_WAIT_S):
        numbers = segments.segment_numbers(folder)
        newest = segments.segment_path(folder, numbers[-1]) if numbers else None
        items = [_whole(root, path) for path in _files(folder) if path != newest]
        if newest is not None:
            try:
                end, size = _end(account, folder, newest)
            except StoreDamagedError as problem:
                end = JournalEnd(account, 0, "", problem.message)
                size = newest.stat().st_size
            items.append(Item(_name(root, newest), newest, size))
            found.journals.append(end)
    found.items += sorted(items, key=lambda each: each.name)


def _end(account: str, folder: Path, newest: Path) -> tuple[JournalEnd, int]:
    with explained(f"cannot read {newest}"):
        handle = os.open(newest, os.O_RDONLY | os.O_CLOEXEC)
        try:
            tail = segments.read_tail(handle, newest)
        finally:
            os.close(handle)
    if tail.last is not None:
        return JournalEnd(account, tail.last.seq, tail.last.hash), tail.end
    # Nothing whole is in it yet: the end is that of the segment before.
    numbers = segments.segment_numbers(folder)
    if len(numbers) < 2:
        return JournalEnd(account, 0, ""), tail.end
    before, _ = _end(account, folder, segments.segment_path(folder, numbers[-2]))
    return before, tail.end


def _folders(folder: Path) -> list[Path]:
    with explained(f"cannot read {folder}"):
        try:
            return sorted(each for each in folder.iterdir() if each.is_dir() and each.name[:1] != ".")
        except FileNotFoundError:
            return []


def _files(folder: Path) -> Iterator[Path]:
    """Files that are there to stay, by name: no locks, nothing that is being written, no snapshots."""
    with explained(f"cannot read {folder}"):
        for at, folders, names in os.walk(folder):
            folders[:] = sorted(each for each in folders if each[:1] != "." and each != _SNAPSHOTS)
            for name in sorted(names):
                if name[:1] != "." and name != "lock" and not name.endswith(".lock"):
                    yield Path(at, name)


def _small_files(root: Path, folder: Path) -> list[Item]:
    found = []
    for path in _files(folder):
        try:
            found.append(_small(root, path))
        except FileNotFoundError:
            continue  # a trip or a line that was folded in since
    return found


def _small(root: Path, path: Path) -> Item:
    data = path.read_bytes()
    return Item(_name(root, path), path, len(data), data)


def _whole(root: Path, path: Path) -> Item:
    return Item(_name(root, path), path)


def _name(root: Path, path: Path) -> str:
    return STORE_PREFIX + path.relative_to(root).as_posix()
