"""Numbered attempts at one order: the number rises only when the earlier attempt is proven able to fill no more."""

from __future__ import annotations

from dataclasses import dataclass

from memesnipe_cli.engine.order_ids import client_order_id
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_state import ENDED

MOST_ATTEMPTS = 1_000


@dataclass(frozen=True, slots=True)
class OrderKey:
    """What an order is, whatever the attempt: see engine/order_ids.py."""

    session: str
    strategy: str
    venue: str
    symbol: str
    bar_ms: int
    leg: str

    def id(self, store_id: str, account: str, attempt: int) -> str:
        """The client order id of an attempt."""
        return client_order_id(
            store_id,
            account,
            self.session,
            self.strategy,
            self.venue,
            self.symbol,
            self.bar_ms,
            self.leg,
            attempt,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """The attempt that may be made now."""

    number: int
    order_id: str


def next_attempt(book: OrderBook, key: OrderKey, store_id: str, account: str) -> Attempt | None:
    """The next attempt at an order, or None while an earlier one may still fill, or exist unseen."""
    for number in range(MOST_ATTEMPTS):
        order_id = key.id(store_id, account, number)
        earlier = book.orders.get(order_id)
        if earlier is None:
            return Attempt(number, order_id)
        if earlier.state not in ENDED:
            return None
    return None
