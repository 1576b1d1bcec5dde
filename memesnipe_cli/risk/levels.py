"""The levels of the breaker and what each still allows, in words."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """How much is stopped; the numbers are the kernel's."""

    CLOSED = 0
    WARNING = 1
    HALT = 2
    EMERGENCY = 3


STOPPED = {
    Level.CLOSED: "nothing is stopped",
    Level.WARNING: "nothing is stopped; monitoring is elevated",
    Level.HALT: "new positions are stopped; exits and protective orders go on",
    Level.EMERGENCY: "everything is stopped: entries are cancelled, positions are closed",
}
