"""The numbers of the simulated market, fitted to real coins. Data only; nothing here computes.

Times are in minutes, hours or days as the names say; volatilities are per 5m bar and rescaled for other
timeframes; logarithms are natural. What they were fitted to stands in `simulate_targets.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Regime:
    """One state of a Markov chain in continuous time."""

    name: str
    mean_hours: float
    """Mean of the exponential stay in this state."""
    volatility: float
    """Factor on volatility while it lasts."""
    drift: float
    """Drift of the log price, in (standard deviations of a day) per day."""
    next: tuple[tuple[str, float], ...]
    """Where it goes, and how probably. The probabilities add up to 1."""


@dataclass(frozen=True)
class MarketSpec:
    """What all coins share."""

    regimes: tuple[Regime, ...]
    """The first regime is where a market begins."""
    slow_half_life_hours: float = 120.0
    slow_volatility: float = 0.26
    """Standard deviation of the slow part of the market's log volatility."""
    medium_half_life_hours: float = 8.0
    medium_volatility: float = 0.20
    tail_degrees: float = 11.0
    """Degrees of freedom of the Student t innovations, market's and coins'."""
    outage_mean_days: float = 25.0
    outage_minutes: tuple[float, float] = (5.0, 120.0)
    """Shortest and longest outage; log-uniform between them."""
    pull_half_life_days: float = 120.0
    """The log price is drawn back to where it began, weakly, so that a market of several years stays within
    the resolution of its tick. Over the hours of a trade it is nothing."""


@dataclass(frozen=True)
class PumpSpec:
    """Sudden rises of one coin, and what remains of them."""

    mean_days: float
    """Mean time between two pumps."""
    height: tuple[float, float]
    """Log rise: at least the first, plus an exponential of mean the second."""
    round_trip_share: float
    """Share of pumps that give all or nearly all back; the others keep most of it."""
    korean_share: float
    """Share of pumps that begin in Korean hours."""
    rise_minutes: tuple[float, float] = (20.0, 180.0)
    fade_minutes: tuple[float, float] = (60.0, 360.0)


@dataclass(frozen=True)
class JumpSpec:
    """News: one bar that jumps, up or down, and an excited hour after it."""

    mean_days: float
    """Mean time between two jumps."""
    size: float
    """Mean of the exponential size of the jump (absolute log return)."""


@dataclass(frozen=True)
class CoinSpec:
    """One simulated coin: how it moves and how it is traded."""

    symbol: str
    price: float
    """Price at the start, USD."""
    tick: str
    lot: str
    volatility: float
    """Median standard deviation of a 5m log return in a calm market at an average hour."""
    market_correlation: float
    """Correlation of the return innovation with the market's, 0 to 1."""
    market_loading: float
    """How much of the market's log volatility the coin takes over."""
    medium_volatility: float
    """Standard deviation of the coin's own log volatility that lives for hours."""
    fast_volatility: float
    """The same for the part that lives for minutes."""
    quote_volume: float
    """Median volume of a 5m bar, USD."""
    volatility_by_hour: tuple[float, ...]
    """24 factors by UTC hour, mean about 1."""
    volume_by_hour: tuple[float, ...]
    regimes: tuple[Regime, ...] = ()
    """Regimes of its own, on top of the market's."""
    pumps: PumpSpec | None = None
    jumps: JumpSpec | None = None
    korean_burst_share: float = 0.0
    """Share of Korean windows in which the coin wakes up."""
    trades_per_bar: float | None = None
    """Median number of trades in a 5m bar of a thin coin; a bar without one is left out. None: never thin."""
    rug_days: tuple[float, float] | None = None
    """The coin collapses between these days after the start and is delisted. None: it does not."""
    medium_half_life_hours: float = 6.0
    fast_half_life_minutes: float = 20.0
    range_factor: float = 0.97
    """Volatility within the bar over volatility between closes; below 1 where trades are sparse."""
    volume_exponent: float = 1.1
    """ln(volume) rises by this much for each unit of ln(high / low)."""
    volume_slow: float = 0.50
    """Standard deviation of the part of ln(volume) that lives for hours."""
    volume_noise: float = 0.30
    min_notional: str = "1"


