"""Funding history over the wire: the real ccxt client of Kraken Futures against a loopback server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe_cli.clock import HOUR_MS, floor_to, format_time, now_ms
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import open_venue
from memesnipe_cli.market.funding_fetch import fetch_funding
from memesnipe_cli.store.store import Store

SYMBOL = "ETH/USD:USD"
INSTRUMENT = {
    "symbol": "PF_ETHUSD", "pair": "ETH:USD", "base": "ETH", "quote": "USD", "type": "flexible_futures",
    "tradeable": True, "tickSize": 0.1, "contractSize": 1, "contractValueTradePrecision": 3,
    "impactMidSize": 1.0, "maxPositionSize": 1000.0, "openingDate": "2022-03-22T14:00:00.000Z", "marginLevels": [],
}  # fmt: skip


@pytest.fixture
def address() -> Iterator[str]:
    """A server with one instrument and 48 hourly rates; `fundingRate` is absolute there, the relative one counts."""
    last = floor_to(now_ms(), HOUR_MS)
    rates = [
        {
            "timestamp": format_time(last - HOUR_MS * back),
            "fundingRate": 1.5,
            "relativeFundingRate": 0.00001 * back,
        }
        for back in range(47, -1, -1)
    ]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body: dict[str, object] = {"result": "success"}
            if "historicalfundingrates" in self.path:
                body["rates"] = rates
            elif "instruments" in self.path:
                body["instruments"] = [INSTRUMENT]
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_relative_rates_come_in_once_and_a_second_run_adds_none(address: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    exchange = open_venue("krakenfutures", address, 5.0)
    exchange.load_markets()
    since = now_ms() - 100 * HOUR_MS
    fetch_funding(store, exchange, Caller(exchange, timeout_s=5.0, deadline=Deadline(30.0)), SYMBOL, since)
    first = store.lake.read_funding("krakenfutures", SYMBOL)
    assert len(first) == 48
    assert set(first.interval_ms.tolist()) == {HOUR_MS}
    assert first.rate.tolist() == pytest.approx([0.00001 * back for back in range(47, -1, -1)])
    fetch_funding(store, exchange, Caller(exchange, timeout_s=5.0, deadline=Deadline(30.0)), SYMBOL, since)
    assert len(store.lake.read_funding("krakenfutures", SYMBOL)) == 48
