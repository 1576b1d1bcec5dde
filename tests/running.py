"""A command of the program that runs beside the test, and others who trade at its venue meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

READY_S = 40.0  # imports, the vault, the venue's questions, on a busy machine
END_S = 30.0


@dataclass
class Running:
    """A command that runs. said, out: what it wrote so far."""

    process: subprocess.Popen[bytes]
    said: bytearray = field(default_factory=bytearray)
    out: bytearray = field(default_factory=bytearray)
    _readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        for stream, kept in ((self.process.stderr, self.said), (self.process.stdout, self.out)):
            assert stream is not None
            reader = threading.Thread(target=self._read, args=(stream, kept), daemon=True)
            reader.start()
            self._readers.append(reader)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def words(self) -> str:
        """What it said."""
        return self.said.decode()

    def wait_for(self, words: str, seconds: float = READY_S) -> None:
        """Until it has said so."""
        until = time.monotonic() + seconds
        while words not in self.words:
            assert self.process.poll() is None and time.monotonic() < until, f"no {words!r} in:\n{self.words}"
            time.sleep(0.02)

    def end(self, seconds: float = END_S) -> int:
        """Its exit code, once it has ended."""
        code = self.process.wait(timeout=seconds)
        for reader in self._readers:
            reader.join(timeout=5)
        return code

    @staticmethod
    def _read(stream: IO[bytes], kept: bytearray) -> None:
        while part := stream.read1(65536):  # type: ignore[attr-defined]
            kept += part


@contextmanager
def started(words: list[str], environ: Mapping[str, str]) -> Iterator[Running]:
    """`memesnipe WORDS` in this environment, without a terminal; killed with the body at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "memesnipe_cli", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
    )
    running = Running(process)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        running.end()


@contextmanager
def repeated(step: Callable[[], None], every_s: float = 0.2) -> Iterator[None]:
    """Do something again and again beside the body."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every_s):
            step()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
