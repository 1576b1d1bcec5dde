"""What Kraken tells of orders and trades: open, closed, by id, trades, ledger; 50 rows a page, the newest first."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from .answers import Request
from .instruments import Instrument
from .kraken_orders import description
from .orders import Order, Refusal, Trade
from .venue import HostileVenue

PAGE = 50
MOST_IDS = 50
T = TypeVar("T")


def open_orders(venue: HostileVenue, request: Request) -> Any:
    """OpenOrders: everything at once, no pages."""
    orders = [each for each in venue.visible_orders() if each.is_open]
    return {"open": {each.id: _order(venue, each, request) for each in _chosen(orders, request)}}


def closed_orders(venue: HostileVenue, request: Request) -> Any:
    """ClosedOrders: by the time of closing, 50 from `ofs`."""
    orders = [each for each in venue.visible_orders() if not each.is_open]
    orders = [each for each in _chosen(orders, request) if _within(each.closed_us, request)]
    orders.sort(key=lambda each: each.closed_us, reverse=True)
    page = _page(venue, orders, request)
    return {"closed": {each.id: _order(venue, each, request) for each in page}, "count": len(orders)}


def query_orders(venue: HostileVenue, request: Request) -> Any:
    """QueryOrders by txid; one that is not there spoils the whole answer."""
    reference = request.text("userref")
    if reference and not reference.lstrip("-").isdigit():
        raise Refusal("bad_arguments", "userref")
    names = [each for each in request.text("txid").split(",") if each]
    if len(names) > MOST_IDS:
        raise Refusal("bad_arguments", "txid")
    visible = {each.id: each for each in venue.visible_orders()}
    if any(name not in visible for name in names):
        raise Refusal("unknown_order")
    return {name: _order(venue, visible[name], request) for name in names}


def trades_history(venue: HostileVenue, request: Request) -> Any:
    """TradesHistory: 50 from `ofs`; `count` is of all that matches."""
    trades = [each for each in venue.visible_trades() if _within(each.time_us, request)]
    trades.reverse()
    page = list(_page(venue, trades, request))
    if venue.history_shuffled:
        random.Random(venue.seed).shuffle(page)
    return {"trades": {each.id: _trade(venue, each) for each in page}, "count": len(trades)}


def query_trades(venue: HostileVenue, request: Request) -> Any:
    """QueryTrades by txid."""
    visible = {each.id: each for each in venue.visible_trades()}
    names = [each for each in request.text("txid").split(",") if each]
    if any(name not in visible for name in names):
        raise Refusal("bad_arguments", "txid")
    return {name: _trade(venue, visible[name]) for name in names}


def ledgers(venue: HostileVenue, request: Request) -> Any:
    """Ledgers: every movement, 50 from `ofs`."""
    wires = {each.code: each.wire for each in venue.assets}
    wanted = {each for each in request.text("asset", "all").split(",")}
    entries = [
        each
        for each in reversed(venue.ledger.entries)
        if _within(each.time_us, request)
        and ("all" in wanted or wires[each.asset] in wanted)
        and request.text("type", "all") in ("all", each.kind)
    ]
    page = _page(venue, entries, request)
    shown = {
        each.id: {
            "refid": each.reference,
            "time": each.time_us / 1e6,
            "type": each.kind,
            "aclass": "currency",
            "asset": wires[each.asset],
            "amount": f"{each.amount:.10f}",
            "fee": f"{each.fee:.10f}",
            "balance": f"{each.balance:.10f}",
        }
        for each in page
    }
    return {"ledger": shown, "count": len(entries)}


def _chosen(orders: Iterable[Order], request: Request) -> list[Order]:
    client_id, reference = request.text("cl_ord_id"), request.text("userref")
    return [
        each
        for each in orders
        if (not client_id or each.ticket.client_id == client_id)
        and (not reference or str(each.ticket.user_reference) == reference)
    ]


def _within(time_us: int, request: Request) -> bool:
    """`start` is exclusive, `end` inclusive, both in seconds."""
    start, end = request.number("start"), request.number("end")
    seconds = time_us / 1e6
    return (start is None or seconds > float(start)) and (end is None or seconds <= float(end))


def _page(venue: HostileVenue, rows: Sequence[T], request: Request) -> Sequence[T]:
    """50 rows from `ofs`. Where the history repeats itself, a page begins with the last row of the one before,
    as it happens when something new came in between."""
    offset = int(request.text("ofs", "0"))
    repeats = venue.history_repeats and offset < len(rows)
    first = max(0, offset - 1) if repeats else offset
    return rows[first : offset + PAGE]


def _order(venue: HostileVenue, order: Order, request: Request) -> dict[str, Any]:
    ticket = order.ticket
    pair = venue.instruments[ticket.symbol]
    places = pair.price_places
    # The average is rounded to the pair's decimals: times the volume it is not the cost.
    average = order.cost / order.filled if order.filled else order.filled
    first = order.trigger if order.trigger is not None else order.price
    second = order.price if order.trigger is not None else None
    shown: dict[str, Any] = {
        "refid": None,
        "userref": ticket.user_reference,
        "status": order.status,
        "opentm": order.opened_us / 1e6,
        "starttm": 0,
        "expiretm": ticket.expires_ms // 1000,
        "descr": {
            "pair": pair.short_id,
            "type": ticket.side,
            "ordertype": ticket.kind,
            "price": _price(pair, first),
            "price2": _price(pair, second),
            "leverage": "none",
            "order": description(venue, ticket, order.volume, order),
            "close": "",
        },
        "vol": f"{order.volume:.8f}",
        "vol_exec": f"{order.filled:.8f}",
        "cost": f"{order.cost:.5f}",
        "fee": f"{order.fee:.5f}",
        "price": f"{average:.{places}f}",
        "stopprice": _price(pair, order.trigger if order.triggered else None),
        "limitprice": _price(pair, order.price if order.triggered else None),
        "misc": "",
        "oflags": ticket.flags or ("fciq" if ticket.fee_in == "quote" else "fcib"),
    }
    if ticket.client_id:
        shown["cl_ord_id"] = ticket.client_id
    if not order.is_open:
        shown |= {"reason": order.reason or None, "closetm": order.closed_us / 1e6}
    if request.text("trades").lower() in ("true", "1"):
        visible = {each.id for each in venue.visible_trades()}
        shown["trades"] = [name for name in order.trades if name in visible]
    return shown


def _price(pair: Instrument, value: Any) -> str:
    return "0" if value is None else f"{value:.{pair.price_places}f}"


def _trade(venue: HostileVenue, trade: Trade) -> dict[str, Any]:
    """`fee` counts in the quote even where the balance paid it in coins; only the ledger shows that."""
    order = venue.ledger.orders[trade.order_id]
    pair = venue.instruments[order.ticket.symbol]
    return {
        "ordertxid": order.id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": pair.wire_id,
        "time": trade.time_us / 1e6,
        "type": order.ticket.side,
        "ordertype": order.ticket.kind,
        "price": f"{trade.price:.{pair.price_places}f}",
        "cost": f"{trade.cost:.5f}",
        "fee": f"{trade.fee:.5f}",
        "vol": f"{trade.quantity:.8f}",
        "margin": "0.00000",
        "misc": "",
        "trade_id": trade.number,
        "maker": trade.maker,
        "ledgers": list(trade.entries),
    }
