"""Bars built from a venue's trades, for venues whose candles do not reach back (Kraken's 720)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError
from memesnipe_cli.market import asked
from memesnipe_cli.market.calling import Caller
from memesnipe_cli.market.pages import Page
from memesnipe_cli.market.trade_bars import bars_from_trades
from memesnipe_cli.store.tables import Int64, SeriesKey

if TYPE_CHECKING:
    import ccxt

# Missing slots nearer than this are walked in one go: a page of trades covers many bars.
_NEAR_BARS = 500
_PAGE = 1000

Trade = tuple[int, float, float]


def fetch_trade_bars(
    exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, missing: Int64
) -> Iterator[Page]:
    """Walk the venue's trades over the missing slots and yield the bars that are whole.

    A bar is whole once a trade of a later bar, or the end of the stretch, has been seen. Raises UsageError
    where the venue serves no trades, NetworkError.
    """
    if not exchange.has.get("fetchTrades"):
        raise UsageError(f"{key.venue} serves no trades", "take its candles: leave --from-trades out")
    step = clock.timeframe_ms(key.timeframe)
    for start, after in _stretches(missing, step):
        yield from _walk(exchange, caller, key, start, after, missing)


def _stretches(missing: Int64, step: int) -> Iterator[tuple[int, int]]:
    if not len(missing):
        return
    breaks = np.flatnonzero(np.diff(missing) > _NEAR_BARS * step) + 1
    for part in np.split(missing, breaks):
        yield int(part[0]), int(part[-1]) + step


def _walk(
    exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, start: int, after: int, missing: Int64
) -> Iterator[Page]:
    step = clock.timeframe_ms(key.timeframe)
    cursor: int | str = start
    held: list[Trade] = []
    seen: set[Any] = set()
    done_to = start
    while done_to < after:
        found = _ask(exchange, caller, key, cursor)
        # The page after may begin with the last trades of the page before.
        fresh = [trade for trade in found if trade["id"] is None or trade["id"] not in seen]
        seen = {trade["id"] for trade in found}
        held += [(int(trade["timestamp"]), float(trade["price"]), float(trade["amount"])) for trade in fresh]
        reached = max((int(trade["timestamp"]) for trade in found), default=after)
        following = _next_cursor(exchange, found)
        # A trade beyond the slots proves them whole; the mere end of the answers is believed for a while.
        proof = asked.PROVEN if reached >= after and found else clock.now_ms()
        if not found or not fresh or following == cursor:
            reached = after
        elif reached < after:
            proof = asked.PROVEN
        whole_to = after if reached >= after else clock.floor_to(reached, step)
        if whole_to > done_to:
            ready = [trade for trade in held if done_to <= trade[0] < whole_to]
            held = [trade for trade in held if trade[0] >= whole_to]
            yield _page(key, ready, missing[(missing >= done_to) & (missing < whole_to)], proof)
            done_to = whole_to
        cursor = following


def _page(key: SeriesKey, trades: list[Trade], slots: Int64, proof: int) -> Page:
    columns = np.array(trades, dtype=np.float64).reshape(-1, 3)
    bars = bars_from_trades(columns[:, 0].astype(np.int64), columns[:, 1], columns[:, 2], key.timeframe)
    bars = bars.take(np.isin(bars.ts, slots))
    step = clock.timeframe_ms(key.timeframe)
    empty = asked.stretches_of(slots[~np.isin(slots, bars.ts)], step, proof)
    return Page(bars, empty, len(slots))


def _ask(exchange: ccxt.Exchange, caller: Caller, key: SeriesKey, cursor: int | str) -> list[Any]:
    def call() -> list[Any]:
        if exchange.id == "kraken":
            # Kraken pages by the nanoseconds it hands out; ccxt would cut them to seconds.
            since = cursor if isinstance(cursor, str) else str((cursor - 1) * 1_000_000)
            return list(exchange.fetch_trades(key.symbol, None, _PAGE, {"since": since}))
        return list(exchange.fetch_trades(key.symbol, int(cursor), _PAGE))

    return caller(call, what=f"trades of {key}", check=lambda trades: _wrong_with(exchange, trades))


def _wrong_with(exchange: ccxt.Exchange, trades: list[Any]) -> str | None:
    raw: Any = exchange.last_json_response
    if exchange.id == "kraken":
        result = raw.get("result") if isinstance(raw, dict) else None
        if not isinstance(result, dict) or not str(result.get("last", "")).isdigit():
            return "the answer holds no list of trades"
    elif not isinstance(raw, list) and not (isinstance(raw, dict) and raw):
        return "the answer holds no list of trades"
    for trade in trades:
        if None in (trade.get("timestamp"), trade.get("price"), trade.get("amount")):
            return "a trade of the answer lacks time, price or amount"
    return None


def _next_cursor(exchange: ccxt.Exchange, trades: list[Any]) -> int | str:
    if exchange.id == "kraken":
        raw: Any = exchange.last_json_response
        return str(raw["result"]["last"])
    return max((int(trade["timestamp"]) for trade in trades), default=0)
