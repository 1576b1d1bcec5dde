"""A client that was given a kept product list understands the venue as one that has fetched it."""

from __future__ import annotations

from pathlib import Path

from venue_server import VenueServer
from venue_server.keys import KRAKEN_KEY, KRAKEN_SECRET

from memesnipe_cli.venues.opening import Key, open_order_venue


def test_pairs_by_their_short_names_after_a_restart(tmp_path: Path) -> None:
    with VenueServer("kraken", {"USD": "1000", "BTC": "1"}) as server:
        server.user_order("BTC/USD", "sell", "limit", "0.1", price="990000")
        key = Key(KRAKEN_KEY, KRAKEN_SECRET)
        for _ in range(2):
            venue = open_order_venue("kraken", server.base_url, key, tmp_path, timeout_s=5.0)
            assert [each.symbol for each in venue.open_orders()] == ["BTC/USD"]
        assert len(server.asked("AssetPairs")) == 1
