"""Journals in a form that DuckDB reads: sealed segments as parquet beside the store, the tail as rows.

Everything in it was verified entry by entry; the parquet files are a cache that can be thrown away.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from memesnipe_cli.store import segments
from memesnipe_cli.store.canonical import encode
from memesnipe_cli.store.entry import Entry, Head
from memesnipe_cli.store.files import make_folder, temporary_name
from memesnipe_cli.store.paths import StorePaths, decode_name, encode_name

if TYPE_CHECKING:
    import pyarrow

_COLUMNS = ("account", "seq", "time", "kind", "body", "hash")
_END = b"memesnipe.end"


@dataclass
class JournalTables:
    """The parquet files of sealed segments, and the rows that are in none."""

    sealed: list[Path] = field(default_factory=list)
    tail: list[pyarrow.Table] = field(default_factory=list)


def accounts(paths: StorePaths) -> list[str]:
    """The accounts that have a journal."""
    try:
        names = sorted(os.listdir(paths.journal))
    except FileNotFoundError:
        return []
    return [decode_name(name) for name in names if segments.segment_numbers(paths.journal / name)]


def collect(paths: StorePaths) -> JournalTables:
    """Every journal of the store. Raises StoreDamagedError where an entry does not verify."""
    found = JournalTables()
    for account in accounts(paths):
        folder = paths.account(account)
        head = Head()
        # Listed once: a segment that is sealed while this runs is read as the newest one.
        numbers = segments.segment_numbers(folder)
        for number in numbers[:-1]:
            source = segments.segment_path(folder, number)
            target = paths.cache / "journal" / encode_name(account) / f"{number:06d}.parquet"
            known = _cached_end(target, source, head)
            if known is not None:
                head = known
                found.sealed.append(target)
                continue
            rows = _table(account, segments.read_segment(folder, number, head, sealed=True))
            previous, head = head, Head(rows.column("seq")[-1].as_py(), rows.column("hash")[-1].as_py())
            if _keep(rows, target, source, previous, head):
                found.sealed.append(target)
            else:
                found.tail.append(rows)
        newest = segments.read_segment(folder, numbers[-1], head, sealed=False)
        found.tail.append(_table(account, newest))
    return found


def _table(account: str, entries: Iterable[Entry]) -> pyarrow.Table:
    import pyarrow

    rows = [
        (account, each.seq, each.time, each.kind, encode(each.body).decode(), each.hash) for each in entries
    ]
    types = [pyarrow.int64() if name == "seq" else pyarrow.string() for name in _COLUMNS]
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pyarrow.Table.from_arrays(arrays, names=list(_COLUMNS))


def _cached_end(target: Path, source: Path, previous: Head) -> Head | None:
    """The last entry in the cache file, if that was made of this very segment and follows `previous`."""
    from pyarrow import ArrowException, parquet

    try:
        note = (parquet.read_schema(target).metadata or {})[_END].decode()
        stamp, follows, seq, digest = note.split(" ")
        return Head(int(seq), digest) if (stamp, follows) == (_stamp(source), previous.hash) else None
    except (OSError, ArrowException, KeyError, ValueError):
        # Whatever is wrong with it, the segment has it all.
        return None


def _keep(rows: pyarrow.Table, target: Path, source: Path, previous: Head, end: Head) -> bool:
    """Writes the cache file; False where the folder cannot be written, which costs only time."""
    from pyarrow import parquet

    note = " ".join((_stamp(source), previous.hash, str(end.seq), end.hash))
    temporary = temporary_name(target)
    try:
        make_folder(target.parent)
        try:
            parquet.write_table(rows.replace_schema_metadata({_END: note}), temporary, compression="zstd")
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
