"""The HTTP side: one thread a connection on 127.0.0.1, and how each fault looks on the wire."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from .answers import Answer, Request, as_json
from .coinbase import coinbase_answer, coinbase_authority, coinbase_refusal
from .coinbase_stream import CoinbaseStream
from .control import PREFIX, control_answer
from .faults import SPOKEN, Fault
from .kraken import kraken_answer, kraken_authority, kraken_refusal
from .kraken_stream import KrakenStream
from .market import PublicTrade
from .orders import Refusal
from .stream import STREAM_FAULTS, Book, Connection, StreamFaults
from .venue import HostileVenue, Number
from .websocket import accept_key

HTML = b"<html><head><title>Error</title></head><body>The web server reported a bad gateway</body></html>"


class VenueServer(HostileVenue):
    """The venue with a socket: use it as a context manager. `base_url`: where it listens. `hang_s`: how long
    a request that never gets an answer is kept. `beat_s`: how often the WebSocket gives a sign of life. A
    mistake of the venue itself is raised on leaving."""

    def __init__(
        self,
        dialect: Literal["kraken", "coinbase"],
        balances: Mapping[str, Number] | None = None,
        seed: int = 1,
        slices: int = 3,
        hang_s: float = 20.0,
        beat_s: float = 1.0,
    ) -> None:
        self.streams: list[Connection] = []
        super().__init__(dialect, balances, seed, slices)
        self.hang_s = hang_s
        self.beat_s = beat_s
        self.stream_faults = StreamFaults()
        self._unstreamed: set[str] = set()
        self.market.listeners.append(self._tell_trade)
        self.closing = threading.Event()
        self.base_url = ""
        self.mistakes: list[Exception] = []

    def __enter__(self) -> VenueServer:
        venue = self

        class Handler(_Handler):
            of = venue

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self.stream_drop()
        self._server.shutdown()
        self._server.server_close()
        if self.mistakes and error is None:
            raise self.mistakes[0]

    def answer(self, request: Request) -> Answer:
        """Carry a request out, without any fault."""
        with self.lock:
            self.tick()
            return self._speak(request)

    def take(self, request: Request) -> tuple[Fault | None, Answer | None]:
        """Note a request and carry it out as the plan of faults wants it."""
        with self.lock:
            self.requests.append(request)
            fault = self.faults.next_for(request.path)
            if fault is None or fault.when == "after":
                return fault, self.answer(request)
            if fault.when == "later" and self._admits(request):
                admitted = replace(request, admitted=True)
                self.schedule(fault.late_s, lambda: self._speak(admitted))
            return fault, None

    # --- WebSocket -------------------------------------------------------------------------------------------

    def price(
        self, symbol: str, bid: Number, ask: Number, last: Number | None = None, depth: Number | None = None
    ) -> None:
        """As HostileVenue's, and told to those who listen."""
        with self.lock:
            super().price(symbol, bid, ask, last, depth)
            for stream in self.streams:
                stream.book_changed(symbol)

    def stream_fail(self, shape: str, times: int = 1, stale_s: float = 5.0) -> None:
        """Plan a fault of the WebSocket; see stream.py."""
        if shape not in STREAM_FAULTS:
            raise ValueError(f"no such fault: {shape}; there are {', '.join(STREAM_FAULTS)}")
        with self.lock:
            self.stream_faults.left[shape] = self.stream_faults.left.get(shape, 0) + times
            self.stream_faults.stale_s = stale_s

    def stream_calm(self) -> None:
        """No more faults on new connections; what is silent stays so until it is dropped."""
        with self.lock:
            self.stream_faults.left.clear()

    def stream_drop(self) -> None:
        """Break every connection."""
        with self.lock:
            for stream in self.streams:
                stream.drop()

    def stream_only(self, symbols: Sequence[str]) -> None:
        """New subscriptions to other symbols are refused."""
        self._unstreamed = set(self.instruments) - set(symbols)

    def streamed(self) -> set[str]:
        """The symbols that can be subscribed to."""
        return set(self.instruments) - self._unstreamed

    def stream_dialect(self, connection: Connection) -> KrakenStream | CoinbaseStream:
        """The wire format of a connection."""
        return KrakenStream(connection) if self.dialect == "kraken" else CoinbaseStream(connection)

    def levels(self, symbol: str) -> Book:
        """The book as it is shown now: quantity by price, by side."""
        _, quote = self.shown(symbol)
        tick = self.instruments[symbol].tick
        return {
            side: {price: size for _, price, size in quote.levels(side, tick) if size > 0}
            for side in ("bid", "ask")
        }

    def _tell_trade(self, trade: PublicTrade) -> None:
        for stream in self.streams:
            stream.traded(trade)

    def _beat(self) -> None:
        while not self.closing.wait(self.beat_s):
            with self.lock:
                for stream in list(self.streams):
                    stream.tick()

    # --- faults ----------------------------------------------------------------------------------------------

    def spoken(self, shape: str) -> Answer:
        """A fault in the venue's own words."""
        return kraken_refusal(shape) if self.dialect == "kraken" else coinbase_refusal(shape)

    def _admits(self, request: Request) -> bool:
        """Whether a request that will wait has a good key; its nonce is used up now."""
        try:
            (kraken_authority if self.dialect == "kraken" else coinbase_authority)(self, request)
        except Refusal:
            return False
        return True

    def _speak(self, request: Request) -> Answer:
        return (kraken_answer if self.dialect == "kraken" else coinbase_answer)(self, request)


