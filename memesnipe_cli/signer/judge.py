"""The signer's own rules for what changes something at the venue. They trust nothing that the trader says: what is
signed must stand in the journal with the same terms, and is held against the latch and against our lots as the journal
has them.

Reductions, protective orders and cancels pass at every level of the breaker; nothing passes once the right to send was
taken away (trading.md 8 and 16: a stale fence).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.clock import SECOND_MS
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.latch_state import Latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.rates import Rates
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope, symbol_scope
from memesnipe_cli.signer.books import Books
from memesnipe_cli.signer.endpoints import Use
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.on_the_wire import CANCELS, ORDERS, WireOrder, kraken_amendment, kraken_switch
from memesnipe_cli.venues.holdings import is_perpetual
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.order_state import LIVE, OrderState
from memesnipe_cli.venues.traits import Traits

# The account's worth was marked at the last bar, the gate marks it now.
_LEEWAY = Decimal("1.05")
_ZERO = Decimal(0)
_ONE = Decimal(1)


class Judge:
    """One account at one venue. books: the account as the journal has it now; latch: as the file has it now; product:
    (the venue's name, how many base units one of it is) of a symbol. trades: False for a key that only asks."""

    def __init__(
        self,
        traits: Traits,
        bounds: Bounds,
        books: Callable[[], Books],
        latch: Callable[[], Latch],
        product: Callable[[str], tuple[str, Decimal]],
        *,
        trades: bool = True,
        now: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._traits = traits
        self._bounds = bounds
        self._books = books
        self._latch = latch
        self._product = product
        self._trades = trades
        self._now = now
        self._rates = Rates(bounds.orders_per_minute, bounds.messages_per_minute)
        self._signed: set[str] = set()

    def judge(self, use: Use, params: Mapping[str, Any], fence: int) -> None:
        """Return where the request may be signed. fence: the right to send that the order was approved under. Raises
        SignerRefusedError, and StoreError where the journal cannot be read: then nothing is signed either."""
        if use is Use.QUESTION:
            return
        if not self._trades:
            raise SignerRefusedError("reads_only", "this signer only asks: it was started for a look")
        latch = self._latch()
        if latch.fence > fence:
            raise SignerRefusedError(
                "fence",
                f"the right to send was taken away (it was {fence}, and is {latch.fence})",
                "somebody took the account over: see memesnipe breaker status",
            )
        books = self._books()
        if use is Use.ORDER:
            self._order(books, latch, ORDERS[self._traits.venue](params))
        elif use is Use.CANCEL:
            self._cancel(books, CANCELS[self._traits.venue](params))
        elif use is Use.AMEND:
            self._amend(books, params)
        else:
            self._switch(books, params)

    # Kinds of requests

    def _order(self, books: Books, latch: Latch, wire: WireOrder) -> None:
        order = self._on_record(books, wire)
        intent = order.intent
        if intent.action is Action.ENTRY:
            self._entry(books, latch, order)
        else:
            self._our_lots(books, intent, intent.id, intent.qty)
        entry, now = intent.action is Action.ENTRY, self._now()
        if self._rates.messages_left(now, entry) < 1 or (entry and self._rates.entries.left(now) < 1):
            raise SignerRefusedError(
                "rate",
                f"more orders than {self._bounds.messages_per_minute} a minute, {intent.id} is one too many",
            )
        self._rates.took(now, entry)
        self._signed.add(intent.id)

    def _on_record(self, books: Books, wire: WireOrder) -> Order:
        """The order as the journal has it, which must be this very one."""
        order = books.orders.orders.get(wire.id)
        if order is None:
            raise SignerRefusedError("record", f"the journal has no order {wire.id}")
        intent = order.intent
        # Sent late, the exit of a perpetual that cannot be told to reduce only could turn the position round.
        opens = intent.action is Action.ENTRY
        turns = is_perpetual(intent.symbol) and not opens and not self._traits.reduce_only
        resent = self._traits.idempotent_resend and not turns
        states = (OrderState.SENT, OrderState.UNKNOWN) if resent else (OrderState.SENT,)
        if order.state not in states:
            raise SignerRefusedError("record", f"the order {wire.id} is {order.state} by the journal")
        if wire.id in self._signed and not resent:
            raise SignerRefusedError("twice", f"the order {wire.id} was signed before: it is sent once")
        product, unit = self._product(intent.symbol)
        meant = WireOrder(
            id=intent.id,
            product=product,
            side=intent.side,
            size=intent.qty / unit,
            price=intent.price,
            trigger=intent.stop if intent.action is Action.PROTECT else None,
            expires_s=-(-order.expires_ms // SECOND_MS),
            deadline_ms=order.deadline_ms,
        )
        if wire != meant or intent.venue != self._traits.venue:
            raise SignerRefusedError("record", f"the order {wire.id} is another one by the journal")
        return order

    def _entry(self, books: Books, latch: Latch, order: Order) -> None:
        intent = order.intent
        opens = "buy" if intent.position == "long" else "sell"
        if intent.side != opens or intent.price is None:
            raise SignerRefusedError("side", f"{intent.id} opens nothing: {intent.side}, {intent.position}")
        if intent.side == "sell" and not is_perpetual(intent.symbol):
            raise SignerRefusedError("lots", f"{intent.id} would sell {intent.base} that is not ours")
        for scope in (ACCOUNT, strategy_scope(intent.strategy), symbol_scope(intent.symbol)):
            if latch.level(scope) >= Level.HALT:
                raise SignerRefusedError(
                    "latch",
                    f"the breaker holds {scope} at {latch.level(scope).name}: nothing is entered",
                    "see memesnipe breaker status",
                )
        worth = books.worth
        if worth is None or worth <= 0:
            raise SignerRefusedError("size", "the journal does not say what the account is worth")
        self._size(books, intent, worth * _LEEWAY)

    def _size(self, books: Books, intent: OrderIntent, worth: Decimal) -> None:
        """An entry with all that is held and waits beside it, against what the profile allows."""
        this = _notional(intent)
        waiting = [
            (each.intent.base, each.left * (each.intent.price or _ZERO))
            for each in books.orders.live()
            if each.intent.action is Action.ENTRY and each.intent.id != intent.id
        ]
        held = [(each.base, each.cost) for each in books.orders.holdings.values() if each.qty > 0]
        of_base = this + sum((cost for base, cost in (*waiting, *held) if base == intent.base), _ZERO)
        of_all = this + sum((cost for _, cost in (*waiting, *held)), _ZERO)
        for what, found, most in (
            ("an order", this, self._bounds.max_order),
            (
                f"a trade in {intent.base}",
                of_base,
                worth * self._bounds.trade_share * self._bounds.highest_scale,
            ),
            ("all positions", of_all, worth * min(self._bounds.gross_share, _ONE)),
        ):
            if found > most:
                raise SignerRefusedError(
                    "size", f"{intent.id}: {what} would come to {found:f}, and at most {most:f} is signed"
                )

    def _our_lots(self, books: Books, intent: OrderIntent, order_id: str, qty: Decimal) -> None:
        """What protects or leaves sells what is ours, and no more, with what rests beside it. qty: what may still
        fill."""
        closes = "sell" if intent.position == "long" else "buy"
        if intent.side != closes:
            raise SignerRefusedError("side", f"{intent.id} leaves nothing: {intent.side}, {intent.position}")
        held = books.orders.held(intent.strategy, intent.symbol)
        beside = sum(
            (
                _may_fill(each)
                for each in books.orders.live()
                if each.intent.id != order_id
                and (each.intent.strategy, each.intent.symbol) == (intent.strategy, intent.symbol)
                and each.intent.action is not Action.ENTRY
            ),
            _ZERO,
        )
        if qty + beside > held:
            raise SignerRefusedError(
                "lots", f"{intent.id} is for {qty:f}, and {held - beside:f} of our {intent.symbol} is free"
            )

    def _cancel(self, books: Books, named: str) -> None:
        order_id = books.orders.by_venue_id.get(named, named)
        if order_id not in books.orders.orders:
            raise SignerRefusedError("foreign", f"the order {named} is not ours by the journal")

    def _amend(self, books: Books, params: Mapping[str, Any]) -> None:
        wire = kraken_amendment(params)
        order = books.orders.orders.get(books.orders.by_venue_id.get(wire.venue_id, ""))
        if order is None or order.amendment is None or order.state not in LIVE:
            raise SignerRefusedError("record", f"the journal has no amendment of the order {wire.venue_id}")
        terms, deadline_ms = order.amendment.terms, order.amendment.deadline_ms
        meant = (terms.qty, terms.price, terms.stop, deadline_ms)
        if (wire.size, wire.price, wire.trigger, wire.deadline_ms) != meant:
            raise SignerRefusedError("record", f"the amendment {terms.id} is another one by the journal")
        if order.intent.action is not Action.PROTECT:
            raise SignerRefusedError("record", f"{order.intent.id} is no protective stop")
        self._our_lots(books, terms, order.intent.id, wire.size - order.filled)

    def _switch(self, books: Books, params: Mapping[str, Any]) -> None:
        """Armed, it cancels every order of the account."""
        protecting = [each for each in books.orders.live() if each.intent.action is Action.PROTECT]
        if kraken_switch(params) and protecting:
            raise SignerRefusedError("switch", f"it would cancel the stop {protecting[0].intent.id}")


def _may_fill(order: Order) -> Decimal:
    """What may still fill of an order; while other terms of it may stand, of the larger ones."""
    asked = order.intent.qty if order.amendment is None else max(order.intent.qty, order.amendment.terms.qty)
    return asked - order.filled


def _notional(intent: OrderIntent) -> Decimal:
    return intent.qty * (intent.price or _ZERO)
