"""CSV and its kin: finds the delimiter, banner and header lines, and loads the rows through DuckDB."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memesnipe_cli.errors import DataError
from memesnipe_cli.market import columns
from memesnipe_cli.market.sources import HEAD_BYTES, Source

if TYPE_CHECKING:
    import duckdb

_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_COMMA_NUMBER = re.compile(r"^[+-]?\d+,\d+$")
_KLINES = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades",
    "taker_base_volume", "taker_quote_volume", "ignore",
)  # fmt: skip
_SEARCH_LINES = 30
# DuckDB forgets what it rejects beyond this; a file with so much of it is misread anyway.
MOST_REJECTS = 100_000


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out. `skip` lines stand before the first row; `says` is told to the user."""

    delimiter: str
    skip: int
    names: tuple[str, ...]
    decimal: str = "."
    venue: str | None = None
    symbol_text: str | None = None
    says: tuple[str, ...] = field(default_factory=tuple)


def layout_of(text: str, name: str) -> Layout:
    """Read the first lines of a file. Raises DataError where no header is found and no known layout fits."""
    lines = text.removeprefix("\ufeff").splitlines()[:_SEARCH_LINES]
    delimiter = _delimiter_of(lines)
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    for place, row in enumerate(rows):
        if columns.looks_like_header(row):
            return _with_header(rows, place, delimiter)
        if _numeric(row, delimiter) and place == 0:
            return _without_header(rows, delimiter, name)
    shown = lines[0][:120] if lines else ""
    raise DataError(
        f"{name}: no header with open, high, low and close in its first lines, which begin: {shown!r}",
        "add a header line such as ts,open,high,low,close,volume",
    )


def _delimiter_of(lines: Sequence[str]) -> str:
    counts = Counter({mark: sum(line.count(mark) for line in lines) for mark in (",", ";", "\t", "|")})
    if counts[";"] >= len(lines) and counts[";"] and all(";" in line for line in lines if line.strip()):
        return ";"
    return counts.most_common(1)[0][0]


def _numeric(row: Sequence[str], delimiter: str) -> bool:
    return len(row) >= 3 and all(
        _NUMBER.match(value.strip()) or (delimiter != "," and _COMMA_NUMBER.match(value.strip()))
        for value in row
    )


