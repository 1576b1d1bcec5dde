"""Whatever the venue does, and whenever the process dies: nothing lost, doubled, naked, or sold that was not ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_rounds import play

from memesnipe_cli.venues.order_fold import OrderFold, apply_line
from memesnipe_cli.venues.order_snapshot import dump_book


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_books_and_venue_agree_to_the_last_digit(dialect: str, seed: int, tmp_path: Path) -> None:
    desk = play(dialect, tmp_path, seed)
    desk.assert_exactly_once()
    folded = OrderFold().initial()
    for entry in desk.executor.desk.journal.entries():
        apply_line(folded, entry.kind, entry.body)
    assert dump_book(folded) == dump_book(desk.book)
