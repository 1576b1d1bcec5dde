"""Coinbase's products by our symbols, and contracts of perpetuals as units of what they are of.

Quantities are units of the base asset everywhere; only on the wire is a perpetual counted in contracts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.errors import UsageError

if TYPE_CHECKING:
    import ccxt

_ONE = Decimal(1)


class Products:
    """The product list of a client, which must have been loaded."""

    def __init__(self, exchange: ccxt.Exchange) -> None:
        self._exchange = exchange

    def id_of(self, symbol: str) -> str:
        """`DOGE-USD` of `DOGE/USD`, `BIP-20DEC30-CDE` of `BTC/USD:USD`. Raises UsageError for what is not listed."""
        return str(self._market(symbol)["id"])

    def symbol_of(self, product_id: str) -> str:
        """The other way round; for what is not listed, its id in our way of writing where it looks like a pair."""
        found = (self._exchange.markets_by_id or {}).get(product_id)
        if found:
            return str(found[0]["symbol"])
        return product_id.replace("-", "/") if product_id.count("-") == 1 else product_id

    def is_spot(self, symbol: str) -> bool:
        """Whether the coin itself is bought."""
        return bool(self._market(symbol).get("spot"))

    def type_of(self, symbol: str) -> str:
        """Coinbase's word for it."""
        return "SPOT" if self.is_spot(symbol) else "FUTURE"

    def unit(self, symbol: str) -> Decimal:
        """How much of the base asset one of the product is: of a spot product 1, of a perpetual its contract's size."""
        market = (self._exchange.markets or {}).get(symbol)
        if market is None or market.get("spot"):
            return _ONE
        size = market.get("contractSize")
        if not size:
            raise UsageError(f"coinbase does not say how large a contract of {symbol} is", "it is not traded")
        return Decimal(str(size))

    def on_the_wire(self, symbol: str, qty: Decimal) -> Decimal:
        """A quantity as Coinbase counts it. Raises UsageError for what is no whole number of contracts."""
        unit = self.unit(symbol)
        if unit == _ONE:
            return qty
        contracts = qty / unit
        if contracts != contracts.to_integral_value():
            raise UsageError(f"{qty} is no whole number of contracts of {symbol}", f"a contract is {unit}")
        return contracts.to_integral_value()

    def _market(self, symbol: str) -> Any:
        market = (self._exchange.markets or {}).get(symbol)
        if market is None:
            raise UsageError(f"coinbase has no symbol {symbol!r}", "symbols are written as DOGE/USD")
        return market
