"""Moments of real coins that the simulated market is held to, and how near it has to come.

Measured with `moments.py` on 5m bars. Left out is what was not the coin's but one bar's: the kurtosis of ETH
(345, most of it the crash of 17 August 2023), and kurtosis and lag 1 of MEME (689, -0.09 and 0.36, one flash
crash).

Events, for comparison with `moments.pumps` on the same bars (pumps per 100 days; share that gave back over
half within a day): DOGE 1.8, 0.33; WIF 8.2, 0.36; BONK 5.4, 0.67; MEME 4.2, 0.57; TRUMP 8.7, 0.46; ETH 0.2.
Median rise 15 to 18 %.
Correlation of 5m returns, Jan-Jun 2025: BTC with DOGE 0.72, WIF 0.58, BONK 0.63; DOGE with WIF 0.69, BONK
0.72; WIF with BONK 0.70.
Absent bars: none in Binance's files, 0.28 % filled in OKX's DOGE perpetual of 2022, 2.9 % of the 15m bars of
the thin ETH/USDT of Kraken (Mar 2023 - Mar 2024).
Rugs: of 16,303 tokens launched on Raydium in Oct 2024, 57 % ended more than 90 % below their top (median loss
94 %); 287 Uniswap v2 pairs of 2020-21 drained by selling lost 99.7 % and more.
"""

from __future__ import annotations

from dataclasses import dataclass

from memesnipe_cli.market.moments import Moments


@dataclass(frozen=True)
class Tolerance:
    """A value may be off by this factor, and on top by this much."""

    factor: float = 1.0
    absolute: float = 0.0


TOLERANCES = {
    "volatility": Tolerance(factor=1.2),
    "excess_kurtosis": Tolerance(factor=2.5),
    "acf_return_1": Tolerance(absolute=0.05),
    "acf_absolute_1": Tolerance(absolute=0.10),
    "acf_absolute_12": Tolerance(absolute=0.09),
    "acf_absolute_288": Tolerance(absolute=0.07),
    "volume_range_correlation": Tolerance(absolute=0.12),
    "range_to_volatility": Tolerance(absolute=0.15),
    "jump_share": Tolerance(factor=1.5),
    "quantile_001": Tolerance(factor=1.25),
    "quantile_01": Tolerance(factor=1.2),
    "quantile_99": Tolerance(factor=1.25),
    "quantile_999": Tolerance(factor=1.25),
}
"""Wide enough for the spread between seeds over half a year, and between two half-years of one coin."""


@dataclass(frozen=True)
class Documented:
    """What was measured of one real coin, and which simulated coin is held to it."""

    symbol: str
    source: str
    values: dict[str, float]
    """By the names of the fields of Moments."""


@dataclass(frozen=True)
class Comparison:
    """One moment: documented, allowed from low to high, and as simulated."""

    moment: str
    documented: float
    low: float
    high: float
    simulated: float

    @property
    def within(self) -> bool:
        return self.low <= self.simulated <= self.high


def compare(documented: Documented, simulated: Moments) -> list[Comparison]:
    """Every documented moment beside the simulated one."""
    found = []
    for moment, value in documented.values.items():
        tolerance = TOLERANCES[moment]
        low, high = sorted((value / tolerance.factor, value * tolerance.factor))
        found.append(
            Comparison(
                moment=moment,
                documented=value,
                low=low - tolerance.absolute,
                high=high + tolerance.absolute,
                simulated=float(getattr(simulated, moment)),
            )
        )
    return found


