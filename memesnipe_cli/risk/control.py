"""What a person does to a breaker by hand: trip it and reset it. Each act is in the latch and in the journal.

A trip stands in the latch before anything else happens, and the journal may come later. A reset is the other way
round: what is not in the journal is not reset.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.errors import RefusedError, StoreError, UsageError
from memesnipe_cli.risk.breaker_journal import RESET, TRIP, reset_line, standing_holds, trip_line
from memesnipe_cli.risk.latch import Hold, Latch, LatchFile
from memesnipe_cli.risk.latch_state import checked_scope
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks
from memesnipe_cli.risk.restored import refuse_unreconciled
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.risk.spool import BREAKER, journal_soon, merge_spool
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.store.files import explained
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths, decode_name

TRIP_JOURNAL_S = 0.8
RESET_JOURNAL_S = 2.0
_SESSION = "session"


@dataclass(frozen=True)
class Tripped:
    """What a trip did. changed: False where the scope stood that high already; hold: what was put there. unjournalled:
    why the journal's line waits in the spool; empty where it is in the journal."""

    latch: Latch
    changed: bool
    hold: Hold
    unjournalled: str = ""


@dataclass(frozen=True)
class Reset:
    """What a reset did. cleared: the hold that stood, None where there was nothing to reset."""

    latch: Latch
    cleared: Hold | None


def accounts(paths: StorePaths) -> Iterator[str]:
    """The accounts of a store that can be stopped: at once those that have a latch, by name, then those that have lost
    theirs. The second kind costs a look into journals. Raises StoreError where the folders cannot be read."""
    journalled = _names(paths.journal)
    latched = [each for each in _names(paths.breaker) if each in journalled or _has_own_latch(paths, each)]
    yield from latched
    for name in journalled:
        if name not in latched and _had_latch(paths, name):
            yield name


def has_traded(paths: StorePaths, account: str) -> bool:
    """Whether the account's journal tells of a session; True where it cannot be read."""
    return _tells(paths, account, lambda entry: entry.kind == _SESSION)


def read_latch(paths: StorePaths, account: str) -> Latch:
    """The account's latch; one that is missing although the account has traded reads as HALT. Never raises but for a
    name that cannot be an account's."""
    file = LatchFile(paths, account)
    latch = file.read(must_exist=False)
    if latch.generation or file.folder.exists():
        return latch
    return file.read(must_exist=_had_latch(paths, account))


def trip(
    paths: StorePaths,
    account: str,
    scope: str,
    level: Level,
    reason: str,
    *,
    cause: str = "manual",
    by: str = "person",
) -> Tripped:
    """Stops a scope by hand, waiting for nobody: the latch first, then its line in the journal or in the spool.

    Raises as `set_latch` does.
    """
    return write_down(paths, scope, set_latch(paths, account, scope, level, reason, cause=cause, by=by))


def set_latch(
    paths: StorePaths,
    account: str,
    scope: str,
    level: Level,
    reason: str,
    *,
    cause: str = "manual",
    by: str = "person",
) -> Tripped:
    """The half of a trip that stops. Whoever stops several accounts calls it for all of them before `write_down`.

    Raises UsageError for an empty reason, a level below HALT or what is no scope; StoreError that says what is stopped
    and what is not where the latch cannot be written.
    """
    hold = Hold(level, cause, checked_reason(reason), clock.format_time(clock.now_ms()), by)
    checked_scope(scope)
    file = LatchFile(paths, account)
    if not file.folder.exists() and not _had_latch(paths, account):
        # An account that is stopped before it ever traded has not lost anything.
        file.create()
    before = file.read(must_exist=True)
    latch = file.trip(scope, hold)
    if before.level(scope) >= level and not before.problem:
        return Tripped(latch, False, hold)
    return Tripped(latch, True, hold)


def write_down(paths: StorePaths, scope: str, done: Tripped) -> Tripped:
    """The other half: the line of what was set, in the journal or in the spool. Raises nothing of the store's."""
    if not done.changed:
        return done
    account = done.latch.account
    marks = read_marks(marks_path(paths, account))
    line = trip_line(scope, done.hold, done.latch.generation, marks)
    return replace(done, unjournalled=journal_soon(paths, account, line, TRIP_JOURNAL_S))


