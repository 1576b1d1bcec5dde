"""The same candles traded twice: on the paper venue, and by the live loop at a Kraken of this machine, whose prices,
stops and fills follow the bars. Prints both books side by side.

    python benchmarks/venue_replay.py [--data DOGEUSDT_5m.parquet] [--bars 2000] [--taker 0.0004] [--cost-share 1.0]

Without --data the bars are of the simulated market.

Time passes at the venue as the bars say, so that days take minutes. Within a bar the price goes from the open to the
low, to the high and to the close: the order that the paper venue assumes of a long position. A bar is told of when the
next one opens, and what is then sent meets the next open plus and minus half a spread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from venue_server import VenueServer, open_client, venue

from memesnipe_cli.clock import DAY_MS, format_time, parse_time
from memesnipe_cli.engine.run import default_cache_dir
from memesnipe_cli.engine.session import SessionRequest, run_session
from memesnipe_cli.engine.trades import TradeRecord
from memesnipe_cli.live import loop
from memesnipe_cli.live.loop import LiveLoop
from memesnipe_cli.live.request import LiveRequest
from memesnipe_cli.live.starting import open_live
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote
from memesnipe_cli.market.simulated_ingest import ingest_simulation
from memesnipe_cli.market.venue_session import VenueSession
from memesnipe_cli.profile import Profile
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import SIMULATED_VENUE, Candles, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy, load
from memesnipe_cli.venues import one_key
from memesnipe_cli.venues.kraken import Kraken

SYMBOL = "DOGE/USD"
VENUE: Literal["kraken"] = "kraken"
BASE_MS = 300_000
WARM_UP = 6_000  # bars: more than momentum_5m warms up on
HALF_SPREAD = Decimal("0.0005")
CAPITAL = Decimal(5_000)
LOOKS = 3  # of the loop at each price of a bar, while something is held or rests
STEPS = 20  # from one price of a bar to the next
LATE_MS = 200  # how long after its close a bar is told of
KEY_USE = {"venue": VENUE, "name": "trade", "fingerprint": "benchmark", "purpose": "live start"}


class ReplayFeed:
    """A LiveFeed that plays bars at the venue itself: see tests/live/live_cases.py."""

    def __init__(self, server: VenueServer, candles: Candles) -> None:
        self._server = server
        self._candles = candles
        self._steps = self._play()
        self._ended = False

    def start(self, after_ms: int) -> None:
        """See LiveFeed: the store has all that was before."""

    def wait(self, seconds: float) -> list[BarsClosed]:
        """See LiveFeed: the next moment."""
        found = next(self._steps, None)
        self._ended = found is None
        return found or []

    def quote(self, symbol: str) -> Quote | None:
        """See LiveFeed: what the venue shows."""
        _, shown = self._server.shown(symbol)
        return Quote(symbol, shown.bid, shown.ask)

    def age_ms(self, symbol: str) -> float | None:
        """See LiveFeed."""
        return 0.0

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """See LiveFeed."""
        return self.quote(symbol)

    def state(self) -> FeedState:
        """See LiveFeed."""
        return FeedState("tape", 0, ended=self._ended)

    def close(self) -> None:
        """See LiveFeed."""

    def show(self, price: float) -> None:
        """The market stands at a price."""
        tick = self._server.instruments[SYMBOL].tick
        middle = Decimal(repr(price))
        half = (middle * HALF_SPREAD / tick).to_integral_value() * tick
        self._server.price(SYMBOL, middle - half, middle + half, middle)

    def _play(self) -> Iterator[list[BarsClosed]]:
        candles = self._candles
        for place in range(len(candles)):
            ts = int(candles.ts[place])
            names = ("open", "high", "low", "close", "volume")
            opened, high, low, close, volume = (float(getattr(candles, name)[place]) for name in names)
            before = opened
            for share, price in enumerate((opened, low, high, close) if self._busy() else ()):
                self._until(ts + LATE_MS + share * BASE_MS // 4)
                # On its way there it meets the stop: it does not jump over it.
                for passed in np.linspace(before, price, STEPS + 1)[1:]:
                    self.show(round(float(passed), 7))
                before = price
                yield from self._looks()
            self._until(ts + BASE_MS)
            if place + 1 < len(candles):
                self.show(float(candles.open[place + 1]))
            self._until(ts + BASE_MS + LATE_MS)
            yield [BarsClosed(ts, (ClosedBar(SYMBOL, ts, opened, high, low, close, volume),))]
            # What was sent just now is followed up at the price that it met.
            if self._busy():
                yield from self._looks()
        yield from self._looks()

    def _busy(self) -> bool:
        """Whether anything of ours is held or rests: else nothing can happen within a bar."""
        return bool(self._server.open_orders()) or any(self._server.oracle.positions().values())

    def _looks(self) -> Iterator[list[BarsClosed]]:
        for _ in range(LOOKS):
            yield []
            self._server.advance(1.0)

    def _until(self, ms: int) -> None:
        self._server.advance(max(0, ms - self._server.now_ms()) / 1000)


@dataclass(frozen=True)
class Case:
    """What is compared. taker: the fee at both venues; cost_share: the largest share of a stop's distance that a round
    trip may cost."""

    candles: Candles
    taker: Decimal
    cost_share: float
    params: list[str]

    @property
    def strategies(self) -> list[LoadedStrategy]:
        """momentum_5m, with the parameters that were asked for."""
        return [load("momentum_5m", dict(each.split("=", 1) for each in self.params))]

    @property
    def since_ms(self) -> int:
        """The first bar that is decided on."""
        return int(self.candles.ts[WARM_UP])

    def profile(self, kind: str, base_url: str) -> Profile:
        """The settings of both: only the kind differs."""
        limits: dict[str, Any] = {"max_cost_share": self.cost_share, "allow_looser": self.cost_share > 0.25}
        venue = {"base_url": base_url, "taker_fee": float(self.taker), "half_spread": float(HALF_SPREAD)}
        return Profile.model_validate(
            {
                "name": "replay",
                "kind": kind,
                "account": {"venue": VENUE, "capital": str(CAPITAL)},
                "limits": limits,
                # As seldom as it may be: what is older than 15 minutes keeps entries back.
                "monitoring": {"reconcile_seconds": 600, "elevated_reconcile_seconds": 600},
                "venues": {VENUE: venue, "default": {}},
            }
        )


def read(path: Path, bars: int) -> Candles:
    """The last bars of a parquet file with ts (ms), open, high, low, close and volume."""
    table = pq.read_table(path)
    table = table.slice(max(0, table.num_rows - bars - WARM_UP))
    columns = {name: np.ascontiguousarray(table[name].to_numpy()) for name in table.column_names}
    prices = [columns[name].astype(float) for name in ("open", "high", "low", "close", "volume")]
    return Candles(SeriesKey(VENUE, SYMBOL, "5m"), columns["ts"].astype(np.int64), *prices)


def simulated(bars: int) -> Candles:
    """So many bars of the simulated DOGE, under the venue's name."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        days = -(-(bars + WARM_UP) * BASE_MS // DAY_MS)
        ingest_simulation(store, seed=7, days=days, start_ms=parse_time("2025-01-01"), symbols=[SYMBOL])
        candles = store.lake.read_candles(SeriesKey(SIMULATED_VENUE, SYMBOL, "5m"))
    return part(replace(candles, key=SeriesKey(VENUE, SYMBOL, "5m")), 0, bars + WARM_UP)


