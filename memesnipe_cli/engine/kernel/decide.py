"""Decisions at a bar's close: enter, add a unit, leave, or refuse and say why (docs/simulation-rules.md §3, §10)."""

import math

from memesnipe_cli.engine.kernel.costs import impact_share, round_trip_share
from memesnipe_cli.engine.kernel.events import commit_event, emit_exit_order, new_event
from memesnipe_cli.engine.kernel.fills import protectable
from memesnipe_cli.engine.kernel.layout import (
    BAD_SIGNAL,
    BASE_ASSET,
    BASE_MS,
    BASE_OWNED,
    BY_SIGNAL,
    BY_TIME,
    CAP_CASH,
    CAP_CLUSTER,
    CAP_GROSS,
    CAP_ORDER,
    CAP_RECOVERY,
    CAP_RISK,
    CAP_STRATEGY,
    CAP_SYMBOL,
    CAP_TRADE,
    CAP_VOLUME,
    CAP_WEIGHT,
    CASH,
    CLOSED_FLAG,
    CLUSTER,
    CLUSTER_SHARE,
    COLLAR,
    COST_VETO,
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
    LAST_CLOSE,
    LAST_UNIT,
    LATENCY_MS,
    LEAVE,
    LOT,
    LOTS,
    MAX_BARS,
    MAX_COST_SHARE,
    MAX_ORDER,
    MAX_ORDER_UNITS,
    MAX_PRODUCT,
    MIN_UNITS,
    NO_ROOM,
    NO_SHORT,
    PLAN_UNITS,
    RECOVERY_TURN,
    REFERENCE,
    REFUSED,
    RISK_SHARE,
    ROUNDING_UNITS,
    SCALE,
    SHORTABLE,
    SIDE,
    SKIP_AFTER_WIN,
    SKIP_ENDED,
    SKIP_TAG,
    SKIPPING,
    STEP,
    STEP_R,
    STOP_DISTANCE,
    STRATEGY,
    STRATEGY_SHARE,
    SYMBOL_SHARE,
    TAG,
    TARGET_R,
    TICK,
    TIMEFRAME_MS,
    TOO_LARGE,
    TOO_SMALL,
    TRADE_SHARE,
    TRAIL,
    TRAIL_R,
    TURN,
    TURN_LEFT,
    UNIT,
    UNITS,
    VALUE_NUM,
    WAIT_LIMIT,
    WAIT_LOTS,
    WAIT_SIDE,
    WON,
)
from memesnipe_cli.engine.kernel.money import ceil_forgiving, floor_forgiving, value_down, value_up
from memesnipe_cli.engine.kernel.recovery import entry_barred, entry_stage
from memesnipe_cli.engine.kernel.world import TickBar, World
from memesnipe_cli.risk.kernel.rows import LAST_STAGE


def refuse(w: World, ts: int, slot: int, code: int, tag: int, detail: int) -> None:
    """Count a refusal; detail is the fee in ppm that would pass the cost veto, else 0."""
    n = new_event(w, REFUSED, ts, slot, code)
    w.events[n, EVENT_TAG] = tag
    w.events[n, EVENT_EXTRA] = detail
    commit_event(w)


def is_busy(w: World, slot: int) -> bool:
    """Whether a slot holds a position or waits to enter one."""
    return w.state[slot, LOTS] != 0 or w.state[slot, WAIT_LOTS] != 0


def gross_of(w: World, column: int, value: int) -> float:
    """What the slots with this value in a column of `whole` hold and wait for, in the quote currency."""
    total = 0.0
    for k in range(w.state.shape[0]):
        if is_busy(w, k) and w.whole[k, column] == value:
            held = float(w.state[k, LOTS]) * w.state[k, LAST_CLOSE]
            waiting = float(w.state[k, WAIT_LOTS]) * w.state[k, WAIT_LIMIT]
            total += (held + waiting) * (w.real[k, TICK] * w.real[k, LOT])
    return total


