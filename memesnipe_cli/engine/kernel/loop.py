"""One step of the account: all that happens at one open time, for all slots, in the order of
docs/simulation-rules.md §2; and the loop over a tape."""

from memesnipe_cli.engine.kernel.decide import decide_flat, decide_held
from memesnipe_cli.engine.kernel.fills import charge_funding, fill_entry_order, fill_exit_order, fill_in_bar, write_off
from memesnipe_cli.engine.kernel.layout import (
    CASH,
    DECIDED_TS,
    DELISTED_TS,
    ENTER_MASK,
    EVENT_COUNT,
    EVENTS_PER_BAR,
    FEE,
    HALF_SPREAD,
    LOT,
    LOTS,
    SIDE,
    SKIPPING,
    TICK,
    UNIT,
    WAIT_LOTS,
)


def is_active(state, slot):
    """Whether a slot holds, waits, or skips: whether anything can happen to it without a signal."""
    return state[slot, LOTS] != 0 or state[slot, WAIT_LOTS] != 0 or state[slot, SKIPPING] != 0


def fill_slot(account, state, events, ts, slot, slots, terms, terms_f, plan_f, rules_i, rules, bar, volume, rate, last):
    """What the venue does to one slot during a bar. bar: open, high, low, close in ticks, 0 where there is none."""
    i = slots[slot, 1]
    if ts >= terms[i, DELISTED_TS]:
        write_off(account, state, events, ts, slot)
        return
    open_ = bar[0]
    if open_ == 0:
        return
    high = bar[1]
    low = bar[2]
    last[i] = bar[3]
    charge_funding(account, state, events, ts, slot, terms, i, open_, rate)
    fill_exit_order(account, state, events, ts, slot, terms, terms_f, i, rules, open_, high, low, volume)
    fill_entry_order(
        account, state, events, ts, slot, terms, terms_f, i, plan_f, slots[slot, 0], rules, open_, high, low, volume
    )
    fill_in_bar(account, state, events, ts, slot, terms, terms_f, i, rules, rules_i, open_, high, low, volume)


def marked_equity(account, state, slots, terms_f, last):
    """Cash plus what the positions could be closed for now, in the quote currency (§7)."""
    equity = account[CASH] * UNIT
    for k in range(slots.shape[0]):
        if state[k, LOTS] != 0:
            i = slots[k, 1]
            gross = state[k, LOTS] * last[i] * (terms_f[i, TICK] * terms_f[i, LOT])
            if state[k, SIDE] > 0:
                equity += gross * (1.0 - terms_f[i, HALF_SPREAD]) * (1.0 - terms_f[i, FEE])
            else:
                equity -= gross * (1.0 + terms_f[i, HALF_SPREAD]) * (1.0 + terms_f[i, FEE])
    return equity


def decide_slot(
    account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
    bar, volume, flags, tag, stop, target, max_bars, weight,
):
    """One slot's decision at the close of its bar; nothing where it has decided on this bar before (a restart)."""
    if bar[0] == 0 or state[slot, DECIDED_TS] == ts or ts >= terms[slots[slot, 1], DELISTED_TS]:
        return
    last[slots[slot, 1]] = bar[3]
    if state[slot, LOTS] != 0:
        decide_held(
            account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
            bar[0], bar[1], bar[2], bar[3], volume, flags,
        )
    else:
        decide_flat(
            account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
            bar[0], bar[1], bar[2], bar[3], volume, flags, tag, stop, target, max_bars, weight,
        )


def run_tape(
    begin, end, ts_line, ticks, volumes, funding, flags, row_tag, row_bars, row_float, rows, slots, terms, terms_f,
    plan_i, plan_f, rules_i, rules, account, state, active, last, events, equity_line,
):
    """Run the bars [begin, end) of a tape. Returns where it stopped: end, or earlier where `events` was nearly full.

    rows (K,): each slot's next entry row, moved on as the bars pass. active (K,) uint8, last (N,): kept between calls.
    row_float (M, 3): stop, target, weight.
    """
    count = slots.shape[0]
    room = events.shape[0] - EVENTS_PER_BAR * count
    with_funding = funding.shape[0] > 0
    busy = 0
    for k in range(count):
        busy += active[k]
    for t in range(begin, end):
        if account[EVENT_COUNT] > room:
            return t
        if busy > 0:
            ts = ts_line[t]
            busy = 0
            for k in range(count):
                if active[k]:
                    i = slots[k, 1]
                    rate = funding[t, i] if with_funding else 0
                    fill_slot(
                        account, state, events, ts, k, slots, terms, terms_f, plan_f, rules_i, rules, ticks[t, i],
                        volumes[t, i], rate, last,
                    )
                    active[k] = is_active(state, k)
                    busy += active[k]
        equity = marked_equity(account, state, slots, terms_f, last) if busy > 0 else account[CASH] * UNIT
        equity_line[t] = equity
        for k in range(count):
            flag = flags[t, k]
            if active[k] or flag & ENTER_MASK:
                row = rows[k] if flag & ENTER_MASK else -1
                i = slots[k, 1]
                decide_slot(
                    account, state, events, ts_line[t], k, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last,
                    equity, ticks[t, i], volumes[t, i], flag,
                    row_tag[row] if row >= 0 else 0,
                    row_float[row, 0] if row >= 0 else 0.0,
                    row_float[row, 1] if row >= 0 else 0.0,
                    row_bars[row] if row >= 0 else 0,
                    row_float[row, 2] if row >= 0 else 0.0,
                )
                if row >= 0:
                    rows[k] += 1
                was = active[k]
                active[k] = is_active(state, k)
                busy += active[k] - was
    return end