def part(candles: Candles, begin: int, end: int) -> Candles:
    """The bars from one place to another."""
    names = ("open", "high", "low", "close", "volume")
    columns = [np.ascontiguousarray(getattr(candles, name)[begin:end]) for name in names]
    return Candles(candles.key, candles.ts[begin:end].copy(), *columns)


def on_paper(case: Case, folder: Path, base_url: str) -> tuple[list[TradeRecord], Decimal, Counter[str]]:
    """(trades, equity, refusals by reason) of the paper venue."""
    store = _store(folder, base_url, case.candles)
    refused: Counter[str] = Counter()
    done = run_session(
        SessionRequest(
            strategies=case.strategies,
            symbols=[SYMBOL],
            venue=VENUE,
            since_ms=case.since_ms,
            until_ms=None,
            capital=CAPITAL,
            profile=case.profile("paper", base_url),
            store=store,
            cache_dir=default_cache_dir(),
            on_line=lambda kind, body: _count(refused, kind, body),
        )
    )
    return done.trades, _equity(done.state), refused


def at_the_venue(
    case: Case, folder: Path, server: VenueServer
) -> tuple[list[TradeRecord], Decimal, Counter[str], list[str]]:
    """(trades, equity, refusals by reason, what was said) of the live loop."""
    store = _store(folder, server.base_url, part(case.candles, 0, WARM_UP))
    feed = ReplayFeed(server, part(case.candles, WARM_UP, len(case.candles)))
    server.advance((case.since_ms - server.now_ms()) / 1000)
    feed.show(float(case.candles.open[WARM_UP]))
    client = open_client(server, options={"maxRetriesOnFailure": 0})
    # Time goes by in jumps at this venue: what is signed must carry its time.
    client.seconds, client.milliseconds = lambda: server.now_ms() // 1000, server.now_ms
    kraken = Kraken(client)
    # So must the questions come back that the venue allows.
    for shared in one_key._shared.values():
        shared.budget._refill_s = 0.0
    said: list[str] = []
    refused: Counter[str] = Counter()
    request = LiveRequest(
        strategies=case.strategies,
        symbols=[SYMBOL],
        venue=VENUE,
        capital=CAPITAL,
        profile=case.profile("live", server.base_url),
        store=store,
        cache_dir=default_cache_dir(),
        account="live",
        without_promotion="a benchmark",
        say=said.append,
        on_line=lambda kind, body: _count(refused, kind, body),
        now=server.now_ms,
    )
    loop.PRODUCTS_EVERY_S = 800.0  # as seldom as it may be: a question a minute makes days long
    loops: list[LiveLoop] = []
    after_ms = case.since_ms - BASE_MS
    journal = store.journal("live")
    with journal.held():
        opened = open_live(
            request,
            kraken,
            feed,
            journal,
            after_ms,
            KEY_USE,
            lambda: bool(loops) and not loops[0].stopping,
            monotonic=lambda: server.now_us() / 1e6,
        )
        loops.append(LiveLoop(request, opened, feed, after_ms))
        done = loops[0].run()
    if done.left:
        said.append(f"left: {'; '.join(done.left)}")
    return done.trades, _equity(done.state), refused, said


