"""The account's balances and positions as a witness: an order that no list shows may still hold coins or cash, or have
moved them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.facts import Balance, VenuePosition
from memesnipe_cli.venues.holdings import is_perpetual
from memesnipe_cli.venues.order_book import Order

_ZERO = Decimal(0)
# Venues hold a little more cash than price times quantity, for the fee.
_FEE_ROOM = Decimal("1.02")


def speaks_for(desk: Desk, order: Order) -> str:
    """Why the balances do not agree with an order's absence; "" where they do."""
    try:
        shown = desk.venue.open_orders()
        balances = desk.venue.balances()
        positions = desk.venue.positions() if is_perpetual(order.intent.symbol) else ()
    except MemesnipeError as error:
        return error.message
    intent = order.intent
    perpetual = is_perpetual(intent.symbol)
    moved = _position_moved(desk, order, positions) if perpetual else _coins_moved(desk, order, balances)
    if moved:
        return moved
    locks = intent.base if intent.side == "sell" and not perpetual else intent.quote
    there = balances.get(locks)
    if there is None or not there.held:
        return ""
    explained = _ZERO
    for each in shown:
        base_of, _, quote_of = each.symbol.partition(":")[0].partition("/")
        left = (each.qty or _ZERO) - each.filled
        # Of a perpetual either side may hold cash, for its margin: never more than it is worth.
        holds_cash = each.side == "buy" or is_perpetual(each.symbol)
        if holds_cash and quote_of == locks:
            explained += left * (each.price or each.stop or _ZERO) * _FEE_ROOM
        elif not holds_cash and base_of == locks:
            explained += left
    if there.held > explained:
        return f"{there.held} {locks} is held, and open orders explain {explained}"
    return ""


def _coins_moved(desk: Desk, order: Order, balances: Mapping[str, Balance]) -> str:
    intent = order.intent
    base = balances.get(intent.base)
    expected = desk.book.expected.get(intent.venue, {}).get(intent.base)
    if base is not None and expected is not None and base.total != expected:
        return f"there is {base.total} {intent.base}, and {expected} is explained"
    return ""


def _position_moved(desk: Desk, order: Order, positions: Sequence[VenuePosition]) -> str:
    symbol = order.intent.symbol
    ours = desk.book.position(symbol)
    there = sum((each.qty for each in positions if each.symbol == symbol), _ZERO)
    return "" if there == ours else f"the position in {symbol} is {there}, and {ours} is explained"
