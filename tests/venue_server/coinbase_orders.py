"""What Coinbase does to orders: create, edit, batch_cancel, preview. The same client id gives the same order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, cast

from .answers import Request, from_iso, plain
from .coinbase_public import instrument_of
from .instruments import Instrument
from .orders import Order, Refusal, Side, Ticket
from .venue import HostileVenue

# Our refusal -> (error, preview_failure_reason, message).
WORDS = {
    "insufficient_funds": (
        "INSUFFICIENT_FUND",
        "PREVIEW_INSUFFICIENT_FUND",
        "Insufficient balance in source account",
    ),
    "below_minimum": ("UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL", ""),
    "below_minimum_cost": ("UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL", ""),
    "price_precision": ("INVALID_PRICE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION", ""),
    "volume_precision": ("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION", ""),
    "unknown_pair": ("INVALID_PRODUCT_ID", "UNKNOWN_PREVIEW_FAILURE_REASON", ""),
    "post_only_crosses": ("INVALID_LIMIT_PRICE_POST_ONLY", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY", ""),
    "post_only_mode": ("ORDER_ENTRY_DISABLED", "PREVIEW_PRODUCT_IN_POST_ONLY_MODE", "post only"),
    "cancel_only": ("ORDER_ENTRY_DISABLED", "PREVIEW_PRODUCT_IN_CANCEL_ONLY_MODE", "cancel only"),
    "fill_or_kill": ("INVALID_NO_LIQUIDITY", "PREVIEW_INVALID_NO_LIQUIDITY", ""),
    "stop_above": ("UNKNOWN_FAILURE_REASON", "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE", ""),
    "stop_below": ("UNKNOWN_FAILURE_REASON", "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE", ""),
    "unsupported": ("UNSUPPORTED_ORDER_CONFIGURATION", "UNKNOWN_PREVIEW_FAILURE_REASON", ""),
}


def create(venue: HostileVenue, request: Request) -> Any:
    """POST orders. A refusal is a 200 with success false."""
    client_id = request.text("client_order_id")
    if not client_id:
        raise Refusal("bad_arguments", "client_order_id is required")
    known = venue.ledger.with_client_id(client_id)
    configuration = cast(dict[str, Any], request.fields.get("order_configuration") or {})
    try:
        order = known[0] if known else venue.place(_ticket(venue, request, configuration))
    except Refusal as refusal:
        if refusal.reason not in WORDS:
            raise
        return refused(refusal.reason, configuration)
    return {
        "success": True,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": order.id,
        "success_response": {
            "order_id": order.id,
            "product_id": request.text("product_id"),
            "side": request.text("side"),
            "client_order_id": client_id,
        },
        "order_configuration": configuration,
    }


def refused(reason: str, configuration: dict[str, Any]) -> Any:
    """An order that was not taken."""
    error, preview, message = WORDS[reason]
    return {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": "",
        "error_response": {
            "error": error,
            "message": message,
            "error_details": "",
            "preview_failure_reason": preview,
        },
        "order_configuration": configuration,
    }


def preview(venue: HostileVenue, request: Request) -> Any:
    """POST orders/preview: nothing happens."""
    configuration = cast(dict[str, Any], request.fields.get("order_configuration") or {})
    ticket = _ticket(venue, request, configuration)
    pair = venue.instruments[ticket.symbol]
    quote = venue.matcher.quotes[ticket.symbol]
    return {
        "order_total": plain(ticket.cost or Decimal(0)),
        "errs": [],
        "best_bid": plain(quote.bid),
        "best_ask": plain(quote.ask),
        "base_size": plain(ticket.volume or Decimal(0)),
        "commission_total": plain(pair.taker),
    }


def edit(venue: HostileVenue, request: Request) -> Any:
    """POST orders/edit: good-till-cancelled limit orders only; the answer names no order."""
    order = venue.ledger.orders.get(request.text("order_id"))
    if order is None or not order.is_open:
        return _edit_refused("ORDER_NOT_FOUND" if order is None else "ONLY_OPEN_ORDERS_CAN_BE_EDITED")
    if "limit_limit_gtc" not in order.ticket.configuration:
        return _edit_refused("ONLY_LIMIT_ORDER_EDITS_SUPPORTED")
    try:
        venue.matcher.amend(order, request.number("size"), request.number("price"), None)
    except Refusal as refusal:
        return _edit_refused("INVALID_EDITED_SIZE", refusal.reason)
    return {"success": True, "errors": []}


def _edit_refused(why: str, detail: str = "") -> Any:
    return {"success": False, "errors": [{"edit_failure_reason": why, "preview_failure_reason": detail}]}


def batch_cancel(venue: HostileVenue, request: Request) -> Any:
    """POST orders/batch_cancel: one result per id."""
    results = []
    for name in cast(list[str], request.fields.get("order_ids") or []):
        order = venue.ledger.orders.get(name)
        reason = "UNKNOWN_CANCEL_FAILURE_REASON"
        if order is None:
            reason = "UNKNOWN_CANCEL_ORDER"
        elif order.pending_cancel:
            reason = "DUPLICATE_CANCEL_REQUEST"
        else:
            try:
                venue.cancel(order)
            except Refusal:
                reason = "UNKNOWN_CANCEL_ORDER"
        done = reason == "UNKNOWN_CANCEL_FAILURE_REASON"
        results.append({"success": done, "failure_reason": reason, "order_id": name})
    return {"results": results}


def _ticket(venue: HostileVenue, request: Request, configuration: dict[str, Any]) -> Ticket:
    pair = instrument_of(venue, request.text("product_id"))
    side = request.text("side").lower()
    if side not in ("buy", "sell") or len(configuration) != 1:
        raise Refusal("bad_arguments", "order_configuration")
    name, fields = next(iter(configuration.items()))
    size, price = _number(fields, "base_size"), _number(fields, "limit_price")
    volume = None if size is None else size * pair.unit
    cost, trigger = _number(fields, "quote_size"), _number(fields, "stop_price")
    kind = "limit"
    time_in_force: Literal["GTC", "GTD", "IOC", "FOK"] = "GTC"
    expires_ms = 0
    match name:
        case "market_market_ioc":
            kind, time_in_force = "market", "IOC"
            if cost is not None and (side == "sell" or cost % pair.tick):
                raise Refusal("volume_precision", "quote_size")
        case "sor_limit_ioc":
            time_in_force = "IOC"
        case "limit_limit_fok":
            time_in_force = "FOK"
        case "limit_limit_gtc":
            pass
        case "limit_limit_gtd" | "stop_limit_stop_limit_gtd":
            time_in_force = "GTD"
            expires_ms = from_iso(str(fields.get("end_time")))
            if expires_ms <= venue.now_ms():
                raise Refusal("bad_arguments", "end_time")
        case "stop_limit_stop_limit_gtc":
            pass
        case _:
            raise Refusal("unsupported", name)
    if name.startswith("stop_limit"):
        kind = _stop_kind(venue, pair, side, trigger, str(fields.get("stop_direction")))
    if kind != "market" and (price is None or volume is None):
        raise Refusal("bad_arguments", "limit_price")
    return Ticket(
        pair.symbol,
        cast(Side, side),
        kind,
        volume,
        price=price,
        trigger=trigger,
        cost=cost,
        time_in_force=time_in_force,
        post_only=bool(fields.get("post_only")),
        expires_ms=expires_ms,
        client_id=request.text("client_order_id"),
        configuration=configuration,
    )


def _stop_kind(
    venue: HostileVenue, pair: Instrument, side: str, trigger: Decimal | None, direction: str
) -> str:
    """The direction alone says when it is set off; a stop that would be at once is refused."""
    if trigger is None or direction not in ("STOP_DIRECTION_STOP_UP", "STOP_DIRECTION_STOP_DOWN"):
        raise Refusal("bad_arguments", "stop_direction")
    falls = direction.endswith("DOWN")
    last = venue.matcher.quotes[pair.symbol].last
    if falls and trigger >= last:
        raise Refusal("stop_above")
    if not falls and trigger <= last:
        raise Refusal("stop_below")
    return "stop-loss-limit" if falls == (side == "sell") else "take-profit-limit"


def _number(fields: dict[str, Any], name: str) -> Decimal | None:
    value = fields.get(name)
    return None if value in (None, "") else Decimal(str(value))


def size_in_quote(order: Order) -> bool:
    """Whether an order was given in the quote; its fills are counted in it, too."""
    return order.ticket.cost is not None