def _store(folder: Path, base_url: str, candles: Candles) -> Store:
    store = Store(folder)
    store.lake.write_candles(candles, source="replay")
    session = VenueSession(
        VENUE, base_url, deadline_s=30.0, timeout_s=10.0, say=lambda words: print(f"  ({words})")
    )
    session.prepare(store, SYMBOL)
    return store


def _count(refused: Counter[str], kind: str, body: Any) -> None:
    if kind == "refusal":
        gate = body.get("gate")
        refused[str(body["reason"]) + (f" ({gate['check']}: {gate['message']})" if gate else "")] += 1


def _equity(state: Any) -> Decimal:
    return Decimal(CAPITAL) if state.mark is None else Decimal(str(state.mark["equity"]))


def report(
    name: str, trades: Sequence[TradeRecord], equity: Decimal, refused: Counter[str], seconds: float
) -> None:
    """Print one book in a few lines."""
    pnl, fees = sum(each.pnl for each in trades), sum(each.fees for each in trades)
    signals = len(trades) + sum(refused.values())
    print(
        f"{name}: {len(trades)} trades, P&L {pnl:.4f}, fees {fees:.4f}, equity {equity:.4f}, {seconds:.0f} s"
    )
    print(
        f"  signals {signals}; refused: "
        + ("; ".join(f"{n} {why}" for why, n in refused.most_common()) or "none")
    )


