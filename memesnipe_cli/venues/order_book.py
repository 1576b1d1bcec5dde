"""Our orders and what we own, as the journal's lines make them: a pure state that any prefix of the lines gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.holdings import Holding, book, changes
from memesnipe_cli.venues.order_state import ENDED, LIVE, UNSETTLED, OrderState, follow

_ZERO = Decimal(0)
_HINT = "halt and reconcile the account"


@dataclass(slots=True)
class OpenAmendment:
    """Other terms that a resting stop was sent, not known yet to stand. deadline_ms: the venue's time until which they
    may arrive, 0 for no end."""

    terms: OrderIntent
    deadline_ms: int = 0


@dataclass(slots=True)
class Order:
    """One of our orders.

    intent: with the terms that it has now. risk_id: the id by which the risk gate counts it (that of its last
    amendment). deadline_ms, expires_ms: the venue's time, 0 for none. sent_ms, cancel_ms: when it, or a cancel of it,
    was last written down as sent. amendments: how often other terms were sent. trade_used: of an entry, its share of
    the limit of its trade, filled or not. disproved: it was proven not to exist, and filled.
    """

    intent: OrderIntent
    state: OrderState = OrderState.INTENT
    venue_id: str = ""
    filled: Decimal = _ZERO
    reason: str = ""
    risk_id: str = ""
    deadline_ms: int = 0
    expires_ms: int = 0
    sent_ms: int = 0
    cancel_ms: int = 0
    amendments: int = 0
    trade_used: Decimal = _ZERO
    amendment: OpenAmendment | None = None
    disproved: bool = False

    @property
    def left(self) -> Decimal:
        """What may still fill."""
        return _ZERO if self.state in ENDED else self.intent.qty - self.filled


@dataclass(slots=True)
class OrderBook:
    """All of them.

    orders: by client id, in the order of their intents. trades: the venue's trade ids that are booked. holdings: by
    (strategy, symbol). expected: by venue and currency, the last reconciled balance with our fills since. foreign: by
    venue, the latest trade ids of others that are in it; counted: the latest ids of the venue's ledger that are in it.
    reconciled_ms: by venue, when that was; first_ms: when it was for the first time. active: the orders
    that have not ended, since a journal of years is mostly of those that have.
    """

    orders: dict[str, Order] = field(default_factory=dict)
    trades: set[str] = field(default_factory=set)
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)
    expected: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    foreign: dict[str, set[str]] = field(default_factory=dict)
    counted: dict[str, set[str]] = field(default_factory=dict)
    reconciled_ms: dict[str, int] = field(default_factory=dict)
    first_ms: dict[str, int] = field(default_factory=dict)
    last_fill_ms: int = 0
    by_venue_id: dict[str, str] = field(default_factory=dict)
    active: dict[str, Order] = field(default_factory=dict)

    # What is asked

    def of(self, order_id: str) -> Order:
        """One of our orders. Raises DataError where there is none of that id."""
        found = self.orders.get(order_id)
        if found is None:
            raise DataError(f"the journal has no order {order_id!r}", _HINT)
        return found

    def live(self) -> Iterator[Order]:
        """Orders that may still fill."""
        return (each for each in self.active.values() if each.state in LIVE)

    def unsettled(self, symbol: str = "") -> list[Order]:
        """Orders that may exist without the venue having said so, and stops whose amendment is unknown."""
        return [
            each
            for each in self.active.values()
            if (each.state in UNSETTLED or (each.amendment is not None and each.state in LIVE))
            and symbol in ("", each.intent.symbol)
        ]

    def held(self, strategy: str, symbol: str) -> Decimal:
        """Lots of ours; below 0 where more was sold than was ours."""
        found = self.holdings.get((strategy, symbol))
        return found.qty if found else _ZERO

    def position(self, symbol: str) -> Decimal:
        """Lots of all strategies in a perpetual, below 0 for a short."""
        return sum(
            (
                held.qty if held.position == "long" else -held.qty
                for (_, of), held in self.holdings.items()
                if of == symbol
            ),
            _ZERO,
        )

    def protecting(self, strategy: str, symbol: str) -> list[Order]:
        """Protective orders of a position that may still fill."""
        return [
            each
            for each in self.live()
            if each.intent.action is Action.PROTECT
            and (each.intent.strategy, each.intent.symbol) == (strategy, symbol)
        ]

    # What happens

    def intended(self, intent: OrderIntent, trade_used: Decimal = _ZERO) -> None:
        """An order was decided. trade_used: see Order. Raises DataError for an id that was used before."""
        if intent.id in self.orders:
            raise DataError(f"the order id {intent.id} was used before", "every attempt has an id of its own")
        order = Order(intent, risk_id=intent.id, trade_used=trade_used)
        self.orders[intent.id] = self.active[intent.id] = order

    def check_move(self, order_id: str, state: OrderState) -> None:
        """Raises DataError where an order cannot come to a state, or only fills can bring it there."""
        order = self.of(order_id)
        if state is order.state and state in (OrderState.PARTLY_FILLED, OrderState.FILLED):
            return  # said once more, after the fill that led there
        follow(order_id, order.state, state)
        whole = order.filled == order.intent.qty
        if state is OrderState.PARTLY_FILLED or (state is OrderState.FILLED and not whole):
            raise DataError(
                f"{order.filled} of {order.intent.qty} of {order_id} is booked: it is not {state}", _HINT
            )

    def moved(
        self,
        order_id: str,
        state: OrderState,
        *,
        venue_id: str = "",
        reason: str = "",
        deadline_ms: int = 0,
        expires_ms: int = 0,
        time_ms: int = 0,
    ) -> None:
        """An order changed its state. Raises DataError where it cannot."""
        self.check_move(order_id, state)
        order = self.of(order_id)
        order.state = state
        order.reason = reason
        if state is OrderState.SENT:
            order.deadline_ms, order.expires_ms, order.sent_ms = deadline_ms, expires_ms, time_ms
        if venue_id:
            order.venue_id = venue_id
            self.by_venue_id[venue_id] = order_id
        self._track(order)

    def amended(self, order_id: str, terms: OrderIntent, state: str, deadline_ms: int = 0) -> None:
        """A stop was sent other terms (`sent`), or it is known what became of that; `unknown` leaves it open."""
        order = self.of(order_id)
        if state == "sent":
            order.amendment = OpenAmendment(terms, deadline_ms)
            order.amendments += 1
        elif state != "unknown":
            order.amendment = None
        if state == "accepted":
            order.risk_id = terms.id
            order.intent = replace(order.intent, qty=terms.qty, price=terms.price, stop=terms.stop)

    def cancel_sent(self, order_id: str, time_ms: int) -> None:
        """The venue is being asked to take an order back."""
        self.of(order_id).cancel_ms = time_ms

    def fill_state(self, order_id: str, fill: VenueFill) -> OrderState:
        """The state that a fill leads to. Raises DataError for one that is booked already or exceeds the order."""
        order = self.of(order_id)
        if fill.trade_id in self.trades:
            raise DataError(f"the trade {fill.trade_id} is booked already", _HINT)
        if fill.qty <= 0 or fill.price <= 0:
            raise DataError(f"the trade {fill.trade_id} is of {fill.qty} at {fill.price}", _HINT)
        asked = order.intent.qty
        if order.amendment is not None:
            # Whether the amendment stands is not known: the larger of the two quantities may fill.
            asked = max(asked, order.amendment.terms.qty)
        if order.filled + fill.qty > asked:
            raise DataError(
                f"the trade {fill.trade_id} fills {order.filled + fill.qty} of {asked} of {order_id}", _HINT
            )
        if order.filled + fill.qty == asked:
            return follow(order_id, order.state, OrderState.FILLED)
        if order.state is OrderState.CANCELLED:
            return order.state
        return follow(order_id, order.state, OrderState.PARTLY_FILLED)

    def filled(self, order_id: str, fill: VenueFill) -> None:
        """Book a trade of one of our orders. Raises DataError as `fill_state`; nothing is changed then."""
        state = self.fill_state(order_id, fill)
        order = self.of(order_id)
        order.disproved |= order.state in (OrderState.REFUSED, OrderState.ABSENT)
        order.state = state
        order.filled += fill.qty
        if fill.venue_order_id and not order.venue_id:
            order.venue_id = fill.venue_order_id
            self.by_venue_id[fill.venue_order_id] = order_id
        self._track(order)
        self.trades.add(fill.trade_id)
        self.last_fill_ms = max(self.last_fill_ms, fill.time_ms)
        key = (order.intent.strategy, order.intent.symbol)
        holding = self.holdings.setdefault(
            key, Holding(order.intent.base, order.intent.cluster, order.intent.position)
        )
        if not holding.qty and not holding.lots:
            holding.position = order.intent.position
            holding.trade_used = _ZERO
        holding.trade_used += order.trade_used * fill.qty / order.intent.qty
        book(holding, order.intent, fill)
        expected = self.expected.get(order.intent.venue)
        if expected is not None:
            for currency, change in changes(order.intent, fill).items():
                expected[currency] = expected.get(currency, _ZERO) + change

    def reconciled(
        self,
        venue: str,
        totals: dict[str, Decimal],
        foreign: Iterable[str] = (),
        time_ms: int = 0,
        counted: Iterable[str] = (),
    ) -> None:
        """Books and venue agreed on these balances, in which the trades `foreign` and the flows `counted` are."""
        self.expected[venue] = dict(totals)
        self.foreign[venue] = set(foreign)
        self.counted[venue] = set(counted)
        self.reconciled_ms[venue] = time_ms
        self.first_ms.setdefault(venue, time_ms)

    def _track(self, order: Order) -> None:
        if order.state in ENDED:
            order.amendment = None
            self.active.pop(order.intent.id, None)
        else:
            self.active[order.intent.id] = order
