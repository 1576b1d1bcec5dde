"""The venue's dead-man's switch, where the profile asks for it. It cancels every order of the account, stops too:
so it is armed only while nothing is held and nothing of ours rests, and taken off before anything is entered."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.venues.dead_man import arm, disarm

RENEWED_PER_SPAN = 3  # so often within its span


@dataclass(slots=True)
class Switch:
    """seconds: its span, 0 where the profile does not ask for one. armed: as far as is known; an answer that was lost
    counts as armed."""

    account: LiveAccount
    seconds: int
    armed: bool = False
    say: Callable[[str], None] = field(default=lambda words: None)
    _next_s: float = field(default=-math.inf)
    _refused: str = ""

    def step(self) -> None:
        """Renew it where it may be armed. Raises NetworkError."""
        account = self.account
        if not self.seconds or account.monotonic() < self._next_s:
            return
        self._next_s = account.monotonic() + self.seconds / RENEWED_PER_SPAN
        if any(account.cell(slot, layout.LOTS) or account.orders(slot) for slot in account.slots):
            self.off()
            return
        venue = account.executor.desk.venue
        try:
            foreign = venue.open_orders()
            self.armed = True
            arm(venue, account.executor.book, foreign, self.seconds, account.executor.desk.gate.fence)
            self._refused = ""
        except RefusedError as refused:
            self.off()
            if refused.message != self._refused:
                self.say(f"the dead-man's switch stays off: {refused.message}")
            self._refused = refused.message

    def off(self) -> None:
        """Take it off, where it may be armed; before anything is sent that it would cancel. Raises NetworkError: then
        nothing may be sent."""
        if self.armed:
            desk = self.account.executor.desk
            disarm(desk.venue, desk.gate.fence)
            self.armed = False
