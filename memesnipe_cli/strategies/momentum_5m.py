"""momentum_5m: buy a 5-minute breakout that volume and the hourly trend confirm, trail it out.

Time-series momentum scaled by volatility (Moskowitz, Ooi, Pedersen 2012); intraday momentum and reversal both exist and
switch with jumps (Wen, Bouri, Xu, Zhao 2022), hence the veto on one-bar moves.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pydantic import Field

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.indicators import (
    atr,
    ema,
    ewma_deviation,
    full,
    highest,
    lowest,
    median_of_slot,
    push,
    recent,
)
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal

HOUR_MS = 3_600_000
DAY_MS = 86_400_000

# places in the state
LAST_TS = 0
FAST = 1  # ema of hourly closes, 2 cells
SLOW = 3  # 2 cells
DEVIATION = 5  # 2 cells
ATR_AT = 7  # 4 cells
CLOSES = 12  # ring of lookback + 1 closes
LOOKBACK_MAX = 288
HIGHS = CLOSES + LOOKBACK_MAX + 3  # highest, then lowest
BREAKOUT_MAX = 2016
LOWS = HIGHS + BREAKOUT_MAX + 3
VOLUMES = LOWS + BREAKOUT_MAX + 3


def hourly_trend(s: Any, close: float, fast: int, slow: int) -> None:
    """Take an hour's close into both averages."""
    ema(s, FAST, close, fast)
    ema(s, SLOW, close, slow)


class Momentum5m(Strategy):
    """Entry long: m >= 1 and close above the highest high of the 48 bars before and volume >= 1.5 x its median at this
    time of day and EMA(12 h) > EMA(48 h); m = r_12 / (sigma sqrt 12). Mirrored short where a short exists."""

    name = "momentum_5m"
    summary = "5-minute breakout confirmed by volume and the hourly trend; half out at 2 R, the rest trails."
    family = "momentum"
    timeframe = "5m"
    tags: ClassVar[dict[int, str]] = {1: "breakout up", 2: "breakout down"}

    class Params(Strategy.Params):
        """Parameters of momentum_5m; lengths in bars unless named otherwise."""

        lookback: int = Field(12, ge=2, le=LOOKBACK_MAX, description="bars of the momentum return")
        momentum: float = Field(1.0, ge=0.0, le=10.0, description="least return in units of its volatility")
        breakout: int = Field(
            48, ge=2, le=BREAKOUT_MAX, description="bars whose highest high must be exceeded"
        )
        volume: float = Field(
            1.5, ge=0.0, le=100.0, description="least volume over its median at this time of day"
        )
        volume_days: int = Field(20, ge=3, le=60, description="days of that median")
        fast_hours: int = Field(12, ge=1, le=500, description="fast trend, hours")
        slow_hours: int = Field(48, ge=2, le=2000, description="slow trend, hours")
        jump: float = Field(0.7, gt=0.0, le=10.0, description="largest share of the return made by one bar")
        decay: float = Field(0.94, gt=0.0, lt=1.0, description="decay of the volatility")
        atr_bars: int = Field(14, ge=2, le=500, description="bars of the average true range")
        stop_atr: float = Field(2.0, gt=0.0, le=20.0, description="stop distance in ATR")
        trail_atr: float = Field(3.0, ge=0.0, le=50.0, description="trail distance in ATR, 0 for none")
        target_r: float = Field(
            2.0, ge=0.0, le=50.0, description="first target in stop distances, 0 for none"
        )
        target_share: float = Field(0.5, gt=0.0, le=1.0, description="share that leaves at the target")
        max_bars: int = Field(24, ge=0, le=10_000, description="time stop, 0 for none")
        risk: float = Field(0.005, gt=0.0, le=0.02, description="share of equity that the stop may lose")

    @staticmethod
    def cells(p: Any) -> int:
        return VOLUMES + 288 * (2 * int(p.volume_days) + 2)

    @staticmethod
    def warm_up(p: Any) -> int:
        return max(100, p.lookback + 1, p.breakout + 1, p.slow_hours * 12, p.volume_days * 288)

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(
            risk_share=p.risk,
            target_r=p.target_r,
            target_share=p.target_share,
            trail_r=p.trail_atr / p.stop_atr,
            max_bars=p.max_bars,
        )

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        closes_at = bar.ts + bar.length
        window = p.lookback + 1
        # The last close of an hour counts, also where the hour's last bars are missing.
        missed_hour = s[LAST_TS] > 0.0 and int(s[LAST_TS]) // HOUR_MS < bar.ts // HOUR_MS
        if missed_hour and (int(s[LAST_TS]) + bar.length) % HOUR_MS != 0:
            hourly_trend(s, recent(s, CLOSES, 0, window), p.fast_hours, p.slow_hours)
        if closes_at % HOUR_MS == 0:
            hourly_trend(s, bar.close, p.fast_hours, p.slow_hours)
        s[LAST_TS] = float(bar.ts)

        r1 = 0.0
        if s[CLOSES] > 0.0:
            r1 = math.log(bar.close / recent(s, CLOSES, 0, window))
        push(s, CLOSES, bar.close, window)
        deviation = ewma_deviation(s, DEVIATION, r1, p.decay, 100)
        average = atr(s, ATR_AT, bar.high, bar.low, bar.close, p.atr_bars)
        top = highest(s, HIGHS, bar.high, p.breakout)
        bottom = lowest(s, LOWS, bar.low, p.breakout)
        usual = median_of_slot(s, VOLUMES, bar.ts % DAY_MS // 300_000 % 288, bar.volume, p.volume_days)

        if not full(s, CLOSES, window) or math.isnan(deviation) or deviation == 0.0 or math.isnan(average):
            return signal()
        change = math.log(bar.close / recent(s, CLOSES, p.lookback, window))
        momentum = change / (deviation * math.sqrt(p.lookback))
        exits = 1 if momentum < 0.0 else (2 if momentum > 0.0 else 0)
        stop = p.stop_atr * average
        trend = s[FAST] - s[SLOW]
        busy = usual > 0.0 and bar.volume >= p.volume * usual
        jump = abs(r1) > p.jump * abs(change)
        if not busy or jump:
            return signal(exits=exits, score=momentum)
        if momentum >= p.momentum and bar.close > top and trend > 0.0:
            return signal(enter=1, tag=1, exits=exits, stop=stop, score=momentum)
        if momentum <= -p.momentum and bar.close < bottom and trend < 0.0:
            return signal(enter=-1, tag=2, exits=exits, stop=stop, score=momentum)
        return signal(exits=exits, score=momentum)
