"""A result for a person at a terminal: tables, sentences and lines of blocks. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from memesnipe_cli.engine import tables
from memesnipe_cli.engine.figures import money, percent
from memesnipe_cli.engine.notes import SIMULATED_NOTE
from memesnipe_cli.engine.sparkline import SparklineRow

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from memesnipe_cli.engine.report import Report


def show(said: Report, *, trades: bool = False) -> RenderableType:
    """The whole report; with `trades` the list of trades before the result."""
    from rich.console import Group
    from rich.text import Text

    row = said.record
    shown: list[RenderableType] = []
    if trades:
        shown += [trade_table(said), Text("")]
    shown.append(Text(tables.headline(row), style="bold"))
    shown.append(Text(tables.span(row)))
    if row["simulated"]:
        shown.append(Text(SIMULATED_NOTE, style="bold yellow"))
    shown += [Text(note, style="yellow") for note in row["notes"] if note != SIMULATED_NOTE]
    gain = row["total_return"] or 0.0
    colour = "green" if gain > 0 else "red" if gain < 0 else ""
    shown += [
        Text(""),
        _table(("", "result", "buy and hold"), tables.comparison(row), (1, 2), tone=colour),
        Text(""),
        *_curve_rows(said),
        Text(""),
        _pairs([*tables.trade_figures(row), *tables.path_of_signals(row)]),
    ]
    for what, rows in tables.parts(row):
        shown += [Text(""), _table((what, *tables.PART_HEADINGS), rows, tuple(range(1, 9)))]
    shown += [
        Text(""),
        _table(tables.COVERAGE_HEADINGS, tables.coverage(row), tables.COVERAGE_NUMBERS),
        Text(""),
        _table(tables.TERMS_HEADINGS, tables.terms(row), tables.TERMS_NUMBERS),
        Text(""),
        Text(
            "assumed: " + "; ".join(f"{name} {value}" for name, value in tables.assumptions(row)), style="dim"
        ),
    ]
    return Group(*shown)


def trade_table(said: Report) -> RenderableType:
    """Every trade with its reason in and out."""
    from rich.text import Text

    if not said.trades:
        return Text("no trades")
    return _table(*tables.trade_table(said.trades))


def _curve_rows(said: Report) -> list[RenderableType]:
    drawn = said.curves
    if not drawn.equity:
        return []
    currency = said.record["currency"]
    low, high = (money(f"{value:.8f}") for value in (min(drawn.equity), max(drawn.equity)))
    return [
        SparklineRow("equity  ", drawn.equity, f"{low} .. {high} {currency}"),
        SparklineRow("drawdown", drawn.drawdown, f"0 .. {percent(max(drawn.drawdown))}", peaks=True),
    ]


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int], *, tone: str = ""
) -> Table:
    """A plain table; `tone` colours the second cell of the rows that tables.TONED names."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place in right else "left")
    for cells in rows:
        toned = tone if cells[0] in tables.TONED else ""
        table.add_row(*(Text(cell, style=toned if place == 1 else "") for place, cell in enumerate(cells)))
    return table


def _pairs(rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value))
    return table
