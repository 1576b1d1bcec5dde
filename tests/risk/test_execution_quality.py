"""Execution quality: what is judged, when it keeps an entry back and when it lets go."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.clock import HOUR_MS, MINUTE_MS
from memesnipe_cli.profile_risk import Execution
from memesnipe_cli.risk.quality import FILLS_WINDOW_MS, WINDOW_MS, ExecutionQuality, Finding, quote_of
from memesnipe_cli.risk.quality_checks import OK, WARNING, below

T = 1_700_000_000_000
SYMBOL, VENUE = "DOGE/USD", "kraken"
NOTHING = [None, 1e300, 10**400, math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN")]


def quality(**changes: float) -> ExecutionQuality:
    return ExecutionQuality(Execution().model_copy(update=changes))


def one(own: ExecutionQuality, check: str, now_ms: int = T) -> Finding | None:
    """What the check says; None where it has nothing to judge."""
    found = [finding for finding in own.findings(now_ms) if finding.check == check]
    assert len(found) <= 1
    return found[0] if found else None


def state(own: ExecutionQuality, check: str, now_ms: int = T) -> str:
    finding = one(own, check, now_ms)
    return finding.state if finding else "nothing"


def blocked(own: ExecutionQuality, now_ms: int = T) -> str | None:
    return own.block(SYMBOL, VENUE, now_ms)


# check, how it is fed with a value, and value -> state, refusal. Each value is given to a new account.
Feed = Callable[[ExecutionQuality, float], None]


def feed_latency(own: ExecutionQuality, value: float) -> None:
    for _ in range(3):
        own.sent_acknowledged(T, value)


def feed_errors(own: ExecutionQuality, value: float) -> None:
    for number in range(100):
        own.request(T, number >= value * 100)


def feed_slippage(own: ExecutionQuality, value: float) -> None:
    for _ in range(3):
        own.filled(T - HOUR_MS, 100.0, 100.0 + value / 100.0, "buy")


def feed_last_fill(own: ExecutionQuality, value: float) -> None:
    own.filled(T, Decimal(100), Decimal(100) - Decimal(value) / 100, "sell")


def feed_liquidity(own: ExecutionQuality, value: float) -> None:
    for number in range(48 + 6):
        own.volume(SYMBOL, T + number, 1000.0 if number < 48 else 1000.0 * value)


TABLE: list[tuple[str, Feed, list[tuple[float, str, str | None]]]] = [
    (
        "latency",
        feed_latency,
        [
            (-1, "halt", "latency_halt"),
            (500, "ok", None),
            (501, "warning", None),
            (1000, "warning", None),
            (1001, "halt", "latency_halt"),
        ],
    ),
    (
        "error_rate",
        feed_errors,
        [
            (0.05, "ok", None),
            (0.06, "warning", None),
            (0.25, "warning", None),
            (0.26, "halt", "error_rate_halt"),
        ],
    ),
    ("slippage", feed_slippage, [(-500, "ok", None), (99, "ok", None), (101, "warning", None)]),
    ("fill_slippage", feed_last_fill, [(-500, "ok", None), (100, "ok", None), (150, "warning", None)]),
    ("liquidity", feed_liquidity, [(2.0, "ok", None), (0.51, "ok", None), (0.49, "warning", None)]),
    (
        "data_age",
        lambda own, value: own.data_age(SYMBOL, T, value),
        [(0, "ok", None), (500, "ok", None), (501, "halt", "stale_data"), (-1, "halt", "stale_data")],
    ),
    (
        "clock_skew",
        lambda own, value: own.clock_skew(T, value),
        [
            (500, "ok", None),
            (-501, "warning", None),
            (2001, "halt", "clock_skew"),
            (-2001, "halt", "clock_skew"),
        ],
    ),
    (
        "depeg",
        lambda own, value: own.stablecoin("USD", T, value),
        [
            (1.004, "ok", None),
            (0.994, "warning", None),
            (0.979, "halt", "depeg"),
            (1.021, "halt", "depeg"),
            (0.0, "halt", "depeg"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("check", "feed", "value", "wanted", "refusal"),
    [(check, feed, *row) for check, feed, rows in TABLE for row in rows],
)
def test_a_value_gets_the_state_of_its_limit(
    check: str, feed: Feed, value: float, wanted: str, refusal: str | None
) -> None:
    own = quality()
    feed(own, value)
    assert (state(own, check), blocked(own)) == (wanted, refusal)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("online", None),
        ("post_only", "venue_status"),
        ("cancel_only", "venue_status"),
        ("maintenance", "venue_status"),
        ("a word nobody knows", "venue_status"),
        (None, "venue_status"),
    ],
)
def test_only_a_venue_that_is_online_gets_entries(status: str | None, refusal: str | None) -> None:
    own = quality()
    own.venue_status(VENUE, T, status)
    assert blocked(own) == refusal
    assert own.block(SYMBOL, "coinbase", T) is None


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize(
    ("check", "feed", "refusal"),
    [
        ("latency", lambda own, value: own.sent_acknowledged(T, value), "latency_halt"),
        ("fill_slippage", lambda own, value: own.filled(T, 100.0, value, "buy"), "slippage_unknown"),
        ("fill_slippage", lambda own, value: own.filled(T, value, 100.0, "buy"), "slippage_unknown"),
        ("data_age", lambda own, value: own.data_age(SYMBOL, T, value), "stale_data"),
        ("clock_skew", lambda own, value: own.clock_skew(T, value), "clock_skew"),
        ("depeg", lambda own, value: own.stablecoin("USD", T, value), "depeg"),
    ],
)
def test_what_cannot_be_read_keeps_entries_back(check: str, feed: Feed, refusal: str, nothing: float) -> None:
    own = quality()
    feed(own, nothing)
    assert blocked(own) == refusal
    finding = one(own, check)
    assert finding is not None and (finding.value, finding.state) == (None, "halt")
    json.dumps(finding.body(), allow_nan=False)


@pytest.mark.parametrize("nothing", [*NOTHING, -1.0])
def test_a_volume_that_cannot_be_read_keeps_entries_back_until_the_next_one(nothing: float) -> None:
    own = quality()
    own.volume(SYMBOL, T, nothing)
    assert blocked(own) == "liquidity_unknown"
    own.volume(SYMBOL, T + 1, 5.0)
    assert blocked(own) is None


def test_a_fill_on_no_side_cannot_be_read() -> None:
    own = quality()
    own.filled(T, 100.0, 100.0, "sideways")
    assert blocked(own) == "slippage_unknown"


def test_an_answer_that_is_neither_yes_nor_no_is_an_error() -> None:
    own = quality()
    for _ in range(20):
        own.request(T, None)
    assert blocked(own) == "error_rate_halt"


@pytest.mark.parametrize(
    ("feed", "check", "least"),
    [
        (lambda own: own.sent_acknowledged(T, 9e9), "latency", 3),
        (lambda own: own.request(T, False), "error_rate", 20),
        (lambda own: own.filled(T, 1.0, 9.0, "buy"), "slippage", 3),
        (lambda own: own.volume(SYMBOL, T, 7.0), "liquidity", 48),
    ],
)
def test_an_average_needs_its_observations(
    feed: Callable[[ExecutionQuality], None], check: str, least: int
) -> None:
    own = quality()
    for _ in range(least - 1):
        feed(own)
    assert one(own, check) is None
    feed(own)
    assert one(own, check) is not None


@pytest.mark.parametrize("feed", [feed_latency, feed_errors])
def test_averages_expire(feed: Feed) -> None:
    own = quality()
    feed(own, 5000.0 if feed is feed_latency else 1.0)
    assert blocked(own, T + WINDOW_MS) is not None
    assert blocked(own, T + WINDOW_MS + 1) is None
    assert own.findings(T + WINDOW_MS + 1) == []


def test_what_stood_before_a_window_emptied_is_over() -> None:
    own = quality()
    feed_latency(own, 600)
    assert state(own, "latency") == "warning"
    later = T + 2 * WINDOW_MS
    assert state(own, "latency", later) == "nothing"
    for _ in range(3):
        own.sent_acknowledged(later, 450.0)  # would go on warning, had it not been forgotten
    assert state(own, "latency", later) == "ok"


def test_an_average_forgets_what_has_left_its_window() -> None:
    own = quality()
    feed_latency(own, 5000)
    for _ in range(3):
        own.sent_acknowledged(T + WINDOW_MS, 100.0)
    finding = one(own, "latency", T + WINDOW_MS + 1)
    assert finding is not None and finding.value == pytest.approx(100.0)


def test_only_the_last_twenty_fills_are_averaged() -> None:
    own = quality()
    for number in range(25):
        own.filled(T, 100.0, 150.0 if number < 5 else 100.0, "buy")
    finding = one(own, "slippage")
    assert finding is not None and finding.value == 0.0


def test_slippage_is_remembered_for_a_day_and_an_unreadable_fill_for_the_window() -> None:
    own = quality()
    feed_slippage(own, 300)  # an hour before T
    own.filled(T, 100.0, None, "buy")
    assert blocked(own) == "slippage_unknown"
    later = T + WINDOW_MS + 1
    assert (blocked(own, later), state(own, "slippage", later)) == (None, "warning")
    assert one(own, "slippage", T - HOUR_MS + FILLS_WINDOW_MS + 1) is None


def test_one_bad_fill_warns_though_the_average_is_good() -> None:
    own = quality()
    for price in (100.0, 100.0, 100.0, 102.0):
        own.filled(T, 100.0, price, "buy")
    assert (state(own, "slippage"), state(own, "fill_slippage")) == ("ok", "warning")


def test_measured_once_it_must_go_on_being_measured() -> None:
    own = quality()
    own.clock_skew(T, 0.0)
    own.stablecoin("USD", T, 1.0)
    own.venue_status(VENUE, T, "online")
    assert blocked(own, T + WINDOW_MS) is None
    late = T + WINDOW_MS + 1
    assert {finding.check for finding in own.findings(late) if finding.state == "halt"} == {
        "clock_skew",
        "depeg",
        "venue_status",
    }


def test_data_ages_by_itself_so_that_a_frozen_feed_is_seen() -> None:
    own = quality()
    own.data_age(SYMBOL, T, 100.0)
    assert [blocked(own, T + later) for later in (0, 400, 401)] == [None, None, "stale_data"]
    assert own.block("ETH/USD", VENUE, T + 401) is None
    assert blocked(own, T - 200) == "stale_data"  # the clock stepped back


def test_what_was_never_measured_does_not_apply_but_to_a_live_account() -> None:
    assert blocked(quality()) is None
    own = ExecutionQuality(Execution(), live=True)
    measure: list[tuple[str, Callable[[], None]]] = [
        ("clock_skew", lambda: own.clock_skew(T, 0.0)),
        ("venue_status", lambda: own.venue_status(VENUE, T, "online")),
        ("depeg", lambda: own.stablecoin("USDC", T, 1.0)),
        ("stale_data", lambda: own.data_age("DOGE/USDC", T, 0.0)),
    ]
    for refusal, then in measure:
        assert own.block("DOGE/USDC", VENUE, T) == refusal
        then()
    assert own.block("DOGE/USDC", VENUE, T) is None
    assert own.block("DOGE/USD", VENUE, T) == "stale_data"  # dollars need no peg


def test_a_depeg_stops_what_is_paid_in_that_coin() -> None:
    own = quality()
    own.stablecoin("USDT", T, 0.97)
    assert [own.block(symbol, VENUE, T) for symbol in ("DOGE/USDT", "ETH/USDT:USDT", "DOGE/USD")] == [
        "depeg",
        "depeg",
        None,
    ]


def test_quotes_are_read_off_the_symbol() -> None:
    assert [quote_of(symbol) for symbol in ("DOGE/USD", "ETH/USDT:USDT", "DOGE")] == ["USD", "USDT", ""]


# skew -> state, one after the other in the same account: up at once, down below 80 % of the limit.
FLAPPING = [
    (490, "ok"),
    (510, "warning"),
    (490, "warning"),
    (401, "warning"),
    (400, "ok"),
    (490, "ok"),
    (2100, "halt"),
    (1900, "halt"),
    (1601, "halt"),
    (1600, "warning"),
    (1900, "warning"),
    (300, "ok"),
    (2001, "halt"),
    (0, "ok"),
]


def test_a_value_that_trembles_around_a_limit_does_not_come_and_go() -> None:
    own = quality()
    seen = []
    for number, (skew, _) in enumerate(FLAPPING):
        own.clock_skew(T + number, skew)
        seen.append((skew, state(own, "clock_skew", T + number)))
    assert seen == FLAPPING


def test_liquidity_comes_back_well_above_its_limit() -> None:
    codes = [OK]
    for value in (0.51, 0.49, 0.51, 0.62, 0.63, 0.51):
        codes.append(below(value, 0.5, 0.8, codes[-1])[0])
    assert codes == [OK, OK, WARNING, WARNING, WARNING, OK, OK]


def test_liquidity_is_held_against_the_day_before() -> None:
    own = quality()
    for number in range(600):  # five-minute bars: two days at 1000, of which a day counts, then a day at 100
        own.volume(SYMBOL, T + number * 5 * MINUTE_MS, 1000.0)
    for number in range(600, 606):
        own.volume(SYMBOL, T + number * 5 * MINUTE_MS, 100.0)
    finding = one(own, "liquidity")
    assert finding is not None and (finding.value, finding.state) == (pytest.approx(0.1), "warning")
    for number in range(606, 900):
        own.volume(SYMBOL, T + number * 5 * MINUTE_MS, 100.0)
    finding = one(own, "liquidity")
    assert finding is not None and (finding.value, finding.state) == (pytest.approx(1.0), "ok")


def test_hourly_bars_are_held_against_two_days() -> None:
    own = quality()
    for number in range(200):
        own.volume(SYMBOL, T + number * HOUR_MS, 1000.0 if number < 194 else 100.0)
    finding = one(own, "liquidity")
    assert finding is not None and finding.value == pytest.approx(0.1)


def test_no_more_than_a_minutes_bar_of_a_day_is_kept() -> None:
    own = quality()
    for number in range(2880):
        own.volume(SYMBOL, T + number, 1000.0 if number < 1440 else 100.0)
    finding = one(own, "liquidity")
    assert finding is not None and finding.value == pytest.approx(1.0)


def test_a_market_without_any_trade_has_no_share_of_its_median() -> None:
    own = quality()
    for number in range(60):
        own.volume(SYMBOL, T + number, 0.0)
    assert one(own, "liquidity") is None


def test_findings_name_check_scope_value_limit_and_state() -> None:
    own = quality()
    own.venue_status("kraken", T, "maintenance")
    own.stablecoin("USDC", T, 0.99)
    own.data_age(SYMBOL, T, 40)
    feed_latency(own, 1200)
    assert [finding.body() for finding in own.findings(T)] == [
        {
            "check": "latency",
            "scope": "account",
            "value": 1200.0,
            "limit": 1000.0,
            "unit": "ms",
            "state": "halt",
        },
        {
            "check": "venue_status",
            "scope": "venue:kraken",
            "value": "maintenance",
            "limit": "online",
            "unit": "",
            "state": "halt",
        },
        {
            "check": "depeg",
            "scope": "currency:USDC",
            "value": pytest.approx(0.01),
            "limit": 0.005,
            "unit": "share",
            "state": "warning",
        },
        {
            "check": "data_age",
            "scope": "symbol:DOGE/USD",
            "value": 40.0,
            "limit": 500.0,
            "unit": "ms",
            "state": "ok",
        },
    ]


values = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 3000))
events = st.lists(
    st.tuples(st.sampled_from(["ack", "request", "fill", "volume", "age", "skew", "coin", "status"]), values),
    max_size=60,
)


def tell(own: ExecutionQuality, kind: str, now: int, value: float | None) -> None:
    say: dict[str, Callable[[], None]] = {
        "ack": lambda: own.sent_acknowledged(now, value),
        "request": lambda: own.request(now, value is not None),
        "fill": lambda: own.filled(now, value, 100.0, "buy"),
        "volume": lambda: own.volume(SYMBOL, now, value),
        "age": lambda: own.data_age(SYMBOL, now, value),
        "skew": lambda: own.clock_skew(now, value),
        "coin": lambda: own.stablecoin("USD", now, value),
        "status": lambda: own.venue_status(VENUE, now, "online" if value else None),
    }
    say[kind]()


@settings(max_examples=60, deadline=None)
@given(events, st.lists(st.integers(-1000, WINDOW_MS), min_size=1, max_size=60))
def test_no_input_crashes_it_and_findings_agree_with_the_refusal(
    happened: list[tuple[str, float | None]], steps: list[int]
) -> None:
    own = quality()
    now = T
    for number, (kind, value) in enumerate(happened):
        now += steps[number % len(steps)]
        tell(own, kind, now, value)
        found = own.findings(now)
        halted = [finding for finding in found if finding.state == "halt"]
        assert (blocked(own, now) is None) == (not halted)
        json.dumps([finding.body() for finding in found], allow_nan=False)
        anew = deepcopy(own)
        anew._account = None
        later = now + abs(steps[-1])
        assert own.findings(later) == anew.findings(later)  # what is kept is what would be judged anew
