"""A live feed on a hostile venue of this machine, on the venue's clock, which a test moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from venue_server import VenueServer

from memesnipe_cli.market.ccxt_client import open_venue
from memesnipe_cli.market.live.bar_recorder import BarRecorder
from memesnipe_cli.market.live.board import Board
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar
from memesnipe_cli.market.live.rest_link import RestLink, share_markets
from memesnipe_cli.market.live.socket_link import SocketLink
from memesnipe_cli.market.live.venue_feed import VenueFeed
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import SeriesKey

MINUTE_MS = 60_000
SYMBOL, OTHER = "DOGE/USD", "BTC/USD"
DIALECTS = ("kraken", "coinbase")
PATIENCE_S = 8.0


@cache
def known_products(dialect: str) -> Any:
    """A client that has loaded the products once for all tests."""
    with VenueServer(dialect) as venue:  # type: ignore[arg-type]
        client = open_venue(dialect, venue.base_url, 5.0)
        client.enableRateLimit = False
        client.load_markets()
        return client


class LiveCase:
    """A venue and a feed on it; `given` is everything that the loop got."""

    def __init__(self, venue: VenueServer, feed: VenueFeed, symbols: tuple[str, ...], store: Store) -> None:
        self.venue = venue
        self.feed = feed
        self.symbols = symbols
        self.store = store
        self.given: list[BarsClosed] = []
        self.began_ms = venue.now_ms() // MINUTE_MS * MINUTE_MS

    def until(self, what: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Let the loop run until so; fails after so many seconds."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, (
                f"{self.feed.state()} {self.given[-3:]} {self.venue.now_ms() % MINUTE_MS}"
            )
            self.given += self.feed.wait(0.02)

    def until_source(self, source: str, seconds: float = PATIENCE_S) -> None:
        """Let the loop run until the data come so."""
        self.until(lambda: self.feed.state().source == source, seconds)

    def to_second(self, second: float) -> None:
        """Move the clock to this second of the running minute."""
        left = second - self.venue.now_ms() % MINUTE_MS / 1000.0
        if left > 0:
            self.advance(left)

    def advance(self, seconds: float) -> None:
        """Move the clock, once what was sent before has arrived: it must not look as if it had been on its way for
        so long."""
        time.sleep(0.03)
        self.venue.advance(seconds)

    def next_bars(self, seconds: float = PATIENCE_S) -> BarsClosed:
        """End the running minute and return what the loop gets of it."""
        ts = self.venue.now_ms() // MINUTE_MS * MINUTE_MS
        self.to_second(60.0)
        self.until(lambda: bool(self.given) and self.given[-1].ts >= ts, seconds)
        return next(each for each in self.given if each.ts == ts)

    def traded(self, symbol: str = SYMBOL) -> dict[int, tuple[float, ...]]:
        """What the venue's own trades make of each minute: open, high, low, close, volume."""
        bars = self.venue.market.bars(symbol, 60, self.venue.now_us())
        return {
            start * 1000: tuple(float(x) for x in (bar.open, bar.high, bar.low, bar.close, bar.volume))
            for start, bar in bars.items()
        }

    def got(self, symbol: str = SYMBOL) -> dict[int, tuple[float, ...]]:
        """The bars of a symbol that the loop got."""
        return {each.ts: values(bar) for each in self.given for bar in each.bars if bar.symbol == symbol}

    def stored(self, symbol: str = SYMBOL) -> dict[int, tuple[float, ...]]:
        """The bars of a symbol in the lake, once the feed is closed."""
        key = SeriesKey(self.venue.dialect, symbol, "1m")
        candles = self.store.lake.read_candles(key)
        columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return dict(zip(candles.ts.tolist(), rows, strict=True))

    def assert_in_order(self) -> None:
        """Each time once, and none left out."""
        times = [each.ts for each in self.given]
        assert times == list(range(times[0], times[0] + len(times) * MINUTE_MS, MINUTE_MS)) if times else True


def values(bar: ClosedBar) -> tuple[float, ...]:
    """Open, high, low, close, volume."""
    return bar.open, bar.high, bar.low, bar.close, bar.volume


@contextmanager
def live_case(
    dialect: str,
    folder: Path,
    symbols: tuple[str, ...] = (SYMBOL, OTHER),
    *,
    pace: float = 3.0,
    begin: str = "websocket",
    prepare: Callable[[VenueServer], None] = lambda venue: None,
) -> Iterator[LiveCase]:
    """A feed of one-minute bars that has begun: five seconds into a minute, some trades before it."""
    known = known_products(dialect)
    with VenueServer(dialect, beat_s=0.05) as venue:  # type: ignore[arg-type]
        for symbol in symbols:
            venue.trade(symbol, venue.shown(symbol)[1].last, 1)
        venue.advance(65.0 - venue.now_ms() % MINUTE_MS / 1000.0)
        venue.pace(pace)
        prepare(venue)
        store = Store(folder)
        exchange = open_venue(dialect, venue.base_url, 5.0)
        share_markets(known, exchange)
        recorder = BarRecorder(store, dialect, MINUTE_MS)
        board = Board(
            symbols,
            MINUTE_MS,
            now=venue.now_ms,
            monotonic=lambda: venue.now_us() / 1e6,
            late=lambda bar: recorder.put([bar]),
        )
        rest = RestLink(board, exchange, venue.base_url, "1m")
        socket = SocketLink.for_venue(board, exchange, venue.base_url, patience_s=1.2)
        feed = VenueFeed(board, rest, socket, recorder)
        case = LiveCase(venue, feed, symbols, store)
        try:
            feed.start(case.began_ms - MINUTE_MS)
            if begin:
                case.until_source(begin)
            yield case
        finally:
            feed.close()
