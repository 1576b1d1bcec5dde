"""From base bars to a strategy's signals: its bars are the store's, entries rest after holes, and compiled, plain and
streamed are the same to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from signal_tapes import as_bars, kept, parrot, walk

from memesnipe_cli.clock import DAY_MS, HOUR_MS, timeframe_ms
from memesnipe_cli.engine import signals as engine_signals
from memesnipe_cli.engine.kernel import signals as cells
from memesnipe_cli.engine.signals import BaseBars, InstrumentSignals, SignalScanner, SignalStream
from memesnipe_cli.store import columns
from memesnipe_cli.store.resample import resample
from memesnipe_cli.strategies.registry import LoadedStrategy, load

FIVE = 300_000
Times = npt.NDArray[np.int64]
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Places of missing bars: single ones, and the beginnings of long holes with their lengths.
holes = some.lists(some.tuples(some.integers(0, 299), some.integers(1, 60)), max_size=6)


def without(found: list[tuple[int, int]]) -> list[int]:
    return sorted({place for begin, length in found for place in range(begin, begin + length) if place < 299})


def plain(strategy: LoadedStrategy, bars: BaseBars, min_turnover: float = 0.0) -> InstrumentSignals:
    return SignalScanner(strategy, Path(), compiled=False).scan(bars, min_turnover=min_turnover)


# --- the strategy's bars ------------------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", ["5m", "1h", "4h"])
@quick
@given(found=holes, seed=some.integers(0, 99))
def test_a_strategy_sees_the_bars_that_the_store_would_make(
    timeframe: str, found: list[tuple[int, int]], seed: int, tmp_path: Path
) -> None:
    candles = walk(300, seed=seed, without=[place for place in without(found) if place])
    length = timeframe_ms(timeframe)
    rows = resample(columns.from_candles(candles), FIVE, length, int(candles.ts[0]), int(candles.ts[-1])).rows
    rows = columns.take(rows, np.flatnonzero(_latest(_closes(candles.ts, rows["ts"], length))))
    bars = as_bars(candles)
    prices, rest = (
        _said(parrot(tmp_path, timeframe), bars),
        _said(parrot(tmp_path, timeframe, prices="false"), bars),
    )
    for name, column in zip(("open", "high", "low", "close"), prices, strict=True):
        np.testing.assert_array_equal(column, rows[name])
    np.testing.assert_allclose(rest[0], rows["volume"], rtol=1e-12)
    np.testing.assert_array_equal(rest[1], rows["ts"])
    assert set(rest[2]) <= {float(length)}


def _closes(ts: Times, opens: Times, length: int) -> Times:
    """The base bar at which each longer bar closes: its own last one, or the first after it."""
    return np.searchsorted(ts, opens + length - FIVE)


def _latest(closes: Times) -> npt.NDArray[np.bool_]:
    """Leaves out a bar that closes together with a later one, which speaks for both."""
    return np.concatenate([closes[1:] != closes[:-1], [True]])


def _said(strategy: LoadedStrategy, bars: BaseBars) -> npt.NDArray[np.float64]:
    """(4, n): what the parrot said of every closed bar, entries that were held back included."""
    stream = SignalStream(strategy, bars.base_ms)
    found = []
    for row in bars.rows(0):
        if stream.step(*row) & 128:
            found.append([stream.row[at] for at in (1, 2, 4, 5)])
    return np.array(found).reshape(-1, 4).T


def test_a_bar_whose_end_never_came_closes_with_the_first_bar_after_it(tmp_path: Path) -> None:
    candles = walk(36, without=[10, 11])  # the first hour lacks its last ten minutes
    found = plain(parrot(tmp_path), as_bars(candles))
    assert found.rows.index.tolist() == [10, 21, 33]  # 13:00 in place 10, then 13:55 and 14:55
    assert found.rows.score[0] == candles.close[9]
    assert np.flatnonzero(found.flags & 128).tolist() == [10, 21, 33]


def test_of_two_bars_that_close_at_once_the_later_enters_and_both_may_leave(tmp_path: Path) -> None:
    # Half-hours: 12:00, then 13:30, which ends its hour and shows that the hour before has ended, too.
    path = tmp_path / "leaves.py"
    path.write_text(
        "from memesnipe_cli.strategies.base import Strategy\n"
        "from memesnipe_cli.strategies.signal import signal\n\n"
        "class Leaves(Strategy):\n"
        "    timeframe = '1h'\n\n"
        "    @staticmethod\n"
        "    def step(s, bar, p):\n"
        "        first = bar.ts % 7_200_000 == 0\n"
        "        return signal(enter=1, tag=1 if first else 2, exits=4 if first else 8, stop=bar.close)\n",
        encoding="utf-8",
    )
    candles = walk(4, "30m", without=[1, 2])
    found = plain(load(str(path)), as_bars(candles))
    assert [int(flags) >> 2 & 31 for flags in found.flags] == [0, 4 | 8]
    assert found.rows.tag.tolist() == [2]


# --- entries that are held back -----------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", ["5m", "1h"])
@quick
@given(found=holes)
def test_three_bars_rest_after_a_hole_of_more_than_three(
    timeframe: str, found: list[tuple[int, int]], tmp_path: Path
) -> None:
    candles = walk(300, without=[place for place in without(found) if place])
    scanned = plain(parrot(tmp_path, timeframe), as_bars(candles))
    closed, allowed = _allowed(candles.ts, timeframe_ms(timeframe))
    assert np.flatnonzero(scanned.flags & 128).tolist() == closed.tolist()
    assert scanned.rows.index.tolist() == closed[allowed].tolist()
    assert scanned.held_back == {"warm_up": 0, "after_gap": int(np.sum(~allowed)), "dead_market": 0}


def _allowed(ts: Times, length: int) -> tuple[Times, npt.NDArray[np.bool_]]:
    """Where longer bars close, and whether each may enter: told from its first and last base bar."""
    opens = np.unique(ts - ts % length)
    last = np.searchsorted(ts, opens + length) - 1
    closes = _closes(ts, opens, length)
    after = np.flatnonzero(np.diff(ts) > 4 * FIVE) + 1
    allowed = np.ones(len(opens), dtype=bool)
    for first_after in after:
        allowed[np.flatnonzero(last >= first_after)[:3]] = False
        allowed[(last < first_after) & (closes >= first_after)] = False  # news from before the hole
    there = (closes < len(ts)) & _latest(closes)
    return closes[there], allowed[there]


def test_a_signal_from_before_an_outage_is_not_acted_on_after_it(tmp_path: Path) -> None:
    found = plain(parrot(tmp_path), as_bars(walk(120, without=range(7, 60))))
    assert (
        found.flags[7] & 128
    )  # the hour of midnight closes at 05:00; the hours of 05:00 to 07:00 rest as well
    assert found.held_back["after_gap"] == 4
    assert found.rows.index.tolist() == [107 - 53, 119 - 53]


def test_three_missing_bars_are_no_hole(tmp_path: Path) -> None:
    found = plain(parrot(tmp_path, "5m"), as_bars(walk(40, without=[10, 11, 12])))
    assert found.held_back["after_gap"] == 0 and len(found.rows.index) == 37


def test_entries_of_the_warm_up_are_counted_and_not_made(tmp_path: Path) -> None:
    found = plain(parrot(tmp_path, warm="5"), as_bars(walk(12 * 8)))
    assert found.held_back["warm_up"] == 5
    assert found.rows.index.tolist() == [71, 83, 95]


@pytest.mark.parametrize("timeframe", ["5m", "1h"])
def test_nothing_is_entered_where_a_day_has_too_little_turnover(timeframe: str, tmp_path: Path) -> None:
    candles = walk(900, seed=4, without=[400, 555, 556])
    value = candles.volume * candles.close
    day = [
        value[: place + 1][candles.ts[: place + 1] > ts - DAY_MS].sum() for place, ts in enumerate(candles.ts)
    ]
    least = float(np.median(day))
    strategy = parrot(tmp_path, timeframe)
    every = plain(strategy, as_bars(candles)).rows.index
    found = plain(strategy, as_bars(candles), min_turnover=least)
    assert found.rows.index.tolist() == [place for place in every if day[place] >= least]
    assert found.held_back["dead_market"] == len(every) - len(found.rows.index) > 0


# --- one step, three ways to run it -------------------------------------------------------------------

TRADES = {
    "momentum_5m": {"volume_days": "3", "slow_hours": "24", "volume": "1", "momentum": "0.5"},
    "mean_revert_1h": {"tests": "60", "rsi_entry": "40", "entry_z": "-1", "adx_max": "60", "ratio_max": "2"},
    "eth_breakout_momentum": {
        "fast": "5", "slow": "10", "regime_days": "3", "volatility_bars": "20", "volatility_rank": "1",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", [*TRADES, "parrot"])
def test_compiled_plain_and_streamed_signals_are_the_same_to_the_last_bit(
    name: str, kernel_folder: Path, tmp_path: Path
) -> None:
    strategy = load(name, TRADES[name]) if name in TRADES else parrot(tmp_path)
    base = "5m" if strategy.timeframe == "5m" else "1h"
    candles = walk(4_000, base, seed=8, without=[*range(900, 960), 1_900, 2_000, 2_001, 2_003, 3_999 - 7])
    bars = _with_news(as_bars(candles))
    least = float(np.quantile(candles.volume * candles.close, 0.3)) * 24
    scanner = SignalScanner(strategy, kernel_folder)
    compiled, state = scanner._scan(bars, least)
    assert scanner.compiled
    interpreted, plain_state = SignalScanner(strategy, kernel_folder, compiled=False)._scan(bars, least)
    stream = SignalStream(strategy, bars.base_ms, min_turnover=least)
    flags = [stream.step(*row) for row in bars.rows(0)]

    assert len(compiled.rows.index) >= 5
    assert compiled.held_back == interpreted.held_back
    np.testing.assert_array_equal(compiled.flags, interpreted.flags)
    np.testing.assert_array_equal(compiled.flags, flags)
    for column in ("index", "side", "tag", "stop", "target", "max_bars", "weight", "score"):
        assert getattr(compiled.rows, column).tobytes() == getattr(interpreted.rows, column).tobytes(), column
    for one in (plain_state, stream):
        assert np.array(one.state).tobytes() == np.array(state.state).tobytes()
        assert np.array(one.build).tobytes() == np.array(state.build).tobytes()


def _with_news(bars: BaseBars) -> BaseBars:
    """The bars with a reference that rises every day and funding that changes every eight hours."""
    day = bars.ts // DAY_MS * DAY_MS
    return BaseBars(
        bars.base_ms, bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume,
        100.0 + (day - day[0]) / DAY_MS, day - DAY_MS, np.sin(bars.ts // (8 * HOUR_MS)) * 1e-4,
    )  # fmt: skip


@pytest.mark.parametrize("few", [0, 100_000])
def test_a_stream_goes_on_where_a_scan_ended(
    few: int, kernel_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_signals, "FEW_BARS", few)
    bars = as_bars(walk(700, without=[299, 300, 301, 302, 305]))
    strategy = parrot(tmp_path)
    whole = plain(strategy, bars)
    stream = SignalScanner(strategy, kernel_folder).stream_after(bars, 303)
    assert [stream.step(*row) for row in bars.rows(303)] == whole.flags[303:].tolist()
    assert stream.row[cells.ROW_STOP] == whole.rows.stop[-1]


def test_no_bars_give_no_signals(tmp_path: Path) -> None:
    found = plain(parrot(tmp_path), as_bars(kept(walk(3), np.arange(0))))
    assert len(found.flags) == len(found.rows.index) == 0
