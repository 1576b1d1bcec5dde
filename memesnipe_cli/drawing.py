"""Tables for people: with rich on a terminal, as plain text elsewhere (a file, a pipe, cron).

Plain text is never folded, so that a line stays a row for grep and awk, and it does not import rich.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

Row = Mapping[str, Any]
# Whitespace that moves the cursor elsewhere than a line end or a tab does.
_MOVES = "\r\v\f\x1c\x1d\x1e\x1f\x85"


@dataclass(frozen=True)
class Column:
    """One column of a table for people: its heading, the row's key, and how a value is written."""

    heading: str
    key: str
    right: bool = False
    write: Callable[[Any], str] = lambda value: "" if value is None else str(value)


def inert(text: str) -> str:
    """Text of whomever as a terminal may print it: control characters and changes of direction become `?`, other than
    line ends and tabs."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or (each.isspace() and each not in _MOVES) else "?" for each in text
    )


def rich_table(rows: Sequence[Row], columns: Sequence[Column], title: str) -> RenderableType:
    """A table for a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=column.right)
    for row in rows:
        table.add_row(*(Text(inert(column.write(row.get(column.key)))) for column in columns))
    return table


def rich_pairs(row: Row) -> RenderableType:
    """One object on a terminal: a key and its value a line."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in row.items():
        table.add_row(Text(key, style="bold"), Text("" if value is None else inert(str(value))))
    return table


def plain_table(rows: Sequence[Row], columns: Sequence[Column], title: str) -> str:
    """A table as text: title, headings, a rule, one line a row."""
    cells = [[column.heading for column in columns]]
    cells += [
        [" ".join(inert(column.write(row.get(column.key))).split("\n")) for column in columns] for row in rows
    ]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = [title] if title else []
    for number, line in enumerate(cells):
        padded = (
            " " * (width - _width(text)) + text if column.right else text + " " * (width - _width(text))
            for text, width, column in zip(line, widths, columns, strict=True)
        )
        lines.append("  ".join(padded).rstrip())
        if number == 0:
            lines.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines)


def plain_pairs(row: Row) -> str:
    """One object as text: a key and its value a line."""
    width = max((_width(key) for key in row), default=0)
    return "\n".join(
        f"{key}{' ' * (width - _width(key))}  {'' if value is None else inert(str(value))}".rstrip()
        for key, value in row.items()
    )


def _width(text: str) -> int:
    """Columns a text takes in a terminal's font: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
