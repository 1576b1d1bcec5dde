"""Sorted columns by name: the common form of candles and funding rates inside the lake. Imports numpy
only."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.tables import Candles, FundingRates, SeriesKey

Columns: TypeAlias = dict[str, npt.NDArray[Any]]

CANDLE_TYPES: dict[str, str] = {
    "ts": "int64",
    "open": "float64",
    "high": "float64",
    "low": "float64",
    "close": "float64",
    "volume": "float64",
    "synthetic": "bool",
}
FUNDING_TYPES: dict[str, str] = {"ts": "int64", "rate": "float64", "interval_ms": "int64"}


def empty(types: dict[str, str]) -> Columns:
    """No rows of these types."""
    return {name: np.zeros(0, dtype=kind) for name, kind in types.items()}


def take(columns: Columns, which: npt.NDArray[Any] | slice) -> Columns:
    """The rows that a mask, an index array or a slice picks."""
    return {name: values[which] for name, values in columns.items()}


def join(parts: list[Columns], types: dict[str, str]) -> Columns:
    """The rows of all parts, one after the other."""
    if not parts:
        return empty(types)
    return {name: np.concatenate([part[name] for part in parts]) for name in types}


def between(columns: Columns, since_ms: int | None, until_ms: int | None) -> Columns:
    """The rows with since <= ts < until of columns ascending by `ts`."""
    begin = 0 if since_ms is None else int(np.searchsorted(columns["ts"], since_ms))
    end = len(columns["ts"]) if until_ms is None else int(np.searchsorted(columns["ts"], until_ms))
    return take(columns, slice(begin, max(begin, end)))


def from_candles(candles: Candles) -> Columns:
    """The columns of candles, typed."""
    return {name: np.asarray(getattr(candles, name), dtype=kind) for name, kind in CANDLE_TYPES.items()}


def to_candles(key: SeriesKey, columns: Columns) -> Candles:
    """Candles of these columns."""
    return Candles(key, **{name: columns[name] for name in CANDLE_TYPES})


def from_funding(rates: FundingRates) -> Columns:
    """The columns of funding rates, typed."""
    return {name: np.asarray(getattr(rates, name), dtype=kind) for name, kind in FUNDING_TYPES.items()}


def check(columns: Columns, types: dict[str, str], what: str, grid_ms: int | None = None) -> None:
    """That the rows can be stored: equal lengths, `ts` rising and on the grid, every number finite.

    Raises DataError that names the first row at fault.
    """
    hint = "set such rows aside first; memesnipe ingest does so by itself"
    ts = columns["ts"]
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{what}: the columns differ in length: {lengths}", hint)
    if not len(ts):
        return
    backwards = np.flatnonzero(np.diff(ts) <= 0)
    if len(backwards):
        where = clock.format_time(int(ts[backwards[0] + 1]))
        raise DataError(f"{what}: the row {where} does not come after the one before it", hint)
    if grid_ms is not None:
        off = np.flatnonzero(ts % grid_ms != 0)
        if len(off):
            raise DataError(
                f"{what}: {clock.format_time(int(ts[off[0]]))} is not the open of a bar; bars align to 1970",
                hint,
            )
    for name, kind in types.items():
        if kind == "float64":
            bad = np.flatnonzero(~np.isfinite(columns[name]))
            if len(bad):
                where = clock.format_time(int(ts[bad[0]]))
                raise DataError(f"{what}: {name} of {where} is {columns[name][bad[0]]}", hint)
