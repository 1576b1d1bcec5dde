"""Transaction cost analysis: the implementation shortfall of orders, summed by strategy, symbol, day or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from memesnipe_cli.audit.orders import OrderReader, TradedOrder
from memesnipe_cli.audit.shortfall import PARTS, Shortfall, add, basis_points
from memesnipe_cli.clock import DAY_MS, floor_to, format_time
from memesnipe_cli.errors import UsageError
from memesnipe_cli.records import decimal_text, record
from memesnipe_cli.store.entry import Entry

GROUPINGS = ("strategy", "symbol", "day", "order")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which orders: of which time (their first line, ms UTC, until is outside), strategy, symbol. None: every one."""

    since_ms: int | None = None
    until_ms: int | None = None
    strategy: str | None = None
    symbol: str | None = None

    def has(self, order: TradedOrder) -> bool:
        """Whether an order is among them."""
        return (
            (self.since_ms is None or order.time_ms >= self.since_ms)
            and (self.until_ms is None or order.time_ms < self.until_ms)
            and self.strategy in (None, order.strategy)
            and self.symbol in (None, order.symbol)
        )


def analyse(entries: Iterable[Entry], chosen: Chosen, by: str) -> list[dict[str, Any]]:
    """A `tca` record a group and currency, in the order of their names (of days and orders: of time).

    Money is decimal text, above 0 a cost; the parts add up to `total` exactly. `unknown` counts, by part, the orders of
    which it is not known; what is not known is in no sum. Orders on paper and of real money are never in one row.
    Raises UsageError for a grouping that is none of GROUPINGS.
    """
    if by not in GROUPINGS:
        raise UsageError(f"cannot group by {by!r}", f"by one of: {', '.join(GROUPINGS)}")
    groups: dict[tuple[str, str, bool], list[TradedOrder]] = {}
    for order in OrderReader().take_all(entries).values():
        # An order that rests unhit, or was never sent, has cost nothing and was nothing.
        if chosen.has(order) and (order.wanted > 0 or order.fills):
            groups.setdefault((_key(order, by), order.currency, order.paper), []).append(order)
    in_order = groups.items() if by == "order" else sorted(groups.items())
    return [
        _row(by, key, currency, paper, orders, [each.cost() for each in orders])
        for (key, currency, paper), orders in in_order
    ]


def order_record(order: TradedOrder) -> dict[str, Any]:
    """The `tca` record of one order."""
    return _row("order", order.id, order.currency, order.paper, [order], [order.cost()])


def _key(order: TradedOrder, by: str) -> str:
    if by == "day":
        return format_time(floor_to(order.time_ms, DAY_MS))[:10]
    return {"strategy": order.strategy, "symbol": order.symbol, "order": order.id}[by]


def _row(
    by: str, key: str, currency: str, paper: bool, orders: list[TradedOrder], costs: list[Shortfall]
) -> dict[str, Any]:
    whole = add(costs)
    unknown = {part: sum(part in each.unknown for each in costs) for part in PARTS}
    amounts = {part: getattr(whole, part) for part in PARTS}
    said = record(
        "tca",
        by=by,
        key=key,
        currency=currency,
        paper=paper,
        orders=len(orders),
        filled_orders=sum(bool(each.fills) for each in orders),
        notional=decimal_text(whole.notional),
        **{part: None if amount is None else decimal_text(amount) for part, amount in amounts.items()},
        total=decimal_text(whole.total),
        **{f"{part}_bps": basis_points(amount, whole.notional) for part, amount in amounts.items()},
        total_bps=basis_points(whole.total, whole.notional),
        unknown={part: count for part, count in unknown.items() if count},
        signal_to_sent_ms=_median([each.sent_ms for each in orders]),
        sent_to_acknowledged_ms=_median([each.acknowledged_ms for each in orders]),
    )
    if by == "order":
        (order,) = orders
        said |= {
            "strategy": order.strategy,
            "venue": order.venue,
            "symbol": order.symbol,
            "side": order.side,
            "action": order.action,
            "state": order.state,
            "wanted": decimal_text(order.wanted),
            "filled": decimal_text(order.filled),
            "time": format_time(order.time_ms),
        }
    return said


def _median(values: Iterable[int | None]) -> float | None:
    known = sorted(each for each in values if each is not None)
    if not known:
        return None
    middle = len(known) // 2
    return float(known[middle]) if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
