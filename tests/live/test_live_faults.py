"""Each trouble that a venue can make, alone, through the real loop: the position is entered once, protected, left, and
the books agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal as D
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
import tenacity.nap
from live_cases import STRATEGY, SYMBOL, Bar, Rig, VenueFeed, strategy
from venue_server import AMBIGUOUS, VenueServer
from venue_server.faults import SHAPES, When
from venue_server.venue import COINBASE_RIGHTS, KRAKEN_RIGHTS, Mode

Dialect = Literal["kraken", "coinbase"]
UP = Bar.to("0.1000", "0.1010")
DOWN = Bar.to("0.1010", "0.1000")
FLAT = Bar.to("0.1000", "0.1000")
CRASH = Bar.to("0.1000", "0.0850")
VENUES: tuple[Dialect, Dialect] = ("kraken", "coinbase")
ORDER = {"kraken": "AddOrder", "coinbase": "brokerage/orders"}
CANCEL = {"kraken": "CancelOrder", "coinbase": "batch_cancel"}
TRADES = {"kraken": "TradesHistory", "coinbase": "fills"}
TRADING = {"kraken": "modify-trades", "coinbase": "can_trade"}
RIGHTS = {"kraken": KRAKEN_RIGHTS, "coinbase": COINBASE_RIGHTS}


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between repeated questions are short: the venue's time passes by the loop's looks."""
    monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(0.01)))


@pytest.fixture(params=VENUES)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with VenueServer(request.param, {"USD": "1000", "DOGE": "5000"}, hang_s=1.0) as server:
        server.price(SYMBOL, "0.0999", "0.1001")
        yield Rig(server, tmp_path)


def _first(server: VenueServer, shape: str, when: When, skip: int) -> None:
    server.fail(shape, where=ORDER[server.dialect], when=when, skip=skip)


# Both venues in turn: each shape meets one of them here, and both of them in the rounds of killed_rounds.py.
@pytest.mark.parametrize(
    ("venue", "shape"), [(VENUES[number % 2], shape) for number, shape in enumerate(SHAPES)]
)
def test_every_fault_at_every_step(venue: Dialect, shape: str, tmp_path: Path) -> None:
    with VenueServer(venue, {"USD": "1000", "DOGE": "5000"}, hang_s=1.0) as server:
        server.price(SYMBOL, "0.0999", "0.1001")
        rig = Rig(server, tmp_path)
        after: When = "after" if shape in AMBIGUOUS else "before"

        def trouble(number: int) -> None:
            """At the entry, where it may have arrived all the same; at the stop; at the way out; at a question."""
            server.faults.clear()
            if number == 1 and shape in AMBIGUOUS:
                _first(server, shape, "after", skip=0)
                _first(server, shape, "before", skip=1)
            elif number == 1:
                _first(server, shape, "before", skip=1)
            elif number == 3:
                server.fail(shape, where=CANCEL[venue], when=after)
                server.fail(shape, where=TRADES[venue])

        done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT, moves=trouble)
        assert [trade.exit_reason for trade in done.trades] == ["signal"], rig.said
        assert not done.left and not done.unsettled
        rig.assert_whole()


@pytest.mark.parametrize("shape", ["reset", "500-json", "empty"])
def test_a_stop_whose_answer_is_lost_is_found_and_not_placed_twice(rig: Rig, shape: str) -> None:
    done = rig.trade(
        FLAT, UP, FLAT, moves=lambda n: _first(rig.server, shape, "after", 1) if n == 1 else None
    )
    assert "covered" in done.left[0]
    assert len(rig.server.oracle.ours()) == 2
    rig.assert_whole()


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_exit_whose_answer_is_lost_sells_once(rig: Rig, when: When) -> None:
    rig.trade(FLAT, UP, FLAT)
    _first(rig.server, "reset", when, 0)
    done = rig.trade(FLAT, DOWN, FLAT, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["signal"]
    assert not done.left and not done.unsettled
    rig.assert_whole()


def test_a_stop_that_never_arrived_is_placed_by_the_next_process(rig: Rig) -> None:
    """It died between the sending and the answer: the stop is asked for until it is there."""
    path = ORDER[rig.server.dialect]
    with pytest.MonkeyPatch.context() as patch:
        killed = _dies_at(rig, path, 2)
        patch.setattr(rig.venue._exchange, "fetch", killed)
        with pytest.raises(KeyboardInterrupt):
            rig.trade(FLAT, UP, FLAT)
    rig.keep([UP, FLAT])
    assert rig.server.oracle.naked_positions()
    done = rig.trade(FLAT, FLAT)
    assert "covered" in done.left[0], rig.said
    rig.assert_whole()


def _dies_at(rig: Rig, path: str, number: int) -> Callable[..., object]:
    """A client whose process is gone when it sends the n-th order."""
    whole, left = rig.venue._exchange.fetch, [number]

    def fetch(url: str, method: str = "GET", *more: object) -> object:
        if method == "POST" and path in url:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
        return whole(url, method, *more)

    return fetch


def _two_units(rig: Rig) -> None:
    """A strategy that buys a second time when the price has risen a little."""
    text = STRATEGY.replace("risk_share=0.005, target_r=1.0", "units=2, step_r=0.01")
    rig.strategies = [strategy(rig.folder, text)]


def _dies_behind(rig: Rig, path: str) -> Callable[..., object]:
    """A client whose process is gone when the venue has its order."""
    whole = rig.venue._exchange.fetch

    def fetch(url: str, method: str = "GET", *more: object) -> object:
        answer = whole(url, method, *more)
        if method == "POST" and path in url:
            raise KeyboardInterrupt
        return answer

    return fetch


def test_a_stop_and_a_further_unit_that_both_filled_while_nobody_ran(rig: Rig) -> None:
    _two_units(rig)
    rig.trade(FLAT, UP, Bar.to("0.1010", "0.1010"))
    higher = Bar.to("0.1010", "0.1030")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig.venue._exchange, "fetch", _dies_behind(rig, ORDER[rig.server.dialect]))
        # The account is worth something certain once prices have stood for a while: many looks within a bar.
        feed = VenueFeed(rig.server, [higher, Bar.to("0.1030", "0.1030")], rig.begin_ms, idle=16)
        with rig.store.journal("live").held(), pytest.raises(KeyboardInterrupt):
            rig.open(feed)[0].run()
    rig.keep([higher])
    rig.server.price(SYMBOL, "0.0905", "0.0907")
    assert len(rig.server.oracle.ours()) == 3
    done = rig.trade(Bar.to("0.0906", "0.0906"), Bar.to("0.0906", "0.0906"))
    assert not done.unsettled, rig.said
    rig.assert_whole()


