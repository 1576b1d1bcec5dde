"""What a live feed tells its loop: closed bars and the best prices, each with its age. Whoever makes it (WebSocket,
REST, a tape that is played, a pipe) stands behind one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ClosedBar:
    """A bar that is over: prices and volume (base units) as floats, as the lake keeps them. ts: its open, ms UTC. Of a
    bar in which nothing was traded there is none. live: it closed just now; else it fills a gap, for history only."""

    symbol: str
    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    live: bool = True


@dataclass(frozen=True, slots=True)
class Quote:
    """The best prices of a symbol. venue_ms: the venue's own stamp, None where it gives none; sizes in base units, None
    where unknown."""

    symbol: str
    bid: Decimal
    ask: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    venue_ms: int | None = None

    @property
    def mid(self) -> Decimal:
        """Half way between."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class BarsClosed:
    """Every symbol's bar that opened at ts has been dealt with: `bars` holds those in which something was traded."""

    ts: int
    bars: tuple[ClosedBar, ...]


@dataclass(frozen=True, slots=True)
class FeedState:
    """source: `websocket`, `rest`, `tape`, `pipe` or `none`. since_ms: from when on. reconnects: how often a connection
    was made anew. problem: why it is not at its best, for a person; "" where it is. ended: nothing more will come."""

    source: str
    since_ms: int
    reconnects: int = 0
    problem: str = ""
    ended: bool = False


class LiveFeed(Protocol):
    """Market data of some symbols of one venue, from now on. Its methods are called from one thread and never raise
    because of the network: they say less."""

    def start(self, after_ms: int) -> None:
        """Begin. after_ms: open of the last base bar that is known already; the feed delivers every later one, those
        that closed before now first, with live=False."""

    def wait(self, seconds: float) -> list[BarsClosed]:
        """Wait up to so long for bars to close; returns at once when one does, [] where nothing did. In order of time,
        each open time once, never one that is older than one that was given before."""

    def quote(self, symbol: str) -> Quote | None:
        """The last known best prices; None before the first, and after a broken book until it is whole again."""

    def age_ms(self, symbol: str) -> float | None:
        """How old `quote` is: monotonic time since the last message or heartbeat on its connection with an intact book
        sequence, or by the venue's own stamp where that is older and finer than a second; None where unknown."""

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """Ask for the best prices now, by REST, once, at most so long; None where no whole answer comes. Its age
        counts from the asking. For a feed that cannot ask: what `quote` says."""

    def state(self) -> FeedState:
        """How the feed stands."""

    def close(self) -> None:
        """End its threads and connections."""
