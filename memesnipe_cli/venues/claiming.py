"""A person has closed lots of ours by an order of their own at the venue: it is booked as an exit, so that lots, cash,
profit and taxes say what happened. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.words import EXIT_REASONS
from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.attempts import OrderKey, next_attempt
from memesnipe_cli.venues.booking import Booked, book_fills
from memesnipe_cli.venues.calls import NoSuchThingError
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.facts import VenueFill, VenueOrder, VenueStatus
from memesnipe_cli.venues.holdings import Holding
from memesnipe_cli.venues.order_lines import intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.reconcile import is_of_this_tool

_BY_HAND = EXIT_REASONS[layout.BY_HAND]
_VENUE_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_AGAIN = "run it again in a minute"


@dataclass(frozen=True, slots=True)
class Whose:
    """The account that the lots are of."""

    store_id: str
    account: str
    session: str


def claim_order(desk: Desk, venue_id: str, whose: Whose, reason: str) -> Booked:
    """Book the person's order with its trades. venue_id: the venue's id of it; reason: why it was made.

    Raises UsageError for what is no such order, RefusedError where it cannot have been of our lots alone or is not
    over, NetworkError.
    """
    found = _order(desk, venue_id)
    strategy, holding = _holding(desk, found)
    fills = _trades(desk, found, holding)
    _check_lots(desk, strategy, holding, found, fills)
    key = OrderKey(
        whose.session,
        strategy,
        desk.venue.traits.venue,
        found.symbol,
        found.created_ms,
        f"{_BY_HAND} {venue_id}",
    )
    attempt = next_attempt(desk.book, key, whose.store_id, whose.account)
    if attempt is None:
        raise RefusedError(f"the order {venue_id} is being booked already", _AGAIN, code="not_settled")
    prices = [each.price for each in fills]
    intent = OrderIntent(
        id=attempt.order_id,
        action=Action.REDUCE,
        venue=desk.venue.traits.venue,
        symbol=found.symbol,
        base=holding.base,
        strategy=strategy,
        cluster=holding.cluster,
        side=found.side,
        qty=found.filled,
        price=min(prices) if found.side == "sell" else max(prices),
        kind="limit",
        position=holding.position,
        reason=_BY_HAND,
        attempt=attempt.number,
    )
    now_ms = desk.venue_now()
    # Cut off after the first line, it reads as an order that was never sent, and can be claimed again.
    accepted = state_line(intent, OrderState.ACCEPTED, now_ms, venue_id=venue_id, reason=f"by hand: {reason}")
    desk.begin(intent_line(intent, now_ms), accepted)
    return book_fills(desk, fills=fills)


def _order(desk: Desk, venue_id: str) -> VenueOrder:
    """The order, if it is over and nobody's but the person's."""
    venue = desk.venue.traits.venue
    if not _VENUE_ID.fullmatch(venue_id):
        raise UsageError(
            f"{venue_id[:80]!r} is no order id of {venue}", "copy it from the venue's page of the order"
        )
    known = desk.book.by_venue_id.get(venue_id)
    if known is not None:
        raise UsageError(
            f"the order {venue_id} is in the books already, as {known}", "nothing is left to claim"
        )
    open_ones = desk.book.unsettled()
    if open_ones:
        raise RefusedError(
            f"what became of our order {open_ones[0].intent.id} is not known yet: {venue_id} may be it",
            "settle that first: memesnipe trade reconcile says how",
            code="not_settled",
        )
    try:
        rows = desk.venue.orders_of([venue_id])
    except NoSuchThingError:
        rows = []
    found = next((each for each in rows if each.venue_id == venue_id), None)
    if found is None:
        raise UsageError(f"{venue} has no order {venue_id}", "copy the id from the venue's page of the order")
    if is_of_this_tool(found.client_id):
        raise RefusedError(
            f"{venue_id} was sent by this tool, as {found.client_id}, and not by a person",
            "another store trades this account, or this one was restored: see docs/live.md",
            code="not_by_hand",
        )
    if found.status is not VenueStatus.CLOSED:
        raise RefusedError(
            f"{venue_id} is still open at {venue}",
            "cancel it there, or wait until it has filled",
            code="still_open",
        )
    return found


def _holding(desk: Desk, found: VenueOrder) -> tuple[str, Holding]:
    """Whose lots it closed."""
    for (strategy, symbol), holding in desk.book.holdings.items():
        if symbol == found.symbol and holding.qty > 0:
            closes = "sell" if holding.position == "long" else "buy"
            if found.side != closes:
                raise UsageError(
                    f"{found.venue_id} is a {found.side}, and a {holding.position} position ends by a {closes}",
                    "claim the order that closed it",
                )
            return strategy, holding
    raise UsageError(
        f"{found.venue_id} is in {found.symbol}, of which this account holds nothing",
        "memesnipe trade positions",
    )


def _trades(desk: Desk, found: VenueOrder, holding: Holding) -> Sequence[VenueFill]:
    """All its trades."""
    if not found.filled:
        raise UsageError(f"{found.venue_id} has traded nothing", "there is nothing to book")
    traded = [each for each in desk.venue.fills(holding.since_ms) if each.venue_order_id == found.venue_id]
    if sum((each.qty for each in traded), Decimal(0)) != found.filled:
        raise RefusedError(
            f"{found.venue_id} has traded {found.filled}, and the venue's history does not show all of it since the "
            "position was opened",
            f"{_AGAIN}; what was traded before the position was opened cannot have been of it",
            code="history",
        )
    counted = desk.book.foreign.get(desk.venue.traits.venue, set())
    if any(each.trade_id in counted for each in traded):
        raise RefusedError(
            f"the trades of {found.venue_id} were taken as your own before, with the balances of then",
            "put the position back at the venue, or see docs/live.md",
            code="taken_before",
        )
    return traded


def _check_lots(
    desk: Desk, strategy: str, holding: Holding, found: VenueOrder, fills: Sequence[VenueFill]
) -> None:
    gone = found.filled + sum((each.fee for each in fills if each.fee_currency == holding.base), Decimal(0))
    if gone > holding.qty:
        raise RefusedError(
            f"{found.venue_id} closed {gone} {holding.base}, and our lots are {holding.qty}: a part of it was yours",
            "buy what is missing of ours back at the venue, then: memesnipe trade reconcile --accept --reason TEXT",
            code="more_than_ours",
        )
    resting = desk.book.protecting(strategy, found.symbol)
    if sum((each.left for each in resting), Decimal(0)) > holding.qty - gone:
        names = ", ".join(f"{each.intent.id} ({each.venue_id})" for each in resting)
        raise RefusedError(
            f"the stop {names} rests at the venue for these lots: it would sell what is yours",
            "cancel it there first",
            code="stop_rests",
        )
