"""The chain of checks: which numbers each one is given. The order is that of actions.py.

Here and nowhere else a check meets an order: `CHECKS` maps its name to a function of what the gate knows by itself, the
order, the facts of the moment, and what the order is worth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.risk import checks
from memesnipe_cli.risk.bounds import CLOSED_BAR_MS, DUPLICATE_WINDOW_MS, Bounds, exit_collar
from memesnipe_cli.risk.checks import PASS, Verdict
from memesnipe_cli.risk.exposure import Exposure
from memesnipe_cli.risk.facts import ONLINE, Facts
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.rates import Executions, Rates
from memesnipe_cli.risk.scopes import strategy_scope, symbol_scope

_ZERO = Decimal(0)
# Members of an Enum are slow to look up by name.
_ENTRY, _PROTECT = Action.ENTRY, Action.PROTECT
_OPENS = {"long": "buy", "short": "sell"}
_LEAVES = {"long": "sell", "short": "buy"}


@dataclass(slots=True)
class Standing:
    """What the gate knows by itself: its limits, and what it has let through."""

    bounds: Bounds
    venues: frozenset[str]
    cluster_of: Callable[[str], str]
    fence: int
    rates: Rates
    exposure: Exposure = field(default_factory=Exposure)
    executions: Executions = field(default_factory=Executions)
    ids: set[str] = field(default_factory=set)
    sent: dict[tuple[str, str], deque[tuple[int, OrderIntent]]] = field(default_factory=dict)  # late entries


def sent_before(standing: Standing, order: OrderIntent, now_ms: int) -> int | None:
    """How many ms ago an entry of the same content was approved, if that was lately."""
    for at, other in reversed(standing.sent.get((order.strategy, order.symbol), ())):
        if now_ms - at >= DUPLICATE_WINDOW_MS:
            return None
        same = order.qty == other.qty and order.price == other.price
        if same and order.side == other.side and order.stop == other.stop:
            return now_ms - at
    return None


def notional(order: OrderIntent) -> Decimal:
    """What an order is worth at its own price, 0 where that is no number."""
    if not isinstance(order.qty, Decimal) or not isinstance(order.price, Decimal):
        return _ZERO
    return order.qty * order.price if order.qty.is_finite() and order.price.is_finite() else _ZERO


def trade_limit(standing: Standing, facts: Facts) -> Decimal | None:
    """The largest notional of a trade now; the adaptive scale counts up to the highest that the profile allows."""
    equity, scale = facts.equity, facts.trade_scale
    if equity is None or scale is None:
        return None
    highest = standing.bounds.highest_scale
    return equity * standing.bounds.trade_share * (highest if scale > highest else scale)


def _fence(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return PASS if facts.latch is None else checks.fence(standing.fence, facts.latch.fence)


def _latch(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    latch = facts.latch
    if latch is None:
        return checks.latch(None, None, None)
    return checks.latch(
        latch.level(), latch.level(strategy_scope(order.strategy)), latch.level(symbol_scope(order.symbol))
    )


def _venue(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.venue(order.venue, facts.product.venue, order.venue in standing.venues)


def _product(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    product = facts.product
    known = (product.symbol, product.base, standing.cluster_of(product.base))
    return checks.product(order.symbol, order.base, order.cluster, known, product.allowed)


def _status(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.status(facts.product.status, ONLINE)


def _data_age(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    most = CLOSED_BAR_MS if facts.closed_bar else standing.bounds.data_age_ms
    return checks.data_age(facts.data_age_ms, most)


def _reference(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.reference(facts.reference, facts.reference_source, facts.bid, facts.ask)


def _clock(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.clock(facts.clock_skew_ms, standing.bounds.clock_skew_ms)


def _quality(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.quality(facts.quality)


def _numbers(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    protects = order.action is _PROTECT
    return checks.numbers(
        order.qty, order.price, order.stop, not protects, protects or order.action is _ENTRY
    )


def _side(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    opens = order.action is _ENTRY
    wanted = (_OPENS if opens else _LEAVES).get(order.position)
    return checks.side(order.side, wanted, opens and order.side == "sell", facts.product.shortable)


def _our_lots(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    exposure = standing.exposure
    return checks.our_lots(
        order.qty,
        exposure.exits_left(order.strategy, order.symbol, order.replaces),
        exposure.held(order.strategy, order.symbol, order.position),
    )


def _tick(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.tick(order.price, order.stop, facts.product.tick)


def _lot(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.lot(order.qty, facts.product.lot)


def _stop(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.stop(order.stop or _ZERO, order.price or _ZERO, order.position == "long")


def _min_qty(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.min_qty(order.qty, facts.product.min_qty)


def _max_qty(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.max_qty(order.qty, facts.product.max_qty)


def _min_notional(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.min_notional(worth, facts.product.min_notional)


def _protectable(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    product = facts.product
    return checks.protectable(
        order.qty,
        order.stop or _ZERO,
        product.taker_fee,
        product.min_notional,
        standing.bounds.min_notional_margin,
    )


def _max_order(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.max_order(worth, standing.bounds.max_order)


def _collar(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.collar(order.price or _ZERO, facts.reference, standing.bounds.price_collar)


def _exit_collar(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    # A protective order is held against its own trigger: it rests far from the market by design.
    # Anything else is held against the reference, unless that is too old to hold an exit back.
    fresh = _data_age(standing, order, facts, worth) is PASS
    reference = order.stop if order.action is _PROTECT else facts.reference if fresh else None
    most = exit_collar(standing.bounds.price_collar, order.attempt)
    return checks.exit_collar(order.side == "sell", order.price, reference, most)


def _entry_rate(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    bucket = standing.rates.entries
    return checks.entry_rate(bucket.left(facts.now_ms), bucket.per_minute)


def _message_rate(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    rates = standing.rates
    left = rates.messages_left(facts.now_ms, order.action is _ENTRY)
    return checks.message_rate(left, rates.messages.per_minute)


def _executions(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    filled = standing.executions.count(order.strategy, facts.now_ms)
    return checks.executions(filled, standing.bounds.executions_per_hour)


def _duplicate_id(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.duplicate_id(order.id in standing.ids, order.id)


def _duplicate_order(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    since_ms = sent_before(standing, order, facts.now_ms)
    return checks.duplicate_order(since_ms, DUPLICATE_WINDOW_MS)


def _self_trade(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    opposite = standing.exposure.opposite(order.symbol, order.side)
    return checks.self_trade(order.side == "buy", order.price or _ZERO, opposite)


def _owner(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    exposure = standing.exposure
    opposite = exposure.opposite_way(order.strategy, order.symbol, order.position)
    return checks.owner(order.strategy, exposure.owner(order.base), opposite)


def _trade_share(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    used = standing.exposure.trade_used(order.strategy, order.symbol)
    return checks.trade_share(used, worth, trade_limit(standing, facts))


def _strategy_share(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    held = standing.exposure.of_strategy(order.strategy)
    most = standing.bounds.strategy_share
    return checks.share("strategy_share", held, worth, facts.equity, most)


def _gross_share(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    held = standing.exposure.gross()
    return checks.share("gross_share", held, worth, facts.equity, standing.bounds.gross_share)


def _symbol_share(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    held = standing.exposure.of_base(order.base)
    return checks.share("symbol_share", held, worth, facts.equity, standing.bounds.symbol_share)


def _cluster_share(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    held = standing.exposure.of_cluster(order.cluster)
    return checks.share("cluster_share", held, worth, facts.equity, standing.bounds.cluster_share)


def _capital(standing: Standing, order: OrderIntent, facts: Facts, worth: Decimal) -> Verdict:
    return checks.capital(
        facts.equity,
        facts.cash,
        facts.reconciled,
        standing.exposure.reserved(order.quote),
        worth if order.side == "buy" else _ZERO,
        facts.product.taker_fee,
    )


CHECKS: dict[str, Callable[[Standing, OrderIntent, Facts, Decimal], Verdict]] = {
    "fence": _fence,
    "latch": _latch,
    "venue": _venue,
    "product": _product,
    "status": _status,
    "data_age": _data_age,
    "reference": _reference,
    "clock": _clock,
    "quality": _quality,
    "numbers": _numbers,
    "side": _side,
    "our_lots": _our_lots,
    "tick": _tick,
    "lot": _lot,
    "stop": _stop,
    "min_qty": _min_qty,
    "max_qty": _max_qty,
    "min_notional": _min_notional,
    "protectable": _protectable,
    "max_order": _max_order,
    "collar": _collar,
    "exit_collar": _exit_collar,
    "entry_rate": _entry_rate,
    "message_rate": _message_rate,
    "executions": _executions,
    "duplicate_id": _duplicate_id,
    "duplicate_order": _duplicate_order,
    "self_trade": _self_trade,
    "owner": _owner,
    "trade_share": _trade_share,
    "strategy_share": _strategy_share,
    "gross_share": _gross_share,
    "symbol_share": _symbol_share,
    "cluster_share": _cluster_share,
    "capital": _capital,
}
