"""What the parts that handle orders share: the venue, the journal, the risk gate, the book, and the venue's time.

Every change goes through `write`: checked against the book, onto the disk, then into the book, so that a process that
starts now folds the same book.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.store.fold import Fold
from memesnipe_cli.venues import order_lines
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_book import Order, OrderBook
from memesnipe_cli.venues.order_fold import OrderFold, apply_line
from memesnipe_cli.venues.order_lines import Line
from memesnipe_cli.venues.order_state import ENDED, OrderState
from memesnipe_cli.venues.protocol import Venue

S = TypeVar("S")


class JournalWriter(Protocol):
    """The account's journal, or whoever writes into it together with others."""

    def append(self, kind: str, body: dict[str, Any]) -> object:
        """One line, on the disk when this returns."""

    def append_many(self, lines: Sequence[Line]) -> object:
        """Several, with one sync."""

    def replay(self, fold: Fold[S]) -> S:
        """The state of a fold after the last line."""


class Watcher(Protocol):
    """Who looks on while orders go their way."""

    def sent(self, order: Order) -> None:
        """It goes onto the wire now."""

    def acknowledged(self, order: Order) -> None:
        """The venue has it."""

    def filled(self, order: Order, fill: VenueFill) -> None:
        """The venue traded for it."""

    def ended(self, order: Order) -> None:
        """It can fill no more."""


@dataclass(slots=True)
class Desk:
    """One account at one venue. approvals: of orders with an unknown outcome, to ask with the very same order;
    first_absent: venue time at which an order was first found absent after its deadline; watcher: is told of each order
    what happens to it, once it is in the journal."""

    venue: Venue
    journal: JournalWriter
    gate: Gate
    now: Callable[[], int] = clock.now_ms
    book: OrderBook = field(default_factory=OrderBook)
    ahead_ms: int = 0
    approvals: dict[str, Approved] = field(default_factory=dict)
    first_absent: dict[str, int] = field(default_factory=dict)
    watcher: Watcher | None = None

    def fold(self) -> None:
        """Read the journal."""
        self.book = self.journal.replay(OrderFold())

    def venue_now(self) -> int:
        """The venue's time, as far as it is known."""
        return self.now() + self.ahead_ms

    def sync_clock(self) -> None:
        """Learn how far the venue's clock is ahead of ours. Raises NetworkError."""
        before = self.now()
        theirs = self.venue.server_time()
        self.ahead_ms = theirs - (before + self.now()) // 2

    def heard(self, their_ms: int) -> None:
        """The venue said its time just now: clocks jump, and computers sleep."""
        self.ahead_ms = their_ms - self.now()

    def begin(self, first: Line, sent: Line) -> None:
        """An order's intent and that it is about to be sent, in one write."""
        order_id = first[1]["id"]
        if order_id in self.book.orders:
            raise DataError(f"the order id {order_id} was used before", "every attempt has an id of its own")
        self._keep([first, sent])

    def write(self, line: Line) -> None:
        """Record one change. Raises DataError for one that cannot be; nothing is written then."""
        self._check(line)
        self._keep([line])

    def move(self, order: Order, state: OrderState, **more: str | None) -> None:
        """Record a change of an order's state."""
        known = {"venue_id": order.venue_id, **more}
        self.write(order_lines.state_line(order.intent, state, self.venue_now(), **known))
        if self.watcher is not None:
            if state is OrderState.ACCEPTED:
                self.watcher.acknowledged(order)
            self._tell_end(order)

    def book_fill(self, order: Order, fill: VenueFill) -> None:
        """Record a trade, and the state that it leads to. Raises DataError as OrderBook.fill_state."""
        state = self.book.fill_state(order.intent.id, fill)
        lines = [order_lines.fill_line(order.intent, fill)]
        if state is not order.state:
            told = {"venue_id": order.venue_id or fill.venue_order_id}
            lines.append(order_lines.state_line(order.intent, state, self.venue_now(), **told))
        self._keep(lines)
        if self.watcher is not None:
            self.watcher.filled(order, fill)
            self._tell_end(order)

    def sending(self, order: Order) -> None:
        """An order is about to go onto the wire."""
        if self.watcher is not None:
            self.watcher.sent(order)

    def _tell_end(self, order: Order) -> None:
        if self.watcher is not None and order.state in ENDED:
            self.watcher.ended(order)

    def _check(self, line: Line) -> None:
        kind, body = line
        if kind == order_lines.ORDER:
            self.book.check_move(body["id"], OrderState(body["state"]))
        elif kind == order_lines.AMENDMENT:
            self.book.of(body["id"])

    def _keep(self, lines: list[Line]) -> None:
        self.journal.append_many(lines)
        for kind, body in lines:
            apply_line(self.book, kind, body)
