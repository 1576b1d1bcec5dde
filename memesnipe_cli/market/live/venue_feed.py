"""The live feed of a real venue: WebSocket where it works, REST beside it and in its place, every bar into the lake."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError
from memesnipe_cli.market.live.bar_recorder import BarRecorder, record_bars
from memesnipe_cli.market.live.board import Board
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote
from memesnipe_cli.market.live.rest_link import RestLink, timeframe_of
from memesnipe_cli.market.live.socket_link import SocketLink
from memesnipe_cli.market.venue_session import VenueSession

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store

_PRODUCTS_DEADLINE_S = 60.0
_PRODUCTS_TIMEOUT_S = 20.0
_CLOSE_S = 3.0


class VenueFeed:
    """A LiveFeed of some symbols of one venue; made by `open_feed`."""

    def __init__(
        self, board: Board, rest: RestLink, socket: SocketLink | None, recorder: BarRecorder | None
    ) -> None:
        self._board = board
        self._rest = rest
        self._socket = socket
        self._recorder = recorder

    def start(self, after_ms: int) -> None:
        """See LiveFeed."""
        self._board.start(after_ms)
        self._rest.start()
        if self._socket is not None:
            self._socket.start()

    def wait(self, seconds: float) -> list[BarsClosed]:
        """See LiveFeed."""
        closed = self._board.wait(seconds, time.monotonic)
        if self._recorder is not None:
            for each in closed:
                self._recorder.put(each.bars)
        return closed

    def quote(self, symbol: str) -> Quote | None:
        """See LiveFeed."""
        return self._board.quote(symbol)

    def age_ms(self, symbol: str) -> float | None:
        """See LiveFeed."""
        return self._board.age_ms(symbol)

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """See LiveFeed."""
        return self._rest.refresh(symbol, within_s)

    def state(self) -> FeedState:
        """See LiveFeed."""
        state = self._board.state()
        if self._recorder is not None and self._recorder.problem:
            problem = "; ".join(said for said in (state.problem, self._recorder.problem) if said)
            return replace(state, problem=problem)
        return state

    def close(self) -> None:
        """See LiveFeed. What waits to be stored is stored."""
        self._board.close()
        if self._socket is not None:
            self._socket.close(_CLOSE_S)
        self._rest.close(_CLOSE_S)
        if self._recorder is not None:
            self._recorder.close()


def open_feed(
    venue: str,
    symbols: Sequence[str],
    base_ms: int,
    store: Store,
    *,
    base_url: str | None = None,
    record: bool = True,
    now: Callable[[], int] = clock.now_ms,
    monotonic: Callable[[], float] = time.monotonic,
    say: Callable[[str], None] = lambda text: None,
) -> VenueFeed:
    """A feed of bars of `base_ms` and best prices of `symbols`, any venue ccxt knows; WebSocket on Kraken and Coinbase.

    `base_url`: the profile's address of the venue. `record`: every bar goes into the lake. `now` (ms UTC) and
    `monotonic` (seconds) are the clocks that bars and ages are judged by. Asks the venue for its products, unless they
    are known from the last day: raises NetworkError, UsageError for a venue, symbol or bar length it does not have,
    ConfigError for a base_url that may not be used.
    """
    session = VenueSession(
        venue, base_url, deadline_s=_PRODUCTS_DEADLINE_S, timeout_s=_PRODUCTS_TIMEOUT_S, say=say
    )
    names = list(dict.fromkeys(symbols))
    timeframe = timeframe_of(base_ms)
    known = session.exchange.timeframes or {}
    if not session.exchange.has.get("fetchOHLCV") or timeframe not in known:
        raise UsageError(
            f"{venue} has no {timeframe} candles" + (f", only {', '.join(known)}" if known else ""),
            "take a finer timeframe that it has",
        )
    for name in names:
        session.prepare(store, name)
    recorder = record_bars(store, venue, base_ms) if record else None

    def late(bar: ClosedBar) -> None:
        if recorder is not None:
            recorder.put([bar])

    board = Board(names, base_ms, now=now, monotonic=monotonic, late=late)
    socket = SocketLink.for_venue(board, session.exchange, base_url)
    return VenueFeed(board, RestLink(board, session.exchange, base_url, timeframe), socket, recorder)
