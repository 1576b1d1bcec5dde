"""Times are whole milliseconds UTC; what a person writes is understood or refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError

NOON = 1_738_324_800_000  # 2025-01-31T12:00:00Z


@pytest.mark.parametrize(
    ("text", "ts"),
    [
        ("2025-01-31T12:00:00Z", NOON),
        ("2025-01-31T12:00", NOON),
        ("2025-01-31 13:00+01:00", NOON),
        ("2025-01-31", NOON - 12 * clock.HOUR_MS),
        ("2d", NOON - 2 * clock.DAY_MS),
        ("now", NOON),
    ],
)
def test_times_a_person_writes(text: str, ts: int) -> None:
    assert clock.parse_time(text, now=NOON) == ts


@pytest.mark.parametrize(
    "text", ["", "yesterday", "5", "-3d", "2025-13-01", "99999999d", "0001-01-01T00:00:00+23:59"]
)
def test_times_nobody_understands_are_named(text: str) -> None:
    try:
        clock.parse_time(text, now=NOON)
    except UsageError as error:
        assert repr(text) in error.message
    else:
        assert text == "0001-01-01T00:00:00+23:59"


@pytest.mark.parametrize(
    ("text", "length"), [("90s", 90.0), (" 2h ", 7200.0), ("0.5s", 0.5), ("1w", 604_800.0)]
)
def test_lengths_of_time(text: str, length: float) -> None:
    assert clock.length_s(text, "--duration") == length


@pytest.mark.parametrize("text", ["", "0s", "0.0h", "5", "h", "-2h", "1e3s", "2 h", "soon"])
def test_what_is_no_length_of_time_is_named_with_its_option(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--duration ") as caught:
        clock.length_s(text, "--duration")
    assert repr(text) in caught.value.message


@pytest.mark.parametrize(
    ("name", "length"), [("5m", 300_000), ("1h", 3_600_000), ("4h", 14_400_000), ("1d", 86_400_000)]
)
def test_timeframes(name: str, length: int) -> None:
    assert clock.timeframe_ms(name) == length
    assert clock.timeframe_name(length) == name


@pytest.mark.parametrize("name", ["", "5", "m", "0m", "5M", "1.5h", "-5m", "5 m"])
def test_unknown_timeframes_are_named(name: str) -> None:
    with pytest.raises(UsageError, match="timeframe"):
        clock.timeframe_ms(name)


def test_sixty_minutes_are_an_hour() -> None:
    assert clock.timeframe_name(clock.timeframe_ms("60m")) == "1h"


@settings(max_examples=100, deadline=None)
@given(ts=st.integers(0, 4_102_444_800_000), length=st.sampled_from([60_000, 300_000, 3_600_000, 86_400_000]))
def test_the_bar_of_a_time_holds_it(ts: int, length: int) -> None:
    start = clock.floor_to(ts, length)
    assert start <= ts < start + length
    assert start % length == 0
    assert clock.parse_time(clock.format_time(ts)) == ts
