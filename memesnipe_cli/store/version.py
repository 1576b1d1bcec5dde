"""The store's format number and its id, in `store.json` at the root of the store."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import orjson

import memesnipe_cli
from memesnipe_cli.errors import StoreDamagedError, StoreError
from memesnipe_cli.store.files import (
    explained,
    make_folder,
    read_if_there,
    sync_folder,
    temporary_name,
    write_all,
)

FORMAT = 1
_ID = re.compile(r"^[0-9a-f]{8}$")


@dataclass(frozen=True)
class Marker:
    """What `store.json` says. `store_id` is eight hex digits, part of every client order id."""

    format: int
    store_id: str
    written_by: str


def read_marker(path: Path) -> Marker | None:
    """The marker, or None in a folder that is no store yet.

    Raises StoreError for a store of a newer format, StoreDamagedError for a marker that is not one.
    """
    data = read_if_there(path)
    if data is None:
        return None
    try:
        fields = orjson.loads(data)
        marker = Marker(int(fields["format"]), str(fields["id"]), str(fields["written_by"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as problem:
        raise StoreDamagedError(
            f"{path} is not a store's marker: {data[:60]!r}", "restore it from a backup of this store"
        ) from problem
    if marker.format > FORMAT:
        raise StoreError(
            f"the store {path.parent} was written by a newer memesnipe ({marker.written_by},"
            f" format {marker.format}; this one knows {FORMAT})",
            "upgrade memesnipe, or name another store with --store",
            code="store_newer",
        )
    if not _ID.match(marker.store_id):
        raise StoreDamagedError(
            f"{path} names the store {marker.store_id!r}", "restore it from a backup of this store"
        )
    return marker


def ensure_marker(path: Path) -> Marker:
    """The marker, written first where there is none. Of several processes that create it at once, one
    wins."""
    found = read_marker(path)
    if found is not None:
        return found
    fields = {"format": FORMAT, "id": os.urandom(4).hex(), "written_by": memesnipe_cli.__version__}
    with explained(f"cannot create the store {path.parent}"):
        make_folder(path.parent)
        temporary = temporary_name(path)
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                write_all(handle, orjson.dumps(fields) + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
            # A link, unlike a rename, fails where the name is taken: the first one to come wins.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    made = read_marker(path)
    if made is None:
        raise StoreError(f"{path} vanished while the store was created", "run it again")
    return made
