"""The parts of a live feed, each alone: trades into bars, which times are due, ages, books."""

from __future__ import annotations

import zlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.market.live.bar_ledger import BarLedger
from memesnipe_cli.market.live.board import bar_of
from memesnipe_cli.market.live.coinbase_wire import CoinbaseBook
from memesnipe_cli.market.live.feed import ClosedBar, Quote
from memesnipe_cli.market.live.kraken_wire import KrakenBook
from memesnipe_cli.market.live.prices import Prices, quote_of
from memesnipe_cli.market.live.pulse import Pulse, lag_ms
from memesnipe_cli.market.live.rest_pace import RestJob, RestPace
from memesnipe_cli.market.live.trade_run import PublicTrade, TradeRun
from memesnipe_cli.market.live.wire import StreamBrokenError, stamp_ms

STEP = 60_000
START = 1_700_000_040_000


def trade(number: int, second: float, price: str = "1", quantity: str = "1") -> PublicTrade:
    return PublicTrade(number, START + round(second * 1000), price, quantity)


def bar(symbol: str, ts: int = START) -> ClosedBar:
    return ClosedBar(symbol, ts, 1.0, 1.0, 1.0, 1.0, 1.0)


# --- trades into bars ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 119), min_size=1, max_size=30))
def test_shuffled_and_repeated_trades_make_the_same_bar(chance: object, seconds: list[int]) -> None:
    trades = [trade(5, -1)] + [
        trade(6 + place, second, str(1 + place % 7), f"0.{place + 1}")
        for place, second in enumerate(sorted(seconds))
    ]
    run, disturbed = TradeRun(), TradeRun()
    run.add(trades)
    again = trades + trades[::2]
    chance.shuffle(again)  # type: ignore[attr-defined]
    for each in again:
        disturbed.add([each])
    for ts in (START, START + STEP):
        assert disturbed.bar("X", ts, ts + STEP) == run.bar("X", ts, ts + STEP)
        assert disturbed.is_whole(ts)


def test_a_bar_is_of_first_highest_lowest_last_price_and_exact_volume() -> None:
    run = TradeRun()
    run.add([trade(1, 1, "2", "0.1"), trade(2, 2, "5", "0.2"), trade(3, 3, "1", "0.3"), trade(4, 60, "9")])
    assert run.bar("X", START, START + STEP) == ClosedBar("X", START, 2.0, 5.0, 1.0, 1.0, 0.6)


def test_the_bar_in_which_the_list_begins_is_not_known_to_be_whole() -> None:
    run = TradeRun()
    run.add([trade(7, 10), trade(8, 70)])
    assert not run.is_whole(START)
    assert run.is_whole(START + STEP)


def test_a_market_without_any_trade_is_whole_from_when_it_was_said_so() -> None:
    run = TradeRun()
    run.began_empty(START - 1)
    assert run.is_whole(START) and run.bar("X", START, START + STEP) is None
    run.add([trade(1, 61)])
    assert run.is_whole(START)


def test_a_hole_is_seen_and_heals() -> None:
    run = TradeRun()
    run.add([trade(1, -1), trade(2, 5), trade(4, 50)])
    assert not run.is_whole(START)
    run.add([trade(3, 20)])
    assert run.is_whole(START)


def test_a_reconnection_that_brings_the_last_trades_again_leaves_no_gap() -> None:
    run = TradeRun()
    run.add([trade(number, number - 10) for number in range(9, 15)])
    run.close(START, whole=True)
    run.add([trade(number, number - 10) for number in range(12, 40)])
    assert run.is_whole(START)
    run.add([trade(60, 55)])
    assert not run.is_whole(START)


def test_after_closing_the_next_bar_follows_the_last_trade() -> None:
    run = TradeRun()
    run.add([trade(1, -1), trade(2, 5), trade(3, 65)])
    run.close(START + STEP, whole=True)
    assert run.is_whole(START + STEP)
    run.add([trade(1, -1), trade(2, 5)])
    assert run.late == 0
    run.add([trade(4, 30)])
    assert run.late == 1, "a new trade in a bar that was given as whole"


# --- which times are due ------------------------------------------------------------------------------------


