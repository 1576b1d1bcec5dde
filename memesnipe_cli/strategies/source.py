"""A piece of program text on its way into a kernel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A piece of kernel text. `origin` is for messages."""

    origin: str
    text: str
