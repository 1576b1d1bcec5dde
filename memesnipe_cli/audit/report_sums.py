"""One row of a report: what it adds up, and the record that it becomes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from memesnipe_cli.audit.exact import plus
from memesnipe_cli.records import decimal_text, record
from memesnipe_cli.risk.levels import Level

_ZERO = Decimal(0)
_BPS = 10_000


@dataclass(slots=True)
class Sums:
    """Money in the quote currency, costs above 0. marked: the change of the marked equity without what came in or went
    out, None where the journal has no marks for it. slippage_of: the notional whose slippage is known. sent_ms,
    acknowledged_ms: of each order. level_ms: time at each level of the breaker."""

    pnl: Decimal = _ZERO
    marked: Decimal | None = None
    cash_change: Decimal = _ZERO
    flows: Decimal = _ZERO
    fees: Decimal = _ZERO
    fees_elsewhere: dict[str, Decimal] = field(default_factory=dict)
    funding: Decimal = _ZERO
    slippage: Decimal = _ZERO
    slippage_of: Decimal = _ZERO
    slippage_unknown: int = 0
    turnover: Decimal = _ZERO
    trades: int = 0
    wins: int = 0
    orders: int = 0
    fills: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    sent_ms: list[int] = field(default_factory=list)
    acknowledged_ms: list[int] = field(default_factory=list)
    level_ms: Counter[str] = field(default_factory=Counter)
    bars_due: int = 0
    bars_in_time: int = 0
    simulated: bool = False

    def add(self, name: str, amount: Decimal) -> None:
        """To one of the amounts, exactly."""
        setattr(self, name, plus(getattr(self, name) or _ZERO, amount))

    def as_record(self, **about: Any) -> dict[str, Any]:
        """The `report` record; about: whose row it is."""
        return record(
            "report",
            **about,
            simulated=self.simulated,
            trades=self.trades,
            wins=self.wins,
            win_rate=self.wins / self.trades if self.trades else None,
            pnl=decimal_text(self.pnl),
            marked_pnl=None if self.marked is None else decimal_text(self.marked),
            cash_change=decimal_text(self.cash_change),
            flows=decimal_text(self.flows),
            fees=decimal_text(self.fees),
            fees_elsewhere={name: decimal_text(fee) for name, fee in sorted(self.fees_elsewhere.items())},
            funding=decimal_text(self.funding),
            slippage=decimal_text(self.slippage),
            slippage_bps=float(self.slippage / self.slippage_of) * _BPS if self.slippage_of else None,
            slippage_unknown=self.slippage_unknown,
            turnover=decimal_text(self.turnover),
            orders=self.orders,
            fills=self.fills,
            missed=_counts(self.missed),
            refused=self.refusals.total(),
            refusals=_counts(self.refusals),
            signal_to_sent_ms=latency(self.sent_ms),
            sent_to_acknowledged_ms=latency(self.acknowledged_ms),
            breaker_seconds={level.name: self.level_ms[level.name] / 1000 for level in Level},
            bars_due=self.bars_due,
            bars_in_time=self.bars_in_time,
            uptime=self.bars_in_time / self.bars_due if self.bars_due else None,
        )


def latency(values: Sequence[int]) -> dict[str, float | int | None]:
    """How long something took, in ms: how often it was measured, the mean, the median, the 95th percentile (nearest
    rank) and the longest; None where it never was."""
    if not values:
        return {"count": 0, "mean": None, "median": None, "p95": None, "longest": None}
    ranked = sorted(values)
    middle = len(ranked) // 2
    median = ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2
    return {
        "count": len(ranked),
        "mean": sum(ranked) / len(ranked),
        "median": float(median),
        "p95": float(ranked[math.ceil(0.95 * len(ranked)) - 1]),
        "longest": float(ranked[-1]),
    }


def _counts(counted: Counter[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
