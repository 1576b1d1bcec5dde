"""How values are written in little room."""

from __future__ import annotations

from decimal import Decimal

import pytest

from memesnipe_cli.live_view.words import age, clean, countdown, fitted


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        ("20", 8, "20"),
        ("0.19420", 10, "0.19420"),
        ("20.00000000", 8, "20"),
        ("0.00003712", 8, "0.000037"),
        ("107214.31234", 8, "107214.3"),
        ("99.9999999", 6, "100.00"),
        ("1234567890", 8, "1.23B"),
        ("-1234.5678", 7, "-1234.6"),
        ("0.00000000012", 8, "1E-10"),
        ("1E+3", 8, "1000"),
        ("0", 8, "0"),
        ("0E-8", 4, "0"),
    ],
)
def test_a_number_fits_its_column(value: str, width: int, text: str) -> None:
    assert fitted(Decimal(value), width).replace("e", "E") == text
    assert len(fitted(Decimal(value), width)) <= width


def test_what_is_not_known_is_no_number() -> None:
    assert fitted(None, 8) == "-"
    assert age(None) == "-"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (41.4, "41 ms"),
        (4_200, "4.2 s"),
        (61_000, "61 s"),
        (180_000, "3 min"),
        (9_000_000, "2.5 h"),
        (400_000_000, "4.6 d"),
    ],
)
def test_an_age_has_the_unit_that_reads_best(ms: float, text: str) -> None:
    assert age(ms) == text


def test_a_countdown() -> None:
    assert [countdown(seconds) for seconds in (-1, 0.4, 150.6, 3_751)] == ["0:00", "0:00", "2:31", "1:02:31"]


def test_text_of_a_venue_is_one_printable_line() -> None:
    assert clean("a\r\n b\t\x1b[31mc\u202e") == "a   b ?[31mc?"
