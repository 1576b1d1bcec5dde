"""What Kraken does to orders: AddOrder, AmendOrder, CancelOrder, CancelAll, CancelAllOrdersAfter."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from .answers import Request, from_iso, iso
from .kraken_public import instrument_of
from .orders import STOPS, Order, Refusal, Ticket
from .venue import HostileVenue

FREE_TEXT = re.compile(r"[\x21-\x7e]{1,18}")
LONGEST_DEADLINE_MS = 60_000
MOST_DEAD_MAN_S = 86_400


def add_order(venue: HostileVenue, request: Request) -> Any:
    """AddOrder; with `validate` nothing happens and the answer has no txid."""
    ticket = _ticket(venue, request)
    if request.text("validate").lower() in ("true", "1"):
        return {"descr": {"order": description(venue, ticket, ticket.volume or Decimal(0))}}
    _check_deadline(venue, request)
    order = venue.place(ticket)
    return {"descr": {"order": description(venue, ticket, order.volume)}, "txid": [order.id]}


def amend_order(venue: HostileVenue, request: Request) -> Any:
    """AmendOrder: the order keeps its id; the answer names the amendment only."""
    order = find(venue, request)
    _check_deadline(venue, request)
    price, trigger = request.number("limit_price"), request.number("trigger_price")
    if trigger is not None and order.trigger is None:
        raise Refusal("bad_arguments", "trigger_price")
    if price is not None and order.price is None:
        raise Refusal("bad_arguments", "limit_price")
    venue.matcher.amend(order, request.number("order_qty"), price, trigger)
    return {"amend_id": venue.ledger.new_id("A")}


def cancel_order(venue: HostileVenue, request: Request) -> Any:
    """CancelOrder by txid, userref or cl_ord_id."""
    orders = [find(venue, request)]
    if request.text("txid").lstrip("-").isdigit():
        reference = int(request.text("txid"))
        orders = [each for each in venue.open_orders() if each.ticket.user_reference == reference]
    for order in orders:
        venue.cancel(order)
    return {"count": len(orders)}


def cancel_all(venue: HostileVenue, request: Request) -> Any:
    """CancelAll: the user's own orders, too."""
    orders = [each for each in venue.open_orders() if not each.pending_cancel]
    for order in orders:
        venue.cancel(order)
    return {"count": len(orders)}


def cancel_all_after(venue: HostileVenue, request: Request) -> Any:
    """CancelAllOrdersAfter: seconds; 0 switches it off, and says so only by its triggerTime."""
    text = request.text("timeout")
    if not text.isdigit() or int(text) > MOST_DEAD_MAN_S:
        raise Refusal("bad_arguments", "timeout")
    venue.set_dead_man(int(text))
    now = venue.now_us() // 1_000_000 * 1_000_000
    trigger = iso(now + int(text) * 1_000_000) if int(text) else "0"
    return {"currentTime": iso(now), "triggerTime": trigger}


def find(venue: HostileVenue, request: Request) -> Order:
    """The order that a request names, by txid, by cl_ord_id among the open ones, or by userref."""
    client_id, name = request.text("cl_ord_id"), request.text("txid")
    for order in venue.ledger.orders.values():
        if client_id and order.ticket.client_id == client_id and order.is_open:
            return order
        if not client_id and name and name in (order.id, str(order.ticket.user_reference)):
            return order
    raise Refusal("unknown_order", client_id or name)


def description(venue: HostileVenue, ticket: Ticket, volume: Decimal, order: Order | None = None) -> str:
    """`sell 20.00000000 XDGUSD @ stop loss 0.0900000 -> limit 0.0890000`"""
    pair = venue.instruments[ticket.symbol]
    price = order.price if order else ticket.price
    trigger = order.trigger if order else ticket.trigger
    words = f"{ticket.side} {volume:.8f} {pair.short_id} @ "
    if ticket.kind in ("market", "limit"):
        return words + (ticket.kind if price is None else f"limit {price:.{pair.price_places}f}")
    words += f"{ticket.kind.removesuffix('-limit').replace('-', ' ')} {trigger:.{pair.price_places}f}"
    return words if price is None else f"{words} -> limit {price:.{pair.price_places}f}"


