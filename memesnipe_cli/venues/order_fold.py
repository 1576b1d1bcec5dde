"""The fold of a journal into our orders: what a process that starts now knows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from memesnipe_cli.clock import parse_time
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.venues import order_lines
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_snapshot import dump_book, load_book
from memesnipe_cli.venues.order_state import OrderState


def apply_line(book: OrderBook, kind: str, body: dict[str, Any]) -> None:
    """Take one line in; lines of others pass. Raises DataError for a line that cannot follow those before it."""
    # Lines of a simulated account carry `event` and belong to its own fold.
    if "event" in body:
        return
    if kind == order_lines.ORDER:
        _order(book, body)
    elif kind == order_lines.FILL:
        book.filled(body["order"], order_lines.fill_of(body))
    elif kind == order_lines.AMENDMENT:
        _amendment(book, body)
    elif kind == order_lines.CANCEL:
        if body["state"] == "sent":
            book.cancel_sent(body["id"], _time(body["time"]))
    elif kind == order_lines.RECONCILED:
        totals = {name: Decimal(total) for name, total in body["totals"].items()}
        book.reconciled(body["venue"], totals, body["foreign"], _time(body["time"]), body.get("flows", ()))


class OrderFold:
    """Folds a journal into an OrderBook."""

    name = "orders"
    version = 3

    def initial(self) -> OrderBook:
        """No orders."""
        return OrderBook()

    def apply(self, state: OrderBook, entry: Entry) -> OrderBook:
        """Take the next entry in."""
        apply_line(state, entry.kind, entry.body)
        return state

    def dump(self, state: OrderBook) -> Any:
        """The state as JSON."""
        return dump_book(state)

    def load(self, data: Any) -> OrderBook:
        """The inverse of `dump`."""
        return load_book(data)


def _order(book: OrderBook, body: dict[str, Any]) -> None:
    state = OrderState(body["state"])
    if state is OrderState.INTENT:
        book.intended(order_lines.intent_of(body), Decimal(body["trade_used"]))
        return
    book.moved(
        body["id"],
        state,
        venue_id=body.get("venue_id", ""),
        reason=body.get("reason", ""),
        deadline_ms=_time(body.get("deadline")),
        expires_ms=_time(body.get("expires")),
        time_ms=_time(body.get("time")),
    )


def _amendment(book: OrderBook, body: dict[str, Any]) -> None:
    terms = replace(
        book.of(body["id"]).intent,
        id=body["as"],
        qty=Decimal(body["qty"]),
        price=None if body["price"] is None else Decimal(body["price"]),
        stop=None if body["stop"] is None else Decimal(body["stop"]),
        replaces=body["id"],
    )
    book.amended(body["id"], terms, body["state"], _time(body.get("deadline")))


def _time(text: str | None) -> int:
    return parse_time(text) if text else 0
