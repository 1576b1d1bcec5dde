"""The log of a loop: what it says, in files that are begun anew when they are full.

It is for people. What must not be lost is in the journal; a log that cannot be written stops nobody.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from memesnipe_cli.clock import format_time, now_ms
from memesnipe_cli.store.files import make_folder, write_all
from memesnipe_cli.store.paths import StorePaths, encode_name

Redact = Callable[[str], str]


def log_path(paths: StorePaths, account: str, what: str = "trade") -> Path:
    """Where the log of an account's loop lies: `logs/ACCOUNT/trade.log` in the store."""
    return paths.root / "logs" / encode_name(account, "account") / f"{what}.log"


class LoopLog:
    """Lines with their time in UTC. `trade.log` is the present file, `trade.log.1` the one before, and so on up to
    `keep`. redact: what a line goes through before it is written, so that no secret is.

    One process writes one file. Nothing is raised after it was made: `problem` says why it cannot be written.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int, redact: Redact) -> None:
        self.path = path
        self.problem = ""
        self._max_bytes, self._keep, self._redact = max_bytes, keep, redact
        self._lock = threading.Lock()
        self._handle: int | None = None
        self._size = 0

    def write(self, text: str) -> None:
        """One remark; of several lines each is marked as belonging to it."""
        first, *more = self._redact(text).splitlines() or [""]
        lines = [f"{format_time(now_ms())} {first}", *(f"    {line}" for line in more)]
        data = ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
        with self._lock:
            try:
                self._append(data)
                self.problem = ""
            except OSError as error:
                self.problem = f"the log {self.path} cannot be written: {error.strerror or error}"
                self._close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _append(self, data: bytes) -> None:
        handle = self._open()
        if self._size and self._size + len(data) > self._max_bytes:
            self._close()
            self._turn()
            handle = self._open()
        write_all(handle, data)
        self._size += len(data)

    def _open(self) -> int:
        if self._handle is None:
            make_folder(self.path.parent)
            # For its owner alone: a log tells what is held.
            self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._size = os.fstat(self._handle).st_size
        return self._handle

    def _turn(self) -> None:
        """The present file becomes the first of the old ones; the oldest goes."""
        for number in range(self._keep - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                os.replace(self._old(number), self._old(number + 1))
        os.replace(self.path, self._old(1))

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _close(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
        self._handle = None
