"""Venues that answer in another way than the one we know: what they leave out is unknown, never nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded_answers import (
    COINBASE,
    KRAKEN,
    Recorded,
    coinbase_account,
    coinbase_fill,
    coinbase_order,
    kraken,
    kraken_order,
    kraken_trade,
    refused,
)
from recorded_venue import coinbase_on, kraken_on
from venue_cases import D

from memesnipe_cli.errors import NetworkError
from memesnipe_cli.venues.facts import Absent, Balance, Unclear, VenueOrder

SYMBOL = "DOGE/USD"
OPENED_MS = 1762820100864  # of the recorded order

NOTHING: dict[str, Recorded] = {
    "/OpenOrders": kraken({"open": {}}),
    "/ClosedOrders": kraken({"closed": {}}),
    "/TradesHistory": kraken({"trades": {}}),
}


class TestFindingAtKraken:
    """An order of ours, by the id that we gave it."""

    def test_a_filter_that_is_not_looked_at_shows_others_and_not_ours(self) -> None:
        others = {"USER01": kraken_order(cl_ord_id="users-own"), "USER02": kraken_order(cl_ord_id="theirs")}
        lists = NOTHING | {"/OpenOrders": kraken({"open": others})}
        with kraken_on(KRAKEN | lists) as (_, venue):
            assert isinstance(venue.find("ours-1", symbol=SYMBOL), Absent)

    def test_a_filter_that_is_not_looked_at_finds_ours_among_others(self) -> None:
        rows = {"USER01": kraken_order(cl_ord_id="users-own"), "OURS01": kraken_order("closed")}
        with kraken_on(KRAKEN | NOTHING | {"/ClosedOrders": kraken({"closed": rows})}) as (_, venue):
            found = venue.find("ours-1", symbol=SYMBOL)
            assert isinstance(found, VenueOrder) and found.venue_id == "OURS01"

    def test_a_venue_that_looks_at_the_id_and_does_not_repeat_it_is_understood(self) -> None:
        def closed(fields: dict[str, Any]) -> str:
            ours = {"OURS01": kraken_order("closed", cl_ord_id=None)}
            shown = ours if fields["cl_ord_id"] == "ours-1" else {}
            return kraken({"closed": shown, "count": len(shown)})

        with kraken_on(KRAKEN | NOTHING | {"/ClosedOrders": closed}) as (_, venue):
            found = venue.find("ours-1", symbol=SYMBOL)
            assert isinstance(found, VenueOrder)
            assert (found.venue_id, found.client_id) == ("OURS01", "ours-1")

    def test_orders_of_which_nobody_says_whose_they_are_make_it_unclear(self) -> None:
        rows = {"SOME01": kraken_order("closed", cl_ord_id=None)}
        with kraken_on(KRAKEN | NOTHING | {"/ClosedOrders": kraken({"closed": rows})}) as (_, venue):
            found = venue.find("ours-1", symbol=SYMBOL, since_ms=OPENED_MS)
            assert isinstance(found, Unclear) and "SOME01" in found.why
            # It was there before ours was sent, or is of another coin: not ours.
            assert isinstance(venue.find("ours-1", symbol=SYMBOL, since_ms=OPENED_MS + 1), Absent)
            assert isinstance(venue.find("ours-1", symbol="PEPE/USD"), Absent)

    def test_an_order_without_its_id_behind_a_trade_makes_it_unclear(self) -> None:
        lists = {
            "/TradesHistory": kraken({"trades": {"T1": kraken_trade("SOME01")}}),
            "/QueryOrders": kraken({"SOME01": kraken_order("closed", cl_ord_id=None)}),
        }
        with kraken_on(KRAKEN | NOTHING | lists) as (_, venue):
            assert isinstance(venue.find("ours-1", symbol=SYMBOL), Unclear)

    @pytest.mark.parametrize(
        "answer", [None, refused("EOrder:Unknown order"), refused("EGeneral:Unknown method")]
    )
    def test_an_accepted_order_is_looked_for_in_the_lists_where_it_is_not_told_by_its_id(
        self, answer: str | None
    ) -> None:
        rows = kraken({"open": {"OURS01": kraken_order(cl_ord_id=None)}})
        lists = NOTHING | {"/OpenOrders": rows, "/QueryOrders": answer}
        with kraken_on(KRAKEN | lists) as (recorded, venue):
            found = venue.find("ours-1", venue_id="OURS01", symbol=SYMBOL)
            assert isinstance(found, VenueOrder) and found.client_id == "ours-1"
            recorded.answers["/OpenOrders"] = kraken({"open": {}})
            assert isinstance(venue.find("ours-1", venue_id="OURS01", symbol=SYMBOL), Unclear)

    def test_an_order_without_its_id_is_known_by_the_venues(self) -> None:
        row = kraken_order("closed", cl_ord_id=None, opentm=None, price=None)
        with kraken_on(KRAKEN | {"/QueryOrders": kraken({"OURS01": row})}) as (_, venue):
            found = venue.find("ours-1", venue_id="OURS01")
            assert isinstance(found, VenueOrder) and found.client_id == "ours-1"

    @pytest.mark.parametrize("missing", ["status", "vol", "vol_exec", "descr"])
    def test_an_order_that_lacks_what_counts_is_no_answer(self, missing: str) -> None:
        row = kraken_order()
        del row[missing]
        with kraken_on(KRAKEN | NOTHING | {"/OpenOrders": kraken({"open": {"OURS01": row}})}) as (_, venue):
            assert isinstance(venue.find("ours-1"), Unclear)


class TestKrakensMoney:
    """Balances, fees and trades."""

    def test_without_extended_balances_the_open_orders_say_what_is_held(self) -> None:
        sell = kraken_order(cl_ord_id=None, vol_exec="10", descr={"type": "sell", "price": "0.2"})
        answers = {
            "/Balance": kraken({"XXDG": "500.0", "ZUSD": 1000, "PEPE": "0.00000"}),
            "/OpenOrders": kraken({"open": {"O1": kraken_order(), "O2": sell}}),
        }
        with kraken_on(KRAKEN | answers) as (_, venue):
            assert venue.balances() == {
                "DOGE": Balance(D(410), D(90)),
                "USD": Balance(D("994.03"), D("5.97")),
                "PEPE": Balance(D(0), D(0)),
            }

    def test_extended_balances_that_fail_are_not_replaced(self) -> None:
        answers = {"/Balance": kraken({"ZUSD": "1000"}), "/BalanceEx": refused("EService:Unavailable")}
        with kraken_on(KRAKEN | answers) as (_, venue), pytest.raises(NetworkError):
            venue.balances()

    @pytest.mark.parametrize("name", ["XDGUSD", "XDG/USD"])
    def test_fees_are_known_by_any_name_of_the_pair(self, name: str) -> None:
        told = {"currency": "ZUSD", "volume": "0", "fees": {"PEPEUSD": {"fee": 9}, name: {"fee": 0.4}}}
        with kraken_on(KRAKEN | {"/TradeVolume": kraken(told)}) as (_, venue):
            assert venue.fees(SYMBOL).taker == venue.fees(SYMBOL).maker == D("0.004")

    def test_what_is_not_told_of_a_product_is_unknown(self) -> None:
        pairs = json.loads(str(KRAKEN["/AssetPairs"]))
        for each in ("ordermin", "costmin", "tick_size"):
            del pairs["result"]["XDGUSD"][each]
        with kraken_on(KRAKEN) as (recorded, venue):
            recorded.answers["/AssetPairs"] = json.dumps(pairs)
            recorded.answers["/TradeVolume"] = refused("EGeneral:Permission denied")
            product = venue.product(SYMBOL)
        assert (product.min_qty, product.min_notional, product.taker_fee) == (None, None, None)
        assert product.tick == D("0.0000001")

    def test_trades_without_count_or_cost_come_in_pages(self) -> None:
        rows = {f"T{number:03}": kraken_trade() for number in range(120)}
        for row in rows.values():
            del row["cost"], row["maker"]

        def page(fields: dict[str, Any]) -> str:
            first = int(fields["ofs"])
            return kraken({"trades": dict(list(rows.items())[first : first + 50])})

        with kraken_on(KRAKEN | {"/TradesHistory": page}) as (_, venue):
            fills = venue.fills(0)
        assert len(fills) == 120
        assert (fills[0].cost, fills[0].liquidity) == (None, "")

    def test_a_trade_without_its_fee_is_not_booked_as_free(self) -> None:
        row = kraken_trade()
        del row["fee"]
        with (
            kraken_on(KRAKEN | {"/TradesHistory": kraken({"trades": {"T1": row}, "count": 1})}) as (_, venue),
            pytest.raises(NetworkError, match="holds no fee"),
        ):
            venue.fills(0)


class TestCoinbase:
    """Other pages, an older clock, a key that says nothing."""

    def test_pages_by_cursor_alone(self) -> None:
        def page(fields: dict[str, Any]) -> str:
            second = fields.get("cursor") == "2"
            row = coinbase_order(order_id="second" if second else "first", client_order_id=None)
            return json.dumps({"orders": [row], "cursor": "" if second else "2"})

        with coinbase_on(COINBASE | {"/historical/batch": page}) as (_, venue):
            assert [each.venue_id for each in venue.open_orders()] == ["first", "second"]

    @pytest.mark.parametrize("ending", [{}, {"has_next": True, "cursor": ""}, {"has_next": True}])
    def test_a_list_that_does_not_say_whether_it_is_whole_is_none(self, ending: dict[str, Any]) -> None:
        answer = json.dumps({"orders": [coinbase_order()], **ending})
        with coinbase_on(COINBASE | {"/historical/batch": answer}) as (_, venue), pytest.raises(NetworkError):
            venue.open_orders()

    def test_an_order_is_known_by_the_venues_id_and_looked_for_where_it_is_not(self) -> None:
        lists = {
            "/historical/batch": json.dumps(
                {"orders": [coinbase_order(client_order_id="")], "has_next": False}
            ),
            "/historical/fills": json.dumps({"fills": [], "cursor": ""}),
        }
        with coinbase_on(COINBASE | lists) as (recorded, venue):
            found = venue.find("ours-1", venue_id="0000-000001", symbol=SYMBOL)
            assert isinstance(found, VenueOrder) and found.client_id == "ours-1"
            recorded.answers["/historical/batch"] = json.dumps({"orders": [], "has_next": False})
            assert isinstance(venue.find("ours-1", venue_id="0000-000001"), Unclear)
            assert isinstance(venue.find("ours-1"), Absent)

    def test_the_older_clock_is_read_where_there_is_no_other(self) -> None:
        answers = {each: COINBASE[each] for each in COINBASE if each != "/brokerage/time"}
        answers["/v2/time"] = json.dumps({"data": {"epoch": 1762820224, "iso": "2025-11-11T00:17:04Z"}})
        with coinbase_on(answers) as (_, venue):
            assert venue.server_time() == 1762820224000

    def test_amounts_may_be_numbers(self) -> None:
        account = coinbase_account("USD", "0", "0")
        account["available_balance"]["value"], account["hold"]["value"] = 10.25, 3
        fill = coinbase_fill(size=40, price=0.0995, commission=0.02388)
        answers = {
            "/brokerage/accounts": json.dumps({"accounts": [account], "has_next": False, "cursor": ""}),
            "/historical/fills": json.dumps({"fills": [fill], "cursor": ""}),
        }
        with coinbase_on(COINBASE | answers) as (_, venue):
            assert venue.balances() == {"USD": Balance(D("10.25"), D(3))}
            assert (venue.fills(0)[0].qty, venue.fills(0)[0].fee) == (D(40), D("0.02388"))

    @pytest.mark.parametrize("told", [None, "{}", json.dumps({"can_view": True, "can_trade": True})])
    def test_a_key_of_unknown_rights_is_of_no_use(self, told: str | None) -> None:
        with coinbase_on(COINBASE | {"/key_permissions": told}) as (_, venue), pytest.raises(NetworkError):
            venue.key_rights()