MARKET_REGIMES = (
    Regime("calm", 72.0, 0.85, 0.0, (("trend_up", 0.47), ("trend_down", 0.47), ("crash", 0.06))),
    Regime("trend_up", 48.0, 1.0, 0.3, (("calm", 0.7), ("mania", 0.2), ("trend_down", 0.1))),
    Regime("trend_down", 48.0, 1.05, -0.3, (("calm", 0.7), ("crash", 0.2), ("trend_up", 0.1))),
    Regime("mania", 12.0, 1.7, 0.6, (("trend_up", 0.6), ("crash", 0.4))),
    Regime("crash", 6.0, 2.2, -1.0, (("calm", 0.5), ("trend_down", 0.5))),
)

MEME_REGIMES = (
    Regime("quiet", 160.0, 1.0, 0.0, (("mania", 0.7), ("crash", 0.3))),
    Regime("mania", 14.0, 1.9, 0.5, (("quiet", 0.6), ("crash", 0.4))),
    Regime("crash", 6.0, 2.0, -0.8, (("quiet", 1.0),)),
)

NEWS_REGIMES = (
    Regime("quiet", 130.0, 0.9, 0.0, (("mania", 0.7), ("crash", 0.3))),
    Regime("mania", 7.0, 2.3, 0.8, (("quiet", 0.7), ("crash", 0.3))),
    Regime("crash", 4.0, 2.1, -1.0, (("quiet", 1.0),)),
)
"""A coin that sleeps until somebody speaks of it."""

DEFAULT_MARKET = MarketSpec(regimes=MARKET_REGIMES)

# mean |r| and median volume by UTC hour over their all-day values; the 13-16 UTC peak is the U.S. open,
# 00-01 UTC the Korean morning.
MAJOR_VOLATILITY_BY_HOUR = (
    1.05, 1.02, 0.92, 0.77, 0.76, 0.75, 0.76, 0.79, 0.84, 0.83, 0.78, 0.80,
    0.93, 1.10, 1.46, 1.45, 1.27, 1.27, 1.16, 1.12, 1.15, 1.08, 1.04, 0.91,
)  # fmt: skip
MAJOR_VOLUME_BY_HOUR = (
    1.00, 0.90, 0.83, 0.77, 0.74, 0.73, 0.74, 0.83, 0.92, 0.92, 0.85, 0.84,
    1.06, 1.33, 1.95, 2.00, 1.78, 1.38, 1.22, 1.17, 1.15, 0.96, 0.79, 0.83,
)  # fmt: skip
MEME_VOLATILITY_BY_HOUR = (
    1.16, 1.11, 1.00, 0.89, 0.86, 0.86, 0.89, 0.93, 0.94, 0.90, 0.87, 0.89,
    0.97, 1.16, 1.27, 1.20, 1.20, 1.12, 1.02, 0.97, 0.96, 0.99, 0.98, 0.88,
)  # fmt: skip
MEME_VOLUME_BY_HOUR = (
    1.10, 1.07, 0.97, 0.84, 0.81, 0.78, 0.86, 0.92, 0.99, 0.96, 0.95, 0.96,
    1.08, 1.36, 1.63, 1.54, 1.43, 1.17, 1.02, 0.93, 0.89, 0.80, 0.79, 0.76,
)  # fmt: skip

_MEME_PUMPS = PumpSpec(mean_days=24.0, height=(0.07, 0.08), round_trip_share=0.6, korean_share=0.5)

