"""Which level a drawdown or a loss calls for, and how long a halt lasts: scalars in, scalars out
(docs/simulation-rules.md §12, §13). Compiled into the account's loop and called by CPython alike."""

from memesnipe_cli.engine.kernel.array import Array
from memesnipe_cli.risk.kernel.rows import (
    CAUSE_DAILY_LOSS,
    CAUSE_DRAWDOWN,
    CAUSE_LIFETIME,
    CLOSED,
    EMERGENCY,
    HALT,
    LAST_STAGE,
    T_CLEARS,
    T_DAILY_HALT,
    T_DAILY_WARNING,
    T_EMERGENCY,
    T_HALT,
    T_LIFETIME_HALT,
    T_WARNING,
    WARNING,
)


def fall_share(top: int, value: int) -> float:
    """How far a value lies below a top, as a share of it; a top of nothing is lost whole."""
    if top <= 0:
        return 1.0
    return (top - value) / top


def account_level(drawdown: float, loss: float, lifetime: float, tiers: Array) -> tuple[int, int]:
    """(level, cause) that the account's drawdown, loss of the day and lifetime drawdown call for."""
    if drawdown >= tiers[T_EMERGENCY]:
        return EMERGENCY, CAUSE_DRAWDOWN
    if drawdown >= tiers[T_HALT]:
        return HALT, CAUSE_DRAWDOWN
    if loss >= tiers[T_DAILY_HALT]:
        return HALT, CAUSE_DAILY_LOSS
    if lifetime >= tiers[T_LIFETIME_HALT]:
        return HALT, CAUSE_LIFETIME
    if drawdown >= tiers[T_WARNING]:
        return WARNING, CAUSE_DRAWDOWN
    if loss >= tiers[T_DAILY_WARNING]:
        return WARNING, CAUSE_DAILY_LOSS
    return CLOSED, 0


def warning_clears(drawdown: float, loss: float, tiers: Array) -> bool:
    """Whether a warning ends: both measures are well below what called for it."""
    clears = tiers[T_CLEARS]
    return drawdown <= clears * tiers[T_WARNING] and loss <= clears * tiers[T_DAILY_WARNING]


def next_cool_off(cool_off: int, stage: int, cap: int) -> int:
    """The cool-off of a halt (ms): doubled where it breaks off a recovery."""
    return min(2 * cool_off, cap) if stage != 0 else cool_off


def stage_passed(value: int, began_with: int, loss_share: float) -> bool:
    """Whether a stage of the recovery lost less than it may."""
    return value - began_with > -loss_share * began_with


def smaller_stage(one: int, other: int) -> int:
    """The stage that cuts size more; 0 (normal) cuts nothing."""
    return min(one if one != 0 else LAST_STAGE, other if other != 0 else LAST_STAGE)
