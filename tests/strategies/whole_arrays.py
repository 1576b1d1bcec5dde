"""Indicators over whole arrays, written from their definitions: what the steps are held against. Shares no code with
them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ema(x: Floats, n: int) -> Floats:
    """sum over k of alpha (1 - alpha)^k x_{t-k}, the first value standing for all before it."""
    alpha = 2.0 / (n + 1.0)
    found = np.empty(len(x))
    for t in range(len(x)):
        weights = alpha * (1.0 - alpha) ** np.arange(t + 1)
        weights[-1] = (1.0 - alpha) ** t
        found[t] = float(weights @ x[t::-1])
    return found


def ewma_deviation(x: Floats, decay: float, burn_in: int) -> Floats:
    """Root of the exponentially weighted mean of squares, nan before the burn_in-th value."""
    found = np.full(len(x), np.nan)
    for t in range(burn_in - 1, len(x)):
        weights = (1.0 - decay) * decay ** np.arange(t + 1)
        weights[-1] = decay**t
        found[t] = np.sqrt(weights @ (x[t::-1] ** 2))
    return found


def wilder(x: Floats, n: int) -> Floats:
    """Mean of the first n, then (n - 1) parts of the average before and one of the value; nan before."""
    found = np.full(len(x), np.nan)
    if len(x) >= n:
        found[n - 1] = np.mean(x[:n])
    for t in range(n, len(x)):
        found[t] = found[t - 1] * (n - 1) / n + x[t] / n
    return found


def true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    """Wilder's three: high - low, |high - close before|, |low - close before|; the first bar has only one."""
    found = high - low
    found[1:] = np.max([found[1:], np.abs(high[1:] - close[:-1]), np.abs(low[1:] - close[:-1])], axis=0)
    return found


def atr(high: Floats, low: Floats, close: Floats, n: int) -> Floats:
    """Wilder's average of the true ranges."""
    return wilder(true_ranges(high, low, close), n)


def rsi(close: Floats, n: int) -> Floats:
    """100 - 100 / (1 + average gain / average loss); 50 where nothing moved."""
    changes = np.diff(close)
    gains, losses = wilder(np.maximum(changes, 0.0), n), wilder(np.maximum(-changes, 0.0), n)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(gains + losses == 0.0, 50.0, 100.0 - 100.0 / (1.0 + gains / losses))
    found[np.isnan(gains)] = np.nan
    return np.concatenate([[np.nan], found])


def adx(high: Floats, low: Floats, close: Floats, n: int) -> Floats:
    """Wilder's average of |+DI - -DI| / (+DI + -DI); for series that move in every n bars."""
    up, down = np.diff(high), -np.diff(low)
    ranges = true_ranges(high, low, close)[1:]
    average = wilder(ranges, n)
    plus = 100.0 * wilder(np.where((up > down) & (up > 0.0), up, 0.0), n) / average
    minus = 100.0 * wilder(np.where((down > up) & (down > 0.0), down, 0.0), n) / average
    index = 100.0 * np.abs(plus - minus) / (plus + minus)
    found = np.full(len(close), np.nan)
    found[n:] = wilder(index[n - 1 :], n)
    return found


def before(x: Floats, n: int) -> Floats:
    """(t, n): the n values before each; nan rows where there are fewer."""
    found = np.full((len(x), n), np.nan)
    if len(x) > n:
        found[n:] = np.lib.stride_tricks.sliding_window_view(x, n)[: len(x) - n]
    return found


def half_life(x: Floats) -> float:
    """-ln 2 / ln(1 + slope), slope by numpy's least squares of the changes on the values before them."""
    design = np.column_stack([np.ones(len(x) - 1), x[:-1]])
    slope = float(np.linalg.lstsq(design, np.diff(x), rcond=None)[0][1])
    return float(-np.log(2.0) / np.log(1.0 + slope))


def variance_ratio(x: Floats, q: int) -> float:
    """Lo and MacKinlay (1988), equations 12a and 12b, over their ratio."""
    count = len(x) - 1
    drift = (x[-1] - x[0]) / count
    one = np.sum((np.diff(x) - drift) ** 2) / (count - 1)
    scale = q * (count - q + 1) * (1.0 - q / count)
    many = np.sum((x[q:] - x[:-q] - q * drift) ** 2) / scale
    return float(many / one)
