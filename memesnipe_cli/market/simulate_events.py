"""What happens to the simulated market now and then: pumps, jumps, rugs, Korean bursts, outages.

An event adds to the log returns, the log volatility and the log volume of the bars it covers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from memesnipe_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS
from memesnipe_cli.market.simulate_parameters import CoinSpec, JumpSpec, MarketSpec, PumpSpec
from memesnipe_cli.market.simulate_paths import MARKET, stream
from memesnipe_cli.store.tables import Bool, Float64

KOREAN_WINDOWS = ((0, 90 * MINUTE_MS), (11 * HOUR_MS, 15 * HOUR_MS))
"""From and to, in ms of the UTC day: 09:00-10:30 KST, when Upbit's day begins, and 20:00-24:00 KST."""

BURST_VOLATILITY = 1.35
BURST_VOLUME = 1.5
PUMP_VOLATILITY = 1.8
PUMP_VOLUME = 5.0

LARGEST_JUMP = 4.0
"""No jump is larger than this many times the mean."""
AFTERSHOCK_VOLATILITY = 1.6
AFTERSHOCK_VOLUME = 1.5
AFTERSHOCK_MINUTES = 60.0

RUG_COLLAPSE_MS = 20 * MINUTE_MS
RUG_LOSS = (0.92, 0.985)
RUG_AFTERLIFE_HOURS = (4.0, 24.0)
RUG_VOLATILITY = 2.5
RUG_VOLUME = 4.0


