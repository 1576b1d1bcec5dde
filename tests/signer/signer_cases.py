"""An account as a signer sees it: its journal, its latch and a clock; and requests as the venues' own classes make
them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from order_cases import STRATEGY as STRATEGY
from order_cases import SYMBOL as SYMBOL
from order_cases import doge_order as doge_order

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.account_fold import MARK, SESSION
from memesnipe_cli.profile import Profile
from memesnipe_cli.risk import approval
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.latch_state import Hold, Latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.signer.books import Books, BooksFold
from memesnipe_cli.signer.endpoints import Use, use_of
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.judge import Judge
from memesnipe_cli.store.entry import Entry, Head, compose
from memesnipe_cli.venues.coinbase import Coinbase
from memesnipe_cli.venues.coinbase_products import Products
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.kraken import Kraken
from memesnipe_cli.venues.order_lines import Line, amendment_line, fill_line, intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.traits import traits_of

D = Decimal
NOW_MS = 1_762_820_224_500
DEADLINE_MS = NOW_MS + 4_500  # whole seconds, as the executor writes it
FENCE = 7
SPOT, PERP = SYMBOL, "BTC/USD:USD"
SIGNED = "signed"
CLASSES = {"kraken": Kraken, "coinbase": Coinbase}
BOUNDS = Bounds.of(Profile())
_MARKETS = {
    "kraken": {
        SPOT: {"id": "XDGUSD", "symbol": SPOT, "altname": "XDGUSD", "spot": True},
        "PEPE/USD": {"id": "PEPEUSD", "symbol": "PEPE/USD", "altname": "PEPEUSD", "spot": True},
    },
    "coinbase": {
        SPOT: {"id": "DOGE-USD", "symbol": SPOT, "spot": True},
        PERP: {"id": "BIP-20DEC30-CDE", "symbol": PERP, "spot": False, "contractSize": 0.01},
    },
}


def short_intent(order_id: str, action: Action = Action.ENTRY, **changed: Any) -> OrderIntent:
    """Sell one contract of a perpetual short; or buy it back, protect it."""
    side = "sell" if action is Action.ENTRY else "buy"
    terms: dict[str, Any] = {"symbol": PERP, "base": "BTC", "position": "short", "side": side}
    prices = {Action.ENTRY: D(59_900), Action.REDUCE: D(60_100), Action.PROTECT: D(61_500)}
    terms |= {"qty": D("0.01"), "price": prices[action]}
    terms |= {"stop": None if action is Action.REDUCE else D(61_000)}
    return doge_order("coinbase", order_id, action, **{**terms, **changed})


@cache
def open_client(venue: str) -> Any:
    """The client of ccxt, which has a product list and asks nobody."""
    import ccxt

    client = getattr(ccxt, venue)({"enableRateLimit": False, "options": {"maxRetriesOnFailure": 0}})
    client.markets = _MARKETS[venue]
    return client


@dataclass(frozen=True)
class Request:
    """What a signer is asked. interface, method, path: ccxt's names."""

    interface: list[str]
    method: str
    path: str
    params: dict[str, Any]
    fence: int = FENCE

    def use(self, venue: str) -> Use:
        """What it is for."""
        return use_of(venue, self.interface, self.method, self.path, self.params)

    def with_params(self, **changed: Any) -> Request:
        """With other fields; None takes one away."""
        params = {**self.params, **changed}
        return replace(self, params={name: value for name, value in params.items() if value is not None})


def asked_of(venue: str, act: Callable[[Any], object]) -> Request:
    """The request that the venue's own class makes of `act`, as it comes out of the socket."""
    found: list[Request] = []
    client = open_client(venue)

    def record(path: str, api: Any, method: str, params: Any, config: Any = None) -> dict[str, Any]:
        told = orjson.loads(orjson.dumps(params))
        found.append(Request(list(api), method, path, told, client.fence))
        # As good as any: an order's answer without an id, a switch's with its time.
        return {"result": {"triggerTime": "0"}}

    client.fetch2 = record
    act(CLASSES[venue](client))
    (request,) = found
    return request


def approved(intent: OrderIntent) -> approval.Approved:
    """Leave to send it."""
    return approval.Approved(approval._MINT, intent, NOW_MS, FENCE)


@cache
def order_request(intent: OrderIntent, *, expires_ms: int | None = None) -> Request:
    """The order on the wire."""
    deadline_ms = DEADLINE_MS if intent.venue == "kraken" else None
    said = approved(intent)
    return asked_of(
        intent.venue, lambda venue: venue.send(said, deadline_ms=deadline_ms, expires_ms=expires_ms)
    )


@cache
def cancel_request(intent: OrderIntent, venue_id: str) -> Request:
    """Taking it back."""
    said = approved(replace(intent, action=Action.CANCEL, price=None, stop=None))
    return asked_of(intent.venue, lambda venue: venue.cancel(said, venue_id))


