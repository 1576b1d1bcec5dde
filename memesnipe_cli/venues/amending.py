"""Moves and resizes a resting stop in place, where the venue can: it is never away."""

from __future__ import annotations

from memesnipe_cli.clock import SECOND_MS
from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.facts import Facts
from memesnipe_cli.risk.intent import OrderIntent
from memesnipe_cli.venues import outcome
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.facts import VenueOrder
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.order_lines import amendment_line
from memesnipe_cli.venues.order_state import ENDED, UNSETTLED


def amend(desk: Desk, order_id: str, terms: OrderIntent, facts: Facts) -> outcome.Outcome | Refused:
    """Gives a resting stop the quantity, trigger and limit of `terms`, whose `replaces` names it.

    Unknown leaves the old terms in force for balance and neither for protection, until the venue was asked. Raises
    RefusedError for a stop that is not settled, UsageError for what cannot be amended.
    """
    order = desk.book.of(order_id)
    if terms.replaces != order.risk_id:
        raise UsageError(f"{terms.id} does not replace {order.risk_id}", "name the stop that is amended")
    if order.state in ENDED or order.state in UNSETTLED or order.amendment is not None:
        raise RefusedError(f"the stop {order_id} is {order.state}", "settle it first", code="order_unknown")
    said = desk.gate.check(terms, facts)
    if isinstance(said, Refused):
        desk.journal.append("refusal", said.body())
        return said
    deadline_ms = deadline(desk)
    try:
        desk.write(amendment_line(order_id, terms, "sent", desk.venue_now(), deadline_ms=deadline_ms or 0))
    except BaseException:
        desk.gate.ended(terms.id)
        raise
    answer = desk.venue.amend_stop(said, order.venue_id, deadline_ms=deadline_ms)
    if isinstance(answer, outcome.Accepted):
        stands(desk, order, terms)
    elif isinstance(answer, outcome.Refused):
        falls(desk, order, terms, answer.reason)
    else:
        desk.write(amendment_line(order_id, terms, "unknown", desk.venue_now(), answer.why))
    return answer


def amendment_known(desk: Desk, order: Order, found: VenueOrder) -> None:
    """The venue shows the order: its own terms say whether the amendment stands."""
    if order.amendment is None:
        return
    terms = order.amendment.terms
    if found.qty == terms.qty and found.stop == terms.stop:
        stands(desk, order, terms)
        return
    # Until its deadline the amendment may still arrive. The venue's clock is known to a second.
    over = desk.venue_now() > order.amendment.deadline_ms + SECOND_MS
    if over and found.qty == order.intent.qty and found.stop == order.intent.stop:
        falls(desk, order, terms, "the venue shows the old terms")


def stands(desk: Desk, order: Order, terms: OrderIntent) -> None:
    """The new terms are in force."""
    older = order.risk_id
    desk.write(amendment_line(order.intent.id, terms, "accepted", desk.venue_now()))
    desk.gate.ended(older)


def falls(desk: Desk, order: Order, terms: OrderIntent, reason: str) -> None:
    """The old terms stay in force."""
    desk.write(amendment_line(order.intent.id, terms, "refused", desk.venue_now(), reason))
    desk.gate.ended(terms.id)


def deadline(desk: Desk) -> int | None:
    """Venue time until which what is sent now may be accepted, in whole seconds; None where it takes none."""
    allowed = desk.venue.traits.deadline_ms
    return -(-(desk.venue_now() + allowed) // 1000) * 1000 if allowed else None
