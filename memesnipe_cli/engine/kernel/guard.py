"""The breaker inside the account's step: marks, levels, resets, stages, and what a level demands
(docs/simulation-rules.md §12, §13). The judgements themselves are in risk/kernel/tiers.py."""

from memesnipe_cli.engine.kernel.events import commit_event, emit_code, emit_exit_order, new_event
from memesnipe_cli.engine.kernel.layout import (
    A_DAY,
    AN_HOUR,
    BASE_MS,
    BREAKER_HALT,
    BY_EMERGENCY,
    CASH,
    CASH_FLOW,
    EVENT_CASH,
    FEE,
    FLOWED,
    HALF_SPREAD,
    LAST_CLOSE,
    LATENCY_MS,
    LEAVE,
    LOT,
    LOTS,
    MISSED,
    MISSED_BREAKER,
    NEVER,
    NO_MARK,
    ORDER_RATE,
    ORDERS_SENT,
    ORDERS_TS,
    OWNER,
    REFERENCE,
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
    S_COOL_OFF,
    S_COOL_OFF_CAP,
    S_EXECUTIONS,
    S_ORDERS_PER_BAR,
    S_STAGE_MS,
    S_STAGE_TRADES,
    SIDE,
    STRATEGY_HALT,
    SYMBOL_HALT,
    SYMBOL_LEVEL,
    SYMBOLS_HALTED,
    T_CLEARS,
    T_DAILY_HALT,
    T_DAILY_WARNING,
    T_EMERGENCY,
    T_HALT,
    T_LIFETIME_HALT,
    T_STAGE_LOSS,
    T_STRATEGY_HALT,
    T_WARNING,
    TICK,
    UNIT,
    WAIT_LOTS,
)
from memesnipe_cli.engine.kernel.money import floor_forgiving
from memesnipe_cli.engine.kernel.world import World
from memesnipe_cli.risk.kernel.rows import (
    ALLOCATION,
    CAUSE,
    CAUSE_EXECUTIONS,
    CAUSE_STRATEGY,
    CLOSED,
    COOL_OFF,
    DAY,
    DAY_BASE,
    EMERGENCY,
    ENDED,
    FILL_HOUR,
    FILLS,
    GAINED,
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
    WARNING,
)
from memesnipe_cli.risk.kernel.tiers import (
    account_level,
    fall_share,
    next_cool_off,
    smaller_stage,
    stage_passed,
    warning_clears,
)

SPARE = 0.999999  # of a threshold


def closing_value(w: World, slot: int) -> float:
    """What closing a slot's position now would bring (a short: cost, below 0), in the quote currency (§7)."""
    gross = w.real[slot, TICK] * w.real[slot, LOT] * w.state[slot, LOTS] * w.state[slot, LAST_CLOSE]
    if w.state[slot, SIDE] > 0:
        return gross * (1.0 - w.real[slot, HALF_SPREAD]) * (1.0 - w.real[slot, FEE])
    return -gross * (1.0 + w.real[slot, HALF_SPREAD]) * (1.0 + w.real[slot, FEE])


def mark(w: World) -> float:
    """The account's equity at the close, in the quote currency; marks the strategies' rows on the way."""
    for row in range(1, w.risk.shape[0]):
        w.risk[row, VALUE] = w.risk[row, ALLOCATION] + w.risk[row, GAINED]
    equity = w.account[CASH] * UNIT
    for k in range(w.state.shape[0]):
        if w.state[k, LOTS] != 0:
            value = closing_value(w, k)
            equity += value
            w.risk[w.state[k, OWNER], VALUE] += w.state[k, CASH_FLOW] + floor_forgiving(value / UNIT)
    return equity


def is_number(equity: float) -> bool:
    """Whether an equity is a usable mark."""
    return -1e300 < equity < 1e300


def guard(w: World, ts: int, equity: float) -> None:
    """Let the breaker look at the account after a step's fills, and do what it demands."""
    day = ts // A_DAY
    if day > w.risk[0, DAY]:
        w.risk[0, DAY] = day
        w.risk[0, DAY_BASE] = w.risk[0, VALUE]
    restless = w.account[SYMBOLS_HALTED]
    if is_number(equity):
        w.risk[0, VALUE] = floor_forgiving(equity / UNIT)
        w.risk[0, HIGH] = max(w.risk[0, HIGH], w.risk[0, VALUE])
        if w.risk[0, LEVEL] != CLOSED or not far_from_tiers(w):
            judge_account(w, ts)
    restless += w.risk[0, LEVEL] + w.risk[0, STAGE]
    for row in range(1, w.risk.shape[0]):
        w.risk[row, HIGH] = max(w.risk[row, HIGH], w.risk[row, VALUE])
        judge_strategy(w, ts, row)
        restless += w.risk[row, LEVEL] + w.risk[row, STAGE]
    if restless != 0:
        for row in range(w.risk.shape[0]):
            if w.risk[row, LEVEL] >= HALT and w.whole[0, S_ASSUMED_RESET] >= 0:
                reset_if_due(w, ts, row)
            if w.risk[row, STAGE] != 0:
                pass_stage(w, ts, row)
        demand(w, ts)


def far_from_tiers(w: World) -> bool:
    """Whether the account is so far above its lowest thresholds that there is nothing to judge: the same measures as
    in judge_account without a division, and with something to spare for rounding."""
    value = w.risk[0, VALUE]
    high = w.risk[0, HIGH]
    base = w.risk[0, DAY_BASE]
    highest = max(high, w.risk[0, LIFE_HIGH])
    return (
        high - value < SPARE * w.real[0, T_WARNING] * high
        and base - value < SPARE * w.real[0, T_DAILY_WARNING] * base
        and highest - value < SPARE * w.real[0, T_LIFETIME_HALT] * highest
    )


