"""The state of one account's breaker as the `breaker` record: what is latched and what the trade loop last knew."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError
from memesnipe_cli.records import decimal_text, record
from memesnipe_cli.risk.latch_state import Hold, Latch
from memesnipe_cli.risk.levels import STOPPED, Level
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope, symbol_scope

Marks = Mapping[str, Any]

# tier -> (what it is measured on, the amount it is a share of)
_TIERS = {
    "warning": ("drawdown", "high_water_mark"),
    "halt": ("drawdown", "high_water_mark"),
    "emergency": ("drawdown", "high_water_mark"),
    "daily_warning": ("daily_loss", "day_base"),
    "daily_halt": ("daily_loss", "day_base"),
    "lifetime_halt": ("lifetime_drawdown", "lifetime_high"),
}
_CENT = Decimal("0.01")


def account_level(latch: Latch, marks: Marks | None) -> Level:
    """The higher of what is latched and what the trade loop last saw, unless a reset came after that."""
    return max(latch.level(), _seen_level(latch, ACCOUNT, marks, marks))


def strategy_level(latch: Latch, marks: Marks | None, name: str) -> Level:
    """The same of one strategy alone."""
    seen = next((each for each in _strategies(marks) if each.get("name") == name), None)
    scope = strategy_scope(name)
    return max(latch.level(scope), _seen_level(latch, scope, marks, seen))


def breaker_record(
    latch: Latch,
    marks: Marks | None,
    tiers: Mapping[str, float] | None,
    monitoring: Mapping[str, Any] | None,
    *,
    strategy: str | None = None,
) -> dict[str, Any]:
    """The record; None stands for what nobody knows. `strategy` leaves only that one in `strategies`.

    tiers: the shares at which something happens, as the profile names them. monitoring: how often the account is
    looked after now. `distances` say how far each tier is away, in percentage points and in money.
    """
    known = marks or {}
    level = account_level(latch, marks)
    names = {str(each.get("name")) for each in _strategies(marks)} | _named(latch, "strategy")
    strategies = [_strategy(latch, marks, name, tiers) for name in sorted(names) if strategy in (None, name)]
    return record(
        "breaker",
        account=latch.account,
        level=level.name,
        stopped=STOPPED[level],
        **_why(latch.holds.get(ACCOUNT), level, known),
        equity=known.get("equity"),
        high_water_mark=known.get("high_water_mark"),
        drawdown=known.get("drawdown"),
        daily_loss=known.get("daily_loss"),
        day_base=known.get("day_base"),
        lifetime_high=known.get("lifetime_high"),
        lifetime_drawdown=known.get("lifetime_drawdown"),
        currency=known.get("currency"),
        simulated=known.get("simulated"),
        strategies=strategies,
        symbols=[_symbol(latch, name) for name in sorted(_named(latch, "symbol"))],
        distances=[_distance(tier, known, (tiers or {}).get(tier)) for tier in _TIERS],
        recovery=known.get("recovery"),
        recovery_rules=known.get("recovery_rules"),
        quality=known.get("quality") or [],
        positions=known.get("positions") or [],
        monitoring=monitoring,
        time=known.get("time"),
    )


def _why(hold: Hold | None, level: Level, seen: Marks) -> dict[str, Any]:
    """Cause, reason, since, by and bar of a level: from the hold that makes it, else from what was seen."""
    if hold is not None and hold.level >= level:
        return {
            "cause": hold.cause,
            "reason": hold.reason or None,
            "since": hold.since or None,
            "by": hold.by,
            "bar": hold.bar,
        }
    stands = level > Level.CLOSED
    return {
        "cause": seen.get("cause") if stands else None,
        "reason": None,
        "since": seen.get("since") if stands else None,
        "by": "engine" if stands else None,
        "bar": None,
    }


def _strategy(
    latch: Latch, marks: Marks | None, name: str, tiers: Mapping[str, float] | None
) -> dict[str, Any]:
    seen = next((each for each in _strategies(marks) if each.get("name") == name), {})
    level = strategy_level(latch, marks, name)
    threshold = (tiers or {}).get("strategy_halt")
    value, high = _amount(seen.get("value")), _amount(seen.get("high_water_mark"))
    return {
        "name": name,
        "level": level.name,
        **_why(latch.holds.get(strategy_scope(name)), level, seen),
        "value": seen.get("value"),
        "high_water_mark": seen.get("high_water_mark"),
        "drawdown": seen.get("drawdown"),
        "allocation": seen.get("allocation"),
        "recovery": seen.get("recovery"),
        "threshold": threshold,
        **_left(value, high, seen.get("drawdown"), threshold),
    }


def _symbol(latch: Latch, symbol: str) -> dict[str, Any]:
    hold = latch.holds[symbol_scope(symbol)]
    return {"symbol": symbol, "level": hold.level.name, **_why(hold, hold.level, {})}


def _distance(tier: str, marks: Marks, threshold: float | None) -> dict[str, Any]:
    measure, base = _TIERS[tier]
    share = marks.get(measure)
    left = _left(_amount(marks.get("equity")), _amount(marks.get(base)), share, threshold)
    return {"tier": tier, "measure": measure, "threshold": threshold, "value": share, **left}


def _left(value: Decimal | None, high: Decimal | None, share: Any, threshold: float | None) -> dict[str, Any]:
    """points: percentage points until the threshold; amount: the money that may still be lost; both below 0 beyond
    it."""
    known = isinstance(share, int | float) and threshold is not None
    points = round((threshold - share) * 100, 6) if threshold is not None and known else None
    amount = None
    if value is not None and high is not None and threshold is not None:
        amount = decimal_text((value - high * (1 - Decimal(str(threshold)))).quantize(_CENT))
    return {"points": points, "amount": amount}


def _seen_level(latch: Latch, scope: str, marks: Marks | None, seen: Marks | None) -> Level:
    """The level in marks, CLOSED where a reset of the scope came after they were written."""
    word = str((seen or {}).get("level"))
    if marks is None or word not in Level.__members__ or _beat_ms(marks) < latch.resets.get(scope, 0):
        return Level.CLOSED
    return Level[word]


def _beat_ms(marks: Marks) -> int:
    """When the marks were written; what cannot be read counts as now."""
    try:
        return clock.parse_time(str(marks.get("beat")))
    except UsageError:
        return clock.now_ms()


def _strategies(marks: Marks | None) -> list[dict[str, Any]]:
    found = (marks or {}).get("strategies")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _named(latch: Latch, kind: str) -> set[str]:
    return {scope.partition(":")[2] for scope in latch.holds if scope.startswith(f"{kind}:")}


def _amount(text: Any) -> Decimal | None:
    try:
        amount = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None
