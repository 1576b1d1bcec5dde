"""Coinbase's market data, and what ccxt asks before anything else: currencies, rates, products."""

from __future__ import annotations

from typing import Any

from .answers import Request, from_iso, iso, plain
from .instruments import PERPETUAL, Instrument
from .matching import LEVELS
from .orders import Refusal
from .venue import HostileVenue

MOST_BARS = 350
GRANULARITIES = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "SIX_HOUR": 21_600,
    "ONE_DAY": 86_400,
}


def instrument_of(venue: HostileVenue, name: str) -> Instrument:
    """By product id."""
    for each in venue.instruments.values():
        if each.wire_id == name:
            return each
    raise Refusal("unknown_pair", name)


def answer_public(venue: HostileVenue, path: str, request: Request) -> Any:
    """`path`: without the version. None for a path that is not there."""
    if path == "currencies":
        return {"data": [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]}
    if path == "currencies/crypto":
        coins = [each for each in venue.assets if each.code != "USD"]
        return {"data": [{"asset_id": each.code, "code": each.code, "name": each.code} for each in coins]}
    if path == "exchange-rates":
        return {"data": {"currency": "USD", "rates": {each.code: "1" for each in venue.assets}}}
    now_us = venue.now_us()
    if path == "time":
        return {"data": {"iso": iso(now_us), "epoch": now_us // 1_000_000}}
    if path == "brokerage/time":
        return {
            "iso": iso(now_us),
            "epochSeconds": str(now_us // 1_000_000),
            "epochMillis": str(now_us // 1000),
        }
    path = path.removeprefix("brokerage/").removeprefix("market/")
    if path == "products":
        if request.text("product_type") == "FUTURE":
            return {"products": [_perpetual(venue)], "num_products": 1}
        products = [_product(venue, each) for each in venue.instruments.values() if each.contract is None]
        return {"products": products, "num_products": len(products)}
    if path == "product_book":
        return _book(venue, request)
    if path == "best_bid_ask":
        books = [_sides(venue, each, 1) for each in venue.instruments.values()]
        return {"pricebooks": books}
    if not path.startswith("products/"):
        return None
    name, _, what = path.removeprefix("products/").partition("/")
    pair = instrument_of(venue, name)
    if what == "":
        return _product(venue, pair) if pair.contract is None else _perpetual(venue)
    if what == "ticker":
        return _ticker(venue, pair)
    return _candles(venue, pair, request) if what == "candles" else None


def _sides(venue: HostileVenue, pair: Instrument, count: int) -> dict[str, Any]:
    at_us, quote = venue.shown(pair.symbol)
    sides = {
        side: [{"price": plain(p), "size": plain(size)} for _, p, size in quote.levels(side, pair.tick)][
            :count
        ]
        for side in ("bid", "ask")
    }
    return {"product_id": pair.wire_id, "bids": sides["bid"], "asks": sides["ask"], "time": iso(at_us)}


def _book(venue: HostileVenue, request: Request) -> Any:
    pair = instrument_of(venue, request.text("product_id"))
    _, quote = venue.shown(pair.symbol)
    middle = (quote.bid + quote.ask) / 2
    return {
        "pricebook": _sides(venue, pair, int(request.text("limit", str(LEVELS)))),
        "last": plain(quote.last),
        "mid_market": plain(middle),
        "spread_bps": plain((quote.ask - quote.bid) / middle * 10_000),
        "spread_absolute": plain(quote.ask - quote.bid),
    }


def _ticker(venue: HostileVenue, pair: Instrument) -> Any:
    _, quote = venue.shown(pair.symbol)
    printed = venue.market.trades.get(pair.symbol, [])
    if printed:
        rows = [
            {
                "trade_id": str(each.number),
                "product_id": pair.wire_id,
                "price": plain(each.price),
                "size": plain(each.quantity),
                "time": iso(each.at_us),
                "side": each.side.upper(),
                "bid": "",
                "ask": "",
                "exchange": "coinbase",
            }
            for each in reversed(printed[-100:])
        ]
        return {"trades": rows, "best_bid": plain(quote.bid), "best_ask": plain(quote.ask)}
    trade = {
        "trade_id": str(quote.at_us),
        "product_id": pair.wire_id,
        "price": plain(quote.last),
        "size": "1",
        "time": iso(quote.at_us),
        "side": "SELL",
        "bid": "",
        "ask": "",
        "exchange": "coinbase",
    }
    trades = [trade, trade] if venue.history_repeats else [trade]
    return {"trades": trades, "best_bid": plain(quote.bid), "best_ask": plain(quote.ask)}


def _candles(venue: HostileVenue, pair: Instrument, request: Request) -> Any:
    """At most 350 a call, the newest first; the running bar is among them."""
    step = GRANULARITIES.get(request.text("granularity"))
    if step is None:
        raise Refusal("bad_arguments", "granularity")
    first, last = _moment(request.text("start")), _moment(request.text("end"))
    if (last - first) // step + 1 > MOST_BARS:
        raise Refusal("bad_arguments", "number of candles requested should be less than 350")
    at_us, quote = venue.shown(pair.symbol)
    if venue.market.trades.get(pair.symbol):
        bars = venue.market.bars(pair.symbol, step, at_us)
        names = ("low", "high", "open", "close", "volume")
        rows = [
            {"start": str(start), **{name: plain(getattr(bar, name)) for name in names}}
            for start, bar in sorted(bars.items(), reverse=True)
            if first <= start <= last
        ]
        return {"candles": rows}
    price = plain(quote.last)
    starts = range(-(-first // step) * step, min(last, at_us // 1_000_000) + 1, step)
    shown = {"low": price, "high": price, "open": price, "close": price, "volume": "1"}
    return {"candles": [{"start": str(start), **shown} for start in reversed(starts)]}


def _moment(text: str) -> int:
    return int(text) if text.isdigit() else from_iso(text) // 1000


def _product(venue: HostileVenue, pair: Instrument) -> dict[str, Any]:
    _, quote = venue.shown(pair.symbol)
    return {
        "product_id": pair.wire_id,
        "price": plain(quote.last),
        "base_increment": plain(pair.lot),
        "quote_increment": plain(pair.tick),
        "quote_min_size": plain(pair.least_cost),
        "quote_max_size": "10000000",
        "base_min_size": plain(pair.least_quantity),
        "base_max_size": "100000000",
        "base_name": pair.base,
        "quote_name": "US Dollar",
        "is_disabled": False,
        "status": "online",
        "cancel_only": venue.mode == "cancel_only",
        "limit_only": False,
        "post_only": venue.mode == "post_only",
        "trading_disabled": venue.mode == "maintenance",
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": pair.quote,
        "base_currency_id": pair.base,
        "mid_market_price": "",
        "volume_24h": "1000000",
        "approximate_quote_24h_volume": plain(quote.last * 1_000_000),
        "alias": "",
        "alias_to": [],
        "view_only": False,
        "price_increment": plain(pair.tick),
        "display_name": pair.wire_id,
        "product_venue": "CBE",
    }


def _perpetual(venue: HostileVenue) -> dict[str, Any]:
    """A U.S. perpetual: listed as expiring, with hourly funding."""
    _, quote = venue.shown(PERPETUAL.symbol)
    price = plain(quote.last)
    return {
        "product_id": "BIP-20DEC30-CDE",
        "price": price,
        "base_increment": "1",
        "quote_increment": "0.01",
        "quote_min_size": "0",
        "quote_max_size": "100000000",
        "base_min_size": "1",
        "base_max_size": "100000000",
        "product_type": "FUTURE",
        "quote_currency_id": "USD",
        "base_currency_id": "",
        "price_increment": "5",
        "display_name": "BTC PERP",
        "product_venue": "FCM",
        "status": "",
        "is_disabled": False,
        "view_only": False,
        "cancel_only": venue.mode == "cancel_only",
        "post_only": venue.mode == "post_only",
        "trading_disabled": venue.mode == "maintenance",
        "alias_to": [],
        "future_product_details": {
            "venue": "cde",
            "contract_code": "BIP",
            "contract_expiry": "2030-12-20T16:00:00Z",
            "contract_size": "0.01",
            "contract_root_unit": "BTC",
            "contract_expiry_type": "EXPIRING",
            "funding_interval": "3600s",
            "funding_rate": "0.000012",
            "funding_time": "2026-01-01T00:00:00Z",
        },
    }
