"""The simulated venue: from an order (or a resting stop) and a bar to fills (docs/simulation-rules.md §4-6, §8, §9)."""

from memesnipe_cli.engine.kernel.costs import impact_share, room_lots, worse_price
from memesnipe_cli.engine.kernel.events import (
    commit_event,
    emit_code,
    emit_entry_fill,
    emit_exit_fill,
    emit_exit_order,
    new_event,
)
from memesnipe_cli.engine.kernel.layout import (
    BASE_MS,
    BEST,
    BY_DELISTING,
    BY_STOP,
    BY_TARGET,
    EVENT_CASH,
    EVENT_TICKS,
    FUNDED,
    FUNDED_TS,
    HALF_SPREAD,
    LEAVE,
    LEAVE_TS,
    LOT,
    LOTS,
    MIN_LOTS,
    MIN_UNITS,
    MISSED,
    MISSED_DELISTED,
    MISSED_LIMIT,
    MISSED_NO_BAR,
    MISSED_VOLUME,
    REFERENCE,
    SIDE,
    STEP,
    STOP,
    STOP_LIMIT,
    STOP_MOVED,
    STOP_SLIPPAGE,
    TARGET,
    TARGET_LOTS,
    TARGET_SHARE,
    TRAIL,
    TRAILED_TS,
    USED,
    USED_TS,
    WAIT_LIMIT,
    WAIT_LOTS,
    WAIT_SIDE,
    WAIT_STOP,
    WAIT_TARGET,
    WAIT_TARGET_DISTANCE,
    WAIT_TS,
)
from memesnipe_cli.engine.kernel.money import ceil_forgiving, fee_on, floor_forgiving, value_down, value_up


def protectable(terms, i, lots, stop_ticks):
    """Whether these lots, sold at their stop and net of the fee, stay above the venue's minimum with its margin."""
    if lots < terms[i, MIN_LOTS] or lots <= 0 or stop_ticks <= 0:
        return False
    value = value_down(terms, i, lots, stop_ticks)
    return value - fee_on(terms, i, value) >= terms[i, MIN_UNITS]


def target_leg(terms, i, lots, share, stop_ticks):
    """Lots that leave at the target: the planned share if both legs are protectable, else all in one leg."""
    if share >= 1.0:
        return lots
    first = floor_forgiving(lots * share)
    if protectable(terms, i, first, stop_ticks) and protectable(terms, i, lots - first, stop_ticks):
        return first
    return lots


def room_left(state, slot, ts, rules, terms_f, i, volume):
    """Lots of this bar that the slot may still fill."""
    used = state[slot, USED] if state[slot, USED_TS] == ts else 0
    return max(0, room_lots(rules, terms_f, i, volume) - used)


def write_off(account, state, events, ts, slot):
    """The instrument is gone: waiting orders are dropped, what is held is worth nothing."""
    if state[slot, WAIT_LOTS] > 0:
        emit_code(account, state, events, MISSED, ts, slot, MISSED_DELISTED)
    lots = state[slot, LOTS]
    if lots > 0:
        emit_exit_fill(account, state, events, ts, slot, BY_DELISTING, state[slot, SIDE], lots, 0, 0, 0, 0)


