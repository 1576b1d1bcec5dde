"""Between a venue's client and the loop that is made after it: each request is a sign of life of the loop, and each
answer says how well requests go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pulse:
    """beat: called before each request; heard: after it, with whether it was answered."""

    beat: Callable[[], None] = field(default=lambda: None)
    heard: Callable[[bool], None] = field(default=lambda ok: None)

    def before(self) -> None:
        """A request is about to be made."""
        self.beat()

    def told(self, what: str, seconds: float, ok: bool) -> None:
        """A request was answered, or not."""
        self.heard(ok)
