"""`ingest candles`: asks a venue for the bars that are missing, and only for those.

What came in is stored every few seconds, so an interruption or a failure loses no more than that; the next
run goes on where this one stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market import asked, quality
from memesnipe_cli.market.calling import Caller
from memesnipe_cli.market.candle_pages import fetch_candle_pages
from memesnipe_cli.market.pages import Page, bars_of
from memesnipe_cli.market.quality import Finding
from memesnipe_cli.market.recording import candles_hash, record_ingest
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.market.trade_fetch import fetch_trade_bars
from memesnipe_cli.store.tables import Candles, Int64, SeriesKey

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.store.store import Store

# A bar that has just ended may still get its last trades.
CLOSE_GRACE_MS = 2_000
KRAKEN_BARS = 720
_STORE_EVERY_S = 2.0
_STORE_EVERY_BARS = 10_000


@dataclass
class _Tally:
    """What has been stored so far in this run."""

    rows: int = 0
    added: int = 0
    replaced: int = 0
    identical: int = 0
    conflicts: int = 0
    set_aside: int = 0
    findings: list[Finding] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fetch_series(
    store: Store,
    exchange: ccxt.Exchange,
    caller: Caller,
    key: SeriesKey,
    since_ms: int,
    until_ms: int | None = None,
    *,
    from_trades: bool = False,
    advance: Callable[[float], None] = lambda slots: None,
) -> IngestReport:
    """Bring in what is missing of one series between `since_ms` and `until_ms` (default: now).

    The unfinished bar is never stored. `advance` is told about slots dealt with. The report's candles are
    all that is stored of the stretch. Raises UsageError, NetworkError (what came before it is stored),
    StoreError.
    """
    _check_timeframe(exchange, key, from_trades)
    step = clock.timeframe_ms(key.timeframe)
    now = clock.now_ms()
    end = clock.floor_to(min(until_ms or now, now - CLOSE_GRACE_MS), step)
    if until_ms is not None and until_ms <= since_ms:
        raise UsageError(
            f"--until {clock.format_time(until_ms)} is not after --since {clock.format_time(since_ms)}",
            "give a later --until or an earlier --since",
        )
    missing = missing_slots(store, key, since_ms, end, now)
    warnings: list[str] = []
    if key.venue == "kraken" and not from_trades:
        missing, warnings = _within_kraken_reach(missing, step, now, key)
    advance(max(0, (end - since_ms) // step) - len(missing))
    makers = fetch_trade_bars if from_trades else fetch_candle_pages
    tally = _Tally()
    _store_as_it_comes(store, key, makers(exchange, caller, key, missing), tally, now, advance)
    return IngestReport(
        source=f"{key.venue} {'trades' if from_trades else 'candles'}",
        key=key,
        candles=_stored(store, key, since_ms, end),
        rows=tally.rows,
        added=tally.added,
        replaced=tally.replaced,
        identical=tally.identical,
        conflicts=tally.conflicts,
        set_aside=tally.set_aside,
        findings=tally.findings,
        warnings=warnings + list(dict.fromkeys(tally.notes)),
    )


def missing_slots(store: Store, key: SeriesKey, since_ms: int, end_ms: int, now: int) -> Int64:
    """Opens of the bars in [since, end) that are neither stored as observed nor known to be empty,
    ascending.
    """
    step = clock.timeframe_ms(key.timeframe)
    wanted = np.arange(-(-since_ms // step) * step, end_ms, step, dtype=np.int64)
    stored = _stored(store, key, since_ms, end_ms)
    wanted = wanted[~np.isin(wanted, stored.ts[~stored.synthetic], assume_unique=True)]
    return wanted[asked.outside(wanted, asked.known_empty(store, key, now))]


def _stored(store: Store, key: SeriesKey, since_ms: int, end_ms: int) -> Candles:
    try:
        return store.lake.read_candles(key, since_ms, end_ms)
    except DataError:
        empty = np.zeros(0)
        return Candles(key, np.zeros(0, dtype=np.int64), empty, empty, empty, empty, empty)


def _check_timeframe(exchange: ccxt.Exchange, key: SeriesKey, from_trades: bool) -> None:
    clock.timeframe_ms(key.timeframe)
    if from_trades:
        return
    if not exchange.has.get("fetchOHLCV"):
        raise UsageError(f"{key.venue} serves no candles", "build them from trades with --from-trades")
    known = exchange.timeframes or {}
    if known and key.timeframe not in known:
        fitting = [name for name in known if _divides(name, key.timeframe)]
        hint = (
            f"take {fitting[-1]}; it is resampled to {key.timeframe} on reading"
            if fitting
            else "see the list"
        )
        raise UsageError(f"{key.venue} has no {key.timeframe} candles, only {', '.join(known)}", hint)


def _divides(name: str, timeframe: str) -> bool:
    try:
        return clock.timeframe_ms(timeframe) % clock.timeframe_ms(name) == 0
    except UsageError:
        return False


def _within_kraken_reach(missing: Int64, step: int, now: int, key: SeriesKey) -> tuple[Int64, list[str]]:
    reach = clock.floor_to(now, step) - (KRAKEN_BARS - 1) * step
    beyond = int((missing < reach).sum())
    if not beyond:
        return missing, []
    file = f"{key.symbol.replace('/', '')}_{step // clock.MINUTE_MS}.csv"
    return missing[missing >= reach], [
        f"Kraken serves only the last {KRAKEN_BARS} bars: {beyond} bars of {key} before "
        f"{clock.format_time(reach)} are still missing. Build them from trades (--from-trades, slow), or "
        f"bring in Kraken's OHLCVT download: memesnipe ingest file {file}"
    ]


# --- storing ------------------------------------------------------------------------------------------------


def _store_as_it_comes(
    store: Store,
    key: SeriesKey,
    pages: Iterator[Page],
    tally: _Tally,
    now: int,
    advance: Callable[[float], None],
) -> None:
    """Store what the pages bring, at once after a failure or an interruption too, and journal the sum."""
    waiting: list[Page] = []
    stored_at = time.monotonic()
    try:
        for page in pages:
            waiting.append(page)
            tally.notes += [page.note] if page.note else []
            advance(page.slots)
            due = time.monotonic() - stored_at >= _STORE_EVERY_S
            if due or sum(len(each.bars) for each in waiting) >= _STORE_EVERY_BARS:
                _store(store, key, waiting, tally, now)
                waiting, stored_at = [], time.monotonic()
    finally:
        _store(store, key, waiting, tally, now)
        if tally.added or tally.replaced or tally.set_aside:
            record_ingest(
                store,
                key,
                source=f"venue {key.venue}",
                rows=tally.rows,
                added=tally.added + tally.replaced,
                set_aside=tally.set_aside,
                content_hash=tally.hashes[-1],
            )


def _store(store: Store, key: SeriesKey, pages: list[Page], tally: _Tally, now: int) -> None:
    raw = bars_of(pages)
    if len(raw):
        judged = quality.judge_rows(raw, key, max(now, clock.now_ms()))
        source = f"venue {key.venue}"
        written = store.lake.write_candles(judged.candles, source=source)
        if judged.set_aside:
            store.lake.set_aside(key, judged.set_aside, source=source)
        tally.rows += len(raw)
        tally.added += written.added
        tally.replaced += written.replaced
        tally.identical += written.identical
        tally.conflicts += written.conflicts
        tally.set_aside += len(judged.set_aside)
        tally.findings += judged.findings + quality.conflict_findings(key, written.conflicts)
        tally.hashes.append(candles_hash(judged.candles, after=tally.hashes[-1] if tally.hashes else ""))
    asked.remember_empty(store, key, [stretch for page in pages for stretch in page.empty], now)
