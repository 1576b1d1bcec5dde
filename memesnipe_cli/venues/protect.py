"""Keeps a stop at the venue under what was bought: sized to what filled, moved in place where the venue can.

Each call is one step from what the book says to what should rest, so that a restart in the middle goes on. Where a stop
cannot be amended it is cancelled, its end awaited, its fills booked, and another one placed under what is then held;
how long the position was naked is measured and written down. A stop whose state is unknown counts as none for
protection, and holds its coins for balance: it is settled before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from memesnipe_cli.clock import SECOND_MS, format_time
from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.facts import Facts, Product
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues import outcome
from memesnipe_cli.venues.attempts import OrderKey, next_attempt
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.holdings import Holding
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.order_state import LIVE, UNSETTLED, OrderState
from memesnipe_cli.venues.steps import whole_lots, whole_ticks
from memesnipe_cli.venues.traits import StopKind

NAKED = "naked"  # the journal line of a stretch of time without a stop
# A cancel that the venue took and did not carry out is asked for again after this.
CANCEL_AGAIN_MS = 5 * SECOND_MS
_ZERO = Decimal(0)
_ONE = Decimal(1)


class Cover(StrEnum):
    """How a position stands after a step."""

    NOTHING_HELD = "nothing_held"
    COVERED = "covered"
    TRIGGERED = "triggered"  # the stop is selling
    WAITING = "waiting"  # a stop is not settled, or a cancelled one has not ended
    DUST = "dust"  # too small for the venue to hold a stop under it
    NAKED = "naked"  # no stop could be placed: refused, or not known yet


@dataclass(frozen=True, slots=True)
class Protection:
    """naked: how much of the position no known stop is under; order_id: the stop; words: why it is not covered;
    refused: the venue's words where it does not take a stop back."""

    cover: Cover
    naked: Decimal
    order_id: str = ""
    words: str = ""
    refused: str = ""