def _decimal_of(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    values = [value.strip() for row in rows for value in row]
    return "," if delimiter != "," and any(_COMMA_NUMBER.match(value) for value in values) else "."


def _with_header(rows: Sequence[Sequence[str]], place: int, delimiter: str) -> Layout:
    names, skip = tuple(rows[place]), place + 1
    following = rows[place + 1 : place + 3]
    if (
        len(following) == 2
        and following[0][:1] == ["Ticker"]
        and following[1][:1] in (["Datetime"], ["Date"])
    ):
        tickers = {value for value in following[0][1:] if value}
        if len(tickers) != 1:
            raise DataError(
                f"a yfinance table of {len(tickers)} tickers: {', '.join(sorted(tickers)[:5])}",
                "download one ticker a file",
            )
        return Layout(
            delimiter, place + 3, (following[1][0], *names[1:]), venue="yahoo", symbol_text=tickers.pop(),
            says=("yfinance table with three header lines (a composite price, no venue's own)",),
        )  # fmt: skip
    says = (f"{place} line{'s' if place > 1 else ''} before the header passed over",) if place else ()
    return Layout(delimiter, skip, names, _decimal_of(rows[place + 1 :], delimiter), says=says)


def _without_header(rows: Sequence[Sequence[str]], delimiter: str, name: str) -> Layout:
    width = len(rows[0])
    decimal = _decimal_of(rows, delimiter)
    if width == 3:
        return Layout(
            delimiter, 0, ("unix", "price", "volume"), decimal, venue="kraken",
            says=("header-less unix,price,volume: single trades as Kraken dumps them",),
        )  # fmt: skip
    if width in (11, 12):
        names = _KLINES[:width]
        return Layout(
            delimiter, 0, names, decimal, venue="binance", says=("Binance klines without a header",)
        )
    if width == 7:
        names = ("unix", "open", "high", "low", "close", "volume", "trades")
        says = ("header-less unix,open,high,low,close,volume,trades: Kraken's OHLCVT download",)
        return Layout(delimiter, 0, names, decimal, venue="kraken", says=says)
    if width == 6 and _high_is_highest(rows, decimal):
        names = ("unix", "open", "high", "low", "close", "volume")
        return Layout(
            delimiter, 0, names, decimal, says=("no header: read as time,open,high,low,close,volume",)
        )
    raise DataError(
        f"{name}: {width} numeric columns without a header are not a layout known here",
        "add a header line such as ts,open,high,low,close,volume",
    )


def _high_is_highest(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    numbers = [[float(value.replace(decimal, ".")) for value in row] for row in rows if len(row) == 6]
    fitting = sum(row[2] >= max(row[1], row[4]) and row[3] <= min(row[1], row[4]) for row in numbers)
    return fitting >= 0.8 * len(numbers)


def load(con: duckdb.DuckDBPyConnection, source: Source) -> Layout:
    """Load the rows into table `raw` (columns c0, c1, ... as written; numbers as DOUBLE where the sample is).

    Lines DuckDB cannot split or convert go to table `refused` (line, text, reason).
    """
    with source.path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    text = head.decode("utf-8", errors="replace")
    if len(head) == HEAD_BYTES:
        text = text.rsplit("\n", 1)[0]
    layout = layout_of(text, source.name)
    sample = _sample(text, layout)
    types = {f"c{place}": _type_of([row[place] for row in sample if place < len(row)], layout.decimal)
             for place in range(len(layout.names))}  # fmt: skip
    struct = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM read_csv(?, header=false, auto_detect=false, "  # noqa: S608
        f"delim=?, quote='\"', escape='\"', skip=?, decimal_separator=?, columns={{{struct}}}, "
        "null_padding=true, ignore_errors=true, store_rejects=true, max_line_size=1000000, "
        f"rejects_scan='raw_scans', rejects_table='raw_rejects', rejects_limit={MOST_REJECTS})",
        [str(source.path), layout.delimiter, layout.skip, layout.decimal],
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE refused AS SELECT line, any_value(csv_line) AS text, "
        "any_value(error_message) AS reason FROM raw_rejects GROUP BY line ORDER BY line"
    )
    (rejects,) = con.execute("SELECT count(*) FROM raw_rejects").fetchall()[0]
    con.execute("DROP TABLE raw_rejects; DROP TABLE raw_scans")
    if rejects >= MOST_REJECTS:
        raise DataError(
            f"{source.name}: {rejects} values and more cannot be read", "look at the file; nothing was stored"
        )
    return layout


def _sample(text: str, layout: Layout) -> list[list[str]]:
    lines = text.removeprefix("\ufeff").splitlines()[layout.skip : layout.skip + 200]
    return [row for row in csv.reader(lines, delimiter=layout.delimiter) if row]


def _type_of(values: Sequence[str], decimal: str) -> str:
    """BIGINT for whole numbers, DOUBLE for other numbers, else VARCHAR.

    A price column that begins with whole numbers may go on with decimals, so only long whole numbers (times)
    are BIGINT: a double would lose the last digits of nanoseconds.
    """
    filled = [value.strip().replace(decimal, ".") for value in values if value.strip()]
    numbers = [value for value in filled if _NUMBER.match(value)]
    if filled and all(value.isdigit() and 9 <= len(value) <= 19 for value in filled):
        return "BIGINT"
    words = {"nan", "null", "none", "na", "n/a", "inf", "-inf", "infinity", "-infinity"}
    others = [value for value in filled if not _NUMBER.match(value) and value.lower() not in words]
    return "DOUBLE" if numbers and len(others) * 5 < len(filled) else "VARCHAR"
