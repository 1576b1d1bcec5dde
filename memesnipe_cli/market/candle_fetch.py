"""`ingest candles`: asks a venue for the bars that are missing, and only for those.

What came in is stored every few seconds, so an interruption or a failure loses no more than that; the next
run goes on where this one stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market import asked, quality
from memesnipe_cli.market.calling import Caller, venue_time_ms
from memesnipe_cli.market.pages import Page, bars_of
from memesnipe_cli.market.quality import Finding
from memesnipe_cli.market.recording import candles_hash, record_ingest
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.market.rows import NO_TIME, RawBars
from memesnipe_cli.market.trade_fetch import fetch_trade_bars
from memesnipe_cli.store.tables import Candles, Int64, SeriesKey

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.store.store import Store

# A bar that has just ended may still get its last trades.
CLOSE_GRACE_MS = 2_000
# An absent bar younger than this may only be late; it is asked for again.
SETTLED_MS = clock.HOUR_MS
KRAKEN_BARS = 720
_STORE_EVERY_S = 2.0
_STORE_EVERY_BARS = 10_000
_USUAL_LIMIT = 300
# Venues that answer with exactly the window asked for, so that what is absent from the answer is known to
# be empty.
_EXACT_WINDOW = ("coinbase",)


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
            f"--until {clock.format_time(until_ms)} is not after --since {clock.format_time(since_ms)}", ""
        )
    missing = missing_slots(store, key, since_ms, end, now)
    warnings: list[str] = []
    if key.venue == "kraken" and not from_trades:
        missing, warnings = _within_kraken_reach(missing, step, now, key)
    advance(max(0, (end - since_ms) // step) - len(missing))
    makers = fetch_trade_bars if from_trades else _fetch_pages
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
        warnings=warnings,
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


# --- pages of candles ---------------------------------------------------------------------------------------


def _fetch_pages(exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, missing: Int64) -> Iterator[Page]:
    step = clock.timeframe_ms(key.timeframe)
    limit = _page_limit(exchange)
    place = 0
    while place < len(missing):
        start = int(missing[place])
        after = int(np.searchsorted(missing, start + limit * step))
        last = int(missing[after - 1])
        rows = _ask(exchange, caller, key, start, last, limit)
        bars = _raw_bars(rows, start, last + step, step, _true_now(exchange))
        reached = _reached(exchange, bars, last, step)
        after = int(np.searchsorted(missing, reached))
        yield Page(bars, _empty_in(exchange, bars, missing[place:after], step), after - place)
        place = after


def _page_limit(exchange: ccxt.Exchange) -> int:
    features: Any = exchange.features or {}
    found = ((features.get("spot") or {}).get("fetchOHLCV") or {}).get("limit")
    return int(found) if found else _USUAL_LIMIT


def _ask(
    exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, start: int, last: int, limit: int
) -> list[Any]:
    # `until` keeps the window to what is missing where the venue knows it; Coinbase would answer past the
    # last slot.
    params = {"until": last} if exchange.id in _EXACT_WINDOW else {}
    return caller(
        lambda: exchange.fetch_ohlcv(key.symbol, key.timeframe, start, limit, params),
        what=f"{key} from {clock.format_time(start)}",
        check=lambda rows: _wrong_with(exchange, rows),
    )


def _wrong_with(exchange: ccxt.Exchange, rows: Any) -> str | None:
    """What tells a broken answer from one without bars; ccxt itself makes [] of both."""
    raw: Any = exchange.last_json_response
    if exchange.id == "coinbase":
        sound = isinstance(raw, dict) and isinstance(raw.get("candles"), list)
    elif exchange.id == "kraken":
        result = raw.get("result") if isinstance(raw, dict) else None
        sound = isinstance(result, dict) and any(isinstance(value, list) for value in result.values())
    else:
        sound = isinstance(raw, list) or (isinstance(raw, dict) and bool(raw))
    if not sound or not isinstance(rows, list):
        return "the answer holds no list of candles"
    if any(not isinstance(row, list | tuple) or len(row) < 6 for row in rows):
        return "a candle of the answer lacks fields"
    return None


def _raw_bars(rows: list[Any], start: int, after: int, step: int, now: int) -> RawBars:
    """The answer's bars inside [start, after) that have ended at `now`; what is no number is NaN."""
    table = np.array(
        [[np.nan if value is None else value for value in row[:6]] for row in rows], dtype=np.float64
    )
    table = table.reshape(-1, 6)
    ts = np.where(np.isfinite(table[:, 0]), table[:, 0], 0.0).astype(np.int64)
    ts[~np.isfinite(table[:, 0])] = NO_TIME
    inside = (ts == NO_TIME) | ((ts >= start) & (ts < after) & (ts + step <= now))
    ts, table = ts[inside], table[inside]
    open_, high, low, close, volume = (table[:, place] for place in range(1, 6))
    return RawBars(ts, open_, high, low, close, volume, np.zeros(len(ts), dtype=np.bool_))


def _true_now(exchange: ccxt.Exchange) -> int:
    """Our clock or the venue's, whichever is behind: a fast clock here must not make a bar look finished."""
    theirs = venue_time_ms(exchange.last_response_headers)
    ours = clock.now_ms()
    return ours if theirs is None else min(ours, theirs)


def _reached(exchange: ccxt.Exchange, bars: RawBars, last: int, step: int) -> int:
    """Up to where the answer counts as an answer: a venue may give fewer bars than its page is said to
    hold.
    """
    got = bars.ts[bars.ts != NO_TIME]
    if exchange.id in _EXACT_WINDOW or exchange.id == "kraken" or not len(got):
        return last + step
    return int(got.max()) + step


def _empty_in(exchange: ccxt.Exchange, bars: RawBars, slots: Int64, step: int) -> list[asked.Stretch]:
    """The slots that the answer shows to be empty: between its bars, or anywhere in an exact window."""
    now = clock.now_ms()
    got = bars.ts[bars.ts != NO_TIME]
    settled = slots[(slots < now - SETTLED_MS) & ~np.isin(slots, got)]
    if not len(got):
        return asked.stretches_of(settled, step, now)
    if exchange.id not in _EXACT_WINDOW:
        settled = settled[(settled > got.min()) & (settled < got.max())]
    return asked.stretches_of(settled, step, asked.PROVEN)


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
