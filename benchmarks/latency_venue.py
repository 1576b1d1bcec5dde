"""The venue of latency.py, in a process of its own: Kraken's wire on this machine, with ten instruments, and the market
data of all of them down a pipe. What it does is not counted.

Reads `bar` lines and answers each with the next bar after a short while; ends with its input.
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

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from venue_server import VenueServer, instruments, venue
from venue_server.instruments import Asset

BASE_MS = 300_000
NAMES = ("DOGE", "SHIB", "BONK", "WIF", "FLOKI", "POPCAT", "MOG", "TURBO", "BRETT", "NEIRO")
SYMBOLS = tuple(f"{name}/USD" for name in NAMES)
QUOTES_PER_S = 20  # of each symbol
_PRICE = 0.1
_LATE_US = 20_000  # how long after its close a bar is told of


class Market:
    """Prices of all symbols. Each bar one symbol rises by a percent (what it tells the strategy: enter) and the one of
    five bars ago falls (leave); in every `burst`th round all of them do it at once."""

    def __init__(self, server: VenueServer, burst: bool) -> None:
        self._server = server
        self._burst = burst
        self._random = random.Random(7)  # noqa: S311 (made prices)
        self._last = dict.fromkeys(SYMBOLS, _PRICE)
        self._lock = threading.Lock()
        self._number = 0
        for symbol in SYMBOLS:
            self._show(symbol)

    def bar(self, ts: int) -> None:
        """The bar that opened at ts closes now, and its time is over at the venue."""
        rises, falls = self._number % len(SYMBOLS), (self._number + 5) % len(SYMBOLS)
        bars = []
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
            bars.append([symbol, opened, max(opened, close), min(opened, close), close, 5_000_000.0])
        self._number += 1
        now_us = self._server.now_us()
        self._server.advance((ts + BASE_MS) / 1000 - now_us / 1e6 + _LATE_US / 1e6)
        self._tell({"ts": ts, "ahead_us": self._server.now_us() - time.time_ns() // 1000, "bars": bars})

    def quotes(self, closing: threading.Event) -> None:
        """The best prices of every symbol, again and again."""
        while not closing.wait(1 / QUOTES_PER_S):
            for symbol in SYMBOLS:
                _, shown = self._server.shown(symbol)
                self._tell({"quote": [symbol, str(shown.bid), str(shown.ask)]})

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
    venue.INSTRUMENTS = {"kraken": tuple(ours)}
    venue.ASSETS = {"kraken": tuple(assets)}
    venue.START = {symbol: ("0.0999", "0.1001") for symbol in SYMBOLS}


def main() -> None:
    with_instruments()
    pauses = random.Random(3)  # noqa: S311
    with VenueServer("kraken", {"USD": "100000"}) as server:
        ts = (server.now_ms() // BASE_MS + 1) * BASE_MS
        server.advance((ts - server.now_ms()) / 1000)
        begins = {"base_url": server.base_url, "begin_ms": ts}
        begins["ahead_us"] = server.now_us() - time.time_ns() // 1000
        print(json.dumps(begins), flush=True)
        market = Market(server, "--burst" in sys.argv)
        closing = threading.Event()
        threading.Thread(target=market.quotes, args=(closing,), daemon=True).start()
        for _ in sys.stdin:
            time.sleep(pauses.uniform(0.02, 0.06))
            market.bar(ts)
            ts += BASE_MS
        closing.set()


if __name__ == "__main__":
    main()
