"""From stored series to the tape: what is known when, what is charged where, which bars may be traded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from signal_tapes import START, kept, parrot, walk

from memesnipe_cli.clock import DAY_MS, HOUR_MS
from memesnipe_cli.engine.assumptions import assumptions
from memesnipe_cli.engine.dataset import (
    Dataset,
    Request,
    base_bars,
    last_closes,
    load_dataset,
    make_tape,
    scan_signals,
)
from memesnipe_cli.errors import DataError, MemesnipeError, UsageError
from memesnipe_cli.profile import Profile
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, FundingRates
from memesnipe_cli.strategies.registry import LoadedStrategy

PERP = "DOGE/USD:USD"
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def stored(root: Path, *series: Candles, funding: FundingRates | None = None) -> Store:
    store = Store(root / "store")
    for candles in series:
        store.lake.write_candles(candles, source="test")
    if funding is not None:
        store.lake.write_funding(funding, source="test")
    return store


def dataset(
    store: Store, strategies: LoadedStrategy | list[LoadedStrategy], *symbols: str, **asked: Any
) -> Dataset:
    profile = Profile()
    request = Request(
        strategies=strategies if isinstance(strategies, list) else [strategies],
        symbols=list(symbols) or ["DOGE/USD"],
        venue="kraken",
        since_ms=asked.get("since"),
        until_ms=asked.get("until"),
        profile=profile,
        store=store,
        piped=asked.get("piped"),
    )
    return load_dataset(request, assumptions(profile, Decimal(200), asked.get("assume", {})))


def rates(times: list[int], values: list[float]) -> FundingRates:
    count = len(times)
    return FundingRates(
        "kraken", PERP, np.array(times, dtype=np.int64), np.array(values), np.full(count, HOUR_MS)
    )


# --- what is known at a bar's close -------------------------------------------------------------------


@quick
@given(
    missing=some.sets(some.integers(0, 40), max_size=20),
    gaps=some.sets(some.integers(1, 149), max_size=60),
    begins=some.integers(-30, 30),
)
def test_a_reference_bar_is_known_once_it_has_closed_and_not_before(
    missing: set[int], gaps: set[int], begins: int, tmp_path: Path
) -> None:
    candles = walk(150, without=sorted(gaps))
    reference = walk(41, "1h", symbol="BTC/USD", start=START + begins * HOUR_MS, without=sorted(missing))
    if not len(reference):
        return
    strategy = parrot(tmp_path, reference="BTC")
    found = base_bars(candles, strategy, 300_000, reference=reference)
    for place, ts in enumerate(candles.ts):
        closed = np.flatnonzero(reference.ts + HOUR_MS <= ts + 300_000)
        expected = (reference.ts[closed[-1]], reference.close[closed[-1]]) if len(closed) else (-1, np.nan)
        np.testing.assert_equal((found.reference_ts[place], found.reference_close[place]), expected)


def test_a_funding_rate_is_known_from_its_settlement_on(tmp_path: Path) -> None:
    candles = walk(3, "1h", symbol=PERP)
    known = rates([START + HOUR_MS, START + 2 * HOUR_MS + 5], [0.1, 0.2])
    found = base_bars(candles, parrot(tmp_path), HOUR_MS, funding=known)
    np.testing.assert_array_equal(found.funding, [0.1, 0.1, 0.2])  # 5 ms late: not known at 02:00
    assert np.isnan(
        base_bars(candles, parrot(tmp_path), HOUR_MS, funding=rates([START + DAY_MS], [1.0])).funding
    ).all()


def test_what_a_strategy_does_not_ask_for_is_not_laid_beside_its_bars(tmp_path: Path) -> None:
    alone = base_bars(walk(3), parrot(tmp_path), 300_000, reference=walk(5, "1h"))
    assert len(alone.reference_close) == len(alone.funding) == 0


def test_a_step_sees_the_reference_of_the_bar_that_closes_late_as_of_then(tmp_path: Path) -> None:
    candles = walk(30, without=[11])  # the hour's last bar is missing: it closes at 01:05
    reference = walk(4, "1h", symbol="BTC/USD")
    strategy = parrot(tmp_path, reference="BTC", known="true")
    data = dataset(stored(tmp_path, reference), strategy, piped=[candles])
    found = scan_signals(data, make_tape(data), [strategy], 0.0, tmp_path, compiled=False).tape
    assert found.rows[0].index.tolist() == [11, 22]
    assert found.rows[0].stop.tolist() == [reference.close[0], reference.close[1]]


# --- funding ------------------------------------------------------------------------------------------


def charged(candles: Candles, funding: FundingRates, folder: Path) -> dict[int, int]:
    """Bar -> rate in 1e-8 that is charged at its open."""
    data = dataset(stored(folder, candles, funding=funding), parrot(folder, "5m"), PERP)
    column = make_tape(data).funding[:, 0]
    return {int(place): int(column[place]) for place in np.flatnonzero(column)}


def test_a_settlement_is_charged_at_the_bar_that_opens_then(tmp_path: Path) -> None:
    at = START + HOUR_MS
    assert charged(walk(24, symbol=PERP), rates([at], [0.0001]), tmp_path) == {12: 10_000}


@pytest.mark.parametrize("late", [1, 59_999])
def test_a_settlement_that_is_stamped_late_belongs_to_its_minute(late: int, tmp_path: Path) -> None:
    assert charged(walk(24, symbol=PERP), rates([START + HOUR_MS + late], [-3e-8]), tmp_path) == {12: -3}


def test_settlements_between_two_bars_add_up_at_the_later(tmp_path: Path) -> None:
    found = rates([START + 301_000, START + 7 * 60_000, START + 20 * 300_000], [1e-8, 2e-8, 5e-8])
    candles = walk(40, symbol=PERP, without=range(15, 26))
    assert charged(candles, found, tmp_path) == {1: 1, 2: 2, 15: 5}


def test_settlements_before_the_first_bar_and_after_the_last_are_not_charged(tmp_path: Path) -> None:
    times = [START - HOUR_MS, START, START + 23 * 300_000, START + 23 * 300_000 + 60_000]
    assert charged(walk(24, symbol=PERP), rates(times, [1e-8, 2e-8, 4e-8, 8e-8]), tmp_path) == {23: 4}


def test_a_perpetual_without_rates_pays_none_and_a_warning_says_so(tmp_path: Path) -> None:
    data = dataset(stored(tmp_path, walk(24, symbol=PERP)), parrot(tmp_path), PERP)
    assert make_tape(data).funding.shape == (0, 1)
    assert PERP in data.warnings[0] and "ingest funding" in data.warnings[0]
    assert dataset(stored(tmp_path, walk(24)), parrot(tmp_path)).warnings == []


# --- one line of time ---------------------------------------------------------------------------------


def test_series_of_different_spans_and_gaps_lie_on_one_line_of_time(tmp_path: Path) -> None:
    one = walk(30, "1h", without=[3, 4])
    other = walk(20, "1h", symbol="WIF/USD", seed=5, start=START + 20 * HOUR_MS, price=2.0)
    tape = make_tape(dataset(stored(tmp_path, one, other), parrot(tmp_path), "DOGE/USD", "WIF/USD"))
    assert tape.ts.tolist() == sorted({*one.ts.tolist(), *other.ts.tolist()})
    for place, candles in enumerate((one, other)):
        rows = np.searchsorted(tape.ts, candles.ts)
        prices = np.column_stack([candles.open, candles.high, candles.low, candles.close])
        np.testing.assert_allclose(tape.ticks[rows, place] * 1e-5, prices, rtol=1e-12)
        np.testing.assert_array_equal(tape.volume[rows, place], candles.volume)
        absent = np.setdiff1d(np.arange(len(tape.ts)), rows)
        assert not tape.ticks[absent, place].any() and not tape.volume[absent, place].any()
    closes = last_closes(tape)[:, 1] * 1e-5
    assert closes[0] == 0.0 and closes[-1] == pytest.approx(other.close[-1])


def test_a_close_lasts_until_the_next_one(tmp_path: Path) -> None:
    one, other = walk(5, "1h", without=[2, 3]), walk(5, "1h", symbol="WIF/USD")
    tape = make_tape(dataset(stored(tmp_path, one, other), parrot(tmp_path), "DOGE/USD", "WIF/USD"))
    np.testing.assert_allclose(last_closes(tape)[:, 0] * 1e-5, one.close[[0, 1, 1, 1, 2]])


# --- which bars ---------------------------------------------------------------------------------------


def test_bars_before_the_beginning_only_warm_up(tmp_path: Path) -> None:
    store = stored(tmp_path, walk(480))
    strategy = parrot(tmp_path, warm="10")
    since, until = START + 15 * HOUR_MS, START + 20 * HOUR_MS
    data = dataset(store, strategy, since=since, until=until)
    assert data.series[0].candles.ts[0] == since - 11 * HOUR_MS
    tape = make_tape(data)
    assert (tape.ts[0], tape.ts[-1]) == (since, until - HOUR_MS)
    found = scan_signals(data, tape, [strategy], 0.0, tmp_path, compiled=False)
    assert found.tape.rows[0].index.tolist() == [0, 1, 2, 3, 4]


def test_without_enough_history_the_first_bars_are_held_back(tmp_path: Path) -> None:
    strategy = parrot(tmp_path, warm="10")
    data = dataset(stored(tmp_path, walk(240)), strategy, since=START + 4 * HOUR_MS)
    found = scan_signals(data, make_tape(data), [strategy], 0.0, tmp_path, compiled=False)
    assert found.held_back["warm_up"] == 10
    assert found.tape.rows[0].index[0] == 10 - 4


def test_piped_bars_are_cut_as_stored_ones_are(tmp_path: Path) -> None:
    candles, asked = walk(240, "1h"), {"since": START + 8 * HOUR_MS, "until": START + 9 * HOUR_MS}
    strategy = parrot(tmp_path, warm="2")
    one = dataset(stored(tmp_path, candles), strategy, **asked)
    other = dataset(Store(tmp_path / "empty"), strategy, piped=[walk(50, symbol="WIF/USD"), candles], **asked)
    np.testing.assert_array_equal(one.series[0].candles.ts, other.series[0].candles.ts)
    assert one.begin_ms == other.begin_ms == asked["since"]


# --- what cannot be run -------------------------------------------------------------------------------


def refused(kind: type[MemesnipeError], *asked: Any, **more: Any) -> MemesnipeError:
    with pytest.raises(kind) as raised:
        make_tape(dataset(*asked, **more))
    assert raised.value.hint
    return raised.value


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    store, strategy = stored(tmp_path, walk(48)), parrot(tmp_path)
    assert "WIF/USD" in refused(DataError, store, strategy, "WIF/USD").message
    assert "no bars of DOGE/USD 1h" in refused(DataError, store, strategy, until=START).message
    assert "no bars" in refused(DataError, store, strategy, since=START + DAY_MS).message
    assert (
        "kraken DOGE/USD" in refused(UsageError, store, strategy, piped=[walk(9, symbol="WIF/USD")]).message
    )
    assert "4h" in refused(DataError, store, strategy, piped=[walk(9, "4h")]).message


def test_too_little_to_warm_up_says_how_much_there_is(tmp_path: Path) -> None:
    error = refused(DataError, stored(tmp_path, walk(25, "1h")), parrot(tmp_path, warm="24"))
    assert "24 bars of 1h (1 days)" in error.message and "1.0 days" in error.message
    assert len(make_tape(dataset(stored(tmp_path, walk(26, "1h")), parrot(tmp_path, warm="24"))).ts) == 26


def test_a_reference_that_is_not_stored_is_asked_for(tmp_path: Path) -> None:
    strategy = parrot(tmp_path, reference="BTC")
    error = refused(DataError, stored(tmp_path, walk(48)), strategy)
    assert "BTC/USD" in error.message and "--symbol BTC/USD --timeframe 1h" in error.hint
    tether = walk(9, "1h", symbol="BTC/USDT")  # another dollar will do
    assert dataset(stored(tmp_path, walk(48), tether), strategy).series[0].reference is not None


def test_strategies_that_cannot_share_their_bars_or_their_reference_run_apart(tmp_path: Path) -> None:
    store = stored(tmp_path, walk(48))
    seven, five = parrot(tmp_path, "7m"), parrot(tmp_path, "5m")
    assert "into 7m" in refused(UsageError, store, [five, seven]).message
    several = [parrot(tmp_path, "5m", reference="BTC"), parrot(tmp_path, "1h", reference="ETH")]
    assert "BTC 1h, ETH 1h" in refused(UsageError, store, several).message


def test_a_series_that_ends_before_the_beginning_is_only_a_column_without_bars(tmp_path: Path) -> None:
    old = kept(walk(100, "1h", symbol="WIF/USD"), np.arange(40))
    data = dataset(
        stored(tmp_path, walk(100, "1h"), old),
        parrot(tmp_path, warm="30"),
        "DOGE/USD",
        "WIF/USD",
        since=START + 50 * HOUR_MS,
    )
    assert not make_tape(data).ticks[:, 1].any()
