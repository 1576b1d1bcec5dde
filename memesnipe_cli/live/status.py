"""The snapshot of a running loop: all that a person, the marks file and the `status` record are told of it.

Made by the loop, read by everybody else; nothing in it is computed anew elsewhere. Its parts: status_parts.py and
status_health.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from memesnipe_cli.live.status_health import FeedStatus, LatencyStatus, ReconciliationStatus
from memesnipe_cli.live.status_parts import (
    DecisionStatus,
    Distance,
    OrderStatus,
    PositionStatus,
    Recovery,
    StrategyStatus,
    amount,
    distance,
    moment,
)
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.quality import Finding

Mode = Literal["live", "paper"]
ONLINE = "online"

# (tier as the profile names it, what it is measured on)
_TIERS = (
    ("warning", "drawdown"),
    ("halt", "drawdown"),
    ("emergency", "drawdown"),
    ("daily_warning", "daily_loss"),
    ("daily_halt", "daily_loss"),
    ("lifetime_halt", "lifetime_drawdown"),
)


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """One moment of a running loop.

    Money is in `currency`; None is what is not known (a venue out of reach is no zero). drawdown, daily_loss,
    lifetime_drawdown: shares, as the breaker sees them. level, cause, reason, since_ms: the account's breaker.
    tiers: the breaker's thresholds by the profile's names, as shares. venue_status: `online`, or the venue's word.
    decisions: the latest last. quality: findings of the execution-quality checks. warnings: what a person should
    know and no other field says. next_bar_s: until the next bar closes. stopping: a stop was asked for.
    """

    account: str
    venue: str
    session: str
    mode: Mode
    currency: str
    time_ms: int
    started_ms: int
    simulated: bool = False
    equity: Decimal | None = None
    cash: Decimal | None = None
    high_water_mark: Decimal | None = None
    day_base: Decimal | None = None
    lifetime_high: Decimal | None = None
    drawdown: float | None = None
    daily_loss: float | None = None
    lifetime_drawdown: float | None = None
    level: Level = Level.CLOSED
    cause: str = ""
    reason: str = ""
    since_ms: int | None = None
    tiers: tuple[tuple[str, float], ...] = ()
    recovery: Recovery = field(default_factory=Recovery)
    strategies: tuple[StrategyStatus, ...] = ()
    positions: tuple[PositionStatus, ...] = ()
    orders: tuple[OrderStatus, ...] = ()
    decisions: tuple[DecisionStatus, ...] = ()
    feed: FeedStatus = field(default_factory=FeedStatus)
    latency: LatencyStatus = field(default_factory=LatencyStatus)
    quality: tuple[Finding, ...] = ()
    reconciliation: ReconciliationStatus | None = None
    venue_status: str = ONLINE
    warnings: tuple[str, ...] = ()
    next_bar_s: float | None = None
    stopping: bool = False

    @property
    def distances(self) -> tuple[Distance, ...]:
        """To each tier, in percentage points and money."""
        thresholds = dict(self.tiers)
        measures = {
            "drawdown": (self.drawdown, self.high_water_mark),
            "daily_loss": (self.daily_loss, self.day_base),
            "lifetime_drawdown": (self.lifetime_drawdown, self.lifetime_high),
        }
        found = []
        for tier, measure in _TIERS:
            if tier in thresholds:
                value, base = measures[measure]
                found.append(distance(tier, measure, thresholds[tier], value, self.equity, base))
        return tuple(found)

    @property
    def day_result(self) -> Decimal | None:
        """Gained (or lost) since the day's base."""
        if self.equity is None or self.day_base is None:
            return None
        return self.equity - self.day_base

    def body(self) -> dict[str, Any]:
        """The snapshot as JSON: money as decimal strings, times RFC 3339, shares as numbers.

        Fields that the marks of an account have too are written as there, so that this can be laid over them.
        """
        return {
            "account": self.account,
            "venue": self.venue,
            "session": self.session,
            "mode": self.mode,
            "simulated": self.simulated,
            "currency": self.currency,
            "at": moment(self.time_ms),
            "running_since": moment(self.started_ms),
            "equity": amount(self.equity),
            "cash": amount(self.cash),
            "high_water_mark": amount(self.high_water_mark),
            "day_base": amount(self.day_base),
            "day_result": amount(self.day_result),
            "lifetime_high": amount(self.lifetime_high),
            "drawdown": self.drawdown,
            "daily_loss": self.daily_loss,
            "lifetime_drawdown": self.lifetime_drawdown,
            "level": self.level.name,
            "cause": self.cause or None,
            "reason": self.reason or None,
            "since": moment(self.since_ms),
            "tiers": dict(self.tiers),
            "distances": [each.body() for each in self.distances],
            "recovery": self.recovery.body(),
            "strategies": [each.body() for each in self.strategies],
            "positions": [each.body() for each in self.positions],
            "orders": [each.body() for each in self.orders],
            "decisions": [each.body() for each in self.decisions],
            "feed": self.feed.body(),
            "latency": self.latency.body(),
            "quality": [each.body() for each in self.quality],
            "reconciliation": None if self.reconciliation is None else self.reconciliation.body(),
            "venue_status": self.venue_status,
            "warnings": list(self.warnings),
            "next_bar_s": self.next_bar_s,
            "stopping": self.stopping,
        }
