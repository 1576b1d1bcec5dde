"""`memesnipe store catalog`: what the store holds, for the user's own DuckDB client."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BARS = "ts,open,high,low,close,volume\n" + "".join(
    f"{1_735_689_600_000 + place * 300_000},0.3,0.31,0.29,0.3,1000\n" for place in range(36)
)


def test_a_plain_duckdb_client_reads_what_was_stored(memesnipe: Run, tmp_path: Path) -> None:
    store = tmp_path / "store"
    named = ("--venue", "kraken", "--symbol", "DOGE/USD", "--timeframe", "5m")
    assert memesnipe("--store", str(store), "ingest", "file", "-", *named, stdin=BARS).returncode == 0
    done = memesnipe("--store", str(store), "store", "catalog")
    assert done.stdout == f"{store / 'store.duckdb'}\n"
    with duckdb.connect(done.stdout.strip(), read_only=True) as client:
        assert client.execute("SELECT count(*), max(high) FROM candles").fetchall() == [(36, 0.31)]
        bars = client.execute("SELECT count(*) FROM candles_of('kraken', 'DOGE/USD', '5m')").fetchall()
        assert bars == [(36,)]
        assert client.execute("SELECT what, rows FROM ingests").fetchall() == [("candles", 36)]
    written = memesnipe("--store", str(store), "store", "catalog", "--json")
    assert json.loads(written.stdout)["path"] == done.stdout.strip()


def test_a_folder_that_is_no_store_stays_as_it_was(memesnipe: Run, tmp_path: Path) -> None:
    done = memesnipe("--store", str(tmp_path / "none"), "store", "catalog")
    assert done.returncode == 2
    assert "memesnipe ingest simulate" in done.stderr
    assert not (tmp_path / "none").exists()
