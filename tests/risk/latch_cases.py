"""What the tests of the latch share: holds, a store in a folder, a process that dies at a chosen call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memesnipe_cli.risk.latch import Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.paths import StorePaths

HALT, EMERGENCY, CLOSED = Level.HALT, Level.EMERGENCY, Level.CLOSED
STRATEGY = "strategy:momentum_5m"
SYMBOL = "symbol:DOGE/USD"
# Everything that changes a file goes through one of these.
_CHANGES = (
    "write",
    "pwrite",
    "fsync",
    "fdatasync",
    "replace",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "ftruncate",
)

_HOLDER = """
import fcntl, sys
from pathlib import Path
handles = []
for name in sys.argv[1:]:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    handles.append(open(name, "a"))
    fcntl.flock(handles[-1], fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def hold(level: Level = HALT, cause: str = "manual") -> Hold:
    return Hold(level, cause, "because", "2025-03-01T12:00:00Z", "person")


def latch_file(folder: Path, account: str = "paper") -> LatchFile:
    return LatchFile(StorePaths(folder / "store"), account)


@contextmanager
def held_by_another(*locks: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds these lock files, until the end."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, *map(str, locks)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def in_child(work: Callable[[], Any], *, dies_at: int | None = None) -> bool:
    """Does `work` in a process that is killed just before its n-th change of a file; whether it came to the end."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed"
        return not os.WIFSIGNALED(status)
    code = 1
    try:
        if dies_at is not None:
            _arm(dies_at)
        work()
        code = 0
    finally:
        os._exit(code)


def _arm(dies_at: int) -> None:
    left = dies_at

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), 9)
            return call(*args, **kwargs)

        return change

    for name in _CHANGES:
        setattr(os, name, counted(getattr(os, name)))
