"""How much of the time, and with how much of the equity, a run was in the market."""

from __future__ import annotations

import numpy as np

from memesnipe_cli.engine.model import Float64


def exposure(held: Float64) -> float | None:
    """Share of the bar closes at which anything was held. held (T,): gross notional / equity, 0 when flat.

    None for no bars.
    """
    return float(np.count_nonzero(held)) / len(held) if len(held) else None


def average_gross(held: Float64) -> float | None:
    """Mean gross notional as a share of equity over all bar closes, flat ones included. None for no bars."""
    return float(np.mean(held)) if len(held) else None
