"""Places and takes back orders, each exactly once: checked by the risk gate, written down, sent, written down.

Dies anywhere: `start` folds the journal and asks the venue what became of everything that may have been sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from memesnipe_cli import clock
from memesnipe_cli.clock import format_time
from memesnipe_cli.errors import MemesnipeError, RefusedError, UsageError
from memesnipe_cli.risk.approval import Approved, Refused
from memesnipe_cli.risk.facts import Facts
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues import outcome
from memesnipe_cli.venues.amending import amend, deadline
from memesnipe_cli.venues.booking import Booked, book_fills, end, hold
from memesnipe_cli.venues.desk import Desk, JournalWriter
from memesnipe_cli.venues.order_book import Order, OrderBook
from memesnipe_cli.venues.order_lines import cancel_line, intent_line, state_line
from memesnipe_cli.venues.order_state import ENDED, OrderState
from memesnipe_cli.venues.protocol import Venue
from memesnipe_cli.venues.settling import settle, settle_by_hand
from memesnipe_cli.venues.traits import DeathProof


@dataclass(slots=True)
class Started:
    """What a start found. never_sent: orders that were decided and not sent; unsettled: orders that may exist, for the
    loop to settle; impossible: what does not add up, which halts the account."""

    never_sent: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)


class Executor:
    """One account at one venue. For orders of a former process: taker_fee, a share of the notional, to reserve cash;
    trade_share, the limit of a trade as a share of the net asset value."""

    def __init__(
        self,
        venue: Venue,
        journal: JournalWriter,
        gate: Gate,
        taker_fee: Decimal,
        trade_share: Decimal,
        *,
        now: Callable[[], int] = clock.now_ms,
    ) -> None:
        self.desk = Desk(venue, journal, gate, now)
        self._taker_fee = taker_fee
        self._trade_share = trade_share

    @property
    def book(self) -> OrderBook:
        """Our orders and lots."""
        return self.desk.book

    def start(self) -> Started:
        """Fold the journal, tell the gate, and take one step towards knowing every order that may still be open.

        Raises NetworkError where the venue does not answer: nothing may be sent then.
        """
        self.desk.fold()
        started = Started()
        self._tell_gate()
        self.desk.sync_clock()
        for order in list(self.book.active.values()):
            if order.state is OrderState.INTENT:
                end(self.desk, order, OrderState.ABSENT, "never sent")
                started.never_sent.append(order.intent.id)
            elif order.state is OrderState.SENT:
                why = "the process ended before the answer"
                self.desk.move(order, OrderState.UNKNOWN, reason=why)
        for order in list(self.book.live()):
            started.impossible += settle(self.desk, order.intent.id).impossible
        started.unsettled += [each.intent.id for each in self.book.unsettled()]
        return started

    def place(self, intent: OrderIntent, facts: Facts, *, expires_ms: int | None = None) -> Order | Refused:
        """Check, write down, send once, write down. The order's state says what became of it.

        Raises RefusedError while an earlier order of the same coin is not settled; StoreError where the journal cannot
        be written (nothing was sent); UsageError for an order that the venue cannot take (nothing was sent).
        """
        self._check_settled(intent)
        said = self.approve(intent, facts)
        if isinstance(said, Refused):
            self.desk.journal.append("refusal", said.body())
            return said
        return self.dispatch(said, expires_ms=expires_ms)

    def approve(self, intent: OrderIntent, facts: Facts) -> Approved | Refused:
        """Check an order that `dispatch` is to send; what it may use is reserved until it ends. Nothing is written."""
        if intent.action is Action.CANCEL:
            raise UsageError(f"{intent.id} is a cancel", "call cancel")
        waits_for = self._unsettled_beside(intent)
        if waits_for:
            return Refused(intent, "unknown", "order_unknown", waits_for, None)
        return self.desk.gate.check(intent, facts)

    def dispatch(self, said: Approved, *, expires_ms: int | None = None) -> Order:
        """Write an approved order down, send it once, write down what became of it. Raises as `place`."""
        intent = said.intent
        deadline_ms = deadline(self.desk)
        now_ms = self.desk.venue_now()
        sent = state_line(
            intent,
            OrderState.SENT,
            now_ms,
            deadline=None if deadline_ms is None else format_time(deadline_ms),
            expires=None if expires_ms is None else format_time(expires_ms),
        )
        try:
            reserved = self.desk.gate.exposure.orders[intent.id]
            self.desk.begin(intent_line(intent, now_ms, reserved.trade_used), sent)
        except BaseException:
            self.desk.gate.ended(intent.id)
            raise
        order = self.book.of(intent.id)
        self.desk.approvals[intent.id] = said
        self.desk.sending(order)
        try:
            answer = self.desk.venue.send(said, deadline_ms=deadline_ms, expires_ms=expires_ms)
        except MemesnipeError as error:
            # Raised before the sending only: see protocol.py.
            end(self.desk, order, OrderState.REFUSED, f"not sent: {error.message}")
            raise
        self._took(order, answer)
        return order

    def cancel(self, order_id: str, facts: Facts) -> outcome.Outcome | Refused:
        """Ask the venue to take an order back, once. What it says ends nothing: `settle` does, by the venue's word and
        with every fill booked. Raises UsageError for an order that has ended, or that the venue must first be asked
        for."""
        order = self.book.of(order_id)
        if order.state in ENDED:
            raise UsageError(f"the order {order_id} is {order.state}", "there is nothing to cancel")
        if not order.venue_id and not self.desk.venue.traits.cancels_by_client_id:
            raise UsageError(f"the venue's id of {order_id} is not known yet", "settle it first")
        said = self.desk.gate.check(_cancel_of(order), facts)
        if isinstance(said, Refused):
            self.desk.journal.append("refusal", said.body())
            return said
        self.desk.write(cancel_line(order_id, order.venue_id, "sent", self.desk.venue_now()))
        answer = self.desk.venue.cancel(said, order.venue_id)
        state, reason = _said(answer)
        self.desk.write(cancel_line(order_id, order.venue_id, state, self.desk.venue_now(), reason))
        return answer

    def amend(self, order_id: str, terms: OrderIntent, facts: Facts) -> outcome.Outcome | Refused:
        """Move or resize a resting stop without a gap: see amending.py."""
        return amend(self.desk, order_id, terms, facts)

    def settle(self, order_id: str, *, wanted: bool = False) -> Booked:
        """One step towards knowing an order: see settling.py."""
        return settle(self.desk, order_id, wanted=wanted)

    def settle_sell(self, order_id: str, facts: Facts, *, wanted: bool) -> Booked:
        """One step towards knowing an order that protects or leaves. wanted: what it would sell is held. Where a venue
        must be asked by sending it again, that is done after a restart, too: unlike an entry it is wanted as long as
        there is something to sell, and nothing is sold or protected before it is known."""
        order = self.book.of(order_id)
        asks = self.desk.venue.traits.death_proof is DeathProof.RESEND
        if wanted and asks and order.state is OrderState.UNKNOWN and order_id not in self.desk.approvals:
            said = self.desk.gate.renew(order.intent, facts)
            if isinstance(said, Approved):
                self.desk.approvals[order_id] = said
        return settle(self.desk, order_id, wanted=wanted)

    def settle_by_hand(self, order_id: str, reason: str) -> None:
        """A person has seen to it that an order does not exist."""
        settle_by_hand(self.desk, order_id, reason)

    def book_fills(self) -> Booked:
        """Book what the venue traded."""
        return book_fills(self.desk)

    def _took(self, order: Order, answer: outcome.Outcome) -> None:
        if isinstance(answer, outcome.Accepted):
            self.desk.approvals.pop(order.intent.id, None)
            self.desk.move(order, OrderState.ACCEPTED, venue_id=answer.venue_id)
        elif isinstance(answer, outcome.Refused):
            end(self.desk, order, OrderState.REFUSED, f"{answer.reason}: {answer.words}")
        else:
            self.desk.move(order, OrderState.UNKNOWN, reason=answer.why)

    def _check_settled(self, intent: OrderIntent) -> None:
        waits_for = self._unsettled_beside(intent)
        if waits_for:
            raise RefusedError(
                f"{intent.base} waits for the order {waits_for}, which may exist at the venue",
                "it is blocked until the venue has been asked: settle it",
                code="order_unknown",
            )

    def _unsettled_beside(self, intent: OrderIntent) -> str:
        """The order of the same coin that may exist unseen and that this one must wait for, "" where there is none:
        what opens waits for every one; what protects or leaves, for one that may sell the same lots. An entry of which
        nothing is known, for ever perhaps, must not keep a stop away from what is held."""
        opens = intent.action is Action.ENTRY
        found = (
            each.intent.id
            for each in self.book.unsettled()
            if each.intent.base == intent.base and (opens or each.intent.side == intent.side)
        )
        return next(found, "")

    def _tell_gate(self) -> None:
        gate = self.desk.gate
        for strategy, symbol in self.book.holdings:
            hold(self.desk, strategy, symbol)
        for order in self.book.orders.values():
            gate.remember((order.intent.id, order.risk_id))
        for order in self.book.live():
            if order.left > 0:
                adopted = replace(order.intent, id=order.risk_id, qty=order.left)
                gate.adopt(adopted, self._entered_at(order), self._taker_fee)
            if order.amendment is not None:
                gate.adopt(order.amendment.terms, None, self._taker_fee)

    def _entered_at(self, order: Order) -> Decimal | None:
        """The net asset value that an entry was sized by; None where that is not known."""
        if not order.trade_used or order.intent.price is None:
            return None
        return order.intent.qty * order.intent.price / order.trade_used / self._trade_share


def _cancel_of(order: Order) -> OrderIntent:
    return replace(order.intent, action=Action.CANCEL, price=None, stop=None, replaces="")


def _said(answer: outcome.Outcome) -> tuple[str, str]:
    if isinstance(answer, outcome.Accepted):
        return "accepted", ""
    if isinstance(answer, outcome.Refused):
        return "refused", answer.words
    return "unknown", answer.why
