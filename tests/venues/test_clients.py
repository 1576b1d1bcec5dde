"""Kraken and Coinbase through the real ccxt client: what they are told, and what their answers are taken for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from venue_cases import SYMBOL, D, Desk, desk_on, intent, order_id
from venue_server import open_client
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.errors import ConfigError, NetworkError, RefusedError, UsageError
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues import dead_man
from memesnipe_cli.venues.facts import Absent, Unclear, VenueOrder, VenueStatus
from memesnipe_cli.venues.kraken import Kraken
from memesnipe_cli.venues.opening import Key, open_order_venue

VENUES = ("kraken", "coinbase")


@pytest.fixture(params=VENUES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk_on(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def kraken(tmp_path: Path) -> Iterator[Desk]:
    with desk_on("kraken", tmp_path) as made:
        yield made


@pytest.fixture
def coinbase(tmp_path: Path) -> Iterator[Desk]:
    with desk_on("coinbase", tmp_path) as made:
        yield made


def sent(desk: Desk, where: str) -> dict[str, str]:
    """The fields of the last request whose path ends so."""
    return dict(desk.server.asked(where)[-1].fields)


def test_a_client_that_would_repeat_orders_is_not_used(kraken: Desk) -> None:
    client = open_client(kraken.server, options={"maxRetriesOnFailure": 2})
    with pytest.raises(ConfigError, match="maxRetriesOnFailure = 2"):
        Kraken(client)


def test_an_order_follows_no_redirect(kraken: Desk) -> None:
    asked: list[str] = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", kraken.server.base_url + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, args=(0.02,), daemon=True).start()
        client = kraken.venue._exchange  # type: ignore[attr-defined]
        client.urls["api"]["private"] = f"http://127.0.0.1:{elsewhere.server_port}"
        assert kraken.place().state == "unknown"
        elsewhere.shutdown()
    assert asked == ["/0/private/AddOrder"]
    assert not kraken.server.oracle.ours()


def test_an_order_goes_to_kraken_with_its_id_deadline_and_fee_currency(kraken: Desk) -> None:
    kraken.place()
    told = sent(kraken, "AddOrder")
    assert (told["cl_ord_id"], told["oflags"], told["timeinforce"]) == (order_id("entry"), "fciq", "IOC")
    assert (told["volume"], told["price"], told["ordertype"]) == ("100", "0.1010", "limit")
    assert told["deadline"].endswith("Z")


def test_a_stop_rests_at_both_venues_and_does_not_sell_at_once(desk: Desk) -> None:
    desk.place()
    desk.settle_all()
    stop = desk.place("stop", Action.PROTECT)
    desk.settle_all()
    resting = desk.server.open_orders()
    assert [(each.ticket.client_id, each.trigger) for each in resting] == [(stop.intent.id, D("0.09"))]
    shown = desk.venue.open_orders()
    assert [(each.client_id, each.stop, each.qty) for each in shown] == [(stop.intent.id, D("0.09"), D(100))]


def test_held_coins_and_cash_are_seen(desk: Desk) -> None:
    before = desk.venue.balances()
    desk.place(price=D("0.0995"), expires_ms=desk.server.now_ms() + 60_000)
    after = desk.venue.balances()
    assert before["USD"].total == after["USD"].total == D(5000)
    assert after["USD"].held >= D("9.9") and not before["USD"].held
    assert after["DOGE"].free == D(7777)
    assert "PEPE" not in after


@pytest.mark.parametrize("shape", ["empty", "empty-result", "malformed", "html", "empty-body"])
def test_an_answer_without_what_was_asked_is_unknown_and_never_nothing(shape: str, desk: Desk) -> None:
    desk.place(price=D("0.0995"), expires_ms=desk.server.now_ms() + 60_000)
    questions = (
        desk.venue.open_orders,
        desk.venue.balances,
        lambda: desk.venue.fills(0),
        desk.venue.server_time,
        desk.venue.key_rights,
    )
    for ask in questions:
        desk.server.fail(shape, times=4)
        with pytest.raises(NetworkError):
            ask()
        desk.server.faults.clear()
    desk.server.fail(shape, times=60)
    assert isinstance(desk.venue.find(order_id("entry")), Unclear)


LISTS = {
    "kraken": ("Time", "OpenOrders", "ClosedOrders", "TradesHistory"),
    "coinbase": ("time", "historical/batch", "historical/fills"),
}


@pytest.mark.parametrize("shape", ["empty", "empty-result", "503", "rate-limit"])
def test_an_order_is_absent_only_where_every_list_was_read(shape: str, desk: Desk) -> None:
    for where in LISTS[desk.server.dialect]:
        desk.server.fail(shape, where=where, times=4)
        assert isinstance(desk.venue.find(order_id("entry")), Unclear), where
        desk.server.faults.clear()
    assert isinstance(desk.venue.find(order_id("entry")), Absent)


def test_a_question_is_asked_again_and_an_order_is_not(desk: Desk) -> None:
    desk.server.fail("503", times=2)
    assert desk.venue.server_time() > 0
    where = "AddOrder" if desk.server.dialect == "kraken" else "brokerage/orders"
    desk.server.fail("503", where=where, times=9)
    before = len(desk.server.asked(where))
    desk.place()
    assert len(desk.server.asked(where)) == before + 1


def test_an_order_is_found_by_our_id_wherever_it_is(desk: Desk) -> None:
    assert isinstance(desk.venue.find(order_id("entry")), Absent)
    desk.place()
    found = desk.venue.find(order_id("entry"))
    assert isinstance(found, VenueOrder)
    assert (found.status, found.filled, found.symbol, found.side) == (
        VenueStatus.CLOSED,
        D(100),
        SYMBOL,
        "buy",
    )


def test_histories_are_read_to_their_end(desk: Desk) -> None:
    desk.server.disturb_history(repeats=True, shuffled=True)
    for number in range(45):
        desk.server.user_order(SYMBOL, "buy", "limit", "20", price="0.1001")
        if number == 20:
            desk.place(qty=D(50))
    fills = desk.venue.fills(0)
    assert {each.trade_id for each in fills} == set(desk.server.ledger.trades)
    assert len(fills) == len(desk.server.ledger.trades) > 50
    assert [each.time_ms for each in fills] == sorted(each.time_ms for each in fills)


def test_the_rights_of_a_key_are_told_apart(desk: Desk) -> None:
    assert desk.venue.key_rights().fit_to_trade
    rights = sorted(desk.server.rights)
    withdraws = "withdraw-funds" if desk.server.dialect == "kraken" else "can_transfer"
    for more in (withdraws, "can_do_anything"):
        desk.server.set_rights([*rights, more])
        if more == withdraws:
            assert desk.venue.key_rights().may_withdraw
            assert not desk.venue.key_rights().fit_to_trade
    desk.server.set_rights(["query-funds"] if desk.server.dialect == "kraken" else ["can_view"])
    assert not desk.venue.key_rights().fit_to_trade


def test_a_right_that_nobody_knows_is_dangerous(kraken: Desk) -> None:
    kraken.server.set_rights([*kraken.server.rights, "earn-funds"])
    rights = kraken.venue.key_rights()
    assert rights.others == ("earn-funds",)
    assert not rights.fit_to_trade


def test_products_and_fees_come_from_the_venue(desk: Desk) -> None:
    product = desk.venue.product(SYMBOL)
    pair = desk.server.instruments[SYMBOL]
    assert (product.tick, product.lot, product.min_notional) == (pair.tick, pair.lot, pair.least_cost)
    assert product.taker_fee == desk.venue.fees(SYMBOL).taker == pair.taker
    assert (product.status, product.base, product.shortable) == ("online", "DOGE", False)


def test_an_assets_decimals_go_before_the_pairs_lot(kraken: Desk) -> None:
    assert kraken.venue.product("PEPE/USD").lot == D("0.00001")


def test_an_unknown_symbol_is_said_before_anything_is_sent(desk: Desk) -> None:
    for ask in (desk.venue.fees, desk.venue.product):
        with pytest.raises(UsageError, match="'WIF/USD'"):
            ask("WIF/USD")


def test_an_amended_stop_keeps_its_id(kraken: Desk) -> None:
    kraken.place()
    kraken.settle_all()
    stop = kraken.place("stop", Action.PROTECT)
    terms = intent("kraken", "moved", Action.PROTECT, stop=D("0.095"), replaces=stop.intent.id)
    kraken.executor.amend(stop.intent.id, terms, kraken.facts())
    found = kraken.venue.find(stop.intent.id)
    assert isinstance(found, VenueOrder)
    assert (found.venue_id, found.stop) == (stop.venue_id, D("0.095"))


def test_the_switch_is_armed_in_seconds_and_not_where_it_would_harm(kraken: Desk) -> None:
    dead_man.arm(kraken.venue, kraken.book, kraken.venue.open_orders(), 60)
    assert sent(kraken, "CancelAllOrdersAfter")["timeout"] == "60"
    dead_man.disarm(kraken.venue)
    assert sent(kraken, "CancelAllOrdersAfter")["timeout"] == "0"
    foreign = kraken.server.user_order(SYMBOL, "sell", "limit", "500", price="0.2")
    with pytest.raises(RefusedError, match=foreign.id):
        dead_man.arm(kraken.venue, kraken.book, kraken.venue.open_orders())
    kraken.place()
    kraken.settle_all()
    kraken.place("stop", Action.PROTECT)
    with pytest.raises(RefusedError, match="would cancel the stop"):
        dead_man.arm(kraken.venue, kraken.book, [])


def test_a_venue_without_a_switch_says_so(coinbase: Desk) -> None:
    with pytest.raises(UsageError, match="no dead-man's switch"):
        dead_man.arm(coinbase.venue, coinbase.book, [])
    with pytest.raises(UsageError, match="cannot amend"):
        coinbase.venue.amend_stop(None, "x")  # type: ignore[arg-type]


def test_a_venue_is_opened_at_an_allowed_address_and_no_other(desk: Desk, tmp_path: Path) -> None:
    secrets = {"kraken": (KRAKEN_KEY, KRAKEN_SECRET), "coinbase": (COINBASE_KEY, coinbase_secret())}
    key = Key(*secrets[desk.server.dialect])
    venue = open_order_venue(desk.server.dialect, desk.server.base_url, key, tmp_path / "cache")
    venue._exchange.enableRateLimit = False  # type: ignore[attr-defined]
    assert venue.balances()["DOGE"].total == D(7777)
    assert KRAKEN_SECRET not in repr(key) and KRAKEN_KEY not in repr(key)
    with pytest.raises(ConfigError, match=r"names the host example\.com"):
        open_order_venue(desk.server.dialect, "https://example.com", key, tmp_path / "cache")
    with pytest.raises(UsageError, match="no orders are sent to 'binance'"):
        open_order_venue("binance", None, key, tmp_path / "cache")


def test_deadlines_are_of_the_venues_time(kraken: Desk) -> None:
    kraken.server.skew(-90)
    kraken.executor.desk.sync_clock()
    assert abs(kraken.executor.desk.ahead_ms + 90_000) < 1_500
    assert kraken.place().state == "accepted"