def compare(paper: Sequence[TradeRecord], live: Sequence[TradeRecord]) -> None:
    """Print both books side by side, by the bar of the entry."""
    theirs = {each.entry_ms: each for each in live}
    ours = {each.entry_ms: each for each in paper}
    same_exit, entry_bps, exit_bps = 0, [], []
    print(
        f"{'entry':20} {'paper: in':>10} {'out':>9} {'P&L':>8} {'by':>7} | {'venue: in':>10} {'out':>9} {'P&L':>8} by"
    )
    for ts in sorted({*ours, *theirs}):
        a, b = ours.get(ts), theirs.get(ts)
        left = (
            f"{a.entry_price:>10.6f} {a.exit_price:>9.6f} {a.pnl:>8.4f} {a.exit_reason:>7}" if a else " " * 37
        )
        right = f"{b.entry_price:>10.6f} {b.exit_price:>9.6f} {b.pnl:>8.4f} {b.exit_reason}" if b else ""
        words = ""
        if a and b:
            entry_bps.append(float((b.entry_price / a.entry_price - 1) * 10_000))
            exit_bps.append(float((b.exit_price / a.exit_price - 1) * 10_000))
            same_exit += (a.exit_ms, a.exit_reason) == (b.exit_ms, b.exit_reason)
            if a.exit_ms != b.exit_ms:
                words = f"  out {format_time(a.exit_ms)[5:16]} / {format_time(b.exit_ms)[5:16]}"
        print(f"{format_time(ts):20} {left} | {right}{words}")
    both = len(entry_bps)
    print(f"{both} entries in both, {len(ours) - both} on paper only, {len(theirs) - both} at the venue only")
    if both:
        print(f"  {same_exit} leave in the same bar for the same reason")
        for name, bps in (("entry", entry_bps), ("exit", exit_bps)):
            most = max(map(abs, bps))
            print(
                f"  {name} prices at the venue over paper: median {np.median(bps):+.2f} bps, most {most:.2f}"
            )


def _put_back(since_ms: int) -> None:
    """Let venues that are opened from now on begin a while before that time: their clocks never go back."""
    back_ns = time.time_ns() - (since_ms - 12 * BASE_MS) * 1_000_000
    venue.time = SimpleNamespace(time_ns=lambda: time.time_ns() - back_ns)  # type: ignore[attr-defined, assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a parquet file of 5m bars")
    parser.add_argument("--bars", type=int, default=2_000)
    parser.add_argument("--taker", type=Decimal, default=Decimal("0.0040"))
    parser.add_argument("--cost-share", type=float, default=0.25)
    parser.add_argument("--param", action="append", default=[], help="of momentum_5m, NAME=VALUE")
    arguments = parser.parse_args()
    bars = arguments.bars
    candles = simulated(bars) if arguments.data is None else read(arguments.data, bars)
    case = Case(candles, arguments.taker, arguments.cost_share, arguments.param)
    _put_back(case.since_ms)
    with (
        tempfile.TemporaryDirectory() as folder,
        VenueServer(VENUE, {"USD": "20000", "DOGE": "5000"}) as server,
    ):
        server.instruments[SYMBOL] = replace(server.instruments[SYMBOL], taker=case.taker, maker=case.taker)
        began = time.monotonic()
        paper, equity, refused = on_paper(case, Path(folder) / "paper", server.base_url)
        first, last = format_time(case.since_ms), format_time(int(case.candles.ts[-1]))
        print(f"{len(case.candles) - WARM_UP} bars of 5m, {first} to {last}; taker fee {case.taker:%}")
        report("paper venue", paper, equity, refused, time.monotonic() - began)
        began = time.monotonic()
        live, equity, refused, said = at_the_venue(case, Path(folder) / "live", server)
        report("loopback Kraken", live, equity, refused, time.monotonic() - began)
        for words, count in Counter(said).most_common(12):
            print(f"  said {count}x: {words}")
        oracle = server.oracle
        print(
            f"  the venue's ledger: doubled {len(oracle.doubled())}, naked {len(oracle.naked_positions())}, "
            f"sold that was not ours {len(oracle.sold_more_than())}"
        )
        compare(paper, live)


if __name__ == "__main__":
    main()
