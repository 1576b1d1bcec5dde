"""One step of the account: all that happens at one open time, for all slots, in the order of
docs/simulation-rules.md §2; and the loop over a tape."""

import numpy as np

from memesnipe_cli.engine.kernel.array import Array
from memesnipe_cli.engine.kernel.decide import decide_flat, decide_held
from memesnipe_cli.engine.kernel.events import emit_code
from memesnipe_cli.engine.kernel.fills import (
    charge_funding,
    fill_entry_order,
    fill_exit_order,
    fill_in_bar,
    write_off,
)
from memesnipe_cli.engine.kernel.guard import guard, mark, next_change
from memesnipe_cli.engine.kernel.layout import (
    A_DAY,
    CASH,
    DECIDED_TS,
    DELISTED_TS,
    EVENT_COUNT,
    EVENTS_PER_BAR,
    EVENTS_PER_ROW,
    INSTRUMENT,
    LAST_CLOSE,
    LEAVE,
    LOTS,
    MISSED,
    MISSED_NO_BAR,
    NEVER,
    SCALE,
    SKIPPING,
    UNIT,
    WAIT_LOTS,
    WAIT_TS,
)
from memesnipe_cli.engine.kernel.world import TickBar, World


def is_active(w: World, slot: int) -> bool:
    """Whether a slot holds, waits, or skips: whether anything can happen to it without a signal."""
    return w.state[slot, LOTS] != 0 or w.state[slot, WAIT_LOTS] != 0 or w.state[slot, SKIPPING] != 0


def fill_slot(w: World, slot: int, bar: TickBar) -> None:
    """What the venue does to one slot during a bar."""
    if bar.ts >= w.whole[slot, DELISTED_TS]:
        write_off(w, slot, bar.ts)
        return
    if bar.open == 0:
        if w.state[slot, WAIT_LOTS] != 0 and w.state[slot, WAIT_TS] <= bar.ts:
            emit_code(w, MISSED, bar.ts, slot, MISSED_NO_BAR)
        return
    w.state[slot, LAST_CLOSE] = bar.close
    if bar.rate != 0:
        charge_funding(w, slot, bar)
    if w.state[slot, LEAVE] != 0:
        fill_exit_order(w, slot, bar)
    if w.state[slot, WAIT_LOTS] != 0:
        fill_entry_order(w, slot, bar)
    if w.state[slot, LOTS] != 0:
        fill_in_bar(w, slot, bar)


def decide_slot(
    w: World,
    slot: int,
    bar: TickBar,
    equity: float,
    flags: int,
    tag: int,
    stop: float,
    target: float,
    max_bars: int,
    weight: float,
) -> None:
    """One slot's decision at the close of its bar; nothing where it has decided on this bar before (a restart)."""
    if bar.open == 0 or w.state[slot, DECIDED_TS] == bar.ts or bar.ts >= w.whole[slot, DELISTED_TS]:
        return
    w.state[slot, LAST_CLOSE] = bar.close
    if w.state[slot, LOTS] != 0:
        decide_held(w, slot, bar, equity, flags)
    else:
        decide_flat(w, slot, bar, equity, flags, tag, stop, target, max_bars, weight)


def tape_bar(ts_line: Array, ticks: Array, volumes: Array, funding: Array, t: int, i: int) -> TickBar:
    """Instrument i's bar at place t of a tape."""
    rate = funding[t, i] if funding.shape[0] > 0 else 0
    return TickBar(
        ts_line[t], ticks[t, i, 0], ticks[t, i, 1], ticks[t, i, 2], ticks[t, i, 3], volumes[t, i], rate
    )


def next_entry(rows: Array, row_ends: Array, row_index: Array, end: int) -> int:
    """The first bar at which any slot's signal says enter; end where none does."""
    first = end
    for k in range(rows.shape[0]):
        if rows[k] < row_ends[k]:
            first = min(first, row_index[rows[k]])
    return first


def run_tape(
    begin: int,
    end: int,
    ts_line: Array,
    ticks: Array,
    volumes: Array,
    funding: Array,
    flags: Array,
    row_index: Array,
    row_whole: Array,
    row_real: Array,
    rows: Array,
    row_ends: Array,
    account: Array,
    state: Array,
    events: Array,
    whole: Array,
    real: Array,
    risk: Array,
    scales: Array,
    active: Array,
    equity_line: Array,
) -> int:
    """Run the bars [begin, end) of a tape. Returns where it stopped: end, or earlier where `events` was nearly full.

    rows (K,): each slot's next entry row, moved on as the bars pass, up to row_ends (K,); active (K,) uint8: kept
    between calls. row_index (M,): the bar of an entry row; row_whole (M, 2): tag, largest number of bars;
    row_real (M, 3): stop, target, weight. scales (days, N): the factor on trade_share by UTC day, from the first.
    The account's own arrays: world.py.
    """
    w = World(account, state, events, whole, real, risk)
    count = state.shape[0]
    room = events.shape[0] - EVENTS_PER_BAR * count - EVENTS_PER_ROW * risk.shape[0]
    busy = 0
    for k in range(count):
        busy += int(active[k])
    t = begin
    scaled = -1
    while t < end:
        if busy == 0 and t > begin:
            # Nothing is held and nothing waits: nothing can happen before the next entry signal, or before a halt runs
            # out, a stage is over or a day begins.
            idle_until = next_entry(rows, row_ends, row_index, end)
            change = next_change(w, ts_line[t - 1])
            if change < NEVER:
                idle_until = min(idle_until, t + int(np.searchsorted(ts_line[t:end], change)))
            equity_line[t:idle_until] = account[CASH] * UNIT
            t = idle_until
            if t >= end:
                return end
        if account[EVENT_COUNT] > room:
            return t
        day = ts_line[t] // A_DAY - ts_line[0] // A_DAY
        if day != scaled:
            scaled = day
            for k in range(count):
                real[k, SCALE] = scales[day, whole[k, INSTRUMENT]]
        for k in range(count):
            if active[k]:
                fill_slot(w, k, tape_bar(ts_line, ticks, volumes, funding, t, whole[k, INSTRUMENT]))
        equity = mark(w)
        equity_line[t] = equity
        guard(w, ts_line[t], equity)
        busy = 0
        for k in range(count):
            if active[k]:
                active[k] = is_active(w, k)
                busy += int(active[k])
        for k in range(count):
            row = rows[k]
            enters = row < row_ends[k] and row_index[row] == t
            if active[k] or enters:
                bar = tape_bar(ts_line, ticks, volumes, funding, t, whole[k, INSTRUMENT])
                # Only where the signal enters does a row hold its details; else nothing reads them.
                row = min(row, row_index.shape[0] - 1)
                rows[k] += int(enters)
                decide_slot(
                    w,
                    k,
                    bar,
                    equity,
                    int(flags[t, k]),
                    row_whole[row, 0],
                    row_real[row, 0],
                    row_real[row, 1],
                    row_whole[row, 1],
                    row_real[row, 2],
                )
                was = active[k]
                active[k] = is_active(w, k)
                busy += int(active[k]) - int(was)
        t += 1
    return end
