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
    SIDE,
)
from memesnipe_cli.engine.kernel.world import World


def new_event(w: World, kind: int, ts: int, slot: int, code: int) -> int:
    """The number of the next free row, zeroed, with its head filled in. Not booked yet."""
    n = w.account[EVENT_COUNT]
    for column in range(EVENT_WIDTH):
        w.events[n, column] = 0
    w.events[n, KIND] = kind
    w.events[n, EVENT_TS] = ts
    w.events[n, EVENT_SLOT] = slot
    w.events[n, CODE] = code
    return n


def commit_event(w: World) -> None:
    """Book the row that new_event gave out."""
    n = w.account[EVENT_COUNT]
    w.account[EVENT_COUNT] = n + 1
    book_event(w.account, w.state, w.risk, w.events, n)


def emit_code(w: World, kind: int, ts: int, slot: int, code: int) -> None:
    """An event that is only a code: a miss."""
    new_event(w, kind, ts, slot, code)
    commit_event(w)


def emit_exit_order(w: World, ts: int, slot: int, reason: int, act_ts: int) -> None:
    """An order to leave at the market, from the bar that opens at act_ts on."""
    n = new_event(w, EXIT_ORDER, ts, slot, reason)
    w.events[n, EVENT_ACT_TS] = act_ts
    w.events[n, EVENT_LOTS] = w.state[slot, LOTS]
    w.events[n, EVENT_SIDE] = w.state[slot, SIDE]
    commit_event(w)


def emit_entry_fill(
    w: World,
    ts: int,
    slot: int,
    side: int,
    lots: int,
    ticks: int,
    cash: int,
    fee: int,
    reference: int,
    stop: int,
    target: int,
    target_lots: int,
) -> None:
    """An entry bought (or sold short) lots at ticks."""
    n = new_event(w, ENTRY_FILL, ts, slot, 0)
    w.events[n, EVENT_LOTS] = lots
    w.events[n, EVENT_TICKS] = ticks
    w.events[n, EVENT_CASH] = cash
    w.events[n, EVENT_FEE] = fee
    w.events[n, REFERENCE] = reference
    w.events[n, EVENT_SIDE] = side
    w.events[n, EVENT_STOP] = stop
    w.events[n, EVENT_TARGET] = target
    w.events[n, EVENT_EXTRA] = target_lots
    commit_event(w)


def emit_exit_fill(
    w: World, ts: int, slot: int, reason: int, lots: int, ticks: int, cash: int, fee: int, reference: int
) -> None:
    """Lots of the position left at ticks."""
    n = new_event(w, EXIT_FILL, ts, slot, reason)
    w.events[n, EVENT_LOTS] = lots
    w.events[n, EVENT_TICKS] = ticks
    w.events[n, EVENT_CASH] = cash
    w.events[n, EVENT_FEE] = fee
    w.events[n, REFERENCE] = reference
    w.events[n, EVENT_SIDE] = w.state[slot, SIDE]
    commit_event(w)
