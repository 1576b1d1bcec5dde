"""How soon something is tried again: at once the first time, then after longer and longer waits."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_S = 0.25
LONGEST_S = 15.0


@dataclass(slots=True)
class Patience:
    """Of one matter. Times are monotonic seconds. tries: since it last went well."""

    next_s: float = 0.0
    tries: int = 0

    def due(self, now_s: float) -> bool:
        """Whether it may be tried now."""
        return now_s >= self.next_s

    def tried(self, now_s: float) -> None:
        """It was tried and is not done."""
        self.next_s = now_s + min(FIRST_S * 2**self.tries, LONGEST_S)
        self.tries = min(self.tries + 1, 16)

    def wait(self, now_s: float, seconds: float) -> None:
        """Not before so many seconds from now."""
        self.next_s = max(self.next_s, now_s + seconds)

    def done(self) -> None:
        """It went well: the next one is tried at once."""
        self.next_s, self.tries = 0.0, 0
