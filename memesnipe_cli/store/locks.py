"""Exclusive locks between processes: flock with a deadline, and the holder's name for whoever waits in vain.

The kernel drops a flock when its holder dies, so a lock is never stale; only a holder that hangs can block,
and then the error says who it is.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreBusyError
from memesnipe_cli.store.files import explained

_FIRST_PAUSE_S = 0.0002
_LONGEST_PAUSE_S = 0.01


@contextmanager
def exclusive(path: Path, what: str, deadline_s: float) -> Iterator[None]:
    """Holds the lock file `path` for the body. `what` names the locked thing in errors.

    The file is opened anew each time, so threads and forked children exclude each other too. Raises
    StoreBusyError when the lock is not free within `deadline_s` seconds, StoreError when it cannot be opened.
    """
    with explained(f"cannot lock {what}"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, path, what, deadline_s)
        # Closing the handle releases the lock.
        yield
    finally:
        os.close(handle)


def holder(path: Path) -> str:
    """Who wrote itself into the lock file last: `pid 4711 on host since 2025-01-31T12:00:00Z`."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    return text or "an unknown process"


def _acquire(handle: int, path: Path, what: str, deadline_s: float) -> None:
    give_up = time.monotonic() + deadline_s
    pause = _FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise StoreBusyError(
                    f"{what} is locked by {holder(path)}, and was not free within {deadline_s:g} s",
                    "wait for that process, or end it if it hangs, then run this again",
                ) from None
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
    label = f"pid {os.getpid()} on {os.uname().nodename} since {clock.format_time(clock.now_ms())}\n".encode()
    # Padded to one length so that it overwrites a former holder whole; a full disk must not stop a lock.
    try:
        os.pwrite(handle, label.ljust(160), 0)
    except OSError:
        return
