"""What a latch says: which scopes a person or the engine has stopped, and the numbers that tell old from new.

A scope is the whole account, one strategy or one symbol. Only HALT and EMERGENCY latch; a warning passes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from memesnipe_cli.errors import UsageError
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT


def scope_words(scope: str) -> str:
    """A scope as a person calls it: `the account`, `strategy momentum_5m`, `symbol DOGE/USD`."""
    return "the account" if scope == ACCOUNT else scope.replace(":", " ", 1)


def checked_scope(scope: str) -> str:
    """`scope` if it is one. Raises UsageError."""
    kind, _, name = scope.partition(":")
    named = kind in ("strategy", "symbol") and name.strip() and name.isprintable()
    if scope != ACCOUNT and not named:
        raise UsageError(
            f"{scope!r} is nothing that a breaker can stop", "name the account, a strategy or a symbol"
        )
    return scope


@dataclass(frozen=True)
class Hold:
    """One stopped scope: how much is stopped, why, since when and by whom.

    cause: a word for scripts (manual, drawdown, daily_loss, latch_missing, ...); reason: a sentence. since: RFC 3339
    of the wall clock, empty where nobody knows. by: engine, person or watch. bar: the tape's time where the engine
    tripped.
    """

    level: Level
    cause: str
    reason: str
    since: str
    by: str
    bar: str | None = None


@dataclass(frozen=True)
class Latch:
    """The latch of one account at one moment.

    generation: rises with every change. resets: for each scope that was ever reset, a number that rises with every
    reset and is not below the reset's time in ms UTC. fence: the token of whoever may send orders; it rises likewise.
    mended: the file was lost once and is written anew; until the next reset it may lack holds that stood before.
    problem: what is wrong with the file and where, empty where nothing is; the account is then at HALT at least.
    """

    account: str
    generation: int = 0
    holds: Mapping[str, Hold] = field(default_factory=dict)
    resets: Mapping[str, int] = field(default_factory=dict)
    fence: int = 0
    mended: bool = False
    problem: str = ""

    def level(self, scope: str = ACCOUNT) -> Level:
        """The level of one scope alone; a halted account does not show in its strategies'."""
        hold = self.holds.get(scope)
        return Level.CLOSED if hold is None else hold.level

    def raised(self, scope: str, hold: Hold) -> Latch:
        """With `scope` at `hold` where that is above what stands; itself where it is not."""
        if hold.level <= self.level(scope):
            return self
        return replace(self, generation=self.generation + 1, holds={**self.holds, scope: hold})

    def cleared(self, scope: str, at_ms: int) -> Latch:
        """With `scope` CLOSED, by a reset at `at_ms`."""
        holds = {name: hold for name, hold in self.holds.items() if name != scope}
        number = max(self.resets.get(scope, 0) + 1, at_ms)
        return replace(
            self,
            generation=self.generation + 1,
            holds=holds,
            resets={**self.resets, scope: number},
        )

    def fenced(self, at_ms: int) -> Latch:
        """With a new fence, above every one handed out before, also where the latch was lost in between."""
        return replace(self, generation=self.generation + 1, fence=max(self.fence + 1, at_ms))
