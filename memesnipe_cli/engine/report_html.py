"""A result as one page that needs nothing else: inline style, inline SVG, no script, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from memesnipe_cli.engine import tables
from memesnipe_cli.engine.chart_svg import chart_svg
from memesnipe_cli.engine.notes import SIMULATED_NOTE

if TYPE_CHECKING:
    from memesnipe_cli.engine.report import Report

MOST_TRADES = 5_000  # a page with more than this takes a browser too long

_STYLE = """
:root { color-scheme: light dark; --paper: #fbfbf9; --ink: #1d2329; --soft: #5f6b76; --line: #dcdfe2; --card: #ffffff;
  --equity: #1f6feb; --hold: #9a6700; --fall: #d1242f; --good: #1a7f37; --warn-paper: #fff4d6; --warn-ink: #6b4d00; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8ec; --soft: #97a3ae; --line: #2e363d;
  --card: #1b2127; --equity: #6cb0ff; --hold: #e0b252; --fall: #ff7b72; --good: #56d364; --warn-paper: #3a2f12;
  --warn-ink: #ffdf8a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .soft, footer { color: var(--soft); }
.note { background: var(--warn-paper); color: var(--warn-ink); padding: .5rem .8rem; border-radius: .4rem;
  margin: .5rem 0; }
.simulated { font-weight: 700; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap;
  vertical-align: top; }
.facts td:last-child { white-space: normal; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; } th[scope=row] { font-weight: 400; }
.right { text-align: right; } .good { color: var(--good); } .bad { color: var(--fall); }
figure { margin: 1rem 0 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .8rem; }
svg { display: block; width: 100%; height: auto; } svg path, svg line { fill: none; stroke-width: 1.6; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .equity { stroke: var(--equity); } svg .hold { stroke: var(--hold); stroke-dasharray: 5 4; }
svg .fall { fill: var(--fall); fill-opacity: .25; stroke: var(--fall); stroke-width: 1; }
footer { margin-top: 2rem; font-size: .85rem; }
"""


def report_html(said: Report) -> str:
    """The whole page, as text. Every word from outside is escaped; at most MOST_TRADES trades are listed."""
    row = said.record
    title = f"{', '.join(row['strategies'])}: {row['since'][:10]} to {row['until'][:10]}"
    notes = [
        f'<p class="note{" simulated" if note == SIMULATED_NOTE else ""}">{escape(note)}</p>' for note in row["notes"]
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
        _table((), tables.assumptions(row), (), name="facts"),
        f'<footer>Run {escape(said.run)}. Show it again: memesnipe backtest report {escape(said.run)}</footer>',
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n" + "\n".join(sections) + "\n</body></html>\n"
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
    rows = [tables.trade_cells(trade) for trade in shown]
    return ["<h2>Trades</h2>", more, _table(tables.TRADE_HEADINGS, rows, tables.TRADE_NUMBERS)]


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int], *, tone: str = "", name: str = ""
) -> str:
    """A table; `right` are columns of numbers, `tone` colours the second column, `name` is its class."""

    def cell(place: int, text: str) -> str:
        words = " ".join(word for word in ("right" if place in right else "", tone if place == 1 else "") if word)
        attribute = f' class="{words}"' if words else ""
        if place == 0 and len(rows[0]) < 4:
            return f'<th scope="row"{attribute}>{escape(text)}</th>'
        return f"<td{attribute}>{escape(text)}</td>"

    head = ""
    if headings:
        cells = (
            f'<th scope="col"{" class=right" if place in right else ""}>{escape(text)}</th>'
            for place, text in enumerate(headings)
        )
        head = f"<thead><tr>{''.join(cells)}</tr></thead>"
    body = "".join(f"<tr>{''.join(cell(place, text) for place, text in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide"><table class="{name}">{head}<tbody>{body}</tbody></table></div>'
