"""How a process beside the trader ends when something goes wrong that nobody expected: one line on stderr says what and
where. The text of an exception may hold anything, a traceback is no use to a person: neither is written."""

from __future__ import annotations

import contextlib
import os
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

_STDERR = 2


def with_last_words(name: str, main: Callable[[], int]) -> int:
    """What `main` returns; 1 where it raised, after one line, or none where it was told to end or nobody is there to
    work for. From now on a thread that fails says such a line, too."""
    threading.excepthook = lambda failed: _say(name, failed.exc_type, failed.exc_traceback)
    try:
        return main()
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return 1
    except BaseException as error:
        _say(name, type(error), error.__traceback__)
        return 1


def _say(name: str, kind: type[BaseException], trace: TracebackType | None) -> None:
    last = traceback.extract_tb(trace)[-1:]
    where = "".join(f" in {os.path.basename(each.filename)}, line {each.lineno}" for each in last)
    line = f"{name} ended: {kind.__name__}{where}; this is a bug, please report it\n"
    with contextlib.suppress(OSError):
        os.write(_STDERR, line.encode())
