"""What the whole run gained or lost."""

from __future__ import annotations


def total_return(start: float, final: float) -> float | None:
    """final / start - 1, a share. None where `start` is not above 0."""
    return final / start - 1.0 if start > 0 else None
