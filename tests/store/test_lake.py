"""The lake: rows go in once, differences are set aside, higher timeframes come from finer bars."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lake_bars import DOGE_1H, DOGE_5M, START, bars, synthetic

from memesnipe_cli.errors import DataError, StoreDamagedError, UsageError
from memesnipe_cli.store import Store
from memesnipe_cli.store.lake import Lake, WriteReport
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.tables import Candles, FundingRates, Instrument, SeriesKey

WRITERS = Path(__file__).with_name("store_writers.py")
HOUR = 3_600_000


def same(left: Candles, right: Candles) -> bool:
    names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


# --- writing and reading back -------------------------------------------------------------------------------


def test_candles_come_back_as_they_went_in(store: Store) -> None:
    assert store.lake.write_candles(bars(count=40), source="test") == WriteReport(40, 0, 0, 2)
    assert same(store.lake.read_candles(DOGE_5M), bars(count=40))
    inside = store.lake.read_candles(DOGE_5M, START + 300_000, START + 900_000)
    assert inside.ts.tolist() == [START + 300_000, START + 600_000]
    assert len(store.lake.read_candles(DOGE_5M, START + 99 * HOUR)) == 0
    assert len(store.lake.read_candles(DOGE_5M, START, START)) == 0


def test_months_are_partitions_under_readable_names(store: Store) -> None:
    store.lake.write_candles(bars(SeriesKey("okx", "ETH/USDT:USDT", "5m"), 40), source="test")
    files = sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*.parquet"))
    base = "lake/candles/venue=okx/symbol=ETH%2FUSDT%3AUSDT/timeframe=5m"
    assert files == [f"{base}/month=2025-01/data.parquet", f"{base}/month=2025-02/data.parquet"]
    assert store.lake.series()[0].key.symbol == "ETH/USDT:USDT"


def test_a_second_write_of_the_same_rows_writes_nothing(store: Store) -> None:
    store.lake.write_candles(bars(count=40), source="test")
    assert store.lake.write_candles(bars(count=40), source="test") == WriteReport(0, 40, 0, 0)
    assert store.lake.write_candles(bars(count=44), source="test") == WriteReport(4, 40, 0, 1)


def test_a_different_row_is_set_aside_and_the_stored_one_stays(store: Store) -> None:
    store.lake.write_candles(bars(), source="first")
    for _ in range(2):
        report = store.lake.write_candles(bars(bump=0.25, only=[3, 30]), source="second")
    assert report == WriteReport(0, 1, 1, 0)
    assert same(store.lake.read_candles(DOGE_5M, until_ms=START + 24 * 300_000), bars())
    (row,) = store.lake.set_aside_rows(DOGE_5M)
    assert (row["ts"], row["open"], row["source"]) == (START + 900_000, 103.25, "second")
    assert row["stored"]["open"] == 103.0
    assert "another row" in row["reason"]


def test_an_observed_row_replaces_a_synthetic_one_and_never_the_reverse(store: Store) -> None:
    store.lake.write_candles(synthetic(bars()), source="fill")
    assert store.lake.write_candles(bars(bump=1.0, only=[2]), source="test") == WriteReport(
        0, 0, 0, 1, replaced=1
    )
    assert store.lake.write_candles(synthetic(bars(bump=2.0, only=[2])), source="fill").conflicts == 1
    stored = store.lake.read_candles(DOGE_5M)
    assert stored.open[2] == 103.0
    assert stored.synthetic.tolist() == [number != 2 for number in range(24)]
    assert store.lake.series()[0].synthetic == 23


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: replace(c, ts=c.ts[::-1]), "does not come after"),
        (lambda c: replace(c, ts=np.repeat(c.ts[:12], 2)), "does not come after"),
        (lambda c: replace(c, ts=c.ts + 1), "is not the open of a bar"),
        (
            lambda c: replace(c, volume=np.where(np.arange(24) == 5, np.nan, c.volume)),
            "volume of 2025-01-31T23:25:00Z is nan",
        ),
        (lambda c: replace(c, high=c.high[:5]), "differ in length"),
        (lambda c: replace(c, key=SeriesKey("coinbase", "../../etc", "5m")), "'../../etc' cannot be stored"),
        (lambda c: replace(c, key=SeriesKey("coinbase", "DOGE/USD", "5x")), "timeframe '5x' is not known"),
    ],
)
def test_rows_that_cannot_be_stored_are_refused_whole(store: Store, change: Any, named: str) -> None:
    with pytest.raises((DataError, UsageError), match=named):
        store.lake.write_candles(change(bars()), source="test")
    assert store.lake.series() == []


def test_simulated_rows_live_apart_for_ever(store: Store) -> None:
    simulated = SeriesKey("sim", "DOGE/USD", "5m")
    with pytest.raises(UsageError, match="may not be stored under venue 'coinbase'"):
        store.lake.write_candles(bars(), source="simulate seed=7")
    with pytest.raises(UsageError, match="may not be stored under venue 'sim'"):
        store.lake.write_candles(bars(simulated), source="file doge.csv")
    assert store.lake.write_candles(bars(simulated), source="simulate seed=7").added == 24


def test_rows_of_a_duckdb_table_go_in_the_same_way(store: Store) -> None:
    con = duckdb.connect()
    candles = bars(count=40)
    table = {
        name: getattr(candles, name) for name in ("ts", "open", "high", "low", "close", "volume", "synthetic")
    }
    con.register("arrays", __import__("pyarrow").table(table))
    con.execute('CREATE TABLE "odd ""name" AS SELECT * FROM arrays ORDER BY hash(ts)')
    assert store.lake.write_candles_sql(con, 'odd "name', DOGE_5M, source="test").added == 40
    assert same(store.lake.read_candles(DOGE_5M), candles)
    con.execute('UPDATE "odd ""name" SET close = NULL WHERE ts = (SELECT min(ts) FROM arrays)')
    with pytest.raises(DataError, match="close has NULL rows"):
        store.lake.write_candles_sql(con, 'odd "name', DOGE_5M, source="test")


# --- timeframes ---------------------------------------------------------------------------------------------


def test_a_higher_timeframe_is_made_from_finer_bars_that_are_over(store: Store) -> None:
    store.lake.write_candles(bars(count=30), source="test")
    hours = store.lake.read_candles(DOGE_1H)
    assert hours.ts.tolist() == [START, START + HOUR]
    assert (hours.open[0], hours.high[0], hours.low[0], hours.close[0]) == (100.0, 113.0, 99.0, 111.5)
    assert hours.volume.tolist() == [120.0, 120.0]
    assert len(store.lake.read_candles(SeriesKey("coinbase", "DOGE/USD", "4h"))) == 0
    assert store.lake.read_candles(DOGE_1H, START + 1, START + HOUR + 1).ts.tolist() == [START + HOUR]


def test_bars_without_trades_do_not_hold_back_a_higher_bar(store: Store) -> None:
    store.lake.write_candles(bars(only=[0, 5, 13, 25]), source="test")
    hours = store.lake.read_candles(DOGE_1H)
    assert hours.ts.tolist() == [START, START + HOUR]
    assert (hours.open[0], hours.close[0], hours.volume[0]) == (100.0, 105.5, 20.0)


def test_a_bar_that_began_before_the_series_did_is_not_made_up(store: Store) -> None:
    store.lake.write_candles(bars(only=range(3, 24)), source="test")
    assert store.lake.read_candles(DOGE_1H).ts.tolist() == [START + HOUR]


def test_a_higher_timeframe_is_not_stored_twice_whichever_comes_first(store: Store, tmp_path: Path) -> None:
    store.lake.write_candles(bars(), source="test")
    hours = store.lake.read_candles(DOGE_1H)
    assert store.lake.write_candles(hours, source="test") == WriteReport(0, 2, 0, 0)

    other = Store(tmp_path / "other")
    assert other.lake.write_candles(hours, source="test").added == 2
    assert other.lake.write_candles(bars(), source="test").coarser_dropped == 2
    assert [info.key.timeframe for info in other.lake.series()] == ["5m"]
    assert same(other.lake.read_candles(DOGE_1H), hours)


def test_a_higher_bar_that_finer_ones_deny_is_set_aside(store: Store, tmp_path: Path) -> None:
    store.lake.write_candles(bars(), source="test")
    hours = store.lake.read_candles(DOGE_1H)
    wrong = replace(hours, high=hours.high + np.array([0.0, 1.0]), volume=hours.volume * (1 + 1e-9))
    assert store.lake.write_candles(wrong, source="test") == WriteReport(0, 1, 1, 0)
    assert [row["ts"] for row in store.lake.set_aside_rows(DOGE_1H)] == [START + HOUR]

    other = Store(tmp_path / "other")
    other.lake.write_candles(wrong, source="test")
    report = other.lake.write_candles(bars(), source="test")
    assert (report.added, report.conflicts, report.coarser_dropped, report.coarser_conflicts) == (24, 0, 2, 1)
    assert [row["ts"] for row in other.lake.set_aside_rows()] == [START + HOUR]
    assert same(other.lake.read_candles(DOGE_1H), hours)


def test_higher_bars_fill_in_where_finer_ones_are_absent(store: Store) -> None:
    store.lake.write_candles(bars(only=[*range(12), *range(20, 24), *range(36, 48)]), source="test")
    stored = bars(DOGE_1H, 6)
    report = store.lake.write_candles(stored, source="test")
    # Of the hours 0 and 3 every finer bar is there, of hour 1 only some.
    assert (report.added, report.conflicts) == (4, 2)
    hours = store.lake.read_candles(DOGE_1H)
    assert hours.ts.tolist() == stored.ts.tolist()
    assert hours.volume.tolist() == [120.0, 10.0, 10.0, 120.0, 10.0, 10.0]
    assert store.lake.read_candles(DOGE_1H, START + HOUR, START + 4 * HOUR).volume.tolist() == [
        10.0,
        10.0,
        120.0,
    ]


def test_a_higher_bar_with_quiet_minutes_in_it_is_not_stored_twice_either(store: Store) -> None:
    store.lake.write_candles(bars(only=[0, 5, 13, 23, 25]), source="test")
    hours = store.lake.read_candles(DOGE_1H)
    assert store.lake.write_candles(hours, source="test") == WriteReport(0, 2, 0, 0)
    # The third hour is not over in the finer bars, so nothing stands in for it.
    assert store.lake.write_candles(bars(DOGE_1H, 1, START + 2 * HOUR), source="test").added == 1
    assert store.lake.read_candles(DOGE_1H).ts.tolist() == [START, START + HOUR, START + 2 * HOUR]


def test_filled_bars_do_not_outvote_an_observed_higher_one(store: Store) -> None:
    store.lake.write_candles(synthetic(bars()), source="fill")
    assert store.lake.read_candles(DOGE_1H).synthetic.all()
    assert store.lake.write_candles(bars(DOGE_1H, 1), source="test").added == 1
    assert store.lake.read_candles(DOGE_1H).synthetic.tolist() == [False, True]
    filled = store.lake.read_candles(DOGE_1H, START + HOUR)
    observed = replace(filled, synthetic=np.zeros(1, dtype=np.bool_))
    assert store.lake.write_candles(observed, source="test").added == 1
    assert not store.lake.read_candles(DOGE_1H).synthetic.any()


def test_two_names_of_one_length_are_one_series(store: Store) -> None:
    store.lake.write_candles(bars(DOGE_1H, 3), source="test")
    assert store.lake.write_candles(bars(replace(DOGE_1H, timeframe="60m"), 3), source="test").identical == 3
    assert len(store.lake.read_candles(replace(DOGE_1H, timeframe="60m"))) == 3


def test_what_is_not_there_says_how_to_get_it(store: Store) -> None:
    with pytest.raises(DataError, match="no candles of coinbase DOGE/USD 5m are stored") as caught:
        store.lake.read_candles(DOGE_5M)
    assert "memesnipe ingest candles --venue coinbase --symbol DOGE/USD --timeframe 5m" in caught.value.hint
    store.lake.write_candles(bars(DOGE_1H, 3), source="test")
    with pytest.raises(DataError):
        store.lake.read_candles(DOGE_5M)
    with pytest.raises(DataError, match="no funding rates of okx"):
        store.lake.read_funding("okx", "DOGE/USDT:USDT")


# --- the list of series, damage
# ------------------------------------------------------------------------------


def test_series_lists_what_is_stored_with_or_without_its_index(store: Store) -> None:
    store.lake.write_candles(bars(count=40), source="test")
    store.lake.write_candles(bars(SeriesKey("kraken", "PEPE/USD", "1h"), 3), source="test")
    before = store.lake.series()
    assert [(str(info.key), info.rows, info.first_ms) for info in before] == [
        ("coinbase DOGE/USD 5m", 40, START),
        ("kraken PEPE/USD 1h", 3, START),
    ]
    assert before[0].last_ms == START + 39 * 300_000
    for index in store.root.rglob("index.json"):
        index.write_text("{")
    assert store.lake.series() == before
    for index in store.root.rglob("index.json"):
        index.unlink()
    assert store.lake.series() == before


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1"])
def test_a_damaged_file_is_named(store: Store, content: bytes) -> None:
    store.lake.write_candles(bars(), source="test")
    next(store.root.rglob("data.parquet")).write_bytes(content)
    for use in (
        lambda: store.lake.read_candles(DOGE_5M),
        lambda: store.lake.series(),
        lambda: store.lake.write_candles(bars(count=30), source="test"),
    ):
        with pytest.raises(StoreDamagedError, match=r"month=2025-01/data\.parquet cannot be read"):
            use()


# --- funding, instruments, rows set aside
# --------------------------------------------------------------------


def test_funding_rates_go_in_once(store: Store) -> None:
    ts = START + np.arange(4) * 8 * HOUR
    rates = FundingRates(
        "okx", "DOGE/USDT:USDT", ts, np.array([1e-4, 0.0, -1e-4, 2e-4]), np.full(4, 8 * HOUR)
    )
    assert store.lake.write_funding(rates, source="test").added == 4
    other = replace(rates, rate=rates.rate + np.array([0, 0, 1e-5, 0]))
    assert store.lake.write_funding(other, source="test") == WriteReport(0, 3, 1, 0)
    read = store.lake.read_funding("okx", "DOGE/USDT:USDT", START + 1)
    assert read.rate.tolist() == [0.0, -1e-4, 2e-4]
    assert [row["timeframe"] for row in store.lake.set_aside_rows()] == ["funding"]


def test_what_was_inferred_never_replaces_the_venues_own_word(store: Store) -> None:
    own = Instrument("coinbase", "DOGE/USD", "0.00001", "0.1", "0.1", "1", source="venue")
    guess = Instrument("coinbase", "DOGE/USD", "0.0001", "1")
    assert store.lake.read_instrument("coinbase", "DOGE/USD") is None
    for write, stored in ((guess, guess), (own, own), (guess, own)):
        store.lake.write_instrument(write)
        assert store.lake.read_instrument("coinbase", "DOGE/USD") == stored
    assert store.lake.list_instruments() == [own]


def test_rows_set_aside_are_kept_once_with_their_reason_whatever_is_in_them(store: Store) -> None:
    bad = [{"ts": START, "high": float("nan"), "low": np.float64(3.5), "reason": "high is no number"}]
    assert store.lake.set_aside(DOGE_5M, bad, source="a.csv") == 1
    assert store.lake.set_aside(DOGE_5M, bad, source="b.csv") == 0
    assert store.lake.set_aside_rows() == [
        {
            "venue": "coinbase", "symbol": "DOGE/USD", "timeframe": "5m", "ts": START,
            "high": "nan", "low": 3.5, "reason": "high is no number", "source": "a.csv",
        }
    ]  # fmt: skip
    assert store.lake.set_aside_rows(DOGE_1H) == []


# --- several processes
# ---------------------------------------------------------------------------------------


def run_writers(*arguments: tuple[str, ...]) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen([sys.executable, str(WRITERS), *each], stdout=subprocess.PIPE, text=True)
        for each in arguments
    ]


def test_two_ingests_of_the_same_month_at_once_lose_nothing(store: Store) -> None:
    root = str(store.root)
    writers = run_writers(
        ("ingest", root, "coinbase", "0", "200", "10"), ("ingest", root, "coinbase", "100", "200", "10")
    )
    added = sum(int(line) for writer in writers for line in writer.communicate()[0].split())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert added == 300
    assert same(store.lake.read_candles(DOGE_5M), bars(count=300))
    assert store.lake.set_aside_rows() == []


def test_a_killed_ingest_leaves_every_month_whole(store: Store) -> None:
    (writer,) = run_writers(("ingest", str(store.root), "coinbase", "0", "4000", "40"))
    assert writer.stdout is not None
    acknowledged = sum(int(writer.stdout.readline()) for _ in range(7))
    writer.kill()
    acknowledged += sum(int(line) for line in writer.communicate()[0].split())
    stored = store.lake.read_candles(DOGE_5M)
    assert len(stored) >= acknowledged
    assert same(stored, bars(count=len(stored)))
    store.lake.write_candles(bars(count=4000), source="test")
    assert len(store.lake.read_candles(DOGE_5M)) == 4000
    assert list(store.root.rglob("*.tmp")) == []


def test_a_writer_an_ingest_and_readers_side_by_side_lose_nothing(store: Store) -> None:
    root = str(store.root)
    writers = run_writers(
        ("append", root, "a", "60"),
        ("ingest", root, "coinbase", "0", "3000", "15"),
        ("append", root, "b", "60"),
    )
    seen = []
    while any(writer.poll() is None for writer in writers):
        con = store.connect()
        seen.append(
            con.execute("SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM candles)").fetchall()[0]
        )
        con.close()
    outputs = [writer.communicate()[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    # What a reader saw only grows: nothing half-written, nothing taken back.
    assert seen == sorted(seen) and all(left[1] <= right[1] for left, right in pairwise(seen))
    acknowledged = {seq for output in (outputs[0], outputs[2]) for seq in output[::2]}
    assert acknowledged <= {str(entry.seq) for entry in store.journal().entries()}
    assert store.journal().head()[0] == 121
    assert same(store.lake.read_candles(DOGE_5M), bars(count=3000))


# --- invariants
# ----------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    some.lists(
        some.tuples(
            some.lists(some.integers(0, 60), unique=True, max_size=20), some.integers(0, 1), some.booleans()
        ),
        max_size=6,
    )
)
def test_every_row_is_counted_once_and_the_first_observed_one_stays(
    tmp_path_factory: Any, writes: list[tuple[list[int], int, bool]]
) -> None:
    lake = Lake(StorePaths(tmp_path_factory.mktemp("lake") / "store"))
    model: dict[int, tuple[int, bool]] = {}
    for positions, bump, filled in writes:
        candles = bars(only=sorted(positions), bump=float(bump))
        report = lake.write_candles(synthetic(candles) if filled else candles, source="test")
        counted = report.added + report.replaced + report.identical + report.conflicts
        assert counted == len(positions)
        for position in positions:
            if position not in model or (model[position][1] and not filled):
                model[position] = (bump, filled)
    if not model:
        return
    stored = lake.read_candles(DOGE_5M)
    expected = [(START + position * 300_000, model[position]) for position in sorted(model)]
    assert stored.ts.tolist() == [ts for ts, _ in expected]
    assert stored.open.tolist() == [100.0 + (ts - START) / 300_000 + bump for ts, (bump, _) in expected]
    assert stored.synthetic.tolist() == [filled for _, (_, filled) in expected]


@settings(max_examples=40, deadline=None)
@given(some.lists(some.integers(0, 70), unique=True, min_size=1), some.integers(2, 12))
def test_resampling_agrees_with_a_plain_loop(positions: list[int], factor: int) -> None:
    from memesnipe_cli.store.columns import from_candles
    from memesnipe_cli.store.resample import resample

    fine = bars(only=sorted(positions))
    length = factor * 300_000
    made = resample(from_candles(fine), 300_000, length, int(fine.ts[0]), int(fine.ts[-1]))
    groups: dict[int, list[int]] = {}
    for index, ts in enumerate(fine.ts.tolist()):
        groups.setdefault(ts - ts % length, []).append(index)
    expected = [
        (
            open_ms,
            fine.open[rows[0]],
            max(fine.high[rows]),
            min(fine.low[rows]),
            fine.close[rows[-1]],
            10.0 * len(rows),
        )
        for open_ms, rows in groups.items()
        if open_ms >= fine.ts[0] and open_ms + length <= fine.ts[-1] + 300_000
    ]
    columns = [made.rows[name].tolist() for name in ("ts", "open", "high", "low", "close", "volume")]
    assert list(zip(*columns, strict=True)) == expected
    assert made.whole.tolist() == [len(groups[ts]) == factor for ts in made.rows["ts"].tolist()]
