"""Kraken's traps, each against the real ccxt client: stops, client ids, history, amendments, the switch."""

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
    with VenueServer("kraken", {"USD": "1000", "DOGE": "5000"}) as running:
        yield running


@pytest.fixture
def client(venue: VenueServer) -> Any:
    return open_client(venue)


def only(venue: VenueServer) -> Any:
    assert len(venue.ledger.orders) == 1
    return next(iter(venue.ledger.orders.values()))


# --- stops ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stop", "stop_market", "triggerPrice"])
def test_create_stop_order_sells_at_once(venue: VenueServer, client: Any, how: str) -> None:
    if how == "triggerPrice":
        client.create_order(SYMBOL, "market", "sell", 100, None, {"triggerPrice": 0.09})
    elif how == "stop":
        client.create_stop_order(SYMBOL, "market", "sell", 100, None, 0.09)
    else:
        client.create_stop_market_order(SYMBOL, "sell", 100, 0.09)
    order = only(venue)
    assert order.ticket.kind == "market" and order.filled == 100


def test_create_stop_limit_order_rests_as_a_plain_limit_and_sells_at_once(
    venue: VenueServer, client: Any
) -> None:
    client.create_stop_limit_order(SYMBOL, "sell", 100, 0.0899, 0.09)
    order = only(venue)
    assert order.ticket.kind == "limit" and order.trigger is None and order.filled == 100


def test_stop_loss_price_rests_and_sells_only_when_the_price_gets_there(
    venue: VenueServer, client: Any
) -> None:
    client.create_order(SYMBOL, "market", "sell", 100, None, {"stopLossPrice": 0.09})
    order = only(venue)
    assert order.ticket.kind == "stop-loss" and order.is_open and order.filled == 0
    venue.price(SYMBOL, "0.0901", "0.0903")
    assert order.is_open
    venue.price(SYMBOL, "0.0899", "0.0901")
    assert order.status == "closed"
    assert {trade.price for trade in venue.ledger.trades_of(order)} == {Decimal("0.0899")}


def test_the_raw_stop_type_works_too(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "stop-loss", "sell", 100, None, {"price": "0.09"})
    assert only(venue).ticket.kind == "stop-loss" and only(venue).trigger == Decimal("0.09")


def test_take_profit_price_waits_for_the_other_side(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "sell", 100, None, {"takeProfitPrice": 0.11})
    assert only(venue).is_open
    venue.price(SYMBOL, "0.1101", "0.1103")
    assert only(venue).status == "closed"


def test_a_stop_limit_that_is_gapped_past_stays_open(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "sell", 100, 0.0895, {"stopLossPrice": 0.09})
    venue.price(SYMBOL, "0.0850", "0.0852")
    order = only(venue)
    assert order.triggered and order.is_open and order.filled == 0
    shown = client.fetch_open_orders()[0]
    assert shown["stopLossPrice"] == 0.09 and shown["price"] == 0.0895


def test_test_true_places_a_real_order_and_validate_does_not(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"validate": True})
    assert not venue.ledger.orders
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"test": True})
    assert only(venue).is_open


# --- client ids ----------------------------------------------------------------------------------------------


def test_client_order_id_goes_out_as_cl_ord_id(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "ms" + "a" * 16})
    assert venue.asked("AddOrder")[-1].fields["cl_ord_id"] == "ms" + "a" * 16


@pytest.mark.parametrize("client_id", ["ms" + "a" * 17, "with space", "ünïcode"])
def test_a_client_id_is_a_uuid_or_up_to_18_characters(
    venue: VenueServer, client: Any, client_id: str
) -> None:
    with pytest.raises(ccxt.ExchangeError, match="cl_ord_id"):
        client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": client_id})
    client.create_order(
        SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "6d1b345e-2821-40e2-ad83-4ecb18a06876"}
    )
    assert only(venue).is_open


