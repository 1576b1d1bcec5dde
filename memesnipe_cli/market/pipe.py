"""`candle` records of a pipe: Candles to JSON lines and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
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
from memesnipe_cli.store.tables import Bool, Candles, Float64, FundingRates, Int64, SeriesKey

Record = dict[str, Any]

_LINES_AT_ONCE = 50_000
# Below this, loading Arrow costs more than it saves.
_QUICK_FROM = 5_000
_ARROW_BLOCK = 8 << 20
_HEAD = ("type", "v", "venue", "symbol", "timeframe")
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
        columns = [_texts(getattr(candles, name)[part]) for name in _NUMBERS]
        marks = ["true" if mark else "false" for mark in candles.synthetic[part].tolist()]
        lines = [
            f'{head},"ts":"{ts}Z","open":"{o}","high":"{h}","low":"{lo}","close":"{c}","volume":"{v}",'
            f'"synthetic":{mark}}}\n'
            for ts, o, h, lo, c, v, mark in zip(times, *columns, marks, strict=True)
        ]
        yield "".join(lines).encode()


def _texts(values: Float64) -> list[str]:
    """Plain decimals, as `decimal_text` writes them, of a whole column. Shape (n,), n > 0, finite."""
    import orjson

    if not bool(np.all(np.isfinite(values))):
        raise DataError("a bar holds NaN or an infinity", "verify the series: memesnipe ingest verify")
    # Shortest texts that read back as the same float, "[0.1,12.0,1e-9]"; then without ".0" and exponents.
    joined = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode()
    texts = (joined + ",").replace(".0,", ",")[:-1].split(",")
    return [decimal_text(float(text)) if "e" in text else text for text in texts] if "e" in joined else texts


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
    """One series while it is being read, a block of columns at a time. Shapes: every column (n,)."""

    def __init__(self) -> None:
        self._ts: list[Int64] = []
        self._columns: dict[str, list[Float64]] = {name: [] for name in _NUMBERS}
        self._synthetic: list[Bool] = []
        self._lines: list[Int64] = []

    def add_columns(self, ts: Int64, columns: Sequence[Float64], synthetic: Bool, first_line: int) -> None:
        """Take over whole columns; the first row stands in this line."""
        self._ts.append(ts)
        for parts, column in zip(self._columns.values(), columns, strict=True):
            parts.append(column)
        self._synthetic.append(synthetic)
        self._lines.append(np.arange(first_line, first_line + len(ts)))

    def add(self, records: list[Record], lines: Sequence[int]) -> None:
        """Take over records of this series. Raises DataError naming the line of a value it cannot read."""
        self._ts.append(_times(_field(records, lines, "ts"), lines))
        for name, parts in self._columns.items():
            parts.append(_amounts(_field(records, lines, name), lines, name))
        self._synthetic.append(np.array([each.get("synthetic") is True for each in records], dtype=np.bool_))
        self._lines.append(np.array(lines, dtype=np.int64))

    def candles(self, key: SeriesKey) -> Candles:
        """The series in order of time. Raises DataError for two bars of one time and different values."""
        ts, lines = np.concatenate(self._ts), np.concatenate(self._lines)
        columns = [np.concatenate(parts) for parts in self._columns.values()]
        synthetic = np.concatenate(self._synthetic)
        if len(ts) > 1 and not bool(np.all(ts[1:] > ts[:-1])):
            order = np.argsort(ts, kind="stable")
            ts, lines, synthetic = ts[order], lines[order], synthetic[order]
            columns = [column[order] for column in columns]
            again = np.concatenate(([False], ts[1:] == ts[:-1]))
            for column in columns:
                differs = np.flatnonzero(again[1:] & (column[1:] != column[:-1]))
                if len(differs):
                    raise DataError(
                        f"line {lines[differs[0] + 1]}: {key} has another bar of this time with other values",
                        _HINT,
                    )
            ts, synthetic = ts[~again], synthetic[~again]
            columns = [column[~again] for column in columns]
        open_, high, low, close, volume = columns
        return Candles(key, ts, open_, high, low, close, volume, synthetic)


def read_candles_jsonl(stream: IO[bytes] | Iterable[bytes]) -> tuple[list[Candles], list[str]]:
    """(series in order of appearance, warnings) from `candle` records, one a line.

    Records of other types are passed over with one warning. Bars may come in any order; a repeated identical
    bar counts once. Raises DataError naming the line.
    """
    series: dict[SeriesKey, _Growing] = {}
    others: dict[str, int] = {}
    lines = iter(stream)
    first = 1
    while block := list(itertools.islice(lines, _LINES_AT_ONCE)):
        if _add_quickly(block, first, series):
            first += len(block)
            continue
        for numbers, found in _records(block, first):
            _sort_in(found, numbers, series, others)
        first += len(block)
    passed = "; ".join(f"passed over {many} records of type {kind!r}" for kind, many in others.items())
    return [growing.candles(key) for key, growing in series.items()], [passed] if passed else []


def _add_quickly(block: list[bytes], first: int, series: dict[SeriesKey, _Growing]) -> bool:
    """Read a large block that is sound and of one series by Arrow, several times as fast as record by record.

    False where it is anything else: the careful way then finds out what, and in which line.
    """
    if len(block) < _QUICK_FROM:
        return False
    import pyarrow as pa
    from pyarrow import compute, json

    texts = [pa.field(name, pa.string()) for name in ("type", *_HEAD[2:], "ts", *_NUMBERS)]
    schema = pa.schema([*texts, pa.field("v", pa.int64()), pa.field("synthetic", pa.bool_())])
    options = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        reading = json.ReadOptions(block_size=_ARROW_BLOCK)
        table = json.read_json(pa.BufferReader(b"".join(block)), reading, options)
        heads = [compute.unique(table[name]).to_pylist() for name in _HEAD]
        if len(table) != len(block) or any(len(each) != 1 or each[0] is None for each in heads):
            return False
        kind, version, *place = (each[0] for each in heads)
        ts = compute.cast(table["ts"], pa.timestamp("ms", "UTC"))
        columns = [compute.cast(table[name], pa.float64()) for name in _NUMBERS]
    except pa.ArrowException:
        return False
    numbers = [column.to_numpy() for column in columns]
    sound = ts.null_count == 0 and all(bool(np.all(np.isfinite(column))) for column in numbers)
    if not sound or (kind, version) != ("candle", VERSION):
        return False
    synthetic = compute.fill_null(table["synthetic"], False).to_numpy()
    growing = _growing((place[0], place[1], place[2]), first, series)
    growing.add_columns(compute.cast(ts, pa.int64()).to_numpy(), numbers, synthetic, first)
    return True


def _records(block: list[bytes], first: int) -> Iterator[tuple[Sequence[int], list[Any]]]:
    """(line numbers, what stands in them). A block is decoded at once; line by line only after a failure."""
    import orjson

    numbers: Sequence[int] = range(first, first + len(block))
    if not all(map(bytes.strip, block)):
        numbers = [number for number, line in zip(numbers, block, strict=True) if line.strip()]
        block = [line for line in block if line.strip()]
    try:
        found = orjson.loads(b"[" + b",".join(block) + b"]")
    except orjson.JSONDecodeError:
        found = []
    if len(found) == len(block):
        yield numbers, found
        return
    for number, line in zip(numbers, block, strict=True):
        try:
            yield [number], [orjson.loads(line)]
        except orjson.JSONDecodeError as error:
            raise DataError(f"line {number} is not JSON: {error}", _HINT) from None


def _sort_in(
    found: list[Any], numbers: Sequence[int], series: dict[SeriesKey, _Growing], others: dict[str, int]
) -> None:
    """Add records to their series; count those of other types."""
    try:
        heads = {
            (each["type"], each["v"], each["venue"], each["symbol"], each["timeframe"]) for each in found
        }
    except (KeyError, TypeError):
        heads = set()
    if len(heads) == 1 and next(iter(heads))[:2] == ("candle", VERSION):
        _growing(next(iter(heads))[2:], numbers[0], series).add(found, numbers)
        return
    groups: dict[tuple[Any, Any, Any], tuple[list[Record], list[int]]] = {}
    for number, each in zip(numbers, found, strict=True):
        try:
            if each["type"] != "candle" or each["v"] != VERSION:
                _other_record(each, others)
                continue
            place = (each["venue"], each["symbol"], each["timeframe"])
            records, lines = groups.setdefault(place, ([], []))
        except KeyError as error:
            raise DataError(f"line {number}: the record has no field {error}", _HINT) from None
        except TypeError:
            what = "venue, symbol and timeframe must be texts" if isinstance(each, dict) else "not a record"
            raise DataError(f"line {number}: {what}: {str(each)[:60]}", _HINT) from None
        except DataError as error:
            raise DataError(f"line {number}: {error.message}", error.hint) from None
        records.append(each)
        lines.append(number)
    for place, (records, lines) in groups.items():
        _growing(place, lines[0], series).add(records, lines)


def _growing(place: tuple[Any, Any, Any], number: int, series: dict[SeriesKey, _Growing]) -> _Growing:
    """The series of these records, which begin at line `number`. Raises DataError."""
    venue, symbol, timeframe = place
    if not all(isinstance(word, str) and word for word in place):
        raise DataError(f"line {number}: venue, symbol and timeframe must be texts, not {place!r}", _HINT)
    try:
        timeframe_ms(timeframe)
    except UsageError as error:
        raise DataError(f"line {number}: {error.message}", error.hint) from None
    return series.setdefault(SeriesKey(venue, symbol, timeframe), _Growing())


_HINT = "each line is one record as `memesnipe ingest ... --jsonl` writes it"


def _other_record(other: Any, others: dict[str, int]) -> None:
    if other["type"] in RECORD_TYPES:
        check_version(other)
    kind = str(other["type"])[:40]
    others[kind] = others.get(kind, 0) + 1


def _field(records: list[Record], lines: Sequence[int], name: str) -> list[Any]:
    try:
        return [each[name] for each in records]
    except KeyError:
        missing = next(line for line, each in zip(lines, records, strict=True) if name not in each)
        raise DataError(f"line {missing}: the record has no field {name!r}", _HINT) from None


def _amounts(texts: list[Any], lines: Sequence[int], name: str) -> Float64:
    try:
        values = np.array(list(map(float, texts)), dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array([_number(text) for text in texts])
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(f"line {lines[bad[0]]}: {name} is {texts[bad[0]]!r}: not a decimal number", _HINT)
    return values


def _number(text: object) -> float:
    try:
        return float(text) if isinstance(text, str | int | float) else float("nan")
    except ValueError:
        return float("nan")


def _times(texts: list[Any], lines: Sequence[int]) -> Int64:
    """ms UTC; the spelling we write ourselves is read in one go, any other RFC 3339 one by one."""
    try:
        if all(len(text) == 20 and text[-1] == "Z" and text[10] == "T" for text in texts):
            return np.array([text[:-1] for text in texts], dtype="datetime64[ms]").astype(np.int64)
    except (TypeError, ValueError):
        # One by one, so that the error names the line.
        return _times_one_by_one(texts, lines)
    return _times_one_by_one(texts, lines)


def _times_one_by_one(texts: list[Any], lines: Sequence[int]) -> Int64:
    times = []
    for text, line in zip(texts, lines, strict=True):
        try:
            times.append(time_value(text))
        except DataError as error:
            raise DataError(f"line {line}: {error.message}", error.hint) from None
    return np.array(times, dtype=np.int64)
