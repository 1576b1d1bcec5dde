"""Drawdown of marked equity: how far below its high, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.model import Float64, Int64


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall from a high. `depth` is a share of that high, at least 0.

    Times are ms UTC of marks; `recovered_ms` is the first mark back at the high, None where the run ended
    below.
    """

    depth: float
    peak_ms: int
    trough_ms: int
    recovered_ms: int | None
    last_ms: int

    @property
    def days(self) -> float:
        """From the high to the recovery, or to the end of the run where there was none."""
        end = self.last_ms if self.recovered_ms is None else self.recovered_ms
        return (end - self.peak_ms) / DAY_MS


def drawdown_series(equity: Float64, start: float) -> Float64:
    """Share below the high so far, at each mark: 1 - equity / max(start, equity until then). (T,), >= 0."""
    high = np.maximum.accumulate(equity)
    np.maximum(high, start, out=high)
    shares: Float64 = np.subtract(1.0, np.divide(equity, high, out=high), out=high)
    return shares


def max_drawdown(
    close_ms: Int64, equity: Float64, start: float, start_ms: int, shares: Float64 | None = None
) -> Drawdown | None:
    """The deepest drawdown of the marks, the capital at `start_ms` being the first high.

    `shares` is drawdown_series(equity, start) where the caller has it already. None where there is no mark or
    `start` is not above 0. A run that never fell has depth 0, from the start to the start.
    """
    if len(equity) == 0 or start <= 0:
        return None
    if shares is None:
        shares = drawdown_series(equity, start)
    trough = int(np.argmax(shares))
    last_ms = int(close_ms[-1])
    depth = float(shares[trough])
    if depth <= 0.0:
        return Drawdown(0.0, start_ms, start_ms, start_ms, last_ms)
    peak_place = int(np.argmax(equity[: trough + 1]))
    high, peak_ms = float(equity[peak_place]), int(close_ms[peak_place])
    if high <= start:
        high, peak_ms = start, start_ms
    back = np.flatnonzero(equity[trough:] >= high)
    recovered_ms = int(close_ms[trough + int(back[0])]) if len(back) else None
    return Drawdown(depth, peak_ms, int(close_ms[trough]), recovered_ms, last_ms)
