"""What the breaker did in a run: every change of a level or a stage, and what that adds up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import Int64
from memesnipe_cli.engine.words import CAUSES, LEVELS
from memesnipe_cli.records import time_text
from memesnipe_cli.risk.kernel.tiers import fall_share
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope


@dataclass(frozen=True)
class BreakerChange:
    """One row of the breaker after a change at `time_ms` (the close of a bar). drawdown, daily_loss: shares;
    daily_loss of the account only. stage: of the recovery, 0 for none."""

    time_ms: int
    scope: str
    level: Level
    cause: str
    stage: int
    resets: int
    drawdown: float
    daily_loss: float | None


def breaker_story(events: Int64, strategies: list[str], base_ms: int) -> list[BreakerChange]:
    """The changes in the order they happened."""
    scopes = [ACCOUNT, *(strategy_scope(name) for name in strategies)]
    found = []
    for row in events[events[:, layout.KIND] == layout.RISK].tolist():
        number, value = row[layout.EVENT_SLOT], row[layout.RISK_VALUE]
        loss = fall_share(row[layout.RISK_DAY_BASE], value) if number == 0 else None
        found.append(
            BreakerChange(
                row[layout.EVENT_TS] + base_ms,
                scopes[number],
                Level(row[layout.RISK_LEVEL]),
                CAUSES[row[layout.CODE]],
                row[layout.RISK_STAGE],
                row[layout.RISK_RESETS],
                fall_share(row[layout.RISK_HIGH], value),
                loss,
            )
        )
    return found


def told(changes: list[BreakerChange], end_ms: int, reset_ms: int | None) -> dict[str, Any]:
    """The changes as part of the `backtest` record, with counts.

    `halts` counts by cause; `halted_hours` is the time until end_ms in which the account or a strategy was at HALT or
    above; `assumed_reset_hours`: how late each halt was acknowledged.
    """
    halts: dict[str, int] = {}
    emergencies = resets = 0
    standing: dict[str, BreakerChange] = {}
    halted: set[str] = set()
    halted_ms = since_ms = 0
    for change in changes:
        before = standing.get(change.scope)
        was = Level.CLOSED if before is None else before.level
        if change.level >= Level.HALT > was:
            halts[change.cause] = halts.get(change.cause, 0) + 1
        emergencies += change.level == Level.EMERGENCY > was
        resets += change.resets > (0 if before is None else before.resets)
        standing[change.scope] = change
        if change.level >= Level.HALT:
            since_ms = since_ms if halted else change.time_ms
            halted.add(change.scope)
        elif change.scope in halted:
            halted.discard(change.scope)
            halted_ms += 0 if halted else change.time_ms - since_ms
    halted_ms += end_ms - since_ms if halted else 0
    return {
        "halts": halts,
        "emergencies": int(emergencies),
        "resets": int(resets),
        "halted_hours": halted_ms / layout.AN_HOUR,
        "assumed_reset_hours": None if reset_ms is None else reset_ms / layout.AN_HOUR,
        "halted_at_end": sorted(halted),
        "changes": [_row(change) for change in changes],
    }


def _row(change: BreakerChange) -> dict[str, Any]:
    return {
        "time": time_text(change.time_ms),
        "scope": change.scope,
        "level": LEVELS[change.level],
        "cause": change.cause or None,
        "stage": change.stage,
        "drawdown": change.drawdown,
        "daily_loss": change.daily_loss,
    }
