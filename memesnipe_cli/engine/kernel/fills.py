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
    LAST_CLOSE,
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
from memesnipe_cli.engine.kernel.money import (
    ceil_forgiving,
    fee_on,
    floor_forgiving,
    funding_owed,
    value_down,
    value_up,
)
from memesnipe_cli.engine.kernel.world import TickBar, World


def protectable(w: World, slot: int, lots: int, stop_ticks: int) -> bool:
    """Whether these lots, sold at their stop and net of the fee, stay above the venue's minimum with its margin."""
    if lots < w.whole[slot, MIN_LOTS] or lots <= 0 or stop_ticks <= 0:
        return False
    value = value_down(w, slot, lots, stop_ticks)
    return value - fee_on(w, slot, value) >= w.whole[slot, MIN_UNITS]


def target_leg(w: World, slot: int, lots: int, stop_ticks: int) -> int:
    """Lots that leave at the target: the planned share if both legs are protectable, else all in one leg."""
    share = w.real[slot, TARGET_SHARE]
    if share >= 1.0:
        return lots
    first = floor_forgiving(lots * share)
    if protectable(w, slot, first, stop_ticks) and protectable(w, slot, lots - first, stop_ticks):
        return first
    return lots


def room_left(w: World, slot: int, bar: TickBar) -> int:
    """Lots of this bar that the slot may still fill."""
    used = w.state[slot, USED] if w.state[slot, USED_TS] == bar.ts else 0
    return max(0, room_lots(w, slot, bar.volume) - used)


def write_off(w: World, slot: int, ts: int) -> None:
    """The instrument is gone: a waiting entry is missed, what is held is worth nothing; a short is bought back at the
    last close, so that nobody profits from a listing that ended."""
    if w.state[slot, WAIT_LOTS] > 0:
        emit_code(w, MISSED, ts, slot, MISSED_DELISTED)
    lots = w.state[slot, LOTS]
    if lots == 0:
        return
    last = w.state[slot, LAST_CLOSE]
    if w.state[slot, SIDE] > 0:
        emit_exit_fill(w, ts, slot, BY_DELISTING, lots, 0, 0, 0, last)
        return
    value = value_up(w, slot, lots, last)
    fee = fee_on(w, slot, value)
    emit_exit_fill(w, ts, slot, BY_DELISTING, lots, last, -value - fee, fee, last)


def charge_funding(w: World, slot: int, bar: TickBar) -> None:
    """Funding on the position held before this bar's fills, rounded up against the account."""
    if w.state[slot, LOTS] == 0 or w.state[slot, FUNDED_TS] == bar.ts:
        return
    if w.state[slot, USED_TS] == bar.ts:  # after a restart: who has filled in this bar was past its funding
        return
    owed = funding_owed(w, slot, w.state[slot, LOTS], bar.open, bar.rate * w.state[slot, SIDE])
    if owed == 0:
        return
    n = new_event(w, FUNDED, bar.ts, slot, 0)
    w.events[n, EVENT_CASH] = -owed
    commit_event(w)


def leave_from(w: World, slot: int, bar: TickBar, reason: int, lots: int, price: int, extra: float) -> None:
    """Lots leave from a price, moved against us by spread, impact and extra; pays the taker fee."""
    impact = impact_share(w, slot, bar, lots * w.real[slot, LOT])
    buying = w.state[slot, SIDE] < 0
    ticks = worse_price(price, w.real[slot, HALF_SPREAD] + impact + extra, buying)
    if buying:
        value = value_up(w, slot, lots, ticks)
        fee = fee_on(w, slot, value)
        cash = -value - fee
    else:
        value = value_down(w, slot, lots, ticks)
        fee = fee_on(w, slot, value)
        cash = value - fee
    emit_exit_fill(w, bar.ts, slot, reason, lots, ticks, cash, fee, price)


def fill_exit_order(w: World, slot: int, bar: TickBar) -> None:
    """A waiting exit order leaves from the open, as far as the bar's volume goes."""
    reason = w.state[slot, LEAVE]
    if w.state[slot, LEAVE_TS] > bar.ts or bar.volume <= 0.0:
        return
    lots = min(w.state[slot, LOTS], room_left(w, slot, bar))
    if lots > 0:
        leave_from(
            w, slot, bar, reason, lots, bar.open, w.real[slot, STOP_SLIPPAGE] if reason == BY_STOP else 0.0
        )


def fill_entry_order(w: World, slot: int, bar: TickBar) -> None:
    """A waiting entry fills at the open of its one bar, inside its limit and the bar's volume, or is missed."""
    if w.state[slot, WAIT_TS] > bar.ts:
        return
    if w.state[slot, WAIT_TS] < bar.ts:
        emit_code(w, MISSED, bar.ts, slot, MISSED_NO_BAR)
        return
    side = w.state[slot, WAIT_SIDE]
    lots = 0
    if bar.volume > 0.0:
        lots = min(w.state[slot, WAIT_LOTS], room_left(w, slot, bar))
    impact = impact_share(w, slot, bar, lots * w.real[slot, LOT])
    ticks = worse_price(bar.open, w.real[slot, HALF_SPREAD] + impact, side > 0)
    stop = ticks - side * w.state[slot, WAIT_STOP]
    if lots <= 0 or not protectable(w, slot, lots, stop):
        emit_code(w, MISSED, bar.ts, slot, MISSED_VOLUME)
        return
    if (ticks - w.state[slot, WAIT_LIMIT]) * side > 0:
        emit_code(w, MISSED, bar.ts, slot, MISSED_LIMIT)
        return
    if side > 0:
        value = value_up(w, slot, lots, ticks)
        fee = fee_on(w, slot, value)
        cash = -value - fee
    else:
        value = value_down(w, slot, lots, ticks)
        fee = fee_on(w, slot, value)
        cash = value - fee
    enter_position(w, bar.ts, slot, lots, ticks, cash, fee, bar.open)


