"""Stored backtest runs: `runs/<run>/` with the result as JSON, its trades and its equity as parquet.

Bulk numbers live here; the journal carries only the hash of a run.
"""

from __future__ import annotations

import difflib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from memesnipe_cli.errors import StoreDamagedError, StoreError, UsageError
from memesnipe_cli.store.files import explained, make_folder, sync_folder, temporary_name, write_file
from memesnipe_cli.store.paths import StorePaths, decode_name, encode_name
from memesnipe_cli.store.version import ensure_marker

if TYPE_CHECKING:
    from memesnipe_cli.store.tables import Float64, Int64

_RESULT = "result.json"
_TRADES = "trades.parquet"
_EQUITY = "equity.parquet"


@dataclass(frozen=True)
class StoredRun:
    """A run as it was saved. `equity_ts` (n,) ms UTC, `equity` (n,) in the account's currency."""

    run: str
    result: dict[str, Any]
    trades: list[dict[str, Any]]
    equity_ts: Int64
    equity: Float64


class Runs:
    """The stored runs of one store."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths

    def save(
        self, run: str, result: dict[str, Any], trades: list[dict[str, Any]], equity_ts: Int64, equity: Float64
    ) -> None:
        """Stores a run, whole or not at all; a run of the same id is replaced.

        `result` and `trades` are JSON objects (amounts as decimal text). Raises StoreError.
        """
        ensure_marker(self._paths.marker)
        target = self._paths.runs / encode_name(run, "run")
        with explained(f"cannot store the run {run}"):
            make_folder(self._paths.runs)
            temporary = temporary_name(target)
            try:
                temporary.mkdir()
                _write_result(temporary / _RESULT, run, result)
                _write_trades(temporary / _TRADES, trades)
                _write_equity(temporary / _EQUITY, equity_ts, equity)
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
        try:
            with explained(f"cannot read {folder}"):
                result = orjson.loads((folder / _RESULT).read_bytes())
                trades = parquet.read_table(folder / _TRADES, partitioning=None).column("trade").to_pylist()
                equity = parquet.read_table(folder / _EQUITY, partitioning=None)
            rows = [orjson.loads(text) for text in trades]
        except (orjson.JSONDecodeError, ArrowException, KeyError) as problem:
            raise StoreDamagedError(f"{folder} is not what was written: {problem}", "run the backtest again") from problem
        return StoredRun(found, result, rows, equity.column("ts").to_numpy(), equity.column("equity").to_numpy())

    def list(self) -> list[dict[str, Any]]:
        """The results of all runs, the newest first; each carries `run` and `saved_ms`."""
        results = []
        for folder in self._folders():
            path = folder / _RESULT
            try:
                saved_ms = path.stat().st_mtime_ns // 1_000_000
                result = orjson.loads(path.read_bytes())
            except FileNotFoundError:
                # Pruned between the listing and now.
                continue
            except orjson.JSONDecodeError as problem:
                raise StoreDamagedError(f"{path} is not JSON: {problem}", "run the backtest again") from problem
            results.append({**result, "run": decode_name(folder.name), "saved_ms": saved_ms})
        return sorted(results, key=lambda result: (-int(result["saved_ms"]), str(result["run"])))

    def _folders(self) -> list[Path]:
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
        hint = f"nearest: {', '.join(near)}" if near else "no run is stored yet: memesnipe backtest --strategy ..."
        raise UsageError(f"run {run!r} is not stored", hint)


def _write_result(path: Path, run: str, result: dict[str, Any]) -> None:
    try:
        data = orjson.dumps({**result, "run": run}, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError as problem:
        raise StoreError(f"the result of {run} is not JSON: {problem}", "keep amounts as decimal text") from problem
    write_file(path, data + b"\n")


def _write_trades(path: Path, trades: list[dict[str, Any]]) -> None:
    import pyarrow
    from pyarrow import parquet

    try:
        texts = [orjson.dumps(trade).decode() for trade in trades]
    except orjson.JSONEncodeError as problem:
        raise StoreError(f"a trade is not JSON: {problem}", "keep amounts as decimal text") from problem
    # One JSON text a trade: what was saved comes back as it was, whatever fields a later version adds.
    parquet.write_table(pyarrow.table({"trade": pyarrow.array(texts, pyarrow.string())}), path, compression="zstd")
    _sync(path)


def _write_equity(path: Path, equity_ts: Int64, equity: Float64) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"ts": equity_ts, "equity": equity}), path, compression="snappy")
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace_folder(new: Path, target: Path) -> None:
    """Renames a folder over another; the old one steps aside first, as a rename needs an empty target."""
    if target.exists():
        old = temporary_name(target)
        os.rename(target, old)
        os.rename(new, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(new, target)
