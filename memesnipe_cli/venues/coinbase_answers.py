"""Coinbase Advanced Trade's answers as our facts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from memesnipe_cli.market.calling import MalformedAnswerError
from memesnipe_cli.risk.facts import ONLINE, Product
from memesnipe_cli.venues import wire
from memesnipe_cli.venues.coinbase_products import Products
from memesnipe_cli.venues.facts import (
    Balance,
    Fees,
    Funding,
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

# field of a product -> our word, the gravest first. limit_only holds nothing back: only limits and stops are sent.
_MODES = {
    "is_disabled": "delisted",
    "view_only": "maintenance",
    "trading_disabled": "maintenance",
    "cancel_only": "cancel_only",
    "post_only": "post_only",
    "auction_mode": "auction",
}
_PERPETUAL = "FUTURE"
_SIDES = {"LONG": 1, "SHORT": -1}


def order(row: Any, products: Products) -> VenueOrder:
    """One order of the order history."""
    configured = wire.mapping(row, "order_configuration")
    terms = next((each for each in configured.values() if isinstance(each, Mapping)), {})
    said = wire.text(row, "status")
    reason = row.get("reject_message") or row.get("cancel_message")
    symbol = products.symbol_of(wire.text(row, "product_id"))
    unit = products.unit(symbol)
    size = wire.optional_amount(terms, "base_size")
    return VenueOrder(
        venue_id=wire.text(row, "order_id"),
        client_id=row.get("client_order_id") or "",
        symbol=symbol,
        side=wire.text(row, "side").lower(),
        qty=None if size is None else size * unit,
        filled=(wire.optional_amount(row, "filled_size") or _ZERO) * unit,
        price=wire.price_or_none(terms, "limit_price"),
        stop=wire.price_or_none(terms, "stop_price"),
        status=_STATUS.get(said, VenueStatus.UNCLEAR),
        words=f"{said}: {reason}" if reason else said,
        created_ms=wire.moment_ms(row, "created_time") if row.get("created_time") else 0,
        parent=row.get("originating_order_id") or "",
    )


def orders_page(answer: Any, products: Products) -> tuple[list[VenueOrder], str]:
    """A page of the order history and the cursor of the next, "" for none."""
    return [order(row, products) for row in wire.rows(answer, "orders")], _next_cursor(answer)


def fills_page(answer: Any, products: Products) -> tuple[list[VenueFill], str]:
    """A page of the fills and the cursor of the next."""
    return [_fill(row, products) for row in wire.rows(answer, "fills")], str(answer.get("cursor") or "")


def _fill(row: Any, products: Products) -> VenueFill:
    symbol = products.symbol_of(wire.text(row, "product_id"))
    price, size = wire.amount(row, "price"), wire.amount(row, "size")
    in_quote = row.get("size_in_quote") is True
    said = row.get("liquidity_indicator")
    return VenueFill(
        trade_id=wire.text(row, "trade_id"),
        venue_order_id=wire.text(row, "order_id"),
        symbol=symbol,
        side=wire.text(row, "side").lower(),
        qty=size / price if in_quote else size * products.unit(symbol),
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


def accounts_page(answer: Any) -> tuple[list[tuple[str, str]], str]:
    """A page of the accounts, currency and id of each, and the cursor of the next."""
    found = [
        (wire.text(row, "available_balance", "currency"), wire.text(row, "uuid"))
        for row in wire.rows(answer, "accounts")
    ]
    return found, _next_cursor(answer)


def positions(answer: Any, products: Products) -> list[VenuePosition]:
    """The open futures."""
    found = []
    for row in wire.rows(answer, "positions"):
        said = wire.text(row, "side").upper().rpartition("_")[2]
        if said not in _SIDES:
            raise MalformedAnswerError(f"a position is {said!r}, neither long nor short")
        symbol = products.symbol_of(wire.text(row, "product_id"))
        unit = wire.optional_amount(row, "contract_size") or products.unit(symbol)
        qty = abs(wire.amount(row, "number_of_contracts")) * unit
        if qty:
            found.append(VenuePosition(symbol, _SIDES[said] * qty))
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


def product(symbol: str, row: Any, unit: Decimal, taker_fee: Decimal | None) -> Product:
    """The row of a product. unit: how much of the base asset one of it is. What is not told is None."""
    tick = wire.optional_amount(row, "price_increment")
    return Product(
        venue="coinbase",
        symbol=symbol,
        base=symbol.partition("/")[0],
        tick=wire.optional_amount(row, "quote_increment") if tick is None else tick,
        lot=_units(row, "base_increment", unit),
        min_qty=_units(row, "base_min_size", unit),
        min_notional=wire.optional_amount(row, "quote_min_size"),
        max_qty=_units(row, "base_max_size", unit),
        taker_fee=taker_fee,
        status=product_status(row),
        shortable=row.get("product_type") == _PERPETUAL,
    )


def product_status(row: Any) -> str:
    """Of the row of a product: online, post_only, cancel_only, maintenance, delisted, auction, closed (a perpetual out
    of its hours), or another word of Coinbase's."""
    session = row.get("fcm_trading_session_details")
    if isinstance(session, Mapping) and session.get("is_session_open") is False:
        return "closed"
    said = str(row.get("status") or ONLINE)
    return next((word for field, word in _MODES.items() if row.get(field) is True), said)


def row_of(answer: Any, product_id: str) -> Mapping[str, Any]:
    """The row of a product in a list of them."""
    for row in wire.rows(answer, "products"):
        if isinstance(row, Mapping) and row.get("product_id") == product_id:
            return row
    raise MalformedAnswerError(f"the answer does not hold {product_id}")


def funding(row: Any) -> Funding:
    """Of the row of a perpetual."""
    told = wire.mapping(row, "future_product_details")
    interval = wire.text(told, "funding_interval")
    return Funding(
        rate=wire.amount(told, "funding_rate"),
        interval_ms=wire.seconds_ms({"": interval.removesuffix("s")}, ""),
        time_ms=wire.moment_ms(told, "funding_time") if told.get("funding_time") else None,
    )


def epoch_ms(answer: Any) -> int:
    """The time of brokerage/time: to the millisecond, else to the second."""
    if answer.get("epochMillis"):
        return int(wire.amount(answer, "epochMillis"))
    return wire.seconds_ms(answer, "epochSeconds")


def _units(row: Any, name: str, unit: Decimal) -> Decimal | None:
    size = wire.optional_amount(row, name)
    return None if size is None else size * unit


def _next_cursor(answer: Any) -> str:
    """Where there is no word of more, a cursor says that there is; without either the answer is not whole."""
    more, cursor = answer.get("has_next"), answer.get("cursor")
    if more is False:
        return ""
    if more is True and not cursor:
        raise MalformedAnswerError("there is more, and the answer does not say where")
    if more is None and cursor is None:
        raise MalformedAnswerError("the answer does not say whether there is more")
    return str(cursor or "")
