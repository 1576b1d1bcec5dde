"""Moments of a series of bars: what the simulated market is fitted to and tested against.

Numbers only; the documented targets stand with the simulator's parameters. Imports numpy.

Every return is the log return between two closes exactly one bar apart, so that an outage does not
count as one violent bar.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Moments:
    """What a series of bars looks like.

    r is the one-bar log return, r_t = ln(C_t / C_{t-1}), over bars that follow one another without a gap.
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
    quantiles: tuple[float, float, float, float]
    """The 0.1 %, 1 %, 99 % and 99.9 % quantiles of r, in standard deviations."""
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
        raise DataError(f"{candles.key}: the price does not move from bar to bar", "give a series with trades in it")
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
        quantiles=(low, below, above, high),
        volatility_by_hour=_volatility_by_hour(absolute, hours[1:][adjacent]),
        volume_by_hour=_volume_by_hour(candles.volume[traded], hours[traded]),
    )


def _lag_correlation(values: Float64, usable: Bool, lag: int) -> float:
    """Pearson correlation of values[t] with values[t - lag], where both are usable."""
    both = usable[lag:] & usable[:-lag]
    return float(np.corrcoef(values[lag:][both], values[:-lag][both])[0, 1])


def _log_correlation(volume: Float64, spread: Float64, traded: Bool) -> float:
    usable = traded & (spread > 0.0)
    return float(np.corrcoef(np.log(volume[usable]), np.log(spread[usable]))[0, 1])


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


def _or_nan(values: Float64, statistic: object) -> float:
    return float(statistic(values)) if len(values) else float("nan")  # type: ignore[operator]
