"""Indicators as steps: each takes the strategy's flat state `s`, the place `at` where its own cells begin, and the new
value; it updates its cells and returns its new value (nan until it has seen enough).

Each docstring says how many cells it needs. Only + - * /, sqrt, log and comparisons: the same to the last bit in
CPython and in compiled code.
"""

from __future__ import annotations

import math
from typing import Any


def ema(s: Any, at: int, x: float, n: int) -> float:
    """Exponential moving average with alpha = 2 / (n + 1), started at the first value. 2 cells."""
    if s[at + 1] == 0.0:
        s[at] = x
    else:
        s[at] += 2.0 / (n + 1.0) * (x - s[at])
    s[at + 1] += 1.0
    return float(s[at])


def ewma_deviation(s: Any, at: int, x: float, decay: float, burn_in: int) -> float:
    """Exponentially weighted deviation around zero: v = decay v + (1 - decay) x^2, its root (RiskMetrics 1996, decay
    0.94); nan during the burn-in. 2 cells."""
    if s[at + 1] == 0.0:
        s[at] = x * x
    else:
        s[at] = decay * s[at] + (1.0 - decay) * x * x
    s[at + 1] += 1.0
    if s[at + 1] < burn_in:
        return math.nan
    return math.sqrt(s[at])


def true_range(high: float, low: float, previous_close: float) -> float:
    """max(high, previous close) - min(low, previous close)."""
    return max(high, previous_close) - min(low, previous_close)


def wilder(s: Any, at: int, x: float, n: int) -> float:
    """Wilder's average: the mean of the first n values, then (a (n - 1) + x) / n (Wilder 1978). 2 cells."""
    count = s[at + 1] + 1.0
    s[at + 1] = count
    if count <= n:
        s[at] += (x - s[at]) / count
    else:
        s[at] = (s[at] * (n - 1.0) + x) / n
    return float(s[at]) if count >= n else math.nan


def atr(s: Any, at: int, high: float, low: float, close: float, n: int) -> float:
    """Wilder's average true range; the first bar's range is high - low. 4 cells."""
    span = high - low if s[at + 3] == 0.0 else true_range(high, low, s[at + 2])
    s[at + 2] = close
    s[at + 3] = 1.0
    return wilder(s, at, span, n)


def rsi(s: Any, at: int, close: float, n: int) -> float:
    """Wilder's relative strength index, 0 to 100; 50 where nothing moved. 6 cells."""
    if s[at + 5] == 0.0:
        s[at + 5] = 1.0
        s[at + 4] = close
        return math.nan
    change = close - s[at + 4]
    s[at + 4] = close
    gain = wilder(s, at, max(change, 0.0), n)
    loss = wilder(s, at + 2, max(-change, 0.0), n)
    if math.isnan(gain) or math.isnan(loss):
        return math.nan
    if gain + loss == 0.0:
        return 50.0
    return 100.0 * gain / (gain + loss)


def adx(s: Any, at: int, high: float, low: float, close: float, n: int) -> float:
    """Wilder's average directional index, 0 to 100 (Wilder 1978). 12 cells."""
    if s[at + 8] == 0.0:
        s[at + 8] = 1.0
        s[at + 9] = high
        s[at + 10] = low
        s[at + 11] = close
        return math.nan
    up = high - s[at + 9]
    down = s[at + 10] - low
    span = true_range(high, low, s[at + 11])
    s[at + 9] = high
    s[at + 10] = low
    s[at + 11] = close
    plus = wilder(s, at, up if up > down and up > 0.0 else 0.0, n)
    minus = wilder(s, at + 2, down if down > up and down > 0.0 else 0.0, n)
    average = wilder(s, at + 4, span, n)
    if math.isnan(average) or average == 0.0 or plus + minus == 0.0:
        return math.nan
    return wilder(s, at + 6, 100.0 * abs(plus - minus) / (plus + minus), n)


def push(s: Any, at: int, x: float, n: int) -> None:
    """Put a value into a ring of the last n. n + 2 cells: count, next place, values. Read it with `recent`."""
    place = int(s[at + 1])
    s[at + 2 + place] = x
    s[at + 1] = float(place + 1 if place + 1 < n else 0)
    if s[at] < n:
        s[at] += 1.0


def recent(s: Any, at: int, back: int, n: int) -> float:
    """The value put into a ring `back` values ago (0: the last one). The caller knows that it is there."""
    place = int(s[at + 1]) - 1 - back
    return float(s[at + 2 + (place if place >= 0 else place + n)])


def full(s: Any, at: int, n: int) -> bool:
    """Whether a ring holds n values."""
    return bool(s[at] >= n)