def test_what_many_tries_could_not_sell_is_not_dust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try may give more away; what is left is worth as much as before."""
    with VenueServer("coinbase", {"USD": "1000", "DOGE": "5000"}, hang_s=1.0) as server:
        server.price(SYMBOL, "0.0999", "0.1001")
        rig = Rig(server, tmp_path)
        whole = server.price
        with monkeypatch.context() as thin:
            thin.setattr(server, "price", lambda symbol, bid, ask: whole(symbol, bid, ask, depth="2.2"))
            rig.trade(FLAT, UP, FLAT)
        assert rig.book().held("up_down", SYMBOL) == 11

        def moves(number: int) -> None:
            server.set_mode("post_only" if number in (1, 2) else "online")

        done = rig.trade(FLAT, DOWN, FLAT, FLAT, FLAT, moves=moves)
        assert [trade.exit_reason for trade in done.trades] == ["signal"], rig.said
        assert not rig.book().held("up_down", SYMBOL)
        rig.assert_whole()


def test_what_filled_of_an_entry_is_what_is_protected(rig: Rig) -> None:
    def thin(number: int) -> None:
        if number == 1:
            rig.server.price(SYMBOL, "0.1009", "0.1011", depth="4")

    done = rig.trade(FLAT, UP, Bar.to("0.1010", "0.1010"), moves=thin)
    rig.assert_whole()
    assert not done.unsettled


def test_orders_and_trades_that_come_late_twice_and_in_no_order(rig: Rig) -> None:
    rig.server.hide_new_orders(4.0)
    rig.server.lag_trades(6.0)
    rig.server.disturb_history(repeats=True, shuffled=True)
    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["signal"], rig.said
    rig.assert_whole()


def test_an_order_that_is_pending_is_no_news(rig: Rig) -> None:
    rig.server.show_pending(3.0)
    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["signal"]
    rig.assert_whole()


@pytest.mark.parametrize("mode", ["cancel_only", "post_only", "maintenance"])
def test_a_market_that_takes_no_orders_is_waited_for(rig: Rig, mode: Mode) -> None:
    def close(number: int) -> None:
        rig.server.set_mode(mode if number == 3 else "online")

    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT, FLAT, moves=close)
    assert [trade.exit_reason for trade in done.trades] == ["signal"], rig.said
    rig.assert_whole()


def test_a_key_that_may_not_trade_for_a_while(rig: Rig) -> None:
    venue = rig.server.dialect
    rights = [each for each in RIGHTS[venue] if each != TRADING[venue]]

    def withdraw(number: int) -> None:
        rig.server.set_rights(rights if number == 3 else RIGHTS[venue])

    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT, FLAT, moves=withdraw)
    assert [trade.exit_reason for trade in done.trades] == ["signal"], rig.said
    rig.assert_whole()


def test_a_stop_that_fills_instead_of_being_taken_back(rig: Rig) -> None:
    rig.server.lose_cancels(1)
    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT)
    assert len(done.trades) == 1
    assert not done.left
    rig.assert_whole()


def test_a_stop_that_fills_in_part_after_its_cancel(rig: Rig) -> None:
    rig.server.fill_after_cancel(D(7), after_s=1.0)
    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, FLAT)
    assert len(done.trades) == 1
    assert not done.left
    rig.assert_whole()


def test_a_stop_that_a_thin_market_fills_in_part_is_chased(rig: Rig) -> None:
    def thin(number: int) -> None:
        if number == 2:
            rig.server.price(SYMBOL, "0.0849", "0.0851", depth="5")

    done = rig.trade(FLAT, UP, CRASH, Bar.to("0.0850", "0.0850"), Bar.to("0.0850", "0.0850"), moves=thin)
    assert [trade.exit_reason for trade in done.trades] == ["stop"], rig.said
    rig.assert_whole()
