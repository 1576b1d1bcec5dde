"""A live feed of `candle` records that come down a pipe, as `memesnipe ingest stream --jsonl` writes them."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import IO, Any

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError, MemesnipeError
from memesnipe_cli.market.live.bar_ledger import CLOSE_GRACE_MS
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState
from memesnipe_cli.market.live.last_closes import HALF_SPREAD, LastCloses
from memesnipe_cli.records import RECORD_TYPES, check_version, time_value

# So many bars are read ahead at most: a reader that is slow slows its pipe down instead of filling memory.
_READ_AHEAD = 512
_LOOK_S = 0.2
_HINT = "each line is one record as `memesnipe ingest stream --jsonl` writes it"
_NUMBERS = ("open", "high", "low", "close", "volume")


class PipeFeed(LastCloses):
    """Candles of some symbols (None: of every one that comes) and one bar length from a stream of JSON lines.

    The records must come in order of time, as they close; a symbol's bar that is older than one that was given is
    passed over with a warning, as are records of other types, lengths and symbols. `wait` raises DataError for a line
    that is no record; an unfinished last line is let go. warn: is told each of these once.
    """

    def __init__(
        self,
        stream: IO[bytes] | Iterable[bytes],
        base_ms: int,
        symbols: Sequence[str] | None = None,
        *,
        half_spread: Decimal = HALF_SPREAD,
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        super().__init__(half_spread)
        self._stream = stream
        self._timeframe = clock.timeframe_name(base_ms)
        self._symbols = None if symbols is None else frozenset(symbols)
        self._warn = warn
        self._warned: set[str] = set()
        self._incoming: queue.Queue[ClosedBar | DataError | None] = queue.Queue(_READ_AHEAD)
        self._closing = False
        self._ended = False
        self._after_ms = -1
        self._pending: dict[str, ClosedBar] = {}
        self._pending_since = 0.0
        self._held: ClosedBar | None = None
        self._since_ms = clock.now_ms()
        self._thread = threading.Thread(target=self._read, name="feed-pipe", daemon=True)

    def start(self, after_ms: int) -> None:
        """See LiveFeed."""
        self._after_ms = after_ms
        self._thread.start()

    def wait(self, seconds: float) -> list[BarsClosed]:
        """See LiveFeed. A time is given when every symbol's bar is there, when a later one comes, at the end of the
        stream, or when nothing more has come for the close grace."""
        give_up = time.monotonic() + seconds
        while not self._ended:
            bar = self._next(give_up)
            if bar is None:
                if self._ended or self._is_overdue():
                    return self._give()
                if time.monotonic() >= give_up:
                    return []
                continue
            if self._pending and bar.ts != self._pending_ts():
                self._held = bar
                return self._give()
            if not self._pending:
                self._pending_since = time.monotonic()
            self._pending[bar.symbol] = bar
            if self._symbols is not None and len(self._pending) == len(self._symbols):
                return self._give()
        return []

    def state(self) -> FeedState:
        """See LiveFeed."""
        return FeedState("pipe", self._since_ms, ended=self._ended)

    def close(self) -> None:
        """See LiveFeed. What stands in the pipe is left there."""
        self._closing = True
        self._ended = True

    # --- the loop's side -------------------------------------------------------------------------------------

    def _next(self, give_up: float) -> ClosedBar | None:
        """The next bar that is newer than what was given; None where none comes in time, or at the end."""
        while True:
            if self._held is not None:
                bar, self._held = self._held, None
            else:
                limit = give_up
                if self._pending:
                    limit = min(limit, self._pending_since + CLOSE_GRACE_MS / 1000.0)
                try:
                    came = self._incoming.get(timeout=max(0.0, limit - time.monotonic()))
                except queue.Empty:
                    return None
                if isinstance(came, DataError):
                    self._ended = True
                    raise came
                if came is None:
                    self._ended = True
                    return None
                bar = came
            if bar.ts > self._after_ms and (not self._pending or bar.ts >= self._pending_ts()):
                return bar
            self._say_once("bars that are older than others before them are passed over: sort them by time")

    def _pending_ts(self) -> int:
        return next(iter(self._pending.values())).ts

    def _is_overdue(self) -> bool:
        return bool(self._pending) and (time.monotonic() - self._pending_since >= CLOSE_GRACE_MS / 1000.0)

    def _give(self) -> list[BarsClosed]:
        if not self._pending:
            return []
        ts = self._pending_ts()
        bars = tuple(self._pending.values())
        self._pending = {}
        self._after_ms = ts
        self._closes.update((bar.symbol, bar.close) for bar in bars)
        return [BarsClosed(ts, bars)]

    # --- the reader's side -----------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            for number, line in enumerate(self._stream, 1):
                # Only the last line can come without its end.
                if not line.endswith(b"\n") and line.strip() and not _is_whole(line):
                    self._say_once("the last line of the pipe is unfinished and left out")
                elif not self._take(line, number):
                    return
            self._put(None)
        except (OSError, ValueError) as error:
            self._put(DataError(f"the pipe cannot be read: {error}", _HINT))

    def _take(self, line: bytes, number: int) -> bool:
        """Put the bar of a line on its way; False where nothing more is wanted."""
        if not line.strip():
            return not self._closing
        try:
            bar = self._bar_of(line)
        except MemesnipeError as error:
            self._put(DataError(f"line {number}: {error.message}", error.hint or _HINT))
            return False
        return bar is None or self._put(bar)

    def _bar_of(self, line: bytes) -> ClosedBar | None:
        import orjson

        try:
            found: Any = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise DataError(f"not JSON: {error}", _HINT) from None
        if not isinstance(found, dict) or not isinstance(found.get("type"), str):
            raise DataError(f"not a record: {str(found)[:60]}", _HINT)
        if found["type"] in RECORD_TYPES:
            check_version(found)
        if found["type"] != "candle":
            self._say_once(f"records of type {found['type'][:40]!r} are passed over")
            return None
        return self._candle(found)

    def _candle(self, found: dict[str, Any]) -> ClosedBar | None:
        try:
            symbol, timeframe, ts = found["symbol"], found["timeframe"], time_value(found["ts"])
            numbers = [float(found[name]) for name in _NUMBERS]
        except KeyError as error:
            raise DataError(f"the record has no field {error}", _HINT) from None
        except (TypeError, ValueError):
            raise DataError(f"not a decimal number among {', '.join(_NUMBERS)}", _HINT) from None
        if not isinstance(symbol, str) or not all(math.isfinite(number) for number in numbers):
            raise DataError(f"symbol {symbol!r}, values {numbers}: not a bar", _HINT)
        if timeframe != self._timeframe:
            self._say_once(f"bars of {timeframe} are passed over: {self._timeframe} is wanted")
            return None
        if self._symbols is not None and symbol not in self._symbols:
            self._say_once(f"bars of {symbol} are passed over: not asked for")
            return None
        open_, high, low, close, volume = numbers
        live = found.get("live") is not False
        return ClosedBar(symbol, ts, open_, high, low, close, volume, live)

    def _put(self, what: ClosedBar | DataError | None) -> bool:
        while not self._closing:
            try:
                self._incoming.put(what, timeout=_LOOK_S)
                return True
            except queue.Full:
                continue
        return False

    def _say_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)


def _is_whole(line: bytes) -> bool:
    import orjson

    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
