"""Tables with columns of fixed width: what does not fit is left out by rank, so that nothing moves when values do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from memesnipe_cli.live_view.words import clean

T = TypeVar("T")
_GAP = 1


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """rank: the lower, the longer it stays when room gets scarce. grows_to: as wide as that where room is left. tone: a
    style, where a value means something."""

    heading: str
    width: int
    rank: int
    write: Callable[[T], str]
    right: bool = False
    grows_to: int = 0
    tone: Callable[[T], str] = lambda row: ""


def table(
    rows: Sequence[T],
    columns: Sequence[Column[T]],
    width: int,
    height: int,
    *,
    empty: str,
    count: bool = True,
) -> list[Text]:
    """Exactly `height` lines of at most `width` characters: a heading and rows. count: say how many more there are."""
    chosen = _chosen(columns, width)
    lines = [_line([_cell(each.heading, each, size) for each, size in chosen], ["bold"] * len(chosen))]
    room = height - 1
    shown = rows[:room] if len(rows) <= room or not count else rows[: max(0, room - 1)]
    for row in shown:
        cells = [_cell(column.write(row), column, size) for column, size in chosen]
        lines.append(_line(cells, [column.tone(row) for column, _ in chosen]))
    if count and len(shown) < len(rows) and len(lines) < height:
        lines.append(Text(f"and {len(rows) - len(shown)} more", style="yellow"))
    if not rows and len(lines) < height:
        lines.append(Text(empty))
    return lines + [Text("")] * (height - len(lines))


def _chosen(columns: Sequence[Column[T]], width: int) -> list[tuple[Column[T], int]]:
    """The columns that fit, in their order, each with its width."""
    left = width + _GAP
    kept: set[int] = set()
    for column in sorted(columns, key=lambda each: each.rank):
        if column.width + _GAP <= left:
            left -= column.width + _GAP
            kept.add(id(column))
    return [
        (each, each.width + min(left, max(0, each.grows_to - each.width)))
        for each in columns
        if id(each) in kept
    ]


def _cell(value: str, column: Column[T], width: int) -> str:
    text = clean(value)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "~"
    padding = " " * (width - cell_len(text))
    return padding + text if column.right else text + padding


def _line(cells: Sequence[str], tones: Sequence[str]) -> Text:
    line = Text(no_wrap=True)
    for cell, tone in zip(cells, tones, strict=True):
        line.append(" " * _GAP if line else "")
        line.append(cell, style=tone or None)
    line.rstrip()
    return line
