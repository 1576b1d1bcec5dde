"""What can be traded on the two venues: wire names, steps, minimums and fees, as the venues publish them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Instrument:
    """One product. `tick`: price step; `lot`: quantity step; fees are shares of the cost.

    `cost_step`: what costs and fees are rounded to (None: they stay exact). `contract`: of a perpetual, the base
    asset of one contract; quantities are counted in the base asset here, and in contracts on the wire only."""

    symbol: str
    wire_id: str
    short_id: str
    base_asset: str
    quote_asset: str
    tick: Decimal
    lot: Decimal
    least_quantity: Decimal
    least_cost: Decimal
    maker: Decimal
    taker: Decimal
    cost_step: Decimal | None = None
    contract: Decimal | None = None

    @property
    def base(self) -> str:
        """The asset that is bought and sold."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """The asset that it is paid in."""
        return self.symbol.split("/")[1].partition(":")[0]

    @property
    def unit(self) -> Decimal:
        """The base asset of one on the wire."""
        return self.contract or Decimal(1)

    @property
    def price_places(self) -> int:
        """Decimals of a price."""
        return places(self.tick)

    def fee_rate(self, maker: bool) -> Decimal:
        """The share of the cost that a fill pays."""
        return self.maker if maker else self.taker


def places(step: Decimal) -> int:
    """Decimals of a step: 0.01 has two."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True)
class Asset:
    """One currency: its name on the wire and the decimals that the venue keeps of it."""

    code: str
    wire: str
    short: str
    decimals: int


KRAKEN_ASSETS = (
    Asset("USD", "ZUSD", "USD", 4),
    Asset("DOGE", "XXDG", "XDG", 8),
    Asset("BTC", "XXBT", "XBT", 10),
    # Fewer decimals than the pair's lot: ccxt takes the asset's.
    Asset("PEPE", "PEPE", "PEPE", 5),
)
COINBASE_ASSETS = (
    Asset("USD", "USD", "USD", 2),
    Asset("DOGE", "DOGE", "DOGE", 8),
    Asset("BTC", "BTC", "BTC", 8),
)


def _kraken(symbol: str, wire_id: str, short_id: str, tick: str, least: str) -> Instrument:
    assets = {asset.code: asset for asset in KRAKEN_ASSETS}
    base, quote = symbol.split("/")
    return Instrument(
        symbol,
        wire_id,
        short_id,
        assets[base].wire,
        assets[quote].wire,
        Decimal(tick),
        max(Decimal("0.00000001"), Decimal(1).scaleb(-assets[base].decimals)),
        Decimal(least),
        Decimal("0.5"),
        maker=Decimal("0.0025"),
        taker=Decimal("0.0040"),
        cost_step=Decimal("0.00001"),
    )


def _coinbase(symbol: str, tick: str, lot: str) -> Instrument:
    name = symbol.replace("/", "-")
    base, quote = symbol.split("/")
    return Instrument(
        symbol,
        name,
        name,
        base,
        quote,
        Decimal(tick),
        Decimal(lot),
        Decimal(lot),
        Decimal(1),
        maker=Decimal("0.004"),
        taker=Decimal("0.006"),
    )


PERPETUAL = Instrument(
    "BTC/USD:USD",
    "BIP-20DEC30-CDE",
    "BIP-20DEC30-CDE",
    "BTC",
    "USD",
    Decimal(5),
    Decimal("0.01"),
    Decimal("0.01"),
    Decimal(0),
    maker=Decimal("0.0005"),
    taker=Decimal("0.0010"),
    contract=Decimal("0.01"),
)

INSTRUMENTS: Mapping[str, tuple[Instrument, ...]] = {
    "kraken": (
        _kraken("DOGE/USD", "XDGUSD", "XDGUSD", "0.0000001", "13"),
        _kraken("BTC/USD", "XXBTZUSD", "XBTUSD", "0.1", "0.00005"),
        _kraken("PEPE/USD", "PEPEUSD", "PEPEUSD", "0.000000001", "100000"),
    ),
    "coinbase": (
        _coinbase("DOGE/USD", "0.00001", "0.1"),
        _coinbase("BTC/USD", "0.01", "0.00000001"),
        PERPETUAL,
    ),
}
ASSETS: Mapping[str, tuple[Asset, ...]] = {"kraken": KRAKEN_ASSETS, "coinbase": COINBASE_ASSETS}
