"""The page of the live view: fixed places, room that is never exceeded, colour only where it means something."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len
from view_cases import CASES, NOW, all_well, drawn, entry, long_btc, long_doge, unknown_order, warned

from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live.status_health import FeedStatus
from memesnipe_cli.live.status_parts import DecisionStatus
from memesnipe_cli.live_view.page import Page

SIZES = [(80, 24), (120, 40)]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
@pytest.mark.parametrize("case", CASES)
def test_a_page_looks_like_this(case: str, size: tuple[int, int], golden: Callable[[str, str], None]) -> None:
    golden(f"live_view/{case}-{size[0]}.txt", drawn(Page(CASES[case]()), *size))


@pytest.mark.parametrize("height", [24, 25, 30, 41, 60])
def test_nothing_moves_whatever_happens(height: int) -> None:
    """Each label stands in the same row on every page of a size."""
    labels = (
        "equity",
        "drawdown ",
        "day's loss",
        "strategies",
        "position",
        "orders",
        "decided",
        "feed",
        "books",
    )
    places = set()
    for make in CASES.values():
        lines = drawn(Page(make()), 100, height).splitlines()
        assert len(lines) == height
        places.add(tuple(next(n for n, line in enumerate(lines) if line.startswith(each)) for each in labels))
    assert len(places) == 1


@pytest.mark.parametrize("width", [1, 7, 20, 33, 47, 60, 79, 80, 99, 100, 120, 159, 200])
@pytest.mark.parametrize("height", [1, 5, 13, 24, 50])
@pytest.mark.parametrize("case", CASES)
def test_a_page_keeps_to_its_terminal(case: str, width: int, height: int) -> None:
    lines = drawn(Page(CASES[case](), ["a" * 300]), width, height).splitlines()
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("height", [6, 10, 16, 20])
def test_on_a_small_terminal_the_breaker_and_the_money_stay(height: int) -> None:
    page = drawn(Page(warned()), 60, height)
    for words in ("WARNING", "equity", "halt at 5 %", "Ctrl-C"):
        assert words in page


def test_an_unprotected_position_comes_first_and_is_named() -> None:
    page = drawn(Page(warned()), 80, 24)
    rows = [line for line in page.splitlines() if line.startswith(("BTC/USD", "DOGE/USD"))]
    assert rows[0].startswith("BTC/USD") and rows[0].endswith("NAKED")
    assert "without a stop: EOrder:Rate limit" in page


def test_more_positions_than_rows_are_counted() -> None:
    many = tuple(long_doge(symbol=f"C{number}/USD") for number in range(9))
    page = drawn(Page(all_well(positions=many)), 80, 24)
    shown = sum(line.startswith("C") and "/USD" in line for line in page.splitlines())
    assert f"and {9 - shown} more" in page


def test_what_a_venue_says_cannot_draw_on_the_terminal() -> None:
    """Its words hold no escapes, line ends or changes of direction by the time they are drawn."""
    evil = "down\x1b[2J\x1b]0;owned\x07\nnow\u202eten\x9b31m"
    status = all_well(
        positions=(long_btc(protection="naked", words=evil, symbol=f"B{evil}/USD"),),
        orders=(entry(reason=evil, symbol=evil),),
        feed=FeedStatus("rest", 0, 1, evil, {evil: 2.0}),
        warnings=(evil,),
        venue_status=evil,
        cause=evil,
        reason=evil,
    )
    for size in SIZES:
        page = drawn(Page(status, [evil]), *size)
        assert not set(page) & {"\x1b", "\x07", "\x9b", "\u202e", "\r"}
        assert len(page.splitlines()) == size[1]


def coloured(status: LoopStatus, **more: bool) -> str:
    return drawn(Page(status), 80, 24, force_terminal=True, color_system="256", **more)


def test_where_all_is_well_only_the_closed_breaker_has_a_colour() -> None:
    colours = re.findall(r"\x1b\[([0-9;]*3[0-9])m", coloured(all_well()))
    assert colours == ["32"]


def test_without_colours_the_words_say_it_all() -> None:
    page = coloured(unknown_order(), no_color=True)
    assert not re.search(r"\x1b\[[0-9;]*(3|4)[0-9]m", page)
    plain = COLOUR.sub("", page)
    assert "1 UNKNOWN" in plain and "do NOT agree" in plain


def test_a_terminal_without_blocks_gets_letters() -> None:
    page = drawn(Page(warned()), 80, 24, encoding="ascii")
    assert page.isascii()
    assert "########----|---------|" in page
    assert "?" not in page


def test_a_silent_loop_is_said_to_be_silent() -> None:
    assert "the loop has shown nothing new for 12 s" in drawn(Page(all_well(), (), 12.3), 80, 24)


def test_the_last_page_holds_only_what_is_there() -> None:
    page = drawn(Page(all_well(), height=24, ended=True), 80, 50)
    assert "Ctrl-C" not in page and "" not in page.splitlines()


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.0299, 0.03, 0.0999, 0.1, 0.5])
def test_a_bar_is_as_long_as_ever(share: float) -> None:
    line = drawn(Page(replace(all_well(), drawdown=share)), 80, 24).splitlines()[4]
    bar = line[21 : 21 + 23]
    assert set(bar) <= set("█─┼")
    assert line[21 + 23 : 21 + 25] == "  "
    assert (bar[0] == "█") == (share > 0)


def test_prices_keep_the_digits_of_their_tick_where_these_fit() -> None:
    page = drawn(
        Page(all_well(positions=(long_doge(mark=Decimal("0.20000"), stop=Decimal("0.000012345678")),))),
        80,
        24,
    )
    assert "0.20000" in page
    assert "0.00001235" in page


def test_what_a_check_found_is_written_short() -> None:
    refused = DecisionStatus(NOW, "own", "A/USD", "refused", "trade_share", "4.1234567890123456789", "4.00")
    page = drawn(Page(all_well(decisions=(refused,))), 80, 24)
    assert "trade share: 4.123457, limit 4.00" in page
