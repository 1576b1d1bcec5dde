"""The signer's service on the wire: what it does not follow, and what it does not tell."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from signer_cases import BOUNDS

from memesnipe_cli.market.ccxt_client import open_venue
from memesnipe_cli.risk.latch_state import Latch
from memesnipe_cli.signer import frames
from memesnipe_cli.signer.books import BooksFold
from memesnipe_cli.signer.held import HeldSecret
from memesnipe_cli.signer.judge import Judge
from memesnipe_cli.signer.venue_keys import use_key
from memesnipe_cli.signer.venue_service import VenueService
from memesnipe_cli.venues.traits import KRAKEN

KEY_ID = "the-name-of-the-key-at-its-venue"
QUESTION = {"api": ["private"], "method": "POST", "path": "GetApiKeyInfo", "params": {}, "fence": 0}


class Venue(ThreadingHTTPServer):
    """Answers every request with `status` and `said`. asked: the paths and the key that they came with."""

    def __init__(self, status: int, said: Any, location: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        asked, body = self.asked, json.dumps(said).encode()

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                asked.append((self.path, self.headers["API-Key"]))
                self.send_response(status)
                if location:
                    self.send_header("Location", location + self.path)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def answering(status: int, said: Any, location: str = "") -> Iterator[Venue]:
    with Venue(status, said, location) as venue:
        yield venue
        venue.shutdown()


@contextmanager
def asked_through(url: str) -> Iterator[socket.socket]:
    """A service of a client of that address; the other end of its socket."""
    exchange = open_venue("kraken", url, 5.0)
    secret = HeldSecret(lambda page: 64)
    use_key(exchange, KEY_ID, secret)
    books = BooksFold().initial()
    judge = Judge(KRAKEN, BOUNDS, lambda: books, lambda: Latch("live"), lambda symbol: (symbol, Decimal(1)))
    ours, theirs = socket.socketpair()
    service = threading.Thread(target=VenueService(theirs, exchange, KEY_ID, judge).run, daemon=True)
    service.start()
    ours.settimeout(10)
    try:
        yield ours
    finally:
        ours.close()
        service.join(5)
        theirs.close()


def ask(link: socket.socket) -> dict[str, Any]:
    frames.write(link, {"id": 1, **QUESTION, "timeout_ms": 5_000, "asked_s": time.monotonic()})
    answer = frames.read(link)
    assert answer is not None
    return answer


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with answering(200, {"error": [], "result": {}}) as elsewhere:
        with answering(status, {}, elsewhere.url) as venue, asked_through(venue.url) as link:
            assert "error" in ask(link)
        assert [path for path, _ in venue.asked] == ["/0/private/GetApiKeyInfo"]
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, {"error": [], "result": {"apiKey": KEY_ID, "permissions": []}}),
        (200, {"error": [f"EAPI:Invalid key {KEY_ID}"]}),
        (500, {"message": f"no such key: {KEY_ID}"}),
    ],
)
def test_the_venue_is_told_the_name_of_the_key_and_the_trader_is_not(status: int, said: Any) -> None:
    with answering(status, said) as venue, asked_through(venue.url) as link:
        answer = ask(link)
    assert venue.asked == [("/0/private/GetApiKeyInfo", KEY_ID)]
    assert KEY_ID not in json.dumps(answer)
    assert "[hidden]" in json.dumps(answer)
