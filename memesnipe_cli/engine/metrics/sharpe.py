"""Sharpe ratio of daily returns, annualised, and how uncertain it is."""

from __future__ import annotations

import math

import numpy as np

from memesnipe_cli.engine.metrics.daily_returns import DAYS_A_YEAR
from memesnipe_cli.engine.model import Float64


def sharpe(returns: Float64) -> float | None:
    """mean(r) / std(r, ddof=1) x sqrt(365), risk-free rate 0 (Sharpe 1994).

    returns: one per UTC day, flat days included. None for fewer than two days, or where all are the same.
    """
    if len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    # The deviation of equal returns is rounding noise, not always exactly 0.
    if deviation <= 1e-15 * (1.0 + float(np.max(np.abs(returns)))):
        return None
    return float(np.mean(returns)) / deviation * math.sqrt(DAYS_A_YEAR)


def sharpe_standard_error(per_period: float, periods: int) -> float | None:
    """Standard error of a Sharpe ratio *per period*: sqrt((1 + SR^2 / 2) / T) (Lo 2002, independent returns).

    Fat tails and autocorrelation make the true one larger. None for fewer than two periods.
    """
    if periods < 2:
        return None
    return math.sqrt((1.0 + per_period * per_period / 2.0) / periods)


def annual_sharpe_standard_error(annual: float | None, days: int) -> float | None:
    """Standard error of an annualised Sharpe of daily returns: the daily one x sqrt(365), or None."""
    if annual is None:
        return None
    error = sharpe_standard_error(annual / math.sqrt(DAYS_A_YEAR), days)
    return None if error is None else error * math.sqrt(DAYS_A_YEAR)
