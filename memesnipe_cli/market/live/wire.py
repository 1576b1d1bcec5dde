"""What a venue's WebSocket reader must be able to do, and what all of them share.

ccxt opens the connection, subscribes and keeps it alive. Its own caches are passed by: they drop trades of a second
product, repeat others and lose sequence numbers, so the messages are read here as the venue sent them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

SNAPSHOT_WAIT_S = 1.5


class StreamBrokenError(Exception):
    """What a connection says cannot be trusted any more; it must be made anew. Its text says why."""


class Wire(Protocol):
    """Reads the messages of one connection of one venue and tells the board."""

    def subscriptions(self, client: Any) -> Sequence[Awaitable[Any]]:
        """The ccxt calls that subscribe; they end only with the connection."""

    def heard(self, message: Mapping[str, Any], monotonic: float) -> None:
        """Take one message. Raises StreamBrokenError, and LookupError, TypeError or ValueError for one of a shape that
        is not known."""

    def missing(self, monotonic: float) -> list[str]:
        """What was asked for and has not begun yet, for a person."""


class TradesBegun:
    """Which symbols' trades have begun. A market without any trade sends no list of its last ones: it counts as begun
    when nothing has come for a while after the venue agreed."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.waiting = set(symbols)
        self._agreed: dict[str, float] = {}

    def agreed(self, symbol: str, monotonic: float) -> None:
        """The venue has agreed to send them."""
        self._agreed.setdefault(symbol, monotonic)

    def begun(self, symbol: str) -> bool:
        """They come; True where this is the first time."""
        if symbol not in self.waiting:
            return False
        self.waiting.discard(symbol)
        return True

    def empty(self, monotonic: float) -> list[str]:
        """Symbols that have none, each named once."""
        found = [
            symbol
            for symbol in sorted(self.waiting)
            if symbol in self._agreed and monotonic - self._agreed[symbol] >= SNAPSHOT_WAIT_S
        ]
        self.waiting.difference_update(found)
        return found


def stamp_ms(text: Any) -> int | None:
    """ms UTC of a venue's RFC 3339 time with up to nine decimals; None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
