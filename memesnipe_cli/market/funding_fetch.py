"""`ingest funding` from a venue: its history of funding rates, page by page, only what is missing at the
end.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market.calling import Caller
from memesnipe_cli.market.funding_ingest import FundingReport, store_funding

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.store.store import Store

_PAGE = 500


def fetch_funding(
    store: Store,
    exchange: ccxt.Exchange,
    caller: Caller,
    symbol: str,
    since_ms: int,
    until_ms: int | None = None,
) -> FundingReport:
    """Bring in funding rates since `since_ms`; what is stored already is not asked for again, unless older
    ones are wanted. Raises UsageError where the venue publishes none, DataError where there are none,
    NetworkError."""
    if not exchange.has.get("fetchFundingRateHistory"):
        hint = "other venues do, e.g. krakenfutures, hyperliquid; or bring in files"
        if exchange.id == "coinbase":
            hint = "Coinbase publishes no funding history; take another venue's, or bring in files"
        raise UsageError(f"{exchange.id} serves no history of funding rates", hint)
    end = min(until_ms or clock.now_ms(), clock.now_ms())
    cursor = _resume_at(store, exchange.id, symbol, since_ms)
    found: list[tuple[int, float]] = []
    try:
        while cursor < end:
            page = _ask(exchange, caller, symbol, cursor)
            fresh = [(ts, rate) for ts, rate in page if cursor <= ts <= end]
            if not fresh:
                break
            found += fresh
            cursor = max(ts for ts, _ in fresh) + 1
    except BaseException:
        # What came before a failure or an interruption is kept; the next run goes on after it.
        if len(found) > 1:
            _store(store, exchange.id, symbol, found)
        raise
    if not found:
        return _nothing_new(store, exchange.id, symbol, since_ms)
    return _store(store, exchange.id, symbol, found)


def _resume_at(store: Store, venue: str, symbol: str, since_ms: int) -> int:
    """Where to begin: at the last stored settlements where the stored ones reach back far enough."""
    try:
        stored = store.lake.read_funding(venue, symbol)
    except DataError:
        return since_ms
    reaches_back = len(stored) > 1 and int(stored.ts[0]) - int(stored.interval_ms[0]) < since_ms
    # Two settlements overlap, so that the interval of the first new one can be measured.
    return max(since_ms, int(stored.ts[-2]) - 1) if reaches_back else since_ms


def _ask(exchange: ccxt.Exchange, caller: Caller, symbol: str, cursor: int) -> list[tuple[int, float]]:
    def wrong(rows: Any) -> str | None:
        raw = exchange.last_json_response
        if not isinstance(raw, list) and not (isinstance(raw, dict) and raw):
            return "the answer holds no funding rates"
        broken = any(None in (row.get("timestamp"), row.get("fundingRate")) for row in rows)
        return "a funding rate of the answer lacks time or rate" if broken else None

    rows: Any = caller(
        lambda: exchange.fetch_funding_rate_history(symbol, cursor, _PAGE),
        what=f"funding of {symbol}",
        check=wrong,
    )
    return [(int(row["timestamp"]), float(row["fundingRate"])) for row in rows]


def _store(store: Store, venue: str, symbol: str, found: list[tuple[int, float]]) -> FundingReport:
    ts = np.array([ts for ts, _ in found], dtype=np.int64)
    rate = np.array([rate for _, rate in found], dtype=np.float64)
    digest = hashlib.sha256(ts.tobytes() + rate.tobytes()).hexdigest()
    return store_funding(store, venue, symbol, ts, rate, source=f"venue {venue}", content_hash=digest)


def _nothing_new(store: Store, venue: str, symbol: str, since_ms: int) -> FundingReport:
    try:
        stored = store.lake.read_funding(venue, symbol, since_ms)
    except DataError:
        raise DataError(
            f"{venue} has no funding rates of {symbol} since {clock.format_time(since_ms)}",
            "check the symbol, or ask further back",
        ) from None
    return FundingReport(f"venue {venue}", stored, 0, 0, 0, 0, 0)
