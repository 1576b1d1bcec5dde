"""The account's balances as a witness: an order that no list shows may still hold coins or cash, or have moved them."""

from __future__ import annotations

from decimal import Decimal

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.order_book import Order

_ZERO = Decimal(0)
# Venues hold a little more cash than price times quantity, for the fee.
_FEE_ROOM = Decimal("1.02")


def speaks_for(desk: Desk, order: Order) -> str:
    """Why the balances do not agree with an order's absence; "" where they do."""
    try:
        shown = desk.venue.open_orders()
        balances = desk.venue.balances()
    except MemesnipeError as error:
        return error.message
    intent = order.intent
    base = balances.get(intent.base)
    expected = desk.book.expected.get(intent.venue, {}).get(intent.base)
    if base is not None and expected is not None and base.total != expected:
        return f"there is {base.total} {intent.base}, and {expected} is explained"
    locks = intent.base if intent.side == "sell" else intent.quote
    there = balances.get(locks)
    if there is None or not there.held:
        return ""
    explained = _ZERO
    for each in shown:
        base_of, _, quote_of = each.symbol.partition("/")
        left = (each.qty or _ZERO) - each.filled
        if each.side == "sell" and base_of == locks:
            explained += left
        elif each.side == "buy" and quote_of == locks:
            explained += left * (each.price or each.stop or _ZERO) * _FEE_ROOM
    if there.held > explained:
        return f"{there.held} {locks} is held, and open orders explain {explained}"
    return ""
