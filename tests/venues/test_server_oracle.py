"""The oracle finds what went wrong: doubled orders, naked positions, foreign coins sold, books that differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from venue_server import AMBIGUOUS, BookedTrade, Books, VenueServer, open_client

SYMBOL = "DOGE/USD"
AMBIGUOUS_AND_QUICK = [shape for shape in AMBIGUOUS if shape != "timeout"]


@pytest.fixture
def venue() -> Iterator[VenueServer]:
    with VenueServer("kraken", {"USD": "1000", "DOGE": "5000"}) as running:
        yield running


@pytest.fixture
def client(venue: VenueServer) -> Any:
    return open_client(venue)


def true_books(venue: VenueServer) -> Books:
    trades = {}
    for trade in venue.oracle.trades():
        ticket = venue.ledger.orders[trade.order_id].ticket
        trades[trade.id] = BookedTrade(
            ticket.client_id, ticket.side, trade.quantity, trade.price, trade.paid, trade.paid_asset
        )
    resting = {each.ticket.client_id: each.remaining for each in venue.oracle.ours() if each.is_open}
    balances = {asset: (total, venue.ledger.held(asset)) for asset, total in venue.ledger.balances.items()}
    return Books(trades, resting, balances)


def test_a_position_is_naked_until_a_stop_covers_all_of_it(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms1", "oflags": "fciq"})
    assert venue.oracle.naked_positions() == {"DOGE": Decimal(100)}
    arguments = {"stopLossPrice": 0.09, "clientOrderId": "ms2", "oflags": "fciq"}
    stop = client.create_order(SYMBOL, "market", "sell", 60, None, arguments)["id"]
    assert venue.oracle.naked_positions() == {"DOGE": Decimal(40)}
    assert venue.oracle.naked_positions(dust=Decimal(40)) == {}
    client.edit_order(stop, SYMBOL, "market", "sell", 100)
    assert venue.oracle.naked_positions() == {}
    venue.price(SYMBOL, "0.0899", "0.0900")
    assert venue.oracle.positions() == {} == venue.oracle.naked_positions()


def test_selling_the_users_coins_is_seen_even_if_they_are_bought_back(
    venue: VenueServer, client: Any
) -> None:
    for number, (side, amount) in enumerate((("buy", 100), ("sell", 130), ("buy", 30))):
        client.create_order(
            SYMBOL, "market", side, amount, None, {"clientOrderId": f"ms{number}", "oflags": "fciq"}
        )
    assert venue.oracle.positions() == {}
    assert venue.oracle.sold_more_than() == {"DOGE": Decimal(30)}
    assert venue.oracle.sold_more_than({"DOGE": Decimal(30)}) == {}


def test_the_users_own_trades_are_not_ours(venue: VenueServer) -> None:
    venue.user_order(SYMBOL, "sell", "market", 500, client_id="ms1")
    assert venue.oracle.sold_more_than() == {} == venue.oracle.positions()
    assert venue.oracle.trades() == []


def test_books_that_agree_pass_and_every_difference_is_named(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms1", "oflags": "fciq"})
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "ms2", "oflags": "fciq"})
    books = true_books(venue)
    venue.oracle.assert_books_agree(books)

    name, trade = next(iter(books.trades.items()))
    off = replace(trade, fee=trade.fee + Decimal("0.00001"))
    assert "fee" in venue.oracle.differences(replace(books, trades={**books.trades, name: off}))[0]

    lost = {key: value for key, value in books.trades.items() if key != name}
    with pytest.raises(AssertionError, match="not in our books"):
        venue.oracle.assert_books_agree(replace(books, trades=lost))
    assert (
        "never happened" in venue.oracle.differences(replace(books, trades={**books.trades, "TX": trade}))[0]
    )
    assert "order ms2: remaining None" in venue.oracle.differences(replace(books, open_orders={}))[0]
    assert (
        "balance DOGE"
        in venue.oracle.differences(replace(books, balances={"DOGE": (Decimal(1), Decimal(0))}))[0]
    )


def test_a_trader_that_simply_sends_again_is_caught(venue: VenueServer, client: Any) -> None:
    venue.mix(AMBIGUOUS_AND_QUICK, share=0.5, where="AddOrder")
    for number in range(12):
        for _ in range(3):
            try:
                order = client.create_order(
                    SYMBOL, "market", "buy", 20, None, {"clientOrderId": f"ms{number}"}
                )
            except ccxt.BaseError:
                continue
            if order["id"] is not None:
                break
    assert venue.oracle.doubled()


def test_every_step_of_the_account_is_kept(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "sell", 100, 0.2, {"clientOrderId": "ms1"})
    venue.deposit("USD", 5)
    assert [step.what.split()[0] for step in venue.ledger.steps] == ["opening", "accepted", "deposit"]
    assert venue.ledger.steps[1].holds == {"DOGE": Decimal(100)}
    assert venue.ledger.steps[2].balances["USD"] == 1005
