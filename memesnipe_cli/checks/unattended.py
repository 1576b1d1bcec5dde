"""Whether the watch could close each live account now, with nobody there: its key read, its rights fit, its venue
reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from memesnipe_cli.checks.deadline import within
from memesnipe_cli.errors import MemesnipeError, NetworkError
from memesnipe_cli.records import FindingRecord, finding
from memesnipe_cli.risk.control import accounts
from memesnipe_cli.store.paths import StorePaths

DEADLINE_S = 30.0
# What passes when somebody unlocks a keyring; anything else is wrong with the key itself.
_PASSING = ("keyring_", "kernel_", "passphrase_missing")


def check_unattended(
    root: Path, prove: Callable[[str], str], deadline_s: float = DEADLINE_S
) -> list[FindingRecord]:
    """One finding a live account; none for those on paper. prove: says that an account could be closed now, "" for one
    on paper, and raises where it could not."""
    try:
        names = list(accounts(StorePaths(root)))
    except MemesnipeError:
        return []  # what is wrong with the store is another check's finding
    answers = within(deadline_s, [partial(prove, name) for name in names])
    found = [_judged(name, answer, deadline_s) for name, answer in zip(names, answers, strict=True)]
    return [each for each in found if each is not None]


def _judged(account: str, answer: str | Exception | None, deadline_s: float) -> FindingRecord | None:
    where, again = f"account {account}", f"memesnipe breaker watch --act --account {account}"
    if isinstance(answer, str):
        return finding("watch", "ok", where, answer) if answer else None
    if answer is None:
        return finding("watch", "warning", where, f"was not found out within {deadline_s:g} s", again)
    if isinstance(answer, MemesnipeError):
        passing = isinstance(answer, NetworkError) or answer.code.startswith(_PASSING)
        message = f"the watch could not close it now: {answer.message}"
        return finding("watch", "warning" if passing else "error", where, message, answer.hint)
    message = f"the watch could not close it now ({type(answer).__name__})"
    return finding("watch", "error", where, message, again)
