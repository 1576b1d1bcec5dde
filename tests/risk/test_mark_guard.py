"""Which marks a tier may move on: look by look, what was seen, whether it can be used, where the breaker stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.risk.mark_guard import Confirmed, Held, MarkGuard, Unconfirmed

T = 1_000_000
DOGE = "DOGE/USD"
HELD = {DOGE: Held(qty=1.0, venue="kraken", taker_fee=0.0)}
CASH = 900.0  # with one DOGE at 100 the account is worth 1000
STEP = 250  # ms from look to look: a single look that cannot be used is not a silence


def guard() -> MarkGuard:
    return MarkGuard(fresh_ms=500, standing_ms=3000, tolerance=0.005)


@dataclass(frozen=True)
class Look:
    """What is seen a quarter of a second after the look before, `times` in a row, and what is expected at the last.

    `says` is the confirmed equity, or the reason why there is none.
    """

    says: float | str
    bid: float | None = 100.0
    ask: float | None = 100.0
    age: float | None = 50.0
    second: float | None = None
    times: int = 1
    after: int = STEP
    silent: bool = False


STOOD = Look(1000.0, times=13)

SCENARIOS: dict[str, list[Look]] = {
    "the first price needs its three seconds": [Look("waiting", times=12), Look(1000.0)],
    "or a second source": [Look(1000.0, second=100.2)],
    "a second source that is too far away confirms nothing": [Look("waiting", second=101.0)],
    "a price that moves too much to begin with": [
        Look("waiting", times=3),
        Look("waiting", bid=90.0, ask=90.0, times=12),
        Look(990.0, bid=90.0, ask=90.0, times=1),
    ],
    "a spike of one tick that comes back": [STOOD, Look(1000.0, bid=50.0), Look(1000.0, times=16)],
    "a spike upwards lifts no high-water mark": [
        STOOD,
        Look(1000.0, ask=200.0, bid=200.0),
        Look(1000.0, times=16),
    ],
    "a gap down that stays": [
        STOOD,
        Look(1000.0, bid=50.0, ask=50.0, times=12),
        Look(950.0, bid=50.0, ask=50.0),
    ],
    "a gap down that a second source confirms at once": [STOOD, Look(950.0, bid=50.0, ask=50.0, second=50.0)],
    "a gap down that a second source denies": [STOOD, Look(1000.0, bid=50.0, ask=50.0, second=100.0)],
    "a gap down that a second source foretold but is silent about now": [
        Look("waiting", second=50.0),
        Look(1000.0, times=13),
        Look(1000.0, bid=50.0, ask=50.0),
    ],
    "time that passes between two looks counts": [Look("waiting", times=12), Look(1000.0, silent=True)],
    "a gap down that comes back half-way": [
        STOOD,
        Look(1000.0, bid=50.0, ask=50.0, times=6),
        Look(1000.0, bid=75.0, ask=75.0, times=6),
        Look(975.0, bid=75.0, ask=75.0, times=7),
    ],
    "no number": [STOOD, Look("no_price", bid=math.nan), Look(1000.0)],
    "no price": [STOOD, Look("no_price", ask=None), Look(1000.0)],
    "zero is not a loss of everything": [STOOD, Look("no_price", bid=0.0, times=10)],
    "below zero": [STOOD, Look("no_price", bid=-1.0)],
    "a crossed book": [STOOD, Look("crossed", bid=101.0, ask=100.0), Look(1000.0)],
    "bad prices for a while: what stood before must stand again": [
        STOOD,
        Look("no_price", bid=0.0, times=3),
        Look("waiting", bid=50.0, ask=50.0),
        Look(950.0, bid=50.0, ask=50.0, times=12),
    ],
    "a frozen feed": [STOOD, Look(1000.0, age=500.0), Look("stale", age=501.0), Look("stale", age=1001.0)],
    "an age that nobody knows": [STOOD, Look("stale", age=None)],
    "an age below zero": [STOOD, Look("stale", age=-1.0)],
    "a venue out of reach": [
        STOOD,
        Look(1000.0, silent=True, after=450),
        Look("stale", silent=True, times=20),
    ],
    "a venue that was never heard": [Look("no_mark", silent=True)],
    "a venue that comes back": [
        STOOD,
        Look("stale", silent=True, times=20),
        Look("waiting", bid=80.0, ask=80.0, times=12),
        Look(980.0, bid=80.0, ask=80.0),
    ],
    "a second source cannot stand in for the venue itself": [
        STOOD,
        Look("stale", silent=True, second=50.0, after=2000),
    ],
    "a clock that steps back": [
        STOOD,
        Look("clock_backwards", silent=True, after=-60_000),
        Look("waiting", times=12),
        Look(1000.0),
    ],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    own, now = guard(), T
    for number, look in enumerate(SCENARIOS[name]):
        for _ in range(look.times):
            now += look.after
            if not look.silent:
                own.mark(DOGE, now, "kraken", look.bid, look.ask, look.age)
            if look.second is not None:
                own.mark(DOGE, now, "coinbase", look.second, look.second, 50.0)
        said = own.equity(now, CASH, HELD)
        got = said.equity if isinstance(said, Confirmed) else said.reason
        assert got == look.says, f"look {number}"


def test_a_tier_moves_with_the_third_second_and_not_with_the_tick() -> None:
    """Equity falls by 6 % at once: the breaker's 5 % is reached when the price has stood, and no look before."""
    own, moved = guard(), []
    for number in range(32):
        price = 100.0 if number < 16 else 40.0
        own.mark(DOGE, T + number * STEP, "kraken", price, price, 0.0)
        said = own.equity(T + number * STEP, CASH, HELD)
        moved.append(isinstance(said, Confirmed) and (1000.0 - said.equity) / 1000.0 >= 0.05)
    assert (
        moved == [False] * 28 + [True] * 4
    )  # it falls at the 17th look; twelve looks later it has stood 3 s


