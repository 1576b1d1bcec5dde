"""How values are written in records: exactly, plainly, and undefined as null."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.errors import DataError
from memesnipe_cli.records import (
    check_version,
    decimal_text,
    decimal_value,
    finding,
    record,
    statistic,
    time_text,
    time_value,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1e-8, "0.00000001"),
        (1e22, "10000000000000000000000"),
        (100.0, "100"),
        (-0.0, "0"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.0"), "0.0"),
        (7, "7"),
        ("2.5", "2.5"),
    ],
)
def test_amounts_are_plain_decimals(value: Decimal | float | str, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), "x", ""])
def test_an_amount_is_never_undefined(value: Decimal | float | str) -> None:
    with pytest.raises(DataError, match="is not an amount"):
        decimal_text(value)


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_as_itself(value: float) -> None:
    text = decimal_text(value)
    assert float(text) == value
    assert set(text) <= set("-.0123456789")


@settings(max_examples=100, deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_a_decimal_reads_back_as_itself(value: Decimal) -> None:
    assert decimal_value(decimal_text(value), "price") == value


@pytest.mark.parametrize("value", ["x", "", "nan", "inf", None, True, 1.5, []])
def test_a_field_that_is_no_decimal_is_named(value: object) -> None:
    with pytest.raises(DataError, match=r"^price is "):
        decimal_value(value, "price")


@pytest.mark.parametrize(
    ("value", "number"), [(1.5, 1.5), (None, None), (float("nan"), None), (float("-inf"), None)]
)
def test_an_undefined_statistic_is_null(value: float | None, number: float | None) -> None:
    assert statistic(value) == number


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 4_102_444_800_000))
def test_a_time_reads_back_as_itself(ts: int) -> None:
    assert time_value(time_text(ts)) == ts


@pytest.mark.parametrize("text", ["2025-01-01", "1d", "now", "", None, 17])
def test_a_time_in_a_record_is_rfc_3339(text: object) -> None:
    with pytest.raises(DataError, match=r"^ts is "):
        time_value(text)


def test_a_record_begins_with_its_type_and_version() -> None:
    assert list(record("event", kind="x")) == ["type", "v", "kind"]
    assert list(finding("gap", "error", "here", "what")) == [
        "type",
        "v",
        "check",
        "severity",
        "where",
        "message",
        "hint",
    ]


@pytest.mark.parametrize("version", [None, "1", 0, True])
def test_a_record_without_a_version_is_refused(version: object) -> None:
    with pytest.raises(DataError, match="record has v = "):
        check_version({"type": "candle", "v": version})


def test_a_record_of_a_newer_version_is_refused() -> None:
    check_version({"type": "candle", "v": 1})
    with pytest.raises(DataError, match="reads up to 1") as caught:
        check_version({"type": "candle", "v": 2})
    assert caught.value.hint == "upgrade memesnipe"