def test_a_client_id_excludes_userref(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="cl_ord_id"):
        client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "ms1", "userref": 7})


def test_a_client_id_is_unique_among_open_orders_only(venue: VenueServer, client: Any) -> None:
    arguments = {"clientOrderId": "ms1"}
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, arguments)
    with pytest.raises(ccxt.ExchangeError) as caught:
        client.create_order(SYMBOL, "limit", "buy", 100, 0.09, arguments)
    assert caught.type is ccxt.ExchangeError
    client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms2"})
    client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms2"})
    assert venue.oracle.doubled() == ["ms2"]


def test_orders_are_looked_up_by_client_id_in_open_and_closed(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "ms1"})
    client.create_order(SYMBOL, "limit", "buy", 100, 0.08, {"clientOrderId": "ms2"})
    client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms3"})
    found = client.fetch_open_orders(params={"clientOrderId": "ms2"})
    assert [each["clientOrderId"] for each in found] == ["ms2"]
    found = client.fetch_closed_orders(params={"clientOrderId": "ms3"})
    assert [each["clientOrderId"] for each in found] == ["ms3"]
    assert client.fetch_closed_orders(params={"clientOrderId": "ms1"}) == []


def test_fetch_order_by_client_id_goes_out_as_userref(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"clientOrderId": "ms1"})["id"]
    with pytest.raises(ccxt.ExchangeError):
        client.fetch_order(order_id, params={"clientOrderId": "ms1"})
    asked = venue.asked("QueryOrders")[-1].fields
    assert asked["userref"] == "ms1" and "cl_ord_id" not in asked


# --- what the answers leave out ------------------------------------------------------------------------------


def test_create_order_returns_neither_status_nor_filled(venue: VenueServer, client: Any) -> None:
    order = client.create_order(SYMBOL, "market", "buy", 100, None, {"clientOrderId": "ms1"})
    assert order["status"] is None and order["filled"] is None and order["clientOrderId"] is None
    fetched = client.fetch_order(order["id"])
    assert fetched["status"] == "closed" and fetched["filled"] == 100.0


def test_fetch_order_rounds_and_gives_bare_trade_ids(client: Any, venue: VenueServer) -> None:
    venue.price(SYMBOL, "0.0999999", "0.1000001", depth="1111.11111111")
    order_id = client.create_order(SYMBOL, "market", "buy", 3000, None, {"oflags": "fciq"})["id"]
    fetched = client.fetch_order(order_id)
    assert isinstance(fetched["fee"]["cost"], str)
    assert all(each["price"] is None and each["amount"] is None for each in fetched["trades"])
    truth = venue.ledger.orders[order_id]
    # `cost` is made of the rounded average; the venue's own is in `info`, and the trades sum up to it.
    assert Decimal(str(fetched["cost"])) != truth.cost
    assert Decimal(fetched["info"]["cost"]) == truth.cost
    trades = [each for each in client.fetch_my_trades() if each["order"] == order_id]
    assert sum(Decimal(each["info"]["cost"]) for each in trades) == truth.cost
    assert sum(Decimal(each["info"]["fee"]) for each in trades) == truth.fee


def test_history_comes_in_pages_of_50_by_ofs(venue: VenueServer, client: Any) -> None:
    for number in range(60):
        client.create_order(SYMBOL, "market", "buy", 20, None, {"clientOrderId": f"ms{number}"})
    for fetch in (client.fetch_closed_orders, client.fetch_my_trades):
        seen: dict[str, Any] = {}
        pages = 0
        while page := fetch(params={"ofs": len(seen)}):
            assert len(page) <= 50
            seen |= {each["id"]: each for each in page}
            pages += 1
        whole = venue.ledger.orders if fetch == client.fetch_closed_orders else venue.ledger.trades
        assert pages > 1 and seen.keys() == whole.keys()


