"""A journal as the source of figures that leave this machine: read whole and verified, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memesnipe_cli.account_names import no_journal
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import IntegrityError, StoreDamagedError, UsageError
from memesnipe_cli.store.entry import Entry, Head

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, ms UTC; until is outside. None: open on that side."""

    since_ms: int | None = None
    until_ms: int | None = None

    def has(self, ts_ms: int) -> bool:
        """Whether a moment is in it."""
        return (self.since_ms is None or ts_ms >= self.since_ms) and (
            self.until_ms is None or ts_ms < self.until_ms
        )

    def part(self, begin_ms: int, end_ms: int) -> tuple[int, int]:
        """The part of a stretch that is in it; where none is, the end is not after the begin."""
        return (
            begin_ms if self.since_ms is None else max(begin_ms, self.since_ms),
            end_ms if self.until_ms is None else min(end_ms, self.until_ms),
        )


class WholeJournal:
    """The entries of one account, verified as they are read; `head` is the last one that was read.

    Raises DataError where the account has none.
    """

    def __init__(self, store: Store, account: str) -> None:
        self.account = account
        self.head = Head()
        self._journal = store.journal(account)
        with _refused(account):
            known = self._journal.head()[0]
        if not known:
            raise no_journal(store.paths, account)

    def __iter__(self) -> Iterator[Entry]:
        """From the first entry on. Raises IntegrityError at the first line that is not what was written."""
        with _refused(self.account):
            for entry in self._journal.entries():
                self.head = Head(entry.seq, entry.hash)
                yield entry


@contextmanager
def _refused(account: str) -> Iterator[None]:
    """No figure is made of a journal that does not verify."""
    try:
        yield
    except StoreDamagedError as damaged:
        raise IntegrityError(
            f"the journal of account {account!r} does not verify: {damaged.message}",
            f"what it says after that is not evidence; see memesnipe audit verify --account {account}",
        ) from damaged


def improper(entry: Entry, problem: Exception) -> IntegrityError:
    """The error for an entry that lacks what it should have; problem: one of IMPROPER."""
    return IntegrityError(
        f"entry {entry.seq}, {entry.kind}: it has no proper {problem}",
        "it was written by another memesnipe; see what `memesnipe audit verify` says",
    )


# What reading a field that is not there, or not in its form, raises.
IMPROPER = (KeyError, IndexError, TypeError, ValueError, ArithmeticError, UsageError, StoreDamagedError)


def moment(entry: Entry) -> int:
    """When what an entry tells of was, ms UTC: of its body where that says so, else when it was written."""
    said = entry.body.get("time")
    return parse_time(said if isinstance(said, str) else entry.time)
