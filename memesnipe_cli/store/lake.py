"""The lake: candles, funding rates and instruments of every venue, for all accounts.

Hive partitions `candles/venue=../symbol=../timeframe=../month=../data.parquet`. A writer holds the lock of
the instrument, because what is stored of one timeframe depends on the finer ones; readers take no lock and
never wait.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.store import columns as cols
from memesnipe_cli.store import instruments, locks, set_aside
from memesnipe_cli.store.columns import CANDLE_TYPES, FUNDING_TYPES, Columns
from memesnipe_cli.store.derived import conflict_rows, drop_derivable, split_derivable
from memesnipe_cli.store.files import explained, make_folder
from memesnipe_cli.store.merge import Merged, merge
from memesnipe_cli.store.partitions import Partitions, month_slices
from memesnipe_cli.store.paths import StorePaths, hive_folder, hive_value
from memesnipe_cli.store.resample import Resampled, overlay, resample
from memesnipe_cli.store.tables import SIMULATED_VENUE, Candles, FundingRates, Instrument, SeriesKey
from memesnipe_cli.store.version import ensure_marker

if TYPE_CHECKING:
    import duckdb

_SIMULATION = "simulate"


@dataclass(frozen=True)
class WriteReport:
    """What became of the rows of one write: each is in exactly one of added, replaced, identical and
    conflicts.

    `added`: new. `replaced`: an observed row in the place of a synthetic one. `identical`: already there, or
    derivable from finer bars that are. `conflicts`: different from what is stored, so set aside.
    `partitions`: how many month files were written. `coarser_dropped`: stored rows of higher timeframes that
    these bars now make, of which `coarser_conflicts` said something else and were set aside.
    """

    added: int
    identical: int
    conflicts: int
    partitions: int
    replaced: int = 0
    coarser_dropped: int = 0
    coarser_conflicts: int = 0


@dataclass(frozen=True)
class SeriesInfo:
    """One stored series: its rows, the opens of its first and last bar, how many rows are synthetic, its
    size."""

    key: SeriesKey
    rows: int
    first_ms: int
    last_ms: int
    synthetic: int
    bytes: int


class Lake:
    """Market data of one store. Cheap to make; creates nothing until the first write."""

    def __init__(self, paths: StorePaths, *, deadline_s: float = 60.0) -> None:
        self._paths = paths
        self._deadline_s = deadline_s

    # --- candles
    # ---------------------------------------------------------------------------------------------

    def write_candles(self, candles: Candles, *, source: str) -> WriteReport:
        """Merges candles into their series. Safe from several processes at once.

        A row that is there with other values is set aside, the stored one stays. Raises DataError for rows
        that are not ascending, not on the timeframe's grid or not finite, UsageError for simulated rows under
        a real venue's name or the reverse, StoreBusyError, StoreError.
        """
        return self._write_columns(candles.key, cols.from_candles(candles), source)

    def write_candles_sql(
        self, con: duckdb.DuckDBPyConnection, relation_name: str, key: SeriesKey, *, source: str
    ) -> WriteReport:
        """`write_candles` of a table or view of a DuckDB connection, in any order of rows.

        Columns: ts BIGINT (ms UTC), open, high, low, close, volume DOUBLE, synthetic BOOLEAN.
        """
        quoted = '"' + relation_name.replace('"', '""') + '"'
        names = ", ".join(CANDLE_TYPES)
        fetched = con.execute(f"SELECT {names} FROM {quoted}").fetchnumpy()  # noqa: S608 - the name is quoted
        rows: Columns = {}
        for name, kind in CANDLE_TYPES.items():
            if np.ma.is_masked(fetched[name]):
                raise DataError(f"{key}: column {name} has NULL rows", "set such rows aside first")
            rows[name] = np.asarray(fetched[name], dtype=kind)
        if len(rows["ts"]) and (np.diff(rows["ts"]) < 0).any():
            rows = cols.take(rows, np.argsort(rows["ts"], kind="stable"))
        return self._write_columns(key, rows, source)

    def read_candles(
        self, key: SeriesKey, since_ms: int | None = None, until_ms: int | None = None
    ) -> Candles:
        """Bars with since <= open < until; empty where the series has none there.

        A timeframe is made from the finest stored one that divides it; stored bars of coarser timeframes fill
        in where finer ones are absent. Raises DataError where nothing is stored to make it from.
        """
        length = clock.timeframe_ms(key.timeframe)
        stored = [each for each in self._timeframes(key.venue, key.symbol) if length % each == 0]
        if stored == [length]:
            rows = self._partitions(key).read_between(since_ms, until_ms)
            return cols.to_candles(key, cols.between(rows, since_ms, until_ms))
        layers = [layer for fine in stored if (layer := self._layer(key, fine, length, since_ms, until_ms))]
        if not layers:
            raise DataError(
                f"no candles of {key} are stored",
                f"memesnipe ingest candles --venue {key.venue} --symbol {key.symbol}"
                f" --timeframe {key.timeframe} --since 180d, or memesnipe ingest list to see what is there",
                code="no_data",
            )
        return cols.to_candles(key, cols.between(overlay(layers), since_ms, until_ms))

    def series(self) -> list[SeriesInfo]:
        """Every stored series of candles, by venue, symbol and timeframe."""
        found = []
        for venue in _values(self._paths.candles, "venue"):
            for symbol in _values(self._paths.candles / hive_folder("venue", venue), "symbol"):
                for length in self._timeframes(venue, symbol):
                    info = self._info(SeriesKey(venue, symbol, clock.timeframe_name(length)))
                    if info is not None:
                        found.append(info)
        return sorted(
            found, key=lambda info: (info.key.venue, info.key.symbol, clock.timeframe_ms(info.key.timeframe))
        )

    # --- funding
    # ---------------------------------------------------------------------------------------------

    def write_funding(self, rates: FundingRates, *, source: str) -> WriteReport:
        """Merges funding rates of one perpetual, as `write_candles` does. Raises the same errors."""
        self._check_source(rates.venue, source)
        rows = cols.from_funding(rates)
        what = f"funding of {rates.venue} {rates.symbol}"
        cols.check(rows, FUNDING_TYPES, what)
        ensure_marker(self._paths.marker)
        folder = self._paths.funding_series(rates.venue, rates.symbol)
        with explained(f"cannot write {folder}"):
            make_folder(folder)
            with locks.exclusive(folder / "lock", what, self._deadline_s):
                partitions = Partitions(folder, FUNDING_TYPES)
                merged, stored, months = _merge_into(partitions, rows)
                aside = conflict_rows(rows, stored, merged.conflict, "another rate of that time is stored")
                set_aside.add_rows(self._aside_folder(rates.venue, rates.symbol, "funding"), aside, source)
        return _report(merged, len(months))

    def read_funding(
        self, venue: str, symbol: str, since_ms: int | None = None, until_ms: int | None = None
    ) -> FundingRates:
        """Rates with since <= settlement < until. Raises DataError where none of that perpetual are
        stored."""
        partitions = Partitions(self._paths.funding_series(venue, symbol), FUNDING_TYPES)
        if not partitions.months():
            raise DataError(
                f"no funding rates of {venue} {symbol} are stored",
                f"memesnipe ingest funding --venue {venue} --symbol {symbol}",
                code="no_data",
            )
        rows = cols.between(partitions.read_between(since_ms, until_ms), since_ms, until_ms)
        return FundingRates(venue, symbol, rows["ts"], rows["rate"], rows["interval_ms"])

    # --- rows set aside, instruments
    # -------------------------------------------------------------------------

    def set_aside(self, key: SeriesKey, rows: list[dict[str, Any]], *, source: str) -> int:
        """Keeps rows that may not be used, each with its `reason`; returns how many were not there yet."""
        ensure_marker(self._paths.marker)
        folder = self._paths.instrument(key.venue, key.symbol)
        with explained(f"cannot write {folder}"):
            make_folder(folder)
            with locks.exclusive(folder / "lock", str(key), self._deadline_s):
                return set_aside.add_rows(
                    self._aside_folder(key.venue, key.symbol, key.timeframe), rows, source
                )

    def set_aside_rows(self, key: SeriesKey | None = None) -> list[dict[str, Any]]:
        """The rows kept aside, of one series or of all, each with venue, symbol, timeframe, reason and
        source."""
        found = []
        for folder in sorted(self._paths.set_aside.glob("venue=*/symbol=*/timeframe=*")):
            venue, symbol, timeframe = (
                hive_value(part, column) or ""
                for part, column in zip(folder.parts[-3:], ("venue", "symbol", "timeframe"), strict=True)
            )
            if key is None or (venue, symbol, timeframe) == (key.venue, key.symbol, key.timeframe):
                names = {"venue": venue, "symbol": symbol, "timeframe": timeframe}
                found += [names | row for row in set_aside.read_rows(folder)]
        return found

    def write_instrument(self, instrument: Instrument) -> None:
        """Keeps how a product is traded; what was inferred from bars never replaces the venue's own word."""
        ensure_marker(self._paths.marker)
        instruments.write_instrument(self._paths.instruments, instrument)

    def read_instrument(self, venue: str, symbol: str) -> Instrument | None:
        """How a product is traded, or None where that is not known."""
        return instruments.read_instrument(self._paths.instruments, venue, symbol)

    def list_instruments(self) -> list[Instrument]:
        """All known instruments, by venue and symbol."""
        return instruments.list_instruments(self._paths.instruments)

    # --- inside
    # ----------------------------------------------------------------------------------------------

    def _write_columns(self, key: SeriesKey, rows: Columns, source: str) -> WriteReport:
        self._check_source(key.venue, source)
        length = clock.timeframe_ms(key.timeframe)
        cols.check(rows, CANDLE_TYPES, str(key), grid_ms=length)
        ensure_marker(self._paths.marker)
        folder = self._paths.instrument(key.venue, key.symbol)
        with explained(f"cannot write {folder}"):
            make_folder(folder)
            with locks.exclusive(folder / "lock", str(key), self._deadline_s):
                return self._write_locked(key, length, rows, source)

    def _write_locked(self, key: SeriesKey, length: int, rows: Columns, source: str) -> WriteReport:
        others = {each: self._partitions_of(key, each) for each in self._timeframes(key.venue, key.symbol)}
        finer = {each: found for each, found in others.items() if each < length and length % each == 0}
        coarser = {each: found for each, found in others.items() if each > length and each % length == 0}
        split = split_derivable(rows, length, finer)
        merged, stored, months = _merge_into(self._partitions(key), split.rest)
        aside = split.conflicts + conflict_rows(
            split.rest, stored, merged.conflict, "another row of that time is stored"
        )
        set_aside.add_rows(self._aside_folder(key.venue, key.symbol, key.timeframe), aside, source)
        report = _report(merged, len(months))
        report = replace(
            report,
            identical=report.identical + split.identical,
            conflicts=report.conflicts + len(split.conflicts),
        )
        changed = split.rest["ts"][merged.added | merged.replaced]
        if not len(changed):
            return report
        for coarse, partitions in coarser.items():
            dropped = drop_derivable(partitions, coarse, self._partitions(key), length, changed)
            folder = self._aside_folder(key.venue, key.symbol, clock.timeframe_name(coarse))
            set_aside.add_rows(folder, dropped.conflicts, source)
            report = replace(
                report,
                partitions=report.partitions + dropped.partitions,
                coarser_dropped=report.coarser_dropped + dropped.rows,
                coarser_conflicts=report.coarser_conflicts + len(dropped.conflicts),
            )
        return report

    def _check_source(self, venue: str, source: str) -> None:
        if (venue == SIMULATED_VENUE) != source.startswith(_SIMULATION):
            raise UsageError(
                f"rows from {source!r} may not be stored under venue {venue!r}",
                f"simulated rows live under {SIMULATED_VENUE!r} for ever, and nothing else does",
            )

    def _partitions(self, key: SeriesKey) -> Partitions:
        return self._partitions_of(key, clock.timeframe_ms(key.timeframe))

    def _partitions_of(self, key: SeriesKey, length: int) -> Partitions:
        # One spelling a length, so that 60m and 1h are one series.
        return Partitions(
            self._paths.series(key.venue, key.symbol, clock.timeframe_name(length)), CANDLE_TYPES
        )

    def _timeframes(self, venue: str, symbol: str) -> list[int]:
        """Lengths of the stored timeframes of an instrument, ascending."""
        folder = self._paths.instrument(venue, symbol)
        lengths = sorted(clock.timeframe_ms(name) for name in _values(folder, "timeframe"))
        return [
            each
            for each in lengths
            if Partitions(
                folder / hive_folder("timeframe", clock.timeframe_name(each)), CANDLE_TYPES
            ).months()
        ]

    def _info(self, key: SeriesKey) -> SeriesInfo | None:
        months = self._partitions(key).index()
        if not months:
            return None
        return SeriesInfo(
            key,
            sum(month.rows for month in months),
            months[0].first_ms,
            months[-1].last_ms,
            sum(month.synthetic for month in months),
            sum(month.bytes for month in months),
        )

    def _layer(
        self, key: SeriesKey, fine_ms: int, length: int, since_ms: int | None, until_ms: int | None
    ) -> Resampled | None:
        fine = SeriesKey(key.venue, key.symbol, clock.timeframe_name(fine_ms))
        info = self._info(fine)
        if info is None:
            return None
        since = None if since_ms is None else -(-since_ms // length) * length
        until = None if until_ms is None else -(-until_ms // length) * length
        rows = cols.between(self._partitions(fine).read_between(since, until), since, until)
        if fine_ms == length:
            return Resampled(rows, ~rows["synthetic"])
        return resample(rows, fine_ms, length, info.first_ms, info.last_ms)

    def _aside_folder(self, venue: str, symbol: str, timeframe: str) -> Path:
        return self._paths.set_aside.joinpath(
            hive_folder("venue", venue), hive_folder("symbol", symbol), hive_folder("timeframe", timeframe)
        )


def _merge_into(partitions: Partitions, rows: Columns) -> tuple[Merged, Columns, set[str]]:
    """Merges and writes; also returns the stored row in the place of each incoming one, and the months
    written."""
    touched = [month for month, _ in month_slices(rows)]
    there = set(partitions.months())
    before = partitions.read([month for month in touched if month in there])
    merged = merge(before, rows)
    changed = merged.added | merged.replaced
    months = {month for month, _ in month_slices(cols.take(rows, changed))}
    if months:
        partitions.write(merged.rows, months)
    place = np.minimum(np.searchsorted(before["ts"], rows["ts"]), max(0, len(before["ts"]) - 1))
    beside = cols.take(before, place) if len(before["ts"]) else rows
    return merged, beside, months


def _report(merged: Merged, partitions: int) -> WriteReport:
    return WriteReport(
        int(merged.added.sum()),
        int(merged.identical.sum()),
        int(merged.conflict.sum()),
        partitions,
        int(merged.replaced.sum()),
    )


def _values(folder: Path, column: str) -> list[str]:
    """The values of the hive folders inside `folder`, sorted."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(value for name in names if (value := hive_value(name, column)) is not None)
