"""The orders of a journal, each once with the last word on it, for export. Simulated orders too: a resting stop or
target of a simulated position begins with its fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from sys import intern
from typing import Any

from memesnipe_cli.audit.exact import minus, plus, times
from memesnipe_cli.audit.whole import IMPROPER, improper
from memesnipe_cli.clock import parse_time
from memesnipe_cli.records import decimal_text
from memesnipe_cli.store.entry import Entry

_ZERO = Decimal(0)
_EXIT_ORDER = "exit_order"
_FILLED = ("entry_fill", "exit_fill")
_UNSETTLED = frozenset({"sent", "unknown"})


@dataclass(slots=True)
class OrderRow:
    """One order. Texts as the journal has them; qty is None of a resting order that has not filled whole."""

    paper: bool
    id: str
    strategy: str
    venue: str
    symbol: str
    side: str
    action: str
    kind: str
    qty: str | None
    price: str | None
    stop: str | None
    state: str
    reason: str
    time: str
    changed: str
    seq: int
    recorded: str
    venue_id: str = ""
    filled: Decimal = _ZERO
    cost: Decimal = _ZERO
    fills: int = 0

    def values(self, account: str) -> dict[str, Any]:
        """Its row in the table `orders`."""
        return {
            "account": account,
            **{name: getattr(self, name) for name in self.__slots__},
            "venue_id": self.venue_id or None,
            "filled": decimal_text(self.filled),
            "cost": decimal_text(self.cost),
        }


class OrderTable:
    """Takes a journal's entries in their order; holds every order, some hundred bytes each, since a fill may come
    later than the word that an order has ended."""

    def __init__(self) -> None:
        self._orders: dict[str, OrderRow] = {}

    def take(self, entry: Entry) -> None:
        """The next entry; other kinds pass. Raises IntegrityError for a line that lacks what it should have."""
        body = entry.body
        try:
            if entry.kind in ("order", "fill") and "event" in body:
                self._simulated(entry, body)
            elif entry.kind == "order":
                self._order(entry, body)
            elif entry.kind == "amendment":
                self._amended(body)
            elif entry.kind == "fill":
                self._filled(body["order"], body)
        except IMPROPER as problem:
            raise improper(entry, problem) from problem

    def rows(self) -> Iterator[OrderRow]:
        """The orders, in the order of their first lines."""
        return iter(self._orders.values())

    # --- live

    def _order(self, entry: Entry, body: Mapping[str, Any]) -> None:
        order = self._orders.get(body["id"])
        if order is None:
            order = self._begin(entry, body, paper=False, action=body.get("action", ""))
            order.stop = body.get("stop")
        order.state, order.changed = intern(body["state"]), body["time"]
        order.venue_id = body.get("venue_id") or order.venue_id
        order.reason = body.get("reason") or order.reason

    def _amended(self, body: Mapping[str, Any]) -> None:
        order = self._orders.get(body["id"])
        if order is not None and body["state"] == "accepted":
            order.qty, order.price, order.stop = body["qty"], body["price"], body["stop"]
            order.changed = body["time"]

    def _filled(self, order_id: str, body: Mapping[str, Any]) -> None:
        order = self._orders.get(order_id)
        if order is not None:
            order.filled = plus(order.filled, Decimal(body["qty"]))
            order.cost = plus(order.cost, fill_cost(body))
            order.fills += 1

    # --- simulated

    def _simulated(self, entry: Entry, body: Mapping[str, Any]) -> None:
        event = body["event"]
        if event == "entry_order":
            self._begin(entry, body, paper=True, action="entry")
        elif event == _EXIT_ORDER:
            self._begin(entry, body, paper=True, action="reduce")
        elif event == "missed":
            order = self._orders.get(body["id"])
            if order is not None:
                order.state, order.reason, order.changed = "missed", body["reason"], body["time"]
        elif event in _FILLED:
            order = self._orders.get(body["order"])
            if order is None:
                resting = {**body, "id": body["order"], "kind": body["leg"], "qty": None, "price": None}
                order = self._begin(entry, {**resting, "state": ""}, paper=True, action="protect")
            self._filled(order.id, body)
            whole = order.qty is None or order.filled >= Decimal(order.qty)
            order.state, order.changed = "filled" if whole else "partly_filled", body["time"]

    def _begin(self, entry: Entry, body: Mapping[str, Any], *, paper: bool, action: str) -> OrderRow:
        order = OrderRow(
            paper=paper,
            id=body["id"],
            strategy=intern(body["strategy"]),
            venue=intern(body["venue"]),
            symbol=intern(body["symbol"]),
            side=intern(body["side"]),
            action=intern(action),
            kind=intern(body["kind"]),
            qty=body["qty"],
            price=body["price"],
            stop=None,
            state=intern(body["state"]),
            reason=body.get("reason") or "",
            time=body["time"],
            changed=body["time"],
            seq=entry.seq,
            recorded=entry.time,
        )
        self._orders[order.id] = order
        return order


class Unsettled:
    """Takes a journal's entries; counts the live orders of which the venue has not yet said what became of them."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def take(self, entry: Entry) -> None:
        """The next entry; other kinds pass."""
        if entry.kind == "order" and "event" not in entry.body:
            order_id = str(entry.body.get("id"))
            if entry.body.get("state") in _UNSETTLED:
                self._ids.add(order_id)
            else:
                self._ids.discard(order_id)

    def watching(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries, each taken as it goes by."""
        for entry in entries:
            self.take(entry)
            yield entry

    def __len__(self) -> int:
        return len(self._ids)


def fill_cost(body: Mapping[str, Any]) -> Decimal:
    """What a fill moved in the quote currency, fees apart: as the venue wrote it, else price times quantity; of a
    simulated fill as it was booked."""
    if "event" in body:
        cash, fee = Decimal(body["cash"]), Decimal(body["fee"])
        return minus(-cash, fee) if body["side"] == "buy" else plus(cash, fee)
    if body.get("cost") is not None:
        return Decimal(body["cost"])
    return times(Decimal(body["price"]), Decimal(body["qty"]))


def time_of(order: OrderRow) -> int:
    """When an order was decided, ms UTC."""
    return parse_time(order.time)
