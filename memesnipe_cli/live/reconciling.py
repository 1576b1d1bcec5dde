"""Reconciliation while the loop runs: every few minutes, after trouble, and after every unknown. What does not add up
halts the account or the symbol; until book and venue agree nothing is entered."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from memesnipe_cli import clock
from memesnipe_cli.errors import NetworkError
from memesnipe_cli.live.market import Market
from memesnipe_cli.records import time_text
from memesnipe_cli.risk.latch import Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT, symbol_scope
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.reconcile import Remedy
from memesnipe_cli.venues.reconciling import Reconciled, flows_since, reconcile_now

if TYPE_CHECKING:
    from memesnipe_cli.profile_risk import Monitoring

CAUSE = "reconciliation"
SOON_S = 5.0  # after a reconciliation that could not be finished; twice as long after each further one


@dataclass(slots=True)
class Reconciler:
    """done: the last one; done_ms: when; trip: halts a scope."""

    executor: Executor
    market: Market
    store_part: str
    monitoring: Monitoring
    monotonic: Callable[[], float]
    trip: Callable[[str, str, str], None] = field(default=lambda scope, cause, words: None)
    done: Reconciled | None = None
    done_ms: int = 0
    _next_s: float = field(default=-math.inf)
    _tries: int = 0

    def now(self) -> Reconciled:
        """Reconcile. Raises NetworkError."""
        desk = self.executor.desk
        self.done = reconcile_now(desk, self.store_part, partial(flows_since, desk.venue))
        self.done_ms = self.market.now()
        self.market.standing.reconciled = self.done.clean
        if self.done.clean:
            self._next_s = self.monotonic() + self.monitoring.reconcile_seconds
        self.market.skew_ms = float(desk.ahead_ms)
        self.market.quality.clock_skew(self.done_ms, self.market.known_skew_ms)
        return self.done

    def soon(self) -> None:
        """As soon as it can be: a connection was lost, or something is not known."""
        self._next_s = min(self._next_s, self.monotonic())

    def step(self, level: Level) -> str:
        """Reconcile where it is due at this level of the breaker; what does not add up, in words, "" where all does."""
        if self.monotonic() < self._next_s:
            return ""
        settings = self.monitoring
        every = settings.elevated_reconcile_seconds if level >= Level.WARNING else settings.reconcile_seconds
        wait_s = min(SOON_S * 2**self._tries, every)
        self._tries += 1
        self._next_s = self.monotonic() + wait_s
        try:
            self.executor.desk.sync_clock()
            done = self.now()
        except NetworkError as problem:
            self.market.standing.reconciled = False
            return problem.message
        if done.clean:
            self._tries = 0
        self._next_s = self.monotonic() + (every if done.clean else wait_s)
        for each in done.findings:
            if each.remedy is Remedy.HALT_SYMBOL and each.symbol:
                self.trip(symbol_scope(each.symbol), CAUSE, each.message)
            elif each.remedy in (Remedy.HALT, Remedy.HALT_SYMBOL):
                self.trip(ACCOUNT, CAUSE, each.message)
        for words in done.impossible:
            self.trip(ACCOUNT, CAUSE, words)
        return "; ".join(
            [*done.impossible, *(each.message for each in done.findings if each.remedy != "leave")]
        )

    @staticmethod
    def halt(file: LatchFile, scope: str, cause: str, words: str) -> None:
        """Trip a scope before there is a session."""
        file.trip(
            scope, Hold(Level.HALT, CAUSE, f"{cause}: {words}", time_text(clock.now_ms()), "engine", None)
        )
