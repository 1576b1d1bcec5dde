"""What the loop knows of its venue at this moment: prices with their age, how each instrument is traded, how well
orders and data go; and from these the facts that an order is checked against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.risk.facts import Facts, LatchView, Product

if TYPE_CHECKING:
    from collections.abc import Callable

    from memesnipe_cli.market.live.feed import LiveFeed, Quote
    from memesnipe_cli.risk.quality import ExecutionQuality

# A venue's clock is read in whole seconds: nearer than that nobody can tell how far ours is off.
CLOCK_RESOLUTION_MS = 1000
REFRESH_S = 1.0
_OLD_QUOTE_MS = 60_000  # a price older than this is no basis for anything, an exit included


@dataclass(slots=True)
class Standing:
    """What the loop knows of its account for a check: set anew before each round of checks.

    equity, cash: None where not known. reconciled: book and venue agreed lately."""

    latch: LatchView | None = None
    equity: Decimal | None = None
    cash: Decimal | None = None
    reconciled: bool = False


@dataclass(slots=True)
class Market:
    """One venue. products: by symbol; data_age_ms: how old a price may be that an entry is sent on; skew_ms: how
    far the venue's clock is ahead, None where that is not known."""

    venue: str
    feed: LiveFeed
    quality: ExecutionQuality
    products: dict[str, Product]
    data_age_ms: float
    now: Callable[[], int]
    skew_ms: float | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def known_skew_ms(self) -> float | None:
        """How far the two clocks are apart at least; None where that is not known."""
        return None if self.skew_ms is None else max(0.0, abs(self.skew_ms) - CLOCK_RESOLUTION_MS)

    def look(self) -> None:
        """Hand the age of every symbol's prices to the quality checks; now and before each round of decisions."""
        now_ms = self.now()
        for symbol in self.products:
            self.quality.data_age(symbol, now_ms, self.feed.age_ms(symbol))

    def freshen(self, symbol: str) -> Quote | None:
        """The best prices, asked for anew where those at hand are too old to enter on."""
        age = self.feed.age_ms(symbol)
        if age is None or age > self.data_age_ms:
            self.feed.refresh(symbol, REFRESH_S)
            self.quality.data_age(symbol, self.now(), self.feed.age_ms(symbol))
        return self.feed.quote(symbol)

    def price(self, symbol: str, *, selling: bool) -> Decimal | None:
        """What one could sell (or buy) at now; None where no price of the last minute is known."""
        quote, age = self.feed.quote(symbol), self.feed.age_ms(symbol)
        if quote is None or age is None or age > _OLD_QUOTE_MS:
            quote = self.feed.refresh(symbol, REFRESH_S)
        if quote is None:
            return None
        return quote.bid if selling else quote.ask

    def entry_facts(self, symbol: str, close_ms: int, scale: Decimal) -> Facts:
        """For an entry decided on the bar that closed at close_ms. scale: of the adaptive thresholds."""
        now_ms = self.now()
        quote = self.feed.quote(symbol)
        facts = self._facts(symbol, None if quote is None else quote.mid, "mid of the venue's book", now_ms)
        return replace(
            facts,
            data_age_ms=float(now_ms - close_ms),
            closed_bar=True,
            bid=None if quote is None else quote.bid,
            ask=None if quote is None else quote.ask,
            quality=self.quality.block(symbol, self.venue, now_ms),
            trade_scale=scale,
        )

    def exit_facts(self, symbol: str, reference: Decimal | None) -> Facts:
        """For what makes a position smaller, or protects it, or takes an order back. reference: what one could sell or
        buy at."""
        facts = self._facts(symbol, reference, "the venue's book", self.now())
        return replace(facts, data_age_ms=self.feed.age_ms(symbol))

    def _facts(self, symbol: str, reference: Decimal | None, source: str, now_ms: int) -> Facts:
        return Facts(
            now_ms=now_ms,
            latch=self.standing.latch,
            product=self.products[symbol],
            reference=reference,
            reference_source=source,
            data_age_ms=None,
            equity=self.standing.equity,
            cash=self.standing.cash,
            reconciled=self.standing.reconciled,
            clock_skew_ms=self.known_skew_ms,
        )
