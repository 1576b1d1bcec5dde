"""A stop under what was bought, at all times that the venue allows."""

from __future__ import annotations

from pathlib import Path

import pytest
from venue_cases import STORE, STRATEGY, SYMBOL, D, Desk, desk_on

from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.attempts import OrderKey
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.protect import Cover, Protector

VENUES = ("kraken", "coinbase")


def protector(desk: Desk) -> Protector:
    return Protector(desk.executor, STORE, "main", D("0.01"))


def key(desk: Desk) -> OrderKey:
    return OrderKey("s", STRATEGY, desk.server.dialect, SYMBOL, 0, "stop")


def bought(desk: Desk, leg: str = "entry", qty: str = "100") -> None:
    desk.place(leg, qty=D(qty))
    desk.settle_all()


def cover(desk: Desk, stop: str, steps: int = 6) -> Cover:
    """Steps until the position is covered."""
    said = Cover.NAKED
    for _ in range(steps):
        said = protector(desk).step(key(desk), D(stop), desk.facts()).cover
        if said is Cover.COVERED:
            break
        desk.server.advance(3)
    return said


@pytest.mark.parametrize("dialect", VENUES)
def test_what_was_bought_is_protected(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        bought(desk)
        assert cover(desk, "0.09") is Cover.COVERED
        assert not desk.server.oracle.naked_positions()
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_a_stop_grows_with_the_position_and_moves_up(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        bought(desk, "add", "50")
        assert cover(desk, "0.09") is Cover.COVERED
        assert cover(desk, "0.095") is Cover.COVERED
        stops = [each for each in desk.server.open_orders() if each.trigger is not None]
        assert [(each.remaining, each.trigger) for each in stops] == [(D(150), D("0.095"))]
        known_to_the_gate = desk.executor.desk.gate.exposure.open_orders(STRATEGY, SYMBOL)
        assert [each.id for each in known_to_the_gate] == [desk.book.protecting(STRATEGY, SYMBOL)[0].risk_id]
        gaps = [each.body for each in desk.executor.desk.journal.entries() if each.kind == "naked"]
        assert len(gaps) == (1 if dialect == "kraken" else 3)
        desk.assert_exactly_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("dialect", VENUES)
def test_a_lost_answer_to_a_stop_leaves_one_stop(dialect: str, when: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        bought(desk)
        where = "AddOrder" if dialect == "kraken" else "brokerage/orders"
        desk.server.fail("reset", where=where, when=when)
        said = protector(desk).step(key(desk), D("0.09"), desk.facts())
        assert (said.cover, said.naked) == (Cover.WAITING, D(100))
        if dialect == "coinbase":
            desk.settle_all(wanted=True)
        assert cover(desk, "0.09", steps=10) is Cover.COVERED
        assert len(desk.server.open_orders()) == 1
        assert not desk.server.oracle.naked_positions()
        desk.assert_exactly_once()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_an_amendment_is_settled_by_the_stop_itself(when: str, tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        desk.server.fail("reset", where="AmendOrder", when=when)
        assert protector(desk).step(key(desk), D("0.095"), desk.facts()).cover is Cover.WAITING
        desk.restart().start()
        for _ in range(4):
            desk.server.advance(3)
            desk.executor.desk.sync_clock()
            cover(desk, "0.095", steps=1)
        assert [each.trigger for each in desk.server.open_orders()] == [D("0.095")]
        assert not desk.book.unsettled()


def test_an_amendment_may_arrive_until_its_deadline(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        desk.server.fail("timeout", where="AmendOrder", when="later", late_s=2.5)
        for _ in range(2):
            assert protector(desk).step(key(desk), D("0.095"), desk.facts()).cover is Cover.WAITING
        desk.server.advance(3)
        assert cover(desk, "0.095", steps=1) is Cover.COVERED
        assert len(desk.server.asked("AmendOrder")) == 1
        assert [each.trigger for each in desk.server.open_orders()] == [D("0.095")]


def test_a_stop_that_ends_while_its_amendment_is_unknown_leaves_room_for_the_next(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        desk.server.fail("503", where="AmendOrder", when="before")
        protector(desk).step(key(desk), D("0.095"), desk.facts())
        stop = desk.book.protecting(STRATEGY, SYMBOL)[0]
        desk.executor.cancel(stop.intent.id, desk.facts())
        assert cover(desk, "0.095") is Cover.COVERED
        assert not desk.server.oracle.naked_positions()


@pytest.mark.parametrize("dialect", VENUES)
def test_a_stop_that_sells_is_booked_and_leaves_nothing(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        desk.server.price(SYMBOL, "0.0899", "0.0900", depth="100000")
        desk.settle_all()
        assert desk.book.held(STRATEGY, SYMBOL) == 0
        assert protector(desk).step(key(desk), D("0.09"), desk.facts()).cover is Cover.NOTHING_HELD
        desk.assert_exactly_once()


def test_a_stop_that_sold_while_it_was_taken_back_is_not_placed_again(tmp_path: Path) -> None:
    with desk_on("coinbase", tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        desk.server.lose_cancels()
        assert cover(desk, "0.095") is Cover.NOTHING_HELD
        assert desk.book.held(STRATEGY, SYMBOL) == 0
        desk.assert_exactly_once()


def test_a_stop_that_is_being_taken_back_covers_nothing(tmp_path: Path) -> None:
    with desk_on("coinbase", tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        desk.server.fill_after_cancel("10", after_s=8)
        assert cover(desk, "0.095", steps=1) is Cover.WAITING
        # Back to the first trigger: the stop that has it is on its way out.
        assert cover(desk, "0.09", steps=1) is Cover.WAITING
        desk.server.advance(9)
        assert cover(desk, "0.09") is Cover.COVERED
        assert desk.book.held(STRATEGY, SYMBOL) == D(90)
        assert not desk.server.oracle.naked_positions()
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_a_restart_between_cancel_and_new_stop_goes_on(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        bought(desk)
        cover(desk, "0.09")
        protector(desk).step(key(desk), D("0.095"), desk.facts())
        desk.restart().start()
        assert cover(desk, "0.095") is Cover.COVERED
        assert not desk.server.oracle.naked_positions()


def test_a_fill_too_small_to_protect_is_said_to_be_dust(tmp_path: Path) -> None:
    with desk_on("kraken", tmp_path) as desk:
        desk.server.price(SYMBOL, "0.1000", "0.1001", depth="1")
        order = desk.place()
        desk.settle_all()
        assert (order.state, order.filled) == (OrderState.CANCELLED, D(5))
        said = protector(desk).step(key(desk), D("0.09"), desk.facts())
        assert (said.cover, said.naked) == (Cover.DUST, D(5))
        assert not [each for each in desk.book.orders.values() if each.intent.action is Action.PROTECT]
