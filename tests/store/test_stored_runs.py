"""A stored run comes back as it was saved, by its id or the beginning of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreDamagedError, StoreError, UsageError
from memesnipe_cli.store import Store

TS = np.arange(3, dtype=np.int64) * 300_000
EQUITY = np.array([200.0, 200.1 + 1e-13, 199.5])
TRADES = [
    {"strategy": "momentum_5m", "qty": "12.50", "bars": 7, "open": False, "exit_price": "0.1"},
    {"strategy": "momentum_5m", "qty": "3", "bars": 1, "open": True, "exit_price": None},
]


def save(store: Store, run: str, **result: object) -> None:
    store.runs.save(run, result, TRADES, TS, EQUITY)


def test_a_run_comes_back_as_it_was_saved(store: Store) -> None:
    result = {"sharpe": 1.25, "expectancy": None, "assumptions": {"fee": "0.006", "deep": [1, "x"]}}
    store.runs.save("momentum-5m-abc123", result, TRADES, TS, EQUITY)
    found = store.runs.load("momentum-5m-abc123")
    assert (found.run, found.result, found.trades) == ("momentum-5m-abc123", result, TRADES)
    assert found.equity_ts.tolist() == TS.tolist()
    assert found.equity.tolist() == EQUITY.tolist()


def test_a_run_without_trades_comes_back_without_trades(store: Store) -> None:
    store.runs.save("quiet", {}, [], TS[:0], EQUITY[:0])
    assert store.runs.load("quiet").trades == []
    assert len(store.runs.load("quiet").equity) == 0


def test_the_beginning_of_an_id_is_enough_when_only_one_begins_so(store: Store) -> None:
    for run in ("momentum-1", "momentum-2", "reversion-1", "momentum"):
        save(store, run)
    assert store.runs.load("rev").run == "reversion-1"
    assert store.runs.load("momentum").run == "momentum"
    with pytest.raises(UsageError, match="'momentum-' could be any of momentum-1, momentum-2"):
        store.runs.load("momentum-")
    with pytest.raises(UsageError, match="'reversoin-1' is not stored") as caught:
        store.runs.load("reversoin-1")
    assert "nearest: reversion-1" in caught.value.hint
    with pytest.raises(UsageError):
        store.runs.load("")


def test_where_nothing_is_stored_the_hint_is_to_run_one(store: Store) -> None:
    assert store.runs.list() == []
    with pytest.raises(UsageError) as caught:
        store.runs.load("any")
    assert "memesnipe backtest" in caught.value.hint


def test_the_newest_run_is_listed_first_and_a_second_save_replaces(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now, run in ((1_000, "a"), (3_000, "b"), (2_000, "c"), (4_000, "a")):
        monkeypatch.setattr(clock, "now_ms", lambda now=now: now)
        save(store, run, saved=now)
    assert [(row["run"], row["saved"]) for row in store.runs.list()] == [
        ("a", 4_000),
        ("b", 3_000),
        ("c", 2_000),
    ]
    assert [path for path in store.paths.runs.iterdir() if path.name.startswith(".")] == []


def test_a_save_that_fails_leaves_the_former_run_and_nothing_else(store: Store) -> None:
    save(store, "a", sharpe=1.0)
    with pytest.raises(StoreError, match="not of one shape"):
        store.runs.save("a", {"sharpe": 2.0}, [{"qty": "1"}, {"qty": 1}], TS, EQUITY)
    with pytest.raises(StoreError, match="is not JSON"):
        store.runs.save("a", {"sharpe": object()}, [], TS, EQUITY)
    assert store.runs.load("a").result == {"sharpe": 1.0}
    assert [path.name for path in store.paths.runs.iterdir()] == ["a"]


def test_an_id_cannot_leave_the_folder(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be stored"):
        save(store, "../outside")
    save(store, "with/slash")
    assert store.runs.load("with/").run == "with/slash"
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize("file", ["result.json", "trades.parquet", "equity.parquet"])
def test_a_damaged_run_is_named(store: Store, file: str) -> None:
    save(store, "a")
    (store.paths.runs / "a" / file).write_bytes(b"{")
    with pytest.raises(StoreDamagedError, match="runs/a"):
        store.runs.load("a")
