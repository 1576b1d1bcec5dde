"""`ingest funding` of files, and what files and venues have in common: checks, intervals, storing,
reporting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, MemesnipeError, UsageError
from memesnipe_cli.market import columns, intervals, naming, rows, tables
from memesnipe_cli.market.file_ingest import refusal
from memesnipe_cli.market.file_reading import check_symbol
from memesnipe_cli.market.quality import EARLIEST_MS, Finding
from memesnipe_cli.market.recording import record_ingest
from memesnipe_cli.market.rows import NO_TIME
from memesnipe_cli.market.sources import Source, open_path, scratch_folder
from memesnipe_cli.records import decimal_text, record
from memesnipe_cli.store.tables import Float64, FundingRates, Int64, SeriesKey

if TYPE_CHECKING:
    import duckdb

    from memesnipe_cli.store.store import Store

# No venue settles more than this at once; Kraken Futures' rates are clipped at a quarter.
LARGEST_RATE = 0.25


@dataclass(frozen=True)
class FundingReport:
    """What became of the funding rates of one perpetual in one ingest."""

    source: str
    rates: FundingRates
    rows: int
    added: int
    identical: int
    conflicts: int
    set_aside: int
    says: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """One object for --json and for the table."""
        rates = self.rates
        lengths = sorted({int(length) for length in rates.interval_ms.tolist()})
        return record(
            "funding_ingest",
            source=self.source,
            venue=rates.venue,
            symbol=rates.symbol,
            intervals=[clock.timeframe_name(each) for each in lengths],
            rows=self.rows,
            added=self.added,
            identical=self.identical,
            conflicts=self.conflicts,
            set_aside=self.set_aside,
            since=clock.format_time(int(rates.ts[0])) if len(rates) else None,
            until=clock.format_time(int(rates.ts[-1])) if len(rates) else None,
            findings=[finding.as_record() for finding in self.findings],
            says=list(self.says),
        )


@dataclass(frozen=True)
class FundingOutcome:
    """A report, or why the file was refused."""

    report: FundingReport | None = None
    error: MemesnipeError | None = None


def ingest_funding_files(
    store: Store, paths: Sequence[Path], venue: str | None, symbol: str | None
) -> Iterator[FundingOutcome]:
    """Bring in funding files one after the other; a refused one does not stop the next."""
    from memesnipe_cli.store.duck import open_memory

    con = open_memory()
    try:
        for path in paths:
            with scratch_folder() as scratch:
                try:
                    for source in open_path(path, scratch):
                        yield FundingOutcome(report=_ingest(store, con, source, venue, symbol))
                except MemesnipeError as error:
                    yield FundingOutcome(error=refusal(str(path), error).error)
    finally:
        con.close()


def _ingest(
    store: Store, con: duckdb.DuckDBPyConnection, source: Source, venue: str | None, symbol: str | None
) -> FundingReport:
    table = tables.load(con, source)
    time, rate = columns.funding_columns(table.names)
    guess = naming.guess_from_name(source.label)
    reading = rows.time_reading(con, f"c{time}", table.names[time])
    name, whose, says = _name(source, guess, venue, symbol)
    found = con.execute(
        f"SELECT coalesce({reading.sql}, {NO_TIME}) AS ts, "  # noqa: S608
        f"coalesce(TRY_CAST(c{rate} AS DOUBLE), 'nan') AS rate FROM raw"
    ).fetchnumpy()
    report = store_funding(
        store,
        whose,
        name,
        np.asarray(found["ts"]),
        np.asarray(found["rate"], dtype=np.float64),
        source=f"file {source.name}",
        content_hash=source.content_hash(),
    )
    measured = report.as_record()["intervals"]
    if guess.timeframe is not None and guess.timeframe not in measured:
        says += (f"the name says {guess.timeframe}, but the times say {', '.join(measured)}",)
    return FundingReport(
        source.name,
        report.rates,
        report.rows,
        report.added,
        report.identical,
        report.conflicts,
        report.set_aside,
        (*table.says, *reading.says, *says, f"interval {', '.join(measured)} measured"),
        report.findings,
    )


def _name(
    source: Source, guess: naming.NameGuess, venue: str | None, symbol: str | None
) -> tuple[str, str, tuple[str, ...]]:
    says = []
    if venue is None and guess.venue is None:
        raise UsageError(
            f"{source.name}: nothing tells which venue these rates are from", "name it with --venue"
        )
    if symbol is None:
        if guess.symbol is None:
            raise UsageError(
                f"{source.name}: nothing tells base and quote of this perpetual",
                "name it with --symbol ETH/USDT:USDT",
            )
        symbol = guess.symbol if ":" in guess.symbol else f"{guess.symbol}:{guess.symbol.split('/')[1]}"
        says.append(f"symbol {symbol} taken from the name")
    check_symbol(symbol)
    if ":" not in symbol:
        raise UsageError(
            f"{symbol} is no perpetual", f"funding belongs to one, e.g. {symbol}:{symbol.split('/')[1]}"
        )
    if venue is None:
        says.append(f"venue {guess.venue} taken from the name")
    return symbol, str(venue or guess.venue), tuple(says)


def store_funding(
    store: Store, venue: str, symbol: str, ts: Int64, rate: Float64, *, source: str, content_hash: str
) -> FundingReport:
    """Check, measure the intervals, store and journal. Raises DataError where the interval cannot be
    measured.
    """
    key = SeriesKey(venue, symbol, "funding")
    ts, rate, aside, repeats = _usable(ts, rate)
    if len(ts) < 2:
        raise DataError(
            f"{len(ts)} usable funding rates of {venue} {symbol}: no interval can be measured",
            "bring in two or more",
        )
    rates = FundingRates(venue, symbol, ts, rate, intervals.measured_intervals(ts))
    written = store.lake.write_funding(rates, source=source)
    if aside:
        store.lake.set_aside(key, aside, source=source)
    record_ingest(
        store,
        key,
        source=source if not source.startswith("file ") else f"file {Path(source).name}",
        rows=len(ts) + len(aside),
        added=written.added,
        set_aside=len(aside),
        content_hash=content_hash,
        what="funding",
    )
    return FundingReport(
        source,
        rates,
        len(ts) + len(aside) + repeats,
        written.added,
        written.identical,
        written.conflicts,
        len(aside),
        findings=_findings(rates, aside),
    )


def _usable(ts: Int64, rate: Float64) -> tuple[Int64, Float64, list[dict[str, Any]], int]:
    """(times, rates, rows set aside, identical repeats dropped), ascending."""
    now = clock.now_ms()
    reasons = (
        ("the time cannot be read or lies before 2009", ts < EARLIEST_MS),
        ("the time lies in the future", ts > now),
        ("the rate is missing, NaN or infinite", ~np.isfinite(rate)),
        (
            f"the rate is beyond {LARGEST_RATE:.0%} an interval: is it in percent?",
            np.abs(rate) > LARGEST_RATE,
        ),
    )
    bad = np.zeros(len(ts), dtype=np.bool_)
    aside: list[dict[str, Any]] = []
    for reason, holds in reasons:
        aside += [_row(ts[place], rate[place], reason) for place in np.flatnonzero(holds & ~bad).tolist()]
        bad |= holds
    ts, rate = intervals.settled_times(ts[~bad]), rate[~bad]
    order = np.argsort(ts, kind="stable")
    ts, rate = ts[order], rate[order]
    again = np.concatenate(([False], ts[1:] == ts[:-1])) if len(ts) else np.zeros(0, dtype=np.bool_)
    same = again & np.concatenate(([False], rate[1:] == rate[:-1])) if len(ts) else again
    differs = np.isin(ts, ts[again & ~same])
    aside += [
        _row(ts[place], rate[place], "another rate has the same time")
        for place in np.flatnonzero(differs).tolist()
    ]
    keep = ~differs & ~again
    return ts[keep], rate[keep], aside, int((same & ~differs).sum())


def _row(ts: np.int64, rate: np.float64, reason: str) -> dict[str, Any]:
    shown = decimal_text(float(rate)) if np.isfinite(rate) else None
    return {"ts": int(ts) if ts != NO_TIME else None, "rate": shown, "reason": reason}


def _findings(rates: FundingRates, aside: list[dict[str, Any]]) -> list[Finding]:
    where = f"{rates.venue} {rates.symbol} funding"
    found = []
    if aside:
        found.append(
            Finding(
                "funding_row",
                "error",
                where,
                f"{len(aside)} rates set aside, first: {aside[0]['reason']}",
                "see them with: memesnipe ingest set-aside",
                len(aside),
            )
        )
    steps = np.diff(rates.ts)
    missing = int(np.sum(np.maximum(steps // rates.interval_ms[1:] - 1, 0)))
    if missing:
        found.append(
            Finding(
                "funding_gap",
                "warning",
                where,
                f"{missing} settlements missing",
                "a backtest takes a missing settlement as none paid",
                missing,
            )
        )
    return found
