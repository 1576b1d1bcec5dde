"""Decisions at a bar's close: enter, add a unit, leave, or refuse and say why (docs/simulation-rules.md §3, §10)."""

import math

from memesnipe_cli.engine.kernel.costs import impact_share, round_trip_share
from memesnipe_cli.engine.kernel.events import commit_event, emit_exit_order, new_event
from memesnipe_cli.engine.kernel.fills import protectable, target_leg
from memesnipe_cli.engine.kernel.layout import (
    BAD_SIGNAL,
    BASE_ASSET,
    BASE_MS,
    BASE_OWNED,
    BY_SIGNAL,
    BY_TIME,
    CAP_CASH,
    CAP_GROSS,
    CAP_RISK,
    CAP_STRATEGY,
    CAP_TRADE,
    CAP_VOLUME,
    CAP_WEIGHT,
    CASH,
    CLOSED_FLAG,
    COLLAR,
    COST_VETO,
    DECIDED_TS,
    ENTER_LONG,
    ENTER_MASK,
    ENTRY_ORDER,
    ENTRY_TS,
    ENTRY_VOLUME_SHARE,
    EVENT_ACT_TS,
    EVENT_EXTRA,
    EVENT_HOLD_MS,
    EVENT_LOTS,
    EVENT_SIDE,
    EVENT_STEP,
    EVENT_STOP,
    EVENT_TAG,
    EVENT_TARGET,
    EVENT_TICKS,
    EVENT_TRAIL,
    EXIT_SHIFT,
    FEE,
    GROSS_SHARE,
    HALF_SPREAD,
    HOLD_MS,
    LAST_UNIT,
    LATENCY_MS,
    LEAVE,
    LOT,
    LOTS,
    MAX_BARS,
    MAX_COST_SHARE,
    MAX_ORDER_UNITS,
    MAX_PRODUCT,
    NO_ROOM,
    NO_SHORT,
    PLAN_UNITS,
    REFERENCE,
    REFUSED,
    RISK_SHARE,
    SHORTABLE,
    SIDE,
    SKIP_AFTER_WIN,
    SKIP_ENDED,
    SKIP_TAG,
    SKIPPING,
    STEP,
    STEP_R,
    STOP_DISTANCE,
    STRATEGY_SHARE,
    TAG,
    TARGET_R,
    TARGET_SHARE,
    TICK,
    TIMEFRAME_MS,
    TOO_LARGE,
    TOO_SMALL,
    TRADE_SHARE,
    TRAIL,
    TRAIL_R,
    UNIT,
    UNITS,
    VALUE_NUM,
    WAIT_LIMIT,
    WAIT_LOTS,
    WAIT_SIDE,
    WON,
)
from memesnipe_cli.engine.kernel.money import ceil_forgiving, floor_forgiving, value_up


def refuse(account, state, events, ts, slot, code, tag, detail):
    """Count a refusal; detail is the fee in ppm that would pass the cost veto, else 0."""
    event = new_event(account, events, REFUSED, ts, slot, code)
    event[EVENT_TAG] = tag
    event[EVENT_EXTRA] = detail
    commit_event(account, state, events)


def slot_gross(state, slot, terms_f, i, last):
    """Value of what a slot holds and waits to buy, in the quote currency; last is the last close in ticks."""
    return (state[slot, LOTS] * last + state[slot, WAIT_LOTS] * state[slot, WAIT_LIMIT]) * (
        terms_f[i, TICK] * terms_f[i, LOT]
    )


def account_gross(state, slots, terms_f, last, strategy):
    """Gross of all slots of a strategy; of the whole account for strategy -1. Quote currency."""
    total = 0.0
    for k in range(slots.shape[0]):
        if strategy < 0 or slots[k, 0] == strategy:
            if state[k, LOTS] != 0 or state[k, WAIT_LOTS] != 0:
                i = slots[k, 1]
                total += slot_gross(state, k, terms_f, i, last[i])
    return total


def reserved_cash(state, slots, terms_f):
    """Cash that waiting buys may need, fee included. Quote currency."""
    total = 0.0
    for k in range(slots.shape[0]):
        if state[k, WAIT_LOTS] != 0 and state[k, WAIT_SIDE] > 0:
            i = slots[k, 1]
            total += state[k, WAIT_LOTS] * state[k, WAIT_LIMIT] * (terms_f[i, TICK] * terms_f[i, LOT]) * (
                1.0 + terms_f[i, FEE]
            )
    return total


