"""Asks a venue for candles, a page at a time, and tells an answer without bars from a broken one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.market import asked
from memesnipe_cli.market.calling import Caller, venue_time_ms
from memesnipe_cli.market.pages import Page
from memesnipe_cli.market.rows import NO_TIME, RawBars
from memesnipe_cli.store.tables import Int64, SeriesKey

if TYPE_CHECKING:
    import ccxt

# An absent bar younger than this may only be late; it is asked for again.
SETTLED_MS = clock.HOUR_MS
_USUAL_LIMIT = 300
# Venues that answer with exactly the window asked for: what is absent from the answer is known to be empty.
_EXACT_WINDOW = ("coinbase",)


def fetch_candle_pages(
    exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, missing: Int64
) -> Iterator[Page]:
    """Ask for the missing slots (ascending opens), as many at once as the venue gives.

    Raises NetworkError.
    """
    step = clock.timeframe_ms(key.timeframe)
    limit = _page_limit(exchange)
    place = 0
    while place < len(missing):
        start = int(missing[place])
        after = int(np.searchsorted(missing, start + limit * step))
        last = int(missing[after - 1])
        rows = _ask(exchange, caller, key, start, last, limit)
        first = min((int(row[0]) for row in rows if row[0] is not None), default=0)
        if first > last and exchange.id not in (*_EXACT_WINDOW, "kraken"):
            # Listed later, out of the venue's reach, or nothing was traded: its bars go on after it.
            after = int(np.searchsorted(missing, first))
            stretch = f"from {clock.format_time(start)} to {clock.format_time(first)}"
            nothing = _raw_bars([], start, start, step, 0)
            empty = _empty_in(exchange, nothing, missing[place:after], step)
            yield Page(
                nothing,
                empty,
                after - place,
                f"{key.venue} has no bars of {key.symbol} {key.timeframe} {stretch}",
            )
            place = after
            continue
        bars = _raw_bars(rows, start, last + step, step, _true_now(exchange))
        after = int(np.searchsorted(missing, _reached(exchange, bars, last, step)))
        # A window over two holes also brings what is stored between them.
        wanted = bars.take((bars.ts == NO_TIME) | np.isin(bars.ts, missing))
        yield Page(wanted, _empty_in(exchange, bars, missing[place:after], step), after - place)
        place = after


def _page_limit(exchange: ccxt.Exchange) -> int:
    features: Any = exchange.features or {}
    found = ((features.get("spot") or {}).get("fetchOHLCV") or {}).get("limit")
    return int(found) if found else _USUAL_LIMIT


def _ask(
    exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, start: int, last: int, limit: int
) -> list[Any]:
    # Without `until` Coinbase would answer past the last slot.
    params = {"until": last} if exchange.id in _EXACT_WINDOW else {}
    return caller(
        lambda: exchange.fetch_ohlcv(key.symbol, key.timeframe, start, limit, params),
        what=f"{key} from {clock.format_time(start)}",
        check=lambda rows: wrong_with_candles(exchange, rows),
    )


def wrong_with_candles(exchange: ccxt.Exchange, rows: Any) -> str | None:
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
    if any(not isinstance(value, int | float | None) for row in rows for value in row[:6]):
        return "a candle of the answer holds what is no number"
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
