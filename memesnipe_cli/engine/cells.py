"""The kernel's flat arrays for CPython: a table of Python numbers by (row, column).

The kernel indexes `table[row, column]` and asks for `table.shape`. Python's own integers and floats are
several times quicker there than numpy's scalars, and like compiled code they raise where something is divided
by zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Cells(dict[tuple[int, int], Any]):
    """A table of numbers, columns as in kernel/layout.py. A cell may be written beyond the last row."""

    def __init__(self, rows: Sequence[Sequence[Any]], width: int) -> None:
        super().__init__()
        self.shape = (0, width)
        for row in rows:
            self.add(row)

    def add(self, row: Sequence[Any]) -> int:
        """Append a row of the table's width; returns its number."""
        number, width = self.shape
        self.put(number, row)
        self.shape = (number + 1, width)
        return number

    def put(self, number: int, row: Sequence[Any]) -> None:
        """Write a whole row."""
        for column, value in enumerate(row):
            self[number, column] = value

    def row(self, number: int) -> list[Any]:
        """A copy of one row."""
        return [self[number, column] for column in range(self.shape[1])]
