"""An OrderBook as JSON and back, for the snapshot that makes a fold quick."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from memesnipe_cli.risk.intent import OrderIntent
from memesnipe_cli.venues.holdings import Holding
from memesnipe_cli.venues.order_book import OpenAmendment, Order, OrderBook
from memesnipe_cli.venues.order_lines import intent_line, intent_of
from memesnipe_cli.venues.order_state import ENDED, OrderState
from memesnipe_cli.venues.wire import plain


def dump_book(book: OrderBook) -> dict[str, Any]:
    """Everything that the lines made."""
    return {
        "orders": [_order(each) for each in book.orders.values()],
        "trades": sorted(book.trades),
        "last_fill_ms": book.last_fill_ms,
        "holdings": [[*key, _holding(held)] for key, held in book.holdings.items()],
        "expected": {venue: _amounts(totals) for venue, totals in book.expected.items()},
        "foreign": {venue: sorted(trades) for venue, trades in book.foreign.items()},
        "counted": {venue: sorted(flows) for venue, flows in book.counted.items()},
        "reconciled_ms": dict(book.reconciled_ms),
        "first_ms": dict(book.first_ms),
    }


def load_book(data: Any) -> OrderBook:
    """The inverse of `dump_book`."""
    orders = [_loaded_order(each) for each in data["orders"]]
    return OrderBook(
        orders={each.intent.id: each for each in orders},
        trades=set(data["trades"]),
        holdings={(strategy, symbol): _loaded_holding(held) for strategy, symbol, held in data["holdings"]},
        expected={venue: _loaded_amounts(totals) for venue, totals in data["expected"].items()},
        foreign={venue: set(trades) for venue, trades in data["foreign"].items()},
        counted={venue: set(flows) for venue, flows in data["counted"].items()},
        reconciled_ms=dict(data["reconciled_ms"]),
        first_ms=dict(data["first_ms"]),
        last_fill_ms=data["last_fill_ms"],
        active={each.intent.id: each for each in orders if each.state not in ENDED},
        by_venue_id={each.venue_id: each.intent.id for each in orders if each.venue_id},
    )


def _order(order: Order) -> dict[str, Any]:
    amendment = order.amendment
    return {
        "intent": _intent(order.intent),
        "state": str(order.state),
        "venue_id": order.venue_id,
        "filled": plain(order.filled),
        "reason": order.reason,
        "risk_id": order.risk_id,
        "deadline_ms": order.deadline_ms,
        "expires_ms": order.expires_ms,
        "sent_ms": order.sent_ms,
        "cancel_ms": order.cancel_ms,
        "amendments": order.amendments,
        "trade_used": plain(order.trade_used),
        "amendment": None if amendment is None else [_intent(amendment.terms), amendment.deadline_ms],
        "disproved": order.disproved,
    }


def _loaded_order(data: dict[str, Any]) -> Order:
    amendment = data["amendment"]
    return Order(
        **{
            **data,
            "intent": intent_of(data["intent"]),
            "state": OrderState(data["state"]),
            "filled": Decimal(data["filled"]),
            "trade_used": Decimal(data["trade_used"]),
            "amendment": None if amendment is None else OpenAmendment(intent_of(amendment[0]), amendment[1]),
        }
    )


def _intent(intent: OrderIntent) -> dict[str, Any]:
    return intent_line(intent, 0)[1]


def _holding(held: Holding) -> dict[str, Any]:
    return {
        "base": held.base,
        "cluster": held.cluster,
        "position": held.position,
        "qty": plain(held.qty),
        "bought": plain(held.bought),
        "sold": plain(held.sold),
        "trade_used": plain(held.trade_used),
        "fees": _amounts(held.fees),
        "lots": [[plain(qty), plain(price)] for qty, price in held.lots],
        "since_ms": held.since_ms,
    }


def _loaded_holding(data: dict[str, Any]) -> Holding:
    return Holding(
        base=data["base"],
        cluster=data["cluster"],
        position=data["position"],
        qty=Decimal(data["qty"]),
        bought=Decimal(data["bought"]),
        sold=Decimal(data["sold"]),
        trade_used=Decimal(data["trade_used"]),
        fees=_loaded_amounts(data["fees"]),
        lots=[(Decimal(qty), Decimal(price)) for qty, price in data["lots"]],
        since_ms=data["since_ms"],
    )


def _amounts(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {name: plain(value) for name, value in amounts.items()}


def _loaded_amounts(data: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in data.items()}
