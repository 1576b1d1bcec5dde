"""The live loop trades on the hostile venue as it was told, and its books are the venue's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import pytest
from live_cases import SYMBOL, Bar, Rig, VenueFeed
from venue_server import VenueServer

from memesnipe_cli.clock import DAY_MS, MINUTE_MS
from memesnipe_cli.engine.account_fold import AccountFold
from memesnipe_cli.errors import NetworkError, RefusedError, UsageError
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.venues.facts import VenueFill

UP = Bar.to("0.1000", "0.1010")
DOWN = Bar.to("0.1010", "0.1000")
FLAT = Bar.to("0.1000", "0.1000")
CRASH = Bar.to("0.1000", "0.0850")
MOON = Bar.to("0.1000", "0.1000", high="0.1130")


@pytest.fixture(params=["kraken", "coinbase"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with VenueServer(request.param, {"USD": "1000", "DOGE": "5000"}) as server:
        server.price(SYMBOL, "0.0999", "0.1001")
        yield Rig(server, tmp_path)


def kept_back(rig: Rig) -> list[tuple[str, str]]:
    """(check, code) of the journal's lines of entries that came to no decision."""
    lines = [each.body for each in rig.store.journal("live").entries() if each.kind == "refusal"]
    return [(body["check"], body["code"]) for body in lines if "event" not in body]


def test_buys_protects_and_sells(rig: Rig) -> None:
    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT)
    (trade,) = done.trades
    assert trade.exit_reason == "signal"
    # Half the spread each way (0.2 % in all), and not what the exit's collar would have allowed.
    assert 0 < trade.slippage < trade.entry_price * trade.qty * 3 / 1000
    assert not done.left
    rig.assert_whole()