def highest(s: Any, at: int, x: float, n: int) -> float:
    """Highest of the n values before x, then takes x in; nan until there are n. n + 3 cells (maximum, ring)."""
    ring = at + 1
    before = s[at] if full(s, ring, n) else math.nan
    leaving = recent(s, ring, n - 1, n) if full(s, ring, n) else math.nan
    push(s, ring, x, n)
    if s[ring] == 1.0 or x >= s[at]:
        s[at] = x
    elif leaving == s[at]:
        top = x
        for back in range(1, int(s[ring])):
            top = max(top, recent(s, ring, back, n))
        s[at] = top
    return float(before)


def lowest(s: Any, at: int, x: float, n: int) -> float:
    """Lowest of the n values before x, then takes x in; nan until there are n. n + 3 cells."""
    return -highest(s, at, -x, n)


def mean_and_deviation(s: Any, at: int, n: int) -> tuple[float, float]:
    """Mean and sample deviation (ddof 1) of a full ring of n values; two passes, so that nothing cancels, around one of
    the values, so that equal values have a deviation of exactly 0."""
    base = s[at + 2]
    total = 0.0
    for back in range(n):
        total += s[at + 2 + back] - base
    mean = base + total / n
    squares = 0.0
    for back in range(n):
        squares += (s[at + 2 + back] - mean) * (s[at + 2 + back] - mean)
    return mean, math.sqrt(squares / (n - 1.0))


def half_life(s: Any, at: int, n: int) -> float:
    """Half-life in bars of mean reversion over a full ring of n values: least squares of x_t - x_{t-1} on x_{t-1} gives
    b; -ln 2 / ln(1 + b) (Chan 2013). inf where it does not revert (b >= 0), 0 where it overshoots (b <= -1)."""
    base = recent(s, at, n - 1, n)
    pairs = n - 1.0
    sum_x = 0.0
    sum_d = 0.0
    previous = base
    for back in range(n - 2, -1, -1):
        value = recent(s, at, back, n)
        sum_x += previous - base
        sum_d += value - previous
        previous = value
    mean_x = sum_x / pairs
    mean_d = sum_d / pairs
    sxx = 0.0
    sxd = 0.0
    previous = base
    for back in range(n - 2, -1, -1):
        value = recent(s, at, back, n)
        x = previous - base - mean_x
        sxx += x * x
        sxd += x * (value - previous - mean_d)
        previous = value
    if sxx == 0.0 or sxd >= 0.0:
        return math.inf
    slope = sxd / sxx
    if slope <= -1.0:
        return 0.0
    return -math.log(2.0) / math.log(1.0 + slope)


def variance_ratio(s: Any, at: int, n: int, q: int) -> float:
    """Var(q-step change) / (q Var(1-step change)) over a full ring of n values, overlapping, unbiased (Lo, MacKinlay
    1988); below 1 reverts, above 1 trends. nan where nothing moved."""
    steps = n - 1
    drift = (recent(s, at, 0, n) - recent(s, at, n - 1, n)) / steps
    one = 0.0
    for back in range(steps):
        change = recent(s, at, back, n) - recent(s, at, back + 1, n) - drift
        one += change * change
    one = one / (steps - 1.0)
    many = 0.0
    for back in range(steps - q + 1):
        change = recent(s, at, back, n) - recent(s, at, back + q, n) - q * drift
        many += change * change
    many = many / (q * (steps - q + 1.0) * (1.0 - q / float(steps)))
    if one == 0.0:
        return math.nan
    return many / one


def median_of_slot(s: Any, at: int, slot: int, x: float, n: int) -> float:
    """Median of the n values seen before x in the same slot (of the day, say), then takes x in; nan until there are n.

    2 n + 2 cells a slot: count, next place, a ring of the last n, the same sorted.
    """
    cell = at + slot * (2 * n + 2)
    ring = cell + 2
    ranked = ring + n
    following = int(s[cell + 1])
    place = int(s[cell])
    last = place
    before = math.nan
    if place == n:
        half = n // 2
        before = s[ranked + half] if n % 2 == 1 else (s[ranked + half - 1] + s[ranked + half]) / 2.0
        last = n - 1
        place = 0
        while s[ranked + place] != s[ring + following]:
            place += 1
    else:
        s[cell] += 1.0
    # The place that is free, the leaving value's or the one behind all, moves to where x belongs.
    while place > 0 and s[ranked + place - 1] > x:
        s[ranked + place] = s[ranked + place - 1]
        place -= 1
    while place < last and s[ranked + place + 1] < x:
        s[ranked + place] = s[ranked + place + 1]
        place += 1
    s[ranked + place] = x
    s[ring + following] = x
    s[cell + 1] = float(following + 1 if following + 1 < n else 0)
    return float(before)
