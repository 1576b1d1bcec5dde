"""What goes wrong, where, and whether the request was carried out all the same.

A fault has a shape (SHAPES), a place (`where`: a part of the path) and a time: "before" (nothing was done),
"after" (all was done, the answer is lost) or "later" (nothing yet; the request is carried out `late_s` seconds
after the client was left alone, unless its deadline has passed by then).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

When = Literal["before", "after", "later"]

# How the connection or the HTTP answer breaks.
BROKEN = (
    "timeout",
    "reset",
    "half",
    "500",
    "502",
    "503",
    "504",
    "520",
    "500-html",
    "503-html",
    "500-json",
    "503-json",
    "html",
    "malformed",
    "cut",
    "empty",
    "empty-result",
    "empty-body",
)
# What the venue itself says in its own format.
SPOKEN = (
    "rate-limit",
    "order-rate-limit",
    "nonce",
    "unavailable",
    "busy",
    "internal",
    "maintenance",
    "permission",
    "unknown-order",
)
SHAPES = BROKEN + SPOKEN
# A refusal in so many words after which the order exists all the same has not been seen; these have.
AMBIGUOUS = (*BROKEN, "unavailable", "busy", "internal")


@dataclass
class Fault:
    """One kind of trouble for the next `times` requests whose path holds `where`; `skip` pass unharmed first."""

    shape: str
    where: str = ""
    when: When = "before"
    times: int = 1
    skip: int = 0
    late_s: float = 0.0

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ValueError(f"no such fault: {self.shape}; there are {', '.join(SHAPES)}")


@dataclass
class Mix:
    """Random trouble: each request that matches is hit with chance `share`."""

    shapes: Sequence[str]
    share: float
    seed: int
    where: str = ""
    whens: Sequence[When] = ("before", "after")
    late_s: float = 1.0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def draw(self, path: str) -> Fault | None:
        """The trouble of one request, if any."""
        if self.where not in path or self._chance.random() >= self.share:
            return None
        shape, when = self._chance.choice(self.shapes), self._chance.choice(self.whens)
        if shape in SPOKEN and shape not in AMBIGUOUS:
            when = "before"
        return Fault(shape, self.where, when, late_s=self.late_s)


@dataclass
class FaultPlan:
    """The faults to come and those that were. `happened`: (path, shape, when)."""

    planned: list[Fault] = field(default_factory=list)
    mix: Mix | None = None
    happened: list[tuple[str, str, str]] = field(default_factory=list)

    def next_for(self, path: str) -> Fault | None:
        """Take the fault of this request."""
        for fault in self.planned:
            if fault.where not in path:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.planned.remove(fault)
            return self._noted(path, fault)
        drawn = self.mix.draw(path) if self.mix else None
        return self._noted(path, drawn) if drawn else None

    def clear(self) -> None:
        """No more trouble."""
        self.planned.clear()
        self.mix = None

    def _noted(self, path: str, fault: Fault) -> Fault:
        self.happened.append((path, fault.shape, fault.when))
        return fault
