"""The judgements of execution quality, each a function of numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.risk.quality_checks import HALT, OK, WARNING, above, below, data_age, slippage_bps


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 5000), st.sampled_from([OK, WARNING, HALT]))
def test_a_judgement_is_never_milder_than_without_a_past(value: float, before: int) -> None:
    assert above(value, 500, 1000, 0.8, before)[0] >= above(value, 500, 1000, 0.8, OK)[0]
    assert below(value / 5000, 0.5, 0.8, min(before, WARNING))[0] >= below(value / 5000, 0.5, 0.8, OK)[0]


def test_judgements_on_no_number_halt() -> None:
    nan = math.nan
    assert (above(nan, 1, 2, 0.8, OK)[0], below(nan, 1, 0.8, OK)[0], data_age(nan, 1)[0]) == (HALT,) * 3


def test_slippage_is_what_was_lost_against_the_reference() -> None:
    assert slippage_bps("buy", 100.0, 101.0) == pytest.approx(100.0)
    assert slippage_bps("sell", 100.0, 101.0) == pytest.approx(-100.0)
    assert math.isnan(slippage_bps("buy", 0.0, 101.0)) and math.isnan(slippage_bps("", 1.0, 1.0))
