"""An order of which nothing is known keeps back what could do harm beside it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import pytest
from venue_cases import SYMBOL, Desk, desk_on, intent

from memesnipe_cli.errors import RefusedError
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.order_state import OrderState


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """At the venue where an order may stay unknown for ever."""
    with desk_on("coinbase", tmp_path) as desk:
        desk.executor.start()
        yield desk


def test_an_unknown_entry_lets_a_stop_be_placed_and_no_entry(desk: Desk) -> None:
    desk.place("first")
    desk.settle_all()
    desk.server.fail("reset", where="orders", when="before")
    assert desk.place("second", qty=D(50)).state is OrderState.UNKNOWN
    with pytest.raises(RefusedError, match="waits for the order"):
        desk.place("third", qty=D(40))
    assert desk.place("stop", Action.PROTECT).state is OrderState.ACCEPTED


def test_an_unknown_stop_is_asked_for_by_the_next_process_and_nothing_is_sold_before(desk: Desk) -> None:
    desk.place("first")
    desk.settle_all()
    desk.server.fail("reset", where="orders", when="before")
    stop = desk.place("stop", Action.PROTECT).intent.id
    desk.restart().start()
    with pytest.raises(RefusedError, match="waits for the order"):
        desk.place("exit", Action.REDUCE)
    desk.executor.settle_sell(stop, desk.facts(), wanted=False)
    assert desk.book.of(stop).state is OrderState.UNKNOWN
    desk.executor.settle_sell(stop, desk.facts(), wanted=True)
    assert desk.book.of(stop).state is OrderState.ACCEPTED
    assert len(desk.server.oracle.orders_with(stop)) == 1


def test_what_may_not_be_sold_any_more_is_not_asked_for(desk: Desk) -> None:
    """The check of an order that is sent once more is the one of a new order."""
    desk.server.fail("reset", where="orders", when="before")
    desk.place("first")
    gate = desk.executor.desk.gate
    stop = intent("coinbase", "stop", Action.PROTECT)
    assert isinstance(gate.renew(stop, desk.facts()), Refused)
    assert stop.symbol == SYMBOL
