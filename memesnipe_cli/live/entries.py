"""Entries: what the kernel has decided goes through the risk gate, onto the disk and to the venue, once; then the
venue is asked until it is known what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.live.patience import Patience
from memesnipe_cli.live.perpetuals import short_of_cash
from memesnipe_cli.risk.approval import Approved, Refused
from memesnipe_cli.risk.bounds import CLOSED_BAR_MS
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.order_state import UNSETTLED

if TYPE_CHECKING:
    from memesnipe_cli.engine.event_lines import Row


@dataclass(slots=True)
class Entries:
    """The entries of an account. may_open: whether a fresh entry would still be sent now."""

    account: LiveAccount
    may_open: Callable[[], bool]
    _patience: dict[str, Patience] = field(default_factory=dict)

    def check(self, events: Sequence[Row]) -> tuple[list[Row], list[Approved], dict[int, Refused]]:
        """A bar's decisions as they may stand, the orders to send for them, and by slot what the gate refused: an entry
        that it refuses is taken back and becomes a refusal."""
        passed: list[Row] = []
        approved: list[Approved] = []
        refused: dict[int, Refused] = {}
        for row in events:
            if row[layout.KIND] != layout.ENTRY_ORDER:
                passed.append(row)
                continue
            slot = row[layout.EVENT_SLOT]
            said = self._ask(slot, row)
            if isinstance(said, Approved):
                approved.append(said)
                passed.append(row)
            else:
                refused[slot] = said
                passed += self.account.kernel.take_back(row[layout.EVENT_TS], slot, row[layout.EVENT_TAG])
        return passed, approved, refused

    def send(self, approved: Sequence[Approved]) -> None:
        """Send each, once. What they were decided by goes to the disk with the first."""
        for each in approved:
            self.account.executor.dispatch(each)
        for each in approved:
            self.ask(each.intent.id)

    def step(self, slot: int) -> None:
        """Ask after the slot's entries that are not settled, as often as patience allows."""
        for order in self.account.orders(slot):
            if order.intent.action is Action.ENTRY:
                self.ask(order.intent.id)

    def ask(self, order_id: str) -> None:
        """One question after an order, if it is due."""
        account = self.account
        order = account.executor.book.of(order_id)
        patience = self._patience.setdefault(order_id, Patience())
        if not patience.due(account.monotonic()):
            return
        fresh = account.now() - (account.decided_ms + account.inputs.tape.base_ms) <= CLOSED_BAR_MS
        wanted = fresh and order.state in UNSETTLED and self.may_open()
        patience.tried(account.monotonic())
        account.executor.settle(order_id, wanted=wanted)
        if order_id not in account.executor.book.active:
            self._patience.pop(order_id, None)

    def _ask(self, slot: int, row: Row) -> Approved | Refused:
        account, terms = self.account, self.account.terms(slot)
        account.market.freshen(terms.symbol)
        scale = Decimal(str(account.kernel.world.real[slot, layout.SCALE]))
        close_ms = row[layout.EVENT_TS] + account.inputs.tape.base_ms
        intent = self._intent(slot, row)
        facts = account.market.entry_facts(terms.symbol, close_ms, scale)
        exposure = account.executor.desk.gate.exposure
        short = short_of_cash(intent, exposure, facts.cash, facts.product.taker_fee)
        return short or account.executor.approve(intent, facts)

    def _intent(self, slot: int, row: Row) -> OrderIntent:
        terms, long = self.account.terms(slot), row[layout.EVENT_SIDE] > 0
        stop = row[layout.REFERENCE] - row[layout.EVENT_SIDE] * row[layout.EVENT_STOP]
        return OrderIntent(
            id=self.account.book.order_id(slot, row) or "",
            action=Action.ENTRY,
            venue=terms.venue,
            symbol=terms.symbol,
            base=terms.base,
            strategy=self.account.key(slot)[0],
            cluster=terms.cluster,
            side="buy" if long else "sell",
            qty=row[layout.EVENT_LOTS] * terms.lot,
            price=row[layout.EVENT_TICKS] * terms.tick,
            kind="limit",
            position="long" if long else "short",
            stop=stop * terms.tick,
        )
