"""Which level a drawdown or a loss calls for, and how long a halt lasts: scalars in, scalars out
(docs/simulation-rules.md §12, §13). Compiled into the account's loop and called by CPython alike."""

from memesnipe_cli.risk.kernel.rows import (
    CAUSE_DAILY_LOSS,
    CAUSE_DRAWDOWN,
    CAUSE_LIFETIME,
    CLOSED,
    EMERGENCY,
    HALT,
    LAST_STAGE,
    WARNING,
)


def fall_share(top: int, value: int) -> float:
    """How far a value lies below a top, as a share of it; a top of nothing is lost whole."""
    if top <= 0:
        return 1.0
    return (top - value) / top


def account_level(
    drawdown: float,
    loss: float,
    lifetime: float,
    warning: float,
    halt: float,
    emergency: float,
    daily_warning: float,
    daily_halt: float,
    lifetime_halt: float,
) -> tuple[int, int]:
    """(level, cause) that the account's drawdown, loss of the day and lifetime drawdown call for; the rest are the
    thresholds."""
    if drawdown >= emergency:
        return EMERGENCY, CAUSE_DRAWDOWN
    if drawdown >= halt:
        return HALT, CAUSE_DRAWDOWN
    if loss >= daily_halt:
        return HALT, CAUSE_DAILY_LOSS
    if lifetime >= lifetime_halt:
        return HALT, CAUSE_LIFETIME
    if drawdown >= warning:
        return WARNING, CAUSE_DRAWDOWN
    if loss >= daily_warning:
        return WARNING, CAUSE_DAILY_LOSS
    return CLOSED, 0


def warning_clears(drawdown: float, loss: float, warning: float, daily_warning: float, clears: float) -> bool:
    """Whether a warning ends: both measures are below this share of what called for it."""
    return drawdown <= clears * warning and loss <= clears * daily_warning


def next_cool_off(cool_off: int, stage: int, cap: int) -> int:
    """The cool-off of a halt (ms): doubled where it breaks off a recovery."""
    return min(2 * cool_off, cap) if stage != 0 else cool_off


def stage_passed(value: int, began_with: int, loss_share: float) -> bool:
    """Whether a stage of the recovery lost less than it may."""
    return value - began_with > -loss_share * began_with


def smaller_stage(one: int, other: int) -> int:
    """The stage that cuts size more; 0 (normal) cuts nothing."""
    return min(one if one != 0 else LAST_STAGE, other if other != 0 else LAST_STAGE)
