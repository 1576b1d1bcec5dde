"""The catalog: typed views that are always there, never stand in anybody's way, and cannot leave the
store."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from lake_bars import DOGE_5M, bars

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store import Journal, Store
from memesnipe_cli.store.tables import FundingRates

VIEWS = ("journal", "orders", "fills", "trades", "equity", "breaker", "ingests", "runs", "candles", "funding")


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    con = store.connect()
    try:
        return con.execute(query).fetchall()
    finally:
        con.close()


def types(store: Store) -> dict[str, list[tuple[object, ...]]]:
    con = store.connect()
    return {view: [row[:2] for row in con.execute(f"DESCRIBE {view}").fetchall()] for view in VIEWS}


def fill_with_something(store: Store) -> None:
    store.journal().append_many(
        [
            (
                "order",
                {
                    "id": "o1",
                    "symbol": "DOGE/USD",
                    "qty": "10.5",
                    "state": "new",
                    "time": "2025-01-01T00:00:00Z",
                },
            ),
            ("order", {"id": "o1", "symbol": "DOGE/USD", "qty": "10.5", "state": "filled", "price": None}),
            (
                "fill",
                {
                    "order": "o1",
                    "qty": "10.5",
                    "price": "0.00001234",
                    "fee": "0.1",
                    "time": "2025-01-01T00:00:01Z",
                },
            ),
            ("trade", {"strategy": "momentum_5m", "pnl": "-1.25", "entry_time": "2025-01-01T00:00:00Z"}),
            ("equity", {"equity": "199.75", "time": "2025-01-01T00:05:00Z"}),
            ("breaker", {"level": "WARNING", "equity": "190"}),
            ("ingest", {"venue": "coinbase", "rows": 24}),
        ]
    )
    store.lake.write_candles(bars(), source="test")
    rates = FundingRates(
        "okx", "DOGE/USDT:USDT", bars().ts[:2], np.array([1e-4, -1e-4]), np.array([3600000] * 2)
    )
    store.lake.write_funding(rates, source="test")
    result = {
        "strategies": ["momentum_5m"],
        "symbols": ["DOGE/USD"],
        "sharpe": 1.5,
        "final_equity": "201.5",
        "since": "2025-01-01T00:00:00Z",
    }
    store.runs.save("run-1", result, [{"pnl": "2.5", "side": "long"}], bars().ts, bars().open)


def test_an_empty_store_has_every_view_typed_as_a_full_one(store: Store, tmp_path: Path) -> None:
    full = Store(tmp_path / "full")
    fill_with_something(full)
    assert types(store) == types(full)
    counts = ", ".join(f"(SELECT count(*) FROM {view})" for view in VIEWS)  # noqa: S608
    assert rows(store, f"SELECT {counts}") == [(0,) * len(VIEWS)]
    assert not store.root.exists()


def test_the_views_hold_what_was_recorded(store: Store) -> None:
    fill_with_something(store)
    assert rows(store, "SELECT id, qty, state FROM orders") == [("o1", Decimal("10.5"), "filled")]
    assert rows(store, 'SELECT "order", price FROM fills') == [("o1", Decimal("0.00001234"))]
    assert rows(store, "SELECT account, run, pnl FROM trades ORDER BY pnl") == [
        ("paper", None, Decimal("-1.25")),
        (None, "run-1", Decimal("2.5")),
    ]
    assert rows(store, "SELECT equity FROM equity") == [(Decimal("199.75"),)]
    assert rows(store, "SELECT level FROM breaker") == [("WARNING",)]
    assert rows(store, "SELECT run, strategies, sharpe, final_equity FROM runs") == [
        ("run-1", ["momentum_5m"], 1.5, Decimal("201.5"))
    ]
    assert rows(
        store,
        "SELECT venue, symbol, timeframe, min(ts), count(*), any_value(simulated) FROM candles GROUP BY ALL",
    ) == [("coinbase", "DOGE/USD", "5m", int(bars().ts[0]), 24, False)]
    assert rows(store, "SELECT count(*) FROM candles_of('coinbase', 'DOGE/USD', '5m')") == [(24,)]
    assert rows(store, "SELECT symbol, interval_ms FROM funding LIMIT 1") == [("DOGE/USDT:USDT", 3600000)]


def test_reading_does_not_turn_a_folder_into_a_store(store: Store) -> None:
    store.root.mkdir()
    (store.root / "letter.txt").write_text("mine")
    assert rows(store, "SELECT count(*) FROM journal") == [(0,)]
    assert [path.name for path in store.root.iterdir()] == ["letter.txt"]


def test_what_is_recorded_later_is_in_the_next_connection(store: Store) -> None:
    for number in range(3):
        store.journal().append("equity", {"equity": str(number)})
        assert rows(store, "SELECT count(*) FROM equity") == [(number + 1,)]
    store.lake.write_candles(bars(), source="test")
    assert rows(store, "SELECT count(*) FROM candles") == [(24,)]
    con = store.connect()
    store.lake.write_candles(bars(count=30), source="test")
    assert con.execute("SELECT count(*) FROM candles").fetchall() == [(30,)]


def test_sealed_segments_are_read_from_parquet_and_that_cache_can_go(store: Store) -> None:
    import shutil

    journal = Journal(store.paths, segment_bytes=500)
    for number in range(12):
        journal.append("fact", {"n": number})
    assert rows(store, "SELECT count(*), max(seq) FROM journal") == [(13, 13)]
    assert list(store.paths.cache.rglob("*.parquet"))
    journal.append("fact", {"n": 12})
    assert rows(store, "SELECT count(*), max(seq) FROM journal") == [(14, 14)]
    shutil.rmtree(store.paths.cache)
    assert rows(store, "SELECT count(*), max(seq) FROM journal") == [(14, 14)]


@pytest.mark.parametrize("segment", [1, 3])
def test_a_damaged_journal_is_an_error_and_never_a_missing_row(store: Store, segment: int) -> None:
    journal = Journal(store.paths, segment_bytes=500)
    for number in range(12):
        journal.append("fact", {"n": number})
    store.connect().close()
    path = journal.folder / f"{segment:06d}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"n":', b'"m":', 1))
    journal.append("fact", {"n": 12})
    with pytest.raises(StoreDamagedError, match=f"{segment:06d}.jsonl, line"):
        store.connect()


def test_a_client_that_holds_the_catalog_open_for_writing_stops_nobody(store: Store) -> None:
    fill_with_something(store)
    store.connect().close()
    code = (
        f"import duckdb; con = duckdb.connect({str(store.paths.catalog)!r})\n"
        "con.execute('CREATE TABLE mine AS SELECT 1'); print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None and client.stdin is not None
        assert client.stdout.readline() == "open\n"
        before = store.paths.catalog.stat().st_ino
        store.journal().append("fill", {"order": "o2"})
        assert rows(store, "SELECT count(*) FROM fills") == [(2,)]
        # Its file is left alone: the client would go on writing into one that nobody can find.
        assert store.paths.catalog.stat().st_ino == before
        client.stdin.write("\n")
    assert rows(store, "SELECT count(*) FROM fills") == [(2,)]


def test_an_open_reader_does_not_stop_a_new_catalog(store: Store) -> None:
    store.journal().append("equity", {"equity": "1"})
    old = store.connect()
    store.journal().append("equity", {"equity": "2"})
    assert rows(store, "SELECT count(*) FROM equity") == [(2,)]
    assert old.execute("SELECT count(*) FROM equity").fetchall() == [(1,)]


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 20_000])
def test_a_catalog_that_is_none_is_built_again(store: Store, content: bytes) -> None:
    store.journal().append("equity", {"equity": "1"})
    store.paths.catalog.write_bytes(content)
    assert rows(store, "SELECT count(*) FROM equity") == [(1,)]


def test_a_users_own_client_reads_the_catalog(store: Store) -> None:
    fill_with_something(store)
    store.connect().close()
    with duckdb.connect(str(store.paths.catalog), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM candles").fetchall() == [(24,)]
        assert con.execute("SELECT symbol FROM orders").fetchall() == [("DOGE/USD",)]


@pytest.mark.parametrize(
    "statement",
    [
        "SET TimeZone = 'Asia/Seoul'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/leaves-the-store.csv'",
        "CREATE TABLE mine AS SELECT 1",
        "DELETE FROM journal_tail",
    ],
)
def test_a_query_can_neither_leave_the_store_nor_unlock_the_connection(store: Store, statement: str) -> None:
    store.lake.write_candles(bars(), source="test")
    con = store.connect()
    with pytest.raises(duckdb.Error):
        con.execute(statement)
    assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    assert con.execute("SELECT count(*) FROM candles").fetchall() == [(24,)]


def test_odd_folder_and_symbol_names_are_only_names(tmp_path: Path) -> None:
    from memesnipe_cli.store.tables import SeriesKey

    store = Store(tmp_path / "it's a [store] *")
    key = SeriesKey("okx", "1000'PEPE%/USDT:USDT", "5m")
    store.lake.write_candles(bars(key), source="test")
    assert rows(store, "SELECT DISTINCT symbol FROM candles") == [(key.symbol,)]
    assert store.lake.series()[0].key == key
    assert DOGE_5M.symbol not in str(list(store.root.rglob("*")))
