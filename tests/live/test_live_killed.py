"""Processes that are killed at random on a venue that breaks as it likes: when it rests, all adds up. A short version
of what `make soak` plays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from killed_rounds import Tally, play
from trader_nursery import Nursery

ROUNDS = 6


def test_whenever_it_is_killed_nothing_is_lost_doubled_or_naked(tmp_path: Path) -> None:
    def played(venue: Literal["kraken", "coinbase"]) -> Tally:
        with Nursery() as nursery:
            return play(venue, tmp_path / venue, 7, nursery, ROUNDS)

    with ThreadPoolExecutor(2) as pool:
        tallies = list(pool.map(played, ("kraken", "coinbase")))
    assert all(sum(each.kills.values()) == ROUNDS and each.rests == 1 for each in tallies)
