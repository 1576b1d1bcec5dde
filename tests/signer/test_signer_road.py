"""All that the executor sends in an order's life, under the signer's rules: nothing of it is refused, and nothing is
asked that is not on the signer's list."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

# The executor and its venue are made as the tests of the venues make them.
sys.path.append(str(Path(__file__).parents[1] / "venues"))

from signer_cases import BOUNDS, Request
from venue_cases import SYMBOL, D, Desk, desk_on, intent

from memesnipe_cli.engine.account_fold import SESSION
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.risk.latch_state import Latch
from memesnipe_cli.signer.books import BooksFold
from memesnipe_cli.signer.endpoints import Use
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.judge import Judge
from memesnipe_cli.store.following import Following
from memesnipe_cli.venues import dead_man
from memesnipe_cli.venues.coinbase_products import Products
from memesnipe_cli.venues.outcome import Accepted
from memesnipe_cli.venues.traits import traits_of

ADDS = {"kraken": "AddOrder", "coinbase": "brokerage/orders"}


@dataclass
class Judged:
    """A desk whose client asks the signer's rules first. signed: how often, by what for."""

    desk: Desk
    latch: Latch = field(default_factory=lambda: Latch("main"))
    signed: Counter[Use] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        client, venue = self.desk.venue._exchange, self.desk.server.dialect  # type: ignore[attr-defined]
        journal = self.desk.executor.desk.journal
        journal.append(SESSION, {"session": "s1", "capital": "5000"})
        products = Products(client)
        judge = Judge(
            traits_of(venue),
            BOUNDS,
            Following(journal.folder, BooksFold()).now,  # type: ignore[attr-defined]
            lambda: self.latch,
            lambda symbol: (products.id_of(symbol), products.unit(symbol)),
        )
        sends = client.fetch2

        def fetch(path: str, api: Any, method: str, params: Any, config: Any = None) -> Any:
            if "private" in list(api):
                request = Request(list(api), method, path, dict(params), client.fence)
                try:
                    use = request.use(venue)
                    judge.judge(use, request.params, request.fence)
                except SignerRefusedError as refused:
                    self.refused.append(refused.rule)
                    raise
                self.signed[use] += 1
            return sends(path, api, method, params, config or {})

        client.fetch2 = fetch


@contextmanager
def judged_on(venue: str, folder: Path) -> Iterator[Judged]:
    """A started executor under the signer's rules."""
    with desk_on(venue, folder) as desk:
        yield Judged(desk)


@pytest.fixture(params=["kraken", "coinbase"])
def judged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Judged]:
    with judged_on(request.param, tmp_path) as made:
        yield made


def test_an_order_lives_from_its_entry_to_its_exit(judged: Judged) -> None:
    desk = judged.desk
    assert desk.place().state == "accepted"
    desk.settle_all()
    assert desk.book.held("momentum_5m", SYMBOL) == 100
    waiting = desk.place("waiting", price=D("0.0990"), expires_ms=desk.server.now_ms() + 3_600_000)
    stop = desk.place("stop", Action.PROTECT)
    for order in (waiting, stop):
        assert order.state == "accepted"
        assert isinstance(desk.executor.cancel(order.intent.id, desk.facts()), Accepted)
        desk.executor.settle(order.intent.id)
        assert order.state == "cancelled"
    desk.place("exit", Action.REDUCE)
    desk.settle_all()
    assert desk.book.held("momentum_5m", SYMBOL) == 0
    assert judged.refused == []
    assert (judged.signed[Use.ORDER], judged.signed[Use.CANCEL]) == (4, 2)
    assert judged.signed[Use.QUESTION] > 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_order_whose_answer_is_lost_is_settled(judged: Judged, when: Any) -> None:
    desk = judged.desk
    desk.server.fail("reset", where=ADDS[desk.server.dialect], when=when)
    order = desk.place()
    assert order.state == "unknown"
    desk.settle_all(wanted=True)
    known = "filled" if when == "after" or desk.server.dialect == "coinbase" else "absent"
    assert order.state == known
    assert judged.refused == []
    desk.assert_exactly_once()


def test_a_stop_is_amended_in_place(tmp_path: Path) -> None:
    with judged_on("kraken", tmp_path) as judged:
        desk = judged.desk
        desk.place()
        desk.settle_all()
        stop = desk.place("stop", Action.PROTECT)
        terms = replace(
            intent("kraken", "amended", Action.PROTECT), qty=D(60), stop=D("0.0950"), replaces=stop.intent.id
        )
        assert isinstance(desk.executor.amend(stop.intent.id, terms, desk.facts()), Accepted)
        desk.place("exit", Action.REDUCE, qty=D(40))
        assert (judged.refused, judged.signed[Use.AMEND]) == ([], 1)


def test_the_switch_is_armed_and_switched_off(tmp_path: Path) -> None:
    with judged_on("kraken", tmp_path) as judged:
        desk = judged.desk
        dead_man.arm(desk.venue, desk.book, [])
        dead_man.disarm(desk.venue)
        assert (judged.refused, judged.signed[Use.SWITCH]) == ([], 2)


def test_what_the_signer_refuses_is_an_order_that_was_not_sent(judged: Judged) -> None:
    judged.latch = judged.latch.fenced(1)
    order = judged.desk.place()
    assert (order.state, judged.refused) == ("refused", ["fence"])
    assert not judged.desk.server.oracle.ours()
    assert judged.desk.venue.open_orders() == []


def test_all_questions_that_the_venues_ask_are_on_the_list(judged: Judged) -> None:
    venue, now_ms = judged.desk.venue, judged.desk.server.now_ms()
    for ask in (
        venue.open_orders,
        venue.balances,
        venue.positions,
        venue.key_rights,
        lambda: venue.fills(now_ms - 60_000),
        lambda: venue.flows(now_ms - 60_000),
        lambda: venue.fees(SYMBOL),
        lambda: venue.product(SYMBOL),
        lambda: venue.find("msnobody"),
        lambda: venue.find("msnobody", venue_id="OV-1"),
    ):
        ask()
    assert judged.refused == []
    assert set(judged.signed) == {Use.QUESTION}
