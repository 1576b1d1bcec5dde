"""The first SIGINT or SIGTERM asks a loop to stop after the step it is in; the second ends the process as
ever."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from memesnipe_cli.errors import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class GentleStop:
    """Whether a stop was asked for, and the exit code that this means."""

    def __init__(self) -> None:
        self.code: ExitCode | None = None
        self._former: dict[int, Any] = {}

    def __call__(self) -> bool:
        """True once the loop should stop."""
        return self.code is not None

    def install(self) -> None:
        """Take over the signals, except one that somebody (nohup) wants ignored."""
        for number in _CODES:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._former[number] = signal.signal(number, self._received)

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _received(self, number: int, frame: Any) -> None:
        if self.code is None:
            self.code = _CODES[signal.Signals(number)]
            return
        self.restore()
        former = self._former[number]
        if callable(former):
            former(number, frame)
        else:
            signal.raise_signal(number)


@contextmanager
def gentle_stop() -> Iterator[GentleStop]:
    """A GentleStop for the body; for the main thread only."""
    stop = GentleStop()
    stop.install()
    try:
        yield stop
    finally:
        stop.restore()
