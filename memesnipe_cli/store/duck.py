"""The one place that opens DuckDB: locked down, so that a query can neither fetch code nor leave its
folders."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memesnipe_cli.errors import StoreError

if TYPE_CHECKING:
    import duckdb

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
}


def open_memory(*, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A private in-memory database, not locked yet: create what is needed, then call `lock_down`."""
    import duckdb

    con = duckdb.connect(":memory:", config=_CONFIG)
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    if threads is not None:
        con.execute(f"SET threads = {int(threads)}")
    return con


def lock_down(con: duckdb.DuckDBPyConnection, folders: Sequence[Path] = ()) -> duckdb.DuckDBPyConnection:
    """From now on `con` reads and writes files in `folders` only, installs and loads nothing, and stays
    so."""
    # Patterns are checked as they are written, so a folder is named as itself and as `files` escapes it.
    allowed = ", ".join(f"{text(f'{folder}/')}, {files(folder, '/')}" for folder in folders)
    con.execute(f"SET allowed_directories = [{allowed}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def open_locked(folders: Sequence[Path] = (), *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A private in-memory database that may touch files in `folders` only."""
    return lock_down(open_memory(threads=threads), folders)


def open_file(path: Path) -> duckdb.DuckDBPyConnection:
    """A database file of our own, for writing. Raises StoreError."""
    import duckdb

    try:
        con = duckdb.connect(str(path), config=_CONFIG)
    except duckdb.Error as problem:
        raise StoreError(
            f"cannot write {path}: {problem}", "free some space or check the folder's rights"
        ) from problem
    con.execute("SET TimeZone = 'UTC'")
    return con


def text(value: str) -> str:
    """`value` as an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def files(path: Path, below: str = "") -> str:
    """An SQL literal for a reader's file argument: `path` as it is called, then the glob pattern `below`."""
    return text(glob.escape(str(path)) + below)


def name(value: str) -> str:
    """`value` as an SQL identifier."""
    return '"' + value.replace('"', '""') + '"'