def test_the_stop_at_the_venue_sells_in_the_middle_of_a_bar(rig: Rig) -> None:
    done = rig.trade(FLAT, UP, CRASH, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["stop"]
    rig.assert_whole()


def test_the_target_is_watched_and_sold_at(rig: Rig) -> None:
    done = rig.trade(FLAT, UP, MOON, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["target"]
    assert done.trades[0].pnl > 0
    rig.assert_whole()


def test_a_position_outlives_the_process_and_is_left_by_the_next_one(rig: Rig) -> None:
    first = rig.trade(FLAT, UP, FLAT)
    assert first.left and "covered" in first.left[0]
    rig.assert_whole()
    second = rig.trade(FLAT, DOWN, FLAT)
    assert second.resumed
    assert [trade.exit_reason for trade in second.trades] == ["signal"]
    assert not second.left
    rig.assert_whole()


def test_the_stop_may_sell_while_nobody_runs(rig: Rig) -> None:
    rig.trade(FLAT, UP, FLAT)
    rig.server.price(SYMBOL, "0.0849", "0.0851")
    rig.keep([CRASH])
    rig.server.price(SYMBOL, "0.0999", "0.1001")
    done = rig.trade(FLAT, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["stop"]
    rig.assert_whole()


def test_a_bar_that_closed_long_ago_opens_nothing(rig: Rig) -> None:
    rig.trade(FLAT)
    rig.keep([UP, FLAT])
    done = rig.trade(FLAT, FLAT)
    assert not done.left
    assert not rig.server.oracle.ours()
    assert kept_back(rig) == [("loop", "late_bar")] and done.state.refused == {"late_bar": 1}


def test_an_entry_right_after_a_gap_is_kept_back_and_said_to_be(rig: Rig) -> None:
    rig.trade(FLAT)
    rig.begin_ms += 10 * MINUTE_MS
    rig.server.advance(600)
    done = rig.trade(FLAT, UP, FLAT)
    assert not rig.server.oracle.ours()
    assert kept_back(rig) == [("signal", "after_gap")] and done.state.refused == {"after_gap": 1}


def test_an_exit_that_was_missed_while_away_is_made_up_for(rig: Rig) -> None:
    rig.trade(FLAT, UP, FLAT)
    rig.keep([DOWN, FLAT])
    done = rig.trade(FLAT, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["signal"]
    rig.assert_whole()


def test_the_users_own_orders_and_coins_are_left_alone(rig: Rig) -> None:
    own = rig.server.user_order(SYMBOL, "sell", "limit", "1000", price="0.2")
    rig.trade(FLAT, UP, FLAT, DOWN, FLAT)
    assert own in rig.server.open_orders()
    rig.assert_whole()


def test_a_halt_by_a_person_keeps_entries_back_and_lets_exits_go(rig: Rig) -> None:
    def halt(number: int) -> None:
        if number == 2:
            rig.trip(Level.HALT)

    done = rig.trade(FLAT, UP, FLAT, DOWN, FLAT, UP, FLAT, moves=halt)
    assert done.level is Level.HALT
    assert len(done.trades) == 1
    assert not done.left
    assert kept_back(rig) == [("loop", "breaker_halt")]
    rig.assert_whole()
    with pytest.raises(RefusedError, match="HALT"):
        rig.trade(FLAT)


def test_an_emergency_closes_everything(rig: Rig) -> None:
    def emergency(number: int) -> None:
        if number == 2:
            rig.trip(Level.EMERGENCY)

    done = rig.trade(FLAT, UP, FLAT, FLAT, moves=emergency)
    assert [trade.exit_reason for trade in done.trades] == ["emergency"]
    rig.assert_whole()


def test_an_entry_whose_answer_is_lost_is_found_and_protected(rig: Rig) -> None:
    path = "AddOrder" if rig.server.dialect == "kraken" else "/orders"
    rig.server.fail("timeout", where=path, when="after")
    done = rig.trade(FLAT, UP, FLAT, FLAT, DOWN, FLAT)
    assert [trade.exit_reason for trade in done.trades] == ["signal"]
    rig.assert_whole()


def test_an_entry_that_never_arrived_is_given_up(rig: Rig) -> None:
    path = "AddOrder" if rig.server.dialect == "kraken" else "/orders"
    rig.server.fail("reset", where=path, when="before")
    done = rig.trade(FLAT, UP, FLAT, FLAT)
    assert not done.unsettled or rig.server.dialect == "coinbase"
    rig.assert_whole()


def test_a_manual_trade_in_our_lots_halts_the_symbol(rig: Rig) -> None:
    rig.trade(FLAT, UP, FLAT)
    rig.server.user_order(SYMBOL, "sell", "market", "100")
    with pytest.raises(RefusedError, match="somebody else"):
        rig.trade(FLAT)
    assert LatchFile(rig.store.paths, "live").read(must_exist=True).level(f"symbol:{SYMBOL}") is Level.HALT


def test_money_that_is_gone_without_a_reason_halts_and_a_withdrawal_does_not(rig: Rig) -> None:
    rig.trade(FLAT)
    rig.server.withdraw("USD", D(50))
    rig.trade(FLAT)


def test_real_money_needs_a_promotion_or_a_reason(rig: Rig) -> None:
    with pytest.raises(RefusedError, match="no promotion"):
        rig.trade(FLAT, without_promotion="")
    assert not rig.server.oracle.ours()


def test_other_settings_need_a_new_session(rig: Rig) -> None:
    rig.trade(FLAT)
    limits = rig.profile.limits.model_copy(update={"price_collar": 0.01})
    with pytest.raises(RefusedError, match="settings"):
        rig.trade(FLAT, profile=rig.profile.model_copy(update={"limits": limits}))


def test_blind_without_prices_it_enters_nothing(rig: Rig) -> None:
    feed = VenueFeed(rig.server, [FLAT, UP, FLAT], rig.begin_ms)
    feed.blind = True
    with rig.store.journal("live").held():
        loop, _ = rig.open(feed)
        loop.run()
    assert not rig.server.oracle.ours()


def test_flatten_sells_without_strategies_and_takes_the_stop_away(rig: Rig) -> None:
    from memesnipe_cli.live.flattening import flatten_live

    rig.trade(FLAT, UP, FLAT)
    with rig.store.journal("live").held():
        done = flatten_live(
            rig.store,
            "live",
            rig.profile,
            rig.venue,
            VenueFeed(rig.server, [], rig.begin_ms),
            reason="a test",
            now=rig.server.now_ms,
            monotonic=lambda: rig.server.now_us() / 1_000_000,
            sleep=lambda seconds: rig.server.advance(0.5),
        )
    assert [closed[1] for closed in done.closed] == [SYMBOL]
    assert not done.left and not done.unsettled
    rig.assert_whole()
    again = rig.trade(FLAT, FLAT)
    assert not again.left
    rig.assert_whole()


def test_after_a_clock_jump_the_venue_is_asked_before_anything_is_entered(rig: Rig) -> None:
    jump = [0]

    def set_clock(number: int) -> None:
        if number == 1:
            jump[0] = 5_000

    rig.trade(FLAT, FLAT, FLAT, moves=set_clock, now=lambda: rig.server.now_ms() + jump[0])
    assert any("clock jumped by +5.0 s" in words for words in rig.said)
    rig.assert_whole()


@pytest.mark.parametrize("rig", ["kraken"], indirect=True)  # the venue where a deadline proves absence
def test_a_fill_of_an_entry_that_was_proven_absent_halts_and_is_not_counted(rig: Rig) -> None:
    rig.server.fail("reset", where="AddOrder", when="before")
    rig.trade(FLAT, UP, FLAT, FLAT)
    order_id = next(iter(rig.book().orders))
    feed = VenueFeed(rig.server, [FLAT, FLAT], rig.begin_ms)
    with rig.store.journal("live").held():
        loop, opened = rig.open(feed)
        order = opened.account.executor.book.of(order_id)
        assert order.state == "absent"
        now_ms = rig.server.now_ms()
        fill = VenueFill(
            "T1", "O1", SYMBOL, "buy", order.intent.qty, D("0.1"), None, D("0.01"), "USD", "taker", now_ms
        )
        opened.account.executor.desk.book_fill(order, fill)
        done = loop.run()
    assert done.level is Level.HALT
    assert any("proven never to have arrived" in words for words in rig.said)
    assert not done.trades


def test_an_emergency_closes_everything_though_no_price_is_confirmed(rig: Rig) -> None:
    rig.trade(FLAT, UP, FLAT)

    def blind(number: int) -> None:
        opened.guard.marks._fresh_ms = -1.0  # no price is ever fresh enough to judge by
        rig.trip(Level.EMERGENCY)

    feed = VenueFeed(rig.server, [FLAT, FLAT], rig.begin_ms, moves=blind)
    with rig.store.journal("live").held():
        loop, opened = rig.open(feed)
        done = loop.run()
    assert [trade.exit_reason for trade in done.trades] == ["emergency"]
    rig.assert_whole()


def test_the_capital_must_lie_at_the_venue(rig: Rig) -> None:
    with pytest.raises(RefusedError, match="is to have 5000 USD") as caught:
        rig.trade(FLAT, capital=D(5000))
    assert caught.value.code == "capital_not_there"
    assert rig.store.journal("live").replay(AccountFold()).session is None


def test_other_dollars_are_other_cash(rig: Rig) -> None:
    with pytest.raises(UsageError, match="DOGE/USDC is not paid in USD"):
        rig.trade(FLAT, symbols=["DOGE/USDC"])


def test_the_keys_rights_are_asked_once_a_day_and_again_where_the_venue_was_silent(rig: Rig) -> None:
    asked: list[int] = []
    day = [0]

    def check() -> None:
        asked.append(rig.server.now_ms())
        if len(asked) == 1:
            raise NetworkError("the venue is silent", "wait")

    def next_day(number: int) -> None:
        day[0] = DAY_MS

    feed = VenueFeed(rig.server, [FLAT] * 8, rig.begin_ms, moves=next_day)
    with rig.store.journal("live").held():
        loop, _ = rig.open(feed, now=lambda: rig.server.now_ms() + day[0])
        loop.key_check = check
        loop.run()
    assert len(asked) == 2 and asked[1] - asked[0] >= 300_000


def test_money_taken_out_of_the_capital_makes_the_account_smaller_and_is_no_loss(rig: Rig) -> None:
    rig.trade(FLAT)
    rig.server.withdraw("USD", D(900))
    done = rig.trade(FLAT, FLAT)
    assert done.level is Level.CLOSED
    assert done.state.cash == D(100)
    row = done.state.risk.row(0)
    assert row[rows.HIGH] == row[rows.VALUE] == row[rows.DAY_BASE] == 100 * 10**8
    rig.server.deposit("USD", D(500))
    again = rig.trade(FLAT, UP, FLAT, DOWN, FLAT)
    assert len(again.trades) == 1 and again.state.cash < D(101)
    rig.assert_whole()
