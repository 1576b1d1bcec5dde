"""What a trade loop last knew of its account, for `breaker status`, `breaker watch` and whoever else looks on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from memesnipe_cli.clock import now_ms
from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.run import from_units
from memesnipe_cli.engine.session_journal import SessionJournal
from memesnipe_cli.engine.words import CAUSES, LEVELS
from memesnipe_cli.records import decimal_text, time_text
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.kernel.tiers import fall_share, smaller_stage
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.processes import started_ticks

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile


class Trading(Protocol):
    """What trades: an account under a profile."""

    @property
    def account(self) -> str: ...
    @property
    def profile(self) -> Profile: ...


def marks_of(
    request: Trading,
    book: SessionJournal,
    account: AccountStep,
    close_ms: int,
    equity: float,
    *,
    running: bool,
) -> dict[str, Any]:
    """The account's marks at the close of a bar: money as decimals, shares as numbers."""
    row = account.row(0)
    session = book.state.session or {}
    lifetime_high = max(row[rows.HIGH], row[rows.LIFE_HIGH])
    level = Level(row[rows.LEVEL])
    return {
        "account": request.account,
        "pid": os.getpid(),
        "started": started_ticks(os.getpid()),
        "host": os.uname().nodename,
        "beat": time_text(now_ms()),
        "running": running,
        "time": time_text(close_ms),
        "simulated": bool(session.get("simulated")),
        "currency": session.get("currency"),
        "level": level.name,
        "cause": CAUSES[row[rows.CAUSE]] or None,
        "since": time_text(row[rows.SINCE]) if row[rows.SINCE] else None,
        "equity": decimal_text(equity),
        "high_water_mark": decimal_text(from_units(row[rows.HIGH])),
        "lifetime_high": decimal_text(from_units(lifetime_high)),
        "drawdown": fall_share(row[rows.HIGH], row[rows.VALUE]),
        "lifetime_drawdown": fall_share(lifetime_high, row[rows.VALUE]),
        "day_base": decimal_text(from_units(row[rows.DAY_BASE])),
        "daily_loss": fall_share(row[rows.DAY_BASE], row[rows.VALUE]),
        "recovery": _recovery(row),
        "strategies": [
            _strategy(scope, account.row(number)) for number, scope in enumerate(book.state.scopes) if number
        ],
        "positions": _positions(book, account),
        "tiers": request.profile.breaker.model_dump(exclude={"allow_looser"}),
        "recovery_rules": request.profile.recovery.model_dump(
            include={"stage_trades", "stage_hours", "stage_loss"}
        ),
        "monitoring": _monitoring(request.profile, level),
    }


def _recovery(row: list[int]) -> dict[str, Any]:
    return {
        "stage": row[rows.STAGE],
        "size": smaller_stage(row[rows.STAGE], 0) / rows.LAST_STAGE,
        "since": time_text(row[rows.STAGE_TS]) if row[rows.STAGE] else None,
        "ready": time_text(row[rows.READY]) if row[rows.READY] else None,
        "cool_off_hours": row[rows.COOL_OFF] / layout.AN_HOUR,
    }


def _strategy(scope: str, row: list[int]) -> dict[str, Any]:
    return {
        "name": scope.partition(":")[2],
        "level": LEVELS[row[rows.LEVEL]],
        "cause": CAUSES[row[rows.CAUSE]] or None,
        "value": decimal_text(from_units(row[rows.VALUE])),
        "high_water_mark": decimal_text(from_units(row[rows.HIGH])),
        "drawdown": fall_share(row[rows.HIGH], row[rows.VALUE]),
        "allocation": decimal_text(from_units(row[rows.ALLOCATION])),
        "recovery": _recovery(row),
    }


def _positions(book: SessionJournal, account: AccountStep) -> list[dict[str, Any]]:
    found = []
    state = account.world.state
    for slot, (strategy, venue, symbol) in enumerate(book.keys):
        if state[slot, layout.LOTS]:
            grid = book.grids[slot]
            found.append(
                {
                    "strategy": strategy,
                    "venue": venue,
                    "symbol": symbol,
                    "side": "long" if state[slot, layout.SIDE] > 0 else "short",
                    "qty": decimal_text(state[slot, layout.LOTS] * grid.lot),
                    "stop": decimal_text(state[slot, layout.STOP] * grid.tick),
                    "leaving": bool(state[slot, layout.LEAVE]),
                }
            )
    return found


def _monitoring(profile: Profile, level: Level) -> dict[str, Any]:
    """How often books are reconciled and alerts repeated at this level."""
    elevated = level >= Level.WARNING
    settings = profile.monitoring
    return {
        "elevated": elevated,
        "reconcile_seconds": settings.elevated_reconcile_seconds if elevated else settings.reconcile_seconds,
        "alert_seconds": settings.elevated_alert_seconds if elevated else settings.alert_seconds,
    }