def next_change(w: World, ts: int) -> int:
    """While nothing is held and nothing waits: the first open time after ts at which the breaker may change by time
    alone; a day ahead at most, NEVER where every row is at rest."""
    closes = ts + w.whole[0, BASE_MS]
    change = NEVER
    for row in range(w.risk.shape[0]):
        if w.risk[row, LEVEL] == CLOSED and w.risk[row, STAGE] == 0:
            continue
        change = min(change, (ts // A_DAY + 1) * A_DAY)
        if w.risk[row, SINCE] == closes:
            change = min(change, ts + 1)
        for moment in (w.risk[row, READY], w.risk[row, STAGE_TS] + w.whole[0, S_STAGE_MS]):
            if moment > closes:
                change = min(change, moment - w.whole[0, BASE_MS])
    return change


def just_reset(w: World, row: int, ts: int) -> bool:
    """Whether the assumed reset of a row belongs to this very step, which a restart does again."""
    closes = ts + w.whole[0, BASE_MS]
    return w.whole[0, S_ASSUMED_RESET] >= 0 and w.risk[row, STAGE] == 1 and w.risk[row, SINCE] == closes


def judge_account(w: World, ts: int) -> None:
    """The account's level, from its drawdown, the day's loss and the lifetime's drawdown."""
    if just_reset(w, 0, ts):
        return
    value = w.risk[0, VALUE]
    drawdown = fall_share(w.risk[0, HIGH], value)
    loss = fall_share(w.risk[0, DAY_BASE], value)
    lifetime = fall_share(max(w.risk[0, HIGH], w.risk[0, LIFE_HIGH]), value)
    level = w.risk[0, LEVEL]
    wanted, cause = account_level(
        drawdown,
        loss,
        lifetime,
        w.real[0, T_WARNING],
        w.real[0, T_HALT],
        w.real[0, T_EMERGENCY],
        w.real[0, T_DAILY_WARNING],
        w.real[0, T_DAILY_HALT],
        w.real[0, T_LIFETIME_HALT],
    )
    if wanted > level:
        raise_row(w, ts, 0, wanted, cause)
    elif (
        level == WARNING
        and wanted == CLOSED
        and warning_clears(
            drawdown, loss, w.real[0, T_WARNING], w.real[0, T_DAILY_WARNING], w.real[0, T_CLEARS]
        )
    ):
        w.risk[0, LEVEL] = CLOSED
        w.risk[0, CAUSE] = 0
        w.risk[0, SINCE] = ts + w.whole[0, BASE_MS]
        record_row(w, ts, 0)
    midnight = (ts // A_DAY + 1) * A_DAY
    if w.risk[0, LEVEL] >= HALT and loss >= w.real[0, T_DAILY_HALT] and w.risk[0, READY] < midnight:
        w.risk[0, READY] = midnight
        record_row(w, ts, 0)


def judge_strategy(w: World, ts: int, row: int) -> None:
    """A strategy's level, from its drawdown and from how often its entries filled in this hour."""
    if w.risk[row, LEVEL] >= HALT or just_reset(w, row, ts):
        return
    high = w.risk[row, HIGH]
    fallen = high - w.risk[row, VALUE]
    # The product first: it says no more than the quotient, but sooner.
    near = high <= 0 or fallen >= SPARE * w.real[0, T_STRATEGY_HALT] * high
    if near and fall_share(high, w.risk[row, VALUE]) >= w.real[0, T_STRATEGY_HALT]:
        raise_row(w, ts, row, HALT, CAUSE_STRATEGY)
    elif w.risk[row, FILL_HOUR] == ts // AN_HOUR and w.risk[row, FILLS] > w.whole[0, S_EXECUTIONS]:
        raise_row(w, ts, row, HALT, CAUSE_EXECUTIONS)


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


def pass_stage(w: World, ts: int, row: int) -> None:
    """A stage that has lasted long enough is passed, or begins again where it lost too much."""
    closes = ts + w.whole[0, BASE_MS]
    if closes < w.risk[row, STAGE_TS]:
        if (
            w.risk[row, STAGE_TRADES] != w.risk[row, ENDED]
        ):  # what ends before the stage begins is none of its trades
            w.risk[row, STAGE_TRADES] = w.risk[row, ENDED]
            record_row(w, ts, row)
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


def slot_level(w: World, slot: int) -> int:
    """The highest level that holds for a slot: the account's, its strategy's, its symbol's."""
    strategy = w.risk[w.state[slot, OWNER], LEVEL]
    return max(max(w.risk[0, LEVEL], strategy), w.state[slot, SYMBOL_LEVEL])


def demand(w: World, ts: int) -> None:
    """What the levels demand: no waiting entries at HALT, nothing held at EMERGENCY."""
    for k in range(w.state.shape[0]):
        level = slot_level(w, k)
        if level < HALT:
            continue
        if w.state[k, WAIT_LOTS] != 0:
            emit_code(w, MISSED, ts, k, MISSED_BREAKER)
        if level == EMERGENCY and w.state[k, LOTS] != 0 and w.state[k, LEAVE] == 0:
            emit_exit_order(w, ts, k, BY_EMERGENCY, ts + w.whole[k, BASE_MS] + w.whole[k, LATENCY_MS])


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


def flow(w: World, ts: int, amount: int, equity: int) -> None:
    """Money (units) comes in, or goes out (below 0), while the account is worth `equity` (units)."""
    n = new_event(w, FLOWED, ts, 0, 0)
    w.events[n, EVENT_CASH] = amount
    w.events[n, REFERENCE] = equity
    commit_event(w)
