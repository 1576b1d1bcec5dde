"""`ingest file`: from what the user names to bars in the lake, with a report a file and series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, MemesnipeError
from memesnipe_cli.market import filling, pipe, quality, series_quality
from memesnipe_cli.market.file_reading import Named, ReadSeries, read_source
from memesnipe_cli.market.quality import Finding, Judged
from memesnipe_cli.market.recording import record_ingest
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.market.rows import bars_of_candles
from memesnipe_cli.market.sources import Kind, Source, open_path, open_stream, scratch_folder

if TYPE_CHECKING:
    import duckdb

    from memesnipe_cli.store.store import Store


@dataclass(frozen=True)
class Refusal:
    """A file that did not go in, and why."""

    source: str
    error: MemesnipeError


def refusal(source: str, error: MemesnipeError) -> Refusal:
    """The Refusal of a file, whose error names the file."""
    if source not in error.message:
        error.message = f"{source}: {error.message}"
    return Refusal(source, error)


def ingest_files(
    store: Store,
    paths: Sequence[Path | IO[bytes]],
    named: Named,
    *,
    fill: bool = False,
    now: int | None = None,
) -> Iterator[IngestReport | Refusal]:
    """Bring files in, one after the other; a file that is refused does not stop the next.

    A path may be a stream (stdin). `fill` closes gaps with synthetic bars. Yields a report a series, or a
    Refusal.
    """
    from memesnipe_cli.store.duck import open_memory

    con = open_memory()
    at = clock.now_ms() if now is None else now
    try:
        for path in paths:
            name = str(path) if isinstance(path, Path) else "stdin"
            with scratch_folder() as scratch:
                sources = open_path(path, scratch) if isinstance(path, Path) else open_stream(path, scratch)
                try:
                    for source in sources:
                        yield from _ingest_source(store, con, source, named, fill=fill, now=at)
                except MemesnipeError as error:
                    yield refusal(name, error)
    finally:
        con.close()


def _ingest_source(
    store: Store, con: duckdb.DuckDBPyConnection, source: Source, named: Named, *, fill: bool, now: int
) -> Iterator[IngestReport | Refusal]:
    try:
        if source.kind is Kind.JSONL and _holds_records(source):
            yield from _ingest_records(store, source, fill=fill, now=now)
            return
        for series in read_source(con, source, named):
            yield _store_series(store, source, series, fill=fill, now=now)
    except MemesnipeError as error:
        yield refusal(source.name, error)


def _holds_records(source: Source) -> bool:
    import orjson

    with source.path.open("rb") as stream:
        first = orjson.loads(stream.readline())
    return isinstance(first, dict) and "type" in first and "v" in first


def _ingest_records(store: Store, source: Source, *, fill: bool, now: int) -> Iterator[IngestReport]:
    with source.path.open("rb") as stream:
        found, warnings = pipe.read_candles_jsonl(stream)
    if not found:
        raise DataError(f"{source.name} holds no candle records", "; ".join(warnings))
    for candles in found:
        series = ReadSeries(candles.key, bars_of_candles(candles), [], ())
        report = _store_series(store, source, series, fill=fill, now=now)
        report.warnings.extend(warnings)
        warnings = []
        yield report


def _store_series(store: Store, source: Source, series: ReadSeries, *, fill: bool, now: int) -> IngestReport:
    judged = quality.judge_rows(series.bars, series.key, now)
    _refuse_hopeless(source, series, judged)
    candles = judged.candles
    filled = 0
    if fill:
        candles, filled = filling.fill_gaps(candles)
    written = store.lake.write_candles(candles, source=f"file {source.name}")
    aside = judged.set_aside + series.refused
    if aside:
        store.lake.set_aside(series.key, aside, source=f"file {source.name}")
    record_ingest(
        store,
        series.key,
        source=f"file {Path(source.name).name}",
        rows=len(series.bars),
        added=written.added,
        set_aside=len(aside),
        content_hash=source.content_hash(),
    )
    findings = [
        *judged.findings,
        *_refused_findings(series),
        *quality.conflict_findings(series.key, written.conflicts),
        *series_quality.judge_series(candles),
    ]
    return IngestReport(
        source=source.name,
        key=series.key,
        candles=candles,
        rows=len(series.bars) + len(series.refused),
        added=written.added,
        replaced=written.replaced,
        identical=written.identical,
        conflicts=written.conflicts,
        set_aside=len(aside),
        repeats=judged.repeats,
        filled=filled,
        findings=findings,
        says=series.says,
    )


def _refused_findings(series: ReadSeries) -> list[Finding]:
    if not series.refused:
        return []
    first = series.refused[0]
    return [
        Finding(
            "line_unreadable",
            "error",
            f"{series.key} line {first['row']}",
            f"{len(series.refused)} lines could not be read: {first['reason']}",
            "see them with: memesnipe ingest set-aside",
            len(series.refused),
        )
    ]


def _refuse_hopeless(source: Source, series: ReadSeries, judged: Judged) -> None:
    """A file whose rows are nearly all bad for one reason is misread, not dirty: refuse it whole."""
    if len(series.refused) > len(series.bars):
        raise DataError(
            f"{source.name}: {len(series.refused)} lines cannot be read, {len(series.bars)} can",
            f"the first that cannot: {series.refused[0]['reason']}",
        )
    if len(judged.candles) >= 0.5 * len(series.bars):
        return
    counts: dict[str, int] = {}
    for row in judged.set_aside:
        counts[row["check"]] = counts.get(row["check"], 0) + 1
    if not counts or len(judged.candles) + judged.repeats >= 0.5 * len(series.bars):
        return
    worst = max(counts, key=lambda name: counts[name])
    hint = {
        "off_grid": "days of another time zone or closing times? Times must be the bars' openings in UTC",
        "future": "check the clock of this machine and the unit of the times",
        "outside_range": "check that the columns are in the order the header says",
        "high_below_low": "check that the columns are in the order the header says",
    }.get(worst, "look at the file; nothing was stored")
    raise DataError(
        f"{source.name}: {counts[worst]} of {len(series.bars)} rows are bad because {quality.REASONS[worst]}",
        hint,
    )