@cache
def amend_request(terms: OrderIntent, venue_id: str) -> Request:
    """Other terms of a stop."""
    said = approved(terms)
    return asked_of("kraken", lambda venue: venue.amend_stop(said, venue_id, deadline_ms=DEADLINE_MS))


@cache
def switch_request(seconds: int) -> Request:
    """The dead-man's switch."""
    return asked_of("kraken", lambda venue: venue.dead_man(seconds, FENCE))


@dataclass
class World:
    """One account. judge_class: whose rules hold; bounds: what is other than in the default profile."""

    venue: str = "kraken"
    capital: str | None = "100000"
    trades: bool = True
    judge_class: type[Judge] = Judge
    changed_bounds: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now_ms = NOW_MS
        self.latch = Latch("main", fence=FENCE)
        self.fold = BooksFold()
        self.books: Books = self.fold.initial()
        self.entries: list[Entry] = []
        self._trade = 0
        self.bounds = replace(BOUNDS, **self.changed_bounds)
        products = Products(open_client(self.venue))
        self.judge = self.judge_class(
            traits_of(self.venue),
            self.bounds,
            lambda: self.books,
            lambda: self.latch,
            lambda symbol: (products.id_of(symbol), products.unit(symbol)),
            trades=self.trades,
            now=lambda: self.now_ms,
        )
        if self.capital is not None:
            self.write((SESSION, {"session": "s1", "capital": self.capital}))

    # What the journal says

    def write(self, *lines: Line) -> None:
        """Lines are appended."""
        for kind, body in lines:
            head = Head(self.entries[-1].seq, self.entries[-1].hash) if self.entries else Head()
            entry, _ = compose(head, "2025-11-11T00:17:04Z", kind, body)
            self.entries.append(entry)
            self.books = self.fold.apply(self.books, entry)

    def marked(self, equity: str) -> None:
        """A bar closed."""
        self.write((MARK, {"equity": equity, "bar": "2025-11-11T00:15:00Z"}))

    def sends(self, intent: OrderIntent, *, expires_ms: int | None = None) -> Request:
        """An order is written down as about to be sent. Returns its request."""
        request = order_request(intent, expires_ms=expires_ms)
        times = {"expires": _written(expires_ms)}
        if intent.venue == "kraken":
            times["deadline"] = _written(DEADLINE_MS)
        sent = state_line(intent, OrderState.SENT, NOW_MS, **times)
        self.write(intent_line(intent, NOW_MS), sent)
        return request

    def moves(self, intent: OrderIntent, state: OrderState, venue_id: str = "") -> None:
        """What became of it."""
        self.write(state_line(intent, state, NOW_MS, venue_id=venue_id))

    def rests(self, intent: OrderIntent, venue_id: str) -> None:
        """An order that was sent and taken."""
        self.sends(intent)
        self.moves(intent, OrderState.ACCEPTED, venue_id)

    def fills(self, intent: OrderIntent, qty: Decimal | str, price: str = "0.1") -> None:
        """A trade of an order."""
        self._trade += 1
        order = self.books.orders.of(intent.id)
        fill = VenueFill(
            f"T{self._trade}", order.venue_id, intent.symbol, intent.side, D(qty), D(price), None, D(0), "USD",
            "taker", NOW_MS,
        )  # fmt: skip
        self.write(fill_line(intent, fill))

    def holds(self, qty: str = "100", order_id: str = "bought", **changed: Any) -> None:
        """Lots of ours."""
        intent = doge_order(self.venue, order_id, qty=D(qty), **changed)
        self.sends(intent)
        self.fills(intent, qty)

    def holds_short(self) -> None:
        """One contract, sold short."""
        intent = short_intent("sold")
        self.sends(intent)
        self.fills(intent, intent.qty, "60000")

    def amends(self, intent: OrderIntent, venue_id: str, **changed: Any) -> Request:
        """Other terms of a stop are written down as about to be sent. Returns the request."""
        terms = replace(intent, id=f"{intent.id}-a", replaces=intent.id, **changed)
        self.write(amendment_line(intent.id, terms, "sent", NOW_MS, deadline_ms=DEADLINE_MS))
        return amend_request(terms, venue_id)

    # What a person or the engine did

    def stopped(self, scope: str, level: Level = Level.HALT) -> None:
        """The breaker holds a scope."""
        self.latch = self.latch.raised(scope, Hold(level, "manual", "by hand", "", "person"))

    # What is asked

    def verdict(self, request: Request) -> str:
        """`signed`, or the rule that says no."""
        try:
            use = request.use(self.venue)
            self.judge.judge(use, request.params, request.fence)
        except SignerRefusedError as refused:
            return refused.rule
        return SIGNED


def _written(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)