class _Handler(BaseHTTPRequestHandler):
    of: VenueServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # An idle connection ends some time, so that a long run does not gather threads.
    timeout = 60

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_POST(self) -> None:
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: what was asked is in `requests`."""

    def _serve(self, method: str, body: bytes) -> None:
        if self.of.closing.is_set():
            self._reset()
            return
        try:
            parts = urlsplit(self.path)
            if parts.path.startswith(PREFIX):
                self._send(control_answer(self.of, method, parts.path, body))
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            if headers.get("upgrade", "").lower() == "websocket":
                self._upgrade(headers["sec-websocket-key"])
                return
            fields = self._fields(parts.query, body, headers.get("content-type", ""))
            request = Request(method, parts.path, fields, headers, body, self.of.now_ms())
            fault, answer = self.of.take(request)
            if fault is not None:
                self._misbehave(fault.shape, answer)
            elif answer is not None:
                self._send(answer)
        except OSError:
            # The client has gone; what was carried out stays carried out.
            self.close_connection = True
        except Exception as error:
            self.of.mistakes.append(error)
            self._reset()

    def _upgrade(self, key: str) -> None:
        """Speak WebSocket from here on."""
        self.close_connection = True
        if self.of.stream_faults.strikes("refuse"):
            self._send(Answer(503, HTML, "text/html"))
            return
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(key)),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.connection.settimeout(None)
        Connection(self.of, self.connection, self.rfile).serve()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header tells the venue's time."""
        return super().date_time_string(self.of.now_us() / 1e6 if timestamp is None else timestamp)

    @staticmethod
    def _fields(query: str, body: bytes, kind: str) -> dict[str, Any]:
        fields: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
        if "json" in kind and body:
            fields |= json.loads(body, parse_float=Decimal)
        elif body:
            fields |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        return fields

    def _misbehave(self, shape: str, answer: Answer | None) -> None:
        if shape in SPOKEN:
            self._send(self.of.spoken(shape))
        elif shape == "timeout":
            self.close_connection = True
            self.of.closing.wait(self.of.hang_s)
        elif shape == "reset":
            self._reset()
        elif shape == "half":
            whole = (
                answer.body if answer is not None and len(answer.body) > 1 else b'{"error":[],"result":{}}'
            )
            self._head(Answer(200, whole), len(whole))
            self.wfile.write(whole[: len(whole) // 2])
            self._reset()
        elif shape[:3].isdigit():
            self._send(self._broken(int(shape[:3]), shape[4:]))
        else:
            self._send(self._hollow(shape))

    def _broken(self, status: int, kind: str) -> Answer:
        if kind == "html":
            return Answer(status, HTML, "text/html")
        if kind == "json" and self.of.dialect == "coinbase":
            return as_json({"error": "INTERNAL", "message": "internal error"}, status)
        if kind == "json":
            return as_json({"error": ["EGeneral:Internal error"]}, status)
        return Answer(status, b"error", "text/plain")

    def _hollow(self, shape: str) -> Answer:
        """A 200 that does not say what was asked."""
        kraken = self.of.dialect == "kraken"
        match shape:
            case "html":
                return Answer(200, HTML, "text/html")
            case "malformed":
                return as_json({"unexpected": True})
            case "cut":
                return Answer(200, b'{"error":[],"result":{"tx' if kraken else b'{"success":true,"succ')
            case "empty":
                return as_json({})
            case "empty-result":
                return as_json({"error": [], "result": {}} if kraken else {"success": True})
            case _:
                return Answer(200, b"")

    def _send(self, answer: Answer) -> None:
        self._head(answer, len(answer.body))
        self.wfile.write(answer.body)

    def _head(self, answer: Answer, length: int) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _reset(self) -> None:
        """Close so that the other side sees a reset, not an end."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The file objects hold the socket open: only without them does closing reach the wire.
        self.rfile.close()
        self.connection.close()
