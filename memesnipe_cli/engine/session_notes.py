"""What a live session saw of each bar, as lines of its journal: from them a report tells later why it decided otherwise
than a backtest of the same bars."""

from __future__ import annotations

import time

from memesnipe_cli.engine.feed import TapeStep
from memesnipe_cli.engine.session_journal import Line, SessionJournal

NOTE = "bars"  # the lines' kind
_HELD_S = 1.0  # they go to the disk with the next decision, or after so long


class BarNotes:
    """What was seen of each live bar, on its way into the journal."""

    def __init__(self, book: SessionJournal, session: str) -> None:
        self._book = book
        self._session = session
        self._held: list[Line] = []
        self._since = 0.0

    def add(self, step: TapeStep, *, decided: bool) -> None:
        """Keep the note of a step. decided: a decision is about to be written down, and this goes to the disk first."""
        if step.note is None:
            return
        if not self._held:
            self._since = time.monotonic()
        self._held.append((NOTE, {"session": self._session, **step.note}))
        if decided or time.monotonic() - self._since >= _HELD_S:
            self.write()

    def write(self) -> None:
        """Put what is held on the disk."""
        held, self._held = self._held, []
        if held:
            self._book.append(held)
