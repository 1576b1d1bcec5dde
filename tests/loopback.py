"""A venue on this machine that speaks Coinbase's and Kraken's wire format for candles and trades.

The real ccxt client is pointed at it through base_url. It can be told to misbehave: each fault is used up
by one request whose path it matches.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

MINUTE_MS = 60_000
_GRANULARITIES = {
    "ONE_MINUTE": 1,
    "FIVE_MINUTE": 5,
    "FIFTEEN_MINUTE": 15,
    "THIRTY_MINUTE": 30,
    "ONE_HOUR": 60,
    "TWO_HOUR": 120,
    "SIX_HOUR": 360,
    "ONE_DAY": 1440,
}
COINBASE_MOST = 350
KRAKEN_BARS = 720
KRAKEN_TRADES = 1000
PRODUCTS = ("DOGE-USD", "BTC-USD", "ETH-USD", "DOGE-EUR")
PAIRS = {"XDGUSD": ("XDG/USD", "XXDG"), "XETHZUSD": ("ETH/USD", "XETH")}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Bar:
    """One bar as the venue knows it; decimal texts as on the wire."""

    ts: int
    open: str
    high: str
    low: str
    close: str
    volume: str


def usual_bar(ts: int, step: int) -> Bar:
    """A price that wanders by the slot; the same for every caller."""
    slot = ts // step
    start = 1000 + slot * 7 % 61
    end = 1000 + (slot + 1) * 7 % 61
    high, low = max(start, end) + 3, min(start, end) - 3
    return Bar(ts, f"0.{start:06d}", f"0.{high:06d}", f"0.{low:06d}", f"0.{end:06d}", f"{100 + slot % 17}.5")


@dataclass
class Fault:
    """How the next request whose path holds `where` goes wrong."""

    what: str
    where: str = ""


@dataclass
class LoopbackVenue:
    """The venue. `listed_ms`: no bars before it. `holes`: opens without trades. `requests`: paths asked."""

    listed_ms: int = 0
    holes: set[int] = field(default_factory=set)
    make_bar: Callable[[int, int], Bar] = usual_bar
    trades: list[tuple[str, str, float, int]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pause_s: float = 0.0
    base_url: str = ""

    def __enter__(self) -> LoopbackVenue:
        venue = self

        class Handler(_Handler):
            of = venue

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, what: str, times: int = 1, where: str = "") -> None:
        """The next `times` requests to a path that holds `where` go wrong so: 429, 503, 500-json, reset,
        half, empty, malformed, html, hang."""
        self.faults += [Fault(what, where) for _ in range(times)]

    def asked(self, where: str) -> list[str]:
        """The requests so far whose path holds `where`."""
        return [each for each in self.requests if where in each]

    def bars(self, first: int, last: int, step: int) -> list[Bar]:
        """The venue's bars with first <= open <= last, the running one too."""
        start = -(-max(first, self.listed_ms) // step) * step
        end = min(last, now_ms())
        return [self.make_bar(ts, step) for ts in range(start, end + 1, step) if ts not in self.holes]

    # --- answers --------------------------------------------------------------------------------------------

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """The JSON of one question, or None for a path that is not there."""
        if path.startswith("/v2/"):
            return {"data": {"rates": {}} if "exchange-rates" in path else []}
        if path == "/api/v3/brokerage/market/products":
            wanted = [] if query.get("product_type") == "FUTURE" else [_product(name) for name in PRODUCTS]
            return {"products": wanted, "num_products": len(wanted)}
        if path.endswith("/candles"):
            return self._coinbase_candles(query)
        if path == "/0/public/Assets":
            assets = {"XXDG": ("XDG", 8), "XETH": ("ETH", 10), "ZUSD": ("USD", 4)}
            return _kraken({name: _asset(alt, places) for name, (alt, places) in assets.items()})
        if path == "/0/public/AssetPairs":
            return _kraken({name: _pair(name, *rest) for name, rest in PAIRS.items()})
        if path == "/0/public/OHLC":
            return self._kraken_bars(query)
        if path == "/0/public/Trades":
            return self._kraken_trades(query)
        return None

    def _coinbase_candles(self, query: dict[str, str]) -> Any:
        step = _GRANULARITIES[query["granularity"]] * MINUTE_MS
        first, last = int(query["start"]) * 1000, int(query["end"]) * 1000
        if (last - first) // step + 1 > COINBASE_MOST:
            return {
                "error": "INVALID_ARGUMENT",
                "message": "number of candles requested should be less than 350",
            }
        found = reversed(self.bars(first, last, step))
        return {
            "candles": [
                {
                    "start": str(bar.ts // 1000),
                    "low": bar.low,
                    "high": bar.high,
                    "open": bar.open,
                    "close": bar.close,
                    "volume": bar.volume,
                }
                for bar in found
            ]
        }

    def _kraken_bars(self, query: dict[str, str]) -> Any:
        step = int(query.get("interval", "1")) * MINUTE_MS
        since = int(query.get("since", "0")) * 1000
        running = now_ms() // step * step
        kept = self.bars(running - (KRAKEN_BARS - 1) * step, running, step)
        rows = [
            [bar.ts // 1000, bar.open, bar.high, bar.low, bar.close, bar.close, bar.volume, 9]
            for bar in kept
            if bar.ts > since
        ]
        return _kraken({query["pair"]: rows, "last": (running - step) // 1000})

    def _kraken_trades(self, query: dict[str, str]) -> Any:
        text = query.get("since", "0")
        since = int(text) if len(text) > 12 else int(text) * 1_000_000_000
        later = [trade for trade in self.trades if round(trade[2] * 1e9) > since][:KRAKEN_TRADES]
        rows = [[price, size, when, "b", "l", "", number] for price, size, when, number in later]
        last = round(later[-1][2] * 1e9) if later else since
        return _kraken({query["pair"]: rows, "last": str(last)})


def _kraken(result: Any) -> Any:
    return {"error": [], "result": result}


def _asset(alternative: str, places: int) -> Any:
    return {
        "aclass": "currency",
        "altname": alternative,
        "decimals": places,
        "display_decimals": 5,
        "status": "enabled",
    }


def _pair(name: str, both: str, base: str) -> Any:
    return {
        "altname": name,
        "wsname": both,
        "aclass_base": "currency",
        "base": base,
        "aclass_quote": "currency",
        "quote": "ZUSD",
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": 7,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "13",
        "costmin": "0.5",
        "tick_size": "0.0000001",
        "status": "online",
    }


def _product(name: str) -> Any:
    base, quote = name.split("-")
    return {
        "product_id": name,
        "price": "0.1",
        "base_increment": "0.1",
        "quote_increment": "0.00001",
        "quote_min_size": "1",
        "quote_max_size": "10000000",
        "base_min_size": "0.1",
        "base_max_size": "100000000",
        "base_name": base,
        "quote_name": quote,
        "status": "online",
        "trading_disabled": False,
        "product_type": "SPOT",
        "quote_currency_id": quote,
        "base_currency_id": base,
        "price_increment": "0.00001",
        "alias": "",
        "alias_to": [],
        "display_name": name,
        "product_venue": "CBE",
    }


class _Handler(BaseHTTPRequestHandler):
    of: LoopbackVenue
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.of.requests.append(self.path)
        if self.of.pause_s:
            time.sleep(self.of.pause_s)
        fault = next((each for each in self.of.faults if each.where in self.path), None)
        if fault is not None:
            self.of.faults.remove(fault)
            self._misbehave(fault.what)
            return
        answer = self.of.answer(
            parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}
        )
        if answer is None:
            self._send(404, b'{"error":"NOT_FOUND"}')
        else:
            self._send(200, json.dumps(answer).encode())

    def _misbehave(self, what: str) -> None:
        if what == "429":
            self._send(429, b'{"error":"rate_limit_exceeded","message":"too many"}', {"Retry-After": "1"})
        elif what == "500-json":
            self._send(500, b'{"error":"INTERNAL","message":"oh"}')
        elif what in ("500", "503"):
            self._send(int(what), b"")
        elif what == "empty":
            self._send(200, b"")
        elif what == "malformed":
            self._send(200, b'{"unexpected": true}')
        elif what == "html":
            self._send(200, b"<html>maintenance</html>", {"Content-Type": "text/html"})
        elif what == "half":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b'{"candles": [')
            self._reset()
        elif what == "hang":
            time.sleep(3.0)
            self._reset()
        else:
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: what was asked is in `requests`."""
