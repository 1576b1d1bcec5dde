"""Rows as CSV, JSON lines or Parquet: to a file that is there whole or not at all, or piece by piece to a stream.

CSV: UTF-8, a head line, comma, `"` doubled where needed, lines end with \\n; nothing for what is not known. Text that a
spreadsheet would take for a formula gets a leading `'`, since reasons are a venue's or a stranger's words.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from memesnipe_cli.audit.export_columns import Kind, Table
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import DataError, MemesnipeError, UsageError
from memesnipe_cli.records import record
from memesnipe_cli.store.files import sync_folder, temporary_name

if TYPE_CHECKING:
    import pyarrow

FORMATS = ("csv", "jsonl", "parquet")
_BATCH = 5_000
# decimal128: 20 digits before the point and 18 behind it, as in the catalog's views.
_DIGITS, _PLACES = 38, 18
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Sink(Protocol):
    """Where rows go."""

    def write(self, row: Mapping[str, Any]) -> None:
        """One row, by column name; what is missing is not known."""

    def close(self) -> None:
        """Everything is out when this returns."""


class CsvSink:
    """CSV in pieces of some thousand rows."""

    def __init__(self, table: Table, out: Callable[[bytes], object]) -> None:
        self._columns = table.columns
        self._out = out
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer, lineterminator="\n")
        self._writer.writerow(table.names)
        self._rows = 0

    def write(self, row: Mapping[str, Any]) -> None:
        """One row."""
        self._writer.writerow([_cell(row.get(name), kind) for name, kind in self._columns])
        self._rows += 1
        if self._rows % _BATCH == 0:
            self._flush()

    def close(self) -> None:
        """Writes what waits."""
        self._flush()

    def _flush(self) -> None:
        data = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        if data:
            self._out(data.encode("utf-8", "backslashreplace"))


class JsonLinesSink:
    """A record a line, with `type` and `v`."""

    def __init__(self, table: Table, out: Callable[[bytes], object]) -> None:
        self._table = table
        self._out = out
        self._lines: list[bytes] = []

    def write(self, row: Mapping[str, Any]) -> None:
        """One row."""
        self._lines.append(orjson.dumps(as_record(self._table, row)) + b"\n")
        if len(self._lines) >= _BATCH:
            self.close()

    def close(self) -> None:
        """Writes what waits."""
        if self._lines:
            self._out(b"".join(self._lines))
        self._lines = []


class ParquetSink:
    """Parquet in row groups: amounts as decimal128(38, 18), times as timestamps in UTC."""

    def __init__(self, table: Table, path: Path, about: Mapping[str, str]) -> None:
        import pyarrow
        from pyarrow import parquet

        types = {
            Kind.AMOUNT: pyarrow.decimal128(_DIGITS, _PLACES),
            Kind.TIME: pyarrow.timestamp("ms", "UTC"),
            Kind.NUMBER: pyarrow.int64(),
            Kind.SHARE: pyarrow.float64(),
            Kind.FLAG: pyarrow.bool_(),
        }
        self._table = table
        self._schema = pyarrow.schema(
            [(name, types.get(kind, pyarrow.string())) for name, kind in table.columns],
            metadata={f"memesnipe.{name}": value for name, value in about.items()},
        )
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[list[Any]] = []

    def write(self, row: Mapping[str, Any]) -> None:
        """One row. Raises DataError for an amount that the type cannot hold exactly."""
        self._rows.append([_typed(row.get(name), name, kind) for name, kind in self._table.columns])
        if len(self._rows) >= _BATCH:
            self._flush()

    def close(self) -> None:
        """Writes what waits, and the end of the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow

        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays: list[pyarrow.Array] = [
            pyarrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []


def as_record(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the record of its type: every column, null for what is not known, shares as numbers."""
    values = {}
    for name, kind in table.columns:
        value = row.get(name)
        values[name] = float(value) if kind is Kind.SHARE and value is not None else value
    return record(table.record, **values)


def stream(rows: Iterable[Mapping[str, Any]], sink: Sink) -> int:
    """Write all rows; how many there were."""
    count = 0
    for row in rows:
        sink.write(row)
        count += 1
    sink.close()
    return count


def text_sink(table: Table, format_: str, out: Callable[[bytes], object]) -> Sink:
    """A sink for CSV or JSON lines. Raises UsageError for another format."""
    if format_ == "csv":
        return CsvSink(table, out)
    if format_ == "jsonl":
        return JsonLinesSink(table, out)
    if format_ == "parquet":
        raise UsageError("parquet is not written to a pipe", "give the file: -o PATH")
    raise UsageError(f"--format {format_!r} is not known", f"one of: {', '.join(FORMATS)}")


def check_target(path: Path, *, force: bool) -> None:
    """Raises UsageError where the file may not be written, before any work is done."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", "make it first")
    if path.exists() and not force:
        raise UsageError(f"{path} exists", "name another file, or --force to replace it")


@contextmanager
def whole_file(path: Path, *, force: bool) -> Iterator[Path]:
    """A file to write beside `path`, which takes its place at the end of the body, on the disk; gone where the body
    raises. Readable by its owner only: it says what somebody owns.

    Raises UsageError where `path` exists and force is not given, MemesnipeError where the disk refuses.
    """
    check_target(path, force=force)
    temporary = temporary_name(path)
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        yield temporary
        handle = os.open(temporary, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        check_target(path, force=force)  # somebody may have made it meanwhile
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as problem:
        raise MemesnipeError(
            f"{path} cannot be written: {problem.strerror or problem}",
            "check the folder, the disk and the permissions; nothing was written",
            code="system",
        ) from problem
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as sha256sum writes it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cell(value: Any, kind: Kind) -> str:
    if value is None:
        return ""
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind is Kind.BODY:
        return orjson.dumps(value).decode()
    text = str(value)
    return f"'{text}" if kind is Kind.TEXT and text.startswith(_FORMULA) else text


def _typed(value: Any, name: str, kind: Kind) -> Any:
    if value is None:
        return None
    if kind is Kind.AMOUNT:
        amount = Decimal(value)
        _, digits, exponent = amount.as_tuple()
        places = -int(exponent)
        if places > _PLACES and amount != amount.quantize(Decimal(1).scaleb(-_PLACES)):
            raise _too_fine(name, value)
        if len(digits) - places > _DIGITS - _PLACES:
            raise _too_fine(name, value)
        return amount
    if kind is Kind.TIME:
        return parse_time(value)
    if kind is Kind.SHARE:
        return float(value)
    return orjson.dumps(value).decode() if kind is Kind.BODY else value


def _too_fine(name: str, value: Any) -> DataError:
    return DataError(
        f"{name} is {value}: parquet's decimal holds {_DIGITS - _PLACES} digits before the point and {_PLACES} behind",
        "use --format csv or jsonl, which hold every digit",
    )