def test_pages_overlap_where_something_new_came_in_between(venue: VenueServer, client: Any) -> None:
    for _ in range(60):
        client.create_order(SYMBOL, "market", "buy", 20)
    venue.disturb_history(repeats=True, shuffled=True)
    first, second = client.fetch_my_trades(), client.fetch_my_trades(params={"ofs": 50})
    assert {each["id"] for each in first} & {each["id"] for each in second}
    assert [each["timestamp"] for each in first] == sorted(each["timestamp"] for each in first)


def test_a_cancel_answers_with_a_count_only(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    answer = client.cancel_order(order_id)
    assert answer["id"] is None and answer["info"]["result"]["count"] == 1
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order_id)
    with pytest.raises(ccxt.InvalidOrder):
        client.fetch_order("OAAAAA-BBBBB-CCCCCC")


# --- amending ------------------------------------------------------------------------------------------------


def test_a_stop_is_amended_in_place_and_the_answer_names_the_amendment(
    venue: VenueServer, client: Any
) -> None:
    arguments = {"stopLossPrice": 0.09, "clientOrderId": "ms1"}
    order_id = client.create_order(SYMBOL, "market", "sell", 100, None, arguments)["id"]
    answer = client.edit_order(order_id, SYMBOL, "market", "sell", 60, None, {"stopLossPrice": 0.095})
    assert answer["id"] != order_id and answer["id"].startswith("A")
    order = only(venue)
    assert order.id == order_id and order.is_open
    assert (order.volume, order.trigger) == (Decimal(60), Decimal("0.095"))
    # At no moment were the coins free: the stop was there all the time.
    holds = [step.holds.get("DOGE") for step in venue.ledger.steps if step.what.startswith(("acc", "amend"))]
    assert holds == [Decimal(100), Decimal(60)]


def test_an_amendment_to_less_than_is_filled_is_refused(venue: VenueServer, client: Any) -> None:
    venue.price(SYMBOL, "0.1000", "0.1001", depth="30")
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.1001)["id"]
    assert only(venue).filled == 30
    with pytest.raises(ccxt.ExchangeError, match="order_qty"):
        client.edit_order(order_id, SYMBOL, "limit", "buy", 20)


# --- the dead man's switch -----------------------------------------------------------------------------------


def test_the_switch_takes_milliseconds_and_sixty_switches_it_off(venue: VenueServer, client: Any) -> None:
    client.cancel_all_orders_after(60_000)
    assert venue.asked("CancelAllOrdersAfter")[-1].fields["timeout"] == "60"
    answer = client.cancel_all_orders_after(60)
    assert venue.asked("CancelAllOrdersAfter")[-1].fields["timeout"] == "0"
    assert answer["result"]["triggerTime"] == "0" and venue.dead_man_us == 0


def test_the_switch_cancels_stops_and_the_users_orders_too(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "sell", 100, None, {"stopLossPrice": 0.09})
    theirs = venue.user_order(SYMBOL, "sell", "limit", 50, price="0.2")
    client.cancel_all_orders_after(60_000)
    venue.advance(59)
    assert len(client.fetch_open_orders()) == 2
    venue.advance(2)
    assert client.fetch_open_orders() == [] and theirs.status == "canceled"


# --- refusals ------------------------------------------------------------------------------------------------


