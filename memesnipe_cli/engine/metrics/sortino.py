"""Sortino ratio of daily returns, annualised."""

from __future__ import annotations

import math

import numpy as np

from memesnipe_cli.engine.metrics.daily_returns import DAYS_A_YEAR
from memesnipe_cli.engine.model import Float64


def sortino(returns: Float64) -> float | None:
    """mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(365): the target is 0, the downside is taken over all days
    (Sortino and van der Meer 1991).

    None for fewer than two days, or where no day lost.
    """
    if len(returns) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.square(np.minimum(returns, 0.0)))))
    if downside == 0.0:
        return None
    return float(np.mean(returns)) / downside * math.sqrt(DAYS_A_YEAR)
