"""A process that holds an account as a trader does, for the tests of taking over and of the watch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.store.paths import StorePaths

_TRADER = """
import os, signal, sys, time
from pathlib import Path
from memesnipe_cli.clock import format_time, now_ms
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.marks_file import marks_path, write_marks
from memesnipe_cli.risk.processes import started_ticks
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

root, manner, account = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
paths = StorePaths(root)
file = LatchFile(paths, account)
fence = file.read(must_exist=True).fence
if manner == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with Journal(paths, account).held():
    if manner != "unmarked":
        marks = {"pid": os.getpid(), "started": started_ticks(os.getpid()), "host": os.uname().nodename,
                 "running": True, "beat": format_time(now_ms()), "positions": [], "level": "CLOSED"}
        write_marks(marks_path(paths, account), marks)
    print("trading", flush=True)
    while manner != "obedient" or file.read(must_exist=True).fence == fence:
        time.sleep(0.01)
"""


def fenced(folder: Path, account: str = "paper") -> StorePaths:
    """A store with a latch."""
    paths = StorePaths(folder / "store")
    LatchFile(paths, account).create()
    return paths


@contextmanager
def trader(paths: StorePaths, manner: str, account: str = "paper") -> Iterator[subprocess.Popen[str]]:
    """`obedient` looks at its fence; `hanging` does not; `deaf` ignores SIGTERM too; `unmarked` hangs and has left no
    marks. Ended at the latest when the body is."""
    with subprocess.Popen(
        [sys.executable, "-c", _TRADER, str(paths.root), manner, account], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "trading\n"
            yield process
        finally:
            process.kill()
