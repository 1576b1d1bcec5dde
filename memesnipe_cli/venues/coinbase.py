"""Coinbase Advanced Trade, through ccxt's endpoint methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from memesnipe_cli.clock import MINUTE_MS, format_time
from memesnipe_cli.errors import MemesnipeError, UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import Product
from memesnipe_cli.venues import coinbase_answers as answers
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
    VenueStatus,
)
from memesnipe_cli.venues.finding import ours_among
from memesnipe_cli.venues.outcome import Outcome
from memesnipe_cli.venues.sending import Terms, approved_intent, checked_terms
from memesnipe_cli.venues.traits import COINBASE, TimeInForce, Traits

if TYPE_CHECKING:
    import ccxt

T = TypeVar("T")

_MARGIN_MS = MINUTE_MS  # a history is asked for from a little earlier than an order can be
_DIRECTION = {"sell": "STOP_DIRECTION_STOP_DOWN", "buy": "STOP_DIRECTION_STOP_UP"}


class Coinbase:
    """See protocol.py. `exchange` must have its product list. portfolio: the id of the portfolio that is traded, "" for
    the key's own."""

    def __init__(self, exchange: ccxt.Exchange, portfolio: str = "", **timing: float) -> None:
        self._calls = Calls(exchange, COINBASE.refusals, **timing)
        self._exchange = exchange
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
        return self._create(body)

    def probe(self, approved: Approved, *, expires_ms: int | None = None) -> Outcome:
        """The same order again: Coinbase answers with the first one of that id, if there was one."""
        return self._create(self._body(checked_terms(COINBASE, approved, expires_ms)))

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
            looked_ms = self.server_time()
            found = self._by_id([venue_id]) if venue_id else []
            if not found:
                found = self._orders({"start_date": format_time(max(0, since_ms - _MARGIN_MS))})
            if not any(each.client_id == client_id for each in found):
                known = {each.venue_id for each in found}
                traded = {each.venue_order_id for each in self.fills(max(0, since_ms - _MARGIN_MS))}
                found += self._by_id(sorted(traded - known))
        except MemesnipeError as error:
            return Unclear(error.message)
        return ours_among(found, client_id, venue_id, looked_ms)

    def open_orders(self) -> list[VenueOrder]:
        """Those of the order history that are open."""
        found = self._orders({"order_status": "OPEN"})
        return [each for each in found if each.status is not VenueStatus.CLOSED]

    def fills(self, since_ms: int) -> list[VenueFill]:
        """All pages of the fills."""

        def page(cursor: str) -> tuple[list[VenueFill], str]:
            body = {
                "limit": COINBASE.history_page,
                "start_sequence_timestamp": format_time(since_ms),
                **({"cursor": cursor} if cursor else {}),
            }
            return self._ask(
                "the fills",
                lambda: self._exchange.v3PrivateGetBrokerageOrdersHistoricalFills(body),
                lambda answer: answers.fills_page(answer, self._symbol),
            )

        each_once = {each.trade_id: each for each in paging.by_cursor(page)}
        return sorted(each_once.values(), key=lambda each: (each.time_ms, each.trade_id))

    def balances(self) -> dict[str, Balance]:
        """All pages of the accounts, with their holds."""

        def page(cursor: str) -> tuple[list[tuple[str, Balance]], str]:
            body = {"limit": 250, **({"cursor": cursor} if cursor else {})}
            call = self._exchange.v3PrivateGetBrokerageAccounts
            return self._ask("the balances", lambda: call(body), answers.balances_page)

        found: dict[str, Balance] = {}
        for currency, each in paging.by_cursor(page):
            before = found.get(currency)
            found[currency] = (
                each if before is None else Balance(before.free + each.free, before.held + each.held)
            )
        return found

    def positions(self) -> list[VenuePosition]:
        """The open futures."""
        return self._ask(
            "the positions",
            lambda: self._exchange.v3PrivateGetBrokerageCfmPositions(),
            lambda answer: answers.positions(answer, self._symbol),
        )

    def server_time(self) -> int:
        """The venue's clock, in ms."""
        return self._ask(
            "the time",
            lambda: self._exchange.v3PublicGetBrokerageTime(),
            lambda answer: int(wire.amount(answer, "epochMillis")),
        )

    def key_rights(self) -> KeyRights:
        """key_permissions."""
        call = self._exchange.v3PrivateGetBrokerageKeyPermissions
        return self._ask("the rights of the key", lambda: call(), answers.key_rights)

    def fees(self, symbol: str) -> Fees:
        """transaction_summary."""
        body = {"product_type": self._product_type(symbol)}
        call = self._exchange.v3PrivateGetBrokerageTransactionSummary
        return self._ask("the fees", lambda: call(body), answers.fees)

    def product(self, symbol: str) -> Product:
        """market/products, with the fee of transaction_summary."""
        product_id = self._product_id(symbol)
        taker_fee = self.fees(symbol).taker
        body = {"product_ids": [product_id], "product_type": self._product_type(symbol)}
        return self._ask(
            "the product",
            lambda: self._exchange.v3PublicGetBrokerageMarketProducts(body),
            lambda answer: answers.product(symbol, answer, product_id, taker_fee),
        )

    def dead_man(self, seconds: int) -> None:
        """Never: Coinbase has none."""
        raise UsageError("coinbase has no dead-man's switch", "let entries expire, and run the watchdog")

    # Parts

    def _body(self, terms: Terms) -> dict[str, Any]:
        size = {"base_size": wire.plain(terms.qty)}
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
            "product_id": self._product_id(terms.symbol),
            "side": terms.side.upper(),
            "order_configuration": configuration,
        }
        return {**body, "retail_portfolio_id": self._portfolio} if self._portfolio else body

    def _create(self, body: dict[str, Any]) -> Outcome:
        return self._calls.once(
            "an order", lambda: self._exchange.v3PrivatePostBrokerageOrders(body), _created
        )

    def _orders(self, filters: dict[str, Any]) -> list[VenueOrder]:
        def page(cursor: str) -> tuple[list[VenueOrder], str]:
            body = {"limit": COINBASE.history_page, **filters, **({"cursor": cursor} if cursor else {})}
            return self._ask(
                "the orders",
                lambda: self._exchange.v3PrivateGetBrokerageOrdersHistoricalBatch(body),
                lambda answer: answers.orders_page(answer, self._symbol),
            )

        return paging.by_cursor(page)

    def _by_id(self, venue_ids: list[str]) -> list[VenueOrder]:
        call = self._exchange.v3PrivateGetBrokerageOrdersHistoricalOrderId
        return [
            self._ask(
                "an order",
                lambda venue_id=venue_id: call({"order_id": venue_id}),  # type: ignore[misc]
                lambda answer: answers.order(wire.mapping(answer, "order"), self._symbol),
            )
            for venue_id in venue_ids
        ]

    def _ask(self, what: str, call: Callable[[], Any], read: Callable[[Any], T]) -> T:
        return self._calls.ask(what, call, read)

    def _market(self, symbol: str) -> Any:
        market = (self._exchange.markets or {}).get(symbol)
        if market is None:
            raise UsageError(f"coinbase has no symbol {symbol!r}", "symbols are written as DOGE/USD")
        return market

    def _product_id(self, symbol: str) -> str:
        return str(self._market(symbol)["id"])

    def _product_type(self, symbol: str) -> str:
        return "SPOT" if self._market(symbol).get("spot") else "FUTURE"

    def _symbol(self, product_id: str) -> str:
        found = (self._exchange.markets_by_id or {}).get(product_id)
        return str(found[0]["symbol"]) if found else product_id.replace("-", "/")


def _created(answer: Any) -> object:
    if not isinstance(answer, dict) or answer.get("success") is not True:
        return None
    inner = answer.get("success_response")
    return inner.get("order_id") if isinstance(inner, dict) else None


def _cancelled(answer: Any) -> object:
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        return None
    return results[0].get("order_id") if results[0].get("success") is True else None
