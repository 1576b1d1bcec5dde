"""The breaker's rows in the account: how one rises, and how a change of one is written down."""

from memesnipe_cli.engine.kernel.events import commit_event, new_event
from memesnipe_cli.engine.kernel.layout import (
    BASE_MS,
    LOTS,
    OWNER,
    RISK,
    RISK_COOL_OFF,
    RISK_DAY_BASE,
    RISK_HIGH,
    RISK_LEVEL,
    RISK_LIFE_HIGH,
    RISK_READY,
    RISK_RESETS,
    RISK_SINCE,
    RISK_STAGE,
    RISK_STAGE_TRADES,
    RISK_STAGE_TS,
    RISK_STAGE_VALUE,
    RISK_VALUE,
    S_ASSUMED_RESET,
    S_COOL_OFF_CAP,
)
from memesnipe_cli.engine.kernel.world import World
from memesnipe_cli.risk.kernel.rows import (
    CAUSE,
    COOL_OFF,
    DAY_BASE,
    HALT,
    HIGH,
    LEVEL,
    LIFE_HIGH,
    READY,
    RESETS,
    SINCE,
    STAGE,
    STAGE_TRADES,
    STAGE_TS,
    STAGE_VALUE,
    VALUE,
)
from memesnipe_cli.risk.kernel.tiers import next_cool_off


def raise_row(w: World, ts: int, row: int, level: int, cause: int) -> None:
    """A row's level rises."""
    closes = ts + w.whole[0, BASE_MS]
    if level >= HALT:
        ready = w.risk[row, READY]
        if w.risk[row, LEVEL] < HALT:
            stage = w.risk[row, STAGE]
            w.risk[row, COOL_OFF] = next_cool_off(w.risk[row, COOL_OFF], stage, w.whole[0, S_COOL_OFF_CAP])
            w.risk[row, STAGE] = 0
            ready = 0
        w.risk[row, READY] = max(ready, closes + max(w.risk[row, COOL_OFF], w.whole[0, S_ASSUMED_RESET]))
    w.risk[row, LEVEL] = level
    w.risk[row, CAUSE] = cause
    w.risk[row, SINCE] = closes
    record_row(w, ts, row)


def row_holds(w: World, row: int) -> bool:
    """Whether any slot of a row holds a position."""
    held = 0
    for k in range(w.state.shape[0]):
        if w.state[k, LOTS] != 0 and (row == 0 or w.state[k, OWNER] == row):
            held += 1
    return held != 0


def record_row(w: World, ts: int, row: int) -> None:
    """Write down a row that has just changed."""
    n = new_event(w, RISK, ts, row, w.risk[row, CAUSE])
    w.events[n, RISK_LEVEL] = w.risk[row, LEVEL]
    w.events[n, RISK_VALUE] = w.risk[row, VALUE]
    w.events[n, RISK_STAGE_VALUE] = w.risk[row, STAGE_VALUE]
    w.events[n, RISK_HIGH] = w.risk[row, HIGH]
    w.events[n, RISK_LIFE_HIGH] = w.risk[row, LIFE_HIGH]
    w.events[n, RISK_RESETS] = w.risk[row, RESETS]
    w.events[n, RISK_STAGE] = w.risk[row, STAGE]
    w.events[n, RISK_STAGE_TRADES] = w.risk[row, STAGE_TRADES]
    w.events[n, RISK_DAY_BASE] = w.risk[row, DAY_BASE]
    w.events[n, RISK_SINCE] = w.risk[row, SINCE]
    w.events[n, RISK_COOL_OFF] = w.risk[row, COOL_OFF]
    w.events[n, RISK_STAGE_TS] = w.risk[row, STAGE_TS]
    w.events[n, RISK_READY] = w.risk[row, READY]
    commit_event(w)
