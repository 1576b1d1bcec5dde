"""The venue's account-wide dead-man's switch, under the only conditions in which it does no harm."""

from __future__ import annotations

from collections.abc import Sequence

from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.facts import VenueOrder
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.protocol import Venue

SECONDS = 60  # renewed every 15 to 30 seconds


def arm(
    venue: Venue,
    book: OrderBook,
    open_orders: Sequence[VenueOrder],
    seconds: int = SECONDS,
    fence: int = 0,
) -> None:
    """Arm or renew the switch. fence: the right to send. It cancels every order of the account: raises RefusedError
    where a protective stop or an order that is not ours rests, UsageError where the venue has no switch or the time is
    none."""
    if not venue.traits.dead_man_switch:
        raise UsageError(f"{venue.traits.venue} has no dead-man's switch", "let entries expire")
    if seconds < 1:
        raise UsageError(f"a dead-man's switch of {seconds} s switches itself off", "give 1 s or more")
    for order in book.live():
        if order.intent.action is Action.PROTECT:
            raise RefusedError(
                f"the switch would cancel the stop {order.intent.id}",
                "positions are protected by their stops",
            )
    for theirs in open_orders:
        if theirs.client_id not in book.orders:
            raise RefusedError(
                f"the switch would cancel {theirs.venue_id}, which is not ours", "use an account of its own"
            )
    venue.dead_man(seconds, fence)


def disarm(venue: Venue, fence: int = 0) -> None:
    """Switch it off, where there is one."""
    if venue.traits.dead_man_switch:
        venue.dead_man(0, fence)
