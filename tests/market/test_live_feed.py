"""The live feed against a hostile venue: what the loop sees of each fault; no bar is lost, doubled or wrong."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from pathlib import Path

import pytest
from feed_cases import DIALECTS, MINUTE_MS, OTHER, SYMBOL, LiveCase, live_case
from venue_server import VenueServer

from memesnipe_cli.market.live.feed import Quote
from memesnipe_cli.market.live.venue_feed import open_feed
from memesnipe_cli.store.store import Store

both = pytest.mark.parametrize("dialect", DIALECTS)


def some_trades(case: LiveCase, many: int = 3, seed: int = 1) -> None:
    chance = random.Random(seed)
    for _ in range(many):
        case.venue.trade(SYMBOL, Decimal(chance.randrange(900, 1100)) / 10_000, chance.randrange(1, 50))
        case.venue.trade(OTHER, 60_000 + chance.randrange(100), 1)
        case.advance(1.0)


@both
def test_bars_are_the_venues_own_and_come_when_they_close(dialect: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path) as case:
        case.next_bars()
        for seed in range(3):
            some_trades(case, seed=seed)
            closed = case.next_bars()
            assert closed.ts in case.traded()
            assert [bar.symbol for bar in closed.bars] == [SYMBOL, OTHER]
            assert all(bar.live for bar in closed.bars)
        asked_before = len(case.venue.asked("OHLC")) + len(case.venue.asked("candles"))
        some_trades(case)
        case.next_bars()
        # The stream knows its bars to be whole: REST is not needed.
        assert len(case.venue.asked("OHLC")) + len(case.venue.asked("candles")) == asked_before
        case.assert_in_order()
        for symbol in case.symbols:
            got = case.got(symbol)
            assert got == {ts: bar for ts, bar in case.traded(symbol).items() if ts in got}
            assert len(got) == 4
    assert {ts: bar for ts, bar in case.stored().items() if ts in case.got()} == case.got()


@pytest.mark.parametrize("dialect", ["kraken"])
def test_a_trade_of_the_next_bar_closes_the_one_before_at_once(dialect: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path, (SYMBOL,), pace=1.0) as case:
        some_trades(case)
        case.next_bars()
        some_trades(case)
        case.to_second(60.0)
        case.venue.trade(SYMBOL, "0.1", 1)
        began = time.monotonic()
        case.until(lambda: len(case.given) >= 2)
        assert time.monotonic() - began < 0.25


@pytest.mark.parametrize("dialect", ["kraken"])
def test_a_symbol_without_trades_has_no_bar_and_holds_nobody_up(dialect: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path) as case:
        case.next_bars()
        case.venue.trade(SYMBOL, "0.1", 1)
        assert [bar.symbol for bar in case.next_bars().bars] == [SYMBOL]
        assert case.next_bars().bars == ()


@pytest.mark.parametrize(
    ("dialect", "fault"),
    [
        *(("kraken", fault) for fault in ("lose", "duplicate", "shuffle", "book-gap", "drop")),
        *(("coinbase", fault) for fault in ("lose", "duplicate", "book-gap", "cut")),
    ],
)
def test_bars_stay_right_through(dialect: str, fault: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path) as case:
        some_trades(case)
        case.next_bars()
        case.venue.trade(SYMBOL, "0.1001", 3)
        if fault == "drop":
            case.venue.stream_drop()
        else:
            case.venue.stream_fail(fault)
        case.venue.price(SYMBOL, "0.1004", "0.1005", depth="66")
        case.venue.price(SYMBOL, "0.1002", "0.1003", depth="77")
        some_trades(case, seed=2)
        case.next_bars()
        some_trades(case, seed=3)
        case.next_bars()
        case.until_source("websocket")
        case.assert_in_order()
        got = case.got()
        assert len(got) == 3
        assert got == {ts: bar for ts, bar in case.traded().items() if ts in got}
        if fault in ("book-gap", "cut", "drop") or (dialect, fault) == ("coinbase", "lose"):
            assert case.feed.state().reconnects == 1
        quote = case.feed.quote(SYMBOL)
        assert quote is not None and (quote.bid, quote.ask) == (Decimal("0.1002"), Decimal("0.1003"))


@pytest.mark.parametrize(
    ("dialect", "fault"),
    [("kraken", "refuse"), ("kraken", "mute"), ("coinbase", "mute"), ("coinbase", "silence")],
)
def test_rest_stands_in_for_a_stream_that_fails_and_the_stream_comes_back(
    dialect: str, fault: str, tmp_path: Path
) -> None:
    def prepare(venue: VenueServer) -> None:
        venue.stream_fail(fault, times=2 if fault == "refuse" else 1)

    with live_case(dialect, tmp_path, begin="rest", prepare=prepare) as case:
        case.until(lambda: all(case.feed.quote(symbol) is not None for symbol in case.symbols), 4.0)
        assert case.feed.state().problem.startswith("WebSocket: ")
        some_trades(case)
        assert case.next_bars().bars[0].live
        case.until_source("websocket", 15.0)
        assert case.feed.state().problem == ""
        some_trades(case)
        case.next_bars()
        got = case.got()
        assert got == {ts: bar for ts, bar in case.traded().items() if ts in got} and len(got) == 2


@both
def test_a_broken_book_is_no_quote_until_it_is_whole_again(dialect: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path, (SYMBOL,)) as case:
        case.venue.fail("500", "Depth" if dialect == "kraken" else "product_book", times=50)
        case.venue.stream_fail("refuse")
        case.venue.stream_fail("book-gap")
        case.venue.price(SYMBOL, "0.1002", "0.1003", depth="77")
        case.venue.price(SYMBOL, "0.1004", "0.1005", depth="77")
        case.until(lambda: case.feed.quote(SYMBOL) is None)
        assert case.feed.age_ms(SYMBOL) is None
        case.until(lambda: case.feed.quote(SYMBOL) is not None)
        assert case.feed.quote(SYMBOL).bid == Decimal("0.1004")  # type: ignore[union-attr]


@pytest.mark.parametrize("dialect", ["coinbase"])
def test_a_crossed_book_is_no_quote(dialect: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path, (SYMBOL,)) as case:
        case.venue.price(SYMBOL, "0.1005", "0.1003", depth="77")
        case.until(lambda: case.feed.quote(SYMBOL) is None)
        assert case.feed.refresh(SYMBOL, 1.0) is None


@both
def test_ages_count_from_the_last_sign_of_life_and_from_stamps_that_are_older(
    dialect: str, tmp_path: Path
) -> None:
    with live_case(dialect, tmp_path, (SYMBOL,), pace=1.0) as case:
        time.sleep(0.2)
        # Quiet is not stale: heartbeats keep the price young.
        assert case.feed.age_ms(SYMBOL) < 150  # type: ignore[operator]
        case.venue.stream_fail("stale", times=1000, stale_s=5.0)
        case.venue.price(SYMBOL, "0.1002", "0.1003", depth="77")
        case.until(lambda: (case.feed.age_ms(SYMBOL) or 0) >= 5_000)
        case.venue.stream_calm()
        case.venue.price(SYMBOL, "0.1003", "0.1004", depth="77")
        case.until(lambda: (case.feed.age_ms(SYMBOL) or 9_999) < 150)
        case.venue.stream_fail("silence")
        case.until(lambda: (case.feed.age_ms(SYMBOL) or 0) > 300, 3.0)
        fresh = case.feed.refresh(SYMBOL, 2.0)
        assert isinstance(fresh, Quote) and case.feed.quote(SYMBOL) == fresh
        assert case.feed.age_ms(SYMBOL) < 300  # type: ignore[operator]


@pytest.mark.parametrize("dialect", ["coinbase"])
def test_a_refresh_without_a_whole_answer_is_none_within_its_time(dialect: str, tmp_path: Path) -> None:
    where = "Depth" if dialect == "kraken" else "product_book"
    with live_case(dialect, tmp_path, (SYMBOL,), pace=1.0) as case:
        for shape in ("timeout", "reset", "500", "empty", "malformed"):
            case.venue.fail(shape, where)
            began = time.monotonic()
            assert case.feed.refresh(SYMBOL, 0.4) is None, shape
            assert time.monotonic() - began < 1.0


def test_a_symbol_whose_candles_are_late_is_left_out_and_stored_later(tmp_path: Path) -> None:
    def prepare(venue: VenueServer) -> None:
        venue.stream_only([OTHER])

    with live_case("kraken", tmp_path, prepare=prepare, pace=1.0) as case:
        assert SYMBOL in case.feed.state().problem
        case.next_bars()
        some_trades(case)
        case.venue.fail("500", "OHLC", times=6)
        end = case.venue.now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS
        closed = case.next_bars()
        assert [bar.symbol for bar in closed.bars] == [OTHER]
        assert 1_900 <= case.venue.now_ms() - end < 3_000
        case.venue.calm()
        asked = len(case.venue.asked("OHLC"))
        case.advance(6.0)
        case.until(lambda: len(case.venue.asked("OHLC")) > asked)
        time.sleep(0.2)
    assert case.stored()[closed.ts] == case.traded()[closed.ts]


@pytest.mark.parametrize("dialect", ["kraken"])
def test_an_outage_is_no_quiet_market(dialect: str, tmp_path: Path) -> None:
    with live_case(dialect, tmp_path, (SYMBOL,)) as case:
        some_trades(case)
        case.next_bars()
        case.venue.stream_fail("refuse", times=4)
        case.venue.mix(["reset"], 1.0, whens=["before"])
        case.venue.stream_drop()
        before = len(case.given)
        for seed in (2, 3):
            some_trades(case, seed=seed)
            case.to_second(60.0)
            case.advance(15.0)
            case.given += case.feed.wait(0.3)
        assert len(case.given) == before, "nothing is known, so nothing is said"
        case.venue.calm()
        case.until(lambda: len(case.given) >= before + 2, 20.0)
        case.assert_in_order()
        assert not any(bar.live for each in case.given[before:] for bar in each.bars)
        assert case.got() == {ts: bar for ts, bar in case.traded().items() if ts in case.got()}
        assert len(case.got()) == 3


def test_after_a_sleep_of_the_machine_the_gap_comes_by_rest(tmp_path: Path) -> None:
    with live_case("kraken", tmp_path, (SYMBOL,)) as case:
        some_trades(case)
        case.next_bars()
        before = len(case.given)
        # Only the wall clock moves on, as in a sleep.
        board = case.feed._board
        slept_us = case.venue.now_us()
        board.monotonic = lambda: (case.venue.now_us() - asleep) / 1e6
        asleep = 0
        for seed in (4, 5, 6):
            some_trades(case, seed=seed)
            case.advance(60.0)
        asleep = case.venue.now_us() - slept_us
        case.until(lambda: len(case.given) >= before + 3)
        case.until_source("websocket")
        case.assert_in_order()
        assert not any(bar.live for each in case.given[before:-1] for bar in each.bars)
        assert case.got() == {ts: bar for ts, bar in case.traded().items() if ts in case.got()}
        assert case.feed.state().reconnects >= 1


@both
def test_open_feed_takes_a_gap_first_and_ends_cleanly(dialect: str, tmp_path: Path) -> None:
    with VenueServer(dialect, beat_s=0.1) as venue:  # type: ignore[arg-type]
        for _ in range(3):
            venue.trade(SYMBOL, "0.1", 2)
            venue.advance(60.0)
        now = lambda: venue.now_ms()  # noqa: E731
        feed = open_feed(dialect, [SYMBOL], MINUTE_MS, Store(tmp_path), base_url=venue.base_url, now=now)
        first = venue.now_ms() // MINUTE_MS * MINUTE_MS - 3 * MINUTE_MS
        feed.start(first - MINUTE_MS)
        given = []
        end = time.monotonic() + 8.0
        while len(given) < 3 and time.monotonic() < end:
            given += feed.wait(0.2)
        began = time.monotonic()
        feed.close()
        assert time.monotonic() - began < 4.0
        assert [each.ts for each in given] == [first, first + MINUTE_MS, first + 2 * MINUTE_MS]
        assert all(not bar.live for each in given[:-1] for bar in each.bars)
        assert feed.wait(5.0) == []


@both
def test_through_random_faults_no_bar_is_lost_doubled_or_wrong(dialect: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    stream = ["cut", "duplicate", "shuffle", "book-gap", "refuse", "mute", "silence", "stale"]
    rest = ["500", "reset", "half", "empty", "malformed", "html", "rate-limit"]
    with live_case(dialect, tmp_path, pace=4.0) as case:
        for seed in range(10):
            if chance.random() < 0.6:
                case.venue.stream_fail(chance.choice(stream))
            if chance.random() < 0.4:
                case.venue.fail(chance.choice(rest), times=chance.randrange(1, 4))
            if chance.random() < 0.2:
                case.venue.stream_drop()
            some_trades(case, many=chance.randrange(0, 4), seed=seed)
            case.venue.price(
                SYMBOL, "0.1002", f"0.10{chance.randrange(10, 90)}", depth=chance.randrange(9, 99)
            )
            case.to_second(60.0)
            case.given += case.feed.wait(0.15)
        case.venue.calm()
        case.venue.stream_calm()
        last = case.venue.now_ms() // MINUTE_MS * MINUTE_MS - MINUTE_MS
        case.until(lambda: bool(case.given) and case.given[-1].ts >= last, 25.0)
        case.assert_in_order()
        case.advance(10.0)
        case.until_source("websocket", 20.0)
        time.sleep(1.0)
        last = case.given[-1].ts
    for symbol in case.symbols:
        traded = {ts: bar for ts, bar in case.traded(symbol).items() if case.given[0].ts <= ts <= last}
        got = case.got(symbol)
        assert got == {ts: bar for ts, bar in traded.items() if ts in got}
        stored = {ts: bar for ts, bar in case.stored(symbol).items() if ts >= case.given[0].ts}
        assert {ts: bar for ts, bar in stored.items() if ts <= last} == traded
