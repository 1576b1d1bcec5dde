"""Books fills from the venue's own trades, and keeps the risk gate at what the book says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from memesnipe_cli.clock import MINUTE_MS
from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_book import OpenAmendment, Order
from memesnipe_cli.venues.order_state import ENDED, OrderState

# Trades may come into the history late and out of order: this much of it is read again.
OVERLAP_MS = 10 * MINUTE_MS


@dataclass(slots=True)
class Booked:
    """fills: booked now, by client order id; impossible: what could not be, which halts an account."""

    fills: list[tuple[str, VenueFill]] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)


def book_fills(
    desk: Desk, claims: Mapping[str, str] | None = None, *, fills: Sequence[VenueFill] | None = None
) -> Booked:
    """Books what the venue traded for our orders since the oldest that may still fill. claims: venue ids of orders of
    ours, with their client ids, that the book does not know by them; fills: the venue's trades, where they have been
    read already. Raises NetworkError where there is no history."""
    done = Booked()
    names = {**desk.book.by_venue_id, **(claims or {})}
    for fill in desk.venue.fills(_since(desk)) if fills is None else fills:
        order_id = names.get(fill.venue_order_id)
        if order_id is None or fill.trade_id in desk.book.trades:
            continue
        order = desk.book.of(order_id)
        if fill.symbol != order.intent.symbol or fill.side != order.intent.side:
            done.impossible.append(
                f"the trade {fill.trade_id} of {order_id} is a {fill.side} of {fill.symbol}, not "
                f"a {order.intent.side} of {order.intent.symbol}"
            )
            continue
        pending = order.amendment
        try:
            desk.book_fill(order, fill)
        except DataError as error:
            done.impossible.append(error.message)
            continue
        _tell_gate(desk, order, fill, pending)
        done.fills.append((order_id, fill))
    return done


def end(desk: Desk, order: Order, state: OrderState, reason: str) -> None:
    """Record that an order can fill no more, and let the gate go of it."""
    pending = order.amendment
    desk.move(order, state, reason=reason)
    _forget(desk, order, pending)


def hold(desk: Desk, strategy: str, symbol: str) -> None:
    """Set the gate to what the book holds."""
    held = desk.book.holdings.get((strategy, symbol))
    if held is None:
        return
    exposure = desk.gate.exposure
    known = exposure.positions.get((strategy, symbol))
    if known is None and not held.lots:
        return
    mark = held.lots[-1][1] if known is None else known.mark
    exposure.hold(strategy, symbol, held.base, held.cluster, held.position, held.qty, mark, held.trade_used)


def _since(desk: Desk) -> int:
    waiting = [each.sent_ms for each in desk.book.live()]
    newest = desk.book.last_fill_ms or desk.venue_now()
    return max(0, min([newest, *waiting]) - OVERLAP_MS)


def _forget(desk: Desk, order: Order, pending: OpenAmendment | None) -> None:
    """The order, and terms that it was being given, can fill no more: nothing is kept for them."""
    desk.gate.ended(order.risk_id)
    if pending is not None:
        desk.gate.ended(pending.terms.id)
    desk.approvals.pop(order.intent.id, None)
    desk.first_absent.pop(order.intent.id, None)


def _tell_gate(desk: Desk, order: Order, fill: VenueFill, pending: OpenAmendment | None) -> None:
    try:
        desk.gate.filled(order.risk_id, fill.qty, fill.price, desk.now())
    except DataError:
        # The gate had let go of the order, or counted otherwise: the book is the truth.
        hold(desk, order.intent.strategy, order.intent.symbol)
    if fill.fee_currency == order.intent.base:
        hold(desk, order.intent.strategy, order.intent.symbol)
    if order.state in ENDED:
        _forget(desk, order, pending)
    held = desk.book.held(order.intent.strategy, order.intent.symbol)
    if held <= 0 and order.intent.action is not Action.ENTRY:
        hold(desk, order.intent.strategy, order.intent.symbol)
