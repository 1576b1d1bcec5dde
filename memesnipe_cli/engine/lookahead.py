"""The prefix check: a signal that changes when later bars are taken away has looked ahead.

A step sees one bar at a time, so it can only cheat through something outside of its state: a file, a global, a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from memesnipe_cli.clock import format_time, timeframe_ms
from memesnipe_cli.engine.dataset import base_bars
from memesnipe_cli.engine.model import EntryRows
from memesnipe_cli.engine.signals import SignalScanner
from memesnipe_cli.store.tables import Candles
from memesnipe_cli.strategies.registry import LoadedStrategy

PREFIXES = 12


@dataclass(frozen=True)
class LookaheadFinding:
    """A bar whose signal was another one when the tape ended at `known_until_ms`."""

    strategy: str
    bar_ms: int
    known_until_ms: int

    @property
    def message(self) -> str:
        return (
            f"{self.strategy}: the signal at {format_time(self.bar_ms)} is another one when the data ends at "
            f"{format_time(self.known_until_ms)}"
        )


def lookahead_check(
    loaded: LoadedStrategy, candles: Candles, *, reference: Candles | None = None, prefixes: int = PREFIXES
) -> list[LookaheadFinding]:
    """Compare the signals over all bars with those over some prefixes; at most one finding a prefix.

    reference: bars of the strategy's reference series, where it needs one.
    """
    scanner = SignalScanner(loaded, Path(), compiled=False)
    bars = base_bars(candles, loaded, timeframe_ms(candles.key.timeframe), reference=reference)
    whole = scanner.scan(bars)
    found = []
    for number in range(1, prefixes + 1):
        length = len(candles) * number // (prefixes + 1)
        part = scanner.scan(bars.until(length))
        differs = np.flatnonzero(part.flags != whole.flags[:length])
        if not len(differs):
            differs = part.rows.index[_other_details(part.rows, whole.rows)]
        if len(differs):
            bar = int(differs[0])
            found.append(LookaheadFinding(loaded.name, int(candles.ts[bar]), int(candles.ts[length - 1])))
    return found


def _other_details(part: EntryRows, whole: EntryRows) -> npt.NDArray[np.bool_]:
    """Which entries of `part` are not the same in `whole`, which has them at the same bars."""
    count = len(part.index)
    differs = np.zeros(count, dtype=np.bool_)
    for name in ("tag", "stop", "target", "weight", "max_bars"):
        one, other = getattr(part, name), getattr(whole, name)[:count]
        differs |= (one != other) & ~((one != one) & (other != other))  # nan is like nan
    return differs