def reserved_cash(w: World) -> float:
    """Cash that waiting buys may need, fee included, in the quote currency."""
    total = 0.0
    for k in range(w.state.shape[0]):
        if w.state[k, WAIT_LOTS] != 0 and w.state[k, WAIT_SIDE] > 0:
            value = w.state[k, WAIT_LOTS] * w.state[k, WAIT_LIMIT] * (w.real[k, TICK] * w.real[k, LOT])
            total += value * (1.0 + w.real[k, FEE]) + ROUNDING_UNITS * UNIT
    return total


def base_owned(w: World, slot: int) -> bool:
    """Whether another strategy holds, or waits to enter, the base asset of this slot."""
    for k in range(w.state.shape[0]):
        other = w.whole[k, STRATEGY] != w.whole[slot, STRATEGY]
        if other and w.whole[k, BASE_ASSET] == w.whole[slot, BASE_ASSET] and is_busy(w, k):
            return True
    return False


def smaller(quantity: float, cap: int, other: float, other_cap: int) -> tuple[float, int]:
    """The smaller of two caps; the earlier one on a tie."""
    if other < quantity:
        return other, other_cap
    return quantity, cap


def entry_size(
    w: World, slot: int, bar: TickBar, equity: float, limit: int, stop: float, weight: float, buying: bool
) -> tuple[float, int]:
    """(quantity in base units, the cap that bound): the smallest of the caps of §3."""
    price = limit * w.real[slot, TICK]
    quantity = equity * w.real[slot, RISK_SHARE] / stop
    cap = CAP_RISK
    share = w.real[slot, TRADE_SHARE] * w.real[slot, SCALE]
    other = equity * share / w.whole[slot, PLAN_UNITS] / price
    quantity, cap = smaller(quantity, cap, other, CAP_TRADE)
    other = (equity * w.real[slot, STRATEGY_SHARE] - gross_of(w, STRATEGY, w.whole[slot, STRATEGY])) / price
    quantity, cap = smaller(quantity, cap, other, CAP_STRATEGY)
    other = (equity * w.real[slot, GROSS_SHARE] - gross_of(w, BASE_MS, w.whole[slot, BASE_MS])) / price
    quantity, cap = smaller(quantity, cap, other, CAP_GROSS)
    other = (equity * w.real[slot, SYMBOL_SHARE] - gross_of(w, BASE_ASSET, w.whole[slot, BASE_ASSET])) / price
    quantity, cap = smaller(quantity, cap, other, CAP_SYMBOL)
    other = (equity * w.real[slot, CLUSTER_SHARE] - gross_of(w, CLUSTER, w.whole[slot, CLUSTER])) / price
    quantity, cap = smaller(quantity, cap, other, CAP_CLUSTER)
    quantity, cap = smaller(quantity, cap, w.real[slot, MAX_ORDER] / price, CAP_ORDER)
    if buying:
        free = (w.account[CASH] - ROUNDING_UNITS) * UNIT - reserved_cash(w)
        quantity, cap = smaller(quantity, cap, free / (price * (1.0 + w.real[slot, FEE])), CAP_CASH)
    quantity, cap = smaller(quantity, cap, bar.volume * w.real[slot, ENTRY_VOLUME_SHARE], CAP_VOLUME)
    if weight > 0.0:
        quantity, cap = smaller(quantity, cap, equity * weight / price, CAP_WEIGHT)
    return max(0.0, quantity), cap


def sendable(w: World, slot: int, lots: int, limit: int, stop: int) -> bool:
    """Whether an entry of so many lots is worth the venue's minimum, with its margin, at its limit and at its stop."""
    return value_down(w, slot, lots, limit) >= w.whole[slot, MIN_UNITS] and protectable(w, slot, lots, stop)


