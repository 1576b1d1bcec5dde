"""Which prices a tier of the breaker may move on: fresh, possible, and confirmed by a second source or by standing.

A position is worth what it can be closed for now: its venue's bid (a long) or ask (a short), the taker fee taken off.
One wrong tick must not close everything, and a venue out of reach must not look like a loss: what is not known gives
Unconfirmed with the reason, never a zero. Nothing here decides a level; a mark is never a booked amount.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.risk.rolling import readable

# Why there is no confirmed mark.
NO_MARK = "no_mark"  # the venue has not been heard, or is out of reach
STALE = "stale"
NO_PRICE = "no_price"  # not a number, zero or below
CROSSED = "crossed"
CLOCK_BACKWARDS = "clock_backwards"
WAITING = "waiting"  # nobody confirms the price and it has not stood long enough yet
NO_BALANCE = "no_balance"


@dataclass(frozen=True)
class Held:
    """Our lots of an instrument: signed quantity, the venue where they can be closed, its taker fee (a fraction).

    What a short sale brought in is part of the cash.
    """

    qty: float
    venue: str
    taker_fee: float


@dataclass(frozen=True)
class Confirmed:
    """What the account is worth. `equity` may move tiers and marks; `latest`, at the prices of this moment, may not,
    but an entry had better look at the lower of the two."""

    equity: float
    latest: float


@dataclass(frozen=True)
class Unconfirmed:
    """No mark: no entries and an alert; levels stay as they are. `instrument` is the one it fails for, "" where it is
    the account."""

    reason: str
    instrument: str = ""


@dataclass
class _Side:
    """One side of a book: the prices in force over the last moments, oldest first, and the one that is confirmed.

    The confirmed price is drawn along only by what every price of the window agrees on: it falls to the highest of
    them and rises to the lowest of them. A spike that comes back within the window moves nothing.
    """

    prices: deque[tuple[int, float]] = field(default_factory=deque)
    confirmed: float | None = None

    def add(self, now_ms: int, price: float) -> None:
        if not self.prices or self.prices[-1][1] != price:
            self.prices.append((now_ms, price))

    def settle(self, now_ms: int, standing_ms: float, tolerance: float) -> None:
        """Let the window end now; it reaches back to the price that was in force `standing_ms` ago."""
        while len(self.prices) > 1 and now_ms - self.prices[1][0] >= standing_ms:
            self.prices.popleft()
        if now_ms - self.prices[0][0] < standing_ms:
            return
        lowest = min(price for _, price in self.prices)
        highest = max(price for _, price in self.prices)
        if self.confirmed is not None:
            self.confirmed = min(max(self.confirmed, lowest), highest)
        elif highest - lowest <= tolerance * highest:
            # Nothing to be drawn from yet, and one of these may be a spike: a first price needs them to agree.
            self.confirmed = self.prices[-1][1]


@dataclass
class _Source:
    """What one source has said of one instrument since it was last silent, and when it last said what can be used.

    `problem`: why its last word cannot be used.
    """

    heard_ms: int
    age_ms: float = 0.0
    problem: str = ""
    bid: _Side = field(default_factory=_Side)
    ask: _Side = field(default_factory=_Side)

    def age(self, now_ms: int) -> float:
        """Milliseconds since its last message or heartbeat."""
        return self.age_ms + (now_ms - self.heard_ms)

    def closing_side(self, held: Held) -> _Side:
        """Where the position can be closed."""
        return self.bid if held.qty > 0.0 else self.ask


class MarkGuard:
    """The marks of everything an account holds.

    `fresh_ms`: the oldest a price may be (its age when it was handed in, and the time since). `standing_ms`: how long
    a price stands before it is confirmed without a second source. `tolerance`: how near a second source must be, as a
    share of its price. Times are handed in and monotonic. Hand in each source's book at every look, quiet or not and at
    least every `fresh_ms`, with the time since its last message or heartbeat as its age.
    """

    def __init__(self, fresh_ms: float, standing_ms: float, tolerance: float) -> None:
        self._fresh_ms = fresh_ms
        self._standing_ms = standing_ms
        self._tolerance = tolerance
        self._now_ms = 0
        self._unheard = NO_MARK
        self._sources: dict[str, dict[str, _Source]] = {}

    def mark(
        self,
        instrument: str,
        now_ms: int,
        source: str,
        bid: float | Decimal | None,
        ask: float | Decimal | None,
        age_ms: float | None,
    ) -> str:
        """Take in a source's best bid and ask. Returns "" or why it cannot be used."""
        self._look(now_ms)
        sources = self._sources.setdefault(instrument, {})
        best_bid, best_ask, age = readable(bid), readable(ask), readable(age_ms)
        if age is None or not 0.0 <= age <= self._fresh_ms:
            problem = STALE
        elif best_bid is None or best_ask is None or best_bid <= 0.0 or best_ask <= 0.0:
            problem = NO_PRICE
        elif best_bid > best_ask:
            problem = CROSSED
        else:
            said = sources.get(source)
            if said is None or now_ms - said.heard_ms > self._fresh_ms:
                said = sources[source] = _Source(now_ms)  # after a silence nothing has stood
            said.heard_ms, said.age_ms, said.problem = now_ms, age, ""
            for side, price in ((said.bid, best_bid), (said.ask, best_ask)):
                side.add(now_ms, price)
                side.settle(now_ms, self._standing_ms, self._tolerance)
            return ""
        # It says that the source cannot be used, but is no news: what it said before goes on ageing.
        sources.setdefault(source, _Source(now_ms)).problem = problem
        return problem

    def equity(
        self, now_ms: int, cash: float | Decimal | None, held: Mapping[str, Held]
    ) -> Confirmed | Unconfirmed:
        """What the account is worth: cash and every held instrument at its confirmed price.

        Positions at several venues go into one call, so that there is one equity and no venue's silence counts as 0.
        """
        self._look(now_ms)
        total = readable(cash)
        if total is None:
            return Unconfirmed(NO_BALANCE)
        latest = total
        for instrument, position in held.items():
            if position.qty == 0.0:
                continue
            if not math.isfinite(position.qty):
                return Unconfirmed(NO_BALANCE, instrument)
            prices = self._prices(instrument, position, now_ms)
            if isinstance(prices, str):
                return Unconfirmed(prices, instrument)
            after_fee = position.qty * (1.0 - math.copysign(position.taker_fee, position.qty))
            total += after_fee * prices[0]
            latest += after_fee * prices[1]
        return Confirmed(total, latest)

    def closing_price(self, now_ms: int, instrument: str, position: Held) -> float | None:
        """What a position can be closed at, confirmed, before the fee; None where there is no confirmed price."""
        self._look(now_ms)
        prices = self._prices(instrument, position, now_ms)
        return None if isinstance(prices, str) else prices[0]

    def _look(self, now_ms: int) -> None:
        """Time goes on. Where it steps back nothing that was heard can be dated: everything begins anew."""
        if now_ms < self._now_ms:
            self._sources.clear()
            self._unheard = CLOCK_BACKWARDS
        self._now_ms = now_ms

    def _prices(self, instrument: str, held: Held, now_ms: int) -> tuple[float, float] | str:
        """The confirmed and the latest price that the position can be closed at, or why there is none."""
        sources = self._sources.get(instrument, {})
        own = sources.get(held.venue)
        if own is None:
            return self._unheard
        if problem := self._problem(own, now_ms):
            return problem
        side = own.closing_side(held)
        side.settle(now_ms, self._standing_ms, self._tolerance)
        latest = side.prices[-1][1]
        for other in sources.values():
            if other is not own and not self._problem(other, now_ms):
                price = other.closing_side(held).prices[-1][1]
                if math.fabs(latest - price) <= self._tolerance * price:
                    side.confirmed = latest
        return WAITING if side.confirmed is None else (side.confirmed, latest)

    def _problem(self, said: _Source, now_ms: int) -> str:
        return said.problem or (STALE if said.age(now_ms) > self._fresh_ms else "")
