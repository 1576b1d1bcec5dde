"""What happens to an exception that nobody expected: its traceback goes to a file, a person gets one line."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from memesnipe_cli import __version__, clock
from memesnipe_cli.errors import MemesnipeError


def report_crash(error: BaseException, words: Sequence[str]) -> MemesnipeError:
    """Write the traceback of `error` to a file of its own and return what to tell the person.

    `words` is the command line; only the leading subcommand names go into the file, never a value.
    """
    path = _write(_text(error, words))
    kind = type(error).__name__
    where = f"the details are in {path}" if path else "run it again with -vv to see where"
    return MemesnipeError(
        f"this is a bug: {kind}: {one_line(str(error))}", f"{where}; please report it", code="bug"
    )


def one_line(text: str, most: int = 300) -> str:
    """`text` on one line and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _text(error: BaseException, words: Sequence[str]) -> str:
    names = []
    for word in words:
        if not word.isidentifier():
            break
        names.append(word)
    head = (
        f"memesnipe {__version__}, Python {platform.python_version()}, {sys.platform}\n"
        f"{clock.format_time(clock.now_ms())} memesnipe {' '.join(names[:2])}\n\n"
    )
    return without_secrets(head + "".join(traceback.format_exception(error)))


def without_secrets(text: str) -> str:
    """`text` without any secret that this process has read. Where none was read, nothing is loaded for it."""
    redaction = sys.modules.get("memesnipe_cli.vault.redaction")
    return text if redaction is None else str(redaction.REDACTOR.redact(text))


def _write(text: str) -> Path | None:
    """The file that holds `text`: in the platform's cache folder, else in the temporary one; None if
    neither."""
    from platformdirs import user_cache_path

    name = f"crash-{clock.now_ms()}-{os.getpid()}.txt"
    for folder in (user_cache_path("memesnipe", appauthor=False), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return folder / name
    return None