def order_entry(
    w: World,
    slot: int,
    bar: TickBar,
    equity: float,
    side: int,
    tag: int,
    stop: float,
    target_ticks: int,
    trail_ticks: int,
    hold_ms: int,
    step_ticks: int,
    weight: float,
) -> None:
    """Size an entry and send it, or refuse it. stop is the distance in price."""
    collar = w.real[slot, COLLAR]
    limit = (
        floor_forgiving(bar.close * (1.0 + collar))
        if side > 0
        else ceil_forgiving(bar.close * (1.0 - collar))
    )
    if limit <= 0:
        refuse(w, bar.ts, slot, BAD_SIGNAL, tag, 0)
        return
    quantity, cap = entry_size(w, slot, bar, equity, limit, stop, weight, side > 0)
    tick = w.real[slot, TICK]
    stop_share = stop / (bar.close * tick)
    impact = impact_share(w, slot, bar, quantity)
    bearable = w.real[slot, MAX_COST_SHARE] * stop_share
    if round_trip_share(w, slot, impact) > bearable:
        fee = bearable / 2.0 - w.real[slot, HALF_SPREAD] - impact
        refuse(w, bar.ts, slot, COST_VETO, tag, floor_forgiving(fee * 1e6))
        return
    lots_wanted = quantity / w.real[slot, LOT]
    if lots_wanted * limit * w.whole[slot, VALUE_NUM] > MAX_PRODUCT:
        refuse(w, bar.ts, slot, TOO_LARGE, tag, 0)
        return
    lots = floor_forgiving(lots_wanted)
    if lots <= 0:
        refuse(w, bar.ts, slot, NO_ROOM + cap, tag, 0)
        return
    if value_up(w, slot, lots, limit) > MAX_ORDER_UNITS:
        refuse(w, bar.ts, slot, TOO_LARGE, tag, 0)
        return
    stop_ticks = ceil_forgiving(stop / tick)
    if not sendable(w, slot, lots, limit, bar.close - side * stop_ticks):
        refuse(w, bar.ts, slot, TOO_SMALL, tag, 0)
        return
    stage = entry_stage(w, slot)
    turn = 0
    if stage < LAST_STAGE:
        cut = lots * stage // LAST_STAGE
        if sendable(w, slot, cut, limit, bar.close - side * stop_ticks):
            lots = cut
            cap = CAP_RECOVERY
        else:
            # Size cannot be cut, so the number of trades is: each entry brings its quarters, a whole one goes.
            turn = w.state[slot, TURN] + stage
            if turn < LAST_STAGE:
                n = new_event(w, REFUSED, bar.ts, slot, RECOVERY_TURN)
                w.events[n, EVENT_TAG] = tag
                w.events[n, TURN_LEFT] = turn
                commit_event(w)
                return
            turn -= LAST_STAGE
    n = new_event(w, ENTRY_ORDER, bar.ts, slot, cap)
    w.events[n, EVENT_LOTS] = lots
    w.events[n, EVENT_TICKS] = limit
    w.events[n, REFERENCE] = bar.close
    w.events[n, EVENT_SIDE] = side
    w.events[n, EVENT_TAG] = tag
    w.events[n, EVENT_STOP] = stop_ticks
    w.events[n, EVENT_TARGET] = target_ticks
    w.events[n, EVENT_EXTRA] = ceil_forgiving(w.real[slot, TARGET_R] * stop / tick)
    w.events[n, EVENT_TRAIL] = trail_ticks
    w.events[n, EVENT_HOLD_MS] = hold_ms
    w.events[n, EVENT_STEP] = step_ticks
    w.events[n, TURN_LEFT] = turn
    w.events[n, EVENT_ACT_TS] = bar.ts + w.whole[slot, BASE_MS] + w.whole[slot, LATENCY_MS]
    commit_event(w)


