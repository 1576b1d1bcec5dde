"""Kraken's public answers: time, assets, pairs, ticker, book, trades, candles."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from .answers import Request
from .instruments import Instrument
from .market import PublicTrade
from .matching import LEVELS
from .orders import Refusal
from .venue import HostileVenue

BARS = 720


def instrument_of(venue: HostileVenue, name: str) -> Instrument:
    """By any of a pair's names."""
    for each in venue.instruments.values():
        if name in (each.wire_id, each.short_id, each.symbol):
            return each
    raise Refusal("unknown_pair", name)


def answer_public(venue: HostileVenue, request: Request) -> Any:
    """The `result` of a public question; None for a path that is not there."""
    name = request.path.rsplit("/", 1)[-1]
    if name == "Time":
        return {"unixtime": venue.now_ms() // 1000, "rfc1123": ""}
    if name == "SystemStatus":
        return {"status": venue.mode, "timestamp": ""}
    if name == "Assets":
        return {
            each.wire: {
                "aclass": "currency",
                "altname": each.short,
                "decimals": each.decimals,
                "display_decimals": 5,
                "status": "enabled",
            }
            for each in venue.assets
        }
    if name == "AssetPairs":
        return {each.wire_id: _pair(venue, each) for each in venue.instruments.values()}
    if name not in ("Ticker", "Depth", "Trades", "OHLC"):
        return None
    pair = instrument_of(venue, request.text("pair"))
    at_us, quote = venue.shown(pair.symbol)
    price = _price(pair)
    if name == "Ticker":
        bid, ask = [price(quote.bid), "1", "1.000"], [price(quote.ask), "1", "1.000"]
        day = {"v": ["0", "0"], "p": ["0", "0"], "t": [0, 0], "l": ["0", "0"], "h": ["0", "0"]}
        return {pair.wire_id: {"a": ask, "b": bid, "c": [price(quote.last), "1"], "o": "0", **day}}
    if name == "Depth":
        count = int(request.text("count", str(LEVELS)))
        sides = {
            side: [
                [price(p), f"{size:.3f}", at_us // 1_000_000] for _, p, size in quote.levels(side, pair.tick)
            ]
            for side in ("ask", "bid")
        }
        return {pair.wire_id: {"asks": sides["ask"][:count], "bids": sides["bid"][:count]}}
    if name == "Trades":
        # The last trade of the market, as the venue shows it; the time is exact, unlike the book's.
        printed = [each for each in venue.market.trades.get(pair.symbol, ()) if each.at_us <= at_us]
        if printed:
            return _printed(request, pair, printed)
        rows = [[price(quote.last), "1.00000000", quote.at_us / 1e6, "b", "l", "", 1]]
        if venue.history_repeats:
            rows += rows
        return {pair.wire_id: rows, "last": str(quote.at_us * 1000)}
    if venue.market.trades.get(pair.symbol):
        return _traded_candles(venue, request, pair, at_us)
    return _candles(request, pair, at_us, quote.last)


def _printed(request: Request, pair: Instrument, trades: list[PublicTrade]) -> Any:
    """At most 1000 trades after `since` (nanoseconds), the oldest first; without it the last ones."""
    since = int(request.text("since", "0"))
    found = [each for each in trades if each.at_us * 1000 > since][:1000] if since else trades[-1000:]
    price = _price(pair)
    rows = [
        [price(each.price), f"{each.quantity:.8f}", each.at_us / 1e6, each.side[0], "l", "", each.number]
        for each in found
    ]
    return {pair.wire_id: rows, "last": str(found[-1].at_us * 1000) if found else str(since)}


def _traded_candles(venue: HostileVenue, request: Request, pair: Instrument, at_us: int) -> Any:
    """Bars of the printed trades; none where nothing was traded. The newest one may be running."""
    step = int(request.text("interval", "1")) * 60
    since = int(request.text("since", "0"))
    running = at_us // 1_000_000 // step * step
    price = _price(pair)
    rows = [
        [
            start,
            *(price(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.close)),
            f"{bar.volume:.8f}",
            bar.trades,
        ]
        for start, bar in sorted(venue.market.bars(pair.symbol, step, at_us).items())
        if start > since and start > running - BARS * step
    ]
    return {pair.wire_id: rows, "last": running - step}


def _candles(request: Request, pair: Instrument, at_us: int, last: Decimal) -> Any:
    """At most the last 720 bars, whatever was asked; the newest one is not finished."""
    step = int(request.text("interval", "1")) * 60
    since = int(request.text("since", "0"))
    running = at_us // 1_000_000 // step * step
    price = _price(pair)(last)
    rows = [
        [start, price, price, price, price, price, "1.00000000", 1]
        for start in range(running - (BARS - 1) * step, running + 1, step)
        if start > since
    ]
    return {pair.wire_id: rows, "last": running - step}


def _price(pair: Instrument) -> Any:
    return lambda value: f"{value:.{pair.price_places}f}"


def _pair(venue: HostileVenue, pair: Instrument) -> dict[str, Any]:
    modes = {"cancel_only": "cancel_only", "post_only": "post_only", "maintenance": "cancel_only"}
    return {
        "altname": pair.short_id,
        "wsname": f"{pair.short_id.removesuffix('USD')}/USD",
        "aclass_base": "currency",
        "base": pair.base_asset,
        "aclass_quote": "currency",
        "quote": pair.quote_asset,
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": pair.price_places,
        # The pair allows eight; an asset may have fewer, and then its own count.
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, json.loads(f"{pair.taker * 100}")]],
        "fees_maker": [[0, json.loads(f"{pair.maker * 100}")]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": f"{pair.least_quantity}",
        "costmin": f"{pair.least_cost}",
        "tick_size": f"{pair.tick:.{pair.price_places}f}",
        "status": modes.get(venue.mode, "online"),
    }
