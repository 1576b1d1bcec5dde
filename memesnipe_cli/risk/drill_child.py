"""Processes of this program that a drill starts: their records as they come, and their end under all circumstances."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import orjson

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.signals import deferred

_PROGRAM = (sys.executable, "-m", "memesnipe_cli")
_END_S = 10.0

Wanted = Callable[[dict[str, Any]], bool]


class DrillStepError(MemesnipeError):
    """What a step waited for did not happen."""

    code = "drill"


@dataclass(frozen=True)
class Heard:
    """A record, and the wall clock (ns) when it came."""

    record: dict[str, Any]
    at_ns: int


class Child:
    """A process that writes records, one a line. `heard` grows while it runs."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self.process = process
        self.heard: list[Heard] = []
        self._errors = errors
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    @property
    def records(self) -> list[dict[str, Any]]:
        """What it wrote so far."""
        return [each.record for each in self.heard]

    def wait_for(self, wanted: Wanted, what: str, within_s: float = 15.0) -> Heard:
        """The first record that is wanted. Raises DrillStepError where it does not come in time."""
        give_up = time.monotonic() + within_s
        seen = 0
        with self._news:
            while True:
                for each in self.heard[seen:]:
                    if wanted(each.record):
                        return each
                seen = len(self.heard)
                left = give_up - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise DrillStepError(f"{what} did not come{self._why()}")
                self._news.wait(min(left, 0.1))

    def end(self, within_s: float = 30.0) -> int:
        """Wait until it ends by itself: its exit code. Raises DrillStepError where it does not."""
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise DrillStepError(f"process {self.pid} did not end within {within_s:g} s") from None
        self._reader.join(_END_S)
        return code

    def signal(self, number: int) -> None:
        """Send a signal to this very process."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(_END_S)

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was opened with a pipe
        for line in self.process.stdout:
            at_ns = time.time_ns()
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                with self._news:
                    self.heard.append(Heard(record, at_ns))
                    self._news.notify_all()

    def said(self) -> str:
        """The last line that it said to a person, empty where it said nothing. For a process that has ended."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _why(self) -> str:
        if self.process.poll() is None:
            return " in time"
        return f": the process ended with code {self.process.returncode} ({self.said() or 'without a word'})"


@dataclass(frozen=True)
class Answer:
    """What a command that ran to its end answered. record: the last one it wrote, empty where it wrote none."""

    code: int
    record: Mapping[str, Any]
    seconds: float
    error: str


class Children:
    """Starts processes; `children()` ends all of them when its body is left, however that is."""

    def __init__(self) -> None:
        self._running: list[Child] = []

    def start(self, *args: str) -> Child:
        """`memesnipe ARGS` as a process of its own, which Ctrl-C on the terminal does not reach."""
        return self.start_process([*_PROGRAM, *args])

    def start_process(self, line: list[str]) -> Child:
        """Any command line that writes records."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        with deferred():
            process = subprocess.Popen(  # noqa: S603 - our own program
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(),
                start_new_session=True,
            )
            child = Child(process, errors)
            self._running.append(child)
        return child

    def ask(self, *args: str, within_s: float = 30.0) -> Answer:
        """Run `memesnipe ARGS` to its end."""
        begin = time.monotonic()
        child = self.start(*args)
        code = child.end(within_s)
        seconds = time.monotonic() - begin
        return Answer(code, child.records[-1] if child.heard else {}, seconds, child.said())

    def end_all(self) -> None:
        """End every one that still runs, by its pid."""
        for child in self._running:
            child.kill()


@contextmanager
def children() -> Iterator[Children]:
    """Processes for the body."""
    family = Children()
    try:
        yield family
    finally:
        family.end_all()


def _environment() -> dict[str, str]:
    """Nothing of the user's settings but where compiled kernels are kept."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")}