def enter_position(
    w: World, ts: int, slot: int, lots: int, ticks: int, cash: int, fee: int, reference: int
) -> None:
    """A waiting entry bought (or sold short) lots at ticks: its stop and its target follow from what it was filled
    at."""
    side = w.state[slot, WAIT_SIDE]
    stop = ticks - side * w.state[slot, WAIT_STOP]
    target = 0
    target_lots = 0
    if w.state[slot, LOTS] == 0:
        target = first_target(w, slot, side, ticks)
        if target > 0:
            target_lots = target_leg(w, slot, lots, stop)
    else:
        stop = max(1, w.state[slot, STOP] + side * w.state[slot, STEP])
    emit_entry_fill(w, ts, slot, side, lots, ticks, cash, fee, reference, stop, target, target_lots)


def first_target(w: World, slot: int, side: int, ticks: int) -> int:
    """The target of a fresh position in ticks: the signal's price where it lies beyond the fill, else the plan's
    distance; 0 for none."""
    target = w.state[slot, WAIT_TARGET]
    if target > 0:
        return target if (target - ticks) * side > 0 else 0
    distance = w.state[slot, WAIT_TARGET_DISTANCE]
    if distance <= 0:
        return 0
    return max(0, ticks + side * distance)


def fill_in_bar(w: World, slot: int, bar: TickBar) -> None:
    """Stop and target inside the bar, pessimistic where the order of things is unknown; then the trail."""
    if w.state[slot, TRAILED_TS] == bar.ts:
        return
    leave = w.state[slot, LEAVE]
    if leave != 0 and (leave == BY_STOP or w.state[slot, LEAVE_TS] <= bar.ts):
        return
    side = w.state[slot, SIDE]
    best = bar.high if side > 0 else bar.low
    worst = bar.low if side > 0 else bar.high
    target = w.state[slot, TARGET]
    opened_beyond = target > 0 and (bar.open - target) * side >= 0
    if opened_beyond:
        leave_at_target(w, slot, bar, bar.open)
        if w.state[slot, LOTS] == 0:
            return
    if (worst - w.state[slot, STOP]) * side <= 0:
        leave_at_stop(w, slot, bar)
        return
    if target > 0 and not opened_beyond and (best - target) * side > 0:
        leave_at_target(w, slot, bar, target)
    if w.state[slot, LOTS] > 0:
        move_trail(w, slot, bar.ts, best)


def leave_at_target(w: World, slot: int, bar: TickBar, price: int) -> None:
    """The target's lots leave, as far as the bar's volume goes."""
    if bar.volume <= 0.0:
        return
    lots = min(w.state[slot, TARGET_LOTS], room_left(w, slot, bar))
    if lots > 0:
        leave_from(w, slot, bar, BY_TARGET, lots, price, 0.0)


def leave_at_stop(w: World, slot: int, bar: TickBar) -> None:
    """Everything leaves at the stop; what cannot becomes an exit order for the next bar."""
    side = w.state[slot, SIDE]
    stop = w.state[slot, STOP]
    gapped = (bar.open - stop) * side <= 0
    if bar.volume > 0.0 and not beyond_stop_limit(w, slot, bar.open):
        lots = min(w.state[slot, LOTS], room_left(w, slot, bar))
        if lots > 0:
            leave_from(w, slot, bar, BY_STOP, lots, bar.open if gapped else stop, w.real[slot, STOP_SLIPPAGE])
    if w.state[slot, LOTS] > 0:
        emit_exit_order(w, bar.ts, slot, BY_STOP, bar.ts + w.whole[slot, BASE_MS])


def beyond_stop_limit(w: World, slot: int, price: int) -> bool:
    """Whether a price has gapped past the limit of a stop-limit order; never where stops sell at market."""
    share = w.real[slot, STOP_LIMIT]
    if share < 0.0:
        return False
    if w.state[slot, SIDE] > 0:
        return price < ceil_forgiving(w.state[slot, STOP] * (1.0 - share))
    return price > floor_forgiving(w.state[slot, STOP] * (1.0 + share))


def move_trail(w: World, slot: int, ts: int, best: int) -> None:
    """A better price moves a trailing stop; the move acts from the next bar."""
    side = w.state[slot, SIDE]
    trail = w.state[slot, TRAIL]
    if trail == 0:
        return
    if (best - w.state[slot, BEST]) * side < 0:
        best = w.state[slot, BEST]
    stop = best - side * trail
    if (stop - w.state[slot, STOP]) * side <= 0:
        if best == w.state[slot, BEST]:
            return
        stop = w.state[slot, STOP]
    n = new_event(w, STOP_MOVED, ts, slot, 0)
    w.events[n, EVENT_TICKS] = stop
    w.events[n, REFERENCE] = best
    commit_event(w)
