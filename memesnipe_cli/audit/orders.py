"""The orders in a journal with all that judging their execution needs, of the simulated account and of live ones.

What an order was decided on and what it met is in its own lines: live ones `decision`, `order`, `amendment`, `fill` and
`timing` (venues/order_lines.py, venues/timing.py); `order` and `fill` of a simulated account carry `event`
(engine/event_lines.py), and their fills name the price before costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from memesnipe_cli.audit.shortfall import Filled, Shortfall, exact_product, half_way, shortfall
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store.entry import Entry

_ZERO = Decimal(0)
# Legs of a simulated position that rest at a price of their own, by which they are judged.
_RESTING = ("stop", "target", "delisting")


@dataclass(slots=True)
class TradedOrder:
    """One order. time_ms: of its first line. wanted: base units. decision, end: see shortfall.py. paper: it traded no
    real money. sent_ms: from the signal to the wire, acknowledged_ms: from there to the venue's answer; None where not
    measured."""

    id: str
    strategy: str
    venue: str
    symbol: str
    side: str
    action: str
    time_ms: int
    paper: bool
    wanted: Decimal = _ZERO
    state: str = ""
    decision: Decimal | None = None
    end: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    sent_ms: int | None = None
    acknowledged_ms: int | None = None
    fills: list[Filled] = field(default_factory=list)

    @property
    def currency(self) -> str:
        """The quote currency, in which its costs are."""
        return self.symbol.rpartition("/")[2].partition(":")[0]

    @property
    def filled(self) -> Decimal:
        """Base units that filled."""
        return sum((each.qty for each in self.fills), _ZERO)

    def cost(self) -> Shortfall:
        """Its implementation shortfall."""
        if self.bid is None or self.ask is None:
            return shortfall(self.side, self.wanted, self.fills, self.decision, self.end)
        mid, half = half_way(self.bid, self.ask)
        met = [Filled(each.qty, each.price, each.fee, mid, half) for each in self.fills]
        return shortfall(self.side, self.wanted, met, self.decision, self.end, mid)


class OrderReader:
    """Takes a journal's entries in their order; `orders` are those seen so far, by id."""

    def __init__(self) -> None:
        self.orders: dict[str, TradedOrder] = {}
        self._paper = False
        self._half_spreads: dict[str, Decimal] = {}
        self._closes: dict[str, Decimal] = {}  # what live entries were decided on, where no mid is known

    def take(self, entry: Entry) -> None:
        """The next entry. Raises StoreDamagedError for a line of an order that lacks what it should have."""
        body = entry.body
        try:
            if entry.kind == "session":
                self._session(body)
            elif entry.kind in ("order", "fill") and "event" in body:
                self._simulated(entry, body)
            elif entry.kind == "decision" and body.get("event") == "entry_order":
                self._closes[body["id"]] = Decimal(body["close"])
            elif entry.kind == "order":
                self._order(entry, body)
            elif entry.kind == "amendment":
                self._amended(body)
            elif entry.kind == "fill":
                self._filled(body)
            elif entry.kind == "timing":
                self._timed(body)
        except (KeyError, TypeError, ValueError, ArithmeticError) as problem:
            raise StoreDamagedError(
                f"entry {entry.seq}, {entry.kind}: it has no proper {problem}",
                "it was written by another memesnipe; see what `memesnipe audit verify` says",
            ) from problem

    def take_all(self, entries: Iterable[Entry]) -> dict[str, TradedOrder]:
        """All of them; the orders."""
        for entry in entries:
            self.take(entry)
        return self.orders

    def _session(self, body: Mapping[str, Any]) -> None:
        self._paper = body["mode"] != "live"
        for item in body.get("instruments", ()):
            if item.get("half_spread") is not None:
                self._half_spreads[item["symbol"]] = Decimal(item["half_spread"])

    # --- live

    def _order(self, entry: Entry, body: Mapping[str, Any]) -> None:
        order = self.orders.get(body["id"])
        if order is None and body["state"] == "intent":
            order = self._begin(entry, body["id"], body, body["action"], self._paper)
            if order.action == "protect" and body["stop"] is not None:
                order.decision = Decimal(body["stop"])
            elif order.action == "entry":
                order.decision = self._closes.pop(order.id, None)
            order.wanted = Decimal(body["qty"])
        if order is not None:
            order.state = body["state"]
            if order.action == "protect":
                self._as_filled(order)

    def _amended(self, body: Mapping[str, Any]) -> None:
        order = self.orders.get(body["id"])
        if order is not None and body["state"] == "accepted" and body["stop"] is not None:
            order.decision = Decimal(body["stop"])

    def _filled(self, body: Mapping[str, Any]) -> None:
        order = self.orders.get(body["order"])
        if order is None:
            return
        qty, price, fee = Decimal(body["qty"]), Decimal(body["price"]), Decimal(body["fee"])
        base = order.symbol.partition("/")[0]
        cost: Decimal | None = fee
        if fee and body["fee_currency"] == base:
            cost = exact_product(fee, price)
        elif fee and body["fee_currency"] != order.currency:
            cost = None
        order.fills.append(Filled(qty, price, cost))
        if order.action == "protect":
            self._as_filled(order)

    def _timed(self, body: Mapping[str, Any]) -> None:
        order = self.orders.get(body["id"])
        if order is None:
            return
        order.sent_ms = body["sent_ms"] if body["signal"] is not None else None
        if body["sent_ms"] is not None and body["acknowledged_ms"] is not None:
            order.acknowledged_ms = body["acknowledged_ms"] - body["sent_ms"]
        if order.action == "protect":
            return  # judged by its trigger: the prices when it was laid say nothing of when it was hit
        order.decision = _price(body["decision_price"]) or order.decision
        order.end = _price(body["end_price"])
        order.bid, order.ask = _price(body["bid"]), _price(body["ask"])

    # --- simulated

    def _simulated(self, entry: Entry, body: Mapping[str, Any]) -> None:
        event = body["event"]
        if event == "entry_order":
            order = self._begin(entry, body["id"], body, "entry", True)
            order.wanted, order.decision, order.state = Decimal(body["qty"]), Decimal(body["close"]), "sent"
        elif event == "exit_order":
            self._begin(entry, body["id"], body, "reduce", True).state = "sent"
        elif event == "missed" and body["id"] in self.orders:
            self.orders[body["id"]].state = "missed"
        elif event in ("entry_fill", "exit_fill"):
            order = self.orders.get(body["order"]) or self._begin(entry, body["order"], body, "reduce", True)
            reference = Decimal(body["reference"])
            half = self._half_spreads.get(order.symbol)
            spread = None if half is None else exact_product(reference, half)
            order.fills.append(
                Filled(Decimal(body["qty"]), Decimal(body["price"]), Decimal(body["fee"]), reference, spread)
            )
            order.state = "filled"
            if body["leg"] in _RESTING:
                order.decision = reference
            if event == "exit_fill":
                self._as_filled(order)

    def _begin(
        self, entry: Entry, order_id: str, body: Mapping[str, Any], action: str, paper: bool
    ) -> TradedOrder:
        order = TradedOrder(
            order_id, body["strategy"], body["venue"], body["symbol"], body["side"], action,
            parse_time(body.get("time", entry.time)), paper,
        )  # fmt: skip
        self.orders[order_id] = order
        return order

    @staticmethod
    def _as_filled(order: TradedOrder) -> None:
        """What rests, or goes on until all is gone, misses nothing by what has not filled."""
        order.wanted = order.filled


def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