class Protector:
    """The stops of one account. limit_share: how far below its trigger a stop-limit may sell, where the venue rests no
    other."""

    def __init__(self, executor: Executor, store_id: str, account: str, limit_share: Decimal) -> None:
        self._executor = executor
        self._store_id = store_id
        self._account = account
        self._limit_share = limit_share

    def step(self, key: OrderKey, stop: Decimal, facts: Facts, leaving: Decimal = _ZERO) -> Protection:
        """One step towards a stop at `stop` under all that is held but `leaving`, which is about to be sold otherwise.
        key: of the protective order (the open of its entry's bar, leg `stop`). Raises NetworkError where the venue does
        not answer; DataError for a stop that is none."""
        if not (stop.is_finite() and stop > 0):
            raise DataError(f"a stop of {stop} for {key.symbol}", "a trigger is a price above 0")
        book = self._executor.book
        for order in book.protecting(key.strategy, key.symbol):
            if order.state in UNSETTLED or order.amendment is not None or order.cancel_ms:
                is_held = book.held(key.strategy, key.symbol) >= order.left
                self._executor.settle_sell(order.intent.id, facts, wanted=is_held)
        holding = book.holdings.get((key.strategy, key.symbol))
        resting = book.protecting(key.strategy, key.symbol)
        wanted = _ZERO if holding is None else whole_lots(holding.qty - leaving, facts.product.lot)
        if holding is None or wanted <= 0:
            return self._drop(resting, facts)
        if not resting:
            return self._place(key, holding, wanted, stop, facts)
        if len(resting) > 1:
            return Protection(Cover.WAITING, holding.qty, resting[-1].intent.id, "more than one stop rests")
        return self._keep(key, resting[0], holding, wanted, stop, facts)

    def _keep(
        self, key: OrderKey, order: Order, holding: Holding, wanted: Decimal, stop: Decimal, facts: Facts
    ) -> Protection:
        """A stop is there: leave it, amend it, or take it back to place another one."""
        order_id = order.intent.id
        if order.state in UNSETTLED or order.amendment is not None:
            return Protection(Cover.WAITING, holding.qty, order_id, "the venue has not said whether it rests")
        if order.filled:
            return Protection(Cover.TRIGGERED, max(_ZERO, wanted - order.left), order_id)
        terms = self._terms(order_id, holding, key, wanted, stop, facts.product)
        if order.cancel_ms:
            return self._cancel(order, holding.qty, facts)
        if (order.left, order.intent.stop, order.intent.price) == (wanted, terms.stop, terms.price):
            return Protection(Cover.COVERED, _ZERO, order_id)
        if not _holds_a_stop(terms, facts.product):
            return Protection(Cover.DUST, max(_ZERO, wanted - order.left), order_id)
        if not self._executor.desk.venue.traits.amends_in_place:
            return self._cancel(order, holding.qty, facts)
        leg = f"amend {order.amendments + 1} of {order_id}"
        new_id = replace(key, leg=leg).id(self._store_id, self._account, 0)
        said = self._executor.amend(order_id, replace(terms, id=new_id, replaces=order.risk_id), facts)
        if isinstance(said, outcome.Accepted):
            return Protection(Cover.COVERED, _ZERO, order_id)
        if isinstance(said, outcome.Unknown):
            return Protection(Cover.WAITING, holding.qty, order_id, said.why)
        words = said.message if isinstance(said, Refused) else said.words
        return Protection(Cover.NAKED, max(_ZERO, wanted - order.left), order_id, words)

    def _place(
        self, key: OrderKey, holding: Holding, wanted: Decimal, stop: Decimal, facts: Facts
    ) -> Protection:
        attempt = next_attempt(self._executor.book, key, self._store_id, self._account)
        if attempt is None:
            return Protection(Cover.WAITING, holding.qty, "", "an earlier stop is not settled")
        terms = self._terms(attempt.order_id, holding, key, wanted, stop, facts.product)
        if not _holds_a_stop(terms, facts.product):
            return Protection(Cover.DUST, holding.qty, "", "the venue holds no stop of that size")
        said = self._executor.place(terms, facts)
        if isinstance(said, Refused):
            return Protection(Cover.NAKED, holding.qty, attempt.order_id, said.message)
        if said.state is not OrderState.ACCEPTED:
            cover = Cover.WAITING if said.state in LIVE else Cover.NAKED
            return Protection(cover, holding.qty, attempt.order_id, said.reason)
        self._write_gap(said, wanted)
        return Protection(Cover.COVERED, _ZERO, attempt.order_id)

    def _cancel(self, order: Order, naked: Decimal, facts: Facts) -> Protection:
        desk, refused = self._executor.desk, ""
        if not order.cancel_ms or desk.venue_now() - order.cancel_ms >= CANCEL_AGAIN_MS:
            said = self._executor.cancel(order.intent.id, facts)
            if isinstance(said, Refused):
                return Protection(Cover.WAITING, naked, order.intent.id, said.message)
            self._executor.settle(order.intent.id)
            if isinstance(said, outcome.Refused) and order.state in LIVE:
                refused = said.words
        words = f"the stop is taken back, and is {order.state}"
        return Protection(Cover.WAITING, naked, order.intent.id, words, refused)

    def _drop(self, resting: list[Order], facts: Facts) -> Protection:
        """Nothing is held: no stop may stay."""
        for order in resting:
            if order.state not in UNSETTLED:
                self._cancel(order, _ZERO, facts)
        left = [each.intent.id for each in resting if each.state in LIVE]
        return Protection(Cover.WAITING if left else Cover.NOTHING_HELD, _ZERO, left[0] if left else "")

    def _terms(
        self, order_id: str, holding: Holding, key: OrderKey, qty: Decimal, stop: Decimal, product: Product
    ) -> OrderIntent:
        long = holding.position == "long"
        trigger = whole_ticks(stop, product.tick, up=long)
        limit = None
        if StopKind.STOP_MARKET not in self._executor.desk.venue.traits.stop_kinds:
            away = _ONE - self._limit_share if long else _ONE + self._limit_share
            limit = whole_ticks(trigger * away, product.tick, up=long)
        return OrderIntent(
            id=order_id,
            action=Action.PROTECT,
            venue=key.venue,
            symbol=key.symbol,
            base=holding.base,
            strategy=key.strategy,
            cluster=holding.cluster,
            side="sell" if long else "buy",
            qty=qty,
            price=limit,
            kind="stop",
            position=holding.position,
            stop=trigger,
        )

    def _write_gap(self, order: Order, qty: Decimal) -> None:
        """How long the position was without a stop: since the one before was taken back, or since it began."""
        desk = self._executor.desk
        key = (order.intent.strategy, order.intent.symbol)
        before = [
            each.cancel_ms
            for each in desk.book.orders.values()
            if each is not order
            and each.intent.action is Action.PROTECT
            and (each.intent.strategy, each.intent.symbol) == key
        ]
        held = desk.book.holdings.get(key)
        began_ms = desk.book.last_fill_ms if held is None else held.since_ms or desk.book.last_fill_ms
        # A cancel from before this position belongs to an earlier one.
        since_ms = max([began_ms, *before])
        now_ms = desk.venue_now()
        body: dict[str, str | int] = {
            "id": order.intent.id,
            "strategy": order.intent.strategy,
            "symbol": order.intent.symbol,
            "qty": f"{qty:f}",
            "since": format_time(since_ms),
            "ms": max(0, now_ms - since_ms),
            "time": format_time(now_ms),
        }
        desk.journal.append(NAKED, body)


def _holds_a_stop(terms: OrderIntent, product: Product) -> bool:
    """Whether the venue's minimums let a stop of that size rest."""
    worth = terms.qty * (terms.price or terms.stop or _ZERO)
    return (
        terms.qty > 0 and terms.qty >= (product.min_qty or _ZERO) and worth >= (product.min_notional or _ZERO)
    )