@dataclass(frozen=True)
class Grid:
    """The bars of a run: bar i opens at start_ms + i * step_ms."""

    start_ms: int
    step_ms: int
    bars: int

    def index(self, ts_ms: float) -> int:
        """The bar that holds this time; may lie outside the run."""
        return int((ts_ms - self.start_ms) // self.step_ms)


@dataclass(frozen=True)
class Overlay:
    """What events add, per bar; each of shape (bars,)."""

    log_return: Float64
    log_volatility: Float64
    log_volume: Float64

    @classmethod
    def empty(cls, bars: int) -> Overlay:
        return cls(np.zeros(bars), np.zeros(bars), np.zeros(bars))


@dataclass(frozen=True)
class Rug:
    """When a coin collapses, how far (log return, negative), and when trading in it ends."""

    start_ms: int
    log_loss: float
    delisted_ms: int


def planned_rug(seed: int, coin: CoinSpec, grid: Grid) -> Rug | None:
    """The collapse that awaits `coin`, which may lie beyond the run; None when it never rugs."""
    if coin.rug_days is None:
        return None
    generator = stream(seed, coin.symbol, "rug")
    start = grid.start_ms + int(_between(generator, coin.rug_days) * DAY_MS)
    loss = _between(generator, RUG_LOSS)
    end = start + RUG_COLLAPSE_MS + int(_between(generator, RUG_AFTERLIFE_HOURS) * HOUR_MS)
    start -= start % grid.step_ms
    end -= end % grid.step_ms
    return Rug(start_ms=start, log_loss=math.log(1.0 - loss), delisted_ms=end)


def add_rug(overlay: Overlay, rug: Rug, grid: Grid) -> None:
    """The collapse: most in the first bars, then a wild market with few buyers until the delisting."""
    start = grid.index(rug.start_ms)
    collapse = max(1, RUG_COLLAPSE_MS // grid.step_ms)
    _add_ramp(overlay.log_return, start, collapse, rug.log_loss)
    end = grid.index(rug.delisted_ms)
    _add(overlay.log_volatility, start, end, math.log(RUG_VOLATILITY))
    _add(overlay.log_volume, start, start + 3 * collapse, math.log(RUG_VOLUME))


def add_pumps(overlay: Overlay, seed: int, coin: CoinSpec, pumps: PumpSpec, grid: Grid) -> None:
    """Pumps at exponential intervals; some begin in Korean hours; some are given back, some hold."""
    generator = stream(seed, coin.symbol, "pumps")
    at = float(grid.start_ms)
    end = grid.start_ms + grid.bars * grid.step_ms
    while True:
        at += pumps.mean_days * DAY_MS * float(generator.standard_exponential())
        if at >= end:
            return
        moment = _moved_into_korean_hours(generator, at) if generator.random() < pumps.korean_share else at
        height = pumps.height[0] + pumps.height[1] * float(generator.standard_exponential())
        rise = _bars(_between(generator, pumps.rise_minutes), grid)
        fade = _bars(_between(generator, pumps.fade_minutes), grid)
        round_trip = generator.random() < pumps.round_trip_share
        given_back = _between(generator, (0.85, 1.1) if round_trip else (0.0, 0.35))
        start = grid.index(moment)
        _add(overlay.log_return, start, start + rise, height / rise)
        _add_ramp(overlay.log_return, start + rise, fade, -height * given_back)
        _add_fading(overlay.log_volatility, start, rise, fade, math.log(PUMP_VOLATILITY))
        _add_fading(overlay.log_volume, start, rise, fade, math.log(PUMP_VOLUME))


def add_jumps(overlay: Overlay, seed: int, coin: CoinSpec, jumps: JumpSpec, grid: Grid) -> None:
    """Jumps at exponential intervals, as likely up as down, each with an excited hour after it."""
    generator = stream(seed, coin.symbol, "jumps")
    fade = _bars(AFTERSHOCK_MINUTES, grid)
    at = float(grid.start_ms)
    while True:
        at += jumps.mean_days * DAY_MS * float(generator.standard_exponential())
        size = jumps.size * min(LARGEST_JUMP, float(generator.standard_exponential()))
        sign = 1.0 if generator.random() < 0.5 else -1.0
        start = grid.index(at)
        if start >= grid.bars:
            return
        overlay.log_return[start] += sign * size
        _add_fading(overlay.log_volatility, start + 1, 1, fade, math.log(AFTERSHOCK_VOLATILITY))
        _add_fading(overlay.log_volume, start, 1, fade, math.log(AFTERSHOCK_VOLUME))


def add_korean_bursts(overlay: Overlay, seed: int, coin: CoinSpec, grid: Grid) -> None:
    """Korean windows in which the coin wakes up: more volume, more movement, no direction."""
    generator = stream(seed, coin.symbol, "korea")
    day = grid.start_ms - grid.start_ms % DAY_MS
    end = grid.start_ms + grid.bars * grid.step_ms
    while day < end:
        for opens, closes in KOREAN_WINDOWS:
            if generator.random() < coin.korean_burst_share:
                first, last = grid.index(day + opens), grid.index(day + closes)
                _add(overlay.log_volatility, first, last, math.log(BURST_VOLATILITY))
                _add(overlay.log_volume, first, last, math.log(BURST_VOLUME))
        day += DAY_MS


def outages(seed: int, market: MarketSpec, grid: Grid) -> Bool:
    """True for each bar in which the venue is down, for every coin at once; shape (bars,)."""
    generator = stream(seed, MARKET, "outages")
    down = np.zeros(grid.bars, dtype=np.bool_)
    at = float(grid.start_ms)
    shortest, longest = market.outage_minutes
    while True:
        at += market.outage_mean_days * DAY_MS * float(generator.standard_exponential())
        first = grid.index(at)
        if first >= grid.bars:
            return down
        minutes = shortest * math.exp(float(generator.random()) * math.log(longest / shortest))
        down[first : first + _bars(minutes, grid)] = True


def _moved_into_korean_hours(generator: np.random.Generator, at: float) -> float:
    """A time in one of the Korean windows of the day after `at`, so that it is never before the run."""
    opens, closes = KOREAN_WINDOWS[0] if generator.random() < 0.5 else KOREAN_WINDOWS[1]
    return at - at % DAY_MS + DAY_MS + opens + float(generator.random()) * (closes - opens)


def _between(generator: np.random.Generator, bounds: tuple[float, float]) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * float(generator.random())


def _bars(minutes: float, grid: Grid) -> int:
    return max(1, round(minutes * MINUTE_MS / grid.step_ms))


def _add(column: Float64, first: int, last: int, value: float) -> None:
    column[max(0, first) : max(0, last)] += value


def _add_ramp(column: Float64, first: int, bars: int, total: float) -> None:
    """Spread `total` over `bars` bars, the first taking most: weights bars, bars - 1, ..., 1."""
    weights = np.arange(bars, 0, -1, dtype=np.float64) * (2.0 / (bars * (bars + 1)))
    stop = min(first + bars, len(column))
    if first < stop:
        column[first:stop] += total * weights[: stop - first]


def _add_fading(column: Float64, first: int, full: int, fade: int, value: float) -> None:
    """`value` for `full` bars, then down to nothing in a straight line over `fade` bars."""
    shape = np.concatenate((np.ones(full), np.arange(fade, 0, -1, dtype=np.float64) / (fade + 1)))
    stop = min(first + full + fade, len(column))
    if first < stop:
        column[first:stop] += value * shape[: stop - first]