def base_owned(state, slots, terms, slot):
    """Whether another strategy holds, or waits to enter, the base asset of this slot."""
    base = terms[slots[slot, 1], BASE_ASSET]
    for k in range(slots.shape[0]):
        if slots[k, 0] != slots[slot, 0] and terms[slots[k, 1], BASE_ASSET] == base:
            if state[k, LOTS] != 0 or state[k, WAIT_LOTS] != 0:
                return True
    return False


def entry_size(
    account, state, slots, slot, terms_f, i, plan_i, plan_f, strategy, rules, last, equity, limit, stop, volume, weight, buying
):
    """(quantity in base units, the cap that bound): the smallest of the caps of §3, the first on a tie."""
    price = limit * terms_f[i, TICK]
    quantity = equity * plan_f[strategy, RISK_SHARE] / stop
    cap = CAP_RISK
    other = equity * rules[TRADE_SHARE] / plan_i[strategy, PLAN_UNITS] / price
    if other < quantity:
        quantity = other
        cap = CAP_TRADE
    gross = account_gross(state, slots, terms_f, last, strategy)
    other = (equity * rules[STRATEGY_SHARE] - gross) / price
    if other < quantity:
        quantity = other
        cap = CAP_STRATEGY
    gross = account_gross(state, slots, terms_f, last, -1)
    other = (equity * rules[GROSS_SHARE] - gross) / price
    if other < quantity:
        quantity = other
        cap = CAP_GROSS
    if buying:
        free = account[CASH] * UNIT - reserved_cash(state, slots, terms_f)
        other = free / (price * (1.0 + terms_f[i, FEE]))
        if other < quantity:
            quantity = other
            cap = CAP_CASH
    other = volume * rules[ENTRY_VOLUME_SHARE]
    if other < quantity:
        quantity = other
        cap = CAP_VOLUME
    if weight > 0.0:
        other = equity * weight / price
        if other < quantity:
            quantity = other
            cap = CAP_WEIGHT
    return max(0.0, quantity), cap


def order_entry(
    account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
    open_, high, low, close, volume, side, tag, stop, target_ticks, trail_ticks, hold_ms, step_ticks, weight,
):
    """Size an entry and send it, or refuse it. stop is the distance in price."""
    strategy = slots[slot, 0]
    i = slots[slot, 1]
    buying = side > 0
    if buying:
        limit = floor_forgiving(close * (1.0 + rules[COLLAR]))
    else:
        limit = ceil_forgiving(close * (1.0 - rules[COLLAR]))
    if limit <= 0:
        refuse(account, state, events, ts, slot, BAD_SIGNAL, tag, 0)
        return
    quantity, cap = entry_size(
        account, state, slots, slot, terms_f, i, plan_i, plan_f, strategy, rules, last, equity, limit, stop, volume, weight, buying
    )
    stop_share = stop / (close * terms_f[i, TICK])
    impact = impact_share(rules, open_, high, low, quantity, volume)
    if round_trip_share(terms_f, i, impact) > rules[MAX_COST_SHARE] * stop_share:
        fee = rules[MAX_COST_SHARE] * stop_share / 2.0 - terms_f[i, HALF_SPREAD] - impact
        refuse(account, state, events, ts, slot, COST_VETO, tag, floor_forgiving(fee * 1e6))
        return
    lots_wanted = quantity / terms_f[i, LOT]
    if lots_wanted * limit * terms[i, VALUE_NUM] > MAX_PRODUCT:
        refuse(account, state, events, ts, slot, TOO_LARGE, tag, 0)
        return
    lots = floor_forgiving(lots_wanted)
    if lots <= 0:
        refuse(account, state, events, ts, slot, NO_ROOM + cap, tag, 0)
        return
    if value_up(terms, i, lots, limit) > MAX_ORDER_UNITS:
        refuse(account, state, events, ts, slot, TOO_LARGE, tag, 0)
        return
    stop_ticks = ceil_forgiving(stop / terms_f[i, TICK])
    stop_price = close - side * stop_ticks
    if state[slot, LOTS] == 0:
        lots_at_stop = target_leg(terms, i, lots, plan_f[strategy, TARGET_SHARE], stop_price)
    else:
        lots_at_stop = lots
    if not protectable(terms, i, lots_at_stop, stop_price):
        refuse(account, state, events, ts, slot, TOO_SMALL, tag, 0)
        return
    event = new_event(account, events, ENTRY_ORDER, ts, slot, cap)
    event[EVENT_LOTS] = lots
    event[EVENT_TICKS] = limit
    event[REFERENCE] = close
    event[EVENT_SIDE] = side
    event[EVENT_TAG] = tag
    event[EVENT_STOP] = stop_ticks
    event[EVENT_TARGET] = target_ticks
    event[EVENT_EXTRA] = ceil_forgiving(plan_f[strategy, TARGET_R] * stop / terms_f[i, TICK])
    event[EVENT_TRAIL] = trail_ticks
    event[EVENT_HOLD_MS] = hold_ms
    event[EVENT_STEP] = step_ticks
    event[EVENT_ACT_TS] = ts + rules_i[BASE_MS] + rules_i[LATENCY_MS]
    commit_event(account, state, events)


