"""Journal lines of the breaker that could not wait for the journal, one file each in `breaker/<account>/spool/`.

A line is spooled first, durable, then appended and removed. What is left behind, because the journal was busy or
the process was killed, is appended by whoever next writes for the account: once, whatever was cut off where.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreError
from memesnipe_cli.store import locks
from memesnipe_cli.store.canonical import encode, plain
from memesnipe_cli.store.files import explained, make_folder, write_file
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

BREAKER = "breaker"
_NAME = re.compile(r"^[0-9]+-[0-9]+-[0-9]{6,}-[0-9a-f]{8}\.json$")


_CALLS = count()


def new_id() -> str:
    """A name for one line that no other process gives; sorts by time, within a process by the order of the calls."""
    return f"{clock.now_ms()}-{os.getpid()}-{next(_CALLS):06d}-{os.urandom(4).hex()}"


def spool_folder(paths: StorePaths, account: str) -> Path:
    """Where an account's lines wait."""
    return paths.breaker_of(account) / "spool"


def spool(paths: StorePaths, account: str, body: Mapping[str, Any]) -> Path:
    """Keeps a line, durable, until it is in the journal. `body["id"]` is a `new_id`.

    Raises StoreError, and DataError for a body that no journal takes.
    """
    folder = spool_folder(paths, account)
    path = folder / f"{body['id']}.json"
    with explained(f"cannot keep the journal line {path}"):
        make_folder(folder)
        write_file(path, encode({"after": _head(Journal(paths, account)), "body": plain(body)}))
    return path


def waiting(paths: StorePaths, account: str) -> list[dict[str, Any]]:
    """The bodies of the lines that wait, oldest first."""
    return [line["body"] for _, line in _spooled(paths, account)]


def merge_spool(journal: Journal, paths: StorePaths, account: str, *, deadline_s: float = 2.0) -> int:
    """Appends the lines that wait to the journal, each exactly once; returns how many it appended.

    One process merges at a time, so that no two append the same line. Raises StoreBusyError where the other one does
    not end within `deadline_s`, and whatever `Journal.append` raises; the lines then go on waiting.
    """
    if not _spooled(paths, account):
        return 0
    lock = paths.breaker_of(account) / "spool.lock"
    appended = 0
    with locks.exclusive(lock, f"the breaker's spool of account {account!r}", deadline_s):
        for path, line in _spooled(paths, account):
            if not _is_journalled(journal, line):
                journal.append(BREAKER, line["body"])
                appended += 1
            with explained(f"cannot remove {path}"):
                path.unlink(missing_ok=True)
    return appended


def journal_soon(paths: StorePaths, account: str, body: Mapping[str, Any], deadline_s: float) -> str:
    """Gets a line into the journal within `deadline_s` seconds, else leaves it in the spool.

    Returns what went wrong, empty where the line is in the journal. Raises nothing of the store's: what the line
    records has happened already.
    """
    for_the_spool = deadline_s / 4
    try:
        spool(paths, account, body)
        journal = Journal(paths, account, deadline_s=deadline_s - for_the_spool)
        merge_spool(journal, paths, account, deadline_s=for_the_spool)
    except StoreError as problem:
        return problem.message
    return ""


def _spooled(paths: StorePaths, account: str) -> list[tuple[Path, dict[str, Any]]]:
    folder = spool_folder(paths, account)
    try:
        names = sorted(name for name in os.listdir(folder) if _NAME.match(name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for name in names:
        # Gone: somebody else merged it. No line: written by nobody of us, left alone.
        with contextlib.suppress(OSError, orjson.JSONDecodeError, KeyError, TypeError):
            line = orjson.loads((folder / name).read_bytes())
            if line["body"]["id"] == name.removesuffix(".json") and isinstance(line["after"], int):
                found.append((folder / name, line))
    return found


def _is_journalled(journal: Journal, line: dict[str, Any]) -> bool:
    """Whether a merge that was cut off appended the line already: behind where the journal ended when it was
    spooled."""
    return any(
        entry.kind == BREAKER and entry.body.get("id") == line["body"]["id"]
        for entry in journal.entries(line["after"] + 1)
    )


def _head(journal: Journal) -> int:
    """The number of the journal's last entry; 0, which means a look at all of it, where it cannot be read."""
    try:
        return journal.head()[0]
    except StoreError:
        return 0
