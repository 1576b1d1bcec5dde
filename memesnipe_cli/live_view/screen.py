"""The live view on a terminal: a page drawn in place, at most twice a second, by a thread of its own.

A terminal may stand still (Ctrl-S, a window that is being dragged, a slow line) and whoever writes to it stands still
with it. So the loop only leaves its snapshot here and goes on; nothing it does waits for the screen.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO

from rich.console import Console as RichConsole
from rich.live import Live

from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live_view.lines import Lines
from memesnipe_cli.live_view.page import SMALLEST, Page

REFRESH_S = 0.5
SILENT_S = 10.0  # a loop that shows nothing new for so long is said to be silent
_LEAVE_S = 2.0  # for the terminal to be given back
_MOST_SAID = 200
_NO_SIZE = (80, 24)  # of a terminal that does not know its own


class Screen:
    """Takes the terminal over with the first snapshot and gives it back, with the last page left on it, at the end.

    terminal: a file of its own on the terminal, closed at the end. lines: what is used instead, should drawing fail.
    """

    def __init__(
        self, terminal: IO[str], lines: Lines, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._terminal = terminal
        self._console = RichConsole(file=terminal, highlight=False, emoji=False)
        self._lines = lines
        self._monotonic = monotonic
        self._status: LoopStatus | None = None
        self._shown_at = 0.0
        self._said: tuple[str, ...] = ()
        self._first, self._end = threading.Event(), threading.Event()
        self._problem = ""
        self._told = False
        self._thread = threading.Thread(target=self._run, name="live-view", daemon=True)

    @property
    def can_draw(self) -> bool:
        """Whether this terminal can move its cursor."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def __enter__(self) -> Screen:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back, and say again what the loop said; a terminal that stands still is left to itself."""
        self._end.set()
        self._first.set()
        try:
            self._thread.join(_LEAVE_S)
        except BaseException:
            self._thread.join(_LEAVE_S)  # a signal on the way out: the terminal first
            raise
        if not self._thread.is_alive() and not self._gave_up():
            for text in self._said:
                self._lines.say(text)

    def show(self, status: LoopStatus) -> None:
        """A new snapshot; returns at once."""
        self._status, self._shown_at = status, self._monotonic()
        self._first.set()
        if self._gave_up():
            self._lines.show(status)

    def say(self, text: str) -> None:
        """Something the loop tells a person: on the page, and once more when the terminal is given back."""
        if self._gave_up():
            self._lines.say(text)
        else:
            self._said = (*self._said, text)[-_MOST_SAID:]

    def _gave_up(self) -> bool:
        """Whether drawing has failed; says so once."""
        if self._problem and not self._told:
            self._told = True
            self._lines.say(f"the live view has ended ({self._problem}); going on in lines")
            for text in self._said:
                self._lines.say(text)
        return bool(self._problem)

    def _run(self) -> None:
        try:
            self._first.wait()
            if self._status is not None:
                self._draw(self._status)
            if self._status is not None:
                self._console.print(Page(self._status, height=SMALLEST, ended=True))
            self._terminal.close()
        except (Exception, SystemExit) as problem:  # rich leaves by SystemExit where a reader is gone
            # The loop trades on, whatever becomes of its picture.
            self._problem = f"{type(problem).__name__}: {problem}"

    def _draw(self, first: LoopStatus) -> None:
        """Until the end. Raises OSError where the terminal is gone."""
        self._measure()
        with Live(
            Page(first),
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as live:
            while not self._end.wait(REFRESH_S):
                self._measure()
                silent_s = self._monotonic() - self._shown_at
                live.update(
                    Page(self._status or first, self._said, silent_s if silent_s >= SILENT_S else 0.0),
                    refresh=True,
                )
        self._measure()

    def _measure(self) -> None:
        """The size now: of this terminal, whatever standard input is and the environment says."""
        columns, lines = os.get_terminal_size(self._terminal.fileno())
        self._console.size = (columns or _NO_SIZE[0], lines or _NO_SIZE[1])
