"""The venue of latency.py, in a process of its own: Kraken's wire on this machine, with ten instruments, and the market
data of all of them down a pipe. What it does is not counted.

Reads lines: `rest` lets time pass up to some seconds before the close of the bar, and prices come to where it closes;
`bar` closes it, after a short while. Ends with its input.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / "tests"))

from venue_server import VenueServer, instruments, venue
from venue_server.instruments import Asset

BASE_MS = 300_000
NAMES = ("DOGE", "SHIB", "BONK", "WIF", "FLOKI", "POPCAT", "MOG", "TURBO", "BRETT", "NEIRO")
SYMBOLS = tuple(f"{name}/USD" for name in NAMES)
QUOTES_PER_S = 20  # of each symbol
_PRICE = 0.1
_REST_US = 5_000_000  # before its close, prices come to where it closes: a price counts once it has stood for a while
_STEP_US = 500_000
_LATE_US = 20_000  # how long after its close a bar is told of


class Market:
    """Prices of all symbols. Each bar one symbol rises by a percent (what it tells the strategy: enter) and the one of
    five bars ago falls (leave); in every `burst`th round all of them do it at once."""

    def __init__(self, server: VenueServer, burst: bool) -> None:
        self._server = server
        self._burst = burst
        self._random = random.Random(7)
        self._last = dict.fromkeys(SYMBOLS, _PRICE)
        self._lock = threading.Lock()
        self._number = 0
        self._bars: list[list[Any]] = []
        for symbol in SYMBOLS:
            self._show(symbol)

    def rest(self, ts: int) -> None:
        """Nearly all of the bar that opened at ts passes."""
        rises, falls = self._number % len(SYMBOLS), (self._number + 5) % len(SYMBOLS)
        self._bars = []
        for place, symbol in enumerate(SYMBOLS):
            opened = self._last[symbol]
            change = 1 + self._random.uniform(-0.0005, 0.0005)
            if self._burst:
                change = 1.01 if self._number % 2 == 0 else 1 / 1.01
            elif place == rises:
                change = 1.01
            elif place == falls:
                change = 1 / 1.01
            close = round(opened * change, 6)
            self._last[symbol] = close
            self._show(symbol)
            self._bars.append([symbol, opened, max(opened, close), min(opened, close), close, 5_000_000.0])
        self._number += 1
        self._pass(1000 * (ts + BASE_MS) - _REST_US)
        self._tell({"ahead_us": self.ahead_us()})

    def bar(self, ts: int) -> None:
        """The last seconds of the bar that opened at ts pass, and it closes."""
        for left_us in range(_REST_US - _STEP_US, 0, -_STEP_US):
            time.sleep(0.02)
            self._pass(1000 * (ts + BASE_MS) - left_us)
            self._tell({"ahead_us": self.ahead_us()})
        time.sleep(self._random.uniform(0.02, 0.06))
        self._pass(1000 * (ts + BASE_MS) + _LATE_US)
        self._tell({"ts": ts, "ahead_us": self.ahead_us(), "bars": self._bars})

    def ahead_us(self) -> int:
        """How far the venue's clock is ahead of this machine's."""
        return self._server.now_us() - time.time_ns() // 1000

    def quotes(self, closing: threading.Event) -> None:
        """The best prices of every symbol, again and again."""
        while not closing.wait(1 / QUOTES_PER_S):
            for symbol in SYMBOLS:
                _, shown = self._server.shown(symbol)
                self._tell({"quote": [symbol, str(shown.bid), str(shown.ask)]})

    def _pass(self, until_us: int) -> None:
        self._server.advance(max(0, until_us - self._server.now_us()) / 1e6)

    def _show(self, symbol: str) -> None:
        middle = Decimal(repr(self._last[symbol]))
        self._server.price(symbol, middle - Decimal("0.00002"), middle + Decimal("0.00002"))

    def _tell(self, what: dict[str, Any]) -> None:
        with self._lock:
            sys.stdout.write(json.dumps({**what, "sent_ns": time.monotonic_ns()}) + "\n")
            sys.stdout.flush()


def with_instruments() -> None:
    """Make the venue one of these ten instruments, each traded as DOGE is."""
    listed = {each.symbol: each for each in instruments.INSTRUMENTS["kraken"]}
    doge, dollar = listed["DOGE/USD"], instruments.ASSETS["kraken"][0]
    ours, assets = [doge], [dollar, *(each for each in instruments.ASSETS["kraken"] if each.code == "DOGE")]
    for name in NAMES[1:]:
        ours.append(
            replace(doge, symbol=f"{name}/USD", wire_id=f"{name}USD", short_id=f"{name}USD", base_asset=name)
        )
        assets.append(Asset(name, name, name, 8))
    venue.INSTRUMENTS = {"kraken": tuple(ours)}  # type: ignore[attr-defined]
    venue.ASSETS = {"kraken": tuple(assets)}  # type: ignore[attr-defined]
    venue.START = {symbol: ("0.0999", "0.1001") for symbol in SYMBOLS}


def main() -> None:
    with_instruments()
    with VenueServer("kraken", {"USD": "100000"}) as server:
        ts = (server.now_ms() // BASE_MS + 1) * BASE_MS
        server.advance((ts - server.now_ms()) / 1000)
        market = Market(server, "--burst" in sys.argv)
        begins = {"base_url": server.base_url, "begin_ms": ts, "ahead_us": market.ahead_us()}
        print(json.dumps(begins), flush=True)
        closing = threading.Event()
        threading.Thread(target=market.quotes, args=(closing,), daemon=True).start()
        for line in sys.stdin:
            if line == "rest\n":
                market.rest(ts)
                continue
            market.bar(ts)
            ts += BASE_MS
        closing.set()


if __name__ == "__main__":
    main()
