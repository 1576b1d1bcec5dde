"""The venue's own book: what it holds, how it fills, what it hides, and that it never contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_server import HostileVenue, Refusal, VenueServer, open_client

SYMBOL = "DOGE/USD"


@pytest.fixture
def venue() -> Iterator[VenueServer]:
    with VenueServer("kraken", {"USD": "1000", "DOGE": "5000"}) as running:
        yield running


@pytest.fixture
def client(venue: VenueServer) -> Any:
    return open_client(venue)


# --- fills ---------------------------------------------------------------------------------------------------


def test_a_thin_book_fills_partly_and_the_next_price_goes_on(venue: VenueServer, client: Any) -> None:
    venue.price(SYMBOL, "0.0999", "0.1000", depth="30")
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.1, {"clientOrderId": "ms1"})["id"]
    order = venue.ledger.orders[order_id]
    assert order.filled == 30 and order.is_open
    venue.price(SYMBOL, "0.0999", "0.1000", depth="20")
    assert order.filled == 50
    venue.price(SYMBOL, "0.0900", "0.0901")
    assert order.status == "closed" and order.filled == 100
    # What rested was filled at its own price and as a maker.
    assert {(trade.price, trade.maker) for trade in venue.ledger.trades_of(order)} == {
        (Decimal("0.1"), False),
        (Decimal("0.1"), True),
    }


def test_a_market_order_walks_the_book_and_ends_with_what_it_got(venue: VenueServer, client: Any) -> None:
    venue.price(SYMBOL, "0.1000", "0.1001", depth="30")
    order_id = client.create_order(SYMBOL, "market", "sell", 1000, None, {"oflags": "fciq"})["id"]
    order = venue.ledger.orders[order_id]
    assert order.filled == 150 and order.status == "canceled"
    assert len({trade.price for trade in venue.ledger.trades_of(order)}) == 5
    assert client.fetch_balance()["DOGE"]["used"] == 0.0


def test_one_fill_may_be_several_trades(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms1"})
    order = venue.oracle.orders_with("ms1")[0]
    assert len(order.trades) > 1
    assert sum(trade.quantity for trade in venue.ledger.trades_of(order)) == 100


def test_the_users_orders_stand_beside_ours(venue: VenueServer, client: Any) -> None:
    theirs = venue.user_order(SYMBOL, "sell", "limit", 4000, price="0.2")
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(SYMBOL, "limit", "sell", 1001, 0.2)
    assert [each["id"] for each in client.fetch_open_orders()] == [theirs.id]
    assert venue.oracle.ours() == []


# --- what is hidden ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_a_new_order_may_be_in_no_list_for_a_while(dialect: Literal["kraken", "coinbase"]) -> None:
    with VenueServer(dialect, {"USD": "1000"}) as venue:
        client = open_client(venue)
        venue.hide_new_orders(10)
        order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.1001)["id"]
        assert client.fetch_open_orders() == [] == client.fetch_closed_orders()
        assert client.fetch_my_trades() == []
        with pytest.raises(ccxt.BaseError):
            client.fetch_order(order_id)
        assert client.fetch_balance({"v3": True})["DOGE"]["total"] == 100
        venue.advance(11)
        assert [each["id"] for each in client.fetch_closed_orders()] == [order_id]
        assert client.fetch_my_trades()


def test_trades_may_come_later_than_the_order_says(venue: VenueServer, client: Any) -> None:
    venue.lag_trades(10)
    order_id = client.create_order(SYMBOL, "market", "buy", 100)["id"]
    assert client.fetch_order(order_id)["filled"] == 100.0
    assert client.fetch_my_trades() == []
    venue.advance(11)
    assert sum(each["amount"] for each in client.fetch_my_trades()) == 100.0


def test_a_fill_may_come_after_the_cancel_was_accepted(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    venue.fill_after_cancel(40, after_s=5)
    assert client.cancel_order(order_id)["info"]["result"]["count"] == 1
    assert client.fetch_order(order_id)["status"] == "open"
    venue.advance(6)
    fetched = client.fetch_order(order_id)
    assert fetched["status"] == "canceled" and fetched["filled"] == 40.0


def test_a_cancel_may_lose_against_a_fill(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    venue.lose_cancels()
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order_id)
    assert client.fetch_order(order_id)["status"] == "closed"


def test_a_scripted_price_comes_by_the_venues_clock(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "sell", 100, None, {"stopLossPrice": 0.09})
    venue.script(SYMBOL, [(10, "0.0950", "0.0951"), (20, "0.0890", "0.0891"), (30, "0.1000", "0.1001")])
    venue.advance(15)
    assert len(client.fetch_open_orders()) == 1
    venue.advance(30)
    assert client.fetch_open_orders() == []
    assert venue.matcher.quotes[SYMBOL].bid == Decimal("0.1000")


def test_calm_ends_every_mood(venue: VenueServer, client: Any) -> None:
    venue.hide_new_orders(1000)
    venue.mix(["500"], share=1.0)
    venue.set_mode("cancel_only")
    venue.calm()
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09)
    assert len(client.fetch_open_orders()) == 1


# --- the book never contradicts itself -----------------------------------------------------------------------

PRICES = st.integers(900, 1100).map(lambda each: Decimal(each).scaleb(-4))
VOLUMES = st.integers(1, 3000).map(Decimal)
STEPS = st.one_of(
    st.tuples(st.just("price"), PRICES, st.sampled_from([None, Decimal(25), Decimal(400)])),
    st.tuples(
        st.just("order"),
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["market", "limit", "stop-loss", "stop-loss-limit", "take-profit"]),
        VOLUMES,
        PRICES,
    ),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("late"), VOLUMES),
    st.tuples(st.just("lose")),
    st.tuples(st.just("amend"), st.integers(0, 20), VOLUMES),
    st.tuples(st.just("withdraw"), st.sampled_from(["USD", "DOGE"]), VOLUMES),
    st.tuples(st.just("wait")),
)


def play(venue: HostileVenue, steps: list[Any]) -> None:
    for step in steps:
        try:
            carry_out(venue, *step)
        except Refusal:
            continue


def carry_out(venue: HostileVenue, what: str, *rest: Any) -> None:
    orders = list(venue.ledger.orders.values())
    match what:
        case "price":
            tick = venue.instruments[SYMBOL].tick
            venue.price(SYMBOL, rest[0], rest[0] + tick, depth=rest[1])
        case "order":
            side, kind, volume, price = rest
            limit = price if kind.endswith("limit") else None
            trigger = price if kind not in ("market", "limit") else None
            venue.user_order(SYMBOL, side, kind, volume, limit, trigger)
        case "cancel" if orders:
            venue.cancel(orders[rest[0] % len(orders)])
        case "late":
            venue.fill_after_cancel(rest[0], after_s=5)
        case "lose":
            venue.lose_cancels()
        case "amend" if orders:
            venue.matcher.amend(orders[rest[0] % len(orders)], rest[1], None, None)
        case "withdraw":
            venue.withdraw(*rest)
        case "wait":
            venue.advance(6)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["kraken", "coinbase"]), st.integers(1, 99), st.lists(STEPS, min_size=1, max_size=40))
def test_whatever_happens_the_book_adds_up(dialect: Any, seed: int, steps: list[Any]) -> None:
    venue = HostileVenue(dialect, {"USD": "500", "DOGE": "4000"}, seed)
    play(venue, steps)
    ledger = venue.ledger
    for asset, balance in ledger.balances.items():
        moved = sum((each.amount - each.fee for each in ledger.entries if each.asset == asset), Decimal(0))
        assert ledger.opening.get(asset, Decimal(0)) + moved == balance >= ledger.held(asset) >= 0
    for order in ledger.orders.values():
        trades = ledger.trades_of(order)
        assert sum(each.quantity for each in trades) == order.filled <= order.volume
        assert sum(each.cost for each in trades) == order.cost
        assert sum(each.fee for each in trades) == order.fee
        assert order.is_open or (order.hold == 0 and order.closed_us > order.opened_us)
        assert order.status != "closed" or order.remaining == 0
        if order.price is not None:
            better = min if order.ticket.side == "buy" else max
            assert all(better(each.price, order.price) == each.price for each in trades)


@settings(max_examples=10, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=30))
def test_the_same_seed_and_steps_give_the_same_book(steps: list[Any]) -> None:
    def book() -> Any:
        venue = HostileVenue("kraken", {"USD": "500", "DOGE": "4000"}, seed=5)
        play(venue, steps)
        trades = [(each.id, each.price, each.quantity) for each in venue.ledger.trades.values()]
        return list(venue.ledger.orders), trades, venue.ledger.balances

    assert book() == book()
