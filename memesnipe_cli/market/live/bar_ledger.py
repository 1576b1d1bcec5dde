"""Which bars have been dealt with, and when a time may be given to the loop though one of its bars is missing.

Knows no venue and no thread: it is told what became of each bar and asked what is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar

CLOSE_GRACE_MS = 2_000
LIVE_WITHIN_MS = 10_000
HISTORY_PATIENCE_S = 15.0
# How many bars back a missing one is still asked for.
_LATE_BARS = 12


class BarLedger:
    """Bars of some symbols, one open time after the other. after_ms: the last open time that is known already.

    A time is due as soon as every symbol's bar is known or known to be empty. Else, once one of them is: at the end of
    the close grace, or for bars of the past some seconds after the first of them came. Where nothing at all is known of
    a time, it waits: an outage must not look like a market without trades.
    """

    def __init__(self, symbols: Sequence[str], base_ms: int, after_ms: int) -> None:
        self.base_ms = base_ms
        self.next_ts = after_ms - after_ms % base_ms + base_ms
        self._symbols = tuple(symbols)
        self._known: dict[int, dict[str, ClosedBar | None]] = {}
        self._first_at: dict[int, float] = {}
        self._given_without: dict[int, set[str]] = {}

    def next_end(self) -> int:
        """When the next bar is over, ms UTC."""
        return self.next_ts + self.base_ms

    def unknown(self, symbol: str, now_ms: int) -> list[int]:
        """Open times of the closed bars of a symbol that nothing is known of yet, ascending; those that were given
        without it, too."""
        late = sorted(ts for ts, names in self._given_without.items() if symbol in names)
        last = now_ms - self.base_ms
        return late + [
            ts for ts in range(self.next_ts, last + 1, self.base_ms) if symbol not in self._known.get(ts, ())
        ]

    def offer(self, symbol: str, ts: int, bar: ClosedBar | None, monotonic: float) -> ClosedBar | None:
        """A bar is known (None: nothing was traded in it); the first word counts. Returns one that is late: it is for
        the store only."""
        if ts < self.next_ts:
            names = self._given_without.get(ts, set())
            if symbol not in names:
                return None
            names.discard(symbol)
            if not names:
                del self._given_without[ts]
            return replace(bar, live=False) if bar is not None else None
        self._known.setdefault(ts, {}).setdefault(symbol, bar)
        self._first_at.setdefault(ts, monotonic)
        return None

    def take(self, now_ms: int, monotonic: float) -> list[BarsClosed]:
        """What is due, in order of time."""
        due = []
        while self.next_end() <= now_ms and self._is_due(self.next_ts, now_ms, monotonic):
            ts = self.next_ts
            known = self._known.pop(ts)
            self._first_at.pop(ts)
            live = now_ms - (ts + self.base_ms) <= LIVE_WITHIN_MS
            bars = tuple(
                replace(bar, live=live) for name in self._symbols if (bar := known.get(name)) is not None
            )
            missing = {name for name in self._symbols if name not in known}
            if missing:
                self._given_without[ts] = missing
            self._given_without.pop(ts - _LATE_BARS * self.base_ms, None)
            due.append(BarsClosed(ts, bars))
            self.next_ts += self.base_ms
        return due

    def _is_due(self, ts: int, now_ms: int, monotonic: float) -> bool:
        known = self._known.get(ts)
        if not known:
            return False
        if len(known) == len(self._symbols):
            return True
        since_end = now_ms - (ts + self.base_ms)
        if since_end <= LIVE_WITHIN_MS:
            return since_end >= CLOSE_GRACE_MS
        return monotonic - self._first_at[ts] >= HISTORY_PATIENCE_S
