"""What the signer knows of the account, from the journal on the disk and from nothing that the trader tells it: orders
with their terms, our lots, and what the account is worth."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memesnipe_cli.engine.account_fold import MARK, SESSION
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_fold import OrderFold


@dataclass(slots=True)
class Books:
    """orders: the order book. capital: what the open session was given; equity: the account's worth at the last bar;
    None where there was none."""

    orders: OrderBook
    capital: Decimal | None = None
    equity: Decimal | None = None

    @property
    def worth(self) -> Decimal | None:
        """What limits are shares of: the latest worth, before the first bar the capital."""
        return self.capital if self.equity is None else self.equity


class BooksFold:
    """Folds a journal into Books."""

    name = "signer"
    version = 1

    def __init__(self) -> None:
        self._orders = OrderFold()

    def initial(self) -> Books:
        """Nothing."""
        return Books(self._orders.initial())

    def apply(self, state: Books, entry: Entry) -> Books:
        """Take the next entry in."""
        if entry.kind == SESSION:
            state.capital, state.equity = Decimal(entry.body["capital"]), None
        elif entry.kind == MARK:
            state.equity = Decimal(entry.body["equity"])
        else:
            self._orders.apply(state.orders, entry)
        return state

    def dump(self, state: Books) -> Any:
        """The state as JSON."""
        return {
            "orders": self._orders.dump(state.orders),
            "capital": None if state.capital is None else str(state.capital),
            "equity": None if state.equity is None else str(state.equity),
        }

    def load(self, data: Any) -> Books:
        """The inverse of `dump`."""
        return Books(self._orders.load(data["orders"]), _optional(data["capital"]), _optional(data["equity"]))


def _optional(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
