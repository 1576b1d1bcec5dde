"""Every order exactly once, on a venue that loses, delays and garbles answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from venue_cases import STRATEGY, SYMBOL, D, desk_on, intent
from venue_server import SHAPES

from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.store.catalog import connect
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.venues.facts import Absent
from memesnipe_cli.venues.order_lines import intent_line
from memesnipe_cli.venues.order_state import ENDED, OrderState

VENUES = ("kraken", "coinbase")
ADDS = {"kraken": "AddOrder", "coinbase": "brokerage/orders"}
# What a venue says in so many words that it did not take the order.
REFUSALS = {"permission", "maintenance"}


@pytest.mark.parametrize("dialect", VENUES)
def test_an_entry_fills_and_is_booked_as_the_venue_wrote_it(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        order = desk.place()
        assert order.state is OrderState.ACCEPTED
        desk.settle_all()
        assert order.state is OrderState.FILLED
        assert desk.book.held(STRATEGY, SYMBOL) == D(100)
        desk.assert_exactly_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("shape", [each for each in SHAPES if each not in REFUSALS | {"unknown-order"}])
def test_a_lost_answer_neither_loses_nor_doubles(shape: str, when: str, tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        desk.server.fail(shape, where="AddOrder", when=when)
        order = desk.place()
        assert order.state is OrderState.UNKNOWN
        with pytest.raises(RefusedError, match="may exist"):
            desk.place("again", qty=D(90))
        desk.settle_all()
        assert order.state is (OrderState.ABSENT if when == "before" else OrderState.FILLED)
        desk.assert_exactly_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("shape", ["timeout", "reset", "half", "503", "500-json", "malformed", "empty"])
def test_where_no_deadline_is_taken_the_same_order_is_sent_again(
    shape: str, when: str, tmp_path: Path
) -> None:
    with desk_on("coinbase", tmp_path) as desk:
        desk.server.fail(shape, where="brokerage/orders", when=when)
        order = desk.place()
        assert order.state is OrderState.UNKNOWN
        desk.settle_all(wanted=False)
        assert order.state is (OrderState.UNKNOWN if when == "before" else OrderState.FILLED)
        desk.settle_all(wanted=True)
        assert order.state is OrderState.FILLED
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_an_order_that_arrives_late_is_found(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.fail("timeout", where=ADDS[dialect], when="later", late_s=3)
        order = desk.place()
        assert order.state is OrderState.UNKNOWN
        desk.server.advance(3.5)
        desk.settle_all()
        assert order.state is OrderState.FILLED
        desk.assert_exactly_once()


def test_an_order_is_given_up_after_its_deadline_and_two_looks_some_seconds_apart(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        desk.server.fail("reset", where="AddOrder")
        order = desk.place()
        for passes in (0.5, 3.6):
            desk.server.advance(passes)
            desk.executor.settle(order.intent.id)
            assert order.state is OrderState.UNKNOWN
        desk.server.advance(6)
        for _ in range(2):
            desk.executor.settle(order.intent.id)
            assert order.state is OrderState.UNKNOWN
        desk.server.advance(4)
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.ABSENT


def test_an_order_that_arrives_after_its_deadline_is_not_taken(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        desk.server.fail("timeout", where="AddOrder", when="later", late_s=20)
        order = desk.place()
        desk.settle_all(seconds=60)
        assert order.state is OrderState.ABSENT
        desk.server.advance(60)
        assert not desk.server.oracle.ours()


@pytest.mark.parametrize("dialect", VENUES)
def test_an_order_that_no_list_shows_yet_is_not_given_up(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.hide_new_orders(7)
        desk.server.fail("reset", where=ADDS[dialect], when="after")
        order = desk.place(price=D("0.0995"), expires_ms=desk.server.now_ms() + 60_000)
        desk.server.advance(6)
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.UNKNOWN
        desk.server.advance(2)
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.ACCEPTED


@pytest.mark.parametrize("dialect", VENUES)
def test_a_trade_speaks_for_an_order_that_no_list_shows(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.hide_new_orders(45)
        desk.server.fail("reset", where=ADDS[dialect], when="after")
        order = desk.place()
        for trade in desk.server.ledger.trades.values():
            trade.visible_ms = 0
        said = desk.venue.find(order.intent.id, since_ms=order.sent_ms)
        assert not isinstance(said, Absent)
        desk.settle_all(seconds=20)
        assert order.state is not OrderState.ABSENT
        desk.server.advance(40)
        desk.settle_all(seconds=5)
        assert order.state is OrderState.FILLED
        desk.assert_exactly_once()


@pytest.mark.parametrize("ends", [None, 600_000])
def test_balances_speak_against_an_absence_that_every_list_shows(ends: int | None, tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        desk.book.reconciled("kraken", {name: each.total for name, each in desk.venue.balances().items()})
        desk.server.hide_new_orders(300)
        desk.server.lag_trades(300)
        desk.server.fail("reset", where="AddOrder", when="after")
        expires_ms = None if ends is None else desk.server.now_ms() + ends
        order = desk.place(price=D("0.1010") if ends is None else D("0.0995"), expires_ms=expires_ms)
        desk.settle_all(seconds=60)
        assert order.state is OrderState.UNKNOWN
        desk.server.advance(300)
        desk.settle_all()
        assert order.state is (OrderState.FILLED if ends is None else OrderState.ACCEPTED)
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_a_restart_knows_how_much_of_a_trade_is_used(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.place(qty=D(9_000))
        desk.settle_all()
        desk.place("resting", qty=D(9_000), price=D("0.0995"), expires_ms=desk.server.now_ms() + 60_000)
        before = desk.executor.desk.gate.exposure.trade_used(STRATEGY, SYMBOL)
        desk.restart().start()
        after = desk.executor.desk.gate.exposure.trade_used(STRATEGY, SYMBOL)
        assert D("0.9") < before < 1
        assert abs(after - before) < D("1e-20")


@pytest.mark.parametrize("dialect", VENUES)
def test_a_refusal_in_the_venues_words_ends_the_order(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path, usd="5") as desk:
        order = desk.place()
        assert order.state is OrderState.REFUSED
        assert "insufficient_funds" in order.reason
        desk.server.set_mode("cancel_only")
        order = desk.place("other", qty=D(90))
        assert order.state is OrderState.REFUSED
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_a_dead_process_goes_on_where_it_stopped(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.fail("reset", where=ADDS[dialect], when="after")
        desk.place()
        executor = desk.restart()
        started = executor.start()
        assert not started.impossible
        desk.settle_all()
        order = next(iter(desk.book.orders.values()))
        assert order.state is OrderState.FILLED
        assert executor.desk.gate.exposure.held(STRATEGY, SYMBOL, "long") == D(100)
        desk.assert_exactly_once()


def test_a_process_that_dies_before_sending_sends_nothing_later(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        desk.executor.desk.journal.append(*intent_line(intent("kraken"), 1))
        started = desk.restart().start()
        assert started.never_sent == [intent("kraken").id]
        assert desk.book.of(intent("kraken").id).state is OrderState.ABSENT
        assert not desk.server.asked("AddOrder")


@pytest.mark.parametrize("dialect", VENUES)
def test_a_partly_filled_order_is_cancelled_with_its_last_fill_booked(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.price(SYMBOL, "0.1000", "0.1001", depth="8")
        ends = desk.server.now_ms() + 60_000
        order = desk.place(price=D("0.1001"), expires_ms=ends)
        desk.executor.settle(order.intent.id)
        assert (order.state, order.filled) == (OrderState.PARTLY_FILLED, D(8))
        desk.server.fill_after_cancel("5", after_s=2)
        desk.executor.cancel(order.intent.id, desk.facts())
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.PARTLY_FILLED
        desk.server.advance(3)
        desk.executor.settle(order.intent.id)
        assert (order.state, order.filled) == (OrderState.CANCELLED, D(13))
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_an_order_ends_only_when_every_fill_is_in_the_history(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.lag_trades(30)
        desk.server.disturb_history(repeats=True, shuffled=True)
        order = desk.place()
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.ACCEPTED
        desk.server.advance(31)
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.FILLED
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_a_cancel_that_loses_against_a_fill_books_the_fill(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        order = desk.place(price=D("0.0995"), expires_ms=desk.server.now_ms() + 60_000)
        desk.server.lose_cancels()
        desk.executor.cancel(order.intent.id, desk.facts())
        desk.executor.settle(order.intent.id)
        assert order.state is OrderState.FILLED
        with pytest.raises(UsageError, match="is filled"):
            desk.executor.cancel(order.intent.id, desk.facts())
        desk.assert_exactly_once()


def test_a_venue_takes_what_the_gate_approved_and_once(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        with pytest.raises(TypeError, match="approved orders only"):
            desk.venue.send(intent("kraken"))  # type: ignore[arg-type]
        approved = desk.executor.desk.gate.check(intent("kraken"), desk.facts())
        assert isinstance(approved, Approved)
        desk.venue.send(approved)
        with pytest.raises(RefusedError, match="has been sent already"):
            desk.venue.send(approved)
        assert len(desk.server.oracle.ours()) == 1


def test_what_the_venue_cannot_take_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with desk_on("coinbase", tmp_path) as desk:
        desk.place()
        desk.settle_all()
        stop = intent("coinbase", "stop", Action.PROTECT, price=None)
        with pytest.raises(UsageError, match="cannot rest"):
            desk.executor.place(stop, desk.facts())
        assert desk.book.of(stop.id).state in ENDED
        assert len(desk.server.asked("brokerage/orders")) > 0
        assert len(desk.server.oracle.ours()) == 1


def test_the_last_line_of_an_order_and_its_fills_can_be_asked_for_by_sql(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        order = desk.place()
        desk.settle_all()
        with connect(StorePaths(tmp_path)) as catalog:
            orders = catalog.execute("SELECT id, venue_id, side, qty, price, state FROM orders").fetchall()
            fills = catalog.execute("SELECT sum(qty), any_value(fee_currency) FROM fills").fetchall()
        assert orders == [(order.intent.id, order.venue_id, "buy", D(100), D("0.1010"), "filled")]
        assert fills == [(D(100), "USD")]


def test_an_unknown_order_is_settled_by_hand_with_a_reason(tmp_path: Path) -> None:
    with desk_on("coinbase", tmp_path) as desk:
        desk.server.fail("reset", where="brokerage/orders")
        order = desk.place()
        desk.executor.settle_by_hand(order.intent.id, "looked on the web site: there is none")
        assert order.state is OrderState.ABSENT
        assert desk.place("next", qty=D(90)).state is OrderState.ACCEPTED
