"""What the signer costs: an order signed and sent in the trader's own process, and the same one through the signer,
which reads it back, finds it in the journal, holds it against latch, lots and rates, signs it and sends it.

Prints the time from the call to the venue's having the whole request, and the ratio of the two in one run. Wanted: less
than 2 ms more at the median, a tenth of what an order may take until it is on the wire.

Run: python benchmarks/signer.py [--orders N]
"""

from __future__ import annotations

import argparse
import base64
import http.server
import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import load_markets, open_venue
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.signer.client import Signer, SignerOrder
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.opening import Credential, Key
from memesnipe_cli.venues.order_lines import intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState

WANTED_MS = 2.0
_WARM = 20
_KEY, _SECRET = "benchmark", base64.b64encode(bytes(64)).decode()
_PAIR = {
    "altname": "XDGUSD", "wsname": "XDG/USD", "base": "XXDG", "quote": "ZUSD", "pair_decimals": 7,
    "lot_decimals": 8, "cost_decimals": 5, "lot_multiplier": 1, "ordermin": "1", "costmin": "0.5",
    "tick_size": "0.0000001", "status": "online", "fees": [[0, 0.4]], "fees_maker": [[0, 0.25]],
    "leverage_buy": [], "leverage_sell": [],
}  # fmt: skip
_ASSETS = {name: {"altname": name[1:], "decimals": 8, "status": "enabled"} for name in ("XXDG", "ZUSD")}


class Answers(http.server.BaseHTTPRequestHandler):
    """A venue that says yes, and when it had heard the question."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._say({"XDGUSD": _PAIR} if "AssetPairs" in self.path else _ASSETS)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say({"txid": ["O1"], "heard_ns": str(time.monotonic_ns())})

    def _say(self, result: dict[str, Any]) -> None:
        data = json.dumps({"error": [], "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve() -> None:
    """The venue's process: prints its port and serves until stdin ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    print(server.server_port, flush=True)
    server.serve_forever()


def account(store: Store) -> Journal:
    """The journal of an account whose session is open."""
    journal = store.journal("live")
    journal.append("session", {"session": "live-1", "capital": "10000"})
    LatchFile(store.paths, "live").create()
    return journal


def order(number: int) -> OrderIntent:
    """An entry like any other."""
    return OrderIntent(
        id=f"bench{number}",
        action=Action.ENTRY,
        venue="kraken",
        symbol="DOGE/USD",
        base="DOGE",
        strategy="benchmark",
        cluster="doge",
        side="buy",
        qty=Decimal("10"),
        price=Decimal("0.1"),
        kind="limit",
        position="long",
        stop=Decimal("0.09"),
    )


def client(base_url: str, cache: Path, credential: Credential) -> ccxt.Exchange:
    """A client of the venue with a key of its own, or with a signer."""
    exchange = open_venue("kraken", base_url, 5.0)
    load_markets(exchange, Caller(exchange, timeout_s=5.0, deadline=Deadline(10.0)), cache, base_url)
    exchange.enableRateLimit = False
    exchange.throttle = lambda cost=None: None
    credential.attach(exchange)
    return exchange


def send(exchange: ccxt.Exchange, order_id: str) -> float:
    """Send one order; how many ms later the venue had it."""
    body = {
        "pair": exchange.markets["DOGE/USD"]["id"],
        "type": "buy",
        "ordertype": "limit",
        "volume": "10",
        "cl_ord_id": order_id,
        "oflags": "fciq",
        "price": "0.1",
        "timeinforce": "IOC",
    }
    before = time.monotonic_ns()
    answer = exchange.privatePostAddOrder(body)
    return (int(answer["result"]["heard_ns"]) - before) / 1e6


def compare(folder: Path, base_url: str, orders: int) -> None:
    """Both ways in turn, so that both meet the same machine."""
    store = Store(folder / "store")
    journal = account(store)
    profile = folder / "live.toml"
    limits = "[limits]\norders_per_minute = 100000\nmessages_per_minute = 100000\nmax_order = 60\n"
    shares = "trade_share = 0.02\n"
    profile.write_text(
        f"kind = 'live'\n[account]\nvenue = 'kraken'\n{limits}{shares}[venues.kraken]\nbase_url = '{base_url}'\n"
    )
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    key_file = credentials / "memesnipe.kraken.trade"
    key_file.write_text(f"{_KEY}\n{_SECRET}\n")
    key_file.chmod(0o600)
    os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
    began = time.monotonic()
    signer = Signer(
        SignerOrder("kraken", "trade", str(folder / "store"), str(profile), "live", unattended=True)
    )
    try:
        memory = signer.facts()["memory"]
        print(f"the signer was ready after {time.monotonic() - began:.1f} s; its memory: {memory}")
        alone = client(base_url, store.paths.cache, Key(_KEY, _SECRET))
        through = client(base_url, store.paths.cache, signer)
        found: dict[str, list[float]] = {"in this process": [], "through the signer": []}
        for number in range(orders + _WARM):
            intent, now_ms = order(number), clock.now_ms()
            sent = state_line(intent, OrderState.SENT, now_ms)
            journal.append_many([intent_line(intent, now_ms), sent])
            found["in this process"].append(send(alone, intent.id))
            found["through the signer"].append(send(through, intent.id))
            journal.append_many([state_line(intent, OrderState.REFUSED, now_ms, reason="a benchmark")])
    finally:
        signer.close()
    medians = []
    for name, each in found.items():
        p50, p99 = np.percentile(each[_WARM:], [50, 99])
        medians.append(p50)
        print(f"{name}: {orders} orders, call -> venue has it, p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    more = medians[1] - medians[0]
    ratio = medians[1] / medians[0]
    print(
        f"the signer adds {more:.2f} ms (x {ratio:.2f}); over the {WANTED_MS:g} wanted: {more / WANTED_MS:.2f}"
    )


def main() -> None:
    """Both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve()
        return
    venue = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert venue.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), f"http://127.0.0.1:{int(venue.stdout.readline())}", asked.orders)
    finally:
        venue.terminate()
        venue.wait(timeout=10)


if __name__ == "__main__":
    main()
