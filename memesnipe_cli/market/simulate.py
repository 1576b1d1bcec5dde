"""A reproducible simulated market: candles of a handful of coins on the venue `sim`.

Same seed, same arguments: same bars. A longer run starts with the bars of a shorter one. The numbers are
in `simulate_parameters.py`, the moments of real coins they are held to in `simulate_targets.py`.
It is a market to learn and to test on. It is not tuned to reward any strategy.

Which coins move enough: a round trip of 1 % is within a quarter of a stop of 2 ATR(14) only where the stop is
4 % away or more. Over 180 days that happens in 130 to 240 episodes of 5m bars, nearly all of them in
RUGG (before and in its collapse, 60 to 110), TRUMP (20 to 50), WIF, PEPE and BONK (10 to 40 each); DOGE has
a few, BTC and ETH next to none. Real coins are alike: in the first half of 2025 WIF had 15, BONK 7, TRUMP 24.

The log return of coin i in bar t is

    r = drift + s * (c * e_market + sqrt(1 - c^2) * e_coin) + events

with Student t innovations e, c the correlation with the market, and s the product of a base volatility,
the hour's factor, the regimes (the market's and the coin's own Markov chains) and log-normal volatility of
three half-lives: days (market), hours (market and coin), minutes (coin).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from memesnipe_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS, floor_to, timeframe_ms
from memesnipe_cli.errors import UsageError
from memesnipe_cli.market.simulate_events import (
    Grid,
    Overlay,
    add_jumps,
    add_korean_bursts,
    add_pumps,
    add_rug,
    outages,
    planned_rug,
)
from memesnipe_cli.market.simulate_parameters import DEFAULT_COINS, DEFAULT_MARKET, CoinSpec, MarketSpec
from memesnipe_cli.market.simulate_paths import (
    MARKET,
    mean_reverting,
    pulled_sum,
    regime_path,
    stream,
    variance_mix,
)
from memesnipe_cli.store.tables import SIMULATED_VENUE, Bool, Candles, Float64, Instrument, Int64, SeriesKey

FITTED_STEP_MS = 5 * MINUTE_MS
LONGEST_STEP_MS = HOUR_MS
MOST_BARS = 2_000_000
BARS_PER_DAY = DAY_MS // FITTED_STEP_MS

LOG_GRID = 1e9
"""Log prices and log volumes are rounded to 1e-9: a difference in the last digit of exp() or log() between
two processors is gone before it can add up to a tick."""

OPENING_GAP_SHARE = 0.35
"""Share of bars that do not open exactly where the bar before closed."""
OPENING_GAP = 0.06
"""Largest such gap, in standard deviations of the bar."""
BOUNCE = 0.25
"""Trades print at bid or ask: the last one lies up to this many standard deviations of the bar off the path,
which gives successive returns the slightly negative correlation of real bars."""
VOLUME_HALF_LIFE_MS = 8 * HOUR_MS


@dataclass(frozen=True)
class _MarketPath:
    """What all coins share, per bar; each of shape (bars,)."""

    log_volatility: Float64
    drift: Float64
    noise: Float64
    variance: Float64
    down: Bool


def simulate(
    seed: int,
    days: int,
    start_ms: int,
    coins: Sequence[CoinSpec] = DEFAULT_COINS,
    timeframe: str = "5m",
    market: MarketSpec = DEFAULT_MARKET,
) -> list[Candles]:
    """Bars of every coin from `start_ms` (floored to the bar) for `days` days, in the order of `coins`.

    Bars without a trade and bars of an outage are left out; a coin that rugs stops having bars. Prices are
    whole ticks, volumes whole lots. Raises UsageError for a negative seed, no days or too many, a start
    before 1970, two coins of one name, or a timeframe above 1h (longer bars are resampled when read). Another
    timeframe is another market, not the same one resampled.
    """
    grid = _grid(seed, days, start_ms, coins, timeframe)
    shared = _market_path(seed, market, grid)
    return [_coin_candles(seed, coin, market, shared, grid, timeframe) for coin in coins]


def instruments(
    seed: int,
    days: int,
    start_ms: int,
    coins: Sequence[CoinSpec] = DEFAULT_COINS,
    timeframe: str = "5m",
) -> list[Instrument]:
    """How the coins of `simulate` with the same arguments are traded, and until when. Raises as it does."""
    grid = _grid(seed, days, start_ms, coins, timeframe)
    end_ms = grid.start_ms + grid.bars * grid.step_ms
    found = []
    for coin in coins:
        rug = planned_rug(seed, coin, grid)
        found.append(
            Instrument(
                venue=SIMULATED_VENUE,
                symbol=coin.symbol,
                tick=coin.tick,
                lot=coin.lot,
                min_qty=coin.lot,
                min_notional=coin.min_notional,
                source="venue",
                listed_ms=grid.start_ms,
                delisted_ms=rug.delisted_ms if rug is not None and rug.delisted_ms < end_ms else None,
            )
        )
    return found


def _grid(seed: int, days: int, start_ms: int, coins: Sequence[CoinSpec], timeframe: str) -> Grid:
    if seed < 0:
        raise UsageError(f"seed {seed} is negative", "use 0 or a positive whole number")
    if days < 1:
        raise UsageError(f"{days} days cannot be simulated", "ask for at least 1 day")
    if start_ms < 0:
        raise UsageError(f"start {start_ms} ms is before 1970", "start on or after 1970-01-01")
    symbols = [coin.symbol for coin in coins]
    twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    if twice:
        raise UsageError(f"simulated coin {twice[0]} is given twice", "give each symbol once")
    step = timeframe_ms(timeframe)
    bars = days * DAY_MS // step
    if bars > MOST_BARS:
        raise UsageError(
            f"{days} days of {timeframe} are {bars} bars a coin, more than {MOST_BARS}",
            f"ask for at most {MOST_BARS * step // DAY_MS} days",
        )
    if step > LONGEST_STEP_MS:
        raise UsageError(
            f"timeframe {timeframe!r} is too long to simulate",
            "simulate 5m; longer bars are resampled when read",
        )
    return Grid(start_ms=floor_to(start_ms, step), step_ms=step, bars=bars)


def _market_path(seed: int, market: MarketSpec, grid: Grid) -> _MarketPath:
    regime, drift = regime_path(stream(seed, MARKET, "regimes"), market.regimes, grid.bars, grid.step_ms)
    slow = _reverting(seed, MARKET, "slow", grid, market.slow_half_life_hours * HOUR_MS)
    medium = _reverting(seed, MARKET, "medium", grid, market.medium_half_life_hours * HOUR_MS)
    return _MarketPath(
        log_volatility=regime + market.slow_volatility * slow + market.medium_volatility * medium,
        drift=drift,
        noise=stream(seed, MARKET, "noise").standard_normal(grid.bars),
        variance=variance_mix(stream(seed, MARKET, "tails"), grid.bars, market.tail_degrees),
        down=outages(seed, market, grid),
    )


def _coin_candles(
    seed: int, coin: CoinSpec, market: MarketSpec, shared: _MarketPath, grid: Grid, timeframe: str
) -> Candles:
    ts = grid.start_ms + grid.step_ms * np.arange(grid.bars, dtype=np.int64)
    hours = (ts % DAY_MS) // HOUR_MS
    rug = planned_rug(seed, coin, grid)
    overlay = Overlay.empty(grid.bars)
    if coin.pumps is not None:
        add_pumps(overlay, seed, coin, coin.pumps, grid)
    if coin.jumps is not None:
        add_jumps(overlay, seed, coin, coin.jumps, grid)
    add_korean_bursts(overlay, seed, coin, grid)
    if rug is not None:
        add_rug(overlay, rug, grid)

    log_volatility, drift = _volatility(seed, coin, shared, overlay, hours, grid)
    volatility = coin.volatility * math.sqrt(grid.step_ms / FITTED_STEP_MS) * np.exp(log_volatility)
    own_variance = variance_mix(stream(seed, coin.symbol, "tails"), grid.bars, market.tail_degrees)
    own_noise = stream(seed, coin.symbol, "noise").standard_normal(grid.bars)
    with_market, alone = coin.market_correlation**2, 1.0 - coin.market_correlation**2
    bar_volatility = volatility * np.sqrt(with_market * shared.variance + alone * own_variance)
    returns = (
        drift
        + overlay.log_return
        + volatility
        * (np.sqrt(with_market * shared.variance) * shared.noise + np.sqrt(alone * own_variance) * own_noise)
    )
    path = pulled_sum(returns, market.pull_half_life_days * DAY_MS / grid.step_ms)
    log_open, log_high, log_low, log_close = _bars(seed, coin, path, bar_volatility)
    log_volume = _log_volume(seed, coin, log_close, log_high - log_low, overlay, hours, grid)

    traded = ~shared.down & _has_trades(seed, coin, log_volume + log_close, grid)
    if rug is not None:
        traded &= ts < rug.delisted_ms
    return Candles(
        key=SeriesKey(SIMULATED_VENUE, coin.symbol, timeframe),
        ts=ts[traded],
        open=_rounded(coin.price * np.exp(log_open[traded]), coin.tick),
        high=_rounded(coin.price * np.exp(log_high[traded]), coin.tick),
        low=_rounded(coin.price * np.exp(log_low[traded]), coin.tick),
        close=_rounded(coin.price * np.exp(log_close[traded]), coin.tick),
        volume=_rounded(np.exp(log_volume[traded]), coin.lot),
    )


def _volatility(
    seed: int, coin: CoinSpec, shared: _MarketPath, overlay: Overlay, hours: Int64, grid: Grid
) -> tuple[Float64, Float64]:
    """(ln of all factors on the base volatility, drift of the log price per bar), each of shape (bars,)."""
    medium = _reverting(seed, coin.symbol, "medium", grid, coin.medium_half_life_hours * HOUR_MS)
    fast = _reverting(seed, coin.symbol, "fast", grid, coin.fast_half_life_minutes * MINUTE_MS)
    log_volatility = (
        coin.market_loading * shared.log_volatility
        + coin.medium_volatility * medium
        + coin.fast_volatility * fast
        + np.log(np.array(coin.volatility_by_hour))[hours]
        + overlay.log_volatility
    )
    drift = coin.market_correlation * shared.drift
    if coin.regimes:
        own, own_drift = regime_path(
            stream(seed, coin.symbol, "regimes"), coin.regimes, grid.bars, grid.step_ms
        )
        log_volatility = log_volatility + own
        drift = drift + own_drift
    daily = coin.volatility * math.sqrt(BARS_PER_DAY)
    return log_volatility, drift * (daily * grid.step_ms / DAY_MS)


def _bars(
    seed: int, coin: CoinSpec, path: Float64, volatility: Float64
) -> tuple[Float64, Float64, Float64, Float64]:
    """(open, high, low, close) as log prices over the starting price.

    High and low are the extremes of a Brownian bridge between open and close: with x = close - open and
    variance v, the maximum above the open is (x + sqrt(x^2 - 2 v ln U)) / 2, U uniform (e.g. Glasserman,
    Monte Carlo Methods in Financial Engineering, 2003, section 6.4); the minimum mirrors it.
    """
    draws = stream(seed, coin.symbol, "range").random((len(path), 5))
    last = path + BOUNCE * volatility * (2.0 * draws[:, 4] - 1.0)
    close = np.rint(last * LOG_GRID) / LOG_GRID
    before = np.concatenate(([0.0], close[:-1]))
    gapped = draws[:, 0] < OPENING_GAP_SHARE
    opening = before + np.where(gapped, OPENING_GAP * volatility * (2.0 * draws[:, 1] - 1.0), 0.0)
    move = close - opening
    within = coin.range_factor * volatility
    reach = -2.0 * within * within
    up = 0.5 * (move + np.sqrt(move * move + reach * np.log1p(-draws[:, 2])))
    down = 0.5 * (move - np.sqrt(move * move + reach * np.log1p(-draws[:, 3])))
    return opening, opening + up, opening + down, close


def _log_volume(
    seed: int,
    coin: CoinSpec,
    log_close: Float64,
    log_range: Float64,
    overlay: Overlay,
    hours: Int64,
    grid: Grid,
) -> Float64:
    """ln of the volume in base units: the range of the bar makes most of it, the hour and noise the rest."""
    typical = 1.5 * coin.volatility * math.sqrt(grid.step_ms / FITTED_STEP_MS)
    slow = _reverting(seed, coin.symbol, "volume", grid, VOLUME_HALF_LIFE_MS)
    noise = stream(seed, coin.symbol, "volume noise").standard_normal(grid.bars)
    # The hour moves the range, and the range the volume; what the range does not explain is added here.
    by_hour = np.log(np.array(coin.volume_by_hour)) - coin.volume_exponent * np.log(
        np.array(coin.volatility_by_hour)
    )
    shares = np.maximum(log_range / typical, 0.05)
    base = coin.quote_volume * (grid.step_ms / FITTED_STEP_MS) / coin.price
    log_volume: Float64 = (
        math.log(base)
        - log_close
        + coin.volume_exponent * np.log(shares)
        + by_hour[hours]
        + coin.volume_slow * slow
        + coin.volume_noise * noise
        + overlay.log_volume
    )
    return np.rint(log_volume * LOG_GRID) / LOG_GRID


def _has_trades(seed: int, coin: CoinSpec, log_quote_volume: Float64, grid: Grid) -> Bool:
    """Poisson: a bar with n expected trades has none with probability exp(-n)."""
    if coin.trades_per_bar is None:
        return np.ones(grid.bars, dtype=np.bool_)
    activity = np.exp(log_quote_volume - math.log(coin.quote_volume / coin.price))
    chance = stream(seed, coin.symbol, "trades").random(grid.bars)
    return np.asarray(chance >= np.exp(-coin.trades_per_bar * activity))


def _reverting(seed: int, owner: str, variable: str, grid: Grid, half_life_ms: float) -> Float64:
    return mean_reverting(stream(seed, owner, variable), grid.bars, half_life_ms / grid.step_ms)


def _rounded(values: Float64, increment: str) -> Float64:
    """To whole increments, at least one. Divides integers, so that 0.3 is 0.3 and not 0.30000000000000004."""
    units, scale = Decimal(increment).as_integer_ratio()
    whole = np.maximum(np.rint(values * (scale / units)), 1.0)
    rounded: Float64 = whole * float(units) / float(scale)
    return rounded
