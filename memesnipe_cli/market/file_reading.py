"""From one Source to bars of named series: reads, names and measures, but judges and stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market import columns, naming, rows, tables
from memesnipe_cli.market.quality import EARLIEST_MS
from memesnipe_cli.market.rows import NO_TIME, RawBars
from memesnipe_cli.market.sources import Source
from memesnipe_cli.market.spacing import settle_timeframe
from memesnipe_cli.market.trade_bars import bars_from_trades
from memesnipe_cli.store.tables import SIMULATED_VENUE, SeriesKey

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Named:
    """What the user said about the files: goes before any guess."""

    venue: str | None = None
    symbol: str | None = None
    timeframe: str | None = None


@dataclass(frozen=True)
class ReadSeries:
    """Bars of one series as they stand in a file. `refused` are lines that could not be split into columns;
    `says` is what was concluded and how."""

    key: SeriesKey
    bars: RawBars
    refused: list[dict[str, Any]]
    says: tuple[str, ...]


def read_source(con: duckdb.DuckDBPyConnection, source: Source, named: Named) -> Iterator[ReadSeries]:
    """The series in a file. Raises DataError (unusable), UsageError (an option must say something)."""
    table = tables.load(con, source)
    if not con.execute("SELECT count(*) FROM raw").fetchall()[0][0]:
        raise DataError(f"{source.name} has a header but no rows", "check how it was written or downloaded")
    guess = naming.guess_from_name(source.label)
    if columns.is_trades(table.names):
        yield _read_trades(con, source, table, named, guess)
        return
    if columns.is_funding(table.names):
        raise DataError(
            f"{source.name} holds funding rates", "bring them in with: memesnipe ingest funding PATH"
        )
    places = columns.bar_columns(table.names)
    reading = rows.time_reading(con, f"c{places.time}", places.time_name)
    for symbol_text in _symbols_in(con, places, named, source):
        venue, symbol, says = _name_series(source, table, named, guess, symbol_text)
        base, quote = symbol.split("/")[0], symbol.split("/")[-1].split(":")[0]
        volume = columns.volume_column(places, base, quote)
        price_places = (places.open, places.high, places.low, places.close, volume)
        one_of_many = symbol_text is not None and places.symbol is not None
        bars = rows.fetch_bars(
            con,
            reading.sql,
            price_places,
            synthetic=places.synthetic,
            where=f"WHERE c{places.symbol} = ?" if one_of_many else "",
            values=(str(symbol_text),) if one_of_many else (),
        )
        _check_epoch(bars, source)
        timeframe, measured = settle_timeframe(
            bars.ts[bars.ts != NO_TIME], asked=named.timeframe, named=guess.timeframe, source=source.name
        )
        yield ReadSeries(
            SeriesKey(venue, symbol, timeframe),
            bars,
            _refused_lines(con),
            (*table.says, *reading.says, *says, *measured),
        )


def _check_epoch(bars: RawBars, source: Source) -> None:
    early = int(((bars.ts != NO_TIME) & (bars.ts < EARLIEST_MS)).sum())
    if early > 0.5 * len(bars):
        raise DataError(
            f"{source.name}: {early} of {len(bars)} times lie before 2009",
            "times count from 1970; a count from midnight, as some archives have, needs its date added first",
        )


def _symbols_in(
    con: duckdb.DuckDBPyConnection, places: columns.BarColumns, named: Named, source: Source
) -> list[str | None]:
    """The distinct values of a symbol column; [None] where there is no such column."""
    if places.symbol is None:
        return [None]
    distinct = f"SELECT DISTINCT CAST(c{places.symbol} AS VARCHAR) AS s FROM raw"  # noqa: S608
    query = f"{distinct} WHERE s IS NOT NULL ORDER BY s LIMIT 501"
    found = [row[0] for row in con.execute(query).fetchall()]
    if len(found) > 500:
        raise DataError(
            f"{source.name} holds more than 500 symbols", "split it; one file a symbol is quickest"
        )
    if len(found) > 1 and named.symbol is not None:
        raise UsageError(
            f"--symbol {named.symbol} was given, but {source.name} holds {len(found)} symbols: "
            f"{', '.join(found[:4])}...",
            "leave --symbol out, or split the file",
        )
    return list(found) or [None]


def _name_series(
    source: Source, table: tables.RawTable, named: Named, guess: naming.NameGuess, symbol_text: str | None
) -> tuple[str, str, tuple[str, ...]]:
    """(venue, symbol, remarks). Raises UsageError naming the option that would settle it."""
    says = []
    venue = named.venue or guess.venue or table.venue
    if venue is None:
        raise UsageError(
            f"{source.name}: nothing tells which venue these bars are from", "name it with --venue"
        )
    if venue == SIMULATED_VENUE:
        raise UsageError(
            f"--venue {SIMULATED_VENUE} is for simulated markets only", "name the venue the bars are from"
        )
    if not named.venue:
        says.append(f"venue {venue} taken from the {'name' if guess.venue else 'layout'}")
    symbol = named.symbol
    if symbol is None:
        text = symbol_text or table.symbol_text
        pair = naming.split_pair(text, venue) if text else None
        if pair is not None:
            symbol = naming.symbol_of(pair, perpetual=guess.perpetual)
            says.append(f"symbol {symbol} taken from the file's {text!r}")
        elif guess.symbol is not None:
            symbol = guess.symbol
            says.append(f"symbol {symbol} taken from the name")
        else:
            raise UsageError(
                f"{source.name}: nothing tells base and quote of these bars" + (f" ({text})" if text else ""),
                "name them with --symbol, e.g. --symbol DOGE/USD or, for a perpetual, --symbol ETH/USDT:USDT",
            )
    check_symbol(symbol)
    return venue, symbol, tuple(says)


def check_symbol(symbol: str) -> None:
    """Raise UsageError unless `symbol` is written BASE/QUOTE or BASE/QUOTE:SETTLE."""
    base, slash, rest = symbol.partition("/")
    quote, colon, settle = rest.partition(":")
    if (
        not (base and slash and quote)
        or (colon and not settle)
        or "/" in rest
        or any(c.isspace() for c in symbol)
    ):
        raise UsageError(
            f"symbol {symbol!r} is not written as BASE/QUOTE",
            "write DOGE/USD, or ETH/USDT:USDT for a perpetual",
        )


def _refused_lines(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    found = con.execute("SELECT line, text, reason FROM refused ORDER BY line").fetchall()
    return [
        {
            "row": line,
            "ts": None,
            "text": str(text)[:500],
            "check": "line_unreadable",
            "reason": " ".join(str(reason).split())[:200],
        }
        for line, text, reason in found
    ]


def _read_trades(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    table: tables.RawTable,
    named: Named,
    guess: naming.NameGuess,
) -> ReadSeries:
    """Bars built from single trades. The first and the last bar are left out unless they are known to be
    whole.
    """
    timeframe = named.timeframe or guess.timeframe
    if timeframe is None:
        raise UsageError(
            f"{source.name} holds single trades, not bars",
            "say which bars to build from them: --timeframe 5m",
        )
    time, price, quantity = columns.trade_columns(table.names)
    reading = rows.time_reading(con, f"c{time}", table.names[time])
    found = con.execute(
        f"SELECT coalesce({reading.sql}, {NO_TIME}) AS ts, "  # noqa: S608
        f"coalesce(TRY_CAST(c{price} AS DOUBLE), 'nan') AS price, "
        f"coalesce(TRY_CAST(c{quantity} AS DOUBLE), 'nan') AS quantity FROM raw"
    ).fetchnumpy()
    ts, prices, sizes = (np.asarray(found[name]) for name in ("ts", "price", "quantity"))
    usable = (ts != NO_TIME) & np.isfinite(prices) & (prices > 0) & np.isfinite(sizes) & (sizes >= 0)
    bad = int((~usable).sum())
    bars = bars_from_trades(ts[usable], prices[usable], sizes[usable].astype(np.float64), timeframe)
    whole = bars.take(np.arange(len(bars))[1:-1])
    if not len(whole):
        raise DataError(
            f"{source.name}: {int(usable.sum())} trades make no whole {timeframe} bar between first and last",
            "the first and last bar may be cut; take a longer dump or a smaller --timeframe",
        )
    venue, symbol, says = _name_series(source, table, named, guess, None)
    built = (
        f"{len(whole)} bars built from {int(usable.sum())} trades; the first and last, perhaps cut, left out"
    )
    refused = _refused_lines(con)
    if bad:
        reason = f"{bad} trades without a usable time, price or size"
        refused.append({"row": None, "ts": None, "check": "trade_unusable", "reason": reason})
    return ReadSeries(
        SeriesKey(venue, symbol, timeframe), whole, refused, (*table.says, *reading.says, *says, built)
    )
