"""A line of numbers as one row of characters, as wide as the terminal; ASCII where it knows no blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-~=+*#"
_WIDEST = 100


def sparkline(values: Sequence[float], width: int, marks: str = BLOCKS, *, peaks: bool = False) -> str:
    """`values` as at most `width` characters from the lowest to the highest mark; "" for none.

    Each character stands for a stretch of values: its last one, or with `peaks` its highest (a drawdown must
    not hide between two characters). Values that are all the same are drawn as the lowest mark.
    """
    if not values or width < 1:
        return ""
    many = min(width, len(values))
    bounds = [place * len(values) // many for place in range(many + 1)]
    stretches = [values[first:end] for first, end in pairwise(bounds)]
    points = [max(stretch) if peaks else stretch[-1] for stretch in stretches]
    low, span = min(points), max(points) - min(points)
    steps = len(marks) - 1
    return "".join(marks[round((point - low) / span * steps) if span > 0 else 0] for point in points)


@dataclass(frozen=True)
class SparklineRow:
    """A labelled sparkline that rich can draw: label, line, and what its ends mean."""

    label: str
    values: Sequence[float]
    caption: str
    peaks: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        room = options.max_width - len(self.label) - len(self.caption) - 4
        marks = ASCII if options.ascii_only else BLOCKS
        line = sparkline(self.values, max(10, min(room, _WIDEST)), marks, peaks=self.peaks)
        yield Text(f"{self.label}  {line}  {self.caption}", no_wrap=True, overflow="ellipsis")
