"""Coinbase Advanced Trade, through ccxt's endpoint methods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from memesnipe_cli.clock import MINUTE_MS, format_time
from memesnipe_cli.errors import MemesnipeError, NetworkError, UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import ONLINE, Product
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues import coinbase_answers as answers
from memesnipe_cli.venues import coinbase_ledger, paging, wire
from memesnipe_cli.venues.calls import CallOptions, Calls, NoSuchThingError
from memesnipe_cli.venues.coinbase_products import Products
from memesnipe_cli.venues.facts import (
    Balance,
    Fees,
    Found,
    Funding,
    KeyRights,
    Unclear,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueStatus,
)
from memesnipe_cli.venues.finding import by_venue_id, ours_among
from memesnipe_cli.venues.flows import Flow
from memesnipe_cli.venues.outcome import Outcome, Unknown
from memesnipe_cli.venues.sending import Terms, approved_intent, checked_terms
from memesnipe_cli.venues.traits import COINBASE, TimeInForce, Traits

if TYPE_CHECKING:
    import ccxt

_MOST_ACCOUNTS = 250
_MOST_TRANSACTIONS = 100
_MARGIN_MS = MINUTE_MS  # a history is asked for from a little earlier than an order can be
_DIRECTION = {"sell": "STOP_DIRECTION_STOP_DOWN", "buy": "STOP_DIRECTION_STOP_UP"}


class Coinbase:
    """See protocol.py. `exchange` must have its product list. portfolio: the id of the portfolio that is traded, "" for
    the key's own."""

    def __init__(self, exchange: ccxt.Exchange, portfolio: str = "", **options: Unpack[CallOptions]) -> None:
        self._calls = Calls(exchange, COINBASE, **options)
        self._exchange = exchange
        self._products = Products(exchange)
        self._portfolio = portfolio

    @property
    def traits(self) -> Traits:
        """Coinbase's."""
        return COINBASE

    # Orders

    def send(
        self, approved: Approved, *, deadline_ms: int | None = None, expires_ms: int | None = None
    ) -> Outcome:
        """Create order. Coinbase takes no deadline."""
        terms = checked_terms(COINBASE, approved, expires_ms)
        body = self._body(terms)
        approved.spend()
        return self._create(body, approved.fence)

    def probe(self, approved: Approved, *, expires_ms: int | None = None) -> Outcome:
        """The same order again: Coinbase answers with the first one of that id, if there was one."""
        terms = checked_terms(COINBASE, approved, expires_ms)
        opens = approved.intent.action is Action.ENTRY
        if not (opens or COINBASE.reduce_only or self._products.is_spot(terms.symbol)):
            # Sent late, it could turn a position round that something else has closed since.
            return Unknown("the exit of a perpetual is not sent again: a person must look")
        return self._create(self._body(terms), approved.fence)

    def cancel(self, approved: Approved, venue_id: str) -> Outcome:
        """Batch cancel of one."""
        approved_intent(COINBASE, approved)
        if not venue_id:
            raise UsageError(
                f"the cancel of {approved.intent.id} does not name the venue's order", "find it first"
            )
        approved.spend()
        return self._calls.once(
            "a cancel",
            approved.fence,
            lambda: self._exchange.v3PrivatePostBrokerageOrdersBatchCancel({"order_ids": [venue_id]}),
            _cancelled,
        )

    def amend_stop(self, approved: Approved, venue_id: str, *, deadline_ms: int | None = None) -> Outcome:
        """Never: a resting stop is cancelled, and another one is placed."""
        raise UsageError(f"coinbase cannot amend the stop {venue_id}", "cancel it and place another one")

    # Questions

    def find(self, client_id: str, *, venue_id: str = "", symbol: str = "", since_ms: int = 0) -> Found:
        """By the venue's id where it is known, else among the orders since, else the orders behind the fills since."""
        try:
            if venue_id:
                known = by_venue_id(self._by_known_id(venue_id), client_id, venue_id)
                if known is not None:
                    return known
            looked_ms = self.server_time()
            found = self._orders({"start_date": format_time(max(0, since_ms - _MARGIN_MS))})
            if not any(each.client_id == client_id for each in found):
                shown = {each.venue_id for each in found}
                traded = {each.venue_order_id for each in self.fills(max(0, since_ms - _MARGIN_MS))}
                found += self._by_id(sorted(traded - shown))
        except MemesnipeError as error:
            return Unclear(error.message)
        return ours_among(found, client_id, venue_id, looked_ms)

    def open_orders(self) -> list[VenueOrder]:
        """Those of the order history that are open."""
        found = self._orders({"order_status": "OPEN"})
        return [each for each in found if each.status is not VenueStatus.CLOSED]

    def orders_of(self, venue_ids: Collection[str]) -> list[VenueOrder]:
        """One question an order."""
        return self._by_id(sorted(set(venue_ids)))

    def fills(self, since_ms: int) -> list[VenueFill]:
        """All pages of the fills."""

        def page(cursor: str) -> tuple[list[VenueFill], str]:
            body = {
                "limit": COINBASE.history_page,
                "start_sequence_timestamp": format_time(since_ms),
                **({"cursor": cursor} if cursor else {}),
            }
            return self._calls.ask(
                "the fills",
                lambda: self._exchange.v3PrivateGetBrokerageOrdersHistoricalFills(body),
                lambda answer: answers.fills_page(answer, self._products),
            )

        each_once = {each.trade_id: each for each in paging.by_cursor(page)}
        return sorted(each_once.values(), key=lambda each: (each.time_ms, each.trade_id))

    def balances(self) -> dict[str, Balance]:
        """All pages of the accounts, with their holds."""

        def page(cursor: str) -> tuple[list[tuple[str, Balance]], str]:
            body = {"limit": _MOST_ACCOUNTS, **({"cursor": cursor} if cursor else {})}
            call = self._exchange.v3PrivateGetBrokerageAccounts
            return self._calls.ask("the balances", lambda: call(body), answers.balances_page)

        found: dict[str, Balance] = {}
        for currency, each in paging.by_cursor(page):
            before = found.get(currency)
            found[currency] = (
                each if before is None else Balance(before.free + each.free, before.held + each.held)
            )
        return found

    def flows(self, since_ms: int, currencies: Collection[str] = ()) -> list[Flow]:
        """The transactions of the accounts, newest first there, as far back as that; one question an account at
        least."""

        def page(cursor: str) -> tuple[list[tuple[str, str]], str]:
            body = {"limit": _MOST_ACCOUNTS, **({"cursor": cursor} if cursor else {})}
            call = self._exchange.v3PrivateGetBrokerageAccounts
            return self._calls.ask("the accounts", lambda: call(body), answers.accounts_page)

        found: list[Flow] = []
        for currency, account_id in paging.by_cursor(page):
            if not currencies or currency in currencies:
                found += self._flows_of(account_id, since_ms)
        return sorted(found, key=lambda each: (each.time_ms, each.ref))

    def positions(self) -> list[VenuePosition]:
        """The open futures; none where the account has no such thing."""
        try:
            return self._calls.ask(
                "the positions",
                lambda: self._exchange.v3PrivateGetBrokerageCfmPositions(),
                lambda answer: answers.positions(answer, self._products),
            )
        except NoSuchThingError:
            return []

    def server_time(self) -> int:
        """The venue's clock, in ms; where only the older interface tells it, in whole seconds."""
        try:
            call = self._exchange.v3PublicGetBrokerageTime
            return self._calls.ask("the time", lambda: call(), answers.epoch_ms)
        except NoSuchThingError:
            return self._calls.ask(
                "the time",
                lambda: self._exchange.v2PublicGetTime(),
                lambda answer: wire.seconds_ms(answer, "data", "epoch"),
            )

    def key_rights(self) -> KeyRights:
        """key_permissions."""
        call = self._exchange.v3PrivateGetBrokerageKeyPermissions
        return self._calls.ask("the rights of the key", lambda: call(), answers.key_rights)

    def fees(self, symbol: str) -> Fees:
        """transaction_summary."""
        body = {"product_type": self._products.type_of(symbol)}
        call = self._exchange.v3PrivateGetBrokerageTransactionSummary
        return self._calls.ask("the fees", lambda: call(body), answers.fees)

    def product(self, symbol: str) -> Product:
        """market/products, with the fee of transaction_summary where that is told."""
        row = self._product_row(symbol)
        try:
            taker_fee = self.fees(symbol).taker
        except NetworkError:
            taker_fee = None
        return answers.product(symbol, row, self._products.unit(symbol), taker_fee)

    def status(self, symbol: str) -> str:
        """market/products."""
        return answers.product_status(self._product_row(symbol))

    def venue_status(self) -> str:
        """Coinbase has no word for the whole of it: what answers is online, and its products say the rest."""
        self.server_time()
        return ONLINE

    def funding(self, symbol: str) -> Funding:
        """market/products: the rate of this hour. What was paid is published nowhere."""
        if self._products.is_spot(symbol):
            raise UsageError(f"no funding is paid on {symbol!r}", "name a perpetual, e.g. BTC/USD:USD")
        return answers.funding(self._product_row(symbol))

    def dead_man(self, seconds: int, fence: int = 0) -> None:
        """Never: Coinbase has none."""
        raise UsageError("coinbase has no dead-man's switch", "let entries expire, and run the watchdog")

    # Parts

    def _body(self, terms: Terms) -> dict[str, Any]:
        size = {"base_size": wire.plain(self._products.on_the_wire(terms.symbol, terms.qty))}
        if terms.price is not None:
            size["limit_price"] = wire.plain(terms.price)
        configuration: dict[str, Any]
        if terms.stop is not None:
            stop = {"stop_price": wire.plain(terms.stop), "stop_direction": _DIRECTION[terms.side]}
            configuration = {"stop_limit_stop_limit_gtc": {**size, **stop}}
        elif terms.time_in_force is TimeInForce.GTD and terms.expires_ms is not None:
            ends = {"end_time": format_time(terms.expires_ms), "post_only": False}
            configuration = {"limit_limit_gtd": {**size, **ends}}
        else:
            configuration = {"sor_limit_ioc": size}
        body = {
            "client_order_id": terms.client_id,
            "product_id": self._products.id_of(terms.symbol),
            "side": terms.side.upper(),
            "order_configuration": configuration,
        }
        return {**body, "retail_portfolio_id": self._portfolio} if self._portfolio else body

    def _create(self, body: dict[str, Any], fence: int) -> Outcome:
        return self._calls.once(
            "an order", fence, lambda: self._exchange.v3PrivatePostBrokerageOrders(body), _created
        )

    def _orders(self, filters: dict[str, Any]) -> list[VenueOrder]:
        def page(cursor: str) -> tuple[list[VenueOrder], str]:
            body = {"limit": COINBASE.history_page, **filters, **({"cursor": cursor} if cursor else {})}
            return self._calls.ask(
                "the orders",
                lambda: self._exchange.v3PrivateGetBrokerageOrdersHistoricalBatch(body),
                lambda answer: answers.orders_page(answer, self._products),
            )

        return paging.by_cursor(page)

    def _by_id(self, venue_ids: list[str]) -> list[VenueOrder]:
        call = self._exchange.v3PrivateGetBrokerageOrdersHistoricalOrderId
        return [
            self._calls.ask(
                "an order",
                lambda venue_id=venue_id: call({"order_id": venue_id}),  # type: ignore[misc]
                lambda answer: answers.order(wire.mapping(answer, "order"), self._products),
            )
            for venue_id in venue_ids
        ]

    def _by_known_id(self, venue_id: str) -> list[VenueOrder]:
        try:
            return self._by_id([venue_id])
        except NoSuchThingError:
            return []

    def _flows_of(self, account_id: str, since_ms: int) -> list[Flow]:
        def page(cursor: str) -> tuple[list[Flow], str]:
            body = {
                "account_id": account_id,
                "limit": _MOST_TRANSACTIONS,
                **({"starting_after": cursor} if cursor else {}),
            }
            rows, last_ms, following = self._calls.ask(
                "the transactions",
                lambda: self._exchange.v2PrivateGetAccountsAccountIdTransactions(body),
                coinbase_ledger.page,
            )
            wanted = [each for each in rows if each.time_ms >= since_ms]
            return wanted, following if last_ms is not None and last_ms >= since_ms else ""

        return paging.by_cursor(page)

    def _product_row(self, symbol: str) -> Mapping[str, Any]:
        product_id = self._products.id_of(symbol)
        body = {"product_ids": [product_id], "product_type": self._products.type_of(symbol)}
        return self._calls.ask(
            "the product",
            lambda: self._exchange.v3PublicGetBrokerageMarketProducts(body),
            lambda answer: answers.row_of(answer, product_id),
        )


def _created(answer: Any) -> object:
    if not isinstance(answer, dict) or answer.get("success") is not True:
        return None
    inner = answer.get("success_response")
    return (inner.get("order_id") if isinstance(inner, dict) else None) or answer.get("order_id")


def _cancelled(answer: Any) -> object:
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        return None
    return results[0].get("order_id") if results[0].get("success") is True else None
