"""Loads any Source as DuckDB table `raw` (columns c0, c1, ...) beside the names of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memesnipe_cli.errors import DataError
from memesnipe_cli.market import columns
from memesnipe_cli.market.sources import Kind, Source

if TYPE_CHECKING:
    import duckdb

JsonRow = list[Any]


@dataclass(frozen=True)
class RawTable:
    """What was loaded into `raw`. `names` are the columns as the file calls them, in order of c0, c1, ..."""

    names: tuple[str, ...]
    venue: str | None = None
    symbol_text: str | None = None
    says: tuple[str, ...] = ()


def load(con: duckdb.DuckDBPyConnection, source: Source) -> RawTable:
    """Load `source` into table `raw`; rows that could not be read go to `refused` (line, text, reason)."""
    import duckdb

    con.execute("CREATE OR REPLACE TEMP TABLE refused (line BIGINT, text VARCHAR, reason VARCHAR)")
    try:
        if source.kind is Kind.DELIMITED:
            from memesnipe_cli.market import delimited

            layout = delimited.load(con, source)
            return RawTable(layout.names, layout.venue, layout.symbol_text, layout.says)
        if source.kind is Kind.PARQUET:
            return _from_relation(con, con.read_parquet(str(source.path)))
        if source.kind is Kind.FEATHER:
            return _from_feather(con, source)
        return _from_json(con, source)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{source.name} cannot be read: {first}", "check that the file is whole") from None


def _from_relation(con: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation) -> RawTable:
    names = tuple(relation.columns)
    quoted = [name.replace('"', '""') for name in names]
    renamed = relation.project(", ".join(f'"{name}" AS c{place}' for place, name in enumerate(quoted)))
    con.execute("DROP TABLE IF EXISTS raw")
    renamed.create_view("raw_view", replace=True)
    con.execute("CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM raw_view; DROP VIEW raw_view")
    return RawTable(names)


def _from_feather(con: duckdb.DuckDBPyConnection, source: Source) -> RawTable:
    import pyarrow as pa
    from pyarrow import feather

    try:
        table = feather.read_table(source.path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{source.name} is not a whole Feather file: {error}", "write it again") from None
    return _from_relation(con, con.from_arrow(table))


# --- JSON ---------------------------------------------------------------------------------------------------


def _from_json(con: duckdb.DuckDBPyConnection, source: Source) -> RawTable:
    import orjson

    data = source.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if source.kind is Kind.JSONL:
        rows: Any = _json_lines(data, source.name)
    else:
        try:
            rows = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise DataError(
                f"{source.name} is not valid JSON: {error}", "check that the file is whole"
            ) from None
    found = _find_rows(rows)
    if found is None:
        raise DataError(
            f"{source.name}: no rows of bars in this JSON",
            "bars are arrays [time,o,h,l,c,v] or objects with names",
        )
    return _from_columns(con, *found)


def _json_lines(data: bytes, name: str) -> list[Any]:
    import orjson

    lines = [line for line in data.split(b"\n") if line.strip()]
    try:
        found: list[Any] = orjson.loads(b"[" + b",".join(lines) + b"]")
        return found
    except orjson.JSONDecodeError:
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                orjson.loads(line.strip() or b"0")
            except orjson.JSONDecodeError as error:
                raise DataError(
                    f"{name}, line {number} is not JSON: {error}",
                    "mend or remove the line; nothing was stored",
                ) from None
        raise


def _find_rows(value: Any, depth: int = 0) -> tuple[tuple[str, ...], list[list[Any]]] | None:
    """(names, columns) of the first table inside a JSON value: arrays, objects, or an object of arrays."""
    if isinstance(value, list):
        return _table_of(value)
    if not isinstance(value, dict) or depth > 3:
        return None
    lists = {key: item for key, item in value.items() if isinstance(item, list)}
    if columns.looks_like_header(list(lists)) and len({len(item) for item in lists.values()}) == 1:
        return tuple(lists), list(lists.values())
    for item in value.values():
        found = _find_rows(item, depth + 1)
        if found is not None:
            return found
    return None


def _table_of(rows: list[Any]) -> tuple[tuple[str, ...], list[list[Any]]] | None:
    if not rows:
        return None
    if all(isinstance(row, list) for row in rows):
        width = len(rows[0])
        if any(len(row) != width for row in rows):
            raise DataError("the arrays of this JSON differ in length", "each bar is [time,o,h,l,c,v]")
        names = _array_names(width)
        return names, [list(column) for column in zip(*rows, strict=True)]
    if all(isinstance(row, dict) for row in rows):
        keys = tuple(dict.fromkeys(key for row in rows[:100] for key in row))
        # One level of nesting is common: {"attributes": {...}} is not a column of ours, so it is left out.
        keys = tuple(key for key in keys if not isinstance(rows[0].get(key), list | dict))
        return keys, [[row.get(key) for row in rows] for key in keys]
    return None


def _array_names(width: int) -> tuple[str, ...]:
    known: Mapping[int, tuple[str, ...]] = {
        6: ("ts", "open", "high", "low", "close", "volume"),
        11: (
            "open_time",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "close_time",
            "quote_volume",
            "n",
            "tb",
            "tq",
        ),
        12: (
            "open_time",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "close_time",
            "quote_volume",
            "n",
            "tb",
            "tq",
            "x",
        ),
        8: ("time", "open", "high", "low", "close", "vwap", "volume", "count"),
    }
    if width not in known:
        raise DataError(
            f"arrays of {width} values are not a layout known here",
            "each bar is [time,open,high,low,close,volume]",
        )
    return known[width]


def _from_columns(
    con: duckdb.DuckDBPyConnection, names: tuple[str, ...], values: list[list[Any]]
) -> RawTable:
    import pyarrow as pa

    arrays = {f"c{place}": _arrow(column) for place, column in enumerate(values)}
    staged = pa.table(arrays)
    con.register("raw_arrow", staged)
    con.execute("CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM raw_arrow")
    con.unregister("raw_arrow")
    return RawTable(names)


def _arrow(column: list[Any]) -> Any:
    """One column as Arrow; a column of mixed kinds becomes text, which the next step converts value by
    value.
    """
    import pyarrow as pa

    try:
        return pa.array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in column])