def test_a_time_is_given_as_soon_as_every_symbol_is_known() -> None:
    ledger = BarLedger(["A", "B"], STEP, START - STEP)
    end = START + STEP
    ledger.offer("A", START, bar("A"), 0.0)
    assert ledger.take(end + 100, 0.1) == []
    ledger.offer("B", START, None, 0.1)
    [given_] = ledger.take(end + 150, 0.2)
    assert given_.ts == START and [each.symbol for each in given_.bars] == ["A"] and given_.bars[0].live
    assert ledger.take(end + 200, 0.3) == []


def test_at_the_end_of_the_grace_a_late_symbol_is_left_out_and_comes_back_for_the_store() -> None:
    ledger = BarLedger(["A", "B"], STEP, START - STEP)
    end = START + STEP
    ledger.offer("A", START, bar("A"), 0.0)
    assert ledger.take(end + 1_999, 2.0) == []
    assert [each.symbol for each in ledger.take(end + 2_000, 2.0)[0].bars] == ["A"]
    assert ledger.unknown("B", end + 3_000) == [START]
    late = ledger.offer("B", START, bar("B"), 3.0)
    assert late is not None and not late.live
    assert ledger.offer("B", START, bar("B"), 3.0) is None
    assert ledger.offer("A", START, bar("A"), 3.0) is None


def test_where_nothing_is_known_nothing_is_given() -> None:
    ledger = BarLedger(["A"], STEP, START - STEP)
    assert ledger.take(START + 10 * STEP, 600.0) == []
    for place in range(3):
        ledger.offer("A", START + place * STEP, bar("A", START + place * STEP), 600.0)
    given_ = ledger.take(START + 3 * STEP + 500, 600.0)
    assert [each.ts for each in given_] == [START, START + STEP, START + 2 * STEP]
    assert [each.bars[0].live for each in given_] == [False, False, True]


def test_bars_of_the_past_wait_a_while_for_each_other() -> None:
    ledger = BarLedger(["A", "B"], STEP, START - STEP)
    ledger.offer("A", START, bar("A"), 100.0)
    now = START + 5 * STEP
    assert ledger.take(now, 114.0) == []
    assert len(ledger.take(now, 115.0)) == 1


# --- ages ---------------------------------------------------------------------------------------------------


def test_an_age_is_the_time_since_the_last_message_or_what_its_stamp_says() -> None:
    pulse = Pulse()
    assert pulse.age_ms(5.0) is None
    pulse.beat(10.0, START)
    assert pulse.age_ms(10.4) == pytest.approx(400.0)
    pulse.beat(11.0, START + 1_000, START + 1_000 - 301)
    assert pulse.age_ms(11.1) == pytest.approx(401.0)
    # A heartbeat without a stamp follows what was late: it is no younger.
    pulse.beat(12.0, START + 2_000)
    assert pulse.age_ms(12.0) == pytest.approx(301.0)
    pulse.beat(12.5, START + 2_500, START + 2_501)
    assert pulse.age_ms(12.5) == 0.0


def test_a_stamp_of_whole_seconds_counts_only_for_what_it_proves() -> None:
    assert lag_ms(None, START) == 0
    assert lag_ms(1_700_000_000_000, 1_700_000_000_900) == 0
    assert lag_ms(1_700_000_000_000, 1_700_000_003_000) == 2_001
    assert lag_ms(1_700_000_000_001, 1_700_000_000_900) == 899


def test_rest_prices_age_from_the_asking_and_give_way_to_younger_ones() -> None:
    prices = Prices()
    asked = Quote("A", Decimal(1), Decimal(2))
    prices.asked("A", asked, 10.0, 10.3, START)
    assert prices.youngest("A", 10.5) == (asked, pytest.approx(500.0))
    old = Quote("A", Decimal(1), Decimal(2), venue_ms=START - 4_999)
    prices.asked("A", old, 11.0, 11.0, START)
    assert prices.youngest("A", 11.0) == (old, pytest.approx(4_999.0))
    prices.pulse.beat(11.0, START)
    streamed = Quote("A", Decimal(3), Decimal(4))
    prices.streamed("A", streamed)
    assert prices.youngest("A", 11.1) == (streamed, pytest.approx(100.0))
    prices.stream_lost()
    assert prices.youngest("A", 11.1) is None, "what REST said before is not brought back"


