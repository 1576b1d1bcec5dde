"""The execution timer: when each order's moments were, from the signal to its end, and the prices it is judged by.

One `timing` line an order, written when it has ended. All its milliseconds are of one clock: they count from the close
of the signal's bar, its distance to our hearing of it by the wall clock and everything after that by the monotonic one,
so that a wall clock that is set while an order is under way moves none of them. An order without a signal (a stop, a
close by hand) counts from its decision; one of a former process from the first moment that this process saw.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.clock import SECOND_MS, format_time
from memesnipe_cli.risk.intent import OrderIntent
from memesnipe_cli.venues.wire import plain

TIMING = "timing"


@dataclass(slots=True)
class _Moments:
    """Of one order. begin_ms: wall clock that the milliseconds count from; begin: the same as a reading of the
    monotonic clock. The others are such readings, None where they were not seen."""

    begin_ms: int
    begin: float
    by_signal: bool = False
    heard: float | None = None
    decided: float | None = None
    sent: float | None = None
    acknowledged: float | None = None
    filled: float | None = None
    last_filled: float | None = None
    decision_price: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None


class Timer:
    """The moments of the orders under way. Its methods are called as things happen, never ahead and never twice for
    one; a moment that is told again keeps the first reading (a fill: the first and the last). Not for several threads.

    now_ms: the wall clock, ms UTC. monotonic: seconds.
    """

    def __init__(
        self,
        now_ms: Callable[[], int] = clock.now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._orders: dict[str, _Moments] = {}

    def signal(self, order_id: str, bar_close_ms: int, heard: float) -> None:
        """The order comes from the bar that closed at bar_close_ms, which we knew of at `heard` (monotonic seconds).
        Called before `decided`."""
        wall_ms, now = self._now_ms(), self._monotonic()
        late_ms = wall_ms - (now - heard) * SECOND_MS - bar_close_ms
        moments = _Moments(bar_close_ms, heard - late_ms / SECOND_MS, by_signal=True, heard=heard)
        self._orders[order_id] = moments

    def decided(self, order_id: str, mid: Decimal | None, bid: Decimal | None, ask: Decimal | None) -> None:
        """The order was decided. mid: the price that it was decided on, the mid at the close of the signal's bar; bid
        and ask: the best prices now. None where nobody knows."""
        moments = self._of(order_id)
        if moments.decided is None:
            moments.decided = self._monotonic()
            moments.decision_price, moments.bid, moments.ask = mid, bid, ask

    def sent(self, order_id: str, bid: Decimal | None = None, ask: Decimal | None = None) -> None:
        """It goes onto the wire now. bid, ask: the best prices, where newer ones than at the decision are known."""
        moments = self._of(order_id)
        if moments.sent is None:
            moments.sent = self._monotonic()
            if bid is not None and ask is not None:
                moments.bid, moments.ask = bid, ask

    def acknowledged(self, order_id: str) -> None:
        """The venue said that it has it."""
        moments = self._of(order_id)
        if moments.acknowledged is None:
            moments.acknowledged = self._monotonic()

    def filled(self, order_id: str) -> None:
        """A fill of it became known to us. What it was is in the journal's `fill` line."""
        moments = self._of(order_id)
        moments.last_filled = self._monotonic()
        if moments.filled is None:
            moments.filled = moments.last_filled

    def latency_ms(self, order_id: str) -> float | None:
        """From sending to acknowledgement; None where either was not seen."""
        moments = self._orders.get(order_id)
        if moments is None or moments.sent is None or moments.acknowledged is None:
            return None
        return (moments.acknowledged - moments.sent) * SECOND_MS

    def decision_price(self, order_id: str) -> Decimal | None:
        """The price that an order under way was decided on."""
        moments = self._orders.get(order_id)
        return None if moments is None else moments.decision_price

    def forget(self, order_id: str) -> None:
        """The order was not let through after all: it was none."""
        self._orders.pop(order_id, None)

    def ended(self, intent: OrderIntent, mid: Decimal | None = None) -> dict[str, Any] | None:
        """The body of the order's `timing` line, now that it can fill no more; the timer forgets it. mid: what the
        price is now, by which the part that did not fill is judged. None for an order that was told as ended before,
        or of which this process saw nothing."""
        moments = self._orders.pop(intent.id, None)
        if moments is None:
            return None

        def after(reading: float | None) -> int | None:
            return None if reading is None else round((reading - moments.begin) * SECOND_MS)

        begin = format_time(moments.begin_ms)
        return {
            "id": intent.id,
            "action": str(intent.action),
            "strategy": intent.strategy,
            "venue": intent.venue,
            "symbol": intent.symbol,
            "side": intent.side,
            "signal": begin if moments.by_signal else None,
            "begin": begin,
            "heard_ms": after(moments.heard),
            "decided_ms": after(moments.decided),
            "sent_ms": after(moments.sent),
            "acknowledged_ms": after(moments.acknowledged),
            "filled_ms": after(moments.filled),
            "last_filled_ms": after(moments.last_filled),
            "ended_ms": after(self._monotonic()),
            "decision_price": _text(moments.decision_price),
            "bid": _text(moments.bid),
            "ask": _text(moments.ask),
            "end_price": _text(mid),
        }

    def _of(self, order_id: str) -> _Moments:
        """Its moments so far; of an order without a signal, or of a former process, they begin now."""
        found = self._orders.get(order_id)
        if found is None:
            found = self._orders[order_id] = _Moments(self._now_ms(), self._monotonic())
        return found


def _text(price: Decimal | None) -> str | None:
    return None if price is None else plain(price)