def decide_held(
    account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
    open_, high, low, close, volume, flags,
):
    """A slot that holds a position: leave, add a unit, or stay."""
    if state[slot, LEAVE] != 0:
        return
    strategy = slots[slot, 0]
    act_ts = ts + rules_i[BASE_MS] + rules_i[LATENCY_MS]
    if flags & (1 << (state[slot, TAG] + EXIT_SHIFT)):
        emit_exit_order(account, state, events, ts, slot, BY_SIGNAL, act_ts)
        return
    if not flags & CLOSED_FLAG:
        return
    hold_ms = state[slot, HOLD_MS]
    if hold_ms > 0 and ts + rules_i[BASE_MS] - state[slot, ENTRY_TS] >= hold_ms:
        emit_exit_order(account, state, events, ts, slot, BY_TIME, act_ts)
        return
    if state[slot, WAIT_LOTS] != 0 or state[slot, UNITS] >= plan_i[strategy, PLAN_UNITS]:
        return
    side = state[slot, SIDE]
    if (close - state[slot, LAST_UNIT]) * side < state[slot, STEP]:
        return
    stop = state[slot, STOP_DISTANCE] * terms_f[slots[slot, 1], TICK]
    order_entry(
        account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
        open_, high, low, close, volume, side, state[slot, TAG], stop, 0, state[slot, TRAIL], hold_ms,
        state[slot, STEP], 0.0,
    )


def decide_flat(
    account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
    open_, high, low, close, volume, flags, tag, stop, target, max_bars, weight,
):
    """A flat slot: follow the signal into the market, or refuse it. stop, target in price."""
    strategy = slots[slot, 0]
    i = slots[slot, 1]
    skip_tag = plan_i[strategy, SKIP_TAG]
    if state[slot, SKIPPING] != 0 and flags & (1 << (skip_tag + EXIT_SHIFT)):
        event = new_event(account, events, SKIP_ENDED, ts, slot, 0)
        event[EVENT_TAG] = skip_tag
        commit_event(account, state, events)
    enter = flags & ENTER_MASK
    if enter == 0 or state[slot, WAIT_LOTS] != 0 or flags & (1 << (tag + EXIT_SHIFT)):
        return
    side = 1 if enter == ENTER_LONG else -1
    tick = terms_f[i, TICK]
    if not (math.isfinite(stop) and stop > 0.0 and stop < close * tick):
        refuse(account, state, events, ts, slot, BAD_SIGNAL, tag, 0)
        return
    stop_ticks = ceil_forgiving(stop / tick)
    if stop_ticks <= 0 or stop_ticks >= close:
        refuse(account, state, events, ts, slot, BAD_SIGNAL, tag, 0)
        return
    if side < 0 and terms[i, SHORTABLE] == 0:
        refuse(account, state, events, ts, slot, NO_SHORT, tag, 0)
        return
    if base_owned(state, slots, terms, slot):
        refuse(account, state, events, ts, slot, BASE_OWNED, tag, 0)
        return
    if tag == skip_tag and state[slot, WON] & (1 << tag):
        refuse(account, state, events, ts, slot, SKIP_AFTER_WIN, tag, 0)
        return
    target_ticks = 0
    if math.isfinite(target) and target > 0.0:
        target_ticks = ceil_forgiving(target / tick) if side > 0 else floor_forgiving(target / tick)
    bars = max_bars if max_bars > 0 else plan_i[strategy, MAX_BARS]
    trail_ticks = ceil_forgiving(plan_f[strategy, TRAIL_R] * stop / tick)
    step_ticks = max(1, floor_forgiving(plan_f[strategy, STEP_R] * stop / tick + 0.5))
    order_entry(
        account, state, events, ts, slot, slots, terms, terms_f, plan_i, plan_f, rules_i, rules, last, equity,
        open_, high, low, close, volume, side, tag, stop, target_ticks, trail_ticks,
        bars * plan_i[strategy, TIMEFRAME_MS], step_ticks, weight,
    )