def test_failing_questions_are_asked_less_often_and_a_rate_limit_stops_all() -> None:
    pace = RestPace(1)
    job = RestJob("book", "A")
    waits = []
    moment = 0.0
    for _ in range(6):
        assert pace.may_ask("book", "A", moment)
        pace.asking(job, moment)
        assert not pace.may_ask("book", "A", moment)
        pace.failed(job, "500", 0.0, moment)
        waits.append(pace.turn("book", "A") - moment)
        moment = pace.turn("book", "A")
    assert waits == [1.0, 2.0, 4.0, 4.0, 4.0, 4.0] and pace.problem == "500"
    pace.failed(job, "too many", 5.0, moment)
    assert not pace.is_open(moment + 4.9) and pace.is_open(moment + 5.0)
    pace.answered(job, moment + 6.0)
    assert pace.is_alive(moment + 20.0) and not pace.is_alive(moment + 22.0) and pace.problem == ""


# --- books and numbers --------------------------------------------------------------------------------------


def level(price: float, size: float) -> dict[str, float]:
    return {"price": price, "qty": size}


def test_krakens_book_holds_ten_levels_and_its_checksum() -> None:
    book = KrakenBook("A", 1, 8)
    asks = [level(100.0 + place, 1.5) for place in range(10)]
    bids = [level(99.0 - place, 0.25) for place in range(10)]
    digits = "".join(f"{each['price']:.1f}".replace(".", "") + "150000000" for each in asks)
    digits += "".join(f"{each['price']:.1f}".replace(".", "") + "25000000" for each in bids)
    crc = zlib.crc32(digits.encode())
    book.apply({"bids": bids, "asks": asks, "checksum": crc}, snapshot=True)
    assert book.top(None) == Quote("A", Decimal("99.0"), Decimal("100.0"), Decimal("0.25"), Decimal("1.5"))
    # A level is taken away and another comes in at the top: the eleventh falls off.
    book.apply({"bids": [level(99.0, 0), level(99.5, 2)], "asks": [level(99.9, 3)]}, snapshot=False)
    top = book.top(None)
    assert top is not None and (top.bid, top.ask) == (Decimal("99.5"), Decimal("99.9"))
    with pytest.raises(StreamBrokenError):
        book.apply({"bids": [], "asks": [level(99.8, 1)], "checksum": 1}, snapshot=False)


def test_coinbases_best_price_follows_what_is_taken_away() -> None:
    book = CoinbaseBook("A")

    def change(side: str, price: str, size: str) -> None:
        book.apply([{"side": side, "price_level": price, "new_quantity": size}])

    for price in ("10.0", "9.5", "9.0"):
        change("bid", price, "1")
    assert book.top(None) is None
    for price in ("11.0", "11.5"):
        change("offer", price, "2")
    change("bid", "10.0", "0.00000000")
    change("offer", "10.8", "4")
    assert book.top(7) == Quote("A", Decimal("9.5"), Decimal("10.8"), Decimal(1), Decimal(4), 7)
    change("bid", "10.9", "1")
    assert book.top(None) is None, "a crossed book is no market"


@pytest.mark.parametrize(
    ("bids", "asks"),
    [([], [[2, 1]]), ([[1, 1]], []), ([[2, 1]], [[2, 1]]), ([[3, 1]], [[2, 1]]), ([[1, 0]], [[2, 1]])],
)
def test_an_empty_or_crossed_book_is_no_quote(bids: list[list[float]], asks: list[list[float]]) -> None:
    assert quote_of("A", bids, asks, None) is None


def test_a_candle_that_cannot_be_one_is_none() -> None:
    assert bar_of("A", [START, 1, 2, 0.5, 1.5, 7]) == ClosedBar("A", START, 1.0, 2.0, 0.5, 1.5, 7.0)
    for row in (
        [START, 1, 0.9, 0.5, 0.8, 7],
        [START, 1, 2, 0, 1, 1],
        [START, 1, 2, None, 1, 1],
        [START, 1, 2, 1, 1, -1],
    ):
        assert bar_of("A", row) is None


def test_stamps_of_nine_decimals_are_read() -> None:
    assert stamp_ms("2023-02-09T20:32:50.714964855Z") == 1_675_974_770_714
    assert stamp_ms("soon") is None and stamp_ms(None) is None
