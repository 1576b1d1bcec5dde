"""How often: buckets refill evenly, never overflow, and time that runs backwards gives nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.clock import HOUR_MS, MINUTE_MS
from memesnipe_cli.risk.rates import Executions, Rates, TokenBucket


def test_a_bucket_starts_full_and_refills_by_the_millisecond() -> None:
    bucket = TokenBucket(20)
    for _ in range(20):
        assert bucket.left(0)
        bucket.take(0)
    assert bucket.left(0) == 0
    assert bucket.left(2_999) == 0
    assert bucket.left(3_000) == 1
    assert bucket.left(10 * MINUTE_MS) == 20


def test_time_that_runs_backwards_refills_nothing() -> None:
    bucket = TokenBucket(1)
    bucket.take(MINUTE_MS)
    assert bucket.left(0) == 0
    assert bucket.left(2 * MINUTE_MS - 1) == 0
    assert bucket.left(2 * MINUTE_MS) == 1


def test_nothing_is_owed_where_nothing_is_left() -> None:
    bucket = TokenBucket(1)
    for _ in range(5):
        bucket.take(0)
    assert bucket.left(MINUTE_MS) == 1


def test_entries_leave_half_of_the_messages_alone() -> None:
    rates = Rates(orders_per_minute=100, messages_per_minute=10)
    for _ in range(5):
        rates.took(0, entry=True)
    assert rates.messages_left(0, entry=True) == 0
    assert rates.messages_left(0, entry=False) == 5
    rates.took(0, entry=False)
    assert rates.messages_left(0, entry=False) == 4
    assert rates.entries.left(0) == 95


def test_executions_are_counted_by_strategy_and_hour() -> None:
    executions = Executions()
    executions.filled("a", HOUR_MS - 1)
    executions.filled("a", HOUR_MS)
    executions.filled("a", HOUR_MS + 1)
    executions.filled("b", HOUR_MS + 1)
    assert executions.count("a", 2 * HOUR_MS - 1) == 2
    assert executions.count("b", HOUR_MS) == 1
    assert executions.count("a", 2 * HOUR_MS) == 0


@settings(max_examples=100, deadline=None)
@given(
    per_minute=st.integers(1, 50),
    steps=st.lists(st.integers(-5_000, 20_000), min_size=1, max_size=80),
    span_ms=st.integers(1, 5 * MINUTE_MS),
)
def test_no_span_of_time_sees_more_than_a_bucket_and_its_refill(
    per_minute: int, steps: list[int], span_ms: int
) -> None:
    bucket, now_ms, latest, taken = TokenBucket(per_minute), 0, -(10**9), []
    for step in steps:
        now_ms += step
        latest = max(latest, now_ms)
        while bucket.left(now_ms):
            bucket.take(now_ms)
            taken.append(latest)
    for begin in taken:
        inside = sum(begin <= at <= begin + span_ms for at in taken)
        assert inside <= per_minute + per_minute * span_ms / MINUTE_MS