def decide_held(w: World, slot: int, bar: TickBar, equity: float, flags: int) -> None:
    """A slot that holds a position: leave, add a unit, or stay."""
    if w.state[slot, LEAVE] != 0:
        return
    closes = bar.ts + w.whole[slot, BASE_MS]
    tag = w.state[slot, TAG]
    if flags & (1 << (tag + EXIT_SHIFT)):
        emit_exit_order(w, bar.ts, slot, BY_SIGNAL, closes + w.whole[slot, LATENCY_MS])
        return
    if not flags & CLOSED_FLAG:
        return
    hold_ms = w.state[slot, HOLD_MS]
    if hold_ms > 0 and closes - w.state[slot, ENTRY_TS] >= hold_ms:
        emit_exit_order(w, bar.ts, slot, BY_TIME, closes + w.whole[slot, LATENCY_MS])
        return
    if w.state[slot, WAIT_LOTS] != 0 or w.state[slot, UNITS] >= w.whole[slot, PLAN_UNITS]:
        return
    side = w.state[slot, SIDE]
    step = w.state[slot, STEP]
    if (bar.close - w.state[slot, LAST_UNIT]) * side < step:
        return
    barred = entry_barred(w, slot, bar.ts, equity)
    if barred != 0:
        refuse(w, bar.ts, slot, barred, tag, 0)
        return
    stop = w.state[slot, STOP_DISTANCE] * w.real[slot, TICK]
    order_entry(w, slot, bar, equity, side, tag, stop, 0, w.state[slot, TRAIL], hold_ms, step, 0.0)


def decide_flat(
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
    """A flat slot: follow the signal into the market, or refuse it. stop, target in price."""
    skip_tag = w.whole[slot, SKIP_TAG]
    if w.state[slot, SKIPPING] != 0 and flags & (1 << (skip_tag + EXIT_SHIFT)):
        n = new_event(w, SKIP_ENDED, bar.ts, slot, 0)
        w.events[n, EVENT_TAG] = skip_tag
        commit_event(w)
    enter = flags & ENTER_MASK
    if enter == 0 or w.state[slot, WAIT_LOTS] != 0 or flags & (1 << (tag + EXIT_SHIFT)):
        return
    barred = entry_barred(w, slot, bar.ts, equity)
    if barred != 0:
        refuse(w, bar.ts, slot, barred, tag, 0)
        return
    side = 1 if enter == ENTER_LONG else -1
    tick = w.real[slot, TICK]
    if not (math.isfinite(stop) and stop > 0.0 and stop < bar.close * tick):
        refuse(w, bar.ts, slot, BAD_SIGNAL, tag, 0)
        return
    stop_ticks = ceil_forgiving(stop / tick)
    if stop_ticks <= 0 or stop_ticks >= bar.close:
        refuse(w, bar.ts, slot, BAD_SIGNAL, tag, 0)
        return
    stop = stop_ticks * tick
    if side < 0 and w.whole[slot, SHORTABLE] == 0:
        refuse(w, bar.ts, slot, NO_SHORT, tag, 0)
        return
    if base_owned(w, slot):
        refuse(w, bar.ts, slot, BASE_OWNED, tag, 0)
        return
    if tag == skip_tag and w.state[slot, WON] & (1 << tag):
        refuse(w, bar.ts, slot, SKIP_AFTER_WIN, tag, 0)
        return
    target_ticks = 0
    if math.isfinite(target) and target > 0.0:
        target_ticks = ceil_forgiving(target / tick) if side > 0 else floor_forgiving(target / tick)
    bars = max_bars if max_bars > 0 else w.whole[slot, MAX_BARS]
    trail_ticks = ceil_forgiving(w.real[slot, TRAIL_R] * stop / tick)
    step_ticks = max(1, floor_forgiving(w.real[slot, STEP_R] * stop / tick + 0.5))
    hold_ms = bars * w.whole[slot, TIMEFRAME_MS]
    order_entry(w, slot, bar, equity, side, tag, stop, target_ticks, trail_ticks, hold_ms, step_ticks, weight)
