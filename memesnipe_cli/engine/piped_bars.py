"""Candles that come down a pipe as they close: which series they are, and what a run needs of them before it begins."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.errors import DataError
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, LiveFeed
from memesnipe_cli.records import time_value
from memesnipe_cli.store.tables import Candles, SeriesKey

_BLOCK = 1 << 16
_TOGETHER_S = 2.0  # records of one time come within the close grace of a bar
_WAIT_S = 0.1
_HINT = "pipe in what `memesnipe ingest stream --jsonl` writes"


class Lines:
    """The lines of a file descriptor, as soon as each is there; `ready` looks whether one is without waiting for it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self._whole: list[bytes] = []
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        """Each line with its end; the last one may lack it."""
        while True:
            while not self._whole and not self._ended:
                self._read()
            if not self._whole:
                return
            yield self._whole.pop(0)

    def ready(self, seconds: float) -> bool:
        """Whether a line is there within so long."""
        give_up = time.monotonic() + seconds
        while not self._whole and not self._ended:
            left = give_up - time.monotonic()
            if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
                return False
            self._read()
        return bool(self._whole)

    def _read(self) -> None:
        block = os.read(self._descriptor, _BLOCK)
        if not block:
            self._ended = True
            self._whole += [self._rest] if self._rest else []
            return
        *whole, self._rest = (self._rest + block).split(b"\n")
        self._whole += [line + b"\n" for line in whole]


@dataclass(frozen=True)
class PipeHead:
    """What a pipe begins with: the series of its first moment, and the lines that were read to know it."""

    venue: str
    symbols: list[str]
    base_ms: int
    first_ms: int
    lines: list[bytes]


def read_head(lines: Lines) -> PipeHead:
    """Read up to the end of the first moment: until a later bar comes, or nothing more for the close grace.

    Raises DataError where no candle comes, or a line that is no record.
    """
    read: list[bytes] = []
    key: SeriesKey | None = None
    symbols: list[str] = []
    first_ms = 0
    source = iter(lines)
    while key is None or lines.ready(_TOGETHER_S):
        line = next(source, None)
        if line is None:
            break
        read.append(line)
        found = _candle(line, len(read))
        if found is None:
            continue
        ts = time_value(found[1])
        if key is None:
            key, first_ms = found[0], ts
        if ts != first_ms or found[0].symbol in symbols:
            break
        symbols.append(found[0].symbol)
    if key is None:
        raise DataError("the pipe holds no candle record", _HINT)
    return PipeHead(key.venue, symbols, timeframe_ms(key.timeframe), first_ms, read)


def _candle(line: bytes, number: int) -> tuple[SeriesKey, Any] | None:
    """(series, time) of a candle record; None for a record of another type, or an empty line."""
    import orjson

    if not line.strip():
        return None
    try:
        found = orjson.loads(line)
        if found["type"] != "candle":
            return None
        return SeriesKey(str(found["venue"]), str(found["symbol"]), str(found["timeframe"])), found["ts"]
    except orjson.JSONDecodeError as error:
        raise DataError(f"line {number} is not JSON: {error}", _HINT) from None
    except (KeyError, TypeError) as error:
        raise DataError(f"line {number} is not a record: {error}", _HINT) from None


def warm_up_from(
    feed: LiveFeed, span_ms: int, should_stop: Callable[[], bool]
) -> tuple[list[BarsClosed], list[BarsClosed]] | None:
    """(what goes into the warm-up, the moment at which the run begins and what came with it): taken from the feed until
    so much time lies between the first and the last; None where a stop is asked for. Raises DataError where the feed
    ends before."""
    taken: list[BarsClosed] = []
    while not should_stop():
        found = feed.wait(_WAIT_S)
        for number, closed in enumerate(found):
            if taken and closed.ts - taken[0].ts >= span_ms:
                return taken, found[number:]
            taken.append(closed)
        if not found and feed.state().ended:
            bars = len(taken)
            raise DataError(
                f"the pipe ended after {bars} bar{'' if bars == 1 else 's'}, before the strategies had warmed up",
                "ingest history first, or pipe in more",
            )
    return None


def as_candles(venue: str, timeframe: str, moments: list[BarsClosed]) -> list[Candles]:
    """Bars of all symbols as one series each."""
    bars: dict[str, list[ClosedBar]] = {}
    for closed in moments:
        for bar in closed.bars:
            bars.setdefault(bar.symbol, []).append(bar)
    return [
        Candles(
            SeriesKey(venue, symbol, timeframe),
            np.array([bar.ts for bar in found], dtype=np.int64),
            *_columns(found),
        )
        for symbol, found in bars.items()
    ]


def _columns(bars: list[ClosedBar]) -> tuple[Any, Any, Any, Any, Any]:
    open_, high, low, close, volume = (
        np.array([getattr(bar, name) for bar in bars], dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    )
    return open_, high, low, close, volume
