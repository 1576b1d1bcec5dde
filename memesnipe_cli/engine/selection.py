"""Which stored series a backtest is about when the command line leaves it open."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.store.lake import Lake
    from memesnipe_cli.store.tables import Candles, SeriesKey

_INGEST = "bring some in: memesnipe ingest simulate, memesnipe ingest file, or memesnipe ingest candles"
_SHOWN = 6


def choose_series(
    stored: Iterable[SeriesKey], timeframes: Sequence[str], symbols: Sequence[str], venue: str | None
) -> tuple[str, list[str]]:
    """(venue, symbols) to run on.

    stored: the series there are; timeframes: one per strategy; symbols: as asked for, [] for all that fit;
    venue: as asked for, or None. A series fits where its bars are as fine as every strategy's or build them
    evenly. Raises DataError where nothing is stored or nothing fits, UsageError for a venue or symbol that is
    not stored and where several venues could be meant.
    """
    keys = sorted(stored)
    if not keys:
        raise DataError("no candles are stored", _INGEST)
    keys = _of_venue(keys, venue)
    known = sorted({key.symbol for key in keys})
    for symbol in symbols:
        if symbol not in known:
            raise UsageError(f"symbol {symbol!r} is not stored{_at(venue)}", _nearest(symbol, known))
    wanted = [key for key in keys if not symbols or key.symbol in symbols]
    fitting = [key for key in wanted if _fits(key.timeframe, timeframes)]
    if not fitting:
        there = ", ".join(sorted({key.timeframe for key in wanted}))
        raise DataError(
            f"no stored series has bars for {' and '.join(sorted(set(timeframes)))}: there is {there}",
            _INGEST,
        )
    venues = _venues_with_all(fitting, symbols)
    if len(venues) > 1:
        raise UsageError(
            f"candles of several venues fit: {', '.join(venues)}", f"name one: --venue {venues[0]}"
        )
    if not venues:
        raise UsageError(
            f"no one venue has all of {', '.join(symbols)} in bars that fit",
            "memesnipe ingest list shows what is there",
        )
    chosen = sorted({key.symbol for key in fitting if key.venue == venues[0]})
    return venues[0], list(dict.fromkeys(symbols)) or chosen


def candles_for(
    lake: Lake, key: SeriesKey, span: tuple[int | None, int | None], piped: Sequence[Candles] | None
) -> Candles:
    """The bars of a series between two times: piped ones as they came, or a finer series of them that builds
    `key`; without a pipe, the stored ones at the timeframe of `key`.

    Raises DataError where there are none.
    """
    if piped is None:
        candles = lake.read_candles(key, *span)
    else:
        matching = [
            each
            for each in piped
            if (each.key.venue, each.key.symbol) == (key.venue, key.symbol)
            and _fits(each.key.timeframe, [key.timeframe])
        ]
        if not matching:
            raise DataError(f"the piped data hold no bars for {key}", _INGEST)
        candles = _between(max(matching, key=lambda each: timeframe_ms(each.key.timeframe)), *span)
    if not len(candles):
        raise DataError(f"no bars of {key} in that time", "memesnipe ingest list shows what is there")
    return candles


def _fits(timeframe: str, timeframes: Sequence[str]) -> bool:
    length = timeframe_ms(timeframe)
    return all(timeframe_ms(wanted) % length == 0 for wanted in timeframes)


def _between(candles: Candles, since_ms: int | None, until_ms: int | None) -> Candles:
    """The bars that open at or after `since_ms` and before `until_ms`."""
    first = 0 if since_ms is None else int(candles.ts.searchsorted(since_ms))
    end = len(candles) if until_ms is None else int(candles.ts.searchsorted(until_ms))
    names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    return replace(candles, **{name: getattr(candles, name)[first:end] for name in names})


def _of_venue(keys: list[SeriesKey], venue: str | None) -> list[SeriesKey]:
    if venue is None:
        return keys
    known = sorted({key.venue for key in keys})
    if venue not in known:
        raise UsageError(f"venue {venue!r} has no candles in the store", _nearest(venue, known))
    return [key for key in keys if key.venue == venue]


def _venues_with_all(fitting: list[SeriesKey], symbols: Sequence[str]) -> list[str]:
    return [
        venue
        for venue in sorted({key.venue for key in fitting})
        if set(symbols) <= {key.symbol for key in fitting if key.venue == venue}
    ]


def _at(venue: str | None) -> str:
    return f" for venue {venue}" if venue else ""


def _nearest(wrong: str, known: list[str]) -> str:
    """The names most like `wrong`, whatever its case; of symbols the base asset decides."""
    by_base: dict[str, list[str]] = {}
    for name in known:
        by_base.setdefault(name.upper().split("/")[0], []).append(name)
    bases = difflib.get_close_matches(wrong.upper().split("/")[0], by_base, n=3, cutoff=0.6)
    near = [name for base in bases for name in by_base[base]]
    if near:
        return f"did you mean {' or '.join(near[:3])}?"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"stored: {', '.join(known[:_SHOWN])}{more}"
