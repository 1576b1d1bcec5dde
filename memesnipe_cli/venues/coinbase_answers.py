"""Coinbase Advanced Trade's answers as our facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from memesnipe_cli.market.calling import MalformedAnswerError
from memesnipe_cli.risk.facts import ONLINE, Product
from memesnipe_cli.venues import wire
from memesnipe_cli.venues.facts import (
    Balance,
    Fees,
    KeyRights,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueStatus,
)

_STATUS = {
    "PENDING": VenueStatus.OPEN,
    "OPEN": VenueStatus.OPEN,
    "QUEUED": VenueStatus.OPEN,
    "CANCEL_QUEUED": VenueStatus.OPEN,
    "EDIT_QUEUED": VenueStatus.OPEN,
    "FILLED": VenueStatus.CLOSED,
    "CANCELLED": VenueStatus.CLOSED,
    "EXPIRED": VenueStatus.CLOSED,
    "FAILED": VenueStatus.CLOSED,
}
_ZERO = Decimal(0)

# field of a product -> our word, the gravest first
_MODES = {
    "is_disabled": "delisted",
    "view_only": "maintenance",
    "trading_disabled": "maintenance",
    "cancel_only": "cancel_only",
    "post_only": "post_only",
    "auction_mode": "auction",
}
_PERPETUAL = "FUTURE"

Names = Callable[[str], str]


def order(row: Any, symbol_of: Names) -> VenueOrder:
    """One order of the order history."""
    configured = wire.mapping(row, "order_configuration")
    terms = next((each for each in configured.values() if isinstance(each, Mapping)), {})
    said = wire.text(row, "status")
    reason = row.get("reject_message") or row.get("cancel_message")
    return VenueOrder(
        venue_id=wire.text(row, "order_id"),
        client_id=row.get("client_order_id") or "",
        symbol=symbol_of(wire.text(row, "product_id")),
        side=wire.text(row, "side").lower(),
        qty=wire.optional_amount(terms, "base_size"),
        filled=wire.optional_amount(row, "filled_size") or _ZERO,
        price=wire.price_or_none(terms, "limit_price"),
        stop=wire.price_or_none(terms, "stop_price"),
        status=_STATUS.get(said, VenueStatus.UNCLEAR),
        words=f"{said}: {reason}" if reason else said,
        created_ms=wire.moment_ms(row, "created_time"),
        parent=row.get("originating_order_id") or "",
    )


def orders_page(answer: Any, symbol_of: Names) -> tuple[list[VenueOrder], str]:
    """A page of the order history and the cursor of the next, "" for none."""
    found = [order(row, symbol_of) for row in wire.rows(answer, "orders")]
    return found, _next_cursor(answer)


def fills_page(answer: Any, symbol_of: Names) -> tuple[list[VenueFill], str]:
    """A page of the fills and the cursor of the next."""
    return [_fill(row, symbol_of) for row in wire.rows(answer, "fills")], str(answer.get("cursor") or "")


def _fill(row: Any, symbol_of: Names) -> VenueFill:
    symbol = symbol_of(wire.text(row, "product_id"))
    price, size = wire.amount(row, "price"), wire.amount(row, "size")
    in_quote = row.get("size_in_quote") is True
    said = row.get("liquidity_indicator")
    return VenueFill(
        trade_id=wire.text(row, "trade_id"),
        venue_order_id=wire.text(row, "order_id"),
        symbol=symbol,
        side=wire.text(row, "side").lower(),
        qty=size / price if in_quote else size,
        price=price,
        cost=size if in_quote else None,
        fee=wire.amount(row, "commission"),
        fee_currency=symbol.rpartition("/")[2].partition(":")[0],
        liquidity={"MAKER": "maker", "TAKER": "taker"}.get(str(said), ""),
        time_ms=wire.moment_ms(row, "trade_time"),
    )


def balances_page(answer: Any) -> tuple[list[tuple[str, Balance]], str]:
    """A page of the accounts and the cursor of the next."""
    found = []
    for row in wire.rows(answer, "accounts"):
        currency = wire.text(row, "available_balance", "currency")
        free, held = wire.amount(row, "available_balance", "value"), wire.amount(row, "hold", "value")
        found.append((currency, Balance(free, held)))
    return found, _next_cursor(answer)


def positions(answer: Any, symbol_of: Names) -> list[VenuePosition]:
    """The open futures."""
    found = []
    for row in wire.rows(answer, "positions"):
        contracts = wire.amount(row, "number_of_contracts")
        short = wire.text(row, "side").upper() == "SHORT"
        symbol = symbol_of(wire.text(row, "product_id"))
        found.append(VenuePosition(symbol, -contracts if short else contracts))
    return found


def key_rights(answer: Any) -> KeyRights:
    """key_permissions. A right to transfer takes out as well as one to withdraw."""
    rights = {name: value for name, value in wire.mapping(answer).items() if name.startswith("can_")}
    known = ("can_view", "can_trade", "can_transfer")
    for name in known:
        if not isinstance(rights.get(name), bool):
            raise MalformedAnswerError(f"the answer does not say {name}")
    return KeyRights(
        may_read=rights["can_view"],
        may_trade=rights["can_trade"],
        may_withdraw=rights["can_transfer"],
        others=tuple(sorted(name for name, value in rights.items() if name not in known and value)),
    )


def fees(answer: Any) -> Fees:
    """transaction_summary."""
    return Fees(
        wire.amount(answer, "fee_tier", "maker_fee_rate"), wire.amount(answer, "fee_tier", "taker_fee_rate")
    )


def product(symbol: str, answer: Any, product_id: str, taker_fee: Decimal) -> Product:
    """The row of a product in a list of them."""
    row = next((each for each in wire.rows(answer, "products") if each.get("product_id") == product_id), None)
    if row is None:
        raise MalformedAnswerError(f"the answer does not hold {product_id}")
    said = row.get("status") or ONLINE
    mode = next((word for field, word in _MODES.items() if row.get(field) is True), said)
    return Product(
        venue="coinbase",
        symbol=symbol,
        base=symbol.partition("/")[0],
        tick=wire.amount(row, "price_increment"),
        lot=wire.amount(row, "base_increment"),
        min_qty=wire.amount(row, "base_min_size"),
        min_notional=wire.amount(row, "quote_min_size"),
        max_qty=wire.optional_amount(row, "base_max_size"),
        taker_fee=taker_fee,
        status=mode,
        shortable=row.get("product_type") == _PERPETUAL,
    )


def _next_cursor(answer: Any) -> str:
    if not isinstance(answer.get("has_next"), bool):
        raise MalformedAnswerError("the answer does not say whether there is more")
    return str(answer.get("cursor") or "") if answer["has_next"] else ""
