"""The catalog: typed views over journal, lake and runs, for every command and for the user's own DuckDB
client.

`store.duckdb` is disposable: it is built as a new file and renamed into place, and opened read-only. Where it
is locked by somebody's read-write client, or the folder cannot be written, a private one is built in memory.
Tables that a user makes in it are gone with the next build.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from memesnipe_cli.errors import StoreError
from memesnipe_cli.store import catalog_journal, duck
from memesnipe_cli.store.catalog_views import (
    JOURNAL_COLUMNS,
    TRADE_COLUMNS,
    create_views,
    has_parquet,
)
from memesnipe_cli.store.files import explained, temporary_name
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.runs import Runs

if TYPE_CHECKING:
    import duckdb

VERSION = 3


def connect(paths: StorePaths) -> duckdb.DuckDBPyConnection:
    """A connection whose default database is an up-to-date catalog; files outside the store are out of its
    reach.

    Raises StoreDamagedError where a journal does not verify.
    """
    wanted = _fingerprint(paths)
    if not paths.marker.exists():
        # No store yet: reading must not turn a folder into one.
        return _private(paths, wanted)
    state, con = _open(paths, wanted)
    if state == "old":
        try:
            _build_file(paths, wanted)
        except StoreError:
            # A folder that cannot be written still has to be readable.
            return _private(paths, wanted)
        state, con = _open(paths, wanted)
    return con if con is not None else _private(paths, wanted)


def _open(paths: StorePaths, wanted: str) -> tuple[str, duckdb.DuckDBPyConnection | None]:
    """`current` and a connection; else `old` (or missing, or no database), or `locked` by a client that
    writes."""
    import duckdb

    if not paths.catalog.exists():
        return "old", None
    con = duck.open_memory()
    try:
        con.execute(f"ATTACH {duck.text(str(paths.catalog))} AS store (READ_ONLY)")
        if _is_current(con, wanted):
            con.execute("USE store")
            return "current", _locked(con, paths)
    except duckdb.Error as problem:
        con.close()
        in_use = isinstance(problem, duckdb.ResourceInUseException) or "lock on file" in str(problem)
        return "locked" if in_use else "old", None
    con.close()
    return "old", None


def _is_current(con: duckdb.DuckDBPyConnection, wanted: str) -> bool:
    """Whether the attached catalog was built of what the store holds now, and its parquet files are still
    there."""
    row = con.execute("SELECT fingerprint, sealed FROM store.meta").fetchone()
    return row is not None and row[0] == wanted and all(Path(file).exists() for file in orjson.loads(row[1]))


def _private(paths: StorePaths, wanted: str) -> duckdb.DuckDBPyConnection:
    con = duck.open_memory()
    con.execute("ATTACH ':memory:' AS store")
    con.execute("USE store")
    _fill(con, paths, wanted)
    return _locked(con, paths)


def _locked(con: duckdb.DuckDBPyConnection, paths: StorePaths) -> duckdb.DuckDBPyConnection:
    # DuckDB's own default for what does not fit into memory is a folder in the working directory.
    con.execute(f"SET temp_directory = {duck.text(f'{paths.catalog}.tmp')}")
    return duck.lock_down(con, [paths.root])


def _build_file(paths: StorePaths, wanted: str) -> None:
    temporary = temporary_name(paths.catalog)
    with explained(f"cannot write {paths.catalog}"):
        try:
            if not os.access(paths.root, os.W_OK):
                raise StoreError(f"{paths.root} cannot be written", "check the folder's rights")
            con = duck.open_file(temporary)
            try:
                _fill(con, paths, wanted)
            finally:
                con.close()
            os.replace(temporary, paths.catalog)
        finally:
            temporary.unlink(missing_ok=True)
            Path(f"{temporary}.wal").unlink(missing_ok=True)


def _fill(con: duckdb.DuckDBPyConnection, paths: StorePaths, wanted: str) -> None:
    import duckdb

    journals = catalog_journal.collect(paths)
    try:
        con.execute("CREATE TABLE meta (fingerprint VARCHAR, sealed VARCHAR)")
        sealed = orjson.dumps([str(path) for path in journals.sealed]).decode()
        con.execute("INSERT INTO meta VALUES (?, ?)", [wanted, sealed])
        columns = ", ".join(f"{name} {kind}" for name, kind in JOURNAL_COLUMNS)
        con.execute(f"CREATE TABLE journal_tail ({columns})")
        for rows in journals.tail:
            con.register("incoming", rows)
            con.execute("INSERT INTO journal_tail SELECT * FROM incoming")
            con.unregister("incoming")
        _fill_runs(con, paths)
        for statement in create_views(paths, journals.sealed):
            con.execute(statement)
    except duckdb.Error as problem:
        raise StoreError(
            f"cannot build the catalog: {problem}", "free some space, then run it again"
        ) from problem


def _fill_runs(con: duckdb.DuckDBPyConnection, paths: StorePaths) -> None:
    con.execute("CREATE TABLE stored_runs (run VARCHAR, saved TIMESTAMP, body JSON)")
    runs = Runs(paths)
    for result in runs.list():
        con.execute(
            "INSERT INTO stored_runs VALUES (?, make_timestamp_ms(?), ?)",
            [result["run"], result["saved_ms"], orjson.dumps(result).decode()],
        )
    columns = ", ".join(f"{duck.name(name)} {kind}" for name, kind in TRADE_COLUMNS)
    con.execute(f"CREATE TABLE stored_trades ({columns})")
    for run, path in runs.trade_files():
        there = {row[0] for row in con.execute(f"DESCRIBE FROM read_parquet({duck.files(path)})").fetchall()}
        fields = [
            f"{duck.text(run)} AS run"
            if name == "run"
            else f"TRY_CAST({duck.name(name)} AS {kind}) AS {duck.name(name)}"
            for name, kind in TRADE_COLUMNS
            if name in there or name == "run"
        ]
        source = f"SELECT {', '.join(fields)} FROM read_parquet({duck.files(path)})"  # noqa: S608 - quoted names
        con.execute(f"INSERT INTO stored_trades BY NAME {source}")


def _fingerprint(paths: StorePaths) -> str:
    """What the catalog depends on: when it differs the catalog is old. New months of a lake that has some
    need none."""
    facts: dict[str, Any] = {
        "version": VERSION,
        "root": str(paths.root),
        "heads": {
            account: list(Journal(paths, account).head()) for account in catalog_journal.accounts(paths)
        },
        "runs": [[run, stamp] for run, stamp in Runs(paths).stamps()],
        "candles": has_parquet(paths.candles),
        "funding": has_parquet(paths.funding),
    }
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()
