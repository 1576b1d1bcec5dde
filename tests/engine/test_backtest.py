"""A whole backtest on small stores: what it names itself by, what it holds, pays and compares itself with."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from once import once
from signal_tapes import START, kept, walk

from memesnipe_cli.clock import DAY_MS, HOUR_MS
from memesnipe_cli.engine.backtest import Backtest, BacktestRequest, run_backtest
from memesnipe_cli.errors import DataError, MemesnipeError, UsageError
from memesnipe_cli.profile import Costs, Limits, Profile, Venue
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, FundingRates, Instrument
from memesnipe_cli.strategies.registry import LoadedStrategy

PERP = "DOGE/USD:USD"
FREE = Profile(
    limits=Limits(
        trade_share=1.0,
        strategy_share=1.0,
        max_cost_share=1.0,
        min_notional_margin=0.0,
        entry_collar=0.1,
        allow_looser=True,
    ),
    costs=Costs(half_spread=0.0, impact=0.0, stop_slippage=0.0, volume_share=1.0),
    venues={"default": Venue(taker_fee=0.0)},
)
BARS = walk(60, "1h")


def stored(
    root: Path, *series: Candles, funding: FundingRates | None = None, delisted_ms: int | None = None
) -> Store:
    store = Store(root)
    for candles in series:
        store.lake.write_candles(candles, source="test")
        if delisted_ms is not None:
            store.lake.write_instrument(
                Instrument(
                    "kraken", candles.key.symbol, "0.00001", "1", source="venue", delisted_ms=delisted_ms
                )
            )
    if funding is not None:
        store.lake.write_funding(funding, source="test")
    return store


def request(store: Store, *strategies: LoadedStrategy, **asked: Any) -> BacktestRequest:
    plain = BacktestRequest(
        strategies=list(strategies),
        symbols=["DOGE/USD"],
        venue="kraken",
        since_ms=None,
        until_ms=None,
        capital=Decimal(200),
        assume={},
        profile=FREE,
        store=store,
        cache_dir=Path(),
        compiled=False,
    )
    return replace(plain, **asked)


def ran(store: Store, *strategies: LoadedStrategy, **asked: Any) -> Backtest:
    return run_backtest(request(store, *strategies, **asked))


# --- what is held, and what buying and holding would have made ----------------------------------------


def test_buying_and_holding_pays_fee_and_spread_both_ways(tmp_path: Path) -> None:
    costly = FREE.model_copy(
        update={"venues": {"default": Venue(taker_fee=0.01)}, "costs": Costs(half_spread=0.002, impact=0.0)}
    )
    found = ran(stored(tmp_path / "store", BARS), once(tmp_path, enter=9_999), profile=costly)
    bought = 200 / (BARS.open[0] * 1.002 * 1.01)
    np.testing.assert_allclose(found.buy_and_hold, bought * BARS.close * 0.998 * 0.99, rtol=1e-12)
    assert found.equity.tolist() == [200.0] * 60 and not found.held.any() and not found.trades


def test_buying_and_holding_two_coins_waits_with_the_half_of_the_later(tmp_path: Path) -> None:
    later = walk(30, "1h", symbol="WIF/USD", seed=2, start=START + 20 * HOUR_MS, price=2.0)
    store = stored(tmp_path / "store", BARS, later)
    found = ran(store, once(tmp_path, enter=9_999), symbols=["DOGE/USD", "WIF/USD"])
    second = np.full(60, 100.0)
    second[20:50] = 100 / later.open[0] * later.close
    second[50:] = second[49]
    np.testing.assert_allclose(found.buy_and_hold, 100 / BARS.open[0] * BARS.close + second, rtol=1e-12)


def test_a_coin_that_had_ended_before_the_run_leaves_its_part_in_cash(tmp_path: Path) -> None:
    ended = kept(walk(60, "1h", symbol="WIF/USD", seed=2), np.arange(35))
    store = stored(tmp_path / "store", BARS, ended)
    found = ran(
        store, once(tmp_path, warm=10), symbols=["DOGE/USD", "WIF/USD"], since_ms=START + 40 * HOUR_MS
    )
    np.testing.assert_allclose(found.buy_and_hold, 100 / BARS.open[40] * BARS.close[40:] + 100, rtol=1e-12)
    assert [(each.symbol, each.bars, each.expected) for each in found.coverage][1] == ("WIF/USD", 0, 0)


def test_what_is_held_is_the_positions_value_over_equity_at_each_close(tmp_path: Path) -> None:
    found = ran(stored(tmp_path / "store", BARS), once(tmp_path, enter=4, leave=30), assume={"stake": "0.4"})
    (trade,) = found.trades
    assert (trade.entry_ms, trade.exit_ms) == (START + 5 * HOUR_MS, START + 31 * HOUR_MS)
    assert trade.entry_price == Decimal(str(BARS.open[5])) and trade.qty == int(trade.qty) > 300
    value = float(trade.qty) * BARS.close
    inside = (np.arange(60) >= 5) & (np.arange(60) < 31)
    cash = 200 - float(trade.qty) * BARS.open[5]
    np.testing.assert_allclose(found.equity[inside], (cash + value)[inside], rtol=1e-9)
    np.testing.assert_allclose(found.held, np.where(inside, value / found.equity, 0.0), rtol=1e-9)
    assert float(trade.pnl) == pytest.approx(found.equity[-1] - 200)
    assert (found.signals, found.orders, found.refusals, found.open_trades) == (1, 1, [], [])


def test_what_is_held_of_a_short_counts_like_a_long(tmp_path: Path) -> None:
    bars = replace(BARS, key=replace(BARS.key, symbol=PERP))
    found = ran(stored(tmp_path / "store", bars), once(tmp_path, enter=4, side=-1), symbols=[PERP])
    (trade,) = found.open_trades
    assert trade.side == "short"
    np.testing.assert_allclose(
        found.held[5:], float(trade.qty) * BARS.close[5:] / found.equity[5:], rtol=1e-9
    )


# --- funding, delisting -------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
def test_a_perpetual_pays_and_earns_funding(side: int, tmp_path: Path) -> None:
    bars = replace(BARS, key=replace(BARS.key, symbol=PERP))
    settled = START + HOUR_MS * np.array([3, 5, 8, 16, 24, 40], dtype=np.int64) + 7
    rates = np.array([0.01, 0.02, 0.0004, -0.0001, 0.0003, 0.05])
    funding = FundingRates("kraken", PERP, settled, rates, np.full(6, 8 * HOUR_MS))
    store = stored(tmp_path / "store", bars, funding=funding)
    found = ran(store, once(tmp_path, enter=4, leave=30, side=side), symbols=[PERP])
    (trade,) = found.trades
    # Held from the open of bar 5, after that bar's settlement, to the open of bar 31.
    owed = sum(BARS.open[at] * rate for at, rate in ((8, 0.0004), (16, -0.0001), (24, 0.0003)))
    assert float(trade.funding) == pytest.approx(side * float(trade.qty) * owed, abs=1e-7)
    moved = side * float(trade.qty) * (BARS.open[31] - BARS.open[5])
    assert float(trade.pnl) == pytest.approx(moved - float(trade.funding), abs=1e-7)
    assert found.assumptions["funding"] == [True] and found.warnings == []


def test_a_delisted_coin_is_lost_and_so_is_what_was_bought_and_held(tmp_path: Path) -> None:
    store = stored(
        tmp_path / "store", BARS, walk(80, "1h", symbol="WIF/USD"), delisted_ms=START + 40 * HOUR_MS
    )
    found = ran(store, once(tmp_path, enter=4))
    (trade,) = found.trades
    assert trade.exit_reason == "delisted" and trade.exit_ms == START + 40 * HOUR_MS
    assert float(trade.pnl) == pytest.approx(-float(trade.qty) * BARS.open[5])
    assert found.buy_and_hold[39] > 100 and not found.buy_and_hold[40:].any() and not found.held[40:].any()


# --- the run's name -----------------------------------------------------------------------------------


def other(**changes: Any) -> Candles:
    """BARS with one number changed."""
    columns = {}
    for name, (place, factor) in changes.items():
        columns[name] = getattr(BARS, name).copy()
        columns[name][place] *= factor
    return replace(BARS, **columns)


def named(folder: Path, bars: Candles = BARS, *, number: int = 0, **how: Any) -> str:
    """The name of a run; `how` goes to the strategy where it knows it, else to the request."""
    mine = {name: how.pop(name) for name in list(how) if name in STRATEGYS}
    return ran(stored(folder / f"store{number}", bars), once(folder, **{"warm": 10, **mine}), **how).run


STRATEGYS = ("enter", "stop", "tag", "risk", "warm", "extra")


def test_the_same_run_has_the_same_name_however_it_is_run(tmp_path: Path, kernel_folder: Path) -> None:
    first = named(tmp_path, enter=20)
    assert named(tmp_path, enter=20, number=1) == first
    assert (
        named(tmp_path, enter=20, compiled=True, cache_dir=kernel_folder, progress=lambda share: None)
        == first
    )
    piped = run_backtest(request(Store(tmp_path / "empty"), once(tmp_path, enter=20, warm=10), piped=[BARS]))
    assert piped.run == first


@pytest.mark.parametrize(
    "changed",
    [
        {"enter": 21},
        {"stop": 0.4},
        {"risk": 0.5},
        {"warm": 25},
        {"extra": " score=1.0,"},
        {"capital": Decimal(201)},
        {"assume": {"fee": "0.001"}},
        {"assume": {"impact": "2"}},
        {"assume": {"latency_bars": "1"}},
        {"assume": {"min_turnover": "1e12"}},
        {"assume": {"min_notional": "2"}},
        {"since_ms": START + HOUR_MS},
        {"until_ms": START + 59 * HOUR_MS},
        {"bars": other(close=(50, 1.001))},
        {"bars": other(volume=(50, 1.01))},
        {"bars": kept(BARS, np.setdiff1d(np.arange(60), [50]))},
    ],
    ids=str,
)
def test_a_run_is_named_by_everything_that_it_depends_on(changed: dict[str, Any], tmp_path: Path) -> None:
    assert named(tmp_path, **{"enter": 20, **changed}, number=1) != named(tmp_path, enter=20)


def test_bars_of_the_warm_up_and_of_the_reference_are_part_of_the_name(tmp_path: Path) -> None:
    strategy = once(
        tmp_path, enter=40, warm=20, needs="Needs(reference='BTC', reference_timeframe='1d')",
        extra=" score=bar.reference_close + s[0] * bar.volume,",
    )  # fmt: skip
    long = walk(200, "1h")

    def run(name: str, bars: Candles = long, bitcoin: float = 9.0) -> str:
        days = walk(20, "1d", symbol="BTC/USD", start=START - 9 * DAY_MS, price=bitcoin)
        return ran(stored(tmp_path / name, bars, days), strategy, since_ms=START + 30 * HOUR_MS).run

    first = run("one")
    assert run("again") == first
    assert run("bitcoin", bitcoin=9.5) != first
    # Without one of the bars before the run, entry 40 is another bar.
    assert run("past", kept(long, np.setdiff1d(np.arange(200), [15]))) != first


# --- what cannot be run, and what is said of it -------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (
            {"since_ms": START + DAY_MS, "until_ms": START + DAY_MS},
            UsageError,
            "--since is not before --until",
        ),
        ({"since_ms": START + 9 * DAY_MS}, DataError, "no bars"),
        ({"until_ms": START - DAY_MS}, DataError, "no bars"),
        ({"symbols": ["WIF/USD"]}, DataError, "WIF/USD"),
        ({"venue": "okx"}, DataError, "okx"),
        ({"assume": {"fees": "0"}}, UsageError, "'fees'"),
        ({"assume": {"min_notional": "1e-30"}}, None, ""),
    ],
)
def test_a_run_that_cannot_be(
    asked: dict[str, Any], error: type[MemesnipeError] | None, said: str, tmp_path: Path
) -> None:
    store, strategy = stored(tmp_path / "store", BARS), once(tmp_path)
    if error is None:
        assert ran(store, strategy, **asked).bars == 60
        return
    with pytest.raises(error) as raised:
        ran(store, strategy, **asked)
    assert said in raised.value.message and raised.value.hint


@pytest.mark.parametrize(
    ("stop", "code"), [("float('nan')", "bad_signal"), ("0.0", "bad_signal"), ("9e9", "bad_signal")]
)
def test_a_signal_that_makes_no_sense_is_refused_and_counted(stop: str, code: str, tmp_path: Path) -> None:
    strategy = once(
        tmp_path,
        extra=f" target=float('nan'), weight=float('nan')) if s[0] < 0 else signal(enter=1, stop={stop},",
    )
    found = ran(stored(tmp_path / "store", BARS), strategy)
    assert {each.code for each in found.refusals} == {code} and not found.trades


def test_entries_that_were_held_back_are_among_the_signals_and_the_refusals(tmp_path: Path) -> None:
    found = ran(stored(tmp_path / "store", BARS), once(tmp_path, enter=5, warm=10))
    assert found.signals == 1 and [(each.code, each.count) for each in found.refusals] == [("warm_up", 1)]


def test_a_result_says_whether_its_strategy_was_compiled(tmp_path: Path, kernel_folder: Path) -> None:
    store = stored(tmp_path / "store", BARS)
    said = [
        ran(store, once(tmp_path, extra=extra), compiled=True, cache_dir=kernel_folder).strategies[0][
            "compiled"
        ]
        for extra in ("", " score=float('{:.0f}'.format(bar.close)),")
    ]
    assert said == [True, False]
