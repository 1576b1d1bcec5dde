"""What the store costs: `python benchmarks/store.py [--rows N]`.

1. Ingest of N bars from parquet and from CSV, as a ratio to DuckDB's own COPY of the same rows into the same
   partitions. Target: at least half of its rate, so a ratio of 0.5.
2. A journal writer's latency while bulk ingests and a DuckDB reader run beside it. Target: p99 under 50 ms.
3. Reading one series back, as a ratio to DuckDB reading the same files.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

from memesnipe_cli.store import Store, duck
from memesnipe_cli.store.tables import SeriesKey

KEY = SeriesKey("coinbase", "DOGE/USD", "5m")
ROUNDS = 3
MONTH = "strftime(make_timestamp_ms(ts), '%Y-%m') AS month"


def make_source(folder: Path, rows: int) -> tuple[Path, Path]:
    """A random walk of 5m bars from 2015 on, as parquet and as CSV."""
    con = duckdb.connect()
    rng = np.random.default_rng(7)
    ts = np.arange(rows, dtype=np.int64) * 300_000 + 1_420_070_400_000
    close = np.round(0.1 * np.exp(np.cumsum(rng.normal(0, 0.002, rows))), 6)
    opening = np.concatenate([close[:1], close[:-1]])
    bars = {
        "ts": ts,
        "open": opening,
        "high": np.maximum(opening, close),
        "low": np.minimum(opening, close),
        "close": close,
        "volume": np.round(rng.exponential(1e5, rows), 2),
        "synthetic": np.zeros(rows, dtype=np.bool_),
    }
    import pyarrow

    con.register("bars", pyarrow.table(bars))
    parquet, csv = folder / "bars.parquet", folder / "bars.csv"
    con.execute(f"COPY bars TO '{parquet}'")
    con.execute(f"COPY bars TO '{csv}' (HEADER)")
    return parquet, csv


def duckdb_copy(reader: str, target: Path) -> float:
    """Seconds of DuckDB's own way."""
    con = duckdb.connect()
    began = time.perf_counter()
    con.execute(f"CREATE VIEW bars AS SELECT *, {MONTH} FROM {reader}")  # noqa: S608
    con.execute(f"COPY bars TO '{target}' (FORMAT parquet, PARTITION_BY (month))")
    return time.perf_counter() - began


def store_ingest(reader: str, target: Path) -> float:
    """Seconds of the same through the store: read, check, merge, write, sync, rename."""
    con = duck.open_memory()
    store = Store(target)
    store.lake  # noqa: B018 - its import is not what is measured
    began = time.perf_counter()
    con.execute(f"CREATE VIEW incoming AS SELECT * FROM {reader}")  # noqa: S608
    report = store.lake.write_candles_sql(con, "incoming", KEY, source="benchmark")
    seconds = time.perf_counter() - began
    assert report.conflicts == 0
    return seconds


def compare(name: str, ours: Callable[[], float], theirs: Callable[[], float], rows: int) -> None:
    """Interleaved rounds, medians, one line."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"{name:34} {rows / mine:12,.0f} rows/s   DuckDB {rows / other:12,.0f} rows/s"
        f"   ratio {other / mine:.2f}"
    )


def ingest_ratios(folder: Path, parquet: Path, csv: Path, rows: int) -> None:
    """The rate of ingest beside DuckDB's COPY."""

    def fresh(name: str) -> Path:
        shutil.rmtree(folder / name, ignore_errors=True)
        return folder / name

    for name, reader in (("parquet", f"'{parquet}'"), ("CSV", f"read_csv('{csv}')")):
        compare(
            f"ingest {name}, {rows:,} new rows",
            lambda reader=reader: store_ingest(reader, fresh("ours")),  # type: ignore[misc]
            lambda reader=reader: duckdb_copy(reader, fresh("theirs")),  # type: ignore[misc]
            rows,
        )
    target = folder / "ours"
    compare(
        f"ingest parquet, {rows:,} known rows",
        lambda: store_ingest(f"'{parquet}'", target),
        lambda: duckdb_copy(f"'{parquet}'", fresh("theirs")),
        rows,
    )
    store = Store(target)
    files = duck.files(target, "/lake/candles/**/*.parquet")

    def read_ours() -> float:
        began = time.perf_counter()
        assert len(store.lake.read_candles(KEY)) == rows
        return time.perf_counter() - began

    def read_theirs() -> float:
        con = duckdb.connect()
        began = time.perf_counter()
        con.execute(f"SELECT * FROM read_parquet({files})").fetchnumpy()  # noqa: S608
        return time.perf_counter() - began

    compare(f"read {rows:,} rows", read_ours, read_theirs, rows)


def keep_ingesting(root: Path, parquet: Path, venue: str) -> None:
    """Bulk loads, one after the other, each of a new venue's series."""
    con = duck.open_memory()
    con.execute(f"CREATE VIEW incoming AS SELECT * FROM '{parquet}'")  # noqa: S608
    turn = 0
    while True:
        turn += 1
        key = SeriesKey(f"{venue}{turn}", KEY.symbol, KEY.timeframe)
        Store(root).lake.write_candles_sql(con, "incoming", key, source="benchmark")


def keep_reading(root: Path) -> None:
    """One aggregate over all candles after the other."""
    while True:
        con = Store(root).connect()
        con.execute("SELECT venue, avg(close), count(*) FROM candles GROUP BY ALL").fetchall()
        con.close()


def latencies(journal_root: Path, count: int) -> list[float]:
    """Milliseconds of each of `count` appends, with a breath between them as a trader has."""
    journal = Store(journal_root).journal()
    taken = []
    for number in range(count):
        began = time.perf_counter()
        journal.append("order", {"id": str(number), "qty": "12.5", "price": "0.08123", "state": "new"})
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    return sorted(taken)


def writer_latency(root: Path, parquet: Path, count: int) -> None:
    """The writer alone, then beside a bulk ingest and a reader."""
    for name, company in (("alone", False), ("beside bulk ingest and reader", True)):
        processes = [
            multiprocessing.Process(target=keep_ingesting, args=(root, parquet, "venue")),
            multiprocessing.Process(target=keep_reading, args=(root,)),
        ]
        if company:
            for process in processes:
                process.start()
            time.sleep(2)
        taken = latencies(root, count)
        if company:
            for process in processes:
                process.terminate()
                process.join()
        p50, p99 = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
        print(
            f"writer {name:31} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   max {taken[-1]:6.2f} ms"
            "   (target p99 < 50)"
        )


def main() -> None:
    """Runs everything and prints a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--appends", type=int, default=1_000)
    arguments = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="memesnipe-benchmark-")))
        parquet, csv = make_source(folder, arguments.rows)
        ingest_ratios(folder, parquet, csv, arguments.rows)
        writer_latency(folder / "beside", parquet, arguments.appends)


if __name__ == "__main__":
    main()
