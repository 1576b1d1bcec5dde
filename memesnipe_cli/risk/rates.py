"""How often: token buckets in whole numbers, and how many entries of a strategy filled in an hour.

Time is handed in. It may stand still; where it runs backwards, nothing is refilled until it has caught up.
"""

from __future__ import annotations

from memesnipe_cli.clock import HOUR_MS, MINUTE_MS


class TokenBucket:
    """`per_minute` tokens, refilled evenly; never holds more than a minute's. In any span of time no more are taken
    than one full bucket and what the span refills."""

    __slots__ = ("_full", "_level", "_now_ms", "per_minute")

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        # A token is MINUTE_MS parts, so that a millisecond refills a whole number of them.
        self._full = per_minute * MINUTE_MS
        self._level = self._full
        self._now_ms: int | None = None

    def left(self, now_ms: int) -> int:
        """Whole tokens at this time."""
        if self._now_ms is None:
            self._now_ms = now_ms
        elif now_ms > self._now_ms:
            self._level = min(self._full, self._level + (now_ms - self._now_ms) * self.per_minute)
            self._now_ms = now_ms
        return self._level // MINUTE_MS

    def take(self, now_ms: int) -> None:
        """Take one; at none left, none is owed."""
        self._level = max(0, self._level - MINUTE_MS) if self.left(now_ms) else self._level


class Rates:
    """Entry orders of a minute, and all messages of a minute with one half reserved for exits and cancels."""

    __slots__ = ("entries", "messages", "reserved")

    def __init__(self, orders_per_minute: int, messages_per_minute: int) -> None:
        self.entries = TokenBucket(orders_per_minute)
        self.messages = TokenBucket(messages_per_minute)
        self.reserved = messages_per_minute // 2

    def messages_left(self, now_ms: int, entry: bool) -> int:
        """Messages that an entry, or any other order, may still use now."""
        return self.messages.left(now_ms) - (self.reserved if entry else 0)

    def took(self, now_ms: int, entry: bool) -> None:
        """An order is sent."""
        if entry:
            self.entries.take(now_ms)
        self.messages.take(now_ms)


class Executions:
    """Entries that filled, by strategy, in the present hour (UTC)."""

    __slots__ = ("_counts", "_hour")

    def __init__(self) -> None:
        self._hour = -1
        self._counts: dict[str, int] = {}

    def count(self, strategy: str, now_ms: int) -> int:
        """How many in the hour of this time."""
        return self._counts.get(strategy, 0) if now_ms // HOUR_MS <= self._hour else 0

    def filled(self, strategy: str, now_ms: int) -> None:
        """One more entry has filled."""
        hour = now_ms // HOUR_MS
        if hour > self._hour:
            self._hour, self._counts = hour, {}
        self._counts[strategy] = self._counts.get(strategy, 0) + 1
