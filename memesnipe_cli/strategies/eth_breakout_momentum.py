"""eth_breakout_momentum: Donchian breakouts of 20 and 55 four-hour bars, pyramided, left on the opposite channel.

The Turtle rules S1 and S2; filters after Zarattini, Pagani, Barbon (2025). A single asset trades some 10 to 30 times a
year, and a public live record of the idea won 28 % of 232 trades: expect a low win rate and a large payoff ratio.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pydantic import Field

from memesnipe_cli.strategies.base import Needs, Strategy
from memesnipe_cli.strategies.indicators import atr, full, highest, lowest, mean_and_deviation, push, recent
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal

CHANNEL_MAX = 500
REGIME_MAX = 400
VOLATILITY_MAX = 1000
RANKS = 365  # daily readings that a volatility is ranked among

# places in the state
ATR_AT = 0  # 4 cells
PREVIOUS = 4
LAST_REFERENCE = 5
BARS = 6
FUNDING_AT = 7
HIGH_FAST = 8
HIGH_SLOW = HIGH_FAST + CHANNEL_MAX + 3
LOW_FAST = HIGH_SLOW + CHANNEL_MAX + 3
LOW_SLOW = LOW_FAST + CHANNEL_MAX + 3
REGIME = LOW_SLOW + CHANNEL_MAX + 3  # ring of the reference's closes
RETURNS = REGIME + REGIME_MAX + 2  # ring of log returns
VOLATILITIES = RETURNS + VOLATILITY_MAX + 2  # ring of daily readings
FUNDINGS = VOLATILITIES + RANKS + 2  # ring of funding rates
FUNDING_COUNT = 90
END = FUNDINGS + FUNDING_COUNT + 2


def rank_among(s: Any, at: int, x: float, n: int) -> float:
    """Share of a ring's values that are at or below x."""
    below = 0.0
    for back in range(int(s[at])):
        if recent(s, at, back, n) <= x:
            below += 1.0
    return below / s[at]


class EthBreakoutMomentum(Strategy):
    """Entry: close above the highest high of the 20 (S1) or 55 (S2) bars before, Bitcoin above its 50-day mean,
    realised volatility below its 95th percentile, funding z below 2 where funding is known. S1 is skipped after a
    won S1 trade.
    Exit: close below the lowest low of 10 (S1) or 20 (S2) bars; stop 2 N; up to 4 units, one every half N."""

    name = "eth_breakout_momentum"
    summary = "4-hour Donchian breakout (Turtle S1/S2) under a Bitcoin trend filter, pyramided to four units."
    family = "momentum"
    timeframe = "4h"
    needs = Needs(reference="BTC", reference_timeframe="1d", funding=True)
    tags: ClassVar[dict[int, str]] = {1: "S1 breakout", 2: "S2 breakout"}

    class Params(Strategy.Params):
        """Parameters of eth_breakout_momentum; lengths in bars unless named otherwise."""

        fast: int = Field(20, ge=4, le=CHANNEL_MAX, description="bars of the S1 channel")
        slow: int = Field(55, ge=4, le=CHANNEL_MAX, description="bars of the S2 channel")
        fast_exit: int = Field(10, ge=2, le=CHANNEL_MAX, description="bars of the S1 exit channel")
        slow_exit: int = Field(20, ge=2, le=CHANNEL_MAX, description="bars of the S2 exit channel")
        atr_bars: int = Field(20, ge=2, le=500, description="bars of N, the average true range")
        stop_atr: float = Field(2.0, gt=0.0, le=20.0, description="stop distance in N")
        step_atr: float = Field(0.5, gt=0.0, le=10.0, description="distance between units in N")
        units: int = Field(4, ge=1, le=10, description="most units of a pyramid")
        unit_risk: float = Field(
            0.01, gt=0.0, le=0.02, description="share of equity that one N of one unit moves"
        )
        regime_days: int = Field(50, ge=2, le=REGIME_MAX, description="days of the reference's mean")
        volatility_bars: int = Field(
            120, ge=10, le=VOLATILITY_MAX, description="bars of the realised volatility"
        )
        volatility_rank: float = Field(0.95, gt=0.0, le=1.0, description="no entry at or above this rank")
        volatility_target: float = Field(
            0.25, gt=0.0, le=5.0, description="annual volatility that a position is held to"
        )
        funding_z: float = Field(2.0, gt=0.0, le=100.0, description="no entry at or above this funding z")

    @staticmethod
    def cells(p: Any) -> int:
        return END

    @staticmethod
    def warm_up(p: Any) -> int:
        return max(p.fast + 1, p.slow + 1, p.volatility_bars + 1, p.regime_days * 6)

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(
            risk_share=p.unit_risk * p.stop_atr, units=p.units, step_r=p.step_atr / p.stop_atr, skip_tag=1
        )

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        average = atr(s, ATR_AT, bar.high, bar.low, bar.close, p.atr_bars)
        fast_top = highest(s, HIGH_FAST, bar.high, p.fast)
        slow_top = highest(s, HIGH_SLOW, bar.high, p.slow)
        fast_bottom = lowest(s, LOW_FAST, bar.low, p.fast_exit)
        slow_bottom = lowest(s, LOW_SLOW, bar.low, p.slow_exit)
        if bar.reference_ts >= 0 and float(bar.reference_ts) != s[LAST_REFERENCE]:
            s[LAST_REFERENCE] = float(bar.reference_ts)
            push(s, REGIME, bar.reference_close, p.regime_days)
        if s[PREVIOUS] > 0.0:
            push(s, RETURNS, math.log(bar.close / s[PREVIOUS]), p.volatility_bars)
        s[PREVIOUS] = bar.close
        volatility = math.nan
        rank = 0.0
        if full(s, RETURNS, p.volatility_bars):
            _, volatility = mean_and_deviation(s, RETURNS, p.volatility_bars)
            s[BARS] += 1.0
            if s[VOLATILITIES] > 0.0:
                rank = rank_among(s, VOLATILITIES, volatility, RANKS)
            if int(s[BARS]) % 6 == 1:
                push(s, VOLATILITIES, volatility, RANKS)
        crowded = False
        if not math.isnan(bar.funding):
            if full(s, FUNDINGS, FUNDING_COUNT):
                mean, deviation = mean_and_deviation(s, FUNDINGS, FUNDING_COUNT)
                crowded = deviation > 0.0 and (bar.funding - mean) / deviation >= p.funding_z
            push(s, FUNDINGS, bar.funding, FUNDING_COUNT)

        exits = (1 if bar.close < fast_bottom else 0) + (2 if bar.close < slow_bottom else 0)
        if math.isnan(average) or math.isnan(slow_top) or math.isnan(volatility) or volatility == 0.0:
            return signal(exits=exits)
        if not full(s, REGIME, p.regime_days):
            return signal(exits=exits)
        regime, _ = mean_and_deviation(s, REGIME, p.regime_days)
        if recent(s, REGIME, 0, p.regime_days) <= regime or rank >= p.volatility_rank or crowded:
            return signal(exits=exits)
        weight = p.volatility_target / (volatility * math.sqrt(365.0 * 6.0))
        strength = (bar.close - fast_top) / average
        if bar.close > slow_top:
            return signal(
                enter=1, tag=2, exits=exits, stop=p.stop_atr * average, weight=weight, score=strength
            )
        if bar.close > fast_top:
            return signal(
                enter=1, tag=1, exits=exits, stop=p.stop_atr * average, weight=weight, score=strength
            )
        return signal(exits=exits)
