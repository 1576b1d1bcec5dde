"""A result as one page that needs nothing else: inline style, inline SVG, no script, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from memesnipe_cli.engine import tables
from memesnipe_cli.engine.chart_svg import chart_svg
from memesnipe_cli.engine.notes import SIMULATED_NOTE
from memesnipe_cli.engine.report_style import STYLE

if TYPE_CHECKING:
    from memesnipe_cli.engine.report import Report

MOST_TRADES = 5_000  # a page with more than this takes a browser too long


def report_html(said: Report) -> str:
    """The whole page, as text. Every word from outside is escaped; at most MOST_TRADES trades are listed."""
    row = said.record
    title = f"{', '.join(row['strategies'])}: {row['since'][:10]} to {row['until'][:10]}"
    notes = [
        f'<p class="note{" simulated" if note == SIMULATED_NOTE else ""}">{escape(note)}</p>'
        for note in row["notes"]
    ]
    notes += [f'<p class="note">{escape(warning)}</p>' for warning in row["warnings"]]
    gain = row["total_return"] or 0.0
    tone = "good" if gain > 0 else "bad" if gain < 0 else ""
    facts = [*tables.trade_figures(row), *tables.path_of_signals(row)]
    sections = [
        f"<h1>{escape(tables.headline(row))}</h1>",
        f'<p class="soft">{escape(tables.span(row))}</p>',
        *notes,
        f"<figure>{chart_svg(said.curves, row['currency'])}</figure>",
        '<div class="pair"><section><h2>Result</h2>',
        _table(("", "result", "buy and hold"), tables.comparison(row), (1, 2), tone=tone),
        "</section><section><h2>Trades and signals</h2>",
        _table((), facts, (), name="facts"),
        "</section></div>",
        *(
            f"<h2>By {what}</h2>{_table((what, *tables.PART_HEADINGS), rows, tuple(range(1, 9)))}"
            for what, rows in tables.parts(row)
        ),
        "<h2>Data</h2>",
        _table(tables.COVERAGE_HEADINGS, tables.coverage(row), tables.COVERAGE_NUMBERS),
        *_trades(said),
        "<h2>Assumptions</h2>",
        _table(tables.TERMS_HEADINGS, tables.terms(row), tables.TERMS_NUMBERS),
        _table((), tables.assumptions(row), (), name="facts"),
        f"<footer>To show it again: memesnipe backtest report {escape(said.run)}</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def _trades(said: Report) -> list[str]:
    if not said.trades:
        return []
    shown = said.trades[:MOST_TRADES]
    left = len(said.trades) - len(shown)
    more = (
        f'<p class="soft">The first {MOST_TRADES:,}; {left:,} more are in the stored run: '
        f"memesnipe backtest report {escape(said.run)} --trades</p>"
        if left
        else ""
    )
    return ["<h2>Trades</h2>", more, _table(*tables.trade_table(shown))]


def _table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int],
    *,
    tone: str = "",
    name: str = "",
) -> str:
    """A table. `right` are columns of numbers, `name` is its class, `tone` that of the second cell of the
    rows that tables.TONED names; a table of up to three columns has its first one as headings."""

    def cell(row: Sequence[str], place: int) -> str:
        toned = tone if place == 1 and row[0] in tables.TONED else ""
        words = " ".join(word for word in ("right" if place in right else "", toned) if word)
        attribute = f' class="{words}"' if words else ""
        if place == 0 and len(row) < 4:
            return f'<th scope="row"{attribute}>{escape(row[place])}</th>'
        return f"<td{attribute}>{escape(row[place])}</td>"

    head = ""
    if headings:
        cells = (
            f'<th scope="col"{" class=right" if place in right else ""}>{escape(text)}</th>'
            for place, text in enumerate(headings)
        )
        head = f"<thead><tr>{''.join(cells)}</tr></thead>"
    body = "".join(f"<tr>{''.join(cell(row, place) for place in range(len(row)))}</tr>" for row in rows)
    return f'<div class="wide"><table class="{name}">{head}<tbody>{body}</tbody></table></div>'
