"""The breaker inside the account's step: marks, levels, and what a level demands (docs/simulation-rules.md §12). The
judgements themselves are in risk/kernel/tiers.py."""

from memesnipe_cli.engine.kernel.breaker_rows import raise_row, record_row
from memesnipe_cli.engine.kernel.events import commit_event, emit_code, emit_exit_order, new_event
from memesnipe_cli.engine.kernel.layout import (
    A_DAY,
    AN_HOUR,
    BASE_MS,
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
    OWNER,
    REFERENCE,
    S_ASSUMED_RESET,
    S_EXECUTIONS,
    S_STAGE_MS,
    SIDE,
    SYMBOL_LEVEL,
    SYMBOLS_HALTED,
    T_CLEARS,
    T_DAILY_HALT,
    T_DAILY_WARNING,
    T_EMERGENCY,
    T_HALT,
    T_LIFETIME_HALT,
    T_STRATEGY_HALT,
    T_WARNING,
    TICK,
    UNIT,
    WAIT_LOTS,
)
from memesnipe_cli.engine.kernel.money import floor_forgiving, is_number
from memesnipe_cli.engine.kernel.recovery import just_reset, pass_stage, reset_if_due
from memesnipe_cli.engine.kernel.world import World
from memesnipe_cli.risk.kernel.rows import (
    ALLOCATION,
    CAUSE,
    CAUSE_EXECUTIONS,
    CAUSE_STRATEGY,
    CLOSED,
    DAY,
    DAY_BASE,
    EMERGENCY,
    FILL_HOUR,
    FILLS,
    GAINED,
    HALT,
    HIGH,
    LEVEL,
    LIFE_HIGH,
    READY,
    SINCE,
    STAGE,
    STAGE_TS,
    VALUE,
    WARNING,
)
from memesnipe_cli.risk.kernel.tiers import account_level, fall_share, warning_clears

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


def flow(w: World, ts: int, amount: int, equity: int) -> None:
    """Money (units) comes in, or goes out (below 0), while the account is worth `equity` (units)."""
    n = new_event(w, FLOWED, ts, 0, 0)
    w.events[n, EVENT_CASH] = amount
    w.events[n, REFERENCE] = equity
    commit_event(w)