def charge_funding(account, state, events, ts, slot, terms, i, open_, rate):
    """Funding on the position held before this bar's fills; rate in 1e-8, rounded up against the account."""
    if rate == 0 or state[slot, LOTS] == 0 or state[slot, FUNDED_TS] == ts:
        return
    value = value_down(terms, i, state[slot, LOTS], open_)
    owed = -((-value * rate * state[slot, SIDE]) // 100_000_000)
    event = new_event(account, events, FUNDED, ts, slot, 0)
    event[EVENT_CASH] = -owed
    commit_event(account, state, events)


def leave_from(account, state, events, ts, slot, terms, terms_f, i, rules, reason, lots, price, extra, bar_open, high, low, volume):
    """Lots leave from a price, moved against us by spread, impact and extra; pays the taker fee."""
    impact = impact_share(rules, bar_open, high, low, lots * terms_f[i, LOT], volume)
    side = state[slot, SIDE]
    ticks = worse_price(price, terms_f[i, HALF_SPREAD] + impact + extra, side < 0)
    if side > 0:
        value = value_down(terms, i, lots, ticks)
        fee = fee_on(terms, i, value)
        cash = value - fee
    else:
        value = value_up(terms, i, lots, ticks)
        fee = fee_on(terms, i, value)
        cash = -value - fee
    emit_exit_fill(account, state, events, ts, slot, reason, side, lots, ticks, cash, fee, price)


def fill_exit_order(account, state, events, ts, slot, terms, terms_f, i, rules, open_, high, low, volume):
    """A waiting exit order leaves from the open, as far as the bar's volume goes."""
    if state[slot, LEAVE] == 0 or state[slot, LEAVE_TS] > ts or volume <= 0.0:
        return
    lots = min(state[slot, LOTS], room_left(state, slot, ts, rules, terms_f, i, volume))
    if lots <= 0:
        return
    reason = state[slot, LEAVE]
    extra = rules[STOP_SLIPPAGE] if reason == BY_STOP else 0.0
    leave_from(
        account, state, events, ts, slot, terms, terms_f, i, rules, reason, lots, open_, extra, open_, high, low, volume
    )


def fill_entry_order(
    account, state, events, ts, slot, terms, terms_f, i, plan_f, strategy, rules, open_, high, low, volume
):
    """A waiting entry fills at the open of its one bar, inside its limit and the bar's volume, or is missed."""
    if state[slot, WAIT_LOTS] == 0 or state[slot, WAIT_TS] > ts:
        return
    if state[slot, WAIT_TS] < ts:
        emit_code(account, state, events, MISSED, ts, slot, MISSED_NO_BAR)
        return
    side = state[slot, WAIT_SIDE]
    buying = side > 0
    lots = 0
    if volume > 0.0:
        lots = min(state[slot, WAIT_LOTS], room_left(state, slot, ts, rules, terms_f, i, volume))
    impact = impact_share(rules, open_, high, low, lots * terms_f[i, LOT], volume)
    ticks = worse_price(open_, terms_f[i, HALF_SPREAD] + impact, buying)
    stop_distance = state[slot, WAIT_STOP]
    if lots <= 0 or not protectable(terms, i, lots, ticks - side * stop_distance):
        emit_code(account, state, events, MISSED, ts, slot, MISSED_VOLUME)
        return
    if (buying and ticks > state[slot, WAIT_LIMIT]) or (not buying and ticks < state[slot, WAIT_LIMIT]):
        emit_code(account, state, events, MISSED, ts, slot, MISSED_LIMIT)
        return
    if buying:
        value = value_up(terms, i, lots, ticks)
        fee = fee_on(terms, i, value)
        cash = -value - fee
    else:
        value = value_down(terms, i, lots, ticks)
        fee = fee_on(terms, i, value)
        cash = value - fee
    target = 0
    target_lots = 0
    if state[slot, LOTS] == 0:
        stop = max(1, ticks - side * stop_distance)
        target = first_target(state, slot, side, ticks)
        if target > 0:
            target_lots = target_leg(terms, i, lots, plan_f[strategy, TARGET_SHARE], stop)
    else:
        stop = max(1, state[slot, STOP] + side * state[slot, STEP])
    emit_entry_fill(
        account, state, events, ts, slot, side, lots, ticks, cash, fee, open_, stop, target, target_lots
    )


def first_target(state, slot, side, ticks):
    """The target of a fresh position in ticks: the signal's price where it lies beyond the fill, else the plan's
    distance; 0 for none."""
    target = state[slot, WAIT_TARGET]
    if target > 0:
        return target if (target - ticks) * side > 0 else 0
    distance = state[slot, WAIT_TARGET_DISTANCE]
    if distance <= 0:
        return 0
    return max(0, ticks + side * distance)


def fill_in_bar(
    account, state, events, ts, slot, terms, terms_f, i, rules, rules_i, open_, high, low, volume
):
    """Stop and target inside the bar, pessimistic where the order of things is unknown; then the trail."""
    if state[slot, LOTS] == 0 or state[slot, TRAILED_TS] == ts:
        return
    leave = state[slot, LEAVE]
    if leave != 0 and (leave == BY_STOP or state[slot, LEAVE_TS] <= ts):
        return
    side = state[slot, SIDE]
    target = state[slot, TARGET]
    if target > 0 and (open_ - target) * side >= 0:
        leave_at_target(account, state, events, ts, slot, terms, terms_f, i, rules, open_, open_, high, low, volume)
        if state[slot, LOTS] == 0:
            return
        target = 0  # once a bar
    stop = state[slot, STOP]
    worst = low if side > 0 else high
    if (worst - stop) * side <= 0:
        leave_at_stop(account, state, events, ts, slot, terms, terms_f, i, rules, rules_i, open_, high, low, volume)
        return
    best = high if side > 0 else low
    if target > 0 and (best - target) * side > 0:
        leave_at_target(account, state, events, ts, slot, terms, terms_f, i, rules, target, open_, high, low, volume)
    if state[slot, LOTS] > 0:
        move_trail(account, state, events, ts, slot, best)


def leave_at_target(account, state, events, ts, slot, terms, terms_f, i, rules, price, open_, high, low, volume):
    """The target's lots leave, as far as the bar's volume goes."""
    if volume <= 0.0:
        return
    lots = min(state[slot, TARGET_LOTS], room_left(state, slot, ts, rules, terms_f, i, volume))
    if lots > 0:
        leave_from(
            account, state, events, ts, slot, terms, terms_f, i, rules, BY_TARGET, lots, price, 0.0, open_, high, low, volume
        )


def leave_at_stop(account, state, events, ts, slot, terms, terms_f, i, rules, rules_i, open_, high, low, volume):
    """Everything leaves at the stop; what cannot becomes an exit order for the next bar."""
    side = state[slot, SIDE]
    stop = state[slot, STOP]
    gapped = (open_ - stop) * side <= 0
    price = open_ if gapped else stop
    held_back = volume <= 0.0
    if terms_f[i, STOP_LIMIT] >= 0.0:
        if side > 0:
            held_back = held_back or open_ < ceil_forgiving(stop * (1.0 - terms_f[i, STOP_LIMIT]))
        else:
            held_back = held_back or open_ > floor_forgiving(stop * (1.0 + terms_f[i, STOP_LIMIT]))
    if not held_back:
        lots = min(state[slot, LOTS], room_left(state, slot, ts, rules, terms_f, i, volume))
        if lots > 0:
            leave_from(
                account, state, events, ts, slot, terms, terms_f, i, rules, BY_STOP, lots, price, rules[STOP_SLIPPAGE],
                open_, high, low, volume,
            )
    if state[slot, LOTS] > 0:
        emit_exit_order(account, state, events, ts, slot, BY_STOP, ts + rules_i[BASE_MS])


def move_trail(account, state, events, ts, slot, best):
    """A better price moves a trailing stop; the move acts from the next bar."""
    side = state[slot, SIDE]
    trail = state[slot, TRAIL]
    if trail == 0 or (best - state[slot, BEST]) * side <= 0:
        return
    stop = best - side * trail
    if (stop - state[slot, STOP]) * side <= 0:
        stop = state[slot, STOP]
    event = new_event(account, events, STOP_MOVED, ts, slot, 0)
    event[EVENT_TICKS] = stop
    event[REFERENCE] = best
    commit_event(account, state, events)
