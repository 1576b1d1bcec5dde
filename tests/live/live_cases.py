"""The real loop on the hostile venue: bars that are known beforehand are played at the venue, whose prices, stops and
fills follow them, and the loop trades what its strategy says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from venue_server import BookedTrade, Books, VenueServer, open_client

from memesnipe_cli.clock import MINUTE_MS, floor_to
from memesnipe_cli.live.loop import LiveLoop
from memesnipe_cli.live.request import LiveRequest, LiveRun
from memesnipe_cli.live.starting import Opened, open_live
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote
from memesnipe_cli.profile import Profile
from memesnipe_cli.risk.latch import Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey
from memesnipe_cli.strategies.registry import LoadedStrategy, load
from memesnipe_cli.venues.coinbase import Coinbase
from memesnipe_cli.venues.kraken import Kraken
from memesnipe_cli.venues.order_fold import OrderFold

D = Decimal
SYMBOL = "DOGE/USD"
CLASSES = {"kraken": Kraken, "coinbase": Coinbase}
FAST = {"timeout_s": 0.6, "read_deadline_s": 2.0, "order_timeout_s": 0.6}
HISTORY = 1500  # bars: a day and a bit, for the turnover of 24 hours
KEY_USE = {"venue": "kraken", "name": "trade", "fingerprint": "test", "purpose": "live start"}

# Long after a bar that rose, out after one that fell; the stop 10 % below, the target 10 % above.
STRATEGY = '''
from typing import Any

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal


class UpDown(Strategy):
    """Long after a bar that rose, out after one that fell."""

    name = "up_down"
    summary = "For tests."
    family = "momentum"
    timeframe = "1m"
    tags = {1: "rose"}

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return 2

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.005, target_r=1.0)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        if bar.close > bar.open:
            return signal(enter=1, stop=0.1 * bar.close)
        if bar.close < bar.open:
            return signal(exits=1)
        return signal()
'''


def strategy(folder: Path, text: str = STRATEGY, name: str = "UpDown") -> LoadedStrategy:
    """The strategy, from a file of its own."""
    path = folder / f"{name.lower()}.py"
    path.write_text(text, encoding="utf-8")
    return load(f"{path}:{name}", {})


@dataclass(frozen=True)
class Bar:
    """Prices of one minute of DOGE/USD."""

    open: str
    high: str
    low: str
    close: str

    @classmethod
    def to(cls, opened: str, close: str, *, low: str | None = None, high: str | None = None) -> Bar:
        """From one price to another, with nothing beyond them unless said."""
        lowest, highest = sorted((opened, close))
        return cls(opened, high or highest, low or lowest, close)


class VenueFeed:
    """A LiveFeed that plays bars at the venue itself: time passes there, prices move there, stops are set off there.
    `idle`: how often the loop looks at nothing new between two bars; `moves`: called in the middle of a bar."""

    def __init__(
        self,
        server: VenueServer,
        bars: Sequence[Bar],
        begin_ms: int,
        idle: int = 4,
        moves: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._server = server
        self._bars = bars
        self._begin = begin_ms
        self._idle = idle
        self._moves = moves
        self._steps = self._play()
        self._ended = False
        self.blind = False

    def start(self, after_ms: int) -> None:
        """Nothing is fetched: the store has all that was before."""

    def wait(self, seconds: float) -> list[BarsClosed]:
        """The next moment."""
        found = next(self._steps, None)
        if found is None:
            self._ended = True
            return []
        return found

    def quote(self, symbol: str) -> Quote | None:
        """What the venue shows."""
        if self.blind:
            return None
        _, shown = self._server.shown(symbol)
        return Quote(symbol, shown.bid, shown.ask)

    def age_ms(self, symbol: str) -> float | None:
        """Fresh."""
        return None if self.blind else 0.0

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """The same."""
        return self.quote(symbol)

    def state(self) -> FeedState:
        """By tape."""
        return FeedState("tape", 0, ended=self._ended)

    def close(self) -> None:
        """Nothing is open."""

    def _play(self) -> Iterator[list[BarsClosed]]:
        for number, bar in enumerate(self._bars):
            ts = self._begin + number * MINUTE_MS
            for price in (bar.open, bar.low, bar.high):
                self._quote(price)
                self._pass(ts + MINUTE_MS, 0.3)
                self._moves(number)
                for _ in range(self._idle):
                    yield []
                    self._server.advance(0.5)
            self._quote(bar.close)
            self._pass(ts + MINUTE_MS, 1.0)
            prices = [float(each) for each in (bar.open, bar.high, bar.low, bar.close)]
            yield [BarsClosed(ts, (ClosedBar(SYMBOL, ts, *prices, 1_000_000.0),))]
        for _ in range(40):
            yield []
            self._server.advance(0.5)

    def _pass(self, until_ms: int, share: float) -> None:
        left = max(0, until_ms + 200 - self._server.now_ms())
        self._server.advance(left * share / 1000)

    def _quote(self, price: str) -> None:
        mid = D(price)
        self._server.price(SYMBOL, mid - D("0.0001"), mid + D("0.0001"))


@dataclass
class Rig:
    """A venue with the user's own coins, a store with history, and one loop after another on them."""

    server: VenueServer
    folder: Path
    strategies: list[LoadedStrategy] = field(default_factory=list)
    profile: Profile = field(init=False)
    said: list[str] = field(default_factory=list)
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    begin_ms: int = 0
    stop: bool = False

    def __post_init__(self) -> None:
        self.store = Store(self.folder / "store")
        self.strategies = self.strategies or [strategy(self.folder)]
        # Halves of a second pass on the venue's clock between two looks: nothing may run from minute to minute here.
        now = self.server.now_ms()
        self.server.advance((MINUTE_MS - now % MINUTE_MS) / 1000)
        self.begin_ms = floor_to(self.server.now_ms(), MINUTE_MS)
        self.profile = live_profile(self.server.dialect, self.server.base_url)
        self._write_history()
        client = open_client(self.server, timeout_ms=600, options={"maxRetriesOnFailure": 0})
        # Time passes quicker at this venue: what is signed must carry its time.
        client.seconds = lambda: self.server.now_ms() // 1000
        client.milliseconds = self.server.now_ms
        self.venue = CLASSES[self.server.dialect](client, **FAST)

    def request(self, **changed: Any) -> LiveRequest:
        """Trade up_down with 200 dollars."""
        asked = LiveRequest(
            strategies=self.strategies,
            symbols=[SYMBOL],
            venue=self.server.dialect,
            capital=D(200),
            profile=self.profile,
            store=self.store,
            cache_dir=self.folder / "kernels",
            account="live",
            without_promotion="a test",
            say=self.said.append,
            on_line=lambda kind, body: self.lines.append((kind, dict(body))),
            should_stop=lambda: self.stop,
            now=self.server.now_ms,
        )
        return replace(asked, **changed)

    def open(self, feed: VenueFeed, **changed: Any) -> tuple[LiveLoop, Opened]:
        """A loop, ready to run."""
        request = self.request(**changed)
        loops: list[LiveLoop] = []
        opened = open_live(
            request,
            self.venue,
            feed,
            self.store.journal("live"),
            self.begin_ms - MINUTE_MS,
            KEY_USE,
            lambda: bool(loops) and not loops[0].stopping,
            monotonic=lambda: self.server.now_us() / 1_000_000,
        )
        loop = LiveLoop(request, opened, feed, self.begin_ms - MINUTE_MS)
        loops.append(loop)
        return loop, opened

    def trade(self, *bars: Bar, **changed: Any) -> LiveRun:
        """Play these bars to a loop of its own, from where the last one ended; they are in the store then."""
        moves = changed.pop("moves", lambda number: None)
        feed = VenueFeed(self.server, bars, self.begin_ms, moves=moves)
        with self.store.journal("live").held():
            loop, _ = self.open(feed, **changed)
            done = loop.run()
        self.keep(bars)
        return done

    def keep(self, bars: Sequence[Bar]) -> None:
        """Put bars into the store, as the recorder does, and let time go on behind them."""
        rows = [[float(each) for each in (bar.open, bar.high, bar.low, bar.close)] for bar in bars]
        self._write(self.begin_ms, np.array(rows))
        self.begin_ms += len(bars) * MINUTE_MS
        self.server.advance(max(0, self.begin_ms - self.server.now_ms()) / 1000)
        self.begin_ms = max(self.begin_ms, floor_to(self.server.now_ms(), MINUTE_MS))

    def trip(self, level: Level) -> None:
        """A person sets a level, from another process."""
        since = "2026-01-01T00:00:00Z"
        LatchFile(self.store.paths, "live").trip(
            ACCOUNT, Hold(level, "manual", "a test", since, "person", None)
        )

    def book(self) -> Any:
        """Our orders and lots, as the journal tells them."""
        return self.store.journal("live").replay(OrderFold())

    def assert_whole(self) -> None:
        """Book and venue agree to the last digit: trades, open orders, balances; nothing doubled, nothing sold that is
        not ours, nothing naked."""
        oracle, book = self.server.oracle, self.book()
        assert not oracle.doubled()
        assert not oracle.strangers()
        assert not oracle.sold_more_than()
        assert not oracle.naked_positions()
        trades = {}
        for kind, body in ((e.kind, e.body) for e in self.store.journal("live").entries()):
            if kind == "fill" and "event" not in body:
                trades[body["venue_trade_id"]] = BookedTrade(
                    body["order"],
                    body["side"],
                    D(body["qty"]),
                    D(body["price"]),
                    D(body["fee"]),
                    body["fee_currency"],
                )
        open_orders = {each.intent.id: each.left for each in book.live()}
        oracle.assert_books_agree(Books(trades=trades, open_orders=open_orders))

    def _write_history(self) -> None:
        first = self.begin_ms - HISTORY * MINUTE_MS
        self._write(first, np.full((HISTORY, 4), 0.1))

    def _write(self, first_ms: int, prices: Any) -> None:
        ts = first_ms + MINUTE_MS * np.arange(len(prices), dtype=np.int64)
        columns = [np.ascontiguousarray(prices[:, place]) for place in range(4)]
        key = SeriesKey(self.server.dialect, SYMBOL, "1m")
        self.store.lake.write_candles(
            Candles(key, ts, *columns, np.full(len(ts), 1_000_000.0)), source="test"
        )


def live_profile(venue: str, base_url: str) -> Profile:
    """A live profile that trades at a venue of this machine."""
    return Profile.model_validate(
        {
            "name": "test",
            "kind": "live",
            "account": {"venue": venue, "capital": "200"},
            "venues": {venue: {"base_url": base_url}, "default": {}},
        }
    )
