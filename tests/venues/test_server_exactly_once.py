"""The venue is hostile, not impossible: a trader that follows the rules gets every order exactly once.

Two small traders, written straight against ccxt, send buys through a random mix of all faults, and book what
they find in the venue's history. They know nothing that a real one could not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import ccxt
import pytest
from venue_server import SHAPES, BookedTrade, Books, VenueServer, open_client

SYMBOL = "DOGE/USD"
SHARE = 0.4
# A timeout costs the wait of the client: the others are as hard.
QUICK = [shape for shape in SHAPES if shape != "timeout"]


def asked(venue: VenueServer, question: Callable[[], Any]) -> Any:
    """Ask until there is an answer that holds what was asked for; only reading questions."""
    for _ in range(100):
        try:
            answer = question()
        except Exception:
            venue.advance(0.2)
            continue
        if answer is not None:
            return answer
    raise AssertionError("the venue never answered")


def listed(client: Any, name: str, key: str, **fields: Any) -> Any:
    """A raw Kraken list; None where the answer does not hold it."""
    found: Any = getattr(client, name)(fields).get("result", {}).get(key)
    return found


def holding(question: Callable[[Any], Any], key: str, fields: Any) -> Any:
    """A whole raw answer; None where it does not hold the key."""
    answer = question(fields)
    return answer if key in answer else None


def kraken_buy(venue: VenueServer, client: Any, client_id: str) -> None:
    """Send with a deadline; after trouble look for the id, and send again only what is proven dead."""
    for attempt in range(50):
        name = f"{client_id}{attempt:02d}"
        deadline_ms = venue.now_ms() + 3_000
        arguments = {"clientOrderId": name, "oflags": "fciq", "deadline": client.iso8601(deadline_ms)}
        try:
            if client.create_order(SYMBOL, "market", "buy", 30, None, arguments)["id"] is not None:
                return
        except ccxt.BaseError:
            pass
        absent = 0
        while absent < 2:
            venue.advance(2)
            is_open = asked(venue, partial(listed, client, "privatePostOpenOrders", "open", cl_ord_id=name))
            is_done = asked(
                venue, partial(listed, client, "privatePostClosedOrders", "closed", cl_ord_id=name)
            )
            if is_open or is_done:
                return
            absent += venue.now_ms() > deadline_ms
    raise AssertionError("never accepted")


def kraken_trades(venue: VenueServer, client: Any) -> Iterator[tuple[str, BookedTrade]]:
    orders: dict[str, Any] = {}
    trades: dict[str, Any] = {}
    for name, key, found in (
        ("privatePostClosedOrders", "closed", orders),
        ("privatePostTradesHistory", "trades", trades),
    ):
        while page := asked(venue, partial(listed, client, name, key, ofs=len(found))):
            found |= page
    for name, trade in trades.items():
        order = orders[trade["ordertxid"]]
        numbers = (Decimal(trade["vol"]), Decimal(trade["price"]), Decimal(trade["fee"]))
        yield name, BookedTrade(order["cl_ord_id"], trade["type"], *numbers, "USD")


def coinbase_buy(venue: VenueServer, client: Any, client_id: str) -> None:
    """Send the same id and body until it is answered."""
    for _ in range(100):
        try:
            arguments = {"client_order_id": client_id}
            if client.create_order(SYMBOL, "limit", "buy", 30, 0.1002, arguments)["id"] is not None:
                return
        except ccxt.BaseError:
            venue.advance(1)
    raise AssertionError("never accepted")


def coinbase_trades(venue: VenueServer, client: Any) -> Iterator[tuple[str, BookedTrade]]:
    def rows(question: Callable[[Any], Any], key: str) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        while True:
            fields = {"limit": 50} | ({"cursor": cursor} if cursor else {})
            page = asked(venue, partial(holding, question, key, fields))
            found += page[key]
            cursor = page.get("cursor", "")
            if not cursor:
                return found

    orders = {
        each["order_id"]: each["client_order_id"]
        for each in rows(client.v3PrivateGetBrokerageOrdersHistoricalBatch, "orders")
    }
    for trade in rows(client.v3PrivateGetBrokerageOrdersHistoricalFills, "fills"):
        assert trade["size_in_quote"] is False
        numbers = (Decimal(trade["size"]), Decimal(trade["price"]), Decimal(trade["commission"]))
        yield (
            trade["trade_id"],
            BookedTrade(orders[trade["order_id"]], trade["side"].lower(), *numbers, "USD"),
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_a_careful_trader_gets_every_order_exactly_once(
    dialect: Literal["kraken", "coinbase"], seed: int
) -> None:
    with VenueServer(dialect, {"USD": "1000", "DOGE": "5000"}, seed) as venue:
        client = open_client(venue)
        client.options["maxRetriesOnFailure"] = 0
        venue.hide_new_orders(1)
        venue.lag_trades(3)
        venue.disturb_history(repeats=True, shuffled=True)
        where = "/private/" if dialect == "kraken" else "/brokerage/"
        venue.mix(QUICK, SHARE, seed, where, whens=("before", "after", "later"))
        buy, trades = (kraken_buy, kraken_trades) if dialect == "kraken" else (coinbase_buy, coinbase_trades)
        for number in range(15):
            buy(venue, client, f"ms{number:02d}")
        venue.advance(5)
        books = Books(dict(trades(venue, client)))
        assert venue.faults.happened
        assert venue.oracle.doubled() == [] == venue.oracle.strangers()
        assert venue.oracle.positions() == {"DOGE": Decimal(15 * 30)}
        venue.oracle.assert_books_agree(books)
