"""Candle records survive a pipe to the last digit; a bad line is named."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from bars import KEY, START, candles
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.errors import DataError
from memesnipe_cli.market.pipe import read_candles_jsonl, write_candles_jsonl
from memesnipe_cli.store.tables import Candles, SeriesKey

COLUMNS = ("ts", "open", "high", "low", "close", "volume", "synthetic")


def lines_of(*series: Candles) -> list[bytes]:
    return [line for each in series for line in b"".join(write_candles_jsonl(each)).splitlines(keepends=True)]


def assert_same(found: Candles, wanted: Candles) -> None:
    assert found.key == wanted.key
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_a_record_has_the_documented_fields_with_decimal_texts_and_utc_time() -> None:
    first = json.loads(lines_of(candles())[0])
    assert first == {
        "type": "candle", "v": 1, "venue": "kraken", "symbol": "DOGE/USD", "timeframe": "5m",
        "ts": "2025-01-01T00:00:00Z", "open": "0.3", "high": "0.3007", "low": "0.2998", "close": "0.3005",
        "volume": "100", "synthetic": False,
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(min_value=1e-12, max_value=1e15), min_size=1, max_size=30))
def test_any_price_comes_back_as_the_same_float_without_an_exponent(values: list[float]) -> None:
    column = np.array(values)
    ts = START + np.arange(len(values), dtype=np.int64) * 300_000
    bars = Candles(KEY, ts, column, column, column, column, column, np.arange(len(values)) % 2 == 0)
    lines = lines_of(bars)
    assert all(not set("eE") & set(json.loads(line)["open"]) for line in lines)
    (found,), warnings = read_candles_jsonl(lines)
    assert_same(found, bars)
    assert not warnings


def test_long_and_short_streams_read_alike() -> None:
    bars = candles(12_000)
    (found,), _ = read_candles_jsonl(io.BytesIO(b"".join(lines_of(bars))))
    assert_same(found, bars)


def test_mixed_series_in_any_order_are_parted_and_sorted() -> None:
    one, two = candles(), candles(10, SeriesKey("coinbase", "ETH/USD", "5m"))
    mixed = [line for pair in zip(lines_of(one)[:10][::-1], lines_of(two), strict=True) for line in pair]
    first, second = read_candles_jsonl(mixed + lines_of(one)[10:])[0]
    assert_same(first, one)
    assert_same(second, two)


def test_other_record_types_and_blank_lines_are_passed_over_with_one_warning() -> None:
    others = [
        b'{"type":"finding","v":1}\n',
        b"\n",
        b'{"type":"novel","v":7}\n',
        b'{"type":"finding","v":1}\n',
    ]
    (found,), warnings = read_candles_jsonl([others[0], *lines_of(candles()), *others[1:]])
    assert_same(found, candles())
    assert warnings == ["passed over 2 records of type 'finding'; passed over 1 records of type 'novel'"]


def test_a_repeated_identical_bar_counts_once_and_a_conflicting_one_is_refused() -> None:
    lines = lines_of(candles())
    (found,), _ = read_candles_jsonl([*lines, lines[3]])
    assert_same(found, candles())
    with pytest.raises(DataError, match=r"line 21: .* another bar of this time"):
        read_candles_jsonl([*lines, lines[3].replace(b'"volume":"103"', b'"volume":"104"')])


GOOD = lines_of(candles(1))[0]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b'{"type":"candle"', "not JSON"),
        (b"17", "not a record"),
        (b"[]", "not a record"),
        (b'{"v":1}', "no field 'type'"),
        (b'{"type":"candle","v":2}', "v = 2"),
        (GOOD.replace(b'"close":"0.3005",', b""), "no field 'close'"),
        (GOOD.replace(b'"0.3005"', b'"abc"'), "close is 'abc'"),
        (GOOD.replace(b'"0.3005"', b'"NaN"'), "close is 'NaN'"),
        (GOOD.replace(b'"0.3005"', b"null"), "close is None"),
        (GOOD.replace(b"2025-01-01T00:00:00Z", b"yesterday"), "ts is 'yesterday'"),
        (GOOD.replace(b'"5m"', b'"5x"'), "timeframe '5x'"),
        (GOOD.replace(b'"kraken"', b"null"), "must be texts"),
        (GOOD.replace(b'"DOGE/USD"', b"[]"), "must be texts"),
    ],
)
@pytest.mark.parametrize("before", [2, 6_000])
def test_a_malformed_line_is_named_with_its_number(bad: bytes, why: str, before: int) -> None:
    lines = lines_of(candles(before))
    with pytest.raises(DataError) as caught:
        read_candles_jsonl([*lines, bad.rstrip(b"\n") + b"\n"])
    assert caught.value.message.startswith(f"line {before + 1}")
    assert why in caught.value.message
