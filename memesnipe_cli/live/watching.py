"""Looks on while orders go their way: keeps their moments, tells the execution-quality checks, and keeps the trades
that the account is to take in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memesnipe_cli.venues.timing import TIMING, Timer

if TYPE_CHECKING:
    from memesnipe_cli.engine.session_journal import Line
    from memesnipe_cli.live.market import Market
    from memesnipe_cli.live.pending import Pending
    from memesnipe_cli.venues.facts import VenueFill
    from memesnipe_cli.venues.order_book import Order

_KEPT = 200


@dataclass(slots=True)
class OrderWatcher:
    """See venues/desk.py. lines: of orders that have ended, for the journal. sent_ms, acknowledged_ms: of the last
    orders, from the signal to the sending and from there to the venue's word."""

    timer: Timer
    pending: Pending
    market: Market
    lines: list[Line] = field(default_factory=list)
    sent_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    acknowledged_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def sent(self, order: Order) -> None:
        """Keep the moment, and the prices of that moment."""
        quote = self.market.feed.quote(order.intent.symbol)
        bid, ask = (None, None) if quote is None else (quote.bid, quote.ask)
        self.timer.sent(order.intent.id, bid, ask)

    def acknowledged(self, order: Order) -> None:
        """Keep the moment; how long the venue took is judged."""
        self.timer.acknowledged(order.intent.id)
        latency = self.timer.latency_ms(order.intent.id)
        if latency is not None:
            self.acknowledged_ms.append(latency)
            self.market.quality.sent_acknowledged(self.market.now(), latency)

    def filled(self, order: Order, fill: VenueFill) -> None:
        """Keep the moment and the trade."""
        self.timer.filled(order.intent.id)
        self.pending.booked(order, fill)

    def ended(self, order: Order) -> None:
        """Make the order's line of moments."""
        quote = self.market.feed.quote(order.intent.symbol)
        body = self.timer.ended(order.intent, None if quote is None else quote.mid)
        if body is not None:
            self.lines.append((TIMING, body))
            self._keep_sent(body)

    def taken(self) -> list[Line]:
        """The lines since the last time."""
        lines, self.lines = self.lines, []
        return lines

    def _keep_sent(self, body: dict[str, Any]) -> None:
        if body["signal"] is not None and body["sent_ms"] is not None:
            self.sent_ms.append(float(body["sent_ms"]))
