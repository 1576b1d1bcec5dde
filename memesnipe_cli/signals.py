"""SIGINT and SIGTERM: how they unwind a command, and the memory of having received one.

The memory is needed because a library may swallow the exception that a handler raised and raise an error of
its own in its place: DuckDB answers a signal during a query with RuntimeError("Query interrupted").
"""

from __future__ import annotations

import signal
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


def _interrupt(number: int, frame: object) -> None:
    STOP.code = ExitCode.INTERRUPTED
    raise KeyboardInterrupt


def _terminate(number: int, frame: object) -> None:
    STOP.code = ExitCode.TERMINATED
    raise TerminatedError(int(ExitCode.TERMINATED))
