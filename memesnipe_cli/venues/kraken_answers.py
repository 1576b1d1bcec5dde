"""Kraken's answers as our facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from memesnipe_cli.market.calling import MalformedAnswerError
from memesnipe_cli.risk.facts import ONLINE, Product
from memesnipe_cli.venues import wire
from memesnipe_cli.venues.facts import Balance, Fees, KeyRights, VenueFill, VenueOrder, VenueStatus

_STATUS = {
    "pending": VenueStatus.OPEN,
    "open": VenueStatus.OPEN,
    "closed": VenueStatus.CLOSED,
    "canceled": VenueStatus.CLOSED,
    "expired": VenueStatus.CLOSED,
}
_PERCENT = Decimal(100)
_ONE = Decimal(1)

# Rights that take nothing out of an account. Any other, known or not, makes a key unfit to trade with.
_READS = frozenset({"query-funds", "query-open-trades"})
_TRADES = "modify-trades"
_WITHDRAWS = "withdraw-funds"
_HARMLESS = _READS | {
    _TRADES,
    "add-funds",
    "close-trades",
    "query-closed-trades",
    "query-ledger",
    "query-ledger-entries",
    "export-data",
    "access-websockets",
    "access-websockets-api",
    "create-ws-token",
}

Names = Callable[[str], str]


def order(venue_id: str, row: Any, symbol_of: Names) -> VenueOrder:
    """One order of OpenOrders, ClosedOrders or QueryOrders. symbol_of: the symbol of a pair's name."""
    told = wire.mapping(row, "descr")
    triggered = wire.text(told, "ordertype").startswith(("stop-loss", "take-profit", "trailing"))
    first, second = wire.price_or_none(told, "price"), wire.price_or_none(told, "price2")
    said = wire.text(row, "status")
    reason = row.get("reason")
    return VenueOrder(
        venue_id=venue_id,
        client_id=row.get("cl_ord_id") or "",
        symbol=symbol_of(wire.text(told, "pair")),
        side=wire.text(told, "type"),
        qty=wire.amount(row, "vol"),
        filled=wire.amount(row, "vol_exec"),
        price=second if triggered else first,
        stop=(first or wire.price_or_none(row, "stopprice")) if triggered else None,
        status=_STATUS.get(said, VenueStatus.UNCLEAR),
        words=f"{said}: {reason}" if reason else said,
        created_ms=wire.seconds_ms(row, "opentm"),
        parent=row.get("refid") or "",
    )


def orders(answer: Any, symbol_of: Names, *path: str) -> list[VenueOrder]:
    """The orders at `path` of an answer, which must be there."""
    return [order(venue_id, row, symbol_of) for venue_id, row in wire.mapping(answer, *path).items()]


def fill(trade_id: str, row: Any, symbol_of: Names) -> VenueFill:
    """One trade of TradesHistory. The fee is in quote, since every order is sent with `fciq`, unless the trade names
    another currency."""
    symbol = symbol_of(wire.text(row, "pair"))
    maker = row.get("maker")
    return VenueFill(
        trade_id=trade_id,
        venue_order_id=wire.text(row, "ordertxid"),
        symbol=symbol,
        side=wire.text(row, "type"),
        qty=wire.amount(row, "vol"),
        price=wire.amount(row, "price"),
        cost=wire.amount(row, "cost"),
        fee=wire.amount(row, "fee"),
        fee_currency=row.get("fee_currency") or symbol.rpartition("/")[2],
        liquidity="" if maker is None else "maker" if maker is True else "taker",
        time_ms=wire.seconds_ms(row, "time"),
    )


def balances(answer: Any, currency_of: Names) -> dict[str, Balance]:
    """BalanceEx: what an order may use is what is there less what open orders hold."""
    found: dict[str, Balance] = {}
    for name, row in wire.mapping(answer, "result").items():
        total, held = wire.amount(row, "balance"), wire.amount(row, "hold_trade")
        currency = currency_of(name)
        before = found.get(currency)
        free = total - held
        found[currency] = (
            Balance(free, held) if before is None else Balance(before.free + free, before.held + held)
        )
    if not found:
        raise MalformedAnswerError("the answer holds no balances")
    return found


def key_rights(answer: Any) -> KeyRights:
    """GetApiKeyInfo."""
    rights = {str(each) for each in wire.rows(answer, "result", "permissions")}
    return KeyRights(
        may_read=rights >= _READS,
        may_trade=_TRADES in rights,
        may_withdraw=_WITHDRAWS in rights,
        others=tuple(sorted(rights - _HARMLESS - {_WITHDRAWS})),
    )


def fees(answer: Any, pair: str) -> Fees:
    """TradeVolume, in per cent there."""
    result = wire.mapping(answer, "result")
    taker = wire.amount(wire.mapping(result, "fees", pair), "fee") / _PERCENT
    makers = result.get("fees_maker")
    maker = wire.amount(makers, pair, "fee") / _PERCENT if isinstance(makers, Mapping) else taker
    return Fees(maker, taker)


def product(symbol: str, pair: Any, assets: Any, taker_fee: Decimal) -> Product:
    """A row of AssetPairs with the Assets. An asset's decimals go before the pair's lot."""
    base = wire.text(pair, "base")
    places = min(int(wire.text(pair, "lot_decimals")), int(wire.text(assets, base, "decimals")))
    tick = wire.optional_amount(pair, "tick_size")
    return Product(
        venue="kraken",
        symbol=symbol,
        base=symbol.partition("/")[0],
        tick=_ONE.scaleb(-int(wire.text(pair, "pair_decimals"))) if tick is None else tick,
        lot=_ONE.scaleb(-places),
        min_qty=wire.amount(pair, "ordermin"),
        min_notional=wire.amount(pair, "costmin"),
        taker_fee=taker_fee,
        status=pair.get("status") or ONLINE,
    )
