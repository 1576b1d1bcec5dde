"""The way back after a halt: resets, the stages of the recovery, and what an entry may have meanwhile
(docs/simulation-rules.md §13)."""

from memesnipe_cli.engine.kernel.breaker_rows import record_row, row_holds
from memesnipe_cli.engine.kernel.layout import (
    BASE_MS,
    BREAKER_HALT,
    NO_MARK,
    ORDER_RATE,
    ORDERS_SENT,
    ORDERS_TS,
    OWNER,
    S_ASSUMED_RESET,
    S_COOL_OFF,
    S_ORDERS_PER_BAR,
    S_STAGE_MS,
    S_STAGE_TRADES,
    STRATEGY_HALT,
    SYMBOL_HALT,
    SYMBOL_LEVEL,
    T_DAILY_HALT,
    T_LIFETIME_HALT,
    T_STAGE_LOSS,
)
from memesnipe_cli.engine.kernel.money import is_number
from memesnipe_cli.engine.kernel.world import World
from memesnipe_cli.risk.kernel.rows import (
    CAUSE,
    CLOSED,
    COOL_OFF,
    DAY_BASE,
    EMERGENCY,
    ENDED,
    HALT,
    HIGH,
    LAST_STAGE,
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
from memesnipe_cli.risk.kernel.tiers import fall_share, smaller_stage, stage_passed


def just_reset(w: World, row: int, ts: int) -> bool:
    """Whether the assumed reset of a row belongs to this very step, which a restart does again."""
    closes = ts + w.whole[0, BASE_MS]
    return w.whole[0, S_ASSUMED_RESET] >= 0 and w.risk[row, STAGE] == 1 and w.risk[row, SINCE] == closes


def reset_if_due(w: World, ts: int, row: int) -> None:
    """The assumed acknowledgement of a halt, once it may come."""
    if ts + w.whole[0, BASE_MS] < w.risk[row, READY]:
        return
    if w.risk[row, LEVEL] == EMERGENCY and row_holds(w, row):
        return
    if row == 0:
        value = w.risk[0, VALUE]
        if fall_share(w.risk[0, DAY_BASE], value) >= w.real[0, T_DAILY_HALT]:
            return
        if fall_share(max(w.risk[0, HIGH], w.risk[0, LIFE_HIGH]), value) >= w.real[0, T_LIFETIME_HALT]:
            return
    reset_row(w, ts, row)


def reset_row(w: World, ts: int, row: int) -> None:
    """A halt was acknowledged: an epoch with a high of its own, and the first stage of the recovery."""
    closes = ts + w.whole[0, BASE_MS]
    w.risk[row, LIFE_HIGH] = max(w.risk[row, LIFE_HIGH], w.risk[row, HIGH])
    w.risk[row, HIGH] = w.risk[row, VALUE]
    w.risk[row, LEVEL] = CLOSED
    w.risk[row, CAUSE] = 0
    w.risk[row, SINCE] = closes
    w.risk[row, RESETS] += 1
    begin_stage(w, row, 1, max(closes, w.risk[row, READY]))
    record_row(w, ts, row)


def begin_stage(w: World, row: int, stage: int, begins: int) -> None:
    """A stage begins at this value, after so many ended trades."""
    w.risk[row, STAGE] = stage
    w.risk[row, STAGE_TS] = begins
    w.risk[row, STAGE_VALUE] = w.risk[row, VALUE]
    w.risk[row, STAGE_TRADES] = w.risk[row, ENDED]


def pass_over_trades(w: World, ts: int, row: int) -> None:
    """What ends before a stage begins is none of its trades."""
    if w.risk[row, STAGE_TRADES] != w.risk[row, ENDED]:
        w.risk[row, STAGE_TRADES] = w.risk[row, ENDED]
        record_row(w, ts, row)


def pass_stage(w: World, ts: int, row: int) -> None:
    """A stage that has lasted long enough is passed, or begins again where it lost too much."""
    closes = ts + w.whole[0, BASE_MS]
    if closes < w.risk[row, STAGE_TS]:
        pass_over_trades(w, ts, row)
        return
    traded = w.risk[row, ENDED] - w.risk[row, STAGE_TRADES]
    if traded < w.whole[0, S_STAGE_TRADES] and closes - w.risk[row, STAGE_TS] < w.whole[0, S_STAGE_MS]:
        return
    stage = w.risk[row, STAGE]
    if stage_passed(w.risk[row, VALUE], w.risk[row, STAGE_VALUE], w.real[0, T_STAGE_LOSS]):
        stage += 1
        if stage > LAST_STAGE:
            stage = 0
            w.risk[row, COOL_OFF] = w.whole[0, S_COOL_OFF]
    begin_stage(w, row, stage, closes)
    record_row(w, ts, row)


def row_bars(w: World, row: int, closes: int) -> bool:
    """Whether a row lets no entry through: halted, or reset before its cool-off was over."""
    return w.risk[row, LEVEL] >= HALT or (w.risk[row, STAGE] != 0 and closes < w.risk[row, STAGE_TS])


def entry_barred(w: World, slot: int, ts: int, equity: float) -> int:
    """Why the breaker lets no entry of a slot through: a code of refusal, 0 where it does."""
    closes = ts + w.whole[slot, BASE_MS]
    if row_bars(w, 0, closes):
        return BREAKER_HALT
    if row_bars(w, w.state[slot, OWNER], closes):
        return STRATEGY_HALT
    if w.state[slot, SYMBOL_LEVEL] >= HALT:
        return SYMBOL_HALT
    if not is_number(equity):
        return NO_MARK
    if w.account[ORDERS_TS] == ts and w.account[ORDERS_SENT] >= w.whole[0, S_ORDERS_PER_BAR]:
        return ORDER_RATE
    return 0


def entry_stage(w: World, slot: int) -> int:
    """Quarters of normal size that an entry of a slot may have, 1 to 4."""
    return smaller_stage(w.risk[0, STAGE], w.risk[w.state[slot, OWNER], STAGE])
