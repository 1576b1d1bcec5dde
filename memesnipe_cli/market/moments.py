"""Moments of a series of bars: what the simulated market is fitted to and tested against.

Numbers only; the documented targets stand with the simulator's parameters. Imports numpy.

Every return is the log return between two closes exactly one bar apart, so that an outage does not
count as one violent bar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from memesnipe_cli.clock import DAY_MS, HOUR_MS, timeframe_ms
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.tables import Bool, Candles, Float64, Int64

MINIMUM_BARS = 400
"""Fewer bars than this say nothing about an autocorrelation at lag 288."""

JUMP_SIGMAS = 4.0
LOCAL_VOLATILITY_BARS = 288
QUANTILES = (0.001, 0.01, 0.99, 0.999)
PUMP_RISE = 0.12


@dataclass(frozen=True)
class Moments:
    """What a series of bars looks like.

    r is the one-bar log return, r_t = ln(C_t / C_{t-1}), over bars that follow one another without a gap.
    A correlation with something that does not vary is nan.
    """

    bars: int
    volatility: float
    """Standard deviation of r (fraction per bar)."""
    excess_kurtosis: float
    """mean((r - mean)^4) / var^2 - 3; 0 for a normal distribution."""
    acf_return_1: float
    """Autocorrelation of r at lag 1."""
    acf_absolute_1: float
    """Autocorrelation of |r| at lag 1 (volatility clustering)."""
    acf_absolute_12: float
    """The same at lag 12 (one hour of 5m bars)."""
    acf_absolute_288: float
    """The same at lag 288 (one day of 5m bars)."""
    volume_range_correlation: float
    """Correlation of ln(volume) with ln(ln(high / low)) over bars with volume and range."""
    range_to_volatility: float
    """mean(ln(high / low)) / mean(|r|); 2 for a driftless Brownian path seen without pause."""
    open_gap_median: float
    """Median of |ln(O_t / C_{t-1})| over the mean of |r|: how far bars open from the close before."""
    empty_share: float
    """Bars that are absent, without volume or synthetic, as a share of the bars between first and last."""
    jump_share: float
    """Share of bars with |r| above 4 times the standard deviation of the 288 returns before."""
    quantile_001: float
    """The 0.1 % quantile of r, in standard deviations."""
    quantile_01: float
    """The 1 % quantile of r, in standard deviations."""
    quantile_99: float
    quantile_999: float
    volatility_by_hour: tuple[float, ...]
    """mean |r| in each UTC hour over mean |r| (24 values, around 1; nan for an hour without bars)."""
    volume_by_hour: tuple[float, ...]
    """Median volume in each UTC hour over the median volume (24 values; nan for an hour without bars)."""


def moments(candles: Candles) -> Moments:
    """Measure `candles`. Raises DataError when there are too few bars or the price never moves."""
    count = len(candles)
    if count < MINIMUM_BARS:
        raise DataError(
            f"{candles.key}: {count} bars are too few for moments", f"give at least {MINIMUM_BARS} bars"
        )
    step = timeframe_ms(candles.key.timeframe)
    adjacent = np.diff(candles.ts) == step
    returns = np.diff(np.log(candles.close))
    kept = returns[adjacent]
    if len(kept) < MINIMUM_BARS // 2 or not kept.std() > 0.0:
        raise DataError(
            f"{candles.key}: the price does not move from bar to bar", "give a series with trades in it"
        )
    absolute = np.abs(kept)
    opening = np.abs(np.log(candles.open[1:] / candles.close[:-1]))[adjacent]
    spread = np.log(candles.high / candles.low)
    traded = (candles.volume > 0.0) & ~candles.synthetic
    expected = int((candles.ts[-1] - candles.ts[0]) // step) + 1
    hours = (candles.ts % DAY_MS) // HOUR_MS
    sigma = float(kept.std())
    low, below, above, high = (float(q) for q in np.quantile(kept, QUANTILES) / sigma)
    return Moments(
        bars=count,
        volatility=sigma,
        excess_kurtosis=float(np.mean(((kept - kept.mean()) / sigma) ** 4) - 3.0),
        acf_return_1=_lag_correlation(returns, adjacent, 1),
        acf_absolute_1=_lag_correlation(np.abs(returns), adjacent, 1),
        acf_absolute_12=_lag_correlation(np.abs(returns), adjacent, 12),
        acf_absolute_288=_lag_correlation(np.abs(returns), adjacent, 288),
        volume_range_correlation=_log_correlation(candles.volume, spread, traded),
        range_to_volatility=float(spread.mean() / absolute.mean()),
        open_gap_median=float(np.median(opening) / absolute.mean()),
        empty_share=1.0 - float(np.count_nonzero(traded)) / expected,
        jump_share=_jump_share(kept),
        quantile_001=low,
        quantile_01=below,
        quantile_99=above,
        quantile_999=high,
        volatility_by_hour=_volatility_by_hour(absolute, hours[1:][adjacent]),
        volume_by_hour=_volume_by_hour(candles.volume[traded], hours[traded]),
    )


@dataclass(frozen=True)
class Pumps:
    """Sudden rises of a series: a close at least 12 % above the lowest close of the 3 hours before."""

    per_100_days: float
    given_back_share: float
    """Share of them that had lost over half of the (log) rise 24 hours after the top; nan without any."""
    median_rise: float
    """Median rise from the low to the top (fraction); nan without any."""


def pumps(candles: Candles) -> Pumps:
    """Count sudden rises. The top is the highest close of the next 6 hours; the next pump is looked for
    a day after it, and one whose day after is not in the series is not counted."""
    step = timeframe_ms(candles.key.timeframe)
    window, climb, after = (max(1, span // step) for span in (3 * HOUR_MS, 6 * HOUR_MS, DAY_MS))
    if len(candles) < window + climb + after:
        raise DataError(
            f"{candles.key}: {len(candles)} bars are too few to count pumps", "give more than a day"
        )
    path = np.log(candles.close)
    lows = np.lib.stride_tricks.sliding_window_view(path[:-1], window).min(axis=1)
    rises = path[window:] - lows
    risen = np.flatnonzero(rises >= np.log(1.0 + PUMP_RISE)) + window
    heights: list[float] = []
    given_back = 0
    resume = 0
    for at in risen.tolist():
        if at < resume:
            continue
        top = at + int(path[at : at + climb].argmax())
        resume = top + after
        if resume >= len(path):
            break
        height = float(path[top] - lows[at - window])
        heights.append(height)
        given_back += bool(path[top] - path[resume] > 0.5 * height)
    days = len(candles) * step / DAY_MS
    return Pumps(
        per_100_days=100.0 * len(heights) / days,
        given_back_share=given_back / len(heights) if heights else float("nan"),
        median_rise=float(np.expm1(np.median(heights))) if heights else float("nan"),
    )


def return_correlation(one: Candles, other: Candles) -> float:
    """Correlation of the one-bar log returns of two series of one timeframe, over the times both have."""
    _, here, there = np.intersect1d(one.ts, other.ts, assume_unique=True, return_indices=True)
    if len(here) < MINIMUM_BARS:
        raise DataError(
            f"{one.key} and {other.key} have {len(here)} bars in common", f"give at least {MINIMUM_BARS}"
        )
    returns = np.diff(np.log(one.close[here]))
    others = np.diff(np.log(other.close[there]))
    adjacent = np.diff(one.ts[here]) == timeframe_ms(one.key.timeframe)
    return _correlation(returns[adjacent], others[adjacent])


def _lag_correlation(values: Float64, usable: Bool, lag: int) -> float:
    """Pearson correlation of values[t] with values[t - lag], where both are usable."""
    both = usable[lag:] & usable[:-lag]
    return _correlation(values[lag:][both], values[:-lag][both])


def _correlation(one: Float64, other: Float64) -> float:
    """Pearson; nan where one of them does not vary."""
    if len(one) < 2 or not (one.std() > 0.0 and other.std() > 0.0):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _log_correlation(volume: Float64, spread: Float64, traded: Bool) -> float:
    usable = traded & (spread > 0.0)
    return _correlation(np.log(volume[usable]), np.log(spread[usable]))


def _jump_share(returns: Float64) -> float:
    """The standard deviation looks back only: the bar itself must not hide its own jump."""
    window = min(LOCAL_VOLATILITY_BARS, len(returns) // 2)
    squares = np.concatenate(([0.0], np.cumsum(returns * returns)))
    local = np.sqrt((squares[window:-1] - squares[: -window - 1]) / window)
    return float(np.mean(np.abs(returns[window:]) > JUMP_SIGMAS * local))


def _volatility_by_hour(absolute: Float64, hours: Int64) -> tuple[float, ...]:
    overall = float(absolute.mean())
    return tuple(_or_nan(absolute[hours == hour], np.mean) / overall for hour in range(24))


def _volume_by_hour(volume: Float64, hours: Int64) -> tuple[float, ...]:
    overall = float(np.median(volume))
    return tuple(_or_nan(volume[hours == hour], np.median) / overall for hour in range(24))


def _or_nan(values: Float64, statistic: Callable[[Float64], np.floating]) -> float:
    return float(statistic(values)) if len(values) else float("nan")
