"""How long the live loop takes from a closed bar to the order on the wire, without the venue's own time. Wanted: a 99th
percentile of at most 20 ms with one strategy and ten symbols, while an ingest of a million rows runs beside it.

    python benchmarks/latency.py [--orders 300] [--burst] [--quiet | --beside]

The loop, the journal, the risk gate, the signer in its process and ccxt are the real ones; the venue
(parts/latency_venue.py) is another process. Time counts from the moment at which that process writes the market data
message that closes the bar, to the moment at which the last byte of the order has been given to the socket. Time
between a request's last byte and the first of its answer is the venue's and is left out. momentum_5m watches all ten
symbols and a strategy of this file trades beside it, so that it is known when: each bar one symbol enters and another
one leaves, or with --burst all ten do it at once.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).with_name("parts")))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "live"))

from latency_venue import BASE_MS, SYMBOLS
from latency_watch import Watch, WatchedTimer, Way
from trader_signer import ForkedSigner

from memesnipe_cli import clock
from memesnipe_cli.engine.run import default_cache_dir
from memesnipe_cli.live.loop import LiveLoop
from memesnipe_cli.live.request import LiveRequest
from memesnipe_cli.live.starting import Opened, open_live
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote
from memesnipe_cli.profile import Profile
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.strategies.registry import load
from memesnipe_cli.venues import one_key
from memesnipe_cli.venues.opening import open_order_venue

WANTED_MS = 20.0
HISTORY = 6_500  # bars: what momentum_5m warms up on, and some
ROWS = 1_000_000
QUIET_S = 0.15  # so long nothing goes to the venue before the next bar is asked for
LOOK_S = 0.02  # the loop looks around that often: the venue's time goes by faster than ours
CAPITAL = Decimal(20_000)

STRATEGY = '''
from typing import Any

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal


class Told(Strategy):
    """In after a bar that rose by half a percent, out after one that fell so."""

    name = "told"
    summary = "For a benchmark."
    family = "momentum"
    timeframe = "5m"

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return 2

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.001)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        if bar.close > 1.005 * bar.open:
            return signal(enter=1, stop=0.1 * bar.close)
        if bar.close < 0.995 * bar.open:
            return signal(exits=1)
        return signal()
'''


class PipedFeed:
    """A LiveFeed from the venue's pipe, read by a thread of its own. Asks for the next bar when the loop has nothing to
    do, and ends after so many."""

    def __init__(self, process: subprocess.Popen[str], watch: Watch, bars: int) -> None:
        self._process, self._watch, self._left = process, watch, bars
        self._bars: queue.Queue[tuple[int, BarsClosed]] = queue.Queue()
        self._quotes: dict[str, tuple[Quote, float]] = {}
        self._asked, self._ended = "", False
        self.ahead_us = self.begin_ms = 0

    def now_ms(self) -> int:
        """The venue's time."""
        return (time.time_ns() // 1000 + self.ahead_us) // 1000

    def seconds(self) -> float:
        """The venue's time, which only rises."""
        return self.now_ms() / 1000

    def start(self, after_ms: int) -> None:
        """See LiveFeed."""
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, seconds: float) -> list[BarsClosed]:
        """See LiveFeed."""
        if self._asked != "bar" and time.monotonic() - self._watch.sent_s > QUIET_S:
            if not self._left:
                self._ended = True
                return []
            self._ask("bar" if self._asked == "rest" else "rest")
        try:
            sent_ns, closed = self._bars.get(timeout=min(seconds, LOOK_S))
        except queue.Empty:
            return []
        self._watch.bar(sent_ns)
        self._asked = ""
        self._left -= 1
        return [closed]

    def quote(self, symbol: str) -> Quote | None:
        """See LiveFeed."""
        found = self._quotes.get(symbol)
        return None if found is None else found[0]

    def age_ms(self, symbol: str) -> float | None:
        """See LiveFeed."""
        found = self._quotes.get(symbol)
        return None if found is None else (time.monotonic() - found[1]) * 1000

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """See LiveFeed: it cannot ask."""
        return self.quote(symbol)

    def state(self) -> FeedState:
        """See LiveFeed."""
        return FeedState("pipe", 0, ended=self._ended)

    def close(self) -> None:
        """See LiveFeed."""

    def _ask(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        self._asked = what
        self._watch.sent_s = time.monotonic()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = json.loads(line)
            if "quote" in found:
                symbol, bid, ask = found["quote"]
                self._quotes[symbol] = Quote(symbol, Decimal(bid), Decimal(ask)), time.monotonic()
                continue
            self.ahead_us = found["ahead_us"]
            if "ts" not in found:
                continue
            ts = found["ts"]
            bars = tuple(ClosedBar(symbol, ts, *numbers) for symbol, *numbers in found["bars"])
            for bar in bars:
                middle = Decimal(repr(bar.close))
                half = Decimal("0.00002")
                self._quotes[bar.symbol] = Quote(bar.symbol, middle - half, middle + half), time.monotonic()
            self._bars.put((found["sent_ns"], BarsClosed(ts, bars)))


def profile(base_url: str) -> Profile:
    """A live profile that lets ten symbols be bought at once, and a strategy lose as long as it is watched."""
    far = {"warning": 0.9, "halt": 0.9, "emergency": 0.95, "daily_warning": 0.9, "daily_halt": 0.9}
    return Profile.model_validate(
        {
            "name": "latency",
            "kind": "live",
            "account": {"venue": "kraken", "capital": str(CAPITAL)},
            "breaker": {**far, "strategy_halt": 0.9, "lifetime_halt": 0.95, "allow_looser": True},
            "limits": {"cluster_share": 1.0, "orders_per_minute": 1000, "messages_per_minute": 10_000},
            "venues": {"kraken": {"base_url": base_url}, "default": {}},
        }
    )


def write_history(store: Store, begin_ms: int) -> None:
    """What came before the first bar: a quiet random walk, which ends where the venue begins."""
    ts = begin_ms + BASE_MS * np.arange(-HISTORY, 0, dtype=np.int64)
    for seed, symbol in enumerate(SYMBOLS):
        rng = np.random.default_rng(seed)
        walk = np.cumsum(rng.normal(0.0, 0.0003, HISTORY))
        close = np.round(0.1 * np.exp(walk - walk[-1]), 6)
        open_ = np.concatenate([close[:1], close[:-1]])
        high, low = np.maximum(open_, close), np.minimum(open_, close)
        key = SeriesKey("kraken", symbol, "5m")
        volume = np.round(rng.random(HISTORY) * 1e6 + 4e6, 1)
        store.lake.write_candles(Candles(key, ts, open_, high, low, close, volume), source="benchmark")


@contextmanager
def ingesting(folder: Path, store: Path, wanted: bool) -> Iterator[list[float]]:
    """`memesnipe ingest file` of a million rows into the same store, again and again; how many seconds each took that
    was done."""
    done: list[float] = []
    if not wanted:
        yield done
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "million.parquet"
    rng = np.random.default_rng(1)
    close = np.round(0.2 * np.exp(np.cumsum(rng.normal(0.0, 0.0005, ROWS))), 6)
    columns = {
        "timestamp": (clock.now_ms() // 60_000 - ROWS - 10 + np.arange(ROWS, dtype=np.int64)) * 60_000,
        "open": close, "high": close, "low": close, "close": close, "volume": np.round(rng.random(ROWS) * 1e5, 2),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)
    command = [sys.executable, "-m", "memesnipe_cli", "--store", str(store), "-q", "ingest", "file", str(path),
               "--venue", "binance", "--symbol", "PEPE/USDT", "--timeframe", "1m"]  # fmt: skip
    ended = threading.Event()

    def again() -> None:
        while not ended.is_set():
            began = time.monotonic()
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while child.poll() is None and not ended.wait(0.1):
                pass
            if child.poll() is None:
                child.terminate()
            elif child.returncode:
                raise RuntimeError(f"the ingest ended with exit code {child.returncode}")
            else:
                done.append(time.monotonic() - began)
            child.wait(timeout=30)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join(timeout=60)


def trade(folder: Path, orders: int, burst: bool, beside: bool) -> tuple[list[Way], list[float]]:
    """Trade until so many orders went out."""
    command = [
        sys.executable,
        str(Path(__file__).parent / "parts" / "latency_venue.py"),
        *(["--burst"] if burst else []),
    ]
    venue_process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert venue_process.stdout is not None
        begins = json.loads(venue_process.stdout.readline())
        store = Store(folder / "store")
        write_history(store, begins["begin_ms"])
        (folder / "told.py").write_text(STRATEGY, encoding="utf-8")
        watch = Watch(folder / "seen.jsonl")
        feed = PipedFeed(venue_process, watch, orders // len(SYMBOLS) if burst else orders // 2 + 5)
        feed.ahead_us, feed.begin_ms = begins["ahead_us"], begins["begin_ms"]
        asked = profile(begins["base_url"])
        with watch.at_the_socket():
            # Forked before any thread is there whose pipes it would keep open.
            signer = ForkedSigner("kraken", begins["base_url"], store, "live", asked, clock.now_ms)
            try:
                with ingesting(folder, folder / "store", beside) as done:
                    run(folder, store, feed, watch, signer, asked)
            finally:
                signer.close()
        return watch.ways(), done
    finally:
        assert venue_process.stdin is not None
        venue_process.stdin.close()
        venue_process.terminate()
        venue_process.wait(timeout=10)


def run(
    folder: Path, store: Store, feed: PipedFeed, watch: Watch, signer: ForkedSigner, asked: Profile
) -> None:
    """One run of the loop, from the opening to the end of the feed."""
    base_url = asked.venue("kraken").base_url
    venue: Any = open_order_venue("kraken", base_url, signer, folder / "cache")
    watch.asks(venue._exchange)
    # So must the questions come back that the venue allows: five minutes are over in a second here.
    for shared in one_key._shared.values():
        shared.budget._refill_s /= 1000
    request = LiveRequest(
        strategies=[load("momentum_5m", {}), load(f"{folder / 'told.py'}:Told", {})],
        symbols=list(SYMBOLS),
        venue="kraken",
        capital=CAPITAL,
        profile=asked,
        store=store,
        cache_dir=default_cache_dir(),
        account="live",
        without_promotion="a benchmark",
        say=lambda words: print(f"  ({words})"),
        now=feed.now_ms,
    )
    after_ms = feed.begin_ms - BASE_MS
    loops: list[LiveLoop] = []
    journal = store.journal("live")
    key_use = {"venue": "kraken", "name": "trade", "fingerprint": "benchmark", "purpose": "live start"}
    with journal.held():
        opened: Opened = open_live(
            request,
            venue,
            feed,
            journal,
            after_ms,
            key_use,
            lambda: bool(loops) and not loops[0].stopping,
            monotonic=feed.seconds,
        )
        opened.watcher.timer = WatchedTimer(watch, feed.now_ms)
        loops.append(LiveLoop(request, opened, feed, after_ms))
        loops[0].run()


def report(name: str, ways: list[Way]) -> float:
    """Print the distribution of one kind of order; its 99th percentile."""
    own = np.array([way.own_ms for way in ways])
    if not len(own):
        print(f"  {name}: none")
        return 0.0
    p50, p99 = np.percentile(own, [50, 99])
    print(f"  {name}: {len(own)} orders, p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {own.max():.1f} ms")
    return float(p99)


def report_parts(ways: list[Way]) -> None:
    """Print where the time of entries goes."""
    parts = {
        "bar -> decided": [(way.decided_ns - way.bar_ns) / 1e6 for way in ways],
        "decided -> in the journal": [(way.kept_ns - way.decided_ns) / 1e6 for way in ways],
        "in the journal -> on the wire": [(way.wire_ns - way.kept_ns) / 1e6 for way in ways],
    }
    parts["until it was in the journal, computing in the trader"] = [way.cpu_ns / 1e6 for way in ways]
    for name, found in parts.items():
        p50, p99 = np.percentile(found, [50, 99])
        print(f"    {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--burst", action="store_true", help="all ten symbols enter and leave at once")
    parser.add_argument("--quiet", action="store_true", help="only without an ingest")
    parser.add_argument("--beside", action="store_true", help="only with an ingest")
    arguments = parser.parse_args()
    for beside in (False, True):
        if (beside and arguments.quiet) or (not beside and arguments.beside):
            continue
        with tempfile.TemporaryDirectory() as folder:
            ways, done = trade(Path(folder), arguments.orders, arguments.burst, beside)
        words = "nothing beside it"
        if beside:
            words = f"an ingest of {ROWS:,} rows beside it, {len(done)} of them done" + (
                f" in {np.median(done):.1f} s each" if done else ""
            )
        words += f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        print(f"{'all ten symbols at once' if arguments.burst else 'one symbol at a time'}, {words}")
        sent = [way for way in ways if way.wire_ns]
        entries = [way for way in sent if way.entry]
        p99 = report("entries", entries)
        if entries and not arguments.burst:
            report_parts(entries)
        report("exits, the stop taken off first", [way for way in sent if not way.entry])
        print(f"  p99 of entries over the {WANTED_MS:.0f} ms that are wanted: {p99 / WANTED_MS:.2f}")


if __name__ == "__main__":
    main()
