"""Bad rows are set aside with their reason and never used; what is odd about a series is a finding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bars import KEY, MINUTE, START, candles, raw_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.market import quality
from memesnipe_cli.market.filling import fill_gaps
from memesnipe_cli.market.rows import NO_TIME, RawBars
from memesnipe_cli.market.series_quality import judge_series
from memesnipe_cli.store.tables import Bool, Candles

STEP = 5 * MINUTE
NOW = START + 1000 * STEP
NAN, INF = float("nan"), float("inf")


def spoiled(place: int, **values: float) -> RawBars:
    """Sound bars, but one."""
    raw = raw_bars()
    for name, value in values.items():
        column = getattr(raw, name).copy()
        column[place] = value
        raw = replace(raw, **{name: column})
    return raw


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        ("time_unreadable", {"ts": NO_TIME}),
        ("time_too_early", {"ts": 0}),
        ("not_finite", {"close": NAN}),
        ("not_finite", {"high": INF}),
        ("not_finite", {"volume": NAN}),
        ("price_not_positive", {"low": 0.0}),
        ("price_not_positive", {"open": -0.3}),
        ("volume_negative", {"volume": -1.0}),
        ("high_below_low", {"high": 0.1, "low": 0.2}),
        ("outside_range", {"open": 0.2}),
        ("outside_range", {"close": 0.9}),
        ("off_grid", {"ts": START + 7 * STEP + 1}),
        ("future", {"ts": NOW + STEP}),
        ("unfinished", {"ts": NOW}),
    ],
)
def test_one_bad_row_is_set_aside_for_its_reason_and_the_others_stay(
    reason: str, values: dict[str, float]
) -> None:
    judged = quality.judge_rows(spoiled(7, **values), KEY, NOW)
    assert [row["check"] for row in judged.set_aside] == [reason]
    assert judged.set_aside[0]["row"] == 8
    assert judged.set_aside[0]["reason"] == quality.REASONS[reason]
    assert len(judged.candles) == 19
    assert START + 7 * STEP not in judged.candles.ts
    assert [(each.check, each.count) for each in judged.findings] == [(reason, 1)]


def test_identical_repeats_count_once_and_rows_in_conflict_are_all_set_aside() -> None:
    raw = raw_bars(5)
    places = np.array([0, 1, 1, 2, 3, 3, 4])
    doubled = raw.take(places)
    doubled.close[5] += 0.0001
    judged = quality.judge_rows(doubled, KEY, NOW)
    assert judged.repeats == 1
    assert [row["check"] for row in judged.set_aside] == ["duplicate_conflict"] * 2
    assert judged.candles.ts.tolist() == [raw.ts[place] for place in (0, 1, 2, 4)]


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_a_tenfold_jump_that_comes_back_is_set_aside(length: int, factor: float) -> None:
    raw = raw_bars()
    for column in (raw.open, raw.high, raw.low, raw.close):
        column[7 : 7 + length] *= factor * (1.1 if factor > 1 else 0.9)
    judged = quality.judge_rows(raw, KEY, NOW)
    assert [row["row"] for row in judged.set_aside] == [8 + place for place in range(length)]
    assert {row["check"] for row in judged.set_aside} == {"spike"}


def test_a_tenfold_jump_that_stays_is_only_a_finding() -> None:
    raw = raw_bars()
    for column in (raw.open, raw.high, raw.low, raw.close):
        column[10:] *= 12.0
    judged = quality.judge_rows(raw, KEY, NOW)
    assert not judged.set_aside
    assert [each.check for each in judge_series(judged.candles)] == ["jump"]


def test_a_wick_of_tenfold_is_a_finding() -> None:
    bars = candles()
    bars.high[3] = 9.0
    assert [each.check for each in judge_series(bars)] == ["wick"]


def test_each_gap_is_a_finding_with_its_span_and_size() -> None:
    bars = candles(20)
    keep = np.ones(20, np.bool_)
    keep[[4, 9, 10]] = False
    found = judge_series(_only(bars, keep))
    assert [(each.check, each.severity, each.count) for each in found] == [
        ("gap", "warning", 1),
        ("gap", "warning", 2),
    ]
    assert found[1].where == "kraken DOGE/USD 5m 2025-01-01T00:45:00Z..2025-01-01T00:55:00Z"


def test_a_series_riddled_with_holes_is_an_error_but_two_downloads_far_apart_are_not() -> None:
    bars = candles(1000)
    riddled = judge_series(_only(bars, np.arange(1000) % 10 < 2))
    assert [each.check for each in riddled if each.severity == "error"] == ["coverage"]
    assert riddled[0].message.startswith("80% of the bars are missing")
    apart = judge_series(_only(bars, (np.arange(1000) < 50) | (np.arange(1000) >= 950)))
    assert [each.check for each in apart] == ["gap"]


def test_volume_less_runs_and_dead_markets_are_findings() -> None:
    bars = candles(60)
    bars.volume[5:16] = 0.0
    assert not judge_series(bars)
    bars.volume[5:17] = 0.0
    assert [(each.check, each.count) for each in judge_series(bars)] == [("zero_volume", 12)]
    bars.volume[:] = 0.0
    assert {each.check for each in judge_series(bars)} == {"dead_market", "zero_volume"}


def test_filling_is_flat_without_volume_and_marked_and_found() -> None:
    keep = np.ones(20, np.bool_)
    keep[[4, 9, 10]] = False
    holed = _only(candles(20), keep)
    filled, many = fill_gaps(holed)
    assert many == 3
    assert filled.synthetic.nonzero()[0].tolist() == [4, 9, 10]
    for column in (filled.open, filled.high, filled.low, filled.close):
        assert column[10] == holed.close[7]
    assert filled.volume[10] == 0.0
    assert [(each.check, each.count) for each in judge_series(filled)] == [
        ("synthetic", 1),
        ("synthetic", 2),
    ]
    assert fill_gaps(filled)[1] == 0
    assert fill_gaps(holed, longest_bars=1)[1] == 1


def _only(bars: Candles, keep: Bool) -> Candles:
    columns = (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.synthetic)
    return Candles(bars.key, *(column[keep] for column in columns))


NUMBERS = st.one_of(
    st.floats(min_value=0.01, max_value=100.0), st.sampled_from([NAN, INF, -INF, 0.0, -1.0, 1e308, 5e-324])
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-2, 12), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.booleans()),
        min_size=1,
        max_size=25,
    )
)
def test_whatever_comes_in_each_row_is_used_set_aside_or_a_repeat_and_what_is_used_is_sound(
    given_rows: list[tuple[int, float, float, float, float, float, bool]],
) -> None:
    columns = list(zip(*given_rows, strict=True))
    ts = np.array(columns[0], np.int64) * STEP + START + np.where(columns[6], 0, 1)
    prices = [np.array(column, np.float64) for column in columns[1:6]]
    raw = RawBars(ts, *prices, np.zeros(len(ts), np.bool_))
    judged = quality.judge_rows(raw, KEY, START + 10 * STEP)
    used = judged.candles
    assert len(used) + len(judged.set_aside) + judged.repeats == len(raw)
    assert np.all(np.diff(used.ts) > 0)
    assert np.all(used.ts % STEP == 0)
    assert np.all(used.ts + STEP <= START + 10 * STEP)
    assert np.all((used.low > 0) & (used.low <= np.minimum(used.open, used.close)))
    assert np.all((used.high >= np.maximum(used.open, used.close)) & np.isfinite(used.high))
    assert np.all((used.volume >= 0) & np.isfinite(used.volume))
    judge_series(used)


def test_bars_of_another_timeframe_than_their_name_are_an_error() -> None:
    found = judge_series(candles(40, KEY, step=60 * MINUTE))
    assert [(each.check, each.severity) for each in found if each.check != "gap"] == [("wrong_step", "error")]
    assert "60 minutes apart" in found[0].message
