"""Answers in Kraken's and Coinbase's wire formats, through the real ccxt client: what each is taken for, exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded_answers import (
    COINBASE,
    KRAKEN,
    PERPETUAL,
    coinbase_fill,
    coinbase_order,
    coinbase_product,
    kraken,
    kraken_order,
    kraken_trade,
    refused,
)
from recorded_venue import coinbase_on, kraken_on
from venue_cases import D, OpenLatch, intent, make_gate

from memesnipe_cli.errors import UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import Facts, Product
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.facts import (
    Absent,
    Balance,
    Fees,
    Funding,
    KeyRights,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueStatus,
)
from memesnipe_cli.venues.outcome import Accepted, Refused, Unknown

PERP = "BTC/USD:USD"


class TestKraken:
    """Spot."""

    def test_what_is_said_of_venue_account_and_product(self) -> None:
        balances = {
            "XXDG": {"balance": "1334.50000000", "hold_trade": "100.00000000"},
            "ZUSD": {"balance": 10450.5, "credit": "0", "credit_used": "0", "hold_trade": 450},
            "ETH.F": {"balance": "0.1000000000", "hold_trade": "0.0000000000"},
        }
        with kraken_on(KRAKEN | {"/BalanceEx": kraken(balances)}) as (_, venue):
            assert venue.server_time() == 1762820224000
            assert venue.venue_status() == venue.status("DOGE/USD") == "online"
            assert venue.balances() == {
                "DOGE": Balance(D("1234.5"), D(100)),
                "USD": Balance(D("10000.5"), D(450)),
                "ETH.F": Balance(D("0.1"), D(0)),
            }
            assert venue.fees("DOGE/USD") == Fees(D("0.002"), D("0.0035"))
            assert venue.key_rights() == KeyRights(True, True, False)
            assert venue.positions() == []
            assert venue.product("DOGE/USD") == Product(
                "kraken",
                "DOGE/USD",
                "DOGE",
                D("0.0000001"),
                D("0.00000001"),
                D(13),
                D("0.5"),
                D("0.0035"),
            )
            with pytest.raises(UsageError, match="no funding"):
                venue.funding("DOGE/USD")

    def test_orders(self) -> None:
        stop = {"type": "sell", "ordertype": "stop-loss", "price": "0.0900000"}
        limit = {"type": "sell", "ordertype": "stop-loss-limit", "price": "0.09", "price2": "0.089"}
        rows = {
            "OURS01": kraken_order(),
            "OURS02": kraken_order(cl_ord_id="ours-2", vol_exec="0", descr=stop),
            "USER01": kraken_order(cl_ord_id=None, refid="OPARENT", vol_exec=0, vol=5, descr=limit),
        }
        with kraken_on(KRAKEN | {"/OpenOrders": kraken({"open": rows})}) as (_, venue):
            first, second, third = venue.open_orders()
        assert first == VenueOrder(
            "OURS01",
            "ours-1",
            "DOGE/USD",
            "buy",
            D(100),
            D(40),
            D("0.0995"),
            None,
            VenueStatus.OPEN,
            "open",
            1762820100864,
        )
        assert (second.price, second.stop, second.side) == (None, D("0.09"), "sell")
        assert (third.client_id, third.parent, third.price, third.stop, third.qty) == (
            "",
            "OPARENT",
            D("0.089"),
            D("0.09"),
            D(5),
        )

    def test_trades(self) -> None:
        rows = {"T2": kraken_trade(time=1762820151, fee=0, maker=False), "T1": kraken_trade()}
        with kraken_on(KRAKEN | {"/TradesHistory": kraken({"trades": rows, "count": 2})}) as (_, venue):
            first, second = venue.fills(1762820000000)
        assert first == VenueFill(
            "T1",
            "OURS01",
            "DOGE/USD",
            "buy",
            D(40),
            D("0.0995"),
            D("3.98"),
            D("0.01393"),
            "USD",
            "maker",
            1762820150892,
        )
        assert (second.fee, second.liquidity, second.time_ms) == (D(0), "taker", 1762820151000)

    @pytest.mark.parametrize(
        ("said", "status"),
        [("canceled", VenueStatus.CLOSED), ("expired", VenueStatus.CLOSED), ("strange", VenueStatus.UNCLEAR)],
    )
    def test_an_order_is_found_by_the_venues_id_in_one_question(self, said: str, status: VenueStatus) -> None:
        row = kraken_order(said, reason="User requested")
        with kraken_on(KRAKEN | {"/QueryOrders": kraken({"OURS01": row})}) as (recorded, venue):
            before = len(recorded.asked)
            found = venue.find("ours-1", venue_id="OURS01")
            assert len(recorded.asked) == before + 1
        assert isinstance(found, VenueOrder)
        assert (found.status, found.words) == (status, f"{said}: User requested")

    def test_an_order_is_absent_where_all_lists_are_empty(self) -> None:
        lists = {
            "/OpenOrders": kraken({"open": {}}),
            "/ClosedOrders": kraken({"closed": {}, "count": 0}),
            "/TradesHistory": kraken({"trades": {}, "count": 0}),
        }
        with kraken_on(KRAKEN | lists) as (_, venue):
            assert venue.find("ours-1") == Absent(1762820224000)

    def test_the_switch_is_heard(self) -> None:
        told = kraken({"currentTime": "2025-11-11T00:17:04Z", "triggerTime": "2025-11-11T00:18:04Z"})
        with kraken_on(KRAKEN | {"/CancelAllOrdersAfter": told}) as (recorded, venue):
            venue.dead_man(60)
            assert recorded.fields_of("/CancelAllOrdersAfter")[0]["timeout"] == "60"

    @pytest.mark.parametrize("mode", ["post_only", "cancel_only", "reduce_only", "limit_only"])
    def test_modes_of_a_product(self, mode: str) -> None:
        pairs = json.loads(str(KRAKEN["/AssetPairs"]))
        pairs["result"]["XDGUSD"]["status"] = mode
        with kraken_on(KRAKEN | {"/AssetPairs": json.dumps(pairs)}) as (_, venue):
            assert venue.status("DOGE/USD") == ("online" if mode == "limit_only" else mode)


class TestCoinbase:
    """Spot and perpetuals."""

    def test_what_is_said_of_venue_account_and_product(self) -> None:
        with coinbase_on(COINBASE) as (_, venue):
            assert venue.server_time() == 1762820224123
            assert venue.venue_status() == venue.status("DOGE/USD") == "online"
            assert venue.balances() == {
                "DOGE": Balance(D("1234.5"), D(100)),
                "USD": Balance(D("10000.50"), D(450)),
            }
            assert venue.fees("DOGE/USD") == Fees(D("0.004"), D("0.006"))
            assert venue.key_rights() == KeyRights(True, True, False)
            assert venue.product("DOGE/USD") == Product(
                "coinbase",
                "DOGE/USD",
                "DOGE",
                D("0.00001"),
                D("0.1"),
                D("0.1"),
                D(1),
                D("0.006"),
                max_qty=D(36590000),
            )
            with pytest.raises(UsageError, match="no funding"):
                venue.funding("DOGE/USD")

    def test_orders_and_fills(self) -> None:
        stop = {
            "stop_limit_stop_limit_gtc": {
                "base_size": "40",
                "limit_price": "0.089",
                "stop_price": "0.09",
                "stop_direction": "STOP_DIRECTION_STOP_DOWN",
            }
        }
        rows = [
            coinbase_order(),
            coinbase_order(order_id="0000-2", client_order_id="", side="SELL", order_configuration=stop),
        ]
        lists = {
            "/historical/batch": json.dumps(
                {"orders": rows, "sequence": "0", "has_next": False, "cursor": ""}
            ),
            "/historical/fills": json.dumps({"fills": [coinbase_fill()], "cursor": ""}),
            "/historical/0000-000001": json.dumps({"order": coinbase_order(status="CANCELLED")}),
        }
        with coinbase_on(COINBASE | lists) as (recorded, venue):
            first, second = venue.open_orders()
            (fill,) = venue.fills(0)
            before = len(recorded.asked)
            found = venue.find("ours-1", venue_id="0000-000001")
            assert len(recorded.asked) == before + 1
        assert first == VenueOrder(
            "0000-000001",
            "ours-1",
            "DOGE/USD",
            "buy",
            D(100),
            D(40),
            D("0.0995"),
            None,
            VenueStatus.OPEN,
            "OPEN",
            1762820100123,
        )
        assert (second.stop, second.price, second.qty, second.side) == (D("0.09"), D("0.089"), D(40), "sell")
        assert fill == VenueFill(
            "1111-1",
            "0000-000001",
            "DOGE/USD",
            "buy",
            D(40),
            D("0.0995"),
            None,
            D("0.02388"),
            "USD",
            "taker",
            1762820160123,
        )
        assert isinstance(found, VenueOrder) and found.status is VenueStatus.CLOSED

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            ({"cancel_only": True, "post_only": True}, "cancel_only"),
            ({"post_only": True}, "post_only"),
            ({"limit_only": True}, "online"),
            ({"trading_disabled": True}, "maintenance"),
            ({"view_only": True}, "maintenance"),
            ({"is_disabled": True, "trading_disabled": True}, "delisted"),
            ({"status": "delisted"}, "delisted"),
            ({"auction_mode": True}, "auction"),
        ],
    )
    def test_modes_of_a_product(self, changed: dict[str, Any], status: str) -> None:
        with coinbase_on(COINBASE) as (recorded, venue):
            row = coinbase_product(**changed)
            recorded.answers["/market/products"] = json.dumps({"products": [row], "num_products": 1})
            assert venue.status("DOGE/USD") == venue.product("DOGE/USD").status == status

    def test_a_perpetual_is_counted_in_coins_and_can_be_shorted(self) -> None:
        with coinbase_on(COINBASE) as (recorded, venue):
            product = venue.product(PERP)
            assert (product.base, product.tick, product.lot, product.min_qty, product.max_qty) == (
                "BTC",
                D(5),
                D("0.01"),
                D("0.01"),
                D(50),
            )
            assert (product.shortable, product.status) == (True, "online")
            assert recorded.fields_of("/transaction_summary")[-1]["product_type"] == "FUTURE"
            assert venue.funding(PERP) == Funding(D("0.000013"), 3_600_000, 1775520000000)
            closed = {**PERPETUAL, "fcm_trading_session_details": {"is_session_open": False}}
            recorded.answers["/market/products"] = json.dumps({"products": [closed]})
            assert venue.status(PERP) == "closed"

    @pytest.mark.parametrize("side", ["SHORT", "FUTURES_POSITION_SIDE_SHORT"])
    def test_positions_orders_and_fills_of_a_perpetual(self, side: str) -> None:
        position = {
            "product_id": "BIP-20DEC30-CDE",
            "expiration_time": "",
            "side": side,
            "number_of_contracts": "3",
            "current_price": {"value": "50000.00", "currency": "USD"},
            "contract_size": "0.01",
        }
        order = coinbase_order(
            product_id="BIP-20DEC30-CDE",
            side="SELL",
            filled_size="2",
            order_configuration={"sor_limit_ioc": {"base_size": "3", "limit_price": "68000"}},
        )
        fill = coinbase_fill(product_id="BIP-20DEC30-CDE", side="SELL", size="2", price="68900")
        lists = {
            "/cfm/positions": json.dumps({"positions": [position]}),
            "/historical/batch": json.dumps({"orders": [order], "has_next": False, "cursor": ""}),
            "/historical/fills": json.dumps({"fills": [fill], "cursor": ""}),
        }
        with coinbase_on(COINBASE | lists) as (_, venue):
            assert venue.positions() == [VenuePosition(PERP, D("-0.03"))]
            (shown,) = venue.open_orders()
            (traded,) = venue.fills(0)
        assert (shown.symbol, shown.qty, shown.filled) == (PERP, D("0.03"), D("0.02"))
        assert (traded.symbol, traded.qty, traded.fee_currency) == (PERP, D("0.02"), "USD")

    def test_positions_of_an_account_without_futures(self) -> None:
        with coinbase_on(COINBASE) as (_, venue):
            assert venue.positions() == []


def approved(venue: str, action: Action = Action.ENTRY, **changed: Any) -> Approved:
    """An order that the gate let through."""
    order = intent(venue, action=action, **changed)
    unit = D("0.01") if order.base == "BTC" else D(1)
    product = Product(
        venue,
        order.symbol,
        order.base,
        D(5) if order.base == "BTC" else D("0.00001"),
        unit,
        unit,
        D(0),
        D("0.001"),
        shortable=order.base == "BTC",
    )
    facts = Facts(
        now_ms=1762820224000,
        latch=OpenLatch(),
        product=product,
        reference=D(68900) if order.base == "BTC" else D("0.1"),
        reference_source="mid of a second venue",
        data_age_ms=10,
        equity=D(1_000_000),
        cash=D(1_000_000),
        reconciled=True,
        clock_skew_ms=1,
    )
    gate = make_gate(venue)
    if action is not Action.ENTRY:
        gate.exposure.hold(
            order.strategy, order.symbol, order.base, order.cluster, order.position, order.qty, D(68900), D(0)
        )
    said = gate.check(order, facts)
    assert isinstance(said, Approved), said.message
    return said


SHORT: dict[str, Any] = {"symbol": PERP, "base": "BTC", "position": "short", "qty": D("0.01")}


class TestOrders:
    """What is sent, and what the answer is taken for."""

    def test_a_short_of_a_perpetual_is_sent_in_contracts(self) -> None:
        created = {"success": True, "success_response": {"order_id": "0000-9", "client_order_id": "c"}}
        with coinbase_on(COINBASE | {"/brokerage/orders": json.dumps(created)}) as (recorded, venue):
            entry = approved("coinbase", **SHORT, side="sell", price=D(68000), stop=D(72000))
            assert venue.send(entry) == Accepted("0000-9")
            (body,) = recorded.fields_of("/brokerage/orders")
            assert (body["product_id"], body["side"]) == ("BIP-20DEC30-CDE", "SELL")
            assert body["order_configuration"] == {
                "sor_limit_ioc": {"base_size": "1", "limit_price": "68000"}
            }
            stop = approved(
                "coinbase", Action.PROTECT, **SHORT, side="buy", price=D(73000), stop=D(72000), kind="stop"
            )
            venue.send(stop)
            sent = recorded.fields_of("/brokerage/orders")[-1]["order_configuration"]
            assert sent["stop_limit_stop_limit_gtc"] == {
                "base_size": "1",
                "limit_price": "73000",
                "stop_price": "72000",
                "stop_direction": "STOP_DIRECTION_STOP_UP",
            }

    def test_the_exit_of_a_perpetual_is_never_sent_again(self) -> None:
        created = json.dumps({"success": True, "success_response": {"order_id": "0000-9"}})
        with coinbase_on(COINBASE | {"/brokerage/orders": created}) as (recorded, venue):
            leave = approved("coinbase", Action.REDUCE, **SHORT, side="buy", price=D(69500), stop=None)
            assert isinstance(venue.probe(leave), Unknown)
            assert not recorded.fields_of("/brokerage/orders")
            entry = approved("coinbase", **SHORT, side="sell", price=D(68000), stop=D(72000))
            assert venue.probe(entry) == Accepted("0000-9")

    def test_a_part_of_a_contract_is_not_sent(self) -> None:
        with coinbase_on(COINBASE) as (_, venue):
            assert venue._products.on_the_wire(PERP, D("0.03")) == D(3)
            with pytest.raises(UsageError, match="no whole number of contracts"):
                venue._products.on_the_wire(PERP, D("0.035"))

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (kraken({"descr": {"order": "buy"}, "txid": ["OURS01"]}), Accepted("OURS01")),
            (kraken({"descr": {"order": "buy"}, "txid": "OURS01"}), Accepted("OURS01")),
            (kraken({"descr": {"order": "buy"}}), Unknown),
            (kraken({"descr": {"order": "buy"}, "txid": ["OURS01", "OTHER1"]}), Unknown),
            (
                refused("EOrder:Insufficient funds"),
                Refused("insufficient_funds", "EOrder:Insufficient funds"),
            ),
            (refused("EService:Timeout"), Unknown),
            (None, Unknown),
        ],
    )
    def test_what_krakens_answer_to_an_order_proves(self, answer: str | None, outcome: Any) -> None:
        with kraken_on(KRAKEN | {"/AddOrder": answer}) as (recorded, venue):
            said = venue.send(approved("kraken"))
            assert len(recorded.fields_of("/AddOrder")) == 1
        assert type(said) is outcome if isinstance(outcome, type) else said == outcome

    @pytest.mark.parametrize(
        ("answer", "accepted"),
        [
            (kraken({"count": 1}), True),
            (kraken({"count": 0, "pending": True}), True),
            (kraken({"count": 0}), False),
            (kraken({}), False),
            (refused("EOrder:Unknown order"), False),
        ],
    )
    def test_a_cancel_names_the_venues_order_where_it_is_known(self, answer: str, accepted: bool) -> None:
        with kraken_on(KRAKEN | {"/CancelOrder": answer}) as (recorded, venue):
            said = venue.cancel(approved("kraken", Action.CANCEL, price=None, stop=None), "OURS01")
            assert isinstance(said, Accepted) == accepted
            venue.cancel(approved("kraken", Action.CANCEL, price=None, stop=None), "")
            first, second = recorded.fields_of("/CancelOrder")
        assert first["txid"] == "OURS01" and "cl_ord_id" not in first
        assert second["cl_ord_id"] and "txid" not in second
