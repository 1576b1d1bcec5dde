"""What Coinbase tells of orders and fills: by id, in lists with a cursor, the newest first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from .answers import Request, from_iso, iso, plain
from .coinbase_orders import size_in_quote
from .orders import Order, Refusal, Trade
from .venue import HostileVenue

TYPES = {"market": "MARKET", "limit": "LIMIT"}
TIMES = {
    "GTC": "GOOD_UNTIL_CANCELLED",
    "GTD": "GOOD_UNTIL_DATE_TIME",
    "IOC": "IMMEDIATE_OR_CANCEL",
    "FOK": "FILL_OR_KILL",
}
ENDED = {"closed": "FILLED", "canceled": "CANCELLED", "expired": "EXPIRED"}
T = TypeVar("T")


def order_by_id(venue: HostileVenue, name: str) -> Any:
    """GET orders/historical/{order_id}."""
    for order in venue.visible_orders():
        if order.id == name:
            return {"order": _order(venue, order)}
    raise Refusal("unknown_order", name)


def orders(venue: HostileVenue, request: Request) -> Any:
    """GET orders/historical/batch: by status, product and time; 100 a page unless asked otherwise."""
    wanted, product = request.text("order_status"), request.text("product_id")
    first, last = _moment(request, "start_date"), _moment(request, "end_date")
    found = [
        order
        for order in reversed(venue.visible_orders())
        if (not wanted or status(venue, order) == wanted)
        and (not product or venue.instruments[order.ticket.symbol].wire_id == product)
        and (first is None or order.opened_us // 1000 >= first)
        and (last is None or order.opened_us // 1000 < last)
    ]
    page, cursor = _page(found, request, 100)
    return {
        "orders": [_order(venue, each) for each in page],
        "sequence": "0",
        "has_next": bool(cursor),
        "cursor": cursor,
    }


def fills(venue: HostileVenue, request: Request) -> Any:
    """GET orders/historical/fills; they may come twice, or in no order, if the test wants it so."""
    wanted, product = request.text("order_id"), request.text("product_id")
    first, last = _moment(request, "start_sequence_timestamp"), _moment(request, "end_sequence_timestamp")
    found = []
    for trade in reversed(venue.visible_trades()):
        order = venue.ledger.orders[trade.order_id]
        moment = trade.time_us // 1000
        if wanted and order.id != wanted:
            continue
        if product and venue.instruments[order.ticket.symbol].wire_id != product:
            continue
        if (first is None or moment >= first) and (last is None or moment <= last):
            found.append(trade)
    page, cursor = _page(found, request, 100)
    shown = [_fill(venue, each) for each in page]
    if venue.history_repeats:
        shown += shown[: len(shown) // 2 + 1]
    if venue.history_shuffled:
        random.Random(venue.seed).shuffle(shown)
    return {"fills": shown, "cursor": cursor}


def status(venue: HostileVenue, order: Order) -> str:
    """Coinbase's word for where an order stands."""
    if not order.is_open:
        return ENDED[order.status]
    if order.pending_cancel:
        return "CANCEL_QUEUED"
    return "PENDING" if venue.now_us() < order.opened_us + venue.pending_ms * 1000 else "OPEN"


def _page(rows: Sequence[T], request: Request, usual: int) -> tuple[Sequence[T], str]:
    """A page and the cursor of the next one; empty: that was all."""
    limit = int(request.text("limit") or usual)
    start = int(request.text("cursor") or 0)
    return rows[start : start + limit], str(start + limit) if start + limit < len(rows) else ""


def _moment(request: Request, name: str) -> int | None:
    text = request.text(name)
    return from_iso(text) if text else None


def _order(venue: HostileVenue, order: Order) -> dict[str, Any]:
    ticket = order.ticket
    average = order.cost / order.filled if order.filled else Decimal(0)
    after_fees = order.cost + order.fee if ticket.side == "buy" else order.cost - order.fee
    unit = venue.instruments[ticket.symbol].unit
    configuration = {name: dict(fields) for name, fields in _configuration(order, unit).items()}
    if "limit_limit_gtc" in configuration:
        assert order.price is not None
        fields = configuration["limit_limit_gtc"]
        fields |= {"base_size": plain(order.volume / unit), "limit_price": plain(order.price)}
    last_us = max((trade.time_us for trade in venue.ledger.trades_of(order)), default=0)
    trigger_status = "INVALID_ORDER_TYPE"
    if ticket.kind.endswith("-limit"):
        trigger_status = "STOP_TRIGGERED" if order.triggered else "STOP_PENDING"
    return {
        "order_id": order.id,
        "product_id": venue.instruments[ticket.symbol].wire_id,
        "user_id": "loopback",
        "order_configuration": configuration,
        "side": ticket.side.upper(),
        "client_order_id": ticket.client_id,
        "status": status(venue, order),
        "time_in_force": TIMES[ticket.time_in_force],
        "created_time": iso(order.opened_us),
        "completion_percentage": plain((order.filled / order.volume * 100).quantize(Decimal("0.01"))),
        "filled_size": plain(order.filled / unit),
        "average_filled_price": plain(average),
        "fee": "",
        "number_of_fills": str(len(order.trades)),
        "filled_value": plain(order.cost),
        "pending_cancel": order.pending_cancel,
        "size_in_quote": size_in_quote(order),
        "total_fees": plain(order.fee),
        "size_inclusive_of_fees": size_in_quote(order),
        "total_value_after_fees": plain(after_fees),
        "trigger_status": trigger_status,
        "order_type": TYPES.get(ticket.kind, "STOP_LIMIT"),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": not order.is_open,
        "product_type": "SPOT" if unit == 1 else "FUTURE",
        "reject_message": "",
        "cancel_message": order.reason,
        "order_placement_source": "RETAIL_ADVANCED" if ticket.owner == "api" else "RETAIL_SIMPLE",
        "outstanding_hold_amount": plain(order.hold),
        "is_liquidation": False,
        "last_fill_time": iso(last_us) if last_us else None,
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": "loopback",
        "originating_order_id": "",
        "attached_order_id": "",
    }


def _configuration(order: Order, unit: Decimal) -> dict[str, dict[str, Any]]:
    """As it was sent; an order entered by hand gets the same shape."""
    if order.ticket.configuration:
        return order.ticket.configuration  # type: ignore[return-value]
    sizes = {"base_size": plain(order.volume / unit)}
    if order.price is None:
        return {"market_market_ioc": sizes}
    sizes["limit_price"] = plain(order.price)
    if order.trigger is None:
        return {"limit_limit_gtc": sizes}
    return {"stop_limit_stop_limit_gtc": {**sizes, "stop_price": plain(order.trigger)}}


def _fill(venue: HostileVenue, trade: Trade) -> dict[str, Any]:
    order = venue.ledger.orders[trade.order_id]
    in_quote = size_in_quote(order)
    counted = trade.quantity / venue.instruments[order.ticket.symbol].unit
    return {
        "entry_id": trade.id.replace("-", ""),
        "trade_id": trade.id,
        "order_id": order.id,
        "trade_time": iso(trade.time_us),
        "trade_type": "FILL",
        "price": plain(trade.price),
        "size": plain(trade.cost if in_quote else counted),
        "commission": plain(trade.fee),
        "product_id": venue.instruments[order.ticket.symbol].wire_id,
        "sequence_timestamp": iso(trade.time_us),
        "liquidity_indicator": "MAKER" if trade.maker else "TAKER",
        "size_in_quote": in_quote,
        "user_id": "loopback",
        "side": order.ticket.side.upper(),
        "retail_portfolio_id": "loopback",
    }
