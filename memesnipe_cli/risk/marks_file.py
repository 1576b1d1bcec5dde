"""What a trade loop last knew of its account, for `breaker status` and whoever watches over it.

Replaced by a rename and never synced: after a power cut an older one or none is as good, for the journal has it all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from memesnipe_cli.store.files import explained, temporary_name
from memesnipe_cli.store.paths import StorePaths


def marks_path(paths: StorePaths, account: str) -> Path:
    """`breaker/<account>/marks.json` in the store."""
    return paths.breaker_of(account) / "marks.json"


def write_marks(path: Path, marks: Mapping[str, Any]) -> None:
    """Replaces the marks. Amounts are decimal strings, shares are floats. Raises StoreError.

    Makes no folder: an account whose breaker folder is gone has lost its latch, and that must show.
    """
    temporary = temporary_name(path)
    with explained(f"cannot write {path}"):
        try:
            temporary.write_bytes(orjson.dumps(marks))
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def read_marks(path: Path) -> dict[str, Any] | None:
    """The marks; None where there are none or they cannot be read."""
    try:
        marks = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return marks if isinstance(marks, dict) else None
