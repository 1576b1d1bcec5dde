"""Best prices of some symbols, from the stream and from REST: the younger ones count. Takes no lock: the board does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memesnipe_cli.market.live.feed import Quote
from memesnipe_cli.market.live.pulse import Pulse, lag_ms


@dataclass(frozen=True, slots=True)
class _Asked:
    """Best prices by REST. sent, answered: monotonic seconds; late_ms: by the venue's stamp, when answered."""

    quote: Quote
    sent: float
    answered: float
    late_ms: int

    def age_ms(self, monotonic: float) -> float:
        since_answer = (monotonic - self.answered) * 1000.0
        return max((monotonic - self.sent) * 1000.0, self.late_ms + since_answer)


class Prices:
    """What is known of the best prices. `pulse`: the life of the stream's connection."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self._tops: dict[str, Quote] = {}
        self._asked: dict[str, _Asked] = {}

    def streamed(self, symbol: str, quote: Quote | None) -> None:
        """The stream's word; None: its book is not whole, or shows no market."""
        if quote is None:
            self._tops.pop(symbol, None)
            return
        if symbol not in self._tops:
            # A book that breaks later must not bring back what REST said long before.
            self._asked.pop(symbol, None)
        self._tops[symbol] = quote

    def asked(self, symbol: str, quote: Quote | None, sent: float, answered: float, now_ms: int) -> None:
        """REST's word, asked for at `sent`; None: the answer shows no market."""
        if quote is None:
            self._asked.pop(symbol, None)
            return
        self._asked[symbol] = _Asked(quote, sent, answered, lag_ms(quote.venue_ms, now_ms))

    def stream_lost(self) -> None:
        """No book of the stream is whole any more."""
        self._tops.clear()

    def forget(self) -> None:
        """Nothing that was known can be gone by any more."""
        self._tops.clear()
        self._asked.clear()

    def has_book(self, symbol: str) -> bool:
        """True where the stream's book of the symbol is whole."""
        return symbol in self._tops

    def youngest(self, symbol: str, monotonic: float) -> tuple[Quote, float] | None:
        """The best prices and their age in ms."""
        found: tuple[Quote, float] | None = None
        top, age = self._tops.get(symbol), self.pulse.age_ms(monotonic)
        if top is not None and age is not None:
            found = (top, age)
        asked = self._asked.get(symbol)
        if asked is not None and (found is None or asked.age_ms(monotonic) < found[1]):
            found = (asked.quote, asked.age_ms(monotonic))
        return found


def quote_of(
    symbol: str, bids: Sequence[Sequence[Any]], asks: Sequence[Sequence[Any]], venue_ms: int | None
) -> Quote | None:
    """The best prices of a book of (price, size) rows, the best first; None where it is empty or crossed."""
    if not bids or not asks:
        return None
    bid, bid_size = Decimal(str(bids[0][0])), Decimal(str(bids[0][1]))
    ask, ask_size = Decimal(str(asks[0][0])), Decimal(str(asks[0][1]))
    if not 0 < bid < ask or bid_size <= 0 or ask_size <= 0:
        return None
    return Quote(symbol, bid, ask, bid_size, ask_size, venue_ms)
