"""A check that raises is a check that failed: its caller trips the breaker instead of dying or carrying on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

CHECK_FAILED = "check_failed"


@dataclass(frozen=True)
class CheckFailed:
    """A check raised: `check` names it, `reason` says what was raised. `cause` is the breaker's word for it."""

    check: str
    reason: str
    cause: str = CHECK_FAILED


def checked(check: str, call: Callable[[], T]) -> T | CheckFailed:
    """What `call` returns, or CheckFailed where it raises.

    Everything but a request to end (KeyboardInterrupt, SystemExit) is caught, whatever it is: nothing is swallowed,
    because the one thing to do with a CheckFailed is to trip.
    """
    try:
        return call()
    except Exception as error:
        return CheckFailed(check, f"{type(error).__name__}: {error}")
