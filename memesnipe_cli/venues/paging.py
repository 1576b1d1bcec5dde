"""Histories that come in pages, read to their end or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from memesnipe_cli.errors import NetworkError

T = TypeVar("T")

MOST_PAGES = 400
_HINT = "ask for a shorter stretch"


def by_offset(page: Callable[[int], tuple[list[T], int]]) -> list[T]:
    """`page(offset)` gives rows and how many there are in all. Rows that come in while this reads push others to later
    pages, so some may be there twice and none is missed. Raises NetworkError where the pages end before the count."""
    found: list[T] = []
    for _ in range(MOST_PAGES):
        rows, count = page(len(found))
        found += rows
        if len(found) >= count:
            return found
        if not rows:
            raise NetworkError(f"a history of {count} rows ended after {len(found)}", "ask again")
    raise NetworkError(f"a history has more than {MOST_PAGES} pages", _HINT)


def by_cursor(page: Callable[[str], tuple[list[T], str]]) -> list[T]:
    """`page(cursor)` gives rows and the next cursor, "" at the end. Raises NetworkError where the pages go round."""
    found: list[T] = []
    cursor, seen = "", {""}
    for _ in range(MOST_PAGES):
        rows, cursor = page(cursor)
        found += rows
        if not cursor:
            return found
        if cursor in seen:
            raise NetworkError(f"a history gives the cursor {cursor!r} twice", "ask again")
        seen.add(cursor)
    raise NetworkError(f"a history has more than {MOST_PAGES} pages", _HINT)
