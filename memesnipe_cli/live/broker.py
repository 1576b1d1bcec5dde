"""The venue's side of the loop: one step at a time it finds out what became of orders, takes fills into the
account, sells what is to leave and keeps a stop under the rest. Trouble with the network ends a step, never the
loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.errors import NetworkError
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.live.cover import Covers
from memesnipe_cli.live.entries import Entries
from memesnipe_cli.live.exits import Exits
from memesnipe_cli.live.patience import Patience
from memesnipe_cli.live.taking import end_entry, take_fills


@dataclass(slots=True)
class Broker:
    """All orders of an account. trouble: why the venue could not be asked just now, "" where it could."""

    account: LiveAccount
    entries: Entries
    covers: Covers
    exits: Exits
    trouble: str = ""
    _patience: Patience = field(default_factory=Patience)

    @classmethod
    def of(cls, account: LiveAccount, may_open: Callable[[], bool], collar: Decimal, most: Decimal) -> Broker:
        """The broker of an account. collar: the share that a first exit may give away; most: its largest slice."""
        covers = Covers(account)
        return cls(account, Entries(account, may_open), covers, Exits(account, covers, collar, most))

    def step(self) -> None:
        """One step for every slot that holds something, waits, or has orders out."""
        if self.trouble and not self._patience.due(self.account.monotonic()):
            return
        try:
            for slot in self.account.slots:
                if self._is_busy(slot):
                    self._one(slot)
        except NetworkError as problem:
            if problem.message != self.trouble:
                self.account.say(f"{problem.message}: asked again until it answers")
            self.trouble = problem.message
            self._patience.tried(self.account.monotonic())
            return
        if self.trouble:
            self.account.say("the venue answers again")
        self.trouble = ""
        self._patience.done()

    def waiting(self) -> int:
        """Orders that are not known, and trades that are not taken in: what a loop that ends waits for a while."""
        open_orders = [each for each in self.account.executor.book.live() if each.intent.action != "protect"]
        unsettled = self.account.executor.book.unsettled()
        waiting = {each.intent.id for each in (*open_orders, *unsettled)}
        for fills in self.account.pending.fills.values():
            waiting |= {order_id for order_id, _ in fills} - self.account.disproved
        return len(waiting)

    def _one(self, slot: int) -> None:
        account = self.account
        self.entries.step(slot)
        take_fills(account, slot)
        end_entry(account, slot)
        leaving = self.exits.step(slot)
        take_fills(account, slot)
        self.covers.step(slot, leaving)
        take_fills(account, slot)

    def _is_busy(self, slot: int) -> bool:
        account = self.account
        return bool(
            account.cell(slot, layout.LOTS)
            or account.cell(slot, layout.WAIT_LOTS)
            or account.orders(slot)
            or account.pending.of(account.key(slot))
        )
