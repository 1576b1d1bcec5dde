"""Kraken spot, through ccxt's endpoint methods."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from memesnipe_cli.clock import MINUTE_MS, SECOND_MS, format_time
from memesnipe_cli.errors import MemesnipeError, NetworkError, UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import Product
from memesnipe_cli.venues import kraken_answers as answers
from memesnipe_cli.venues import kraken_ledger, paging, wire
from memesnipe_cli.venues.calls import CallOptions, Calls, NoSuchThingError
from memesnipe_cli.venues.facts import (
    Absent,
    Balance,
    Fees,
    Found,
    Funding,
    KeyRights,
    Unclear,
    VenueFill,
    VenueOrder,
    VenuePosition,
)
from memesnipe_cli.venues.finding import by_venue_id, named_by_filter, nameless, ours_among
from memesnipe_cli.venues.flows import Flow
from memesnipe_cli.venues.outcome import Outcome
from memesnipe_cli.venues.sending import approved_intent, checked_terms
from memesnipe_cli.venues.traits import KRAKEN, TimeInForce, Traits

if TYPE_CHECKING:
    import ccxt

_MOST_ASKED_BY_ID = 20
_OF_NOBODY = "id-of-no-order"
_MARGIN_MS = MINUTE_MS  # a history is asked for from a little earlier than an order can be


class Kraken:
    """See protocol.py. `exchange` must have its product list."""

    def __init__(self, exchange: ccxt.Exchange, **options: Unpack[CallOptions]) -> None:
        self._calls = Calls(exchange, KRAKEN, **options)
        self._exchange = exchange
        if not exchange.options.get("marketsByAltname"):
            # Orders and trades name a pair by it (XBTUSD); ccxt knows it after fetching a product list only, not after
            # being given one that was kept.
            kept = list((exchange.markets or {}).values())
            exchange.options["marketsByAltname"] = exchange.index_by(kept, "altname")
        self._assets: Mapping[str, Any] = {}

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
        return self._calls.once(
            "an order", approved.fence, lambda: self._exchange.privatePostAddOrder(body), _first_txid
        )

    def probe(self, approved: Approved, *, expires_ms: int | None = None) -> Outcome:
        """Never: the same id sent again may make a second order."""
        raise UsageError(
            f"kraken would take {approved.intent.id} a second time", "wait for its deadline and ask for it"
        )

    def cancel(self, approved: Approved, venue_id: str) -> Outcome:
        """CancelOrder, by the venue's id where it is known, else by ours."""
        intent = approved_intent(KRAKEN, approved)
        body = {"txid": venue_id} if venue_id else {"cl_ord_id": intent.id}
        approved.spend()
        return self._calls.once(
            "a cancel",
            approved.fence,
            lambda: self._exchange.privatePostCancelOrder(body),
            lambda answer: venue_id or intent.id if _cancels(answer) else None,
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
            approved.fence,
            lambda: self._exchange.privatePostAmendOrder(body),
            lambda answer: venue_id if _amend_id(answer) else None,
        )

    # Questions

    def find(self, client_id: str, *, venue_id: str = "", symbol: str = "", since_ms: int = 0) -> Found:
        """By the venue's id where it is known; else open orders, then closed ones (an order moves that way only), then
        the orders behind all trades since."""
        try:
            if venue_id:
                known = by_venue_id(self._by_known_id(venue_id), client_id, venue_id)
                if known is not None:
                    return known
            looked_ms = self.server_time()
            found = self._asked_for(client_id, self._open)
            found += self._asked_for(client_id, lambda each: self._closed(each, since_ms))
            if not any(each.client_id == client_id for each in found):
                shown = {each.venue_id for each in found}
                traded = {each.venue_order_id for each in self.fills(max(0, since_ms - _MARGIN_MS))}
                found += self._by_id(sorted(traded - shown))
        except MemesnipeError as error:
            return Unclear(error.message)
        said = ours_among(found, client_id, venue_id, looked_ms)
        unnamed = nameless(found, symbol, since_ms) if isinstance(said, Absent) else []
        if unnamed:
            return Unclear(f"kraken does not say whose these orders are: {', '.join(unnamed)}")
        return said

    def open_orders(self) -> list[VenueOrder]:
        """OpenOrders."""
        return self._open("")

    def orders_of(self, venue_ids: Collection[str]) -> list[VenueOrder]:
        """QueryOrders."""
        return self._by_id(sorted(set(venue_ids)))

    def fills(self, since_ms: int) -> list[VenueFill]:
        """TradesHistory, all pages."""

        def page(offset: int) -> tuple[dict[str, VenueFill], int | None]:
            # `start` is exclusive, in seconds.
            body = {"start": str(max(0, since_ms // SECOND_MS - 1)), "ofs": str(offset)}
            return self._calls.ask(
                "the trades", lambda: self._exchange.privatePostTradesHistory(body), read, urgent=True
            )

        def read(answer: Any) -> tuple[dict[str, VenueFill], int | None]:
            rows = wire.mapping(answer, "result", "trades")
            found = {name: answers.fill(name, row, self._symbol) for name, row in rows.items()}
            return found, wire.optional_count(answer, "result", "count")

        found = paging.by_offset(page, KRAKEN.history_page).values()
        return sorted(found, key=lambda each: (each.time_ms, each.trade_id))

    def balances(self) -> dict[str, Balance]:
        """BalanceEx; where there is none, Balance and what the open orders hold."""
        currency_of = self._exchange.safe_currency_code
        try:
            return self._calls.ask(
                "the balances with what is held",
                lambda: self._exchange.privatePostBalanceEx(),
                lambda answer: answers.balances(answer, currency_of),
            )
        except NoSuchThingError:
            found = self._calls.ask(
                "the balances",
                lambda: self._exchange.privatePostBalance(),
                lambda answer: answers.totals(answer, currency_of),
            )
            return answers.with_holds(found, self.open_orders())

    def flows(self, since_ms: int, currencies: Collection[str] = ()) -> list[Flow]:
        """Ledgers, all pages."""

        def page(offset: int) -> tuple[dict[str, Flow | None], int | None]:
            body = {"start": str(max(0, since_ms // SECOND_MS - 1)), "ofs": str(offset)}
            return self._calls.ask(
                "the ledger",
                lambda: self._exchange.privatePostLedgers(body),
                lambda answer: kraken_ledger.page(answer, self._exchange.safe_currency_code),
            )

        found = paging.by_offset(page, KRAKEN.history_page).values()
        return kraken_ledger.sorted_flows(found, since_ms, currencies)

    def positions(self) -> list[VenuePosition]:
        """None: spot only."""
        return []

    def server_time(self) -> int:
        """Time, in whole seconds there."""
        return self._calls.ask(
            "the time",
            lambda: self._exchange.publicGetTime(),
            lambda answer: wire.seconds_ms(answer, "result", "unixtime"),
            urgent=True,
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
            lambda answer: answers.fees(answer, self._names(symbol)),
        )

    def product(self, symbol: str) -> Product:
        """AssetPairs and Assets, with the fee of TradeVolume where that is told."""
        row = self._asset_pair(symbol)
        if not self._assets:
            self._assets = self._calls.ask(
                "the assets",
                lambda: self._exchange.publicGetAssets(),
                lambda answer: wire.mapping(answer, "result"),
            )
        try:
            taker_fee = self.fees(symbol).taker
        except NetworkError:
            taker_fee = None
        return answers.product(symbol, row, self._assets, taker_fee)

    def status(self, symbol: str) -> str:
        """AssetPairs."""
        return answers.product_status(self._asset_pair(symbol))

    def venue_status(self) -> str:
        """SystemStatus."""
        return self._calls.ask(
            "the status",
            lambda: self._exchange.publicGetSystemStatus(),
            lambda answer: wire.text(answer, "result", "status"),
        )

    def funding(self, symbol: str) -> Funding:
        """None: spot only."""
        raise UsageError(f"kraken pays no funding on {symbol!r}", "perpetuals are traded at coinbase")

    def dead_man(self, seconds: int, fence: int = 0) -> None:
        """CancelAllOrdersAfter, in seconds there (ccxt's own method takes milliseconds)."""
        if not 0 <= seconds <= 86_400:
            raise UsageError(f"a dead-man's switch of {seconds} s", "0 switches it off; at most a day")
        self._calls.ask(
            "the dead-man's switch",
            lambda: self._exchange.privatePostCancelAllOrdersAfter({"timeout": str(seconds)}),
            lambda answer: wire.text(answer, "result", "triggerTime"),
            fence=fence,
        )

    # Parts

    def _open(self, client_id: str) -> list[VenueOrder]:
        body = {"cl_ord_id": client_id} if client_id else {}
        found = self._calls.ask(
            "the open orders",
            lambda: self._exchange.privatePostOpenOrders(body),
            lambda answer: answers.orders(answer, self._symbol, "result", "open"),
        )
        return list(found.values())

    def _closed(self, client_id: str, since_ms: int) -> list[VenueOrder]:
        def page(offset: int) -> tuple[dict[str, VenueOrder], int | None]:
            body = {"cl_ord_id": client_id, "ofs": str(offset)}
            if since_ms:
                body["start"] = str(max(0, since_ms - _MARGIN_MS) // SECOND_MS)
            return self._calls.ask(
                "the closed orders",
                lambda: self._exchange.privatePostClosedOrders(body),
                read,
                urgent=True,
            )

        def read(answer: Any) -> tuple[dict[str, VenueOrder], int | None]:
            found = answers.orders(answer, self._symbol, "result", "closed")
            return found, wire.optional_count(answer, "result", "count")

        return list(paging.by_offset(page, KRAKEN.history_page).values())

    def _asked_for(self, client_id: str, ask: Callable[[str], list[VenueOrder]]) -> list[VenueOrder]:
        """Orders asked for by an id. Where some come back without any, a question for an id of nobody tells whether the
        venue looks at ids at all; what is between two equal answers to ours was there all the time."""
        found = ask(client_id)
        if all(each.client_id for each in found):
            return found
        of_nobody = ask(_OF_NOBODY)
        lasting = {each.venue_id for each in ask(client_id)}
        return named_by_filter([each for each in found if each.venue_id in lasting], of_nobody, client_id)

    def _by_known_id(self, venue_id: str) -> list[VenueOrder]:
        try:
            return self._by_id([venue_id])
        except NoSuchThingError:
            return []

    def _by_id(self, venue_ids: list[str]) -> list[VenueOrder]:
        found: list[VenueOrder] = []
        for start in range(0, len(venue_ids), _MOST_ASKED_BY_ID):
            body = {"txid": ",".join(venue_ids[start : start + _MOST_ASKED_BY_ID])}
            found += self._calls.ask(
                "orders by their ids",
                lambda body=body: self._exchange.privatePostQueryOrders(body),  # type: ignore[misc]
                lambda answer: list(answers.orders(answer, self._symbol, "result").values()),
                urgent=True,
            )
        return found

    def _asset_pair(self, symbol: str) -> Mapping[str, Any]:
        pair = self._pair(symbol)
        return self._calls.ask(
            "the product",
            lambda: self._exchange.publicGetAssetPairs({"pair": pair}),
            lambda answer: answers.row_of(answer, self._names(symbol)),
        )

    def _names(self, symbol: str) -> Callable[[str], bool]:
        return lambda name: self._symbol(name) == symbol

    def _pair(self, symbol: str) -> str:
        market = (self._exchange.markets or {}).get(symbol)
        if market is None:
            raise UsageError(f"kraken has no symbol {symbol!r}", "symbols are written as DOGE/USD")
        return str(market["id"])

    def _symbol(self, pair: str) -> str:
        base, _, quote = pair.partition("/")
        if quote:
            # Some answers name a pair as the WebSocket does, XDG/USD.
            code = self._exchange.safe_currency_code
            return f"{code(base)}/{code(quote)}"
        market = self._exchange.resolve_market_by_altname_or_id(pair)
        return str(market["symbol"]) if market else pair


def _first_txid(answer: Any) -> object:
    result = answer.get("result") if isinstance(answer, dict) else None
    ids = result.get("txid") if isinstance(result, dict) else None
    if isinstance(ids, list):
        return ids[0] if len(ids) == 1 else None
    return ids


def _amend_id(answer: Any) -> bool:
    result = answer.get("result") if isinstance(answer, dict) else None
    return isinstance(result, dict) and bool(result.get("amend_id"))


def _cancels(answer: Any) -> bool:
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, dict):
        return False
    return str(result.get("count", "")) not in ("", "0") or result.get("pending") is True
