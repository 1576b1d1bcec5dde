"""The columns that go in and out of the lake. Holds data and nothing else; imports numpy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SIMULATED_VENUE = "sim"


@dataclass(frozen=True, order=True)
class SeriesKey:
    """Whose bars: `venue` as ccxt names it (`coinbase`), `symbol` as ccxt writes it (`DOGE/USD`, perps
    `ETH/USDT:USDT`), `timeframe` such as `5m`."""

    venue: str
    symbol: str
    timeframe: str

    @property
    def simulated(self) -> bool:
        """Simulated bars live under a venue of their own, for ever."""
        return self.venue == SIMULATED_VENUE

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol} {self.timeframe}"


@dataclass(frozen=True)
class Candles:
    """Bars of one series, ascending by `ts`, no two with the same `ts`.

    Shapes: every column (n,). `ts` is the bar's open in ms UTC; prices in the quote currency; `volume` in base
    units; `synthetic` marks bars that were filled in, not observed.
    """

    key: SeriesKey
    ts: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64
    synthetic: Bool = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        if len(self.synthetic) != len(self.ts):
            object.__setattr__(self, "synthetic", np.zeros(len(self.ts), dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True)
class FundingRates:
    """Funding of one perpetual, ascending by `ts` (settlement time, ms UTC). `rate` is the fraction paid by
    longs for the interval that ends at `ts`; `interval_ms` its length."""

    venue: str
    symbol: str
    ts: Int64
    rate: Float64
    interval_ms: Int64

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True)
class Instrument:
    """How a product is traded. Decimal strings, so that no float touches a tick.

    `source` says where it is from: `venue` (its own product list) or `inferred` (from the decimals of its bars).
    """

    venue: str
    symbol: str
    tick: str
    lot: str
    min_qty: str = "0"
    min_notional: str = "0"
    perpetual: bool = False
    source: str = "inferred"
    listed_ms: int | None = None
    delisted_ms: int | None = None

    @property
    def base(self) -> str:
        """`DOGE` of `DOGE/USD`."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """`USD` of `DOGE/USD`, `USDT` of `ETH/USDT:USDT`."""
        return self.symbol.split("/")[-1].split(":")[0]
