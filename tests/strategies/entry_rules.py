"""The entry rules of the built-in strategies over whole arrays, as a chart reader would work them out. Shares no code
with the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import whole_arrays as whole
from whole_arrays import Floats

from memesnipe_cli.engine.signals import BaseBars
from memesnipe_cli.store.tables import Candles

HOUR = 3_600_000
DAY = 86_400_000

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Expected:
    """Base bars at whose close an entry is signalled (warm-up and gaps aside), and each one's details."""

    long: dict[int, dict[str, float]]
    short: dict[int, dict[str, float]]


def log_returns(close: Floats) -> Floats:
    return np.concatenate([[0.0], np.diff(np.log(close))])


def hourly_trend(bars: BaseBars, fast: int, slow: int) -> Floats:
    """EMA(fast) - EMA(slow) over the last closes of the hours that have ended, at each 5-minute bar's close."""
    hour = bars.ts // HOUR
    last = np.concatenate([np.flatnonzero(np.diff(hour)), [len(hour) - 1]])
    spread = np.concatenate([[0.0], _ema(bars.close[last], fast) - _ema(bars.close[last], slow)])
    ended = np.searchsorted(hour[last], (bars.ts + bars.base_ms) // HOUR)
    return np.asarray(spread[ended])


def _ema(x: Floats, n: int) -> Floats:
    found = np.array(x)
    for t in range(1, len(x)):
        found[t] = (2.0 * x[t] + (n - 1.0) * found[t - 1]) / (n + 1.0)
    return found


def usual_volume(bars: BaseBars, days: int) -> Floats:
    """Median of the last `days` volumes at the same time of day."""
    found = np.full(len(bars.ts), np.nan)
    for slot in np.unique(bars.ts % DAY):
        at = np.flatnonzero(bars.ts % DAY == slot)
        found[at] = np.median(whole.before(bars.volume[at], days), axis=1)
    return found


def deviation(returns: Floats, decay: float) -> Floats:
    """Root of the weighted mean of squares up to each bar."""
    found = returns * returns
    for t in range(1, len(returns)):
        found[t] = decay * found[t - 1] + (1.0 - decay) * returns[t] ** 2
    return np.asarray(np.sqrt(found))


def momentum_5m(bars: BaseBars, p: Mapping[str, Any]) -> Expected:
    n = p["lookback"]
    r1 = log_returns(bars.close)
    change = np.full(len(r1), np.nan)
    change[n:] = np.log(bars.close[n:] / bars.close[:-n])
    m = change / (deviation(r1, p["decay"]) * np.sqrt(n))
    m[:99] = np.nan
    trend = hourly_trend(bars, p["fast_hours"], p["slow_hours"])
    usual = usual_volume(bars, p["volume_days"])
    with np.errstate(invalid="ignore"):
        sound = (
            (bars.volume >= p["volume"] * usual) & (usual > 0.0) & (np.abs(r1) <= p["jump"] * np.abs(change))
        )
        up = (m >= p["momentum"]) & (bars.close > whole.before(bars.high, p["breakout"]).max(axis=1))
        down = (m <= -p["momentum"]) & (bars.close < whole.before(bars.low, p["breakout"]).min(axis=1))
    stop = p["stop_atr"] * whole.atr(bars.high, bars.low, bars.close, p["atr_bars"])
    details = {"stop": stop, "score": m}
    return Expected(
        picked(sound & up & (trend > 0.0), details), picked(sound & down & (trend < 0.0), details)
    )


def mean_revert_1h(bars: BaseBars, p: Mapping[str, Any]) -> Expected:
    close, log_close = bars.close, np.log(bars.close)
    past = whole.before(close, p["window"])
    z = (close - past.mean(axis=1)) / past.std(axis=1, ddof=1)
    strength = whole.rsi(close, p["rsi_bars"])
    sigma_before = np.concatenate([[0.0], deviation(log_returns(close), 0.94)[:-1]])
    with np.errstate(invalid="ignore"):
        washout = (
            (z <= p["entry_z"])
            & (z > p["give_up_z"])
            & (z < p["exit_z"])
            & (strength < p["rsi_entry"])
            & (strength <= p["rsi_exit"])
            & (whole.adx(bars.high, bars.low, close, 14) < p["adx_max"])
            & (np.abs(log_returns(close)) <= p["shock"] * sigma_before)
        )
    average = whole.atr(bars.high, bars.low, close, 14)
    found = {}
    for t in np.flatnonzero(washout)[np.flatnonzero(washout) >= p["tests"]]:
        window = log_close[t - p["tests"] + 1 : t + 1]
        life = whole.half_life(window)
        if (
            p["half_life_min"] <= life <= p["half_life_max"]
            and whole.variance_ratio(window, p["ratio_steps"]) < p["ratio_max"]
        ):
            found[int(t)] = {
                "stop": p["stop_atr"] * average[t],
                "target": past[t].mean(),
                "max_bars": min(p["max_bars"], np.ceil(2.0 * life)),
            }
    return Expected(found, {})


def eth_breakout_momentum(
    bars: BaseBars, four_hours: Mapping[str, npt.NDArray[Any]], daily: Candles, p: Mapping[str, Any]
) -> Expected:
    """four_hours: columns of the 4-hour bars; daily: the reference, whose last known bar `bars` names."""
    at = np.searchsorted(bars.ts, four_hours["ts"] + 4 * HOUR - bars.base_ms)  # where each of them closes
    high, low, close = four_hours["high"], four_hours["low"], four_hours["close"]

    changes = np.diff(np.log(close))
    volatility, rank = np.full(len(close), np.nan), np.zeros(len(close))
    readings: list[float] = []
    for number, t in enumerate(range(p["volatility_bars"], len(close))):
        volatility[t] = np.std(changes[t - p["volatility_bars"] : t], ddof=1)
        if readings:
            rank[t] = np.mean(np.array(readings[-365:]) <= volatility[t])
        if number % 6 == 0:  # once a day
            readings.append(volatility[t])

    day = np.searchsorted(daily.ts, bars.reference_ts[at])
    first = day[0]
    regime = np.array(
        [
            d - first + 1 >= p["regime_days"]
            and daily.close[d] > daily.close[d - p["regime_days"] + 1 : d + 1].mean()
            for d in day
        ]
    )
    funding = bars.funding[at]
    past = whole.before(funding, 90)
    with np.errstate(invalid="ignore", divide="ignore"):
        crowded = (funding - past.mean(axis=1)) / past.std(axis=1, ddof=1) >= p["funding_z"]
        allowed = regime & ~crowded & (rank < p["volatility_rank"]) & (volatility > 0.0)
        fast = allowed & (close > whole.before(high, p["fast"]).max(axis=1))
        slow = allowed & (close > whole.before(high, p["slow"]).max(axis=1))
        exits = 1 * (close < whole.before(low, p["fast_exit"]).min(axis=1)) + 2 * (
            close < whole.before(low, p["slow_exit"]).min(axis=1)
        )
    stop = p["stop_atr"] * whole.atr(high, low, close, p["atr_bars"])
    weight = p["volatility_target"] / (volatility * np.sqrt(365 * 6))
    details = {"stop": stop, "weight": weight, "tag": np.where(slow, 2.0, 1.0), "exits": exits}
    return Expected({int(at[t]): each for t, each in picked(fast | slow, details).items()}, {})


def picked(where: Mask, details: Mapping[str, Floats]) -> dict[int, dict[str, float]]:
    return {int(t): {name: float(each[t]) for name, each in details.items()} for t in np.flatnonzero(where)}


def rested(ts: npt.NDArray[np.int64], base_ms: int) -> Mask:
    """Whether each bar is none of the three after a hole of more than three, where strategy bars are base bars."""
    after = np.concatenate([[False], np.diff(ts) > 4 * base_ms])
    return np.asarray(~(after | np.roll(after, 1) | np.roll(after, 2)))
