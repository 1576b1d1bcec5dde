"""The view where there is no screen: a line on stderr for each thing that changed."""

from __future__ import annotations

from types import TracebackType

from memesnipe_cli.clock import floor_to, format_time
from memesnipe_cli.console import Console
from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live_view.changes import changes
from memesnipe_cli.live_view.words import clean

_SECOND_MS = 1_000


class Lines:
    """Says what changed since the snapshot before. With -q only what is trouble."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._before: LoopStatus | None = None

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def show(self, status: LoopStatus) -> None:
        """A new snapshot."""
        time = format_time(floor_to(status.time_ms, _SECOND_MS))
        for change in changes(self._before, status):
            (self._console.warn if change.trouble else self._console.say)(f"{time}  {change.text}")
        self._before = status

    def say(self, text: str) -> None:
        """Something the loop tells a person."""
        self._console.say(clean(text))
