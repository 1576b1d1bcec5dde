"""One series on the disk: a parquet file a month, replaced whole, and a disposable index of what is in
each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store.columns import Columns, join, take
from memesnipe_cli.store.files import explained, make_folder, sync_folder, temporary_name, write_file
from memesnipe_cli.store.paths import PARTITION_FILE, hive_folder, hive_value, month_of, month_start

_INDEX = "index.json"
_THREADS = 4
_FEW = 4  # so few files are read before a pool of threads has started


@dataclass(frozen=True)
class Partition:
    """What is in one month's file."""

    month: str
    rows: int
    first_ms: int
    last_ms: int
    synthetic: int
    bytes: int


class Partitions:
    """The month files of the series in `folder`. Readers take no lock; a writer must hold the
    instrument's."""

    def __init__(self, folder: Path, types: dict[str, str]) -> None:
        self.folder = folder
        self._types = types

    def months(self) -> list[str]:
        """The months there are, ascending."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        months = [month for name in names if (month := hive_value(name, "month"))]
        return sorted(month for month in months if self.file(month).exists())

    def file(self, month: str) -> Path:
        """The file of one month."""
        return self.folder / hive_folder("month", month) / PARTITION_FILE

    def read(self, months: list[str]) -> Columns:
        """The rows of these months, ascending. Raises StoreDamagedError naming a file that cannot be read."""
        if len(months) < _FEW:
            parts = [self._read_month(month) for month in months]
        else:
            with ThreadPoolExecutor(_THREADS) as pool:
                parts = list(pool.map(self._read_month, months))
        return join([part for part in parts if part is not None], self._types)

    def read_between(self, since_ms: int | None, until_ms: int | None) -> Columns:
        """The rows of all months that touch [since, until)."""
        months = self.months()
        if since_ms is not None:
            months = [month for month in months if month >= month_of(since_ms)]
        if until_ms is not None:
            months = [month for month in months if month_start(month) < until_ms]
        return self.read(months)

    def write(self, rows: Columns, months: set[str]) -> None:
        """Replaces these months by the rows of `rows` that fall into them; a month without rows is removed.

        All files are written and synced first and then renamed one by one, so that a crash leaves each month
        either old or new.
        """
        slices = dict(month_slices(rows))
        for month in sorted(months):
            make_folder(self.file(month).parent)
        kept = sorted(month for month in months if month in slices)
        self._sweep(kept)
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                temporary = list(
                    pool.map(lambda month: self._write_temporary(month, take(rows, slices[month])), kept)
                )
            except BaseException:
                # The other threads may still be writing theirs.
                pool.shutdown(cancel_futures=True)
                self._sweep(kept)
                raise
            for month, name in zip(kept, temporary, strict=True):
                os.replace(name, self.file(month))
            for month in months - slices.keys():
                self.file(month).unlink(missing_ok=True)
            list(pool.map(lambda month: sync_folder(self.file(month).parent), sorted(months)))
        self._refresh_index({month: _describe(month, take(rows, slices[month])) for month in kept})

    def index(self) -> list[Partition]:
        """What is in each month: from the index where it is true to the files, else from the files."""
        known = self._read_index()
        described = (self._described(month, known.get(month)) for month in self.months())
        return [partition for partition in described if partition is not None and partition.rows]

    def _described(self, month: str, known: Any) -> Partition | None:
        """None for a month that was removed a moment ago."""
        stamp = self._stamp(month)
        if stamp is None:
            return None
        fields = known
        if not isinstance(known, dict) or known.get("stamp") != stamp:
            rows = self._read_month(month)
            if rows is None:
                return None
            fields = _describe(month, rows)
        return Partition(
            month, fields["rows"], fields["first_ms"], fields["last_ms"], fields["synthetic"], stamp[1]
        )

    def _stamp(self, month: str) -> list[int] | None:
        with explained(f"cannot read {self.file(month)}"):
            try:
                status = self.file(month).stat()
            except FileNotFoundError:
                return None
        return [status.st_ino, status.st_size, status.st_mtime_ns]

    def _read_index(self) -> dict[str, Any]:
        try:
            found = orjson.loads((self.folder / _INDEX).read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def _refresh_index(self, changed: dict[str, dict[str, Any]]) -> None:
        known = self._read_index()
        months = set(self.months())
        index = {month: fields for month, fields in known.items() if month in months}
        for month, fields in changed.items():
            index[month] = {**fields, "stamp": self._stamp(month)}
        write_file(self.folder / _INDEX, orjson.dumps(index))

    def _read_month(self, month: str) -> Columns | None:
        import pyarrow
        from pyarrow import parquet

        path = self.file(month)
        try:
            # By its path: of a file that Python opened, Arrow's threads keep Python objects until after this returns.
            with parquet.ParquetFile(path) as source:
                table = source.read(columns=list(self._types), use_threads=False)
        except FileNotFoundError:
            # Removed by a pruning between the listing and now.
            return None
        except (pyarrow.ArrowException, OSError) as problem:
            raise _damaged(path, str(problem)) from problem
        rows: Columns = {}
        for name, kind in self._types.items():
            if name not in table.column_names or table.column(name).null_count:
                raise _damaged(path, f"its column {name} is missing or has holes")
            rows[name] = np.asarray(table.column(name).to_numpy(), dtype=kind)
        return rows

    def _write_temporary(self, month: str, rows: Columns) -> Path:
        import pyarrow
        from pyarrow import parquet

        # Columns without holes are written and read faster when they say so.
        fields = [pyarrow.field(name, kind, nullable=False) for name, kind in self._types.items()]
        schema = pyarrow.schema(fields)
        temporary = temporary_name(self.file(month))
        with temporary.open("xb") as sink:
            # Dictionaries cost time and save nothing on prices; lz4 reads twice as fast as snappy and is smaller.
            parquet.write_table(
                pyarrow.table(rows, schema=schema), sink, compression="lz4", use_dictionary=False
            )
            sink.flush()
            os.fsync(sink.fileno())
        return temporary

    def _sweep(self, months: list[str]) -> None:
        """Removes temporary files. Nobody else writes here while the lock is held, so they are ours or those
        of a writer that died."""
        for month in months:
            target = self.file(month)
            for stale in target.parent.glob(f".{target.name}.*.tmp"):
                stale.unlink(missing_ok=True)


def month_slices(rows: Columns) -> Iterator[tuple[str, slice]]:
    """The months of rows ascending by `ts`, with the slice of each."""
    ts = rows["ts"]
    if not len(ts):
        return
    numbers = ts.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    begins = np.concatenate([[0], np.flatnonzero(np.diff(numbers)) + 1, [len(ts)]])
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True):
        yield month_of(int(ts[begin])), slice(begin, end)


def _describe(month: str, rows: Columns) -> dict[str, Any]:
    ts = rows["ts"]
    if not len(ts):
        return {"rows": 0, "first_ms": month_start(month), "last_ms": month_start(month), "synthetic": 0}
    synthetic = int(rows["synthetic"].sum()) if "synthetic" in rows else 0
    return {"rows": len(ts), "first_ms": int(ts[0]), "last_ms": int(ts[-1]), "synthetic": synthetic}


def _damaged(path: Path, what: str) -> StoreDamagedError:
    return StoreDamagedError(
        f"{path} cannot be read: {what}",
        "move the file away and ingest that month again, or restore it from a backup",
    )
