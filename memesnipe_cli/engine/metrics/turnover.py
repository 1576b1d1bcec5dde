"""How often a run turned its equity over."""

from __future__ import annotations

import numpy as np

from memesnipe_cli.engine.model import Float64


def turnover(traded: float, equity: Float64) -> float | None:
    """Value of all purchases and sales / mean marked equity, over the whole run (not annualised, both sides).

    None for no bars, or where mean equity is not above 0.
    """
    mean = float(np.mean(equity)) if len(equity) else 0.0
    return traded / mean if mean > 0 else None