def test_entries_can_see_the_price_of_the_moment() -> None:
    own = guard()
    for number in range(16):
        own.mark(DOGE, T + number * STEP, "kraken", 100.0, 100.0, 0.0)
    own.mark(DOGE, T + 16 * STEP, "kraken", 40.0, 40.0, 0.0)
    assert own.equity(T + 16 * STEP, CASH, HELD) == Confirmed(equity=1000.0, latest=940.0)


def confirmed(own: MarkGuard, held: dict[str, Held], bid: float, ask: float) -> Confirmed | Unconfirmed:
    for instrument in held:
        for source in ("kraken", "coinbase"):
            own.mark(instrument, T, source, Decimal(str(bid)), Decimal(str(ask)), 0.0)
    return own.equity(T, Decimal(1000), held)


def test_a_long_is_worth_its_bid_and_a_short_costs_its_ask_with_the_fee() -> None:
    long = {DOGE: Held(2.0, "kraken", 0.01)}
    short = {DOGE: Held(-2.0, "kraken", 0.01)}
    assert confirmed(guard(), long, 99.0, 101.0) == Confirmed(*[pytest.approx(1000 + 2 * 99 * 0.99)] * 2)
    assert confirmed(guard(), short, 99.0, 101.0) == Confirmed(*[pytest.approx(1000 - 2 * 101 * 1.01)] * 2)


def test_every_held_instrument_needs_its_mark_and_the_missing_one_is_named() -> None:
    own = guard()
    held = {**HELD, "ETH/USD": Held(1.0, "coinbase", 0.0)}
    confirmed(own, HELD, 100.0, 100.0)
    assert own.equity(T, CASH, held) == Unconfirmed("no_mark", "ETH/USD")
    assert confirmed(own, held, 100.0, 100.0) == Confirmed(1200.0, 1200.0)


def test_without_positions_cash_is_what_it_is_worth() -> None:
    assert guard().equity(T, Decimal("12.5"), {}) == Confirmed(12.5, 12.5)
    assert guard().equity(T, 12.5, {DOGE: Held(0.0, "kraken", 0.0)}) == Confirmed(12.5, 12.5)


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, Decimal("NaN")])
def test_an_unknown_balance_is_no_mark(nothing: float | None) -> None:
    assert guard().equity(T, nothing, {}) == Unconfirmed("no_balance")
    if nothing is not None:
        held = {DOGE: Held(float(nothing), "kraken", 0.0)}
        assert guard().equity(T, 1.0, held) == Unconfirmed("no_balance", DOGE)


def test_the_source_is_told_why_its_word_cannot_be_used() -> None:
    own = guard()
    said = [
        own.mark(DOGE, T, "kraken", *book) for book in ((1.0, 1.0, 0.0), (2.0, 1.0, 0.0), (1.0, 1.0, 501.0))
    ]
    assert said == ["", "crossed", "stale"]


looks = st.tuples(
    st.one_of(st.sampled_from([None, 0.0, math.nan, -5.0]), st.floats(1.0, 200.0)),
    st.integers(-200, 1500),
    st.one_of(st.none(), st.floats(0.0, 700.0)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(looks, max_size=60))
def test_what_is_confirmed_was_a_price_between_those_of_the_last_seconds(
    seen: list[tuple[float | None, int, float | None]],
) -> None:
    own, now = guard(), T
    good: list[tuple[int, float]] = []
    for price, after, age in seen:
        now += after
        if own.mark(DOGE, now, "kraken", price, price, age) == "" and price is not None:
            good.append((now, price))
        said = own.equity(now, CASH, HELD)
        if isinstance(said, Unconfirmed):
            continue
        # The price in force three seconds ago, and all since.
        start = max((index for index, (at, _) in enumerate(good) if at <= now - 3000), default=0)
        window = [value for _, value in good[start:]]
        assert min(window) <= said.equity - CASH + 1e-9 and said.equity - CASH <= max(window) + 1e-9
        assert said.latest == pytest.approx(CASH + good[-1][1])