def _ticket(venue: HostileVenue, request: Request) -> Ticket:
    pair = instrument_of(venue, request.text("pair"))
    side, kind = request.text("type"), request.text("ordertype")
    if side not in ("buy", "sell"):
        raise Refusal("bad_arguments", "type")
    if kind not in ("market", "limit", *STOPS):
        raise Refusal("bad_arguments", "ordertype")
    if any(name.startswith("close[") for name in request.fields):
        raise Refusal("bad_arguments", "close")
    flags = [each for each in request.text("oflags").split(",") if each]
    first, second = request.number("price"), request.number("price2")
    is_stop = kind in STOPS
    limit = second if is_stop else first
    if (kind.endswith("limit") and limit is None) or (is_stop and first is None):
        raise Refusal("bad_arguments", "price")
    volume = request.number("volume")
    in_quote = "viqc" in flags
    if in_quote and (kind != "market" or side != "buy"):
        raise Refusal("bad_arguments", "viqc")
    time_in_force: Literal["GTC", "GTD", "IOC", "FOK"] = "GTC"
    expires_ms = 0
    match request.text("timeinforce", "GTC"):
        case "IOC":
            time_in_force = "IOC"
        case "FOK":
            time_in_force = "FOK"
        case "GTD" | "GTC":
            expires_ms = _expiry(venue, request)
            time_in_force = "GTD" if expires_ms else "GTC"
        case _:
            raise Refusal("bad_arguments", "timeinforce")
    reference = request.text("userref")
    client_id = _client_id(venue, request.text("cl_ord_id"), reference)
    return Ticket(
        pair.symbol,
        "buy" if side == "buy" else "sell",
        kind,
        None if in_quote else volume,
        price=limit if kind.endswith("limit") else None,
        trigger=first if is_stop else None,
        cost=volume if in_quote else None,
        time_in_force=time_in_force,
        post_only="post" in flags,
        expires_ms=expires_ms,
        # Kraken's default: a buy pays in the quote, a sale in the coin that is sold.
        fee_in="base" if "fcib" in flags or (side == "sell" and "fciq" not in flags) else "quote",
        client_id=client_id,
        user_reference=int(reference) if reference.lstrip("-").isdigit() else None,
        flags=",".join(flags),
    )


def _client_id(venue: HostileVenue, client_id: str, reference: str) -> str:
    """A UUID or at most 18 characters, alone, and not one of an order that is open now."""
    if not client_id:
        return ""
    if reference and reference != "0":
        raise Refusal("bad_arguments", "cl_ord_id")
    if not FREE_TEXT.fullmatch(client_id) and not _is_uuid(client_id):
        raise Refusal("bad_arguments", "cl_ord_id")
    if any(order.ticket.client_id == client_id for order in venue.open_orders()):
        raise Refusal("duplicate_client_id", client_id)
    return client_id


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _expiry(venue: HostileVenue, request: Request) -> int:
    """`expiretm`: a time in seconds, or +seconds from now; 0: none."""
    text = request.text("expiretm", "0")
    if not text.lstrip("+").isdigit():
        raise Refusal("bad_arguments", "expiretm")
    if text.startswith("+"):
        return venue.now_ms() + int(text) * 1000
    if text != "0" and int(text) * 1000 <= venue.now_ms():
        raise Refusal("bad_arguments", "expiretm")
    return int(text) * 1000


def _check_deadline(venue: HostileVenue, request: Request) -> None:
    text = request.text("deadline")
    if not text:
        return
    deadline_ms = from_iso(text)
    if deadline_ms > venue.now_ms() + LONGEST_DEADLINE_MS:
        raise Refusal("bad_arguments", "deadline")
    if deadline_ms < venue.now_ms():
        raise Refusal("deadline")
