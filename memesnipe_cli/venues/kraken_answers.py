"""Kraken's answers as our facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
_TRIGGERED = ("stop-loss", "take-profit", "trailing")
_PERCENT = Decimal(100)
_ZERO = Decimal(0)
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
    kind = wire.text(told, "ordertype")
    first, second = wire.price_or_none(told, "price"), wire.price_or_none(told, "price2")
    price, stop = first, None
    if kind.startswith(_TRIGGERED):
        price = second if kind.endswith("-limit") else None
        stop = first or wire.price_or_none(row, "stopprice")
    said = wire.text(row, "status")
    reason = row.get("reason")
    return VenueOrder(
        venue_id=venue_id,
        client_id=row.get("cl_ord_id") or "",
        symbol=symbol_of(wire.text(told, "pair")),
        side=wire.text(told, "type"),
        qty=wire.amount(row, "vol"),
        filled=wire.amount(row, "vol_exec"),
        price=price,
        stop=stop,
        status=_STATUS.get(said, VenueStatus.UNCLEAR),
        words=f"{said}: {reason}" if reason else said,
        created_ms=wire.optional_seconds_ms(row, "opentm"),
        parent=row.get("refid") or "",
    )


def orders(answer: Any, symbol_of: Names, *path: str) -> dict[str, VenueOrder]:
    """The orders at `path` of an answer, which must be there, by the venue's ids."""
    return {
        venue_id: order(venue_id, row, symbol_of) for venue_id, row in wire.mapping(answer, *path).items()
    }


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
        cost=wire.optional_amount(row, "cost"),
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
        _add(found, currency_of(name), total - held, held)
    return _some(found)


def totals(answer: Any, currency_of: Names) -> dict[str, Balance]:
    """Balance, which does not say what is held."""
    found: dict[str, Balance] = {}
    for name in wire.mapping(answer, "result"):
        _add(found, currency_of(name), wire.amount(answer, "result", name), _ZERO)
    return _some(found)


def with_holds(found: Mapping[str, Balance], open_orders: Iterable[VenueOrder]) -> dict[str, Balance]:
    """`found` with what open orders hold: what they sell, or what they buy for, without the fee."""
    held: dict[str, Decimal] = {}
    for each in open_orders:
        base, _, quote = each.symbol.partition("/")
        left = (each.qty or _ZERO) - each.filled
        price = each.price or each.stop or _ZERO
        currency, amount = (base, left) if each.side == "sell" else (quote, left * price)
        held[currency] = held.get(currency, _ZERO) + amount
    return {
        currency: Balance(each.total - held.get(currency, _ZERO), held.get(currency, _ZERO))
        for currency, each in found.items()
    }


def _add(found: dict[str, Balance], currency: str, free: Decimal, held: Decimal) -> None:
    before = found.get(currency, Balance(_ZERO, _ZERO))
    found[currency] = Balance(before.free + free, before.held + held)


def _some(found: dict[str, Balance]) -> dict[str, Balance]:
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


def fees(answer: Any, is_pair: Callable[[str], bool]) -> Fees:
    """TradeVolume, in per cent there, under whichever name of the pair `is_pair` knows."""
    result = wire.mapping(answer, "result")
    taker = _fee(wire.mapping(result, "fees"), is_pair)
    makers = result.get("fees_maker")
    maker = _fee(makers, is_pair) if isinstance(makers, Mapping) and makers else taker
    return Fees(maker, taker)


def product(symbol: str, pair: Any, assets: Any, taker_fee: Decimal | None) -> Product:
    """A row of AssetPairs with the Assets. An asset's decimals go before the pair's lot. What is not told is None."""
    asset = assets.get(pair.get("base"))
    places = [wire.optional_count(pair, "lot_decimals"), wire.optional_count(asset, "decimals")]
    known = [each for each in places if each is not None]
    tick = wire.optional_amount(pair, "tick_size")
    decimals = wire.optional_count(pair, "pair_decimals")
    if tick is None and decimals is not None:
        tick = _ONE.scaleb(-decimals)
    return Product(
        venue="kraken",
        symbol=symbol,
        base=symbol.partition("/")[0],
        tick=tick,
        lot=_ONE.scaleb(-min(known)) if len(known) == len(places) else None,
        min_qty=wire.optional_amount(pair, "ordermin"),
        min_notional=wire.optional_amount(pair, "costmin"),
        taker_fee=taker_fee,
        status=product_status(pair),
    )


def product_status(pair: Any) -> str:
    """Of a row of AssetPairs: online, post_only, limit_only, cancel_only, reduce_only, or another word of Kraken's.
    limit_only is online: nothing but limit orders and stops is ever sent."""
    said = str(pair.get("status") or ONLINE)
    return ONLINE if said == "limit_only" else said


def row_of(answer: Any, is_pair: Callable[[str], bool]) -> Mapping[str, Any]:
    """The row of a pair in AssetPairs, under whichever name `is_pair` knows."""
    pairs = wire.mapping(answer, "result")
    return wire.mapping(pairs, _name_of(pairs, is_pair))


def _fee(fees_of: Mapping[str, Any], is_pair: Callable[[str], bool]) -> Decimal:
    return wire.amount(fees_of, _name_of(fees_of, is_pair), "fee") / _PERCENT


def _name_of(named: Mapping[str, Any], is_pair: Callable[[str], bool]) -> str:
    name = next((each for each in named if is_pair(each)), None)
    if name is None:
        raise MalformedAnswerError("the answer does not hold the pair")
    return name
