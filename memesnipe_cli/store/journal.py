"""The append-only journal of one account: the truth of orders, fills, decisions and everything that must
survive.

An entry is acknowledged when `append` returns: it is on the disk. Nothing here imports duckdb or numpy.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreDamagedError, UsageError
from memesnipe_cli.store import locks, segments
from memesnipe_cli.store.canonical import JsonValue, plain
from memesnipe_cli.store.entry import NO_HASH, Entry, Head, compose
from memesnipe_cli.store.files import (
    explained,
    make_folder,
    storage_error,
    sync_folder,
    write_all,
    write_file,
)
from memesnipe_cli.store.fold import Fold, S
from memesnipe_cli.store.following import Following
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.removed import refuse_removed
from memesnipe_cli.store.version import ensure_marker

OPENED = "journal_opened"
TORN = "journal_torn"

_KIND = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_PENDING = re.compile(r"^([0-9]{6})\.([0-9]+)\.torn\.pending$")


class Journal:
    """One account's journal. Cheap to make; creates nothing until the first append.

    The first entry of every journal is a `journal_opened` entry that carries the store's id and the account.
    Several processes and threads may append at once.
    """

    def __init__(
        self,
        paths: StorePaths,
        account: str = "paper",
        *,
        deadline_s: float = 10.0,
        segment_bytes: int = 2 << 20,
    ) -> None:
        self.account = account
        self.folder = paths.account(account)
        self._paths = paths
        self._deadline_s = deadline_s
        self._segment_bytes = segment_bytes

    def append(self, kind: str, body: Mapping[str, JsonValue]) -> Entry:
        """Records one fact and returns it once it is on the disk.

        Raises DataError for a body that is not canonical, StoreBusyError when the lock is not free in time,
        StoreDamagedError when the journal's end is not what was written, StoreError when the disk refuses;
        after any of them nothing is acknowledged, and the next append repairs what was left half-written.
        """
        return self.append_many([(kind, body)])[0]

    def append_many(self, items: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> list[Entry]:
        """Records several facts with one write and one sync: all of them, or after a crash the first few."""
        facts = [(_checked_kind(kind), plain(body)) for kind, body in items]
        if not facts:
            return []
        store_id = ensure_marker(self._paths.marker).store_id
        with explained(f"cannot create the journal {self.folder}"):
            make_folder(self.folder)
        with locks.exclusive(self.folder / "lock", f"the journal {self.account!r}", self._deadline_s):
            return self._append_locked(facts, store_id)

    def entries(self, since_seq: int = 1) -> Iterator[Entry]:
        """The entries from `since_seq` on, in order, each verified as it is read. Takes no lock.

        Raises StoreDamagedError that names the file, the line and what is wrong with it.
        """
        for entry, _ in segments.read_entries(self.folder, self._start_for(since_seq)):
            if entry.seq >= since_seq:
                yield entry

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry; (0, 64 zeros) in an empty journal."""
        for number in reversed(segments.segment_numbers(self.folder)):
            path = segments.segment_path(self.folder, number)
            with explained(f"cannot read {path}"):
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    last = segments.read_tail(handle, path).last
                finally:
                    os.close(handle)
            if last is not None:
                return last.seq, last.hash
        return 0, NO_HASH

    def replay(self, fold: Fold[S]) -> S:
        """The state of `fold` after the last entry: from its snapshot where that is valid, else from the
        first line."""
        return Following(self.folder, fold).now()

    @contextmanager
    def held(self, deadline_s: float = 0.0) -> Iterator[None]:
        """Exclusive use of the account for the body, as one `trade` has it; appends of others go on.

        Raises StoreBusyError that says who has it.
        """
        with explained(f"cannot create the journal {self.folder}"):
            make_folder(self.folder)
        with locks.exclusive(self.folder / "trader.lock", f"the account {self.account!r}", deadline_s):
            yield

    def store_id(self) -> str:
        """The id of the store this journal was opened in; empty before the first entry."""
        for entry in self.entries():
            return str(entry.body.get("store", ""))
        return ""

    def _start_for(self, since_seq: int) -> segments.Position:
        """The beginning of the last segment that starts at or before `since_seq`."""
        for number in reversed(segments.segment_numbers(self.folder)):
            if number == 1:
                break
            first = segments.first_entry(segments.segment_path(self.folder, number))
            if first is not None and first.seq <= since_seq:
                return segments.Position(number, 0, first.seq - 1, first.prev)
        return segments.START

    def _append_locked(self, facts: list[tuple[str, dict[str, Any]]], store_id: str) -> list[Entry]:
        numbers = segments.segment_numbers(self.folder)
        if not numbers:
            refuse_removed(self.folder, self.account)
        number = numbers[-1] if numbers else 1
        path = segments.segment_path(self.folder, number)
        with explained(f"cannot open {path}"):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            tail = segments.read_tail(handle, path)
            if tail.size > tail.end:
                self._set_torn_aside(handle, path, tail)
            if tail.end >= self._segment_bytes and tail.last is not None:
                number += 1
                path = segments.segment_path(self.folder, number)
                os.close(handle)
                handle = -1
                with explained(f"cannot open {path}"):
                    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                head, end = Head(tail.last.seq, tail.last.hash), 0
            else:
                head, end = self._head_before(number, tail), tail.end
            if end == 0:
                # Whoever created the file may have died before its name was durable.
                with explained(f"cannot create {path}"):
                    for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                        sync_folder(folder)
            pending = self._pending_torn()
            repairs = [(TORN, body) for _, body in pending]
            if head.seq == 0:
                repairs = [(OPENED, {"account": self.account, "store": store_id}), *repairs]
            entries = self._write(handle, path, end, head, [*repairs, *facts])
            for file, _ in pending:
                with explained(f"cannot rename {file}"):
                    os.replace(file, file.with_suffix(""))
            return entries[len(repairs) :]
        finally:
            if handle >= 0:
                os.close(handle)

    def _head_before(self, number: int, tail: segments.Tail) -> Head:
        if tail.last is not None:
            return Head(tail.last.seq, tail.last.hash)
        if number == 1:
            return Head()
        seq, digest = self.head()
        if seq == 0:
            raise StoreDamagedError(
                f"{self.folder} has a segment {number} and no entry before it", "restore it from a backup"
            )
        return Head(seq, digest)

    def _write(
        self, handle: int, path: Path, end: int, head: Head, facts: list[tuple[str, dict[str, Any]]]
    ) -> list[Entry]:
        time = clock.format_time(clock.now_ms())
        entries: list[Entry] = []
        lines: list[bytes] = []
        for kind, body in facts:
            entry, line = compose(head, time, kind, body)
            head = Head(entry.seq, entry.hash)
            entries.append(entry)
            lines.append(line)
        try:
            os.lseek(handle, end, os.SEEK_SET)
            write_all(handle, b"".join(lines))
            os.fdatasync(handle)
        except BaseException as problem:
            # Nobody was told of these lines: take them back. Where even that fails the next append finds the
            # torn tail, or whole lines that were never acted upon.
            try:
                os.ftruncate(handle, end)
                os.fdatasync(handle)
            except OSError:
                pass
            if isinstance(problem, OSError):
                raise storage_error(problem, f"nothing was recorded in {path}") from problem
            raise
        return entries

    def _set_torn_aside(self, handle: int, path: Path, tail: segments.Tail) -> None:
        """Copies the bytes behind the last newline to a file of their own, then cuts them off."""
        with explained(f"cannot set the torn end of {path} aside"):
            torn = os.pread(handle, tail.size - tail.end, tail.end)
            # "pending" until the journal_torn entry is on the disk, so that a crash in between cannot hide
            # it.
            write_file(path.with_name(f"{path.stem}.{tail.end}.torn.pending"), torn)
            os.ftruncate(handle, tail.end)
            os.fdatasync(handle)

    def _pending_torn(self) -> list[tuple[Path, dict[str, Any]]]:
        found = []
        with explained(f"cannot read {self.folder}"):
            for name in sorted(os.listdir(self.folder)):
                match = _PENDING.match(name)
                if match is None:
                    continue
                file = self.folder / name
                torn = file.read_bytes()
                body = {
                    "segment": int(match[1]),
                    "offset": int(match[2]),
                    "bytes": len(torn),
                    "sha256": hashlib.sha256(torn).hexdigest(),
                    "file": file.with_suffix("").name,
                }
                found.append((file, body))
        return found


def _checked_kind(kind: str) -> str:
    if not _KIND.match(kind):
        raise UsageError(f"journal kind {kind!r} is not a word", "use lower-case letters, digits and _")
    return kind
