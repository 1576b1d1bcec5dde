"""Histories are read to their end or not at all."""

from __future__ import annotations

import pytest

from memesnipe_cli.errors import NetworkError
from memesnipe_cli.venues.paging import by_cursor, by_offset


def test_all_pages_are_read_though_rows_come_in_meanwhile() -> None:
    rows = list(range(7, 0, -1))

    def page(offset: int) -> tuple[list[int], int]:
        if offset == 3:
            rows.insert(0, 8)
        return rows[offset : offset + 3], len(rows)

    assert set(by_offset(page)) == set(range(1, 8))


def test_a_history_that_ends_before_its_count_is_none() -> None:
    with pytest.raises(NetworkError, match="of 9 rows ended after 3"):
        by_offset(lambda offset: ([1, 2, 3] if not offset else [], 9))


def test_cursors_are_followed_to_the_end_and_not_in_circles() -> None:
    pages = {"": ([1], "a"), "a": ([2], "b"), "b": ([3], "")}
    assert by_cursor(lambda cursor: pages[cursor]) == [1, 2, 3]
    with pytest.raises(NetworkError, match="gives the cursor 'a' twice"):
        by_cursor(lambda cursor: ([1], "a"))