DEFAULT_COINS = (
    CoinSpec(
        symbol="BTC/USD", price=96_000.0, tick="0.01", lot="0.00000001", volatility=0.00115,
        market_correlation=0.88, market_loading=1.2, medium_volatility=0.22, fast_volatility=0.38,
        quote_volume=1_800_000.0,
        jumps=JumpSpec(mean_days=20.0, size=0.009),
        volatility_by_hour=MAJOR_VOLATILITY_BY_HOUR, volume_by_hour=MAJOR_VOLUME_BY_HOUR,
    ),
    CoinSpec(
        symbol="ETH/USD", price=3_300.0, tick="0.01", lot="0.00000001", volatility=0.00115,
        market_correlation=0.86, market_loading=1.2, medium_volatility=0.22, fast_volatility=0.38,
        quote_volume=900_000.0,
        jumps=JumpSpec(mean_days=20.0, size=0.012),
        volatility_by_hour=MAJOR_VOLATILITY_BY_HOUR, volume_by_hour=MAJOR_VOLUME_BY_HOUR,
    ),
    CoinSpec(
        symbol="DOGE/USD", price=0.32, tick="0.00001", lot="0.1", volatility=0.00205,
        market_correlation=0.93, market_loading=1.0, medium_volatility=0.28, fast_volatility=0.26,
        quote_volume=150_000.0,
        jumps=JumpSpec(mean_days=10.0, size=0.018),
        volatility_by_hour=MEME_VOLATILITY_BY_HOUR, volume_by_hour=MEME_VOLUME_BY_HOUR,
        regimes=MEME_REGIMES, korean_burst_share=0.12,
        pumps=PumpSpec(mean_days=45.0, height=(0.05, 0.05), round_trip_share=0.6, korean_share=0.5),
    ),
    CoinSpec(
        symbol="PEPE/USD", price=0.0000185, tick="0.00000001", lot="1", volatility=0.0032,
        market_correlation=0.83, market_loading=0.8, medium_volatility=0.22, fast_volatility=0.24,
        quote_volume=60_000.0,
        jumps=JumpSpec(mean_days=12.0, size=0.025),
        volatility_by_hour=MEME_VOLATILITY_BY_HOUR, volume_by_hour=MEME_VOLUME_BY_HOUR,
        regimes=MEME_REGIMES, korean_burst_share=0.10, pumps=_MEME_PUMPS,
    ),
    CoinSpec(
        symbol="WIF/USD", price=1.86, tick="0.0001", lot="0.01", volatility=0.0039,
        market_correlation=0.81, market_loading=0.7, medium_volatility=0.20, fast_volatility=0.20,
        quote_volume=45_000.0,
        jumps=JumpSpec(mean_days=15.0, size=0.02),
        volatility_by_hour=MEME_VOLATILITY_BY_HOUR, volume_by_hour=MEME_VOLUME_BY_HOUR,
        regimes=MEME_REGIMES, korean_burst_share=0.08, pumps=_MEME_PUMPS,
    ),
    CoinSpec(
        symbol="BONK/USD", price=0.0000306, tick="0.00000001", lot="1", volatility=0.0032,
        market_correlation=0.85, market_loading=0.75, medium_volatility=0.22, fast_volatility=0.22,
        quote_volume=30_000.0,
        jumps=JumpSpec(mean_days=15.0, size=0.02),
        volatility_by_hour=MEME_VOLATILITY_BY_HOUR, volume_by_hour=MEME_VOLUME_BY_HOUR,
        regimes=MEME_REGIMES, korean_burst_share=0.08, pumps=_MEME_PUMPS, trades_per_bar=40.0,
    ),
    CoinSpec(
        symbol="TRUMP/USD", price=17.2, tick="0.01", lot="0.001", volatility=0.0033,
        market_correlation=0.62, market_loading=0.9, medium_volatility=0.36, fast_volatility=0.15,
        quote_volume=70_000.0,
        volatility_by_hour=MEME_VOLATILITY_BY_HOUR, volume_by_hour=MEME_VOLUME_BY_HOUR,
        regimes=NEWS_REGIMES, korean_burst_share=0.05, jumps=JumpSpec(mean_days=6.0, size=0.035),
        medium_half_life_hours=24.0, range_factor=1.04, volume_exponent=1.2,
        pumps=PumpSpec(mean_days=25.0, height=(0.08, 0.10), round_trip_share=0.5, korean_share=0.2),
    ),
    CoinSpec(
        symbol="RUGG/USD", price=0.042, tick="0.000001", lot="1", volatility=0.0055,
        market_correlation=0.35, market_loading=0.5, medium_volatility=0.35, fast_volatility=0.28,
        quote_volume=4_000.0,
        jumps=JumpSpec(mean_days=8.0, size=0.05),
        volatility_by_hour=MEME_VOLATILITY_BY_HOUR, volume_by_hour=MEME_VOLUME_BY_HOUR,
        regimes=MEME_REGIMES, korean_burst_share=0.05, trades_per_bar=6.0, rug_days=(45.0, 120.0),
        pumps=PumpSpec(mean_days=10.0, height=(0.12, 0.20), round_trip_share=0.7, korean_share=0.4),
    ),
)  # fmt: skip
