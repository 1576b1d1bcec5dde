"""Trades of the venue that are booked and that the account has not taken in yet: what a killed process left between the
two is found here, so that nothing is counted twice and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from memesnipe_cli.store.entry import Entry
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.order_lines import FILL, fill_body, fill_of

TOOK = "took"  # of an event's line: the venue's ids of the trades that it is made of

Key = tuple[str, str]  # strategy, symbol


@dataclass(slots=True)
class Pending:
    """fills: by (strategy, symbol), the order's id and the trade, in the order in which they were booked."""

    fills: dict[Key, list[tuple[str, VenueFill]]] = field(default_factory=dict)

    def booked(self, order: Order, fill: VenueFill) -> None:
        """A trade was booked."""
        self._add((order.intent.strategy, order.intent.symbol), order.intent.id, fill)

    def of(self, key: Key) -> list[tuple[str, VenueFill]]:
        """What waits of a strategy's symbol."""
        return list(self.fills.get(key, ()))

    def took(self, key: Key, trade_ids: list[str]) -> None:
        """The account has taken these in."""
        left = [each for each in self.fills.get(key, ()) if each[1].trade_id not in trade_ids]
        if left:
            self.fills[key] = left
        else:
            self.fills.pop(key, None)

    def _add(self, key: Key, order_id: str, fill: VenueFill) -> None:
        self.fills.setdefault(key, []).append((order_id, fill))

    def line(self, kind: str, body: dict[str, Any]) -> None:
        """Take one line of a journal in; lines of others pass."""
        if kind == FILL and "event" not in body:
            self._add((body["strategy"], body["symbol"]), body["order"], fill_of(body))
        elif TOOK in body:
            self.took((body["strategy"], body["symbol"]), body[TOOK])


class PendingFold:
    """Folds a journal into Pending."""

    name = "pending_fills"
    version = 1

    def initial(self) -> Pending:
        """Nothing waits."""
        return Pending()

    def apply(self, state: Pending, entry: Entry) -> Pending:
        """Take the next entry in."""
        state.line(entry.kind, entry.body)
        return state

    def dump(self, state: Pending) -> Any:
        """The state as JSON: fills as their journal lines."""
        return [
            [strategy, symbol, order_id, fill_body(order_id, fill)]
            for (strategy, symbol), waiting in state.fills.items()
            for order_id, fill in waiting
        ]

    def load(self, data: Any) -> Pending:
        """The inverse of `dump`."""
        state = Pending()
        for strategy, symbol, order_id, body in data:
            state.fills.setdefault((strategy, symbol), []).append((order_id, fill_of(body)))
        return state
