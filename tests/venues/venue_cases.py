"""A hostile venue, an executor on it, and the orders that tests place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from order_cases import STRATEGY as STRATEGY
from order_cases import SYMBOL as SYMBOL
from order_cases import doge_order as doge_order
from venue_server import BookedTrade, Books, VenueServer, open_client

from memesnipe_cli.engine.order_ids import client_order_id, store_part
from memesnipe_cli.profile import Execution, Limits, Profile
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.facts import Facts, Product
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.venues.coinbase import Coinbase
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.kraken import Kraken
from memesnipe_cli.venues.order_book import Order, OrderBook
from memesnipe_cli.venues.protocol import Venue

D = Decimal
STORE = "0badcafe"
PREFIX = store_part(STORE)
CLASSES = {"kraken": Kraken, "coinbase": Coinbase}
FAST = {"timeout_s": 0.6, "read_deadline_s": 3.0, "order_timeout_s": 0.6}


def order_id(leg: str, attempt: int = 0) -> str:
    """A client order id of this store."""
    return client_order_id(STORE, "main", "s", STRATEGY, "kraken", SYMBOL, 0, leg, attempt)


@dataclass
class OpenLatch:
    """A latch that holds nothing back."""

    fence: int = 0

    def level(self, scope: str = "account") -> Level:
        return Level.CLOSED


def intent(venue: str, leg: str = "entry", action: Action = Action.ENTRY, **changed: Any) -> OrderIntent:
    """Buy 100 DOGE at 0.1010 at most; or sell, protect."""
    return doge_order(venue, order_id(leg), action, **changed)


def make_gate(venue: str) -> Gate:
    """A gate under the owner's limits, with room for many messages."""
    profile = Profile(limits=Limits(orders_per_minute=600, messages_per_minute=6000), execution=Execution())
    return Gate(Bounds.of(profile), {venue}, lambda base: "memes")


@dataclass
class Desk:
    """A server, and one process of ours on it after another. `passes`: lets the venue's time pass."""

    server: VenueServer
    folder: Path
    venue: Venue = field(init=False)
    executor: Executor = field(init=False)

    def __post_init__(self) -> None:
        client = open_client(self.server, timeout_ms=600, options={"maxRetriesOnFailure": 0})
        self.venue = CLASSES[self.server.dialect](client, **FAST)
        self.restart()

    def restart(self) -> Executor:
        """A new process: everything that it knows is in the journal."""
        journal = Journal(StorePaths(self.folder), "main")
        self.executor = Executor(self.venue, journal, make_gate(self.server.dialect), D("0.008"), D("0.02"))
        return self.executor

    @property
    def book(self) -> OrderBook:
        return self.executor.book

    def facts(self, **changed: Any) -> Facts:
        """All is well, 100,000 USD."""
        product = Product(
            self.server.dialect, SYMBOL, "DOGE", D("0.0000001"), D("0.00000001"), D(13), D("0.5"), D("0.008")
        )
        if self.server.dialect == "coinbase":
            product = replace(product, tick=D("0.00001"), lot=D("0.1"), min_qty=D("0.1"), min_notional=D(1))
        return replace(
            Facts(
                now_ms=self.executor.desk.now(),
                latch=OpenLatch(),
                product=product,
                reference=D("0.1"),
                reference_source="mid of a second venue",
                data_age_ms=10,
                equity=D(100_000),
                cash=D(100_000),
                reconciled=True,
                clock_skew_ms=1,
            ),
            **changed,
        )

    def place(self, leg: str = "entry", action: Action = Action.ENTRY, **changed: Any) -> Order:
        """Place an order that the gate lets through. `expires_ms` is passed on."""
        expires_ms = changed.pop("expires_ms", None)
        said = self.executor.place(
            intent(self.server.dialect, leg, action, **changed), self.facts(), expires_ms=expires_ms
        )
        assert not isinstance(said, Refused), said.message
        return said

    def settle_all(self, seconds: float = 30.0, wanted: bool = False) -> None:
        """Let the venue's time pass until nothing is unsettled and what ended is known."""
        for _ in range(10):
            for order in list(self.book.live()):
                self.executor.settle(order.intent.id, wanted=wanted)
            if not self.book.unsettled():
                return
            self.server.advance(seconds / 5)

    def books(self) -> Books:
        """Our books, for the oracle: from a fresh fold of the journal."""
        lines = [each.body for each in self.executor.desk.journal.entries() if each.kind == "fill"]
        trades = {
            body["venue_trade_id"]: BookedTrade(
                body["order"],
                body["side"],
                D(body["qty"]),
                D(body["price"]),
                D(body["fee"]),
                body["fee_currency"],
            )
            for body in lines
        }
        rest = {each.intent.id: each.left for each in self.book.live() if each.left}
        return Books(trades, rest)

    def assert_exactly_once(self) -> None:
        """The venue's ledger and ours agree to the last digit."""
        oracle = self.server.oracle
        assert not oracle.doubled()
        assert not oracle.strangers()
        assert not oracle.sold_more_than()
        oracle.assert_books_agree(self.books())


@contextmanager
def desk_on(dialect: str, folder: Path, usd: str = "5000", **options: Any) -> Iterator[Desk]:
    """A started executor on a fresh venue where the user has coins of his own."""
    # Pauses between repeated questions are not waited for.
    without_pauses = mock.patch("tenacity.nap.time")
    balances = {"USD": usd, "DOGE": "7777"}
    with without_pauses, VenueServer(dialect, balances, **options) as server:  # type: ignore[arg-type]
        server.price(SYMBOL, "0.1000", "0.1001", depth="100000")
        desk = Desk(server, folder)
        desk.executor.start()
        yield desk