DOCUMENTED = (
    Documented(
        symbol="BTC/USD",
        source="BTC/USDT 5m, Binance spot, Jan-Feb 2025, 16,992 bars",
        values={
            "volatility": 0.00171, "excess_kurtosis": 18.9, "acf_return_1": -0.011,
            "acf_absolute_1": 0.374, "acf_absolute_12": 0.254, "acf_absolute_288": 0.119,
            "volume_range_correlation": 0.817, "range_to_volatility": 1.84, "jump_share": 0.0072,
            "quantile_001": -6.52, "quantile_01": -2.79, "quantile_99": 2.77, "quantile_999": 6.05,
        },
    ),
    Documented(
        symbol="ETH/USD",
        source="ETH/USDT perpetual 5m, Binance, Jan 2023 - May 2024, 143,901 bars",
        values={
            "volatility": 0.00168, "acf_return_1": -0.042,
            "acf_absolute_1": 0.342, "acf_absolute_12": 0.163, "acf_absolute_288": 0.106,
            "volume_range_correlation": 0.831, "range_to_volatility": 2.00, "jump_share": 0.0076,
            "quantile_001": -6.48, "quantile_01": -2.65, "quantile_99": 2.65, "quantile_999": 5.73,
        },
    ),
    Documented(
        symbol="DOGE/USD",
        source="DOGE/USDT 5m, Binance spot, Jan-Jun 2025, 48,526 bars",
        values={
            "volatility": 0.00310, "excess_kurtosis": 20.1, "acf_return_1": 0.008,
            "acf_absolute_1": 0.298, "acf_absolute_12": 0.223, "acf_absolute_288": 0.101,
            "volume_range_correlation": 0.764, "range_to_volatility": 1.93, "jump_share": 0.0053,
            "quantile_001": -5.87, "quantile_01": -2.76, "quantile_99": 2.70, "quantile_999": 5.52,
        },
    ),
    Documented(
        symbol="PEPE/USD",
        source="MEME/USDT 5m, Binance spot, Jan-Jun 2025, 48,096 bars (a coin of its kind)",
        values={
            "volatility": 0.00477, "acf_absolute_12": 0.146,
            "acf_absolute_288": 0.069, "volume_range_correlation": 0.693, "range_to_volatility": 1.83,
            "jump_share": 0.0041,
            "quantile_001": -5.11, "quantile_01": -2.43, "quantile_99": 2.36, "quantile_999": 5.18,
        },
    ),
    Documented(
        symbol="WIF/USD",
        source="WIF/USDT 5m, Binance spot, Jan-Jun 2025, 48,999 bars",
        values={
            "volatility": 0.00494, "excess_kurtosis": 9.4, "acf_return_1": -0.030,
            "acf_absolute_1": 0.221, "acf_absolute_12": 0.157, "acf_absolute_288": 0.073,
            "volume_range_correlation": 0.706, "range_to_volatility": 2.02, "jump_share": 0.0039,
            "quantile_001": -4.83, "quantile_01": -2.57, "quantile_99": 2.68, "quantile_999": 5.02,
        },
    ),
    Documented(
        symbol="BONK/USD",
        source="BONK/USDT 5m, Binance spot, Jan-Jun 2025, 48,096 bars",
        values={
            "volatility": 0.00436, "excess_kurtosis": 7.9, "acf_return_1": -0.002,
            "acf_absolute_1": 0.245, "acf_absolute_12": 0.183, "acf_absolute_288": 0.090,
            "volume_range_correlation": 0.764, "range_to_volatility": 1.87, "jump_share": 0.0041,
            "quantile_001": -4.84, "quantile_01": -2.63, "quantile_99": 2.77, "quantile_999": 5.35,
        },
    ),
    Documented(
        symbol="TRUMP/USD",
        source="TRUMP/USDT 5m, Binance spot, 24 Jan - Jun 2025 (listed on the 19th), 41,370 bars",
        values={
            "volatility": 0.00452, "excess_kurtosis": 55.6, "acf_return_1": -0.024,
            "acf_absolute_1": 0.302, "acf_absolute_12": 0.196, "acf_absolute_288": 0.091,
            "volume_range_correlation": 0.808, "range_to_volatility": 2.06, "jump_share": 0.0054,
            "quantile_001": -5.99, "quantile_01": -2.68, "quantile_99": 2.63, "quantile_999": 6.32,
        },
    ),
)  # fmt: skip
