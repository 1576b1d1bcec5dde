"""What the lake holds, seen by `ingest list`, `verify`, `fill` and `set-aside`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError
from memesnipe_cli.market import filling, quality, series_quality
from memesnipe_cli.market.quality import Finding
from memesnipe_cli.market.recording import candles_hash, record_ingest
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.market.rows import bars_of_candles

if TYPE_CHECKING:
    from memesnipe_cli.store.lake import SeriesInfo
    from memesnipe_cli.store.store import Store


def stored_series(
    store: Store, venue: str | None, symbol: str | None, timeframe: str | None
) -> list[SeriesInfo]:
    """The stored series that match; all where nothing is asked. Raises UsageError where none matches."""
    length = clock.timeframe_ms(timeframe) if timeframe else None
    everything = store.lake.series()
    found = [
        info
        for info in everything
        if venue in (None, info.key.venue)
        and symbol in (None, info.key.symbol)
        and length in (None, clock.timeframe_ms(info.key.timeframe))
    ]
    if everything and not found:
        asked = " ".join(word for word in (venue, symbol, timeframe) if word)
        raise UsageError(f"nothing stored matches {asked}", "memesnipe ingest list shows what is there")
    return found


def list_stored(
    store: Store, venue: str | None = None, symbol: str | None = None, timeframe: str | None = None
) -> list[dict[str, Any]]:
    """One row a series: what `ingest list` shows. `coverage` is bars over slots between first and last, with
    the bars that are made from a finer series on reading (they are not stored twice)."""
    rows = []
    everything = store.lake.series()
    for info in stored_series(store, venue, symbol, timeframe):
        share = _coverage(store, info, everything)
        rows.append(
            {
                "type": "series",
                "v": 1,
                "venue": info.key.venue,
                "symbol": info.key.symbol,
                "timeframe": info.key.timeframe,
                "rows": info.rows,
                "since": clock.format_time(info.first_ms),
                "until": clock.format_time(info.last_ms),
                "coverage": round(share, 6),
                "synthetic": info.synthetic,
                "simulated": info.key.simulated,
                "bytes": info.bytes,
            }
        )
    return rows


def _coverage(store: Store, info: SeriesInfo, everything: list[SeriesInfo]) -> float:
    key, length = info.key, clock.timeframe_ms(info.key.timeframe)
    finer = any(
        (each.key.venue, each.key.symbol) == (key.venue, key.symbol)
        and clock.timeframe_ms(each.key.timeframe) < length
        and length % clock.timeframe_ms(each.key.timeframe) == 0
        for each in everything
    )
    if finer:
        return series_quality.coverage(store.lake.read_candles(key)).share
    return info.rows / ((info.last_ms - info.first_ms) // length + 1)


def verify_stored(
    store: Store, venue: str | None = None, symbol: str | None = None, timeframe: str | None = None
) -> Iterator[Finding]:
    """Findings about the matching series, recomputed from the stored rows, and what is set aside of them."""
    now = clock.now_ms()
    for info in stored_series(store, venue, symbol, timeframe):
        candles = store.lake.read_candles(info.key)
        # A simulated market may run ahead of the clock.
        judged = quality.judge_rows(
            bars_of_candles(candles), info.key, now if not info.key.simulated else 1 << 60
        )
        yield from judged.findings
        yield from series_quality.judge_series(candles)
    yield from _aside_findings(store, venue, symbol, timeframe)


def _aside_findings(
    store: Store, venue: str | None, symbol: str | None, timeframe: str | None
) -> Iterator[Finding]:
    counts: dict[tuple[str, str], int] = {}
    for row in list_set_aside(store, venue, symbol, timeframe):
        place = (f"{row['venue']} {row['symbol']} {row['timeframe']}", str(row["reason"]))
        counts[place] = counts.get(place, 0) + 1
    for (where, reason), many in counts.items():
        yield Finding(
            "set_aside",
            "warning",
            where,
            f"{many} rows are set aside and not used: {reason}",
            "see them with: memesnipe ingest set-aside",
            many,
        )


def list_set_aside(
    store: Store, venue: str | None = None, symbol: str | None = None, timeframe: str | None = None
) -> list[dict[str, Any]]:
    """The rows set aside, with readable times."""
    rows = []
    for row in store.lake.set_aside_rows():
        if (
            venue in (None, row["venue"])
            and symbol in (None, row["symbol"])
            and timeframe in (None, row["timeframe"])
        ):
            rows.append({"type": "set_aside", "v": 1, **row, "time": _readable(row.get("ts"))})
    return rows


def _readable(ts: object) -> str | None:
    plausible = isinstance(ts, int) and quality.EARLIEST_MS <= ts < quality.LATEST_SHOWN_MS
    return clock.format_time(ts) if isinstance(ts, int) and plausible else None


def fill_stored(
    store: Store, venue: str | None, symbol: str | None, timeframe: str | None, longest: int | None
) -> Iterator[IngestReport]:
    """Fill the gaps of the matching series; a report for each series that had some."""
    for info in stored_series(store, venue, symbol, timeframe):
        if info.key.simulated:
            # Absent bars belong to the simulated market: nobody traded, or the venue was down.
            continue
        candles = store.lake.read_candles(info.key)
        filled, many = filling.fill_gaps(candles, longest)
        if not many:
            continue
        written = store.lake.write_candles(filled, source="fill")
        record_ingest(
            store,
            info.key,
            source="fill",
            rows=many,
            added=written.added,
            set_aside=0,
            content_hash=candles_hash(filled),
        )
        yield IngestReport(
            source="fill",
            key=info.key,
            candles=filled,
            rows=many,
            added=written.added,
            identical=written.identical,
            conflicts=written.conflicts,
            filled=many,
        )
