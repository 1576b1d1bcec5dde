"""Rows as they were read, before anybody has judged them: RawBars, and how `raw` becomes one.

Times of any unit and spelling become ms UTC here; what cannot be read stays, marked, so that quality.py can
set it aside with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memesnipe_cli.clock import HOUR_MS
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.tables import Bool, Candles, Float64, Int64

if TYPE_CHECKING:
    import duckdb

NO_TIME = np.iinfo(np.int64).min
_KST_AHEAD_MS = 9 * HOUR_MS
# Largest |number| that is still read as seconds, milliseconds, microseconds; beyond it nanoseconds. The
# limits are the year 5138, so no date since 1973 falls between two units.
_SECONDS_BELOW, _MS_BELOW, _US_BELOW = 10**11, 10**14, 10**17
# Tried in this order on texts that are not ISO 8601; one must fit every row.
_TEXT_FORMATS = (
    "%Y-%m-%d %I-%p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p", "%Y%m%d", "%Y%m%d %H%M%S", "%Y%m%d %H:%M",
    "%d.%m.%Y %H:%M:%S.%g", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
_TWO_WAYS = (
    ("%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"), ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"),
    ("%m/%d/%Y", "%d/%m/%Y"),
    ("%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p"), ("%m-%d-%Y %H:%M", "%d-%m-%Y %H:%M"),
    ("%m-%d-%Y", "%d-%m-%Y"),
)  # fmt: skip


@dataclass(frozen=True)
class RawBars:
    """Bars as read, in the order of the file. `ts` is NO_TIME and numbers are NaN where they could not be
    read.

    Shapes: every column (n,).
    """

    ts: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64
    synthetic: Bool

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, places: Int64 | Bool) -> RawBars:
        """The rows at these places, or where the mask holds."""
        prices = (self.open, self.high, self.low, self.close, self.volume)
        return _bars(self.ts[places], [column[places] for column in prices], self.synthetic[places])


def _bars(ts: Int64, prices: Sequence[Float64], synthetic: Bool) -> RawBars:
    open_, high, low, close, volume = prices
    return RawBars(ts, open_, high, low, close, volume, synthetic)


def bars_of_candles(candles: Candles) -> RawBars:
    """Stored or piped bars, to be judged like any other."""
    prices = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    return _bars(candles.ts, prices, candles.synthetic)


@dataclass(frozen=True)
class TimeReading:
    """How a time column is turned into ms UTC: an SQL expression, and what to tell the user."""

    sql: str
    says: tuple[str, ...]


def time_reading(con: duckdb.DuckDBPyConnection, column: str, name: str) -> TimeReading:
    """Decide how column `column` of table `raw`, called `name` in the file, spells its times. Raises
    DataError.
    """
    kind = str(con.execute(f"SELECT typeof({column}) FROM raw LIMIT 1").fetchall()[0][0])  # noqa: S608
    kst = "kst" in name.lower()
    if kind.startswith(("TIMESTAMP", "DATE")):
        # Finer kinds (nanoseconds, as pandas writes them) have no epoch_ms of their own.
        plain = "TIMESTAMPTZ" if "TZ" in kind or "TIME ZONE" in kind else "TIMESTAMP"
        reading = TimeReading(f"epoch_ms(CAST({column} AS {plain}))", ())
    elif kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        reading = _number_reading(con, f"CAST({column} AS DOUBLE)", name)
    elif kind.endswith(("INT", "INTEGER")):
        reading = _number_reading(con, f"TRY_CAST({column} AS BIGINT)", name)
    else:
        reading = _text_reading(con, column, name)
    if kst and "TIME ZONE" not in kind and "TZ" not in kind:
        return TimeReading(
            f"({reading.sql}) - {_KST_AHEAD_MS}", (f"column {name} is Korean time: 9 h taken off",)
        )
    return reading


def _number_reading(con: duckdb.DuckDBPyConnection, number: str, name: str) -> TimeReading:
    """Seconds, ms, µs or ns, told by magnitude value by value; a file that changes its unit on the way is
    said.
    """
    unit = (
        f"CASE WHEN abs({number}) < {_SECONDS_BELOW} THEN 's' WHEN abs({number}) < {_MS_BELOW} THEN 'ms' "
        f"WHEN abs({number}) < {_US_BELOW} THEN 'µs' ELSE 'ns' END"
    )
    query = f"SELECT u, count(*) FROM (SELECT {unit} AS u FROM raw WHERE {number} IS NOT NULL) GROUP BY u"  # noqa: S608
    counts = dict(con.execute(query + " ORDER BY 2 DESC").fetchall())
    if not counts:
        raise DataError(
            f"column {name} holds no times", "check the file; times are seconds, ms, µs or ns, or dates"
        )
    scale = {"s": f"CAST(round({number} * 1000) AS BIGINT)", "ms": f"CAST({number} AS BIGINT)",
             "µs": f"CAST(floor({number} / 1000) AS BIGINT)",
             "ns": f"CAST(floor({number} / 1000000) AS BIGINT)"}  # fmt: skip
    if "BIGINT" in number:
        scale |= {"s": f"{number} * 1000", "µs": f"{number} // 1000", "ns": f"{number} // 1000000"}
    if len(counts) == 1:
        only = next(iter(counts))
        return TimeReading(scale[only], (f"times are in {only}",))
    mixed = ", ".join(f"{many} in {what}" for what, many in counts.items())
    cases = " ".join(f"WHEN '{what}' THEN {sql}" for what, sql in scale.items())
    return TimeReading(
        f"CASE {unit} {cases} END", (f"times change their unit: {mixed}; each read by its size",)
    )


def _text_reading(con: duckdb.DuckDBPyConnection, column: str, name: str) -> TimeReading:
    text = f"trim(CAST({column} AS VARCHAR))"
    filled = f"FROM raw WHERE {column} IS NOT NULL AND {text} <> ''"

    def share(expression: str) -> float:
        """Share of the filled rows that `expression` can read."""
        return float(
            con.execute(
                f"SELECT coalesce(avg(CAST(({expression}) IS NOT NULL AS INT)), 0) {filled}"
            ).fetchall()[0][0]
        )

    if share(f"TRY_CAST({text} AS DOUBLE)") > 0.5:
        whole = (
            share(f"TRY_CAST({text} AS BIGINT)") == 1.0
            and share(f"nullif(contains({text}, '.'), true)") == 1.0
        )
        digits = con.execute(f"SELECT min(length({text})) {filled}").fetchall()[0][0]
        if digits >= 9:
            return _number_reading(con, f"TRY_CAST({text} AS {'BIGINT' if whole else 'DOUBLE'})", name)
    if share(f"TRY_CAST({text} AS TIMESTAMPTZ)") > 0.5:
        zoned = share(
            f"nullif(regexp_matches({text}, '(Z|UTC|GMT|[0-9][+-][0-9]{{2}}:?([0-9]{{2}})?)$'), false)"
        )
        if zoned > 0.0:
            return TimeReading(f"epoch_ms(TRY_CAST({text} AS TIMESTAMPTZ))", ())
        return TimeReading(f"epoch_ms(TRY_CAST({text} AS TIMESTAMP))", ("times have no zone: read as UTC",))
    for form in _TEXT_FORMATS:
        if share(f"try_strptime({text}, '{form}')") > 0.5:
            return TimeReading(
                f"epoch_ms(try_strptime({text}, '{form}'))", ("times have no zone: read as UTC",)
            )
    for forms in _TWO_WAYS:
        shares = [share(f"try_strptime({text}, '{form}')") for form in forms]
        if shares[0] == shares[1] == 1.0:
            break
        best = 0 if shares[0] >= shares[1] else 1
        if shares[best] > 0.9:
            says = ("times have no zone: read as UTC", f"dates read as {forms[best]}")
            return TimeReading(f"epoch_ms(try_strptime({text}, '{forms[best]}'))", says)
    example = con.execute(f"SELECT {text} {filled} LIMIT 1").fetchall()
    shown = repr(example[0][0]) if example else "nothing"
    raise DataError(
        f"times such as {shown} in column {name or '(unnamed)'} are not understood or can be read two ways",
        "write times as 2025-01-31T12:00:00Z or as seconds or milliseconds since 1970",
    )


def fetch_bars(
    con: duckdb.DuckDBPyConnection, time_sql: str, places: tuple[int, int, int, int, int], *,
    synthetic: int | None = None, where: str = "", values: tuple[str, ...] = (),
) -> RawBars:  # fmt: skip
    """Fetch bars from `raw`; `places` are the columns of open, high, low, close and volume."""
    numbers = ", ".join(
        f"coalesce(TRY_CAST(c{place} AS DOUBLE), 'nan'::DOUBLE) AS {role}"
        for role, place in zip(("open", "high", "low", "close", "volume"), places, strict=True)
    )
    mark = f"coalesce(TRY_CAST(c{synthetic} AS BOOLEAN), false)" if synthetic is not None else "false"
    query = f"SELECT coalesce({time_sql}, {NO_TIME}) AS ts, {numbers}, {mark} AS synthetic FROM raw {where}"  # noqa: S608
    found = con.execute(query, list(values)).fetchnumpy()
    prices = [
        np.asarray(found[role], dtype=np.float64) for role in ("open", "high", "low", "close", "volume")
    ]
    return _bars(
        np.asarray(found["ts"], dtype=np.int64), prices, np.asarray(found["synthetic"], dtype=np.bool_)
    )
