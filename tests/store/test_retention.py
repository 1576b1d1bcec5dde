"""Pruning removes what was named and nothing else, and never the journal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from lake_bars import DOGE_1H, DOGE_5M, START, bars

from memesnipe_cli import cli
from memesnipe_cli.clock import DAY_MS, parse_time
from memesnipe_cli.errors import UsageError
from memesnipe_cli.store import Store
from memesnipe_cli.store.retention import Selection
from memesnipe_cli.store.tables import FundingRates, SeriesKey

PEPE_1H = SeriesKey("kraken", "PEPE/USD", "1h")


@pytest.fixture
def full(store: Store) -> Store:
    """January and February 2025 of DOGE and PEPE, a run, a journal, and rows set aside."""
    store.journal().append("fact", {"n": 1})
    store.lake.write_candles(bars(count=40), source="test")
    store.lake.write_candles(bars(PEPE_1H, 20), source="test")
    rates = FundingRates("okx", "DOGE/USDT:USDT", np.array([START]), np.array([1e-4]), np.array([3_600_000]))
    store.lake.write_funding(rates, source="test")
    store.lake.set_aside(DOGE_5M, [{"ts": 1, "reason": "bad"}], source="test")
    store.runs.save("run", {}, [{"pnl": "1"}], bars().ts, bars().open)
    store.connect().close()
    return store


def names(rows: list[dict[str, object]]) -> list[str]:
    return [f"{row['part']} {row['name']}" for row in rows]


def test_size_tells_every_part(full: Store) -> None:
    rows = {(row["part"], row["name"]): row for row in full.size()}
    on_disk = sum(path.stat().st_size for path in full.root.rglob("*") if path.is_file())
    assert sum(row["bytes"] for row in rows.values()) == on_disk
    assert rows["journal", "paper"]["bytes"] > 0
    assert rows["candles", "coinbase DOGE/USD 5m"]["files"] == 3
    assert ("candles", "coinbase DOGE/USD") not in rows
    assert {part for part, _ in rows} == {
        "journal",
        "candles",
        "funding",
        "set_aside",
        "runs",
        "cache",
        "store",
    }


def test_size_of_nothing_is_nothing(store: Store) -> None:
    assert store.size() == []


def test_without_apply_nothing_goes(full: Store) -> None:
    before = full.size()
    rows = full.prune(Selection(("candles", "runs"), older_than_ms=parse_time("2099-01-01")))
    assert len(rows) == 5
    assert full.size() == before


def test_only_months_that_ended_before_the_limit_go(full: Store) -> None:
    selection = Selection(("candles", "funding"), older_than_ms=parse_time("2025-02-28T23:59:59Z"))
    assert names(full.prune(selection, apply=True)) == [
        "candles coinbase DOGE/USD 5m 2025-01",
        "candles kraken PEPE/USD 1h 2025-01",
        "funding okx DOGE/USDT:USDT 2025-01",
    ]
    february = parse_time("2025-02-01")
    assert [info.first_ms for info in full.lake.series()] == [february, february]
    assert full.lake.read_candles(DOGE_5M).ts[0] == february
    assert full.journal().head()[0] == 2


def test_a_month_ends_with_its_own_last_day(store: Store) -> None:
    store.lake.write_candles(bars(DOGE_1H, 1, parse_time("2025-06-15")), source="test")
    assert store.prune(Selection(("candles",), older_than_ms=parse_time("2025-06-30"))) == []
    assert len(store.prune(Selection(("candles",), older_than_ms=parse_time("2025-07-01")))) == 1


def test_a_series_can_be_named(full: Store) -> None:
    selection = Selection(("candles", "runs", "set_aside"), symbol="PEPE/USD", timeframe="1h")
    full.prune(selection, apply=True)
    assert [info.key for info in full.lake.series()] == [DOGE_5M]
    assert full.runs.list() and full.lake.set_aside_rows()
    full.prune(Selection(("set_aside",), venue="coinbase"), apply=True)
    assert full.lake.set_aside_rows() == []


def test_runs_go_by_the_time_they_were_saved(full: Store) -> None:
    old = full.paths.runs / "run"
    os.utime(old, ns=(0, START * 1_000_000))
    assert full.prune(Selection(("runs",), older_than_ms=START), apply=True) == []
    assert names(full.prune(Selection(("runs",), older_than_ms=START + DAY_MS), apply=True)) == ["runs run"]
    assert full.runs.list() == []


def test_the_cache_can_go_at_any_time(full: Store) -> None:
    full.prune(Selection(("cache",)), apply=True)
    assert not full.paths.catalog.exists()
    assert full.connect().execute("SELECT count(*) FROM candles").fetchall() == [(60,)]


@pytest.mark.parametrize(
    ("selection", "named"),
    [
        (Selection(("journal",), older_than_ms=1), "'journal' cannot be pruned"),
        (Selection(("candles",)), "this would remove everything"),
    ],
)
def test_what_must_not_be_pruned_is_refused(full: Store, selection: Selection, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        full.prune(selection, apply=True)


# --- the command --------------------------------------------------------------------------------------------


def memesnipe(root: Path, *words: str) -> int:
    return cli.run(["store", *words], {"MEMESNIPE_STORE": str(root)})


def test_the_command_shows_sizes(full: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert memesnipe(full.root, "size", "--json") == 0
    assert json.loads(capsys.readouterr().out) == full.size()
    assert memesnipe(full.root, "size") == 0
    assert "coinbase DOGE/USD 5m" in capsys.readouterr().out


def test_the_command_prunes_only_with_yes(full: Store, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("prune", "--part", "candles", "--timeframe", "60m", "--jsonl")
    assert memesnipe(full.root, *words) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in shown] == ["kraken PEPE/USD 1h 2025-01", "kraken PEPE/USD 1h 2025-02"]
    assert [row["removed"] for row in shown] == [False, False]
    assert len(full.lake.series()) == 2
    assert memesnipe(full.root, *words, "--yes") == 0
    assert [info.key for info in full.lake.series()] == [DOGE_5M]
    recorded = list(full.journal().entries())[-1]
    assert (recorded.kind, recorded.body["timeframe"]) == ("prune", "1h")


def test_the_command_refuses_what_is_not_understood(full: Store, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("prune",),
        ("prune", "--older-than", "someday"),
        ("prune", "--part", "journal", "--older-than", "1d"),
    ):
        assert memesnipe(full.root, *words) == 2
        assert "error:" in capsys.readouterr().err
