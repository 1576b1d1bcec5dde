"""Prices of a feed that knows bars only: the last close of each symbol, half a spread on either side, never old, since
such a feed's time is its own."""

from __future__ import annotations

from decimal import Decimal

from memesnipe_cli.market.live.feed import Quote

HALF_SPREAD = Decimal("0.0005")


class LastCloses:
    """What LiveFeed asks of prices. `_closes` is kept by the feed that is one of these."""

    def __init__(self, half_spread: Decimal) -> None:
        self._half_spread = half_spread
        self._closes: dict[str, float] = {}

    def quote(self, symbol: str) -> Quote | None:
        """See LiveFeed: the last close, plus and minus half a spread."""
        close = self._closes.get(symbol)
        return None if close is None else quote_around(symbol, close, self._half_spread)

    def age_ms(self, symbol: str) -> float | None:
        """See LiveFeed: 0 from the first close on."""
        return 0.0 if symbol in self._closes else None

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """See LiveFeed: nobody can be asked."""
        return self.quote(symbol)


def quote_around(symbol: str, close: float, half_spread: Decimal) -> Quote:
    """Best prices that a close stands for where nothing but bars is known."""
    middle = Decimal(repr(float(close)))
    return Quote(symbol, middle * (1 - half_spread), middle * (1 + half_spread))
