"""The only code that changes the account's state: one event in, state changed. State is a fold of the events, so what
the journal holds is enough to rebuild it."""

from memesnipe_cli.engine.kernel.array import Array
from memesnipe_cli.engine.kernel.layout import (
    AN_HOUR,
    BEST,
    BY_STOP,
    BY_TARGET,
    CASH,
    CASH_FLOW,
    CODE,
    DECIDED_TS,
    ENTRY_FILL,
    ENTRY_ORDER,
    ENTRY_TS,
    EVENT_ACT_TS,
    EVENT_CASH,
    EVENT_EXTRA,
    EVENT_HOLD_MS,
    EVENT_LOTS,
    EVENT_SIDE,
    EVENT_SLOT,
    EVENT_STEP,
    EVENT_STOP,
    EVENT_TAG,
    EVENT_TARGET,
    EVENT_TICKS,
    EVENT_TRAIL,
    EVENT_TS,
    EXIT_FILL,
    EXIT_ORDER,
    FLOWED,
    FUNDED,
    FUNDED_TS,
    HOLD_MS,
    KIND,
    LAST_UNIT,
    LEAVE,
    LEAVE_TS,
    LOTS,
    MISSED,
    ORDERS_SENT,
    ORDERS_TS,
    OWNER,
    RECOVERY_TURN,
    REFERENCE,
    REFUSED,
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
    SIDE,
    SKIP_AFTER_WIN,
    SKIP_ENDED,
    SKIPPING,
    STEP,
    STOP,
    STOP_DISTANCE,
    STOP_MOVED,
    TAG,
    TARGET,
    TARGET_LOTS,
    TRAIL,
    TRAILED_TS,
    TURN,
    TURN_LEFT,
    UNITS,
    USED,
    USED_TS,
    WAIT_HOLD_MS,
    WAIT_LIMIT,
    WAIT_LOTS,
    WAIT_SIDE,
    WAIT_STEP,
    WAIT_STOP,
    WAIT_TAG,
    WAIT_TARGET,
    WAIT_TARGET_DISTANCE,
    WAIT_TRAIL,
    WAIT_TS,
    WON,
)
from memesnipe_cli.engine.kernel.money import floor_forgiving
from memesnipe_cli.risk.kernel.rows import (
    CAUSE,
    COOL_OFF,
    DAY_BASE,
    ENDED,
    FILL_HOUR,
    FILLS,
    GAINED,
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


def book_event(account: Array, state: Array, risk: Array, events: Array, n: int) -> None:
    """Apply event n (a row, see layout.py) to the account, to its slot or to its row of the breaker."""
    kind = events[n, KIND]
    slot = events[n, EVENT_SLOT]
    if kind == ENTRY_ORDER:
        book_entry_order(account, state, slot, events, n)
    elif kind == ENTRY_FILL:
        book_entry_fill(account, state, risk, slot, events, n)
    elif kind == EXIT_ORDER:
        state[slot, LEAVE] = events[n, CODE]
        state[slot, LEAVE_TS] = events[n, EVENT_ACT_TS]
        state[slot, WAIT_LOTS] = 0  # who leaves adds no further unit
        if events[n, CODE] != BY_STOP:
            state[slot, DECIDED_TS] = events[n, EVENT_TS]
    elif kind == EXIT_FILL:
        book_exit_fill(account, state, risk, slot, events, n)
    elif kind == REFUSED:
        state[slot, DECIDED_TS] = events[n, EVENT_TS]
        if events[n, CODE] == SKIP_AFTER_WIN:
            state[slot, SKIPPING] = 1
        elif events[n, CODE] == RECOVERY_TURN:
            state[slot, TURN] = events[n, TURN_LEFT]
    elif kind == MISSED:
        state[slot, WAIT_LOTS] = 0
    elif kind == STOP_MOVED:
        state[slot, STOP] = events[n, EVENT_TICKS]
        state[slot, BEST] = events[n, REFERENCE]
        state[slot, TRAILED_TS] = events[n, EVENT_TS]
    elif kind == FUNDED:
        account[CASH] += events[n, EVENT_CASH]
        state[slot, CASH_FLOW] += events[n, EVENT_CASH]
        state[slot, FUNDED_TS] = events[n, EVENT_TS]
    elif kind == SKIP_ENDED:
        state[slot, SKIPPING] = 0
        state[slot, WON] &= ~(1 << events[n, EVENT_TAG])
    elif kind == RISK:
        book_row(risk, slot, events, n)
    elif kind == FLOWED:
        book_flow(account, risk, events[n, EVENT_CASH], events[n, REFERENCE])


def book_row(risk: Array, row: int, events: Array, n: int) -> None:
    """A row of the breaker changed its level or its stage."""
    risk[row, LEVEL] = events[n, RISK_LEVEL]
    risk[row, CAUSE] = events[n, CODE]
    risk[row, SINCE] = events[n, RISK_SINCE]
    risk[row, READY] = events[n, RISK_READY]
    risk[row, COOL_OFF] = events[n, RISK_COOL_OFF]
    risk[row, STAGE] = events[n, RISK_STAGE]
    risk[row, STAGE_TS] = events[n, RISK_STAGE_TS]
    risk[row, STAGE_VALUE] = events[n, RISK_STAGE_VALUE]
    risk[row, STAGE_TRADES] = events[n, RISK_STAGE_TRADES]
    risk[row, RESETS] = events[n, RISK_RESETS]
    risk[row, LIFE_HIGH] = events[n, RISK_LIFE_HIGH]
    risk[row, HIGH] = events[n, RISK_HIGH]
    risk[row, VALUE] = events[n, RISK_VALUE]
    risk[row, DAY_BASE] = events[n, RISK_DAY_BASE]


def book_flow(account: Array, risk: Array, amount: int, equity: int) -> None:
    """Money came in or went out while the account was worth `equity`: all marks move with it, so that no drawdown
    and no loss changes. The same as a net asset value in units that flows buy and sell."""
    account[CASH] += amount
    for column in (LIFE_HIGH, HIGH, VALUE, DAY_BASE, STAGE_VALUE):
        if equity > 0:
            risk[0, column] = floor_forgiving(risk[0, column] * ((equity + amount) / equity))
        else:
            risk[0, column] = equity + amount


def book_entry_order(account: Array, state: Array, slot: int, events: Array, n: int) -> None:
    """An entry order waits for its bar."""
    if account[ORDERS_TS] == events[n, EVENT_TS]:
        account[ORDERS_SENT] += 1
    else:
        account[ORDERS_TS] = events[n, EVENT_TS]
        account[ORDERS_SENT] = 1
    state[slot, TURN] = events[n, TURN_LEFT]
    state[slot, WAIT_LOTS] = events[n, EVENT_LOTS]
    state[slot, WAIT_LIMIT] = events[n, EVENT_TICKS]
    state[slot, WAIT_TS] = events[n, EVENT_ACT_TS]
    state[slot, WAIT_SIDE] = events[n, EVENT_SIDE]
    state[slot, WAIT_TAG] = events[n, EVENT_TAG]
    state[slot, WAIT_STOP] = events[n, EVENT_STOP]
    state[slot, WAIT_TARGET] = events[n, EVENT_TARGET]
    state[slot, WAIT_TARGET_DISTANCE] = events[n, EVENT_EXTRA]
    state[slot, WAIT_TRAIL] = events[n, EVENT_TRAIL]
    state[slot, WAIT_HOLD_MS] = events[n, EVENT_HOLD_MS]
    state[slot, WAIT_STEP] = events[n, EVENT_STEP]
    state[slot, DECIDED_TS] = events[n, EVENT_TS]


def book_entry_fill(account: Array, state: Array, risk: Array, slot: int, events: Array, n: int) -> None:
    """The waiting entry filled, whole or in part; what did not fill is cancelled."""
    first = state[slot, LOTS] == 0
    account[CASH] += events[n, EVENT_CASH]
    state[slot, CASH_FLOW] += events[n, EVENT_CASH]
    state[slot, LOTS] += events[n, EVENT_LOTS]
    state[slot, STOP] = events[n, EVENT_STOP]
    state[slot, UNITS] += 1
    state[slot, LAST_UNIT] = events[n, EVENT_TICKS]
    if first:
        state[slot, SIDE] = events[n, EVENT_SIDE]
        state[slot, TAG] = state[slot, WAIT_TAG]
        state[slot, ENTRY_TS] = events[n, EVENT_TS]
        state[slot, TARGET] = events[n, EVENT_TARGET]
        state[slot, TARGET_LOTS] = events[n, EVENT_EXTRA]
        state[slot, BEST] = events[n, EVENT_TICKS]
        state[slot, TRAIL] = state[slot, WAIT_TRAIL]
        state[slot, HOLD_MS] = state[slot, WAIT_HOLD_MS]
        state[slot, STEP] = state[slot, WAIT_STEP]
        state[slot, STOP_DISTANCE] = state[slot, WAIT_STOP]
    state[slot, WAIT_LOTS] = 0
    owner = state[slot, OWNER]
    hour = events[n, EVENT_TS] // AN_HOUR
    if risk[owner, FILL_HOUR] == hour:
        risk[owner, FILLS] += 1
    else:
        risk[owner, FILL_HOUR] = hour
        risk[owner, FILLS] = 1
    book_used(state, slot, events, n)


def book_exit_fill(account: Array, state: Array, risk: Array, slot: int, events: Array, n: int) -> None:
    """Lots left; the last ones end the trade."""
    account[CASH] += events[n, EVENT_CASH]
    state[slot, CASH_FLOW] += events[n, EVENT_CASH]
    state[slot, LOTS] -= events[n, EVENT_LOTS]
    book_used(state, slot, events, n)
    if events[n, CODE] == BY_TARGET:
        state[slot, TARGET_LOTS] -= events[n, EVENT_LOTS]
        if state[slot, TARGET_LOTS] == 0:
            state[slot, TARGET] = 0
    if state[slot, LOTS] > 0:
        return
    won = 1 << state[slot, TAG]
    if state[slot, CASH_FLOW] > 0:
        state[slot, WON] |= won
    else:
        state[slot, WON] &= ~won
    owner = state[slot, OWNER]
    risk[owner, GAINED] += state[slot, CASH_FLOW]
    risk[owner, ENDED] += 1
    risk[0, ENDED] += 1
    state[slot, CASH_FLOW] = 0
    state[slot, SIDE] = 0
    state[slot, UNITS] = 0
    state[slot, TARGET] = 0
    state[slot, TARGET_LOTS] = 0
    state[slot, LEAVE] = 0
    state[slot, WAIT_LOTS] = 0


def book_used(state: Array, slot: int, events: Array, n: int) -> None:
    """Remember how much of this bar's volume the slot has taken."""
    if state[slot, USED_TS] == events[n, EVENT_TS]:
        state[slot, USED] += events[n, EVENT_LOTS]
    else:
        state[slot, USED] = events[n, EVENT_LOTS]
        state[slot, USED_TS] = events[n, EVENT_TS]
