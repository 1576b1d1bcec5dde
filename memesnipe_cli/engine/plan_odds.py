"""What a tested span says about spans to come, by drawing its days again in blocks (circular block bootstrap, Politis,
Romano 1992): the interval of a mean, and the odds of a wish.

It knows nothing but the days that were tested: a better or worse market than any of them does not occur in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memesnipe_cli.engine.model import Float64, Int64

BLOCK_DAYS = 5  # days that follow each other are drawn together: good and bad ones come in runs
RESAMPLES = 10_000
_SEED = 20_240_229  # the same question has the same answer
_AT_ONCE = 500


@dataclass(frozen=True)
class Odds:
    """The odds of growing `start` to `goal` within `days`. hits of `resamples` paths reached it. needed: growth a day
    that would do; best_day: the best return of a tested day; best_case: where that day again and again would lead."""

    start: float
    goal: float
    days: int
    hits: int
    resamples: int
    needed: float
    best_day: float
    best_case: float

    @property
    def probability(self) -> float | None:
        """The share of paths that reached it; None where none did, which says only that it is below 1 in
        `resamples`."""
        return self.hits / self.resamples if self.hits else None

    @property
    def words(self) -> str:
        """As a person says it."""
        if self.hits:
            return f"{self.hits:,} in {self.resamples:,}"
        return f"below 1 in {self.resamples:,}"


def mean_interval(daily: Float64, *, level: float = 0.90) -> tuple[float, float]:
    """The middle `level` of the mean of a day's amounts (n,), n > 0, over spans as long as the tested one."""
    rng = np.random.default_rng(_SEED)
    means = np.empty(RESAMPLES)
    for begin in range(0, RESAMPLES, _AT_ONCE):
        drawn = daily[_drawn(rng, len(daily), len(daily), _AT_ONCE)]
        means[begin : begin + _AT_ONCE] = drawn.mean(axis=1)
    edge = (1.0 - level) / 2.0
    low, high = np.quantile(means, [edge, 1.0 - edge])
    return float(low), float(high)


def wish_odds(returns: Float64, start: float, goal: float, days: int) -> Odds:
    """The odds of a wish from the daily returns (n,) of a tested run, n > 0."""
    rng = np.random.default_rng(_SEED)
    hits = 0
    for _ in range(0, RESAMPLES, _AT_ONCE):
        drawn = returns[_drawn(rng, len(returns), days, _AT_ONCE)]
        best = np.cumprod(1.0 + drawn, axis=1).max(axis=1)
        hits += int(np.sum(start * best >= goal))
    best_day = max(0.0, float(returns.max()))
    with np.errstate(over="ignore"):
        best_case = float(start * np.float64(1.0 + best_day) ** days)
    return Odds(
        start=start,
        goal=goal,
        days=days,
        hits=hits,
        resamples=RESAMPLES,
        needed=float((goal / start) ** (1.0 / days) - 1.0),
        best_day=best_day,
        best_case=best_case,
    )


def _drawn(rng: np.random.Generator, count: int, length: int, paths: int) -> Int64:
    """(paths, length) places of the days 0 .. count - 1, drawn in blocks that wrap around."""
    blocks = -(-length // BLOCK_DAYS)
    begins = rng.integers(0, count, size=(paths, blocks, 1))
    places: Int64 = (begins + np.arange(BLOCK_DAYS)).reshape(paths, -1)[:, :length] % count
    return places
