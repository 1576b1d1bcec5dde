"""How old is what a connection says: time since it was last heard, and how late its messages are by their stamps."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE_SECOND_MS = 1_000


def lag_ms(stamp_ms: int | None, now_ms: int) -> int:
    """How late a message is by the venue's own stamp, at least; 0 without one. A stamp of whole seconds may stand for
    any moment of its second."""
    if stamp_ms is None:
        return 0
    coarse = stamp_ms % WHOLE_SECOND_MS == 0
    return max(0, now_ms - stamp_ms - (WHOLE_SECOND_MS - 1 if coarse else 0))


@dataclass(slots=True)
class Pulse:
    """When one connection was last heard (monotonic seconds), and how late its last stamped message was.

    Messages of a connection come in order: what follows a late message is late, too, until a stamp says otherwise."""

    heard: float | None = None
    late_ms: int = 0
    venue_ms: int = 0

    def beat(self, monotonic: float, now_ms: int, stamp_ms: int | None = None) -> None:
        """A message came, with the venue's time of sending where it has one."""
        self.heard = monotonic
        if stamp_ms is not None:
            self.late_ms = lag_ms(stamp_ms, now_ms)
            self.venue_ms = max(self.venue_ms, stamp_ms)

    def age_ms(self, monotonic: float) -> float | None:
        """Age of what the connection says now; None before the first message."""
        return None if self.heard is None else self.late_ms + (monotonic - self.heard) * 1000.0
