"""Finds out what became of an order whose outcome is unknown, and what an accepted one has done since.

Each call is one step that asks the venue and does not wait: the loop comes back until nothing is unsettled.
"""

from __future__ import annotations

from memesnipe_cli.clock import MINUTE_MS
from memesnipe_cli.errors import UsageError
from memesnipe_cli.venues import outcome
from memesnipe_cli.venues.amending import amendment_known
from memesnipe_cli.venues.booking import Booked, book_fills, end
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.facts import Absent, Found, VenueOrder, VenueStatus
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.order_state import ENDED, UNSETTLED, OrderState
from memesnipe_cli.venues.traits import DeathProof
from memesnipe_cli.venues.witness import speaks_for

# An order is looked for from a little before its sending: the two clocks differ.
MARGIN_MS = MINUTE_MS


def settle(desk: Desk, order_id: str, *, wanted: bool = False) -> Booked:
    """One step towards knowing an order: asks the venue for it, books its fills, and records what that proves.

    wanted: the order would still be sent now (its signal is fresh and nothing has halted since). Only then may a venue
    that takes no deadline be asked by sending the same order again. Raises NetworkError where fills cannot be read.
    """
    order = desk.book.of(order_id)
    if order.state in ENDED or order.state is OrderState.INTENT:
        return Booked()
    found = look(desk, order)
    if isinstance(found, VenueOrder):
        return took(desk, order, found)
    if order.state not in UNSETTLED:
        # The venue took it once: that it does not show it now proves nothing.
        return Booked()
    if isinstance(found, Absent):
        return _absent(desk, order, found, wanted)
    if order.state is OrderState.SENT:
        desk.move(order, OrderState.UNKNOWN, reason=found.why)
    return Booked()


def look(desk: Desk, order: Order) -> Found:
    """The order as the venue has it."""
    return desk.venue.find(
        order.intent.id,
        venue_id=order.venue_id,
        symbol=order.intent.symbol,
        since_ms=max(0, order.sent_ms - MARGIN_MS),
    )


def took(desk: Desk, order: Order, found: VenueOrder) -> Booked:
    """The venue has the order, so: record that, book its fills, and end it where the venue has ended it and every fill
    that it counts is booked."""
    if order.state in UNSETTLED:
        desk.first_absent.pop(order.intent.id, None)
        desk.move(order, OrderState.ACCEPTED, venue_id=found.venue_id)
    # The venue's count says whether there is a trade to be read: a history costs more than an order.
    booked = Booked()
    if found.filled != order.filled:
        booked = book_fills(desk, {found.venue_id: order.intent.id})
    if order.amendment is not None:
        amendment_known(desk, order, found)
    if found.status is VenueStatus.CLOSED and order.state not in ENDED and order.filled == found.filled:
        filled = order.filled == order.intent.qty
        end(desk, order, OrderState.FILLED if filled else OrderState.CANCELLED, found.words)
    return booked


def settle_by_hand(desk: Desk, order_id: str, reason: str) -> None:
    """A person has seen to it that an order does not exist. Raises UsageError for an order that is not unknown."""
    order = desk.book.of(order_id)
    if order.state is not OrderState.UNKNOWN or not reason:
        raise UsageError(
            f"the order {order_id} is {order.state}",
            "only an unknown order is settled by hand, with a reason",
        )
    end(desk, order, OrderState.ABSENT, f"by hand: {reason}")


def _absent(desk: Desk, order: Order, found: Absent, wanted: bool) -> Booked:
    traits = desk.venue.traits
    desk.heard(found.looked_ms)
    if order.state is OrderState.SENT:
        desk.move(order, OrderState.UNKNOWN, reason="the venue does not show it")
    if traits.death_proof is DeathProof.RESEND:
        return _resend(desk, order) if wanted else Booked()
    if not order.deadline_ms or found.looked_ms <= order.deadline_ms:
        return Booked()
    first = desk.first_absent.setdefault(order.intent.id, found.looked_ms)
    if found.looked_ms - first >= traits.absent_gap_ms and not speaks_for(desk, order):
        end(desk, order, OrderState.ABSENT, "its deadline passed and the venue did not show it twice")
    return Booked()


def _resend(desk: Desk, order: Order) -> Booked:
    approved = desk.approvals.get(order.intent.id)
    if approved is None:
        return Booked()
    said = desk.venue.probe(approved, expires_ms=order.expires_ms or None)
    if isinstance(said, outcome.Accepted):
        desk.move(order, OrderState.ACCEPTED, venue_id=said.venue_id)
        return settle(desk, order.intent.id)
    if isinstance(said, outcome.Refused):
        # Refused now; whether the first sending made an order is seen by looking once more.
        found = look(desk, order)
        if isinstance(found, VenueOrder):
            return took(desk, order, found)
        if isinstance(found, Absent):
            end(desk, order, OrderState.REFUSED, said.reason)
    return Booked()
