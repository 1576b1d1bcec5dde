"""What all clients of one key share within this process: numbers that only rise, and a budget of questions.

A venue refuses a nonce that is not above the last one of the key, whichever client sent it, and counts the questions of
all clients together. Between processes only the milliseconds keep nonces apart: a refused one is asked again, and an
order that it was said of is unknown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

KEPT_FOR_URGENT = 1 / 3


class Nonces:
    """Whole milliseconds that rise with every call, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def after(self, now_ms: int) -> int:
        """`now_ms`, or one more than the last number where that is not above it."""
        with self._lock:
            self._last = max(self._last + 1, now_ms)
            return self._last


class Budget:
    """Questions that may be asked at once, refilled at the pace that the venue allows.

    Costs are counted as ccxt counts them: a cost of 1 is refilled in `refill_ms`. Orders take nothing from it and never
    wait for it: what they cost is counted by the venue on their own. A third of the room is kept for questions that
    cannot wait: what became of an order that is out.
    """

    def __init__(
        self,
        room: float,
        refill_ms: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._room = room
        self._refill_s = refill_ms / 1000
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._left = room
        self._at = clock()

    def take(self, cost: float, *, urgent: bool = False) -> None:
        """Take `cost`, and wait until there is as much; what is not urgent leaves the part of those that are."""
        kept = 0.0 if urgent else min(self._room - cost, self._room * KEPT_FOR_URGENT)
        with self._lock:
            now = self._clock()
            self._left = min(self._room, self._left + (now - self._at) / self._refill_s)
            self._at = now
            self._left -= cost
            short = max(0.0, kept) - self._left
        if short > 0:
            self._sleep(short * self._refill_s)

    def used_up(self) -> None:
        """The venue says that nothing is left: somebody else asks with this key, too."""
        with self._lock:
            self._left = min(self._left, 0.0)
            self._at = self._clock()


@dataclass(frozen=True, slots=True)
class Shared:
    """Of one key of one venue."""

    nonces: Nonces
    budget: Budget


_shared: dict[tuple[str, str], Shared] = {}
_lock = threading.Lock()


def shared_by(venue: str, key_name: str, address: str, room: float, refill_ms: float) -> Shared:
    """What clients of this key at this address share. The name of the key is kept as a digest only."""
    known_as = (venue, sha256(f"{address} {key_name}".encode()).hexdigest())
    with _lock:
        if known_as not in _shared:
            _shared[known_as] = Shared(Nonces(), Budget(room, refill_ms))
        return _shared[known_as]
