"""The parts of a loop's snapshot (status.py) that say how well it goes: the feed, orders under way, the books.

Ages and latencies are ms, shares floats; None is what nobody knows. Each part's `body()` is its form in a record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memesnipe_cli.live.status_parts import moment

if TYPE_CHECKING:
    from memesnipe_cli.market.live.feed import FeedState
    from memesnipe_cli.venues.reconciling import Reconciled


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How market data come in. ages_ms: of each symbol's best prices, None where unknown; limit_ms: an entry is not
    based on older ones, None where the feed has no ages (a tape)."""

    source: str = "none"
    since_ms: int | None = None
    reconnects: int = 0
    problem: str = ""
    ages_ms: Mapping[str, float | None] | None = None
    limit_ms: float | None = 500.0

    @classmethod
    def of(cls, state: FeedState, ages_ms: Mapping[str, float | None], limit_ms: float | None) -> FeedStatus:
        """From what a feed says of itself."""
        return cls(state.source, state.since_ms, state.reconnects, state.problem, dict(ages_ms), limit_ms)

    @property
    def worst(self) -> tuple[str, float | None] | None:
        """(symbol, age) of the oldest, an unknown age being older than any; None without symbols."""
        ages = self.ages_ms or {}
        oldest = max(
            ages, key=lambda symbol: math.inf if ages[symbol] is None else ages[symbol] or 0.0, default=None
        )
        return None if oldest is None else (oldest, ages[oldest])

    @property
    def median_ms(self) -> float | None:
        """Of the known ages."""
        return percentile([age for age in (self.ages_ms or {}).values() if age is not None], 0.5)

    def body(self) -> dict[str, Any]:
        """As JSON."""
        worst = self.worst
        return {
            "source": self.source,
            "since": moment(self.since_ms),
            "reconnects": self.reconnects,
            "problem": self.problem or None,
            "worst_symbol": worst[0] if worst else None,
            "worst_ms": worst[1] if worst else None,
            "median_ms": self.median_ms,
            "limit_ms": self.limit_ms,
            "ages_ms": dict(self.ages_ms or {}),
        }


@dataclass(frozen=True, slots=True)
class LatencyStatus:
    """Of the last orders, in ms: from the signal to the sending, from there to the venue's word. error_rate: share of
    calls that failed."""

    orders: int = 0
    sent_p50_ms: float | None = None
    sent_p95_ms: float | None = None
    acknowledged_p50_ms: float | None = None
    acknowledged_p95_ms: float | None = None
    error_rate: float | None = None

    @classmethod
    def of(
        cls, sent_ms: Sequence[float], acknowledged_ms: Sequence[float], error_rate: float | None
    ) -> LatencyStatus:
        """From the times that the last orders took; an order without the venue's word is in the first list only."""
        return cls(
            len(sent_ms),
            percentile(sent_ms, 0.5),
            percentile(sent_ms, 0.95),
            percentile(acknowledged_ms, 0.5),
            percentile(acknowledged_ms, 0.95),
            error_rate,
        )

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "orders": self.orders,
            "sent_p50_ms": self.sent_p50_ms,
            "sent_p95_ms": self.sent_p95_ms,
            "acknowledged_p50_ms": self.acknowledged_p50_ms,
            "acknowledged_p95_ms": self.acknowledged_p95_ms,
            "error_rate": self.error_rate,
        }


@dataclass(frozen=True, slots=True)
class ReconciliationStatus:
    """The last comparison of the books with the venue. findings: what does not add up, in words."""

    time_ms: int
    clean: bool
    findings: tuple[str, ...] = ()

    @classmethod
    def of(cls, done: Reconciled, time_ms: int) -> ReconciliationStatus:
        """From a reconciliation. What is the user's own is no finding."""
        findings = (each.message for each in done.findings if each.remedy != "leave")
        return cls(time_ms, done.clean, (*done.impossible, *findings))

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {"time": moment(self.time_ms), "clean": self.clean, "findings": list(self.findings)}


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed (nearest rank); None for no values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
