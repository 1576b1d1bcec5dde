"""SIGINT and SIGTERM: how they unwind a command, and the memory of having received one.

The memory is needed because a library may swallow the exception that a handler raised and raise an error of
its own in its place: DuckDB answers a signal during a query with RuntimeError("Query interrupted").
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from memesnipe_cli.errors import ExitCode


class TerminatedError(SystemExit):
    """SIGTERM: unwinds like an exit, so that `finally` and `with` do their work, and ends with 143."""


@dataclass
class Stop:
    """Which signal told this process to stop, as the exit code it ends with. installed: the process is the program's
    own, and not one that calls it."""

    code: ExitCode | None = None
    installed: bool = False


STOP = Stop()


def install() -> None:
    """Take over SIGTERM, and SIGINT unless somebody (nohup, a shell's background job) wants it ignored."""
    STOP.installed = True
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


@contextmanager
def deferred() -> Iterator[None]:
    """SIGINT and SIGTERM act when the body is done: for the moment between a process that begins and whoever is to end
    it knowing of it."""
    came: list[int] = []
    former = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(signal.getsignal(number)):
                former[number] = signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _interrupt(number: int, frame: object) -> None:
    STOP.code = ExitCode.INTERRUPTED
    raise KeyboardInterrupt


def _terminate(number: int, frame: object) -> None:
    STOP.code = ExitCode.TERMINATED
    raise TerminatedError(int(ExitCode.TERMINATED))
