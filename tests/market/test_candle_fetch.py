"""The real ccxt client against a venue on this machine: only what is missing, through all trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from loopback import Bar, LoopbackVenue, now_ms, usual_bar

from memesnipe_cli import clock
from memesnipe_cli.errors import ConfigError, NetworkError, UsageError
from memesnipe_cli.market import asked
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.candle_fetch import fetch_series
from memesnipe_cli.market.ccxt_client import open_venue
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.market.venue_session import VenueSession
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import SeriesKey

STEP = 5 * clock.MINUTE_MS
KEY = SeriesKey("coinbase", "DOGE/USD", "5m")
KRAKEN = SeriesKey("kraken", "DOGE/USD", "5m")
Fetch = Callable[..., IngestReport]


@pytest.fixture
def venue() -> Iterator[LoopbackVenue]:
    with LoopbackVenue() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def fetch(venue: LoopbackVenue, store: Store) -> Fetch:
    """`fetch(bars_back, key)`: one run of `ingest candles`, with quick retries."""

    def run(
        back: int, key: SeriesKey = KEY, *, until_back: int = 0, deadline: float = 60.0, timeout: float = 5.0,
        from_trades: bool = False,
    ) -> IngestReport:  # fmt: skip
        session = VenueSession(
            key.venue, venue.base_url, deadline_s=deadline, timeout_s=timeout, say=lambda text: None
        )
        # The library's own pause between calls would only slow the tests down.
        session.exchange.enableRateLimit = False
        session.caller = Caller(
            session.exchange, timeout_s=timeout, deadline=Deadline(deadline), first_wait_s=0.01
        )
        session.prepare(store, key.symbol)
        end = clock.floor_to(now_ms(), STEP)
        until = end - until_back * STEP if until_back else None
        return fetch_series(
            store, session.exchange, session.caller, key, end - back * STEP, until, from_trades=from_trades
        )

    return run


def candle_requests(venue: LoopbackVenue) -> int:
    return len(venue.asked("/candles"))


def test_pages_bring_every_finished_bar_and_never_the_running_one(fetch: Fetch, venue: LoopbackVenue) -> None:
    report = fetch(700)
    assert candle_requests(venue) == 3
    assert len(report.candles) in (699, 700)  # 699 where a bar ended within the close grace
    assert np.all(np.diff(report.candles.ts) == STEP)
    assert report.candles.ts[-1] + STEP <= now_ms()
    for ts, close in zip(report.candles.ts.tolist(), report.candles.close.tolist(), strict=True):
        assert close == float(usual_bar(ts, STEP).close)


def test_a_second_run_asks_for_nothing_and_more_history_asks_only_for_that(
    fetch: Fetch, venue: LoopbackVenue
) -> None:
    fetch(200, until_back=20)
    before = candle_requests(venue)
    fetch(200, until_back=20)
    assert candle_requests(venue) == before
    report = fetch(300)
    assert report.rows in (119, 120)  # 100 backwards and 20 forwards
    assert len(report.candles) in (299, 300)


def test_only_the_hole_inside_is_asked_for(fetch: Fetch, store: Store) -> None:
    fetch(300, until_back=200)
    fetch(100)
    report = fetch(300)
    assert report.rows == 100
    assert len(report.candles) in (299, 300)


def test_bars_that_the_venue_leaves_out_are_remembered_as_empty(fetch: Fetch, venue: LoopbackVenue) -> None:
    end = clock.floor_to(now_ms(), STEP)
    venue.holes = {end - 150 * STEP, end - 149 * STEP, end - 100 * STEP}
    assert len(fetch(200, until_back=50).candles) == 147
    before = candle_requests(venue)
    fetch(200, until_back=50)
    assert candle_requests(venue) == before


def test_an_empty_answer_is_believed_for_a_week_and_not_for_ever(
    fetch: Fetch, venue: LoopbackVenue, store: Store
) -> None:
    venue.listed_ms = now_ms() + clock.DAY_MS
    assert len(fetch(200).candles) == 0
    before = candle_requests(venue)
    fetch(200, until_back=20)
    assert candle_requests(venue) == before
    assert asked.known_empty(store, KEY, now_ms())
    assert not asked.known_empty(store, KEY, now_ms() + 8 * clock.DAY_MS)


@pytest.mark.parametrize("trouble", ["429", "503", "500-json", "reset", "half", "empty", "malformed", "html"])
def test_trouble_on_the_way_is_tried_again(fetch: Fetch, venue: LoopbackVenue, trouble: str) -> None:
    venue.fail(trouble, 2, "/candles")
    report = fetch(400, until_back=10)
    assert len(report.candles) == 390
    assert candle_requests(venue) == 4


def test_a_venue_that_hangs_costs_a_timeout_and_no_more(fetch: Fetch, venue: LoopbackVenue) -> None:
    venue.fail("hang", 1, "/candles")
    assert len(fetch(20, until_back=5, timeout=0.3).candles) == 15


def test_trouble_without_end_is_a_network_error_and_what_came_before_stays(
    fetch: Fetch, venue: LoopbackVenue, store: Store
) -> None:
    fetch(1, until_back=0)
    before = candle_requests(venue)  # none where its only bar has not been finished for long
    served = LoopbackVenue.answer

    def fails_on_the_third_page(path: str, query: dict[str, str]) -> object:
        if path.endswith("/candles") and candle_requests(venue) > before + 2:
            return {"unexpected": True}
        return served(venue, path, query)

    venue.answer = fails_on_the_third_page  # type: ignore[method-assign]
    with pytest.raises(NetworkError, match="given up after 7 attempts"):
        fetch(900)
    stored = store.lake.read_candles(KEY)
    assert 590 <= len(stored) <= 605
    venue.answer = lambda path, query: served(venue, path, query)  # type: ignore[method-assign]
    report = fetch(900)
    assert report.rows <= 310
    assert len(report.candles) >= 899


def test_the_deadline_of_the_whole_run_holds(fetch: Fetch, venue: LoopbackVenue) -> None:
    fetch(1)
    venue.fail("503", 500, "/candles")
    with pytest.raises(NetworkError) as caught:
        fetch(200, deadline=0.5)
    assert caught.value.code in ("deadline", "network")


def test_bars_the_venue_has_wrong_are_set_aside(fetch: Fetch, venue: LoopbackVenue, store: Store) -> None:
    bad = clock.floor_to(now_ms(), STEP) - 30 * STEP

    def make(ts: int, step: int) -> Bar:
        usual = usual_bar(ts, step)
        return Bar(ts, usual.open, usual.low, usual.high, usual.close, usual.volume) if ts == bad else usual

    venue.make_bar = make
    report = fetch(50, until_back=10)
    assert report.set_aside == 1
    assert bad not in report.candles.ts
    assert [row["check"] for row in store.lake.set_aside_rows()] == ["high_below_low"]


def test_the_product_list_is_asked_for_once_a_day_and_the_instrument_is_kept(
    fetch: Fetch, venue: LoopbackVenue, store: Store
) -> None:
    fetch(5)
    fetch(6)
    assert len([each for each in venue.asked("market/products") if "candles" not in each]) == 2
    instrument = store.lake.read_instrument("coinbase", "DOGE/USD")
    assert instrument is not None
    assert (instrument.tick, instrument.lot, instrument.min_qty, instrument.min_notional) == (
        "0.00001",
        "0.1",
        "0.1",
        "1",
    )
    assert instrument.source == "venue"


def test_each_run_that_changes_something_is_journalled_once(fetch: Fetch, store: Store) -> None:
    fetch(50, until_back=5)
    fetch(50, until_back=5)
    entries = [entry for entry in store.journal().entries() if entry.kind == "ingest"]
    assert [(entry.body["symbol"], entry.body["added"]) for entry in entries] == [("DOGE/USD", 45)]


# --- Kraken -------------------------------------------------------------------------------------------------


def test_kraken_gives_720_bars_and_the_message_says_what_to_do(fetch: Fetch) -> None:
    report = fetch(1000, KRAKEN)
    assert len(report.candles) in (718, 719)
    (warning,) = report.warnings
    assert "last 720 bars" in warning
    assert "--from-trades" in warning
    assert "memesnipe ingest file DOGEUSD_5.csv" in warning


def test_kraken_bars_are_built_from_trades_page_by_page(fetch: Fetch, venue: LoopbackVenue) -> None:
    end = clock.floor_to(now_ms(), STEP)
    start_s = (end - 100 * STEP) / 1000
    # One trade every six seconds: 50 a bar, 5,000 in all, in pages of 1,000; none in the eleventh bar.
    venue.trades = [
        (f"0.{1000 + number % 37:06d}", "2.0", start_s + number * 6 + 0.125, number + 1)
        for number in range(5_000)
        if not 500 <= number < 550
    ]
    report = fetch(100, KRAKEN, until_back=20, from_trades=True)
    assert len(report.candles) == 79
    assert end - 90 * STEP not in report.candles.ts
    assert np.all(report.candles.volume == 100.0)
    first = [0.001 + number % 37 / 1e6 for number in range(50)]
    got = (report.candles.open[0], report.candles.high[0], report.candles.low[0], report.candles.close[0])
    np.testing.assert_allclose(got, (first[0], max(first), min(first), first[-1]))
    before = len(venue.requests)
    fetch(100, KRAKEN, until_back=20, from_trades=True)
    assert len(venue.asked("Trades")) == len([each for each in venue.requests[:before] if "Trades" in each])


@pytest.mark.parametrize("trouble", ["503", "reset", "empty", "malformed"])
def test_trouble_at_kraken_is_tried_again(fetch: Fetch, venue: LoopbackVenue, trouble: str) -> None:
    venue.fail(trouble, 2, "OHLC")
    assert len(fetch(50, KRAKEN, until_back=10).candles) == 40


# --- refusals -----------------------------------------------------------------------------------------------


def test_unknown_names_are_usage_errors_with_near_ones(fetch: Fetch) -> None:
    with pytest.raises(UsageError) as caught:
        fetch(5, SeriesKey("coinbase", "DOGEE/USD", "5m"))
    assert "DOGE/USD" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        open_venue("coinbse", None, 5.0)
    assert "coinbase" in caught.value.hint
    with pytest.raises(UsageError, match="no 4h candles"):
        fetch(5, SeriesKey("coinbase", "DOGE/USD", "4h"))
    with pytest.raises(UsageError, match="simulated"):
        open_venue("sim", None, 5.0)


def test_another_host_than_the_venues_own_or_loopback_is_refused() -> None:
    with pytest.raises(ConfigError, match="base_url of coinbase"):
        open_venue("coinbase", "https://coinbase.example.com", 5.0)
    assert open_venue("coinbase", "http://127.0.0.1:9", 5.0).urls["api"] == {"rest": "http://127.0.0.1:9"}
    kraken = open_venue("kraken", "http://[::1]:9", 5.0)
    assert kraken.urls["api"]["public"] == kraken.urls["api"]["private"] == "http://[::1]:9"


# --- any other venue ----------------------------------------------------------------------------------------


def test_a_venue_that_answers_with_its_first_bars_only_is_asked_once_and_it_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SeriesKey("bitstamp", "DOGE/USD", "5m")
    exchange = open_venue("bitstamp", None, 1.0)
    end = clock.floor_to(now_ms(), STEP)
    listed = end - 50 * STEP
    asked_for: list[int] = []

    def answer(
        symbol: str, timeframe: str, since: int, limit: int, params: dict[str, int]
    ) -> list[list[float]]:
        asked_for.append(since)
        exchange.last_json_response = {"data": []}
        start = max(since, listed)
        # Fewer bars than a page is said to hold: the rest must be asked for again.
        return [[ts, 1.0, 1.1, 0.9, 1.0, 5.0] for ts in range(start, min(start + 20 * STEP, end), STEP)]

    monkeypatch.setattr(exchange, "fetch_ohlcv", answer)
    caller = Caller(exchange, timeout_s=1.0, deadline=Deadline(20.0), first_wait_s=0.01)
    report = fetch_series(store, exchange, caller, key, end - 3000 * STEP, end - STEP)
    assert len(report.candles) == 49
    assert len(asked_for) == 4
    (warning,) = report.warnings
    assert warning.startswith("bitstamp has no bars of DOGE/USD 5m from")
    assert warning.endswith(clock.format_time(listed))
