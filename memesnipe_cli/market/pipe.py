"""`candle` records of a pipe: Candles to JSON lines and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.records import (
    RECORD_TYPES,
    VERSION,
    check_version,
    decimal_text,
    record,
    time_text,
    time_value,
)
from memesnipe_cli.store.tables import Candles, FundingRates, SeriesKey

_LINES_AT_ONCE = 20_000
_NUMBERS = ("open", "high", "low", "close", "volume")


def write_candles_jsonl(candles: Candles) -> Iterator[bytes]:
    """The bars as `candle` records, one a line, in blocks of some thousands of lines."""
    import orjson

    key = candles.key
    head = orjson.dumps(
        {"type": "candle", "v": VERSION, "venue": key.venue, "symbol": key.symbol, "timeframe": key.timeframe}
    )[:-1].decode()
    for start in range(0, len(candles), _LINES_AT_ONCE):
        part = slice(start, start + _LINES_AT_ONCE)
        times = np.datetime_as_string(candles.ts[part].astype("datetime64[ms]"), unit="s").tolist()
        columns = [_texts(getattr(candles, name)[part].tolist()) for name in _NUMBERS]
        marks = ["true" if mark else "false" for mark in candles.synthetic[part].tolist()]
        lines = [
            f'{head},"ts":"{ts}Z","open":"{o}","high":"{h}","low":"{lo}","close":"{c}","volume":"{v}",'
            f'"synthetic":{mark}}}\n'
            for ts, o, h, lo, c, v, mark in zip(times, *columns, marks, strict=True)
        ]
        yield "".join(lines).encode()


def _texts(values: list[float]) -> list[str]:
    """Plain decimals, as `decimal_text` writes them; the common case does not pay for the rare one."""
    return [
        text
        if "e" not in (text := repr(value)) and not text.endswith(".0") and "n" not in text
        else decimal_text(value)
        for value in values
    ]


def write_funding_jsonl(rates: FundingRates) -> bytes:
    """The rates as `funding` records, one a line."""
    import orjson

    return b"".join(
        orjson.dumps(
            record(
                "funding",
                venue=rates.venue,
                symbol=rates.symbol,
                ts=time_text(ts),
                rate=decimal_text(rate),
                interval_s=length // 1000,
            )
        )
        + b"\n"
        for ts, rate, length in zip(
            rates.ts.tolist(), rates.rate.tolist(), rates.interval_ms.tolist(), strict=True
        )
    )


class _Growing:
    """One series while it is being read."""

    def __init__(self) -> None:
        self.ts: list[str] = []
        self.columns: dict[str, list[str]] = {name: [] for name in _NUMBERS}
        self.synthetic: list[bool] = []
        self.lines: list[int] = []


def read_candles_jsonl(stream: IO[bytes] | Iterable[bytes]) -> tuple[list[Candles], list[str]]:
    """(series in order of appearance, warnings) from `candle` records, one a line.

    Records of other types are passed over with one warning. Bars may come in any order; a repeated
    identical bar counts once. Raises DataError naming the line.
    """
    import orjson

    series: dict[SeriesKey, _Growing] = {}
    others: dict[str, int] = {}
    known: dict[tuple[Any, Any, Any], _Growing] = {}
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
            if record["type"] != "candle" or record["v"] != VERSION:
                _other_record(record, others)
                continue
            place = (record["venue"], record["symbol"], record["timeframe"])
            growing = known.get(place)
            if growing is None:
                growing = known[place] = series.setdefault(_key_of(place), _Growing())
            growing.ts.append(record["ts"])
            columns = growing.columns
            for name in _NUMBERS:
                columns[name].append(record[name])
            growing.synthetic.append(record.get("synthetic", False) is True)
            growing.lines.append(number)
        except KeyError as error:
            raise DataError(f"line {number}: the record has no field {error}", _HINT) from None
        except (orjson.JSONDecodeError, TypeError, UsageError) as error:
            raise DataError(f"line {number}: not a candle record: {error}", _HINT) from None
        except DataError as error:
            raise DataError(f"line {number}: {error.message}", error.hint) from None
    warnings = [f"passed over {many} records of type {kind!r}" for kind, many in others.items()]
    return [_candles(key, growing) for key, growing in series.items()], [
        "; ".join(warnings)
    ] if warnings else []


_HINT = "each line is one record as `memesnipe ingest ... --jsonl` writes it"


def _other_record(record: Any, others: dict[str, int]) -> None:
    if not isinstance(record, dict):
        raise DataError(f"not a record but {type(record).__name__}", _HINT)
    if record["type"] in RECORD_TYPES:
        check_version(record)
    kind = str(record["type"])[:40]
    others[kind] = others.get(kind, 0) + 1


def _key_of(place: tuple[Any, Any, Any]) -> SeriesKey:
    venue, symbol, timeframe = place
    if not (
        isinstance(venue, str) and isinstance(symbol, str) and isinstance(timeframe, str) and venue and symbol
    ):
        raise DataError(f"venue, symbol and timeframe are {place!r}: they must be texts", _HINT)
    timeframe_ms(timeframe)
    return SeriesKey(venue, symbol, timeframe)


def _candles(key: SeriesKey, growing: _Growing) -> Candles:
    ts = _times(growing)
    columns = []
    for name in _NUMBERS:
        texts = growing.columns[name]
        try:
            # numpy would take NaN and numbers; a record's amounts are finite decimal texts.
            values = np.array(list(map(float, texts)), dtype=np.float64)
        except (TypeError, ValueError):
            values = np.array([_number(text) for text in texts])
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise DataError(
                f"line {growing.lines[bad[0]]}: {name} is {texts[bad[0]]!r}: not a decimal number", _HINT
            )
        columns.append(values)
    synthetic = np.array(growing.synthetic, dtype=np.bool_)
    if len(ts) > 1 and not bool(np.all(ts[1:] > ts[:-1])):
        order = np.argsort(ts, kind="stable")
        ts, columns, synthetic = ts[order], [column[order] for column in columns], synthetic[order]
        lines = np.array(growing.lines)[order]
        same = np.flatnonzero(ts[1:] == ts[:-1])
        differs = [place for place in same.tolist() if any(c[place] != c[place + 1] for c in columns)]
        if differs:
            raise DataError(
                f"line {lines[differs[0] + 1]}: {key} has another bar of the same time and other values",
                _HINT,
            )
        keep = np.concatenate(([True], ts[1:] != ts[:-1]))
        ts, columns, synthetic = ts[keep], [column[keep] for column in columns], synthetic[keep]
    open_, high, low, close, volume = columns
    return Candles(key, ts, open_, high, low, close, volume, synthetic)


def _number(text: object) -> float:
    try:
        return float(text) if isinstance(text, str | int | float) else float("nan")
    except ValueError:
        return float("nan")


def _times(growing: _Growing) -> Any:
    """ms UTC; the spelling we write ourselves is read in one go, any other RFC 3339 one by one."""
    texts = growing.ts
    if all(
        isinstance(text, str) and len(text) == 20 and text[-1] == "Z" and text[10] == "T" for text in texts
    ):
        try:
            return np.array([text[:-1] for text in texts], dtype="datetime64[ms]").astype(np.int64)
        except ValueError:
            pass
    times = []
    for text, line in zip(texts, growing.lines, strict=True):
        try:
            times.append(time_value(text))
        except DataError as error:
            raise DataError(f"line {line}: {error.message}", error.hint) from None
    return np.array(times, dtype=np.int64)
