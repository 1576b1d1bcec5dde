"""Which view a run gets: a screen for a person at a terminal, lines for everybody else."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Protocol

from memesnipe_cli.console import Console, OutputMode
from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live_view.lines import Lines


class View(Protocol):
    """Where a loop shows itself. To be entered before it is used: leaving it gives the terminal back."""

    def __enter__(self) -> View: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, status: LoopStatus) -> None:
        """A new snapshot, as often as there is one."""

    def say(self, text: str) -> None:
        """Something the loop tells a person."""


def open_view(console: Console) -> View:
    """A screen where stderr is a terminal that can be drawn on and stdout brings tables; else lines on stderr.

    stdout stays free for data. Records on stdout (`--json`, `--jsonl`) may go down a pipe to a program that writes to
    this terminal, so there is no screen beside them; nor is there with -q.
    """
    lines = Lines(console)
    if console.mode is not OutputMode.HUMAN or console.verbosity < 0 or not console.err.isatty():
        return lines
    from memesnipe_cli.live_view.screen import Screen

    # A file of its own: a write that the terminal keeps waiting must hold no lock that others need.
    encoding = getattr(console.err, "encoding", None) or "utf-8"
    terminal = os.fdopen(os.dup(console.err.fileno()), "w", encoding=encoding, errors="replace")
    screen = Screen(terminal, lines)
    if screen.can_draw:
        return screen
    terminal.close()
    return lines
