"""Histories are read to their end or not at all."""

from __future__ import annotations

import pytest

from memesnipe_cli.errors import NetworkError
from memesnipe_cli.venues.paging import by_cursor, by_offset


def named(rows: list[int]) -> dict[str, int]:
    """Rows by their ids."""
    return {str(each): each for each in rows}


def test_all_pages_are_read_though_rows_come_in_meanwhile() -> None:
    rows = list(range(7, 0, -1))

    def page(offset: int) -> tuple[dict[str, int], int]:
        if offset == 3:
            rows.insert(0, 8)
        return named(rows[offset : offset + 3]), len(rows)

    assert set(by_offset(page, 3).values()) == set(range(1, 8))


def test_pages_that_overlap_leave_no_row_out() -> None:
    rows = list(range(100))

    def page(offset: int) -> tuple[dict[str, int], int]:
        first = max(0, offset - 1)
        return named(rows[first : first + 50]), len(rows)

    assert sorted(by_offset(page, 50).values()) == rows


@pytest.mark.parametrize("total", [0, 49, 50, 120])
def test_without_a_count_a_history_ends_where_nothing_new_comes(total: int) -> None:
    rows = list(range(total))
    assert sorted(by_offset(lambda offset: (named(rows[offset : offset + 50]), None), 50).values()) == rows


def test_a_venue_that_shows_everything_whatever_the_offset_is_read_once() -> None:
    asked: list[int] = []

    def page(offset: int) -> tuple[dict[str, int], None]:
        asked.append(offset)
        return named([1, 2, 3]), None

    assert list(by_offset(page, 50).values()) == [1, 2, 3]
    assert asked == [0, 3]


def test_a_count_of_the_page_only_does_not_end_a_history() -> None:
    rows = list(range(120))

    def page(offset: int) -> tuple[dict[str, int], int]:
        shown = rows[offset : offset + 50]
        return named(shown), len(shown)

    assert sorted(by_offset(page, 50).values()) == rows


def test_a_history_that_ends_before_its_count_is_none() -> None:
    with pytest.raises(NetworkError, match="of 9 rows ended after 3"):
        by_offset(lambda offset: (named([1, 2, 3] if not offset else []), 9), 50)


def test_cursors_are_followed_to_the_end_and_not_in_circles() -> None:
    pages = {"": ([1], "a"), "a": ([2], "b"), "b": ([3], "")}
    assert by_cursor(lambda cursor: pages[cursor]) == [1, 2, 3]
    with pytest.raises(NetworkError, match="gives the cursor 'a' twice"):
        by_cursor(lambda cursor: ([1], "a"))
