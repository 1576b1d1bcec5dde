"""Stored backtest runs: `runs/<run>/` with the result as JSON, its trades and its equity as parquet.

Bulk numbers live here; the journal carries only the hash of a run.
"""

from __future__ import annotations

import builtins
import difflib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreDamagedError, StoreError, UsageError
from memesnipe_cli.store.files import explained, make_folder, sync_folder, temporary_name, write_file
from memesnipe_cli.store.paths import StorePaths, decode_name, encode_name
from memesnipe_cli.store.version import ensure_marker

if TYPE_CHECKING:
    import pyarrow

    from memesnipe_cli.store.tables import Float64, Int64

_RESULT = "result.json"
_TRADES = "trades.parquet"
_EQUITY = "equity.parquet"
# Hardly any value comes twice, and the times rise by the same step: a fifth of the time, half the size.
_EQUITY_ENCODING: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"ts": "DELTA_BINARY_PACKED"}}


@dataclass(frozen=True)
class StoredRun:
    """A run as it was saved. `equity_ts` (n,) ms UTC, `equity` (n,) in the account's currency."""

    run: str
    saved_ms: int
    result: dict[str, Any]
    trades: builtins.list[dict[str, Any]]
    equity_ts: Int64
    equity: Float64


class Runs:
    """The stored runs of one store."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths

    def save(
        self,
        run: str,
        result: dict[str, Any],
        trades: builtins.list[dict[str, Any]],
        equity_ts: Int64,
        equity: Float64,
    ) -> None:
        """Stores a run, whole or not at all; a run of the same id is replaced.

        `result` is a JSON object; `trades` are flat JSON objects of one shape, amounts as decimal text.
        Raises StoreError.
        """
        ensure_marker(self._paths.marker)
        target = self._paths.runs / encode_name(run, "run")
        with explained(f"cannot store the run {run}"):
            make_folder(self._paths.runs)
            temporary = temporary_name(target)
            try:
                temporary.mkdir()
                _write_result(temporary / _RESULT, run, result)
                _write_parquet(temporary / _TRADES, _trade_table(run, trades))
                _write_parquet(temporary / _EQUITY, _equity_table(equity_ts, equity), **_EQUITY_ENCODING)
                sync_folder(temporary)
                _replace_folder(temporary, target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            sync_folder(self._paths.runs)

    def load(self, run: str) -> StoredRun:
        """The run of that id, or of the one id that begins so. Raises UsageError naming the nearest ones."""
        from pyarrow import ArrowException, parquet

        found = self._find(run)
        folder = self._paths.runs / encode_name(found, "run")
        saved = _read_result(folder / _RESULT)
        try:
            with explained(f"cannot read {folder}"):
                trades = parquet.ParquetFile(folder / _TRADES).read().to_pylist()
                equity = parquet.ParquetFile(folder / _EQUITY).read(columns=["ts", "equity"])
                columns = equity.column("ts").to_numpy(), equity.column("equity").to_numpy()
        except (ArrowException, KeyError) as problem:
            raise _damaged(folder, str(problem)) from problem
        return StoredRun(found, saved["saved_ms"], saved["result"], trades, *columns)

    def list(self) -> builtins.list[dict[str, Any]]:
        """The results of all runs, the newest first; each carries `run` and `saved_ms`."""
        results = []
        for folder in self._folders():
            try:
                saved = _read_result(folder / _RESULT)
            except FileNotFoundError:
                # Pruned between the listing and now.
                continue
            results.append({**saved["result"], "run": saved["run"], "saved_ms": saved["saved_ms"]})
        return sorted(results, key=lambda result: (-int(result["saved_ms"]), str(result["run"])))

    def stamps(self) -> builtins.list[tuple[str, int]]:
        """Each run's id and when its files were written: changes when any run does."""
        return [(decode_name(folder.name), folder.stat().st_mtime_ns) for folder in self._folders()]

    def trade_files(self) -> builtins.list[tuple[str, Path]]:
        """Each run's id and the parquet file of its trades, for runs that have any column."""
        from pyarrow import parquet

        files = [(decode_name(folder.name), folder / _TRADES) for folder in self._folders()]
        return [(run, path) for run, path in files if parquet.read_schema(path).names]

    def _folders(self) -> builtins.list[Path]:
        try:
            names = sorted(os.listdir(self._paths.runs))
        except FileNotFoundError:
            return []
        return [self._paths.runs / name for name in names if not name.startswith(".")]

    def _find(self, run: str) -> str:
        names = [decode_name(folder.name) for folder in self._folders()]
        if run in names:
            return run
        begins = [name for name in names if run and name.startswith(run)]
        if len(begins) == 1:
            return begins[0]
        if begins:
            raise UsageError(f"run {run!r} could be any of {', '.join(begins[:5])}", "give more of the id")
        near = difflib.get_close_matches(run, names, n=3, cutoff=0.0)
        hint = (
            f"nearest: {', '.join(near)}"
            if near
            else "no run is stored yet: memesnipe backtest --strategy ..."
        )
        raise UsageError(f"run {run!r} is not stored", hint)


def _write_result(path: Path, run: str, result: dict[str, Any]) -> None:
    saved = {"run": run, "saved_ms": clock.now_ms(), "result": result}
    try:
        data = orjson.dumps(saved, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError as problem:
        raise StoreError(
            f"the result of {run} is not JSON: {problem}", "keep amounts as decimal text"
        ) from problem
    write_file(path, data + b"\n")


def _read_result(path: Path) -> dict[str, Any]:
    try:
        saved: dict[str, Any] = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as problem:
        raise _damaged(path, str(problem)) from problem
    if not isinstance(saved, dict) or saved.keys() < {"run", "saved_ms", "result"}:
        raise _damaged(path, "its fields are not a run's")
    return saved


def _trade_table(run: str, trades: builtins.list[dict[str, Any]]) -> pyarrow.Table:
    import pyarrow

    try:
        return pyarrow.Table.from_pylist(trades)
    except pyarrow.ArrowException as problem:
        raise StoreError(
            f"the trades of {run} are not of one shape: {problem}",
            "give each field one type, amounts as decimal text",
        ) from problem


def _equity_table(equity_ts: Int64, equity: Float64) -> pyarrow.Table:
    import pyarrow

    return pyarrow.table(
        {"ts": pyarrow.array(equity_ts, "int64"), "equity": pyarrow.array(equity, "float64")}
    )


def _write_parquet(path: Path, table: pyarrow.Table, **encoding: Any) -> None:
    from pyarrow import parquet

    with path.open("xb") as sink:
        parquet.write_table(table, sink, compression="snappy", **encoding)
        sink.flush()
        os.fsync(sink.fileno())


def _replace_folder(new: Path, target: Path) -> None:
    """Renames a folder over another; the old one steps aside first, as a rename needs an empty target."""
    if target.exists():
        old = temporary_name(target)
        os.rename(target, old)
        os.rename(new, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(new, target)


def _damaged(path: Path, what: str) -> StoreDamagedError:
    return StoreDamagedError(f"{path} is not what was written: {what}", "run the backtest again")
