"""Histories that come in pages, read to their end or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from memesnipe_cli.errors import NetworkError

T = TypeVar("T")

MOST_PAGES = 400
_HINT = "ask for a shorter stretch"


def by_offset(page: Callable[[int], tuple[Mapping[str, T], int | None]], size: int) -> dict[str, T]:
    """`page(offset)` gives rows by their ids and how many there are in all, None where the venue does not say; size: of
    a full page. Rows that come in while this reads push others to later pages, so some are there twice and none is
    missed. Raises NetworkError where the pages end before the count."""
    found: dict[str, T] = {}
    wanted: int | None = None
    for number in range(MOST_PAGES):
        rows, count = page(len(found))
        before = len(found)
        found.update(rows)
        if not number:
            # A count that is just what a full page holds may be the page's own.
            wanted = None if count == len(rows) >= size else count
        if wanted is not None and len(found) >= wanted:
            return found
        if len(found) == before:
            if wanted is None:
                return found
            raise NetworkError(f"a history of {wanted} rows ended after {len(found)}", "ask again")
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
