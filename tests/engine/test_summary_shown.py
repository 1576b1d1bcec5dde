"""How a result looks: sparkline, tables, page."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from backtest_cases import COVERAGE, backtest, refusals, trade
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.console import Console
from memesnipe_cli.engine.chart_svg import nice_marks
from memesnipe_cli.engine.report import report, stored_report
from memesnipe_cli.engine.report_html import MOST_TRADES, report_html
from memesnipe_cli.engine.show import show
from memesnipe_cli.engine.sparkline import ASCII, BLOCKS, sparkline
from memesnipe_cli.store.runs import StoredRun


def drawn(encoding: str = "utf-8", *, trades: bool = False, **changes: object) -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, errors="replace", write_through=True)
    Console(out=out).render(show(report(backtest(**changes)), trades=trades))  # type: ignore[arg-type]
    return raw.getvalue().decode(encoding)


@given(st.lists(st.floats(-1e6, 1e6), max_size=80), st.integers(1, 50))
@settings(max_examples=60)
def test_a_sparkline_is_never_wider_than_its_room_and_spans_its_marks(
    values: list[float], width: int
) -> None:
    line = sparkline(values, width, peaks=True)
    assert len(line) == min(width, len(values))
    if len(set(values)) > 1 and len(values) <= width:
        assert BLOCKS[0] in line and BLOCKS[-1] in line


def test_a_sparkline_of_peaks_shows_a_fall_between_two_characters() -> None:
    values = [0.0] * 50 + [9.0] + [0.0] * 49
    assert BLOCKS[-1] in sparkline(values, 10, peaks=True)
    assert BLOCKS[-1] not in sparkline(values, 10)


def test_a_terminal_without_blocks_gets_ascii() -> None:
    changes = {"equity": [200.0, 190.0, 210.0, 205.0], "trades": [trade("1")]}
    assert "?" not in drawn("ascii", **changes)
    assert any(mark in drawn("ascii", **changes) for mark in ASCII)
    assert BLOCKS[-1] in drawn("utf-8", **changes)


def test_a_simulated_market_is_named_in_every_form() -> None:
    changes = {"coverage": [replace(COVERAGE, venue="sim", simulated=True)]}
    assert "SIMULATED" in drawn(**changes)
    said = report(backtest(**changes))
    assert "SIMULATED" in report_html(said)
    assert said.record["simulated"] is True


def test_a_run_that_was_vetoed_says_why_before_the_numbers() -> None:
    text = drawn(signals=12, refusals=[refusals("cost", 12, fee=0.0021)])
    assert "12 signals, all vetoed by cost; it would need fees below 0.21 % a side" in text
    assert text.index("vetoed") < text.index("final equity")
    assert "win rate" not in text


def test_the_list_of_trades_tells_why_each_began_and_ended() -> None:
    said = report(
        backtest(trades=[trade("1"), trade("-2", exit_reason="stop")], open_trades=[trade("0", open=True)])
    )
    raw = io.StringIO()
    Console(out=raw).render(show(said, trades=True))
    text = raw.getvalue()
    for word in ("breakout", "target+time", "stop", "still open", "-2.0000"):
        assert word in text


def test_undefined_figures_are_a_dash_and_never_nan() -> None:
    text = drawn(trades=False)
    assert "nan" not in text.lower() and "None" not in text


class Page(HTMLParser):
    """Checks that tags close in order, and collects what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "line", "path"):
            self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]
        assert tag not in ("script", "link", "img", "iframe")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("line", "path", "meta")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_is_well_formed() -> None:
    page = report_html(report(backtest([200.0, 190.0, 210.0, 205.0], trades=[trade("1"), trade("-2")])))
    parser = Page()
    parser.feed(page)
    assert parser.open == [] and parser.loads == []
    assert "http" not in page.replace("http-equiv", "") and "url(" not in page and "@import" not in page
    assert page.count("<svg") == 1 and "prefers-color-scheme: dark" in page


def test_the_page_escapes_what_comes_from_outside() -> None:
    evil = "<script>alert(1)</script>"
    page = report_html(
        report(backtest(trades=[trade("1", entry_reason=evil)], symbols=[evil], warnings=[evil]))
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_page_lists_only_as_many_trades_as_a_browser_bears() -> None:
    said = report(backtest(trades=[trade("1")]))
    page = report_html(replace(said, trades=said.trades * (MOST_TRADES + 7)))
    assert "7 more are in the stored run" in page
    assert page.count("target+time") == MOST_TRADES


def test_a_run_read_back_from_a_store_is_the_same_report() -> None:
    fresh = report(backtest(trades=[trade("1")]))
    kept = StoredRun(
        fresh.run, 0, {**fresh.record, "curves": fresh.curves.as_dict()}, fresh.trades, backtest().close_ms,
        backtest().equity,
    )  # fmt: skip
    assert stored_report(kept) == fresh


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (199.9, 200.1), (5.0, 5.0), (-3.0, 1e6), (0.0, 0.0)])
def test_axis_marks_are_round_and_hold_the_values_between_them(low: float, high: float) -> None:
    marks = nice_marks(low, high)
    assert marks[0] <= low and marks[-1] >= high
    assert 2 <= len(marks) <= 12
    step = f"{marks[1] - marks[0]:.6e}"
    assert re.match(r"[125]\.0+e", step)
