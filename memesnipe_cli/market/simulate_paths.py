"""Random building blocks of the simulated market: streams, mean-reverting noise, regimes, fat tails.

Each variable of each coin draws from a stream of its own, in order of time. So a longer run begins with
the bars of a shorter one, and a coin moves the same whichever others are simulated beside it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from memesnipe_cli.clock import HOUR_MS
from memesnipe_cli.market.simulate_parameters import Regime
from memesnipe_cli.store.tables import Float64

MARKET = "market"
"""Owner of the streams that all coins share."""


def stream(seed: int, owner: str, variable: str) -> np.random.Generator:
    """The generator of one variable of one coin (or of MARKET)."""
    key = [seed, zlib.crc32(owner.encode()), zlib.crc32(variable.encode())]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def mean_reverting(generator: np.random.Generator, bars: int, half_life_bars: float) -> Float64:
    """AR(1) of mean 0 and variance 1, begun in its stationary law; shape (bars,).

    x_t = a x_{t-1} + sqrt(1 - a^2) e_t with a = 2^(-1 / half_life_bars).
    """
    keep = math.exp(-math.log(2.0) / half_life_bars)
    fresh = math.sqrt(1.0 - keep * keep)
    noise = generator.standard_normal(bars).tolist()
    return np.fromiter(accumulate(noise, lambda x, e: keep * x + fresh * e), dtype=np.float64, count=bars)


def pulled_sum(steps: Float64, half_life_bars: float) -> Float64:
    """Running sum of `steps`, drawn back to 0 with the half-life given; shape as `steps`."""
    keep = math.exp(-math.log(2.0) / half_life_bars)
    return np.fromiter(
        accumulate(steps.tolist(), lambda x, r: keep * x + r), dtype=np.float64, count=len(steps)
    )


def variance_mix(generator: np.random.Generator, bars: int, degrees: float) -> Float64:
    """Factors of mean 1 on the variance of each bar: sqrt(factor) times a standard normal is a Student t of
    unit variance with `degrees` (> 2) degrees of freedom. Shape (bars,)."""
    return (degrees - 2.0) / generator.chisquare(degrees, bars)


def regime_path(
    generator: np.random.Generator, regimes: Sequence[Regime], bars: int, step_ms: int
) -> tuple[Float64, Float64]:
    """(ln of the volatility factor, drift in daily standard deviations per day), each of shape (bars,).

    Starts in the first regime; stays are exponential and at least one bar.
    """
    log_volatility = np.zeros(bars)
    drift = np.zeros(bars)
    by_name = {regime.name: regime for regime in regimes}
    current = regimes[0]
    at = 0
    while at < bars:
        stay_ms = current.mean_hours * HOUR_MS * float(generator.standard_exponential())
        end = at + max(1, round(stay_ms / step_ms))
        log_volatility[at:end] = math.log(current.volatility)
        drift[at:end] = current.drift
        current = by_name[_pick(current.next, float(generator.random()))]
        at = end
    return log_volatility, drift


def _pick(choices: Sequence[tuple[str, float]], uniform: float) -> str:
    reached = 0.0
    for name, probability in choices:
        reached += probability
        if uniform < reached:
            return name
    return choices[-1][0]
