"""Rows that came in and may not be used: kept with the reason, never lost, never read by anything that
decides."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import orjson

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store.files import explained, make_folder, write_file

_FILE = "rows.jsonl"


def add_rows(folder: Path, rows: list[dict[str, Any]], source: str) -> int:
    """Keeps rows (each with its `reason`) that are not there yet; returns how many were new.

    The caller holds the instrument's lock. The same row for the same reason is kept once, so a cron job that
    meets it every five minutes does not grow the file.
    """
    kept = read_rows(folder)
    known = {_identity(row) for row in kept}
    new = []
    for row in rows:
        record = {name: _storable(value) for name, value in row.items()} | {"source": source}
        identity = _identity(record)
        if identity not in known:
            known.add(identity)
            new.append(record)
    if new:
        with explained(f"cannot set rows aside in {folder}"):
            make_folder(folder)
            write_file(folder / _FILE, b"".join(orjson.dumps(row) + b"\n" for row in [*kept, *new]))
    return len(new)


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """All rows kept in `folder`. Raises StoreDamagedError naming a line that is not one."""
    path = folder / _FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as problem:
            raise StoreDamagedError(
                f"{path}, line {number}: not JSON ({problem})",
                "move the file away; the rows in it were never used",
            ) from problem
    return rows


def _identity(row: dict[str, Any]) -> str:
    facts = {name: value for name, value in row.items() if name != "source"}
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _storable(value: Any) -> Any:
    """JSON has no NaN: what is not a number is kept as its text, and numpy scalars as what they are."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str | dict | list):
        return value
    return str(value)