def test_refusals_have_these_classes(venue: VenueServer, client: Any) -> None:
    def refused(*arguments: Any, **more: Any) -> type[BaseException]:
        with pytest.raises(ccxt.BaseError) as caught:
            client.create_order(*arguments, **more)
        return caught.type

    assert refused(SYMBOL, "limit", "buy", 100_000, 0.09) is ccxt.InsufficientFunds
    assert refused(SYMBOL, "limit", "buy", 5, 0.09) is ccxt.InvalidOrder
    assert refused(SYMBOL, "limit", "buy", 20, 0.001) is ccxt.InvalidOrder
    assert refused(SYMBOL, "limit", "buy", 100, 0.2, {"postOnly": True}) is ccxt.ExchangeError
    raw = {"pair": "XDGUSD", "type": "buy", "ordertype": "limit", "volume": "100"}
    with pytest.raises(ccxt.ExchangeError) as caught:
        client.privatePostAddOrder(raw | {"price": "0.090000001"})
    assert caught.type is ccxt.ExchangeError
    with pytest.raises(ccxt.ExchangeError) as caught:
        client.privatePostAddOrder(raw | {"price": "0.09", "pair": "NOPE"})
    assert caught.type is ccxt.ExchangeError
    venue.set_mode("cancel_only")
    assert refused(SYMBOL, "limit", "buy", 100, 0.09) is ccxt.OnMaintenance
    venue.set_mode("post_only")
    assert refused(SYMBOL, "limit", "buy", 100, 0.09) is ccxt.OnMaintenance
    venue.set_mode("maintenance")
    assert refused(SYMBOL, "limit", "buy", 100, 0.09) is ccxt.ExchangeNotAvailable
    assert not venue.ledger.orders


def test_in_cancel_only_mode_orders_can_still_be_cancelled(venue: VenueServer, client: Any) -> None:
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.09)["id"]
    venue.set_mode("cancel_only")
    client.cancel_order(order_id)
    assert only(venue).status == "canceled"


# --- money ---------------------------------------------------------------------------------------------------


def test_fciq_keeps_the_fee_of_a_sale_out_of_the_coins(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "market", "sell", 100, None, {"oflags": "fciq"})
    assert venue.ledger.balances["DOGE"] == 4900
    client.create_order(SYMBOL, "market", "sell", 100)
    assert venue.ledger.balances["DOGE"] < 4800
    # The trades look alike: only the ledger shows in what the second one was paid.
    assert {each["fee"]["currency"] for each in client.fetch_my_trades()} == {"USD"}
    fees = {each["fee"]["currency"] for each in client.fetch_ledger() if each["fee"]["cost"]}
    assert fees == {"USD", "DOGE"}


def test_a_resting_stop_locks_the_coins(client: Any) -> None:
    client.create_order(SYMBOL, "market", "sell", 4950, None, {"stopLossPrice": 0.09})
    assert client.fetch_balance()["DOGE"] == {"free": 50.0, "used": 4950.0, "total": 5000.0}
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(SYMBOL, "limit", "sell", 100, 0.2)


def test_deposits_and_withdrawals_stand_in_the_ledger(venue: VenueServer, client: Any) -> None:
    venue.deposit("USD", "500")
    venue.withdraw("DOGE", "1000")
    rows = [(each["info"]["type"], each["currency"], each["amount"]) for each in client.fetch_ledger()]
    assert sorted(rows) == [("deposit", "USD", 500.0), ("withdrawal", "DOGE", 1000.0)]


def test_fees_are_read_by_api(client: Any) -> None:
    fee = client.fetch_trading_fee(SYMBOL)
    assert (fee["maker"], fee["taker"]) == (0.0025, 0.004)


def test_expiring_orders_end_by_the_venues_clock(venue: VenueServer, client: Any) -> None:
    client.create_order(SYMBOL, "limit", "buy", 100, 0.09, {"timeInForce": "GTD", "expiretm": "+60"})
    venue.advance(61)
    assert client.fetch_open_orders() == []
    assert client.fetch_closed_orders()[0]["status"] == "expired"


def test_ioc_leaves_nothing_behind(venue: VenueServer, client: Any) -> None:
    venue.price(SYMBOL, "0.1000", "0.1001", depth="30")
    order_id = client.create_order(SYMBOL, "limit", "buy", 100, 0.1001, {"timeInForce": "IOC"})["id"]
    fetched = client.fetch_order(order_id)
    assert fetched["status"] == "canceled" and fetched["filled"] == 30.0
    assert client.fetch_balance()["USD"]["used"] == 0.0
