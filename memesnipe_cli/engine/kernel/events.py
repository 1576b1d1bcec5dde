"""Writing down what happened: each event is emitted into the run's list and booked in the same breath."""

from memesnipe_cli.engine.kernel.book import book_event
from memesnipe_cli.engine.kernel.layout import (
    CODE,
    ENTRY_FILL,
    EVENT_ACT_TS,
    EVENT_CASH,
    EVENT_COUNT,
    EVENT_EXTRA,
    EVENT_FEE,
    EVENT_LOTS,
    EVENT_SIDE,
    EVENT_SLOT,
    EVENT_STOP,
    EVENT_TARGET,
    EVENT_TICKS,
    EVENT_TS,
    EVENT_WIDTH,
    EXIT_FILL,
    EXIT_ORDER,
    KIND,
    LOTS,
    REFERENCE,
)


def new_event(account, events, kind, ts, slot, code):
    """The next free row, zeroed, with its head filled in. Not booked yet."""
    event = events[account[EVENT_COUNT]]
    for column in range(EVENT_WIDTH):
        event[column] = 0
    event[KIND] = kind
    event[EVENT_TS] = ts
    event[EVENT_SLOT] = slot
    event[CODE] = code
    return event


def commit_event(account, state, events):
    """Book the row that new_event gave out."""
    event = events[account[EVENT_COUNT]]
    account[EVENT_COUNT] += 1
    book_event(account, state, event)


def emit_code(account, state, events, kind, ts, slot, code):
    """An event that is only a code: a refusal, a miss."""
    new_event(account, events, kind, ts, slot, code)
    commit_event(account, state, events)


def emit_exit_order(account, state, events, ts, slot, reason, act_ts):
    """An order to leave at the market, from the bar that opens at act_ts on."""
    event = new_event(account, events, EXIT_ORDER, ts, slot, reason)
    event[EVENT_ACT_TS] = act_ts
    event[EVENT_LOTS] = state[slot, LOTS]
    commit_event(account, state, events)


def emit_entry_fill(account, state, events, ts, slot, side, lots, ticks, cash, fee, reference, stop, target, target_lots):
    """An entry bought (or sold short) lots at ticks."""
    event = new_event(account, events, ENTRY_FILL, ts, slot, 0)
    event[EVENT_LOTS] = lots
    event[EVENT_TICKS] = ticks
    event[EVENT_CASH] = cash
    event[EVENT_FEE] = fee
    event[REFERENCE] = reference
    event[EVENT_SIDE] = side
    event[EVENT_STOP] = stop
    event[EVENT_TARGET] = target
    event[EVENT_EXTRA] = target_lots
    commit_event(account, state, events)


def emit_exit_fill(account, state, events, ts, slot, reason, side, lots, ticks, cash, fee, reference):
    """lots of a position of this side left at ticks."""
    event = new_event(account, events, EXIT_FILL, ts, slot, reason)
    event[EVENT_LOTS] = lots
    event[EVENT_TICKS] = ticks
    event[EVENT_CASH] = cash
    event[EVENT_FEE] = fee
    event[REFERENCE] = reference
    event[EVENT_SIDE] = side
    commit_event(account, state, events)
