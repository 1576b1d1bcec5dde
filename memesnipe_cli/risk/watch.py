"""The independent look at an account from outside its trader: whether that one lives, and what is done where it does
not.

A trader is dead when its process is gone although it never said that it ended; it hangs when its process is there but
its marks have not been renewed for longer than the profile allows. Then new positions are halted, the trader's right to
send is taken away and its process ended, the journal is read to know what is held, and that is closed. A dead one too
has its time to be started again before anybody steps in.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from memesnipe_cli import clock
from memesnipe_cli.records import record
from memesnipe_cli.risk import control
from memesnipe_cli.risk.breaker_record import account_level
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import STOPPED, Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks
from memesnipe_cli.risk.processes import is_alive
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.risk.spool import journal_soon, new_id
from memesnipe_cli.risk.takeover import PATIENCE_S, lock_holder, say_ended, taken_over, trader_lock
from memesnipe_cli.risk.trader import trader_state
from memesnipe_cli.store.paths import StorePaths

WATCH = "watch"  # the action of its journal lines
DEAD_TRADER = "dead_trader"  # the cause of its halts
_STARTING_MS = 120_000  # a process may hold the account for so long before it shows its first marks
_JOURNAL_S = 0.8


class Trader(StrEnum):
    """What the trader of an account is doing, as far as anybody outside can tell."""

    NONE = "none"  # it has never left marks
    STARTING = "starting"  # a process holds the account and has not shown its first marks
    RUNNING = "running"
    HUNG = "hung"
    DEAD = "dead"
    ENDED = "ended"
    ELSEWHERE = "elsewhere"  # the marks are of another machine: nothing is known, nothing is done


FAILED = (Trader.HUNG, Trader.DEAD)


@dataclass(frozen=True)
class Sight:
    """An account at one moment. pid, age_seconds, time: of the last marks, None where there are none. positions: how
    many the marks show. problem: what is wrong with the latch, empty where nothing is. due: the trader has failed, and
    for longer than it may."""

    account: str
    level: Level
    cause: str | None
    trader: Trader
    pid: int | None
    age_seconds: float | None
    positions: int
    time: str | None
    problem: str
    due: bool = False

    @property
    def seen(self) -> tuple[object, ...]:
        """What a change is a change of."""
        return self.level, self.trader, self.pid, bool(self.problem)


@dataclass(frozen=True)
class Closing:
    """What was held by the journal and what became of it and of waiting entries, as rows with decimals as text."""

    held: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[dict[str, Any]] = field(default_factory=list)
    closed: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)


class Books(Protocol):
    """The account's journal, as whoever can read and close positions offers it."""

    def held(self) -> list[dict[str, Any]]:
        """What is held."""

    def close(self, reason: str) -> Closing:
        """Close it; called by who holds the account."""


class Watch:
    """Looks at one account again and again. limit_s: how old the marks of a living trader may be."""

    def __init__(self, paths: StorePaths, account: str, limit_s: float) -> None:
        self.account = account
        self._paths = paths
        self._limit_s = limit_s
        self._latch = LatchFile(paths, account)
        self._must_exist = bool(control.read_latch(paths, account).problem)
        self._beat: str | None = None
        self._beat_seen = 0.0

    def look(self, *, by_wall_clock: bool = False) -> Sight:
        """What stands now.

        Marks count as old when they have not changed for limit_s under the eyes of this watch, so that a clock that is
        set, or a machine that slept, kills nobody. by_wall_clock: by their own time instead, for a single look.
        """
        self._must_exist = self._must_exist or self._latch.folder.exists()
        latch = self._latch.read(must_exist=self._must_exist)
        marks = read_marks(marks_path(self._paths, self.account))
        said = trader_state(marks)
        hold = latch.holds.get(ACCOUNT)
        silent_s = said["age_seconds"] if by_wall_clock else self._silent_s(said["beat"])
        too_long = silent_s is None or silent_s > self._limit_s
        trader = self._trader(marks, too_long)
        return Sight(
            self.account,
            account_level(latch, marks),
            (marks or {}).get("cause") if hold is None else hold.cause,
            trader,
            said["pid"],
            said["age_seconds"],
            len((marks or {}).get("positions") or []),
            (marks or {}).get("time"),
            latch.problem,
            trader in FAILED and too_long,
        )

    def _silent_s(self, beat: str | None) -> float:
        now = time.monotonic()
        if beat != self._beat:
            self._beat, self._beat_seen = beat, now
        return now - self._beat_seen

    def _trader(self, marks: Mapping[str, Any] | None, too_long: bool) -> Trader:
        if marks is not None and marks.get("host") != os.uname().nodename:
            return Trader.ELSEWHERE if marks.get("running") else Trader.ENDED
        pid = None if marks is None else marks.get("pid")
        if marks is not None and marks.get("running") and isinstance(pid, int):
            if is_alive(pid, str(marks.get("started") or "")):
                return Trader.HUNG if too_long else Trader.RUNNING
            return self._successor(pid) or Trader.DEAD
        return self._successor(pid) or (Trader.NONE if marks is None else Trader.ENDED)

    def _successor(self, pid: int | None) -> Trader | None:
        """A process that holds the account without being the one of the marks, None where there is none."""
        holder = lock_holder(trader_lock(self._paths, self.account))
        if holder is None or holder.pid == pid:
            return None
        return Trader.STARTING if clock.now_ms() - holder.since_ms < _STARTING_MS else Trader.HUNG


def sight_record(sight: Sight, *, action: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The `watch` record. action: what was done about it, None where nothing was."""
    return record(
        "watch",
        account=sight.account,
        at=clock.format_time(clock.now_ms()),
        level=sight.level.name,
        stopped=STOPPED[sight.level],
        cause=sight.cause,
        trader=sight.trader.value,
        pid=sight.pid,
        age_seconds=sight.age_seconds,
        positions=sight.positions,
        time=sight.time,
        problem=sight.problem or None,
        action=action,
    )


def step_in(paths: StorePaths, sight: Sight, books: Books, patience_s: float = PATIENCE_S) -> dict[str, Any]:
    """Halt, take over, reconcile, close, and write all of it down: the journal line's body.

    May be repeated: what was done before is not done again. Raises StoreError where the latch cannot be written,
    StoreBusyError where somebody holds the account who may not be ended; the halt stands all the same.
    """
    account = sight.account
    reason = f"the trader (pid {sight.pid}) {_what(sight)}"
    control.trip(paths, account, ACCOUNT, Level.HALT, reason, cause=DEAD_TRADER, by=WATCH)
    with taken_over(paths, account, patience_s) as taken:
        done = books.close(reason)
        say_ended(paths, account)
    line = {
        "action": WATCH,
        "id": new_id(),
        "scope": ACCOUNT,
        "cause": DEAD_TRADER,
        "reason": reason,
        "since": clock.format_time(clock.now_ms()),
        "by": WATCH,
        "trader": sight.trader.value,
        "pid": sight.pid,
        "ended": taken.words,
        "fence": taken.fence,
        "held": done.held,
        "cancelled": done.cancelled,
        "closed": done.closed,
        "left": done.left,
    }
    waits = journal_soon(paths, account, line, _JOURNAL_S)
    return {**line, "journal_waits": waits or None}


def _what(sight: Sight) -> str:
    if sight.trader is Trader.DEAD:
        return "is gone and never said that it ended"
    if sight.age_seconds is None:
        return "gives no sign of life"
    return f"has given no sign of life for {sight.age_seconds:.1f} s"
