"""A venue on this machine that answers from recordings, and our client on it through the real ccxt."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import ccxt
from recorded_answers import Recorded
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.venues.coinbase import Coinbase
from memesnipe_cli.venues.kraken import Kraken

Fields = dict[str, Any]


@dataclass
class RecordedVenue:
    """`answers`: by the end of a path, a text or what makes one of the request's fields; a path that is not there is
    404. `asked`: path and fields of every request."""

    answers: dict[str, Recorded]
    asked: list[tuple[str, Fields]] = field(default_factory=list)
    base_url: str = ""

    def text(self, path: str, fields: Fields) -> str | None:
        """The recording of the longest end that fits."""
        self.asked.append((path, fields))
        for end in sorted(self.answers, key=len, reverse=True):
            if path.endswith(end):
                found = self.answers[end]
                return found(fields) if callable(found) else found
        return None

    def fields_of(self, end: str) -> list[Fields]:
        """The fields of the requests to paths that end so."""
        return [fields for path, fields in self.asked if path.endswith(end)]


@contextmanager
def serving(venue: RecordedVenue) -> Iterator[RecordedVenue]:
    """The venue with a socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def _answer(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            fields: Fields = dict(parse_qsl(parts.query))
            if body.startswith(b"{"):
                fields |= json.loads(body)
            else:
                fields |= dict(parse_qsl(body.decode()))
            found = venue.text(parts.path, fields)
            sent = (found or "not found").encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "text/plain" if found is None else "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        venue.base_url = f"http://127.0.0.1:{server.server_port}"
        # Pauses between repeated questions are not waited for.
        with mock.patch("tenacity.nap.time"):
            yield venue
        server.shutdown()


@contextmanager
def kraken_on(answers: Mapping[str, Recorded], **options: Any) -> Iterator[tuple[RecordedVenue, Kraken]]:
    """Kraken on recordings."""
    with serving(RecordedVenue(dict(answers))) as venue:
        urls = {"public": venue.base_url, "private": venue.base_url}
        shared = {"apiKey": KRAKEN_KEY, "secret": KRAKEN_SECRET, "enableRateLimit": False}
        client = ccxt.kraken({**shared, "urls": {"api": urls}, "options": {"maxRetriesOnFailure": 0}})
        client.load_markets()
        yield venue, Kraken(client, **({"timeout_s": 2.0} | options))


@contextmanager
def coinbase_on(answers: Mapping[str, Recorded], **options: Any) -> Iterator[tuple[RecordedVenue, Coinbase]]:
    """Coinbase on recordings."""
    with serving(RecordedVenue(dict(answers))) as venue:
        shared = {"apiKey": COINBASE_KEY, "secret": coinbase_secret(), "enableRateLimit": False}
        urls = {"api": {"rest": venue.base_url}}
        client = ccxt.coinbase({**shared, "urls": urls, "options": {"maxRetriesOnFailure": 0}})
        client.load_markets()
        yield venue, Coinbase(client, **({"timeout_s": 2.0} | options))