def reset(
    paths: StorePaths, account: str, scope: str, reason: str, *, daily_halt: float, lifetime_halt: float
) -> Reset:
    """Clears a scope by hand, for a person who has understood the cause, and mends a broken latch.

    Raises UsageError for an empty reason or what is no scope; RefusedError while the loss of the present day is
    `daily_halt` or more, or the lifetime drawdown `lifetime_halt` or more (shares), for a live account that was
    restored from a backup and not reconciled since, and where somebody tripped in the same moment; StoreError where
    latch or journal cannot be written: then nothing is reset.
    """
    reason = checked_reason(reason)
    checked_scope(scope)
    file = LatchFile(paths, account)
    latch = read_latch(paths, account)
    standing = latch.holds.get(scope)
    if standing is None:
        return Reset(latch, None)
    marks = read_marks(marks_path(paths, account))
    if scope == ACCOUNT and marks is not None:
        _refuse_too_early(account, marks, daily_halt, lifetime_halt)
    since = clock.format_time(clock.now_ms())
    line = reset_line(scope, standing, reason, since, latch.generation + 1, marks)
    journal = Journal(paths, account, deadline_s=RESET_JOURNAL_S)
    if scope == ACCOUNT:
        refuse_unreconciled(journal)

    def record() -> None:
        merge_spool(journal, paths, account, deadline_s=RESET_JOURNAL_S)
        journal.append(BREAKER, line)

    known = standing_holds(journal) if latch.problem or latch.mended else None
    return Reset(file.reset(scope, latch.generation, known=known, before=record), standing)


def checked_reason(reason: str) -> str:
    """A person's reason on one line. Raises UsageError where there is none."""
    words = " ".join(reason.encode("utf-8", "replace").decode().split())
    if not words:
        raise UsageError("--reason is empty", "say why: --reason 'spread of DOGE exploded'")
    return words


def _names(folder: Path) -> list[str]:
    """The accounts that have a folder in this one; what is only being made begins with a dot."""
    with explained(f"cannot read which accounts there are in {folder}"):
        try:
            found = [each.name for each in os.scandir(folder) if each.is_dir()]
        except FileNotFoundError:
            return []
    return sorted(decode_name(name) for name in found if not name.startswith("."))


def _has_own_latch(paths: StorePaths, account: str) -> bool:
    """Whether a folder that no journal stands for is an account's at all, and no copy of another one's."""
    return not LatchFile(paths, account).read(must_exist=True).problem


def _had_latch(paths: StorePaths, account: str) -> bool:
    """Whether a latch that is not there has been lost: the account has traded, or a person has stopped it."""
    return _tells(paths, account, _proves_a_latch)


def _proves_a_latch(entry: Entry) -> bool:
    if entry.kind == _SESSION:
        # Where halts are acknowledged by themselves, in a replay, no latch is asked.
        return (entry.body.get("rules") or {}).get("assumed_reset_ms") is None
    return entry.kind == BREAKER and entry.body.get("action") in (TRIP, RESET)


def _tells(paths: StorePaths, account: str, what: Callable[[Entry], bool]) -> bool:
    """Whether a line of the journal says it; True where the journal cannot be read."""
    try:
        return any(what(entry) for entry in Journal(paths, account).entries())
    except StoreError:
        return True


def _refuse_too_early(
    account: str, marks: Mapping[str, Any], daily_halt: float, lifetime_halt: float
) -> None:
    lifetime = marks.get("lifetime_drawdown")
    if isinstance(lifetime, float) and lifetime >= lifetime_halt:
        raise RefusedError(
            f"account {account!r} has lost {lifetime:.2%} of its highest value ever;"
            f" from {lifetime_halt:.2%} on no reset lifts the halt",
            "only an edited profile does: [breaker] lifetime_halt, with allow_looser = true",
            code="lifetime_drawdown",
        )
    loss = marks.get("daily_loss")
    if isinstance(loss, float) and loss >= daily_halt and _is_today(marks.get("time")):
        raise RefusedError(
            f"account {account!r} has lost {loss:.2%} today;"
            f" from {daily_halt:.2%} on the halt lasts until the next day",
            "reset it after 00:00 UTC",
            code="daily_loss",
        )


def _is_today(time: object) -> bool:
    """Whether a mark's time is of the present UTC day; a time that cannot be read counts as now."""
    try:
        then = clock.parse_time(str(time))
    except UsageError:
        return True
    return clock.floor_to(then, clock.DAY_MS) == clock.floor_to(clock.now_ms(), clock.DAY_MS)
