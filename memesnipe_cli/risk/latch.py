"""The latch of one account on disk: `breaker/<account>/latch.json` in the store.

Read before every order, so reading costs microseconds and waits for nobody. The file is written under its lock only. A
trip waits for that lock 50 ms; a holder that hangs does not stop it: the trip is then a file of its own in `trips/`,
which every reader counts in and the next holder of the lock folds into the latch. So no writer can overwrite
another's trip with what it read before. What is unreadable, or missing where it must be, reads as HALT.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.errors import RefusedError, StoreError, UsageError
from memesnipe_cli.risk.latch_format import (
    BadLatchError,
    latch_bytes,
    parse_latch,
    parse_trip,
    trip_bytes,
)
from memesnipe_cli.risk.latch_state import Hold as Hold
from memesnipe_cli.risk.latch_state import Latch as Latch
from memesnipe_cli.risk.latch_state import checked_scope, scope_words
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT as ACCOUNT
from memesnipe_cli.store import locks
from memesnipe_cli.store.files import explained, make_folder, sync_folder, temporary_name, write_file
from memesnipe_cli.store.paths import StorePaths

TRIP_PATIENCE_S = 0.05
LOCK_DEADLINE_S = 2.0
_AFTER_A_LOSS_MS = 1_000
_BLOCK = 1 << 16
_LARGEST = 16 * _BLOCK

_Change = Callable[[Latch], Latch]


@dataclass(frozen=True)
class _Trip:
    """A file in `trips/`: a hold that waits to be folded in, or why it cannot be read."""

    path: Path
    scope: str
    hold: Hold | None
    problem: str = ""


class LatchFile:
    """Reads and changes the latch of `account`. Cheap to make; creates nothing until it is told to.

    Raises UsageError for an account whose name cannot be stored.
    """

    def __init__(self, paths: StorePaths, account: str) -> None:
        self.account = account
        self.folder = paths.breaker_of(account)
        self.path = self.folder / "latch.json"
        self._trips = self.folder / "trips"
        self._lock = self.folder / "latch.lock"
        self._set_aside = self.folder / "latch.set_aside"
        self._trader_lock = paths.account(account) / "trader.lock"
        self._last: tuple[bytes, Latch] | None = None

    def read(self, *, must_exist: bool) -> Latch:
        """What the latch says now. Never raises and takes no lock.

        A file that is unreadable reads as the account at HALT, and so does one that is missing where the account's
        breaker folder is there, or where `must_exist` says that the account has traded.
        """
        # The trips first: one that is folded in between is then seen twice rather than not at all.
        trips = self._waiting_trips()
        return _with_trips(self._read_file(must_exist=must_exist), trips)

    def create(self) -> Latch:
        """A latch with nothing stopped, durable, for an account that begins; where the account's breaker folder is
        there already, nothing changes. Returns what stands. Raises StoreError."""
        if self.folder.exists():
            return self.read(must_exist=True)
        with explained(f"cannot create the breaker latch {self.path}"):
            make_folder(self.folder.parent)
            # Folder and latch appear in one step, so that a folder without its latch always means a loss.
            new = temporary_name(self.folder)
            try:
                new.mkdir()
                write_file(new / self.path.name, latch_bytes(Latch(self.account)))
                try:
                    os.rename(new, self.folder)
                except OSError:
                    # Where somebody else was quicker, theirs counts.
                    if not self.path.exists():
                        raise
                sync_folder(self.folder.parent)
            finally:
                (new / self.path.name).unlink(missing_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    new.rmdir()
        return self.read(must_exist=True)

    def trip(self, scope: str, hold: Hold) -> Latch:
        """Raises `scope` to `hold`'s level at least; never lowers it. Returns what stands then, durable.

        Waits for nobody. Where the account has no latch yet, `create` it before, or it counts as lost. Raises
        UsageError for a level below HALT and for what is no scope; StoreError where the disk refuses every way, saying
        what is stopped and what is not.
        """
        if hold.level < Level.HALT:
            raise UsageError(f"level {hold.level.name} does not latch", "trip HALT or EMERGENCY")
        checked_scope(scope)
        standing = self.read(must_exist=True)
        if standing.problem:
            # The account is at HALT by that alone; mending it, which makes new numbers, is for a reset.
            return self._trip_beside(scope, hold)
        if standing.level(scope) >= hold.level:
            return standing
        try:
            return self._changed(TRIP_PATIENCE_S, lambda latch: latch.raised(scope, hold))
        except (StoreError, OSError):
            return self._trip_beside(scope, hold)

    def reset(
        self,
        scope: str,
        expected: int,
        *,
        known: Mapping[str, Hold] | None = None,
        before: Callable[[], object] | None = None,
    ) -> Latch:
        """Clears one scope. Returns what stands then.

        A latch that was unreadable or missing is whole again after it, with a new fence: a trader that still runs may
        send no more and is started anew. `known` are the holds that such a latch may have forgotten. `before` is called
        under the lock once nothing else stands in the way; if it raises nothing is reset. Raises RefusedError where
        the generation is no longer `expected`: somebody tripped meanwhile; StoreBusyError that says who holds the
        lock; StoreError.
        """

        def clear(latch: Latch) -> Latch:
            if latch.generation != expected:
                raise RefusedError(
                    f"the breaker of account {self.account!r} changed in this moment: nothing was reset",
                    "look again (memesnipe breaker status), then reset again",
                )
            if before is not None:
                before()
            now = _now_after(latch)
            if not latch.mended:
                return latch.cleared(scope, now)
            for each, hold in (known or {}).items():
                latch = latch.raised(each, hold)
            cleared = replace(latch.cleared(scope, now), mended=False)
            return cleared.fenced(now) if latch.problem else cleared

        return self._changed(LOCK_DEADLINE_S, clear)

    def take_fence(self) -> int:
        """A new token for sending orders; whoever holds an older one may send no more.

        Raises StoreBusyError that says who holds the lock, StoreError.
        """
        return self._changed(LOCK_DEADLINE_S, lambda latch: latch.fenced(_now_after(latch))).fence

    # --- reading --------------------------------------------------------------------------------------------

    def _read_file(self, *, must_exist: bool) -> Latch:
        try:
            data = self._bytes()
        except OSError as problem:
            return self._unreadable(f"{self.path} cannot be read: {problem.strerror or problem}")
        if data is None:
            if not must_exist and not self.folder.exists():
                return Latch(self.account)
            data = self._bytes_once_more()
        if data is None:
            return self._missing()
        if self._last is not None and self._last[0] == data:
            return self._last[1]
        try:
            latch = parse_latch(data, self.account)
        except BadLatchError as problem:
            return self._unreadable(f"{self.path} {problem}")
        self._last = (data, latch)
        return latch

    def _bytes(self) -> bytes | None:
        try:
            return _read_bytes(self.path)
        except FileNotFoundError:
            return None

    def _bytes_once_more(self) -> bytes | None:
        """Folder and latch may have come between the look at the one and at the other."""
        try:
            return self._bytes()
        except OSError:
            return None

    def _missing(self) -> Latch:
        problem = f"{self.path} is missing"
        try:
            # What a trip on a full disk renamed away still says what stood before.
            known = parse_latch(_read_bytes(self._set_aside), self.account)
        except (OSError, BadLatchError):
            known = self._known()
        return _halted(known, "latch_missing", problem, _changed_at(self.folder))

    def _unreadable(self, problem: str) -> Latch:
        return _halted(self._known(), "latch_unreadable", problem, _changed_at(self.path))

    def _known(self) -> Latch:
        """What was read last, when it still could be read: a running trader keeps its holds and its fence."""
        return Latch(self.account) if self._last is None else self._last[1]

    def _waiting_trips(self) -> list[_Trip]:
        try:
            names = os.listdir(self._trips)
        except FileNotFoundError:
            return []
        except OSError as problem:
            reason = f"{self._trips} cannot be read: {problem.strerror or problem}"
            return [_Trip(self._trips, ACCOUNT, None, reason)]
        found = [self._read_trip(self._trips / name) for name in sorted(names) if name[:1] != "."]
        return [trip for trip in found if trip is not None]

    def _read_trip(self, path: Path) -> _Trip | None:
        try:
            scope, hold = parse_trip(_read_bytes(path), self.account)
        except FileNotFoundError:
            return None  # folded into the latch, which is read after this
        except OSError as problem:
            return _Trip(path, ACCOUNT, None, f"{path} cannot be read: {problem.strerror or problem}")
        except BadLatchError as problem:
            return _Trip(path, ACCOUNT, None, f"{path} {problem}")
        return _Trip(path, scope, hold)

    # --- writing --------------------------------------------------------------------------------------------

    def _changed(self, deadline_s: float, change: _Change) -> Latch:
        """Under the lock: folds the waiting trips in, applies `change`, writes. Raises StoreError."""
        with explained(f"cannot write the breaker latch {self.path}"):
            make_folder(self.folder)
        with locks.exclusive(self._lock, f"the breaker latch of account {self.account!r}", deadline_s):
            trips = self._waiting_trips()
            standing = _with_trips(self._read_file(must_exist=True), trips)
            if standing.problem:
                standing = replace(standing, mended=True)
            after = change(standing)
            if after is standing and not trips and not standing.problem:
                return standing
            with explained(f"cannot write the breaker latch {self.path}"):
                self._write(replace(after, problem=""))
                for trip in trips:
                    # One that cannot be removed is folded in again by the next writer.
                    with contextlib.suppress(OSError):
                        trip.path.unlink()
        return self.read(must_exist=True)

    def _write(self, latch: Latch) -> None:
        if self.path.is_file() and not self._is_whole():
            # Evidence of what broke it, for a person; until the next line the latch is missing, which is HALT.
            os.replace(self.path, self.path.with_suffix(f".unreadable-{clock.now_ms()}"))
        write_file(self.path, latch_bytes(latch))
        self._set_aside.unlink(missing_ok=True)

    def _is_whole(self) -> bool:
        try:
            parse_latch(_read_bytes(self.path), self.account)
        except BadLatchError:
            return False
        return True

    def _trip_beside(self, scope: str, hold: Hold) -> Latch:
        """The trip as a file that nobody else writes; where even that fails, the latch is renamed away, which needs
        no room on the disk and reads as HALT."""
        try:
            make_folder(self._trips)
            name = f"{clock.now_ms()}-{os.getpid()}-{os.urandom(4).hex()}.json"
            write_file(self._trips / name, trip_bytes(self.account, scope, hold))
        except OSError as problem:
            if not self._stands(scope, hold.level):
                self._trip_by_removal(scope, hold, problem)
        return self.read(must_exist=True)

    def _trip_by_removal(self, scope: str, hold: Hold, problem: OSError) -> None:
        why = problem.strerror or str(problem)
        try:
            if self.read(must_exist=True).level() < Level.HALT:
                os.replace(self.path, self._set_aside)
                sync_folder(self.folder)
        except OSError as second:
            if self.read(must_exist=True).level() < Level.HALT:
                raise StoreError(
                    f"the breaker latch {self.path} cannot be written ({why}; {second.strerror or second}):"
                    " NOTHING IS STOPPED",
                    f"end the trader by its pid: {locks.holder(self._trader_lock)}; then look at the disk",
                ) from problem
        if hold.level > Level.HALT:
            raise StoreError(
                f"the disk refuses the breaker latch ({why}): the account is at HALT, new positions are stopped,"
                f" but {scope_words(scope)} is not at {hold.level.name}",
                "free some space (memesnipe store size), then trip it again",
            ) from problem

    def _stands(self, scope: str, level: Level) -> bool:
        latch = self.read(must_exist=True)
        return max(latch.level(scope), latch.level()) >= level


def _now_after(latch: Latch) -> int:
    """A time in ms for a number that must be above all that were given out before. What was lost may have given out
    some in this very millisecond."""
    return clock.now_ms() + (_AFTER_A_LOSS_MS if latch.mended or latch.problem else 0)


def _with_trips(latch: Latch, trips: list[_Trip]) -> Latch:
    for trip in trips:
        if trip.hold is None:
            latch = _halted(latch, "latch_unreadable", trip.problem, _changed_at(trip.path))
        else:
            latch = latch.raised(trip.scope, trip.hold)
    return latch


def _halted(latch: Latch, cause: str, problem: str, since: str) -> Latch:
    """The account at HALT because its latch cannot be relied on."""
    hold = Hold(Level.HALT, cause, problem, since, "engine")
    return replace(latch.raised(ACCOUNT, hold), problem=problem)


def _changed_at(path: Path) -> str:
    """When a file or folder was last changed; empty where nobody knows."""
    try:
        return clock.format_time(path.stat().st_mtime_ns // 1_000_000)
    except OSError:
        return ""


def _read_bytes(path: Path) -> bytes:
    # Non-blocking: a pipe put in the file's place must not make the reader wait.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        data = os.read(handle, _BLOCK)
        # More than any latch has is none: it does not match its checksum.
        while len(data) % _BLOCK == 0 and len(data) < _LARGEST and (more := os.read(handle, _BLOCK)):
            data += more
    finally:
        os.close(handle)
    return data
