"""Every format goes in as the same bars, told by its content; the rest is refused for a stated reason."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from bars import HOUR, KEY, MINUTE, START, candles, rows, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market.file_ingest import Refusal, ingest_files
from memesnipe_cli.market.file_reading import Named
from memesnipe_cli.market.pipe import write_candles_jsonl
from memesnipe_cli.market.report import IngestReport
from memesnipe_cli.store.store import Store

NAMED = Named("kraken", "DOGE/USD", None)
NOW = START + 400 * 24 * HOUR


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def bring_in(store: Store, path: Path, named: Named = NAMED) -> IngestReport:
    (outcome,) = ingest_files(store, [path], named, now=NOW)
    assert isinstance(outcome, IngestReport), outcome
    return outcome


def refused(store: Store, path: Path, named: Named = NAMED) -> DataError | UsageError:
    (outcome,) = ingest_files(store, [path], named, now=NOW)
    assert isinstance(outcome, Refusal)
    assert isinstance(outcome.error, DataError | UsageError)
    return outcome.error


def text(ts: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(ts / 1000, UTC).strftime(form)


def lines(stamp: Callable[[int], object], step: int = 5 * MINUTE) -> list[str]:
    return [",".join(map(str, [stamp(row[0]), *row[1:]])) for row in rows(step=step)]


HEADER = "ts,open,high,low,close,volume"
TIMES: dict[str, Callable[[int], object]] = {
    "seconds": lambda ts: ts // 1000,
    "milliseconds": lambda ts: ts,
    "microseconds": lambda ts: ts * 1000,
    "nanoseconds": lambda ts: ts * 1_000_000,
    "seconds with a fraction": lambda ts: f"{ts // 1000}.000",
    "RFC 3339": lambda ts: text(ts, "%Y-%m-%dT%H:%M:%SZ"),
    "another zone": lambda ts: text(ts + 9 * HOUR, "%Y-%m-%dT%H:%M:%S+09:00"),
    "naive": text,
    "naive with T": lambda ts: text(ts, "%Y-%m-%dT%H:%M"),
    "slashes, year first": lambda ts: text(ts, "%Y/%m/%d %H:%M"),
    "dots, day first": lambda ts: text(ts, "%d.%m.%Y %H:%M:%S"),
}


@pytest.mark.parametrize("spelling", TIMES)
def test_times_of_every_unit_and_spelling_become_the_same_utc(
    store: Store, tmp_path: Path, spelling: str
) -> None:
    path = write_csv(tmp_path / "bars.csv", HEADER, lines(TIMES[spelling]))
    report = bring_in(store, path)
    assert report.key == KEY
    np.testing.assert_array_equal(report.candles.ts, candles().ts)
    np.testing.assert_array_equal(report.candles.close, candles().close)


def test_a_file_whose_times_change_unit_halfway_is_read_value_by_value_and_says_so(
    store: Store, tmp_path: Path
) -> None:
    path = write_csv(
        tmp_path / "bars.csv", HEADER, lines(lambda ts: ts if ts < START + 10 * 5 * MINUTE else ts * 1000)
    )
    report = bring_in(store, path)
    np.testing.assert_array_equal(report.candles.ts, candles().ts)
    assert any("change their unit" in remark for remark in report.says)


def test_naive_times_are_utc_and_it_is_said(store: Store, tmp_path: Path) -> None:
    report = bring_in(store, write_csv(tmp_path / "bars.csv", HEADER, lines(text)))
    assert "times have no zone: read as UTC" in report.says


def test_korean_time_in_a_kst_column_is_shifted_and_a_utc_column_beside_it_wins(
    store: Store, tmp_path: Path
) -> None:
    korean = [f"{text(row[0] + 9 * HOUR)},{','.join(map(str, row[1:]))}" for row in rows()]
    header = "candle_date_time_kst,open,high,low,close,volume"
    report = bring_in(store, write_csv(tmp_path / "kst.csv", header, korean))
    np.testing.assert_array_equal(report.candles.ts, candles().ts)
    both = [f"{text(row[0] + 9 * HOUR)},{text(row[0])},{','.join(map(str, row[1:]))}" for row in rows()]
    header = "candle_date_time_kst,candle_date_time_utc,opening_price,high_price,low_price,trade_price,volume"
    report = bring_in(store, write_csv(tmp_path / "both.csv", header, both))
    assert report.added == 0
    assert report.identical == 20


def test_dates_that_can_be_read_two_ways_are_refused(store: Store, tmp_path: Path) -> None:
    days = [f"0{day}/03/2024,1,1,1,1,1" for day in range(1, 9)]
    error = refused(store, write_csv(tmp_path / "days.csv", HEADER, days))
    assert "read two ways" in error.message
    beyond_twelve = [f"{day:02}/03/2024,1,1,1,1,1" for day in range(1, 29)]
    report = bring_in(store, write_csv(tmp_path / "days.csv", HEADER, beyond_twelve))
    assert report.key.timeframe == "1d"


def test_newest_first_is_sorted(store: Store, tmp_path: Path) -> None:
    report = bring_in(store, write_csv(tmp_path / "bars.csv", HEADER, lines(lambda ts: ts)[::-1]))
    np.testing.assert_array_equal(report.candles.ts, candles().ts)
    np.testing.assert_array_equal(report.candles.open, candles().open)


# --- layouts of text files ----------------------------------------------------------------------------------


def test_krakens_download_has_no_header_and_names_assets_its_own_way(store: Store, tmp_path: Path) -> None:
    body = [f"{row[0] // 1000},{','.join(map(str, row[1:]))},7" for row in rows()]
    report = bring_in(store, write_csv(tmp_path / "XDGUSD_5.csv", "", body), Named())
    assert str(report.key) == "kraken DOGE/USD 5m"
    np.testing.assert_array_equal(report.candles.volume, candles().volume)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("scale", [1, 1000])
def test_binance_klines_with_and_without_header_in_ms_and_microseconds(
    store: Store, tmp_path: Path, header: bool, scale: int
) -> None:
    names = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_base,taker_quote,ignore"
    body = [
        f"{row[0] * scale},{','.join(map(str, row[1:]))},{(row[0] + 299_999) * scale},999.5,12,1.5,2.5,0"
        for row in rows()
    ]
    path = write_csv(tmp_path / "DOGEUSDT-5m-2025-01.csv", names if header else "", body)
    report = bring_in(store, path, Named("binance"))
    assert str(report.key) == "binance DOGE/USDT 5m"
    np.testing.assert_array_equal(report.candles.volume, candles().volume)


def test_cryptodatadownload_has_a_banner_newest_first_and_two_volumes(store: Store, tmp_path: Path) -> None:
    hourly = rows(step=HOUR)[::-1]
    body = [
        f"{text(row[0], '%Y-%m-%d %I-%p')},ETHUSD,{','.join(map(str, row[1:]))},{row[5] * 1000}"
        for row in hourly
    ]
    banner = "Timestamps are UTC timezone,https://www.example.com"
    header = f"{banner}\nDate,Symbol,Open,High,Low,Close,Volume ETH,Volume USD"
    report = bring_in(store, write_csv(tmp_path / "Coinbase_ETHUSD_1h.csv", header, body), Named())
    assert str(report.key) == "coinbase ETH/USD 1h"
    np.testing.assert_array_equal(report.candles.volume, candles().volume)


def test_yfinance_has_three_header_lines_and_is_no_venue(store: Store, tmp_path: Path) -> None:
    header = (
        "Price,Close,High,Low,Open,Volume\nTicker,DOGE-USD,DOGE-USD,DOGE-USD,DOGE-USD,DOGE-USD\nDatetime,,,,,"
    )
    body = [f"{text(ts)}+00:00,{c},{h},{lo},{o},{v}" for ts, o, h, lo, c, v in rows(step=HOUR)]
    report = bring_in(store, write_csv(tmp_path / "x.csv", header, body), Named())
    assert str(report.key) == "yahoo DOGE/USD 1h"
    np.testing.assert_array_equal(report.candles.open, candles().open)


def test_semicolons_and_decimal_commas(store: Store, tmp_path: Path) -> None:
    body = [";".join([str(row[0]), *(str(value).replace(".", ",") for value in row[1:])]) for row in rows()]
    report = bring_in(store, write_csv(tmp_path / "bars.csv", HEADER.replace(",", ";"), body))
    np.testing.assert_array_equal(report.candles.close, candles().close)


def test_tabs_a_byte_order_mark_and_capitals(store: Store, tmp_path: Path) -> None:
    body = [line.replace(",", "\t") for line in lines(lambda ts: ts)]
    path = write_csv(tmp_path / "bars.txt", "\ufeffTimestamp\tOpen\tHigh\tLow\tClose\tVol", body)
    np.testing.assert_array_equal(bring_in(store, path).candles.close, candles().close)


def test_a_line_that_cannot_be_read_is_set_aside_and_the_others_go_in(store: Store, tmp_path: Path) -> None:
    body = lines(lambda ts: ts)
    body[7] = f"{START + 7 * 5 * MINUTE},not,a,number,at,all"
    report = bring_in(store, write_csv(tmp_path / "bars.csv", HEADER, body))
    assert len(report.candles) == 19
    assert report.set_aside == 1
    (row,) = store.lake.set_aside_rows()
    assert "not,a,number" in row["text"]


def test_volume_in_quote_currency_only_is_refused(store: Store, tmp_path: Path) -> None:
    for name in ("quote_volume", "Volume USD", "turnover"):
        path = write_csv(tmp_path / "bars.csv", HEADER.replace("volume", name), lines(lambda ts: ts))
        assert "quote currency only" in refused(store, path).message


def test_several_symbols_in_one_file_become_several_series(store: Store, tmp_path: Path) -> None:
    body = [f"{line},{pair}" for line in lines(lambda ts: ts) for pair in ("DOGEUSDT", "WIFUSDT")]
    path = write_csv(tmp_path / "bars.csv", HEADER + ",symbol", body)
    found = list(ingest_files(store, [path], Named("binance"), now=NOW))
    assert [str(each.key) for each in found if isinstance(each, IngestReport)] == [
        "binance DOGE/USDT 5m",
        "binance WIF/USDT 5m",
    ]


# --- JSON, parquet, Feather, archives -----------------------------------------------------------------------


def test_json_arrays_as_freqtrade_writes_them(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "DOGE_USDT-5m.json"
    path.write_text(json.dumps([list(row) for row in rows()]))
    report = bring_in(store, path, Named("binance"))
    assert str(report.key) == "binance DOGE/USDT 5m"
    np.testing.assert_array_equal(report.candles.high, candles().high)


def test_json_objects_nested_in_an_answer_with_numbers_as_texts(store: Store, tmp_path: Path) -> None:
    found = [
        {
            "start": str(ts // 1000),
            "open": str(o),
            "high": str(h),
            "low": str(lo),
            "close": str(c),
            "volume": str(v),
        }
        for ts, o, h, lo, c, v in rows()
    ]
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"status": "ok", "data": {"candles": found[::-1]}}))
    np.testing.assert_array_equal(bring_in(store, path).candles.low, candles().low)


def test_json_of_columns(store: Store, tmp_path: Path) -> None:
    names = ("t", "o", "h", "l", "c", "v")
    path = tmp_path / "columns.json"
    path.write_text(
        json.dumps(
            {name: list(column) for name, column in zip(names, zip(*rows(), strict=True), strict=True)}
        )
    )
    np.testing.assert_array_equal(bring_in(store, path).candles.low, candles().low)


@pytest.mark.parametrize("as_object", [True, False])
def test_json_lines(store: Store, tmp_path: Path, as_object: bool) -> None:
    names = HEADER.split(",")
    body = [json.dumps(dict(zip(names, row, strict=True)) if as_object else list(row)) for row in rows()]
    report = bring_in(store, write_csv(tmp_path / "bars.jsonl", "", body))
    np.testing.assert_array_equal(report.candles.low, candles().low)


def test_our_own_candle_records_carry_their_names(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"".join(write_candles_jsonl(candles())))
    report = bring_in(store, path, Named())
    assert report.key == KEY
    assert report.added == 20


def test_parquet_and_feather_with_pandas_nanosecond_times(store: Store, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import feather, parquet

    names = HEADER.split(",")
    columns = dict(zip(names, map(list, zip(*rows(), strict=True)), strict=True))
    plain = pa.table(columns)
    dated = plain.set_column(
        0, "date", pa.array([ts * 1_000_000 for ts in columns["ts"]], pa.timestamp("ns", "UTC"))
    )
    parquet.write_table(plain, tmp_path / "one")
    feather.write_feather(dated, tmp_path / "two")
    assert bring_in(store, tmp_path / "one").added == 20
    assert bring_in(store, tmp_path / "two").identical == 20


def test_gzip_zip_of_several_members_and_stdin(store: Store, tmp_path: Path) -> None:
    body = "\n".join([HEADER, *lines(lambda ts: ts)]).encode()
    (tmp_path / "bars.bin").write_bytes(gzip.compress(body))
    assert bring_in(store, tmp_path / "bars.bin").added == 20
    with zipfile.ZipFile(tmp_path / "Kraken_OHLCVT.zip", "w") as archive:
        archive.writestr("XBTUSD_5.csv", body)
        archive.writestr("deep/ETHUSD_5.csv.gz", gzip.compress(body))
    found = list(ingest_files(store, [tmp_path / "Kraken_OHLCVT.zip"], Named(), now=NOW))
    assert [str(each.key) for each in found if isinstance(each, IngestReport)] == [
        "kraken BTC/USD 5m",
        "kraken ETH/USD 5m",
    ]
    (piped,) = ingest_files(store, [io.BytesIO(body)], Named("okx", "DOGE/USDT"), now=NOW)
    assert isinstance(piped, IngestReport)
    assert piped.source == "stdin"
    assert piped.added == 20


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"BZh91AY", "bzip2"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
        (b"PK\x03\x04broken", "zip"),
        (b"PAR1broken", "cannot be read"),
        (b"ARROW1broken", "Feather"),
        (b"\x00\x01\x02\x03", "binary"),
        (b"[1, 2", "not valid JSON"),
        (b'{"status": "ok"}\n{"status": "ok"}\n', "no column"),
        (b"hello world\nnothing here\n", "no header"),
        (b"ts,open,high,low,close,volume\n", "no rows"),
        (b"ts,open,high,low,volume\n1735689600000,1,1,1,1\n", "no column for close"),
        (b"open,high,low,close,volume\n1,1,1,1,1\n", "no time column"),
        (b"close_time,open,high,low,close,volume\n1735689600000,1,1,1,1,1\n", "closing time"),
        (b"1,2,3,4\n1,2,3,4\n", "columns without a header"),
        (b"ts,funding_rate\n1735689600000,0.0001\n", "funding rates"),
        (b"0,1,1,1,1,1\n60000,1,1,1,1,1\n120000,1,1,1,1,1\n", "before 2009"),
    ],
)
def test_what_cannot_go_in_is_refused_for_a_stated_reason(
    store: Store, tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "odd"
    path.write_bytes(content)
    error = refused(store, path)
    assert why in error.message
    assert error.hint
    assert not store.lake.series()


def test_a_missing_file_and_a_folder_are_usage_errors(store: Store, tmp_path: Path) -> None:
    assert "no file" in refused(store, tmp_path / "nowhere.csv").message
    assert "is a folder" in refused(store, tmp_path).message


def test_a_refused_file_does_not_stop_the_next(store: Store, tmp_path: Path) -> None:
    good = write_csv(tmp_path / "bars.csv", HEADER, lines(lambda ts: ts))
    outcomes = list(ingest_files(store, [tmp_path / "none", good], NAMED, now=NOW))
    assert [type(each) for each in outcomes] == [Refusal, IngestReport]


@pytest.mark.parametrize(
    ("name", "named", "option"),
    [
        ("bars.csv", Named(None, "DOGE/USD"), "--venue"),
        ("bars.csv", Named("kraken", None), "--symbol"),
        ("HYPE_5m.csv", Named("hyperliquid", None), "--symbol"),
    ],
)
def test_what_nothing_tells_is_asked_for_by_the_options_name(
    store: Store, tmp_path: Path, name: str, named: Named, option: str
) -> None:
    error = refused(store, write_csv(tmp_path / name, HEADER, lines(lambda ts: ts)), named)
    assert isinstance(error, UsageError)
    assert option in error.hint


def test_real_bars_cannot_enter_the_simulated_venue(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "bars.csv", HEADER, lines(lambda ts: ts))
    assert isinstance(refused(store, path, Named("sim", "DOGE/USD")), UsageError)


def test_a_timeframe_that_contradicts_the_data_is_refused(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "DOGEUSD_1h.csv", HEADER, lines(lambda ts: ts))
    assert "the name says 1h" in refused(store, path, Named("kraken")).message
    assert "--timeframe says 15m" in refused(store, path, Named("kraken", None, "15m")).message
    assert bring_in(store, path, Named("kraken", None, "5m")).key.timeframe == "5m"


def test_a_file_that_is_bad_throughout_is_misread_not_dirty(store: Store, tmp_path: Path) -> None:
    off_grid = write_csv(tmp_path / "bars.csv", HEADER, lines(lambda ts: ts + 7_000))
    assert "not on the timeframe's grid" in refused(store, off_grid).message
    swapped = write_csv(tmp_path / "bars.csv", "ts,open,low,high,close,volume", lines(lambda ts: ts))
    assert "columns" in refused(store, swapped).hint


def _samples(folder: Path) -> list[bytes]:
    import pyarrow as pa
    from pyarrow import feather, parquet

    table = pa.table(dict(zip(HEADER.split(","), map(list, zip(*rows(), strict=True)), strict=True)))
    parquet.write_table(table, folder / "parquet")
    feather.write_feather(table, folder / "feather")
    text_form = "\n".join([HEADER, *lines(lambda ts: ts)]).encode()
    records = b"".join(write_candles_jsonl(candles()))
    arrays = json.dumps([list(row) for row in rows()]).encode()
    packed = [gzip.compress(text_form), (folder / "parquet").read_bytes(), (folder / "feather").read_bytes()]
    return [text_form, records, arrays, *packed]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_damaged_file_goes_in_or_is_refused_and_never_ends_in_a_traceback(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        content = bytearray(data.draw(st.sampled_from(_samples(folder))))
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(content)))
            length = data.draw(st.integers(0, 40))
            content[start : start + length] = data.draw(st.binary(max_size=20))
        (folder / "damaged").write_bytes(content)
        for outcome in ingest_files(Store(folder / "store"), [folder / "damaged"], NAMED, now=NOW):
            assert isinstance(outcome, Refusal | IngestReport)


# --- trades -------------------------------------------------------------------------------------------------


def test_krakens_trades_are_built_into_bars_once_the_timeframe_is_named(store: Store, tmp_path: Path) -> None:
    second = START // 1000
    trades = [
        (0, 10.0, 1.0),
        (61, 11.0, 2.0),
        (62, 9.0, 1.0),
        (70, 12.0, 0.5),
        (119, 10.5, 1.0),
        (185, 8.0, 1.0),
        (250, 7.0, 1.0),
    ]
    path = write_csv(
        tmp_path / "XDGUSD.csv", "", [f"{second + at},{price},{size}" for at, price, size in trades]
    )
    assert "--timeframe" in refused(store, path, Named()).hint
    report = bring_in(store, path, Named(timeframe="1m"))
    assert str(report.key) == "kraken DOGE/USD 1m"
    # The first and the last minute may be cut; the third has no trade and so no bar.
    assert report.candles.ts.tolist() == [START + MINUTE, START + 3 * MINUTE]
    first = [column[0] for column in (report.candles.open, report.candles.high, report.candles.low)]
    assert first == [11.0, 12.0, 9.0]
    assert (report.candles.close[0], report.candles.volume[0]) == (10.5, 4.5)
