"""The REST side of a live feed: a few threads that ask what the board wants to know, each with a client of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memesnipe_cli import clock
from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.market.calling import Caller, Deadline, venue_time_ms
from memesnipe_cli.market.candle_pages import wrong_with_candles
from memesnipe_cli.market.ccxt_client import open_venue
from memesnipe_cli.market.live.board import Board
from memesnipe_cli.market.live.prices import quote_of
from memesnipe_cli.market.live.rest_pace import RestJob

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.market.live.feed import Quote

_MARKET_LISTS = (
    "markets", "markets_by_id", "symbols", "ids", "currencies", "currencies_by_id", "codes", "baseCurrencies",
    "quoteCurrencies",
)  # fmt: skip
_BOOK_DEPTH = {"kraken": 10, "coinbase": 10}
_MOST_WORKERS = 3
_CLOSING_TIMEOUT_S = 1.2
_HISTORY_TIMEOUT_S = 8.0
_BOOK_TIMEOUT_S = 2.0
_RATE_LIMIT_PAUSE_S = 5.0
_LOOK_S = 0.05
# One bar more than the running one.
_PAGE = 300
_EXACT_WINDOW = ("coinbase",)


class RestLink:
    """Asks for closed bars, and for best prices where the stream does not bring them."""

    def __init__(self, board: Board, known: ccxt.Exchange, base_url: str | None, timeframe: str) -> None:
        self._board = board
        self._known = known
        self._base_url = base_url
        self._timeframe = timeframe
        self._threads: list[threading.Thread] = []
        self._own = self._client()

    def start(self) -> None:
        """Begin to ask."""
        for number in range(min(_MOST_WORKERS, len(self._board.symbols) + 1)):
            thread = threading.Thread(target=self._work, name=f"feed-rest-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self, seconds: float) -> None:
        """Wait that long for the threads to end; the board has been closed before."""
        for thread in self._threads:
            thread.join(seconds / max(1, len(self._threads)))

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """Ask for the best prices once, now, in the caller's thread; None where no whole answer comes."""
        sent = self._board.monotonic()
        try:
            quote = self._best_prices(self._own, symbol, within_s)
        except MemesnipeError:
            return None
        self._board.refreshed(symbol, quote, sent)
        return quote

    def _client(self) -> ccxt.Exchange:
        """A client of its own that knows the products already."""
        client = open_venue(self._known.id, self._base_url, _HISTORY_TIMEOUT_S)
        # The board keeps the distances between questions; ccxt's own brake would hold closing bars back.
        client.enableRateLimit = False
        share_markets(self._known, client)
        return client

    def _work(self) -> None:
        client = self._client()
        while not self._board.closing:
            job = self._board.next_job(_LOOK_S)
            if job is None:
                continue
            try:
                if job.kind == "bars":
                    self._ask_bars(client, job)
                else:
                    sent = self._board.monotonic()
                    quote = self._best_prices(client, job.symbol, _BOOK_TIMEOUT_S)
                    self._board.book_answered(job, quote, sent)
            except MemesnipeError as problem:
                self._board.failed(job, problem.message, _pause(problem))
            except Exception as problem:
                # Whatever a library makes of a strange answer, this thread must go on asking.
                self._board.failed(job, f"{type(problem).__name__}: {problem}")

    def _ask_bars(self, client: ccxt.Exchange, job: RestJob) -> None:
        step = self._board.base_ms
        last = min(job.last, job.since + (_PAGE - 2) * step)
        asked_ms = self._board.now()
        live = asked_ms - (job.last + step) < 10_000 and job.last == job.since
        timeout_s = _CLOSING_TIMEOUT_S if live else _HISTORY_TIMEOUT_S
        limit = (last - job.since) // step + 2
        # The running bar is asked for, too: it proves that the one before it is over.
        params = {"until": last + step} if client.id in _EXACT_WINDOW else {}
        caller = Caller(client, timeout_s=timeout_s, deadline=Deadline(timeout_s), attempts=1)
        rows: Sequence[Any] = caller(
            lambda: client.fetch_ohlcv(job.symbol, self._timeframe, job.since, limit, params),
            what=f"{self._timeframe} candles of {job.symbol}",
            check=lambda answer: wrong_with_candles(client, answer),
        )
        theirs = venue_time_ms(client.last_response_headers)
        if theirs is not None:
            asked_ms = min(asked_ms, theirs)
        self._board.bars_answered(job, rows, asked_ms, last)

    def _best_prices(self, client: ccxt.Exchange, symbol: str, within_s: float) -> Quote | None:
        caller = Caller(client, timeout_s=within_s, deadline=Deadline(within_s), attempts=1)
        book: dict[str, Any] = caller(
            lambda: client.fetch_order_book(symbol, _BOOK_DEPTH.get(client.id)),
            what=f"the book of {symbol}",
            check=_wrong_with_book,
        )
        return quote_of(symbol, book["bids"], book["asks"], book.get("timestamp"))


def share_markets(known: Any, client: Any) -> None:
    """Give a client the products that another one has loaded."""
    for name in _MARKET_LISTS:
        setattr(client, name, getattr(known, name))


def timeframe_of(base_ms: int) -> str:
    """The name that ccxt has for a bar length."""
    return clock.timeframe_name(base_ms)


def _wrong_with_book(book: Any) -> str | None:
    if not isinstance(book, dict) or not isinstance(book.get("bids"), list):
        return "the answer holds no book"
    for side in ("bids", "asks"):
        for level in (book.get(side) or [])[:1]:
            if len(level) < 2 or not all(isinstance(value, int | float) for value in level[:2]):
                return "a level of the book holds what is no number"
    if not book["bids"] and not book["asks"]:
        return "the book is empty on both sides"
    return None


def _pause(problem: MemesnipeError) -> float:
    import ccxt

    cause = problem.__cause__
    limited = isinstance(cause, ccxt.RateLimitExceeded | ccxt.DDoSProtection)
    return _RATE_LIMIT_PAUSE_S if limited else 0.0
