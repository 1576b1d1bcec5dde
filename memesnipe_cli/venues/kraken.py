"""Kraken spot, through ccxt's endpoint methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memesnipe_cli.clock import MINUTE_MS, SECOND_MS, format_time
from memesnipe_cli.errors import MemesnipeError, UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import Product
from memesnipe_cli.venues import kraken_answers as answers
from memesnipe_cli.venues import paging, wire
from memesnipe_cli.venues.calls import Calls
from memesnipe_cli.venues.facts import (
    Balance,
    Fees,
    Found,
    KeyRights,
    Unclear,
    VenueFill,
    VenueOrder,
    VenuePosition,
)
from memesnipe_cli.venues.finding import ours_among
from memesnipe_cli.venues.outcome import Outcome
from memesnipe_cli.venues.sending import approved_intent, checked_terms
from memesnipe_cli.venues.traits import KRAKEN, TimeInForce, Traits

if TYPE_CHECKING:
    import ccxt

_MOST_ASKED_BY_ID = 20
_MARGIN_MS = MINUTE_MS  # a history is asked for from a little earlier than an order can be


class Kraken:
    """See protocol.py. `exchange` must have its product list."""

    def __init__(self, exchange: ccxt.Exchange, **timing: float) -> None:
        self._calls = Calls(exchange, KRAKEN.refusals, **timing)
        self._exchange = exchange

    @property
    def traits(self) -> Traits:
        """Kraken's."""
        return KRAKEN

    # Orders

    def send(
        self, approved: Approved, *, deadline_ms: int | None = None, expires_ms: int | None = None
    ) -> Outcome:
        """AddOrder."""
        terms = checked_terms(KRAKEN, approved, expires_ms)
        body = {
            "pair": self._pair(terms.symbol),
            "type": terms.side,
            "ordertype": "limit",
            "volume": wire.plain(terms.qty),
            "cl_ord_id": terms.client_id,
            "oflags": ",".join(KRAKEN.order_flags),
        }
        if terms.stop is not None:
            body["ordertype"] = "stop-loss" if terms.price is None else "stop-loss-limit"
            body["price"] = wire.plain(terms.stop)
            if terms.price is not None:
                body["price2"] = wire.plain(terms.price)
        elif terms.price is not None:
            body["price"] = wire.plain(terms.price)
            body["timeinforce"] = terms.time_in_force.upper()
        if terms.time_in_force is TimeInForce.GTD and terms.expires_ms is not None:
            body["expiretm"] = str(-(-terms.expires_ms // SECOND_MS))
        if deadline_ms is not None:
            body["deadline"] = format_time(deadline_ms)
        approved.spend()
        return self._calls.once("an order", lambda: self._exchange.privatePostAddOrder(body), _first_txid)

    def probe(self, approved: Approved, *, expires_ms: int | None = None) -> Outcome:
        """Never: the same id sent again may make a second order."""
        raise UsageError(
            f"kraken would take {approved.intent.id} a second time", "wait for its deadline and ask for it"
        )

    def cancel(self, approved: Approved, venue_id: str) -> Outcome:
        """CancelOrder, by our id."""
        intent = approved_intent(KRAKEN, approved)
        approved.spend()
        return self._calls.once(
            "a cancel",
            lambda: self._exchange.privatePostCancelOrder({"cl_ord_id": intent.id}),
            lambda answer: venue_id or intent.id if _count(answer) else None,
        )

    def amend_stop(self, approved: Approved, venue_id: str, *, deadline_ms: int | None = None) -> Outcome:
        """AmendOrder: the order keeps its ids and its place."""
        terms = checked_terms(KRAKEN, approved, None)
        body = {"txid": venue_id, "order_qty": wire.plain(terms.qty)}
        if terms.stop is not None:
            body["trigger_price"] = wire.plain(terms.stop)
        if terms.price is not None:
            body["limit_price"] = wire.plain(terms.price)
        if deadline_ms is not None:
            body["deadline"] = format_time(deadline_ms)
        approved.spend()
        return self._calls.once(
            "an amendment",
            lambda: self._exchange.privatePostAmendOrder(body),
            lambda answer: venue_id if _amend_id(answer) else None,
        )

    # Questions

    def find(self, client_id: str, *, venue_id: str = "", symbol: str = "", since_ms: int = 0) -> Found:
        """Open orders, then closed ones (an order moves that way only), then the orders behind all trades since."""
        try:
            looked_ms = self.server_time()
            found = self._by_id([venue_id]) if venue_id else []
            if not found:
                found = self._open({"cl_ord_id": client_id}) + self._closed(client_id, since_ms)
            if not any(each.client_id == client_id for each in found):
                known = {each.venue_id for each in found}
                traded = {each.venue_order_id for each in self.fills(max(0, since_ms - _MARGIN_MS))}
                found += self._by_id(sorted(traded - known))
        except MemesnipeError as error:
            return Unclear(error.message)
        return ours_among(found, client_id, venue_id, looked_ms)

    def open_orders(self) -> list[VenueOrder]:
        """OpenOrders."""
        return self._open({})

    def fills(self, since_ms: int) -> list[VenueFill]:
        """TradesHistory, all pages."""

        def page(offset: int) -> tuple[list[VenueFill], int]:
            # `start` is exclusive, in seconds.
            body = {"start": str(since_ms // SECOND_MS - 1), "ofs": str(offset)}
            return self._calls.ask("the trades", lambda: self._exchange.privatePostTradesHistory(body), read)

        def read(answer: Any) -> tuple[list[VenueFill], int]:
            rows = wire.mapping(answer, "result", "trades")
            return [answers.fill(name, row, self._symbol) for name, row in rows.items()], _total(answer)

        each_once = {each.trade_id: each for each in paging.by_offset(page)}
        return sorted(each_once.values(), key=lambda each: (each.time_ms, each.trade_id))

    def balances(self) -> dict[str, Balance]:
        """BalanceEx."""
        return self._calls.ask(
            "the balances",
            lambda: self._exchange.privatePostBalanceEx(),
            lambda answer: answers.balances(answer, self._exchange.safe_currency_code),
        )

    def positions(self) -> list[VenuePosition]:
        """None: spot only."""
        return []

    def server_time(self) -> int:
        """Time, in whole seconds there."""
        return self._calls.ask(
            "the time",
            lambda: self._exchange.publicGetTime(),
            lambda answer: wire.seconds_ms(answer, "result", "unixtime"),
        )

    def key_rights(self) -> KeyRights:
        """GetApiKeyInfo."""
        call = self._exchange.privatePostGetApiKeyInfo
        return self._calls.ask("the rights of the key", lambda: call(), answers.key_rights)

    def fees(self, symbol: str) -> Fees:
        """TradeVolume."""
        pair = self._pair(symbol)
        return self._calls.ask(
            "the fees",
            lambda: self._exchange.privatePostTradeVolume({"pair": pair}),
            lambda answer: answers.fees(answer, pair),
        )

    def product(self, symbol: str) -> Product:
        """AssetPairs and Assets, with the fee of TradeVolume."""
        pair = self._pair(symbol)
        row = self._calls.ask(
            "the product",
            lambda: self._exchange.publicGetAssetPairs({"pair": pair}),
            lambda answer: wire.mapping(answer, "result", pair),
        )
        assets = self._calls.ask(
            "the assets",
            lambda: self._exchange.publicGetAssets(),
            lambda answer: wire.mapping(answer, "result"),
        )
        return answers.product(symbol, row, assets, self.fees(symbol).taker)

    def dead_man(self, seconds: int) -> None:
        """CancelAllOrdersAfter, in seconds there (ccxt's own method takes milliseconds)."""
        if not 0 <= seconds <= 86_400:
            raise UsageError(f"a dead-man's switch of {seconds} s", "0 switches it off; at most a day")
        self._calls.ask(
            "the dead-man's switch",
            lambda: self._exchange.privatePostCancelAllOrdersAfter({"timeout": str(seconds)}),
            lambda answer: wire.text(answer, "result", "triggerTime"),
        )

    # Parts

    def _open(self, filters: dict[str, str]) -> list[VenueOrder]:
        return self._calls.ask(
            "the open orders",
            lambda: self._exchange.privatePostOpenOrders(filters),
            lambda answer: answers.orders(answer, self._symbol, "result", "open"),
        )

    def _closed(self, client_id: str, since_ms: int) -> list[VenueOrder]:
        def page(offset: int) -> tuple[list[VenueOrder], int]:
            body = {"cl_ord_id": client_id, "ofs": str(offset)}
            if since_ms:
                body["start"] = str(max(0, since_ms - _MARGIN_MS) // SECOND_MS)
            return self._calls.ask(
                "the closed orders",
                lambda: self._exchange.privatePostClosedOrders(body),
                lambda answer: (
                    answers.orders(answer, self._symbol, "result", "closed"),
                    _total(answer),
                ),
            )

        return paging.by_offset(page)

    def _by_id(self, venue_ids: list[str]) -> list[VenueOrder]:
        found: list[VenueOrder] = []
        for start in range(0, len(venue_ids), _MOST_ASKED_BY_ID):
            body = {"txid": ",".join(venue_ids[start : start + _MOST_ASKED_BY_ID])}
            found += self._calls.ask(
                "orders by their ids",
                lambda body=body: self._exchange.privatePostQueryOrders(body),  # type: ignore[misc]
                lambda answer: answers.orders(answer, self._symbol, "result"),
            )
        return found

    def _pair(self, symbol: str) -> str:
        market = (self._exchange.markets or {}).get(symbol)
        if market is None:
            raise UsageError(f"kraken has no symbol {symbol!r}", "symbols are written as DOGE/USD")
        return str(market["id"])

    def _symbol(self, pair: str) -> str:
        market = self._exchange.resolve_market_by_altname_or_id(pair)
        return str(market["symbol"]) if market else pair


def _first_txid(answer: Any) -> object:
    result = answer.get("result") if isinstance(answer, dict) else None
    ids = result.get("txid") if isinstance(result, dict) else None
    return ids[0] if isinstance(ids, list) and len(ids) == 1 else None


def _amend_id(answer: Any) -> bool:
    result = answer.get("result") if isinstance(answer, dict) else None
    return isinstance(result, dict) and bool(result.get("amend_id"))


def _count(answer: Any) -> bool:
    result = answer.get("result") if isinstance(answer, dict) else None
    return isinstance(result, dict) and str(result.get("count", "")) not in ("", "0")


def _total(answer: Any) -> int:
    return int(wire.text(answer, "result", "count"))
