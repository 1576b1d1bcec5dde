"""What one question to a venue brings: bars, and slots shown to be empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memesnipe_cli.market.asked import Stretch
from memesnipe_cli.market.rows import RawBars


@dataclass(frozen=True)
class Page:
    """Bars that came, stretches without any, how many of the slots asked for are dealt with, and what the
    user should know about it."""

    bars: RawBars
    empty: list[Stretch]
    slots: int
    note: str = ""


def bars_of(pages: Sequence[Page]) -> RawBars:
    """The bars of several pages, one after the other."""
    if not pages:
        nothing = np.zeros(0)
        return RawBars(
            np.zeros(0, dtype=np.int64),
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            np.zeros(0, dtype=np.bool_),
        )
    columns = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    return RawBars(*(np.concatenate([getattr(page.bars, name) for page in pages]) for name in columns))
