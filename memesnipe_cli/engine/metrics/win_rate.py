"""Share of winning trades, and the least that it may truly be."""

from __future__ import annotations

import math

Z_ONE_SIDED_95 = 1.6448536269514722  # the standard normal's 95 % quantile


def win_rate(wins: int, trades: int) -> float | None:
    """wins / trades; a trade that came out at exactly 0 is no win. None for no trades."""
    return wins / trades if trades else None


def wilson_lower_bound(wins: int, trades: int, z: float = Z_ONE_SIDED_95) -> float | None:
    """One-sided 95 % lower bound of the true win rate (Wilson 1927, the score interval). None for no trades.

    (p + z^2/2n - z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), p = wins / n. Assumes independent trades.
    """
    if trades == 0:
        return None
    if wins == 0:
        return 0.0  # the formula's two terms cancel, up to a rounding error
    share = wins / trades
    square = z * z / trades
    centre = share + square / 2
    spread = z * math.sqrt(share * (1 - share) / trades + square / (4 * trades))
    return (centre - spread) / (1 + square)
