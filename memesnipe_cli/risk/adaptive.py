"""Adaptive thresholds: smaller entries of an instrument while it is wilder than usual.

From closes of whole UTC days to the factor on `trade_share`. The factor of a day is made of the days before it and of
nothing else, so it changes at most once a day, at 00:00 UTC, and a backtest sees what a live run would have seen.

Plain arithmetic, correctly rounded sums and no numpy: the digits are the same on every machine.
docs/execution-quality.md has the formula and says where it is from. What [adaptive] may say: profile_risk.py.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from memesnipe_cli.clock import DAY_MS, format_time
from memesnipe_cli.errors import DataError

if TYPE_CHECKING:
    from memesnipe_cli.profile_risk import Adaptive

ROSE = "volatility_rose"
FELL = "volatility_fell"


class DailyScale:
    """The factor of one instrument, one daily close at a time, oldest first.

    `scale` is the factor in force after the closes added so far, that is on the day after the last of them.
    `wild` says whether it is in its wild regime. A close takes O(window_days).
    """

    def __init__(self, settings: Adaptive) -> None:
        self.wild = False
        self.scale = min(1.0, settings.highest) if settings.enabled else 1.0
        self._calm = self.scale
        self._settings = settings
        self._last_close: float | None = None
        self._returns: deque[float] = deque(maxlen=settings.long_days)
        self._shorts: deque[float] = deque()  # sigma_short of the window, oldest first ...
        self._sorted: list[float] = []  # ... and by size

    def add(self, close: float) -> None:
        """Take in the last close of a day, in the quote currency.

        A price that is none (not finite, 0 or less) says nothing and changes nothing: the next return is taken over
        the gap.
        """
        if not self._settings.enabled or not (math.isfinite(close) and close > 0.0):
            return
        if self._last_close is not None:
            # Two logarithms: the ratio of two prices can overflow, their difference cannot.
            self._returns.append(math.log(close) - math.log(self._last_close))
            self._judge()
        self._last_close = close

    def _judge(self) -> None:
        settings = self._settings
        if len(self._returns) < settings.short_days:
            return
        returns = list(self._returns)
        short = sample_deviation(returns[-settings.short_days :])
        if len(self._sorted) >= settings.least_days:
            # A value at both quantiles (a history that never moves) is not wild: it would come and go daily.
            if short <= quantile(self._sorted, settings.leave_quantile):
                self.wild = False
            elif short >= quantile(self._sorted, settings.enter_quantile):
                self.wild = True
            # While wild, short is above a quantile of deviations and therefore above 0.
            self.scale = (
                min(max(sample_deviation(returns) / short, settings.lowest), settings.highest)
                if self.wild
                else self._calm
            )
        self._shorts.append(short)
        insort(self._sorted, short)
        if len(self._shorts) > settings.window_days:
            del self._sorted[bisect_left(self._sorted, self._shorts.popleft())]


def daily_scales(
    days: Sequence[int], closes: Sequence[float], first_day: int, last_day: int, settings: Adaptive
) -> list[float]:
    """The factor on trade_share in force on each UTC day from `first_day` to `last_day`, both included.

    `days`: rising day numbers (ts // DAY_MS) that have a close; `closes`: the last close of each. What lies on or
    after a day has no part in its factor. A day without a close leaves the factor as it is. Raises DataError.
    """
    if len(days) != len(closes):
        raise DataError(f"{len(days)} days have {len(closes)} closes", "give one close for each day")
    for before, after in pairwise(days):
        if after <= before:
            raise DataError(f"day {after} follows day {before}", "give the days in rising order, each once")
    state = DailyScale(settings)
    scales: list[float] = []
    known = 0
    for day in range(first_day, last_day + 1):
        while known < len(days) and days[known] < day:
            state.add(closes[known])
            known += 1
        scales.append(state.scale)
    return scales


@dataclass(frozen=True)
class ThresholdChange:
    """trade_share of `symbol` is multiplied by `new` from `day` (a UTC day number) on, and by `old` until then."""

    symbol: str
    day: int
    old: float
    new: float

    @property
    def cause(self) -> str:
        """`volatility_rose` where the change tightens, `volatility_fell` where it loosens."""
        return ROSE if self.new < self.old else FELL

    def body(self) -> dict[str, Any]:
        """The journal's words for it, for a line of kind `threshold`."""
        return {
            "threshold": "trade_share",
            "symbol": self.symbol,
            "since": format_time(self.day * DAY_MS),
            "old": repr(self.old),
            "new": repr(self.new),
            "cause": self.cause,
        }


def scale_changes(symbol: str, first_day: int, scales: Sequence[float]) -> list[ThresholdChange]:
    """Where the factors of consecutive days, the first of them `first_day`, differ: what is to be journalled."""
    return [
        ThresholdChange(symbol, first_day + number, old, new)
        for number, (old, new) in enumerate(pairwise(scales), start=1)
        if new != old
    ]


def sample_deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample (divisor n - 1) of at least two values.

    fsum rounds once, whatever the order and the version; the built-in sum does not on every Python.
    """
    mean = math.fsum(values) / len(values)
    squares = math.fsum([(value - mean) * (value - mean) for value in values])
    return math.sqrt(squares / (len(values) - 1))


def quantile(rising: Sequence[float], share: float) -> float:
    """The `share` quantile of sorted values, with linear interpolation between neighbours (Hyndman and Fan's type 7,
    numpy's default)."""
    position = share * (len(rising) - 1)
    below = int(position)
    if below + 1 >= len(rising):
        return rising[-1]
    return rising[below] + (rising[below + 1] - rising[below]) * (position - below)
