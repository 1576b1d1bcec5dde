"""The journal's lines of orders and fills: their bodies written and read. Amounts are decimal text.

`order` says that an order changed its state (its first line holds the whole intent), `fill` that the venue traded,
`amendment` what became of a change of a resting stop, `cancel` what became of asking for an order back, `reconciled`
what the venue's balances were when all agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from memesnipe_cli.clock import format_time, parse_time
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.facts import Balance, VenueFill
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.wire import plain

ORDER = "order"
FILL = "fill"
AMENDMENT = "amendment"
CANCEL = "cancel"
RECONCILED = "reconciled"

Line = tuple[str, dict[str, Any]]


def intent_line(intent: OrderIntent, now_ms: int, trade_used: Decimal = Decimal(0)) -> Line:
    """The first line of an order. trade_used: of an entry, its share of the limit of its trade."""
    return ORDER, {
        "id": intent.id,
        "state": str(OrderState.INTENT),
        "action": str(intent.action),
        "venue": intent.venue,
        "symbol": intent.symbol,
        "base": intent.base,
        "strategy": intent.strategy,
        "cluster": intent.cluster,
        "side": intent.side,
        "qty": plain(intent.qty),
        "price": None if intent.price is None else plain(intent.price),
        "kind": intent.kind,
        "position": intent.position,
        "stop": None if intent.stop is None else plain(intent.stop),
        "reason": intent.reason,
        "attempt": intent.attempt,
        "replaces": intent.replaces,
        "trade_used": plain(trade_used),
        "time": format_time(now_ms),
    }


def intent_of(body: Mapping[str, Any]) -> OrderIntent:
    """The intent of an order's first line."""
    return OrderIntent(
        id=body["id"],
        action=Action(body["action"]),
        venue=body["venue"],
        symbol=body["symbol"],
        base=body["base"],
        strategy=body["strategy"],
        cluster=body["cluster"],
        side=body["side"],
        qty=Decimal(body["qty"]),
        price=None if body["price"] is None else Decimal(body["price"]),
        kind=body["kind"],
        position=body["position"],
        stop=None if body["stop"] is None else Decimal(body["stop"]),
        reason=body["reason"],
        attempt=body["attempt"],
        replaces=body["replaces"],
    )


def state_line(intent: OrderIntent, state: OrderState, now_ms: int, **more: str | None) -> Line:
    """A change of state, with all that describes the order to a reader of this line alone. more: `venue_id`, `reason`,
    `deadline`, `expires`."""
    return ORDER, {
        "id": intent.id,
        "state": str(state),
        "strategy": intent.strategy,
        "venue": intent.venue,
        "symbol": intent.symbol,
        "side": intent.side,
        "kind": intent.kind,
        "qty": plain(intent.qty),
        "price": None if intent.price is None else plain(intent.price),
        "time": format_time(now_ms),
        **{name: value for name, value in more.items() if value},
    }


def amendment_line(
    order_id: str, new: OrderIntent, state: str, now_ms: int, reason: str = "", deadline_ms: int = 0
) -> Line:
    """A resting stop is being given other terms: `sent`, then `accepted`, `refused` or `unknown`."""
    return AMENDMENT, {
        "id": order_id,
        "as": new.id,
        "state": state,
        "qty": plain(new.qty),
        "price": None if new.price is None else plain(new.price),
        "stop": None if new.stop is None else plain(new.stop),
        "reason": reason,
        **({"deadline": format_time(deadline_ms)} if deadline_ms else {}),
        "time": format_time(now_ms),
    }


def cancel_line(order_id: str, venue_id: str, state: str, now_ms: int, reason: str = "") -> Line:
    """An order is asked back: `sent`, then `accepted`, `refused` or `unknown`."""
    return CANCEL, {
        "id": order_id,
        "venue_id": venue_id,
        "state": state,
        "reason": reason,
        "time": format_time(now_ms),
    }


def fill_line(intent: OrderIntent, fill: VenueFill) -> Line:
    """A trade, as the venue wrote it."""
    return FILL, {"strategy": intent.strategy, "venue": intent.venue, **fill_body(intent.id, fill)}


def fill_body(order_id: str, fill: VenueFill) -> dict[str, Any]:
    """A trade without what its order says of it."""
    return {
        "order": order_id,
        "venue_trade_id": fill.trade_id,
        "venue_id": fill.venue_order_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "qty": plain(fill.qty),
        "price": plain(fill.price),
        "cost": None if fill.cost is None else plain(fill.cost),
        "fee": plain(fill.fee),
        "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity,
        "time": format_time(fill.time_ms),
    }


def fill_of(body: Mapping[str, Any]) -> VenueFill:
    """The trade of a fill's line."""
    return VenueFill(
        trade_id=body["venue_trade_id"],
        venue_order_id=body["venue_id"],
        symbol=body["symbol"],
        side=body["side"],
        qty=Decimal(body["qty"]),
        price=Decimal(body["price"]),
        cost=None if body["cost"] is None else Decimal(body["cost"]),
        fee=Decimal(body["fee"]),
        fee_currency=body["fee_currency"],
        liquidity=body["liquidity"],
        time_ms=parse_time(body["time"]),
    )


def reconciled_line(
    venue: str,
    balances: Mapping[str, Balance],
    foreign: Iterable[str],
    now_ms: int,
    reason: str = "",
    flows: Iterable[str] = (),
) -> Line:
    """What was there, by currency, when books and venue agreed. foreign: trade ids of others that are in these balances
    already; flows: ids of the venue's ledger that are; reason: why a person took them as they are, although they did
    not agree."""
    return RECONCILED, {
        "venue": venue,
        "totals": {currency: plain(each.total) for currency, each in balances.items()},
        "foreign": sorted(foreign),
        "flows": sorted(flows),
        "reason": reason,
        "time": format_time(now_ms),
    }
