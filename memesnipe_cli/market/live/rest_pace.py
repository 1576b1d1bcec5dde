"""How often REST is asked, and how it answers: the distances between questions, and what follows a failure.

Takes no lock: the board does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PACE_S = 1.0
_GAP_S = 0.05
_FIRST_WAIT_S = 0.5
_MOST_DOUBLINGS = 3
_ALIVE_S = 15.0


@dataclass(frozen=True, slots=True)
class RestJob:
    """One question for REST: the bars that opened from `since` to `last`, or the best prices (both 0)."""

    kind: Literal["bars", "book"]
    symbol: str
    since: int = 0
    last: int = 0


class RestPace:
    """symbols: how many are asked for; a venue limits questions by symbol, and a little in all."""

    def __init__(self, symbols: int) -> None:
        self._symbols = symbols
        self._busy: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], float] = {}
        self._next_any = 0.0
        self._failures = 0
        self._answered_at: float | None = None
        self.problem = ""

    def is_open(self, monotonic: float) -> bool:
        """True where any question may be asked now."""
        return monotonic >= self._next_any

    def may_ask(self, kind: str, symbol: str, monotonic: float) -> bool:
        """True where this question may be asked now."""
        place = (kind, symbol)
        return place not in self._busy and monotonic >= self._next.get(place, 0.0)

    def turn(self, kind: str, symbol: str) -> float:
        """The lower, the longer a question has waited."""
        return self._next.get((kind, symbol), 0.0)

    def asking(self, job: RestJob, monotonic: float) -> None:
        """A question is on its way."""
        self._busy.add((job.kind, job.symbol))
        self._next_any = max(self._next_any, monotonic + _GAP_S)

    def answered(self, job: RestJob, monotonic: float) -> None:
        """It was answered."""
        self._busy.discard((job.kind, job.symbol))
        self._next[job.kind, job.symbol] = monotonic + PACE_S
        self._answered_at = monotonic
        self._failures = 0
        self.problem = ""

    def again_in(self, job: RestJob, seconds: float, monotonic: float) -> None:
        """The same may be asked after so long."""
        self._next[job.kind, job.symbol] = monotonic + seconds

    def failed(self, job: RestJob, problem: str, pause_s: float, monotonic: float) -> None:
        """It was not. Whoever fails again and again is asked less often; pause_s: nobody is asked for so long."""
        self._busy.discard((job.kind, job.symbol))
        self._failures += 1
        self.problem = problem
        doublings = min(self._failures // self._symbols, _MOST_DOUBLINGS)
        self._next[job.kind, job.symbol] = monotonic + _FIRST_WAIT_S * 2**doublings
        if pause_s:
            self._next_any = monotonic + pause_s

    def is_alive(self, monotonic: float) -> bool:
        """True where REST has answered lately."""
        return self._answered_at is not None and monotonic - self._answered_at <= _ALIVE_S
