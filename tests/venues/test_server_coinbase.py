"""Coinbase's traps, each against the real ccxt client: client ids, holds, sizes, stops, cancels, edits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from venue_server import VenueServer, open_client

SYMBOL = "DOGE/USD"


@pytest.fixture
def venue() -> Iterator[VenueServer]:
    with VenueServer("coinbase", {"USD": "1000", "DOGE": "500"}) as running:
        yield running


@pytest.fixture
def client(venue: VenueServer) -> Any:
    return open_client(venue)


def only(venue: VenueServer) -> Any:
    assert len(venue.ledger.orders) == 1
    return next(iter(venue.ledger.orders.values()))


# --- client ids ----------------------------------------------------------------------------------------------


def test_client_order_id_is_silently_dropped_in_its_usual_spelling(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "ms1"})
    assert only(venue).ticket.client_id != "ms1"
    assert venue.oracle.strangers() == [only(venue)]


def test_the_venues_own_spelling_goes_through(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"client_order_id": "ms1"})
    assert only(venue).ticket.client_id == "ms1" and not venue.oracle.strangers()


def test_the_same_id_returns_the_original_order(venue: VenueServer, client: Any) -> None:
    first = client.create_order(SYMBOL, "market", "buy", 100, 0.1001, {"client_order_id": "ms1"})
    again = client.create_order(SYMBOL, "market", "buy", 100, 0.1001, {"client_order_id": "ms1"})
    assert again["id"] == first["id"] and len(venue.ledger.orders) == 1
    # Whatever the second body says.
    other = client.create_order(SYMBOL, "limit", "sell", 5, 0.5, {"client_order_id": "ms1"})
    assert other["id"] == first["id"]


def test_orders_of_a_client_id_are_found_by_scanning_only(client: Any) -> None:
    for number in range(3):
        client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"client_order_id": f"ms{number}"})
    found = client.fetch_orders(SYMBOL, params={"client_order_id": "ms1"})
    assert sorted(each["clientOrderId"] for each in found) == ["ms0", "ms1", "ms2"]


def test_recent_orders_come_in_pages_with_a_cursor(venue: VenueServer, client: Any) -> None:
    for number in range(120):
        venue.user_order(SYMBOL, "buy", "limit", 20, price="0.05", client_id=f"ms{number}")
    first = client.fetch_orders(SYMBOL)
    assert len(first) == 100
    # The cursor hangs on what the venue listed first, which ccxt sorts to the end.
    cursor = next(each["info"]["cursor"] for each in first if "cursor" in each["info"])
    second = client.fetch_orders(SYMBOL, params={"cursor": cursor})
    assert len({each["id"] for each in first + second}) == 120


# --- money ---------------------------------------------------------------------------------------------------


def test_the_default_balance_hides_holds(client: Any) -> None:
    client.create_order(SYMBOL, "limit", "sell", 200, 0.2, {"client_order_id": "ms1"})
    assert client.fetch_balance()["DOGE"] == {"free": 500.0, "used": 0.0, "total": 500.0}
    assert client.fetch_balance({"v3": True})["DOGE"] == {"free": 300.0, "used": 200.0, "total": 500.0}


def test_a_market_buy_needs_a_price_and_sends_what_to_spend(venue: VenueServer, client: Any) -> None:
    with pytest.raises(ccxt.InvalidOrder):
        client.create_order(SYMBOL, "market", "buy", 100)
    client.create_order(SYMBOL, "market", "buy", 100, 0.1001, {"client_order_id": "ms1"})
    sent = venue.asked("brokerage/orders")[-1].fields["order_configuration"]
    assert sent == {"market_market_ioc": {"quote_size": "10.01"}}


def test_a_market_buy_fills_less_than_asked_and_selling_the_amount_fails() -> None:
    with VenueServer("coinbase", {"USD": "1000"}) as venue:
        client = open_client(venue)
        order_id = client.create_order(SYMBOL, "market", "buy", 100, 0.1001)["id"]
        filled = client.fetch_order(order_id)["filled"]
        assert 99.3 < filled < 99.5
        with pytest.raises(ccxt.InsufficientFunds):
            client.create_order(SYMBOL, "market", "sell", 100)
        client.create_order(SYMBOL, "market", "sell", filled)
        assert venue.ledger.balances["DOGE"] == 0


def test_fills_of_such_a_buy_are_counted_in_the_quote(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "buy", 100, 0.1001, {"client_order_id": "ms1"})
    trades = client.fetch_my_trades()
    assert all(each["info"]["size_in_quote"] for each in trades)
    bought = sum(Decimal(each["info"]["size"]) / Decimal(each["info"]["price"]) for each in trades)
    assert bought == only(venue).filled


def test_fills_may_come_twice_and_in_any_order(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "sell", 100, None, {"client_order_id": "ms1"})
    client.create_order(SYMBOL, "market", "sell", 100, None, {"client_order_id": "ms2"})
    venue.disturb_history(repeats=True, shuffled=True)
    names = [each["id"] for each in client.fetch_my_trades()]
    assert len(names) > len(set(names)) == len(venue.ledger.trades)


def test_fees_are_read_by_api(client: Any) -> None:
    fee = client.fetch_trading_fees()[SYMBOL]
    assert (fee["maker"], fee["taker"]) == (0.004, 0.006)


def test_deposits_and_withdrawals_stand_in_the_ledger_of_each_account(
    venue: VenueServer, client: Any
) -> None:
    venue.deposit("USD", "500")
    client.create_order(SYMBOL, "market", "sell", 100)
    venue.withdraw("DOGE", "50")
    cash = [(each["info"]["type"], each["direction"], each["amount"]) for each in client.fetch_ledger("USD")]
    assert ("fiat_deposit", "in", 500.0) in cash
    assert {each[0] for each in cash} == {"fiat_deposit", "advanced_trade_fill"}
    coins = [(each["info"]["type"], each["direction"]) for each in client.fetch_ledger("DOGE")]
    assert ("send", "out") in coins and ("advanced_trade_fill", "out") in coins
    total = sum(Decimal(each["info"]["amount"]["amount"]) for each in client.fetch_ledger("USD"))
    assert Decimal(1000) + total == venue.ledger.balances["USD"]


# --- stops ---------------------------------------------------------------------------------------------------


def test_only_stop_limit_stops(client: Any) -> None:
    with pytest.raises(ccxt.NotSupported):
        client.create_order(SYMBOL, "market", "sell", 100, None, {"stopLossPrice": 0.09})


def test_trigger_price_on_a_sale_means_up(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "sell", 100, 0.11, {"triggerPrice": 0.11})
    assert only(venue).ticket.kind == "take-profit-limit"
    with pytest.raises(ccxt.ExchangeError):
        client.create_order(SYMBOL, "limit", "sell", 100, 0.089, {"triggerPrice": 0.09})


def test_stop_loss_price_with_a_limit_rests_below(venue: VenueServer, client: Any) -> None:
    client.create_order(
        SYMBOL, "limit", "sell", 100, 0.089, {"stopLossPrice": 0.09, "client_order_id": "ms1"}
    )
    order = only(venue)
    assert order.ticket.kind == "stop-loss-limit" and order.is_open
    venue.price(SYMBOL, "0.0899", "0.0900")
    assert order.status == "closed"


def test_a_stop_above_the_last_price_is_refused(client: Any) -> None:
    with pytest.raises(ccxt.InvalidOrder):
        client.create_order(SYMBOL, "limit", "sell", 100, 0.2, {"stopLossPrice": 0.21})


# --- order states --------------------------------------------------------------------------------------------


def test_there_is_no_cancel_all(client: Any) -> None:
    assert not client.has.get("cancelAllOrders")
    assert not client.has.get("cancelAllOrdersAfter")


def test_cancelling_a_dead_order_is_a_bad_request(client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    client.cancel_order(order_id)
    with pytest.raises(ccxt.BadRequest):
        client.cancel_order(order_id)


def test_an_unknown_order_is_a_bare_exchange_error(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeError) as caught:
        client.fetch_order("00000000-0000-4000-8000-000000000000")
    assert caught.type is ccxt.ExchangeError


def test_fill_or_kill_parses_without_a_price(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.1001, {"timeInForce": "FOK"})["id"]
    fetched = client.fetch_order(order_id)
    assert fetched["price"] is None and fetched["average"] == 0.1001 and fetched["filled"] == 100.0
    venue.price(SYMBOL, "0.1000", "0.1001", depth="30")
    with pytest.raises(ccxt.ExchangeError):
        client.create_order(SYMBOL, "limit", "buy", 100, 0.1001, {"timeInForce": "FOK"})


def test_a_new_order_may_say_pending_and_be_in_no_list_of_open_ones(venue: VenueServer, client: Any) -> None:
    venue.show_pending(5)
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    assert client.fetch_order(order_id)["status"] == "PENDING"
    assert client.fetch_open_orders() == []
    venue.advance(6)
    assert [each["id"] for each in client.fetch_open_orders()] == [order_id]


def test_a_queued_cancel_has_a_raw_status(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    venue.fill_after_cancel(40, after_s=5)
    client.cancel_order(order_id)
    assert client.fetch_order(order_id)["status"] == "CANCEL_QUEUED"
    venue.advance(6)
    fetched = client.fetch_order(order_id)
    assert fetched["status"] == "canceled" and fetched["filled"] == 40.0


def test_refusals_are_bare_exchange_errors(venue: VenueServer, client: Any) -> None:
    def refused(*arguments: Any) -> type[BaseException]:
        with pytest.raises(ccxt.BaseError) as caught:
            client.create_order(*arguments)
        return caught.type

    assert refused(SYMBOL, "limit", "buy", 100_000, 0.09) is ccxt.InsufficientFunds
    assert refused(SYMBOL, "limit", "buy", 0.1, 0.09) is ccxt.ExchangeError
    assert refused(SYMBOL, "limit", "buy", 100, 0.2, {"postOnly": True}) is ccxt.ExchangeError
    venue.set_mode("cancel_only")
    assert refused(SYMBOL, "limit", "buy", 100, 0.09) is ccxt.ExchangeError
    venue.set_mode("post_only")
    assert refused(SYMBOL, "limit", "buy", 100, 0.09) is ccxt.ExchangeError
    assert not venue.ledger.orders


def test_an_edit_keeps_the_order_and_names_none(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    answer = client.edit_order(order_id, SYMBOL, "limit", "buy", 120, 0.091)
    assert answer["id"] is None and answer["info"]["success"] is True
    assert (only(venue).volume, only(venue).price) == (Decimal(120), Decimal("0.091"))


def test_an_edit_of_a_stop_fails_without_an_exception(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "sell", 100, 0.089, {"stopLossPrice": 0.09})["id"]
    answer = client.edit_order(order_id, SYMBOL, "limit", "sell", 50, 0.088)
    assert answer["info"]["success"] is False and only(venue).volume == 100


def test_good_till_date_orders_end_by_themselves(venue: VenueServer, client: Any) -> None:
    end = client.iso8601(venue.now_ms() + 60_000)
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"timeInForce": "GTD", "end_time": end})
    venue.advance(61)
    assert client.fetch_open_orders() == []
    assert only(venue).status == "expired"
    # EXPIRED has a list of its own: neither the filled nor the cancelled ones show it.
    assert client.fetch_closed_orders() == [] == client.fetch_canceled_orders()
