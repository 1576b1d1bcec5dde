"""mean_revert_1h: buy an hourly washout in a market that has been shown to revert, sell at the mean.

RSI-2 (Connors, Alvarez 2009), half-life (Chan 2013), variance ratio (Lo, MacKinlay 1988). The few largest coins show
momentum rather than reversal (Zaremba et al. 2021), and those are what can be traded here: expect little.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pydantic import Field

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.indicators import (
    adx,
    atr,
    ewma_deviation,
    full,
    half_life,
    mean_and_deviation,
    push,
    rsi,
    variance_ratio,
)
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal

# places in the state
ATR_AT = 0  # 4 cells
RSI_AT = 4  # 6 cells
ADX_AT = 10  # 12 cells
DEVIATION = 22  # 2 cells
PREVIOUS = 24  # the close before
WINDOW = 26  # ring of the mean
WINDOW_MAX = 500
LONG = WINDOW + WINDOW_MAX + 2  # ring of the tests


class MeanRevert1h(Strategy):
    """Entry: z <= -2 (window before the bar) and RSI(2) < 10 and 2 <= half-life <= 24 and VR(4) < 1 and ADX(14) < 25,
    no bar beyond 4 sigma. Exit: z >= 0, RSI(2) > 65, z <= -4, twice the half-life, the mean, or a stop of 3 ATR."""

    name = "mean_revert_1h"
    summary = "Hourly washout below the mean in a reverting market; out at the mean."
    family = "mean_reversion"
    timeframe = "1h"
    tags: ClassVar[dict[int, str]] = {1: "washout"}

    class Params(Strategy.Params):
        """Parameters of mean_revert_1h; lengths in bars."""

        window: int = Field(20, ge=5, le=WINDOW_MAX, description="bars of the mean")
        entry_z: float = Field(-2.0, ge=-10.0, lt=0.0, description="enter at or below this many deviations")
        exit_z: float = Field(0.0, ge=-5.0, le=5.0, description="leave at or above this many deviations")
        give_up_z: float = Field(-4.0, ge=-20.0, lt=0.0, description="leave at or below this many deviations")
        rsi_bars: int = Field(2, ge=2, le=100, description="bars of the RSI")
        rsi_entry: float = Field(10.0, ge=0.0, le=100.0, description="enter below this RSI")
        rsi_exit: float = Field(65.0, ge=0.0, le=100.0, description="leave above this RSI")
        tests: int = Field(240, ge=30, le=2000, description="bars of half-life and variance ratio")
        half_life_min: float = Field(2.0, ge=0.0, le=1000.0, description="shortest half-life")
        half_life_max: float = Field(24.0, ge=0.0, le=1000.0, description="longest half-life")
        ratio_steps: int = Field(4, ge=2, le=20, description="steps of the variance ratio")
        ratio_max: float = Field(1.0, gt=0.0, le=10.0, description="enter below this variance ratio")
        adx_max: float = Field(25.0, ge=0.0, le=100.0, description="enter below this ADX")
        shock: float = Field(4.0, gt=0.0, le=100.0, description="no entry after a bar of more deviations")
        max_bars: int = Field(36, ge=1, le=10_000, description="longest time stop")
        stop_atr: float = Field(3.0, gt=0.0, le=20.0, description="stop distance in ATR(14)")
        risk: float = Field(0.005, gt=0.0, le=0.02, description="share of equity that the stop may lose")

    @staticmethod
    def cells(p: Any) -> int:
        return LONG + int(p.tests) + 2

    @staticmethod
    def warm_up(p: Any) -> int:
        return max(100, p.tests, p.window + 1)

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=p.risk, max_bars=p.max_bars)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        average = atr(s, ATR_AT, bar.high, bar.low, bar.close, 14)
        strength = rsi(s, RSI_AT, bar.close, p.rsi_bars)
        direction = adx(s, ADX_AT, bar.high, bar.low, bar.close, 14)
        change = math.log(bar.close / s[PREVIOUS]) if s[PREVIOUS] > 0.0 else 0.0
        s[PREVIOUS] = bar.close
        usual = math.sqrt(s[DEVIATION])
        ewma_deviation(s, DEVIATION, change, 0.94, 1)

        z = math.nan
        mean = math.nan
        if full(s, WINDOW, p.window):
            mean, deviation = mean_and_deviation(s, WINDOW, p.window)
            if deviation > 0.0:
                z = (bar.close - mean) / deviation
        push(s, WINDOW, bar.close, p.window)
        push(s, LONG, math.log(bar.close), p.tests)
        if math.isnan(z) or math.isnan(average) or math.isnan(strength):
            return signal()
        leaves = z >= p.exit_z or strength > p.rsi_exit or z <= p.give_up_z
        washout = z <= p.entry_z and strength < p.rsi_entry and not leaves
        if not washout or not full(s, LONG, p.tests) or math.isnan(direction) or direction >= p.adx_max:
            return signal(exits=1 if leaves else 0, score=z)
        if abs(change) > p.shock * usual or mean <= bar.close:
            return signal(score=z)
        life = half_life(s, LONG, p.tests)
        ratio = variance_ratio(s, LONG, p.tests, p.ratio_steps)
        if not (p.half_life_min <= life <= p.half_life_max and ratio < p.ratio_max):
            return signal(score=z)
        bars = min(p.max_bars, math.ceil(2.0 * life))
        return signal(enter=1, stop=p.stop_atr * average, target=mean, max_bars=bars, score=z)
