"""Trailing windows over observations: the average of the last minutes, and the present against the own median.

A window holds None for an observation that could not be read. Times are handed in, in milliseconds, and rise; where
they step back, what is in a window simply stays longer.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from decimal import Decimal
from itertools import islice

LARGEST = 1e30  # no price, volume or time is larger, and sums of such numbers cannot overflow


class RecentValues:
    """The observations of the last `window_ms`, the newest `most` of them."""

    def __init__(self, window_ms: int, most: int) -> None:
        self._window_ms = window_ms
        self._most = most
        self._kept: deque[tuple[int, float | None]] = deque()
        self._known = 0
        self._unknown = 0
        self._total = 0.0

    def add(self, now_ms: int, value: float | None) -> None:
        """Take in an observation; None where it could not be read."""
        self._kept.append((now_ms, value))
        if value is None:
            self._unknown += 1
        else:
            self._known += 1
            self._total += value
        if len(self._kept) > self._most:
            self._drop_oldest()

    def forget(self, now_ms: int) -> None:
        """Let go of what has left the window."""
        while self._kept and now_ms - self._kept[0][0] > self._window_ms:
            self._drop_oldest()

    def stays_until(self) -> int | None:
        """The last moment at which nothing has left the window yet; None where it is empty."""
        return self._kept[0][0] + self._window_ms if self._kept else None

    def _drop_oldest(self) -> None:
        value = self._kept.popleft()[1]
        if value is None:
            self._unknown -= 1
            return
        self._known -= 1
        # What was added and taken away again leaves rounding behind; an empty window starts from 0 anew.
        self._total = self._total - value if self._known else 0.0

    def mean(self, least: int) -> float | None:
        """The average of what could be read; None for fewer than `least` of them."""
        return self._total / self._known if self._known >= least else None

    def worst(self) -> float | None:
        """The largest of what could be read; None where there is none."""
        return max((value for _, value in self._kept if value is not None), default=None)

    def has_unknown(self) -> bool:
        """Whether the window holds an observation that could not be read."""
        return self._unknown > 0


class OwnMedian:
    """The average of the last `recent` observations over the median of all in the window.

    The window is the last `window_ms`, or the last `least` observations where those reach back further, and never
    more than `most`.
    """

    def __init__(self, window_ms: int, recent: int, least: int, most: int) -> None:
        self._window_ms = window_ms
        self._recent = recent
        self._least = least
        self._most = most
        self._kept: deque[tuple[int, float]] = deque()
        self._sorted: list[float] = []
        self._unread = False

    def add(self, now_ms: int, value: float | None) -> None:
        """Take in an observation; None makes the present unknown until the next one that can be read."""
        self._unread = value is None
        if value is None:
            return
        self._kept.append((now_ms, value))
        insort(self._sorted, value)
        while len(self._kept) > self._least and (
            now_ms - self._kept[0][0] > self._window_ms or len(self._kept) > self._most
        ):
            del self._sorted[bisect_left(self._sorted, self._kept.popleft()[1])]

    def is_unknown(self) -> bool:
        """Whether the last observation could not be read."""
        return self._unread

    def share(self) -> float | None:
        """Recent average over median; None before `least` observations, and where the median is 0."""
        if len(self._kept) < self._least:
            return None
        middle = len(self._sorted) // 2
        median = (self._sorted[middle] + self._sorted[-1 - middle]) / 2
        if median <= 0.0:
            return None
        recent = math.fsum(value for _, value in islice(reversed(self._kept), self._recent))
        return recent / self._recent / median


def readable(value: float | Decimal | None) -> float | None:
    """A number as a float; None for everything else: a NaN, also a Decimal's, and what is too large to be meant."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if -LARGEST <= number <= LARGEST else None
