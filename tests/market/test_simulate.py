"""The simulated market: reproducible, valid, like the real coins it was fitted to, and never still."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.clock import DAY_MS, HOUR_MS, timeframe_ms
from memesnipe_cli.errors import UsageError
from memesnipe_cli.market.moments import Moments, moments, pumps, return_correlation
from memesnipe_cli.market.simulate import instruments, simulate
from memesnipe_cli.market.simulate_events import Grid, Overlay, add_pumps
from memesnipe_cli.market.simulate_parameters import DEFAULT_COINS, DEFAULT_MARKET, PumpSpec
from memesnipe_cli.market.simulate_targets import DOCUMENTED, Documented, compare
from memesnipe_cli.store.tables import SIMULATED_VENUE, Candles, Float64

START_MS = 1_735_689_600_000
HALF_YEAR = 180
SEEDS = (1, 2, 3)
COINS = {coin.symbol: coin for coin in DEFAULT_COINS}
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


@pytest.fixture(scope="module")
def markets() -> list[dict[str, Candles]]:
    """Half a year of every coin, one market a seed."""
    return [{bars.key.symbol: bars for bars in simulate(seed, HALF_YEAR, START_MS)} for seed in SEEDS]


@pytest.fixture(scope="module")
def measured(markets: list[dict[str, Candles]]) -> dict[str, list[Moments]]:
    return {each.symbol: [moments(market[each.symbol]) for market in markets] for each in DOCUMENTED}


def same_bars(one: Candles, other: Candles) -> bool:
    return one.key == other.key and all(
        np.array_equal(getattr(one, column), getattr(other, column)) for column in COLUMNS
    )


def first_bars(candles: Candles, count: int) -> Candles:
    return Candles(candles.key, *(getattr(candles, column)[:count] for column in COLUMNS))


# Likeness to real coins


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda each: each.symbol)
def test_moments_are_those_of_the_real_coin(
    documented: Documented, measured: dict[str, list[Moments]]
) -> None:
    """The median over the seeds: a single half-year of a real coin strays as well."""
    runs = [compare(documented, each) for each in measured[documented.symbol]]
    strayed = []
    for same_moment in zip(*runs, strict=True):
        median = sorted(same_moment, key=lambda comparison: comparison.simulated)[len(same_moment) // 2]
        if not median.within:
            strayed.append(median)
    assert strayed == []


@pytest.mark.parametrize("symbol", [each.symbol for each in DOCUMENTED])
def test_the_day_has_the_real_hours(symbol: str, measured: dict[str, list[Moments]]) -> None:
    coin = COINS[symbol]
    for each in measured[symbol]:
        np.testing.assert_allclose(each.volatility_by_hour, coin.volatility_by_hour, rtol=0.25)
        np.testing.assert_allclose(each.volume_by_hour, coin.volume_by_hour, rtol=0.25)


def test_pumps_come_as_often_as_in_real_memecoins_and_some_hold(markets: list[dict[str, Candles]]) -> None:
    found = [pumps(market[symbol]) for market in markets for symbol in ("PEPE/USD", "WIF/USD", "BONK/USD")]
    assert 4.0 <= np.mean([each.per_100_days for each in found]) <= 11.0
    assert 0.2 <= np.mean([each.given_back_share for each in found]) <= 0.7
    assert max(pumps(market["ETH/USD"]).per_100_days for market in markets) <= 1.5


@pytest.mark.parametrize(
    ("one", "other", "real"),
    [
        ("BTC/USD", "DOGE/USD", 0.72),
        ("BTC/USD", "WIF/USD", 0.58),
        ("BTC/USD", "BONK/USD", 0.63),
        ("DOGE/USD", "WIF/USD", 0.69),
        ("DOGE/USD", "BONK/USD", 0.72),
        ("WIF/USD", "BONK/USD", 0.70),
    ],
)
def test_coins_move_together_as_real_ones_do(
    one: str, other: str, real: float, markets: list[dict[str, Candles]]
) -> None:
    found = np.mean([return_correlation(market[one], market[other]) for market in markets])
    assert found == pytest.approx(real, abs=0.17)


def test_a_thin_coin_leaves_out_the_bars_without_a_trade(markets: list[dict[str, Candles]]) -> None:
    """Kraken's thin ETH/USDT lacked 2.9 % of its 15m bars."""
    for market in markets:
        assert 0.01 <= moments(market["RUGG/USD"]).empty_share <= 0.10
        assert moments(market["BTC/USD"]).empty_share <= 0.005


def test_stops_are_wide_enough_for_trades_after_costs_now_and_then(
    markets: list[dict[str, Candles]],
) -> None:
    """Episodes in which 2 ATR(14) reach 4 % of the price, without the coin that rugs."""
    for market in markets:
        episodes = {symbol: _wide_stops(bars) for symbol, bars in market.items() if symbol != "RUGG/USD"}
        assert sum(episodes.values()) >= 24
        assert sum(1 for count in episodes.values() if count >= 5) >= 3
        assert episodes["BTC/USD"] <= 5


def _wide_stops(candles: Candles) -> int:
    before = candles.close[:-1]
    true_range = np.maximum(candles.high[1:], before) - np.minimum(candles.low[1:], before)
    average = true_range[0]
    stops = np.empty(len(true_range))
    for bar, value in enumerate(true_range.tolist()):
        average += (value - average) / 14.0
        stops[bar] = 2.0 * average / candles.close[bar + 1]
    wide = stops >= 0.04
    return int(np.count_nonzero(wide[1:] & ~wide[:-1]))


# Events


def test_a_rugged_coin_collapses_within_the_hour_and_never_trades_again(
    markets: list[dict[str, Candles]],
) -> None:
    for seed, market in zip(SEEDS, markets, strict=True):
        bars = market["RUGG/USD"]
        listed = {each.symbol: each for each in instruments(seed, HALF_YEAR, START_MS)}
        delisted_ms = listed["RUGG/USD"].delisted_ms
        assert delisted_ms is not None
        assert bars.ts[-1] < delisted_ms < START_MS + HALF_YEAR * DAY_MS
        worst_hour = np.min(bars.close[12:] / bars.close[:-12])
        assert worst_hour <= 0.12
        assert all(each.delisted_ms is None for symbol, each in listed.items() if symbol != "RUGG/USD")


def test_a_run_that_ends_before_the_rug_does_not_know_of_it() -> None:
    assert all(each.delisted_ms is None for each in instruments(1, 30, START_MS))


def test_outages_stop_every_coin_for_at_most_two_hours(markets: list[dict[str, Candles]]) -> None:
    for market in markets:
        silent = _absent(market["BTC/USD"])
        assert len(silent) > 0
        for symbol in ("ETH/USD", "DOGE/USD", "WIF/USD"):
            assert np.array_equal(silent, _absent(market[symbol]))
        runs = np.split(silent, np.flatnonzero(np.diff(silent) > 300_000) + 1)
        assert max(len(run) for run in runs) <= 2 * 12 + 1


def _absent(candles: Candles) -> Float64:
    return np.setdiff1d(np.arange(START_MS, START_MS + HALF_YEAR * DAY_MS, 300_000), candles.ts)


def test_a_pump_is_given_back_or_holds_as_its_coin_says() -> None:
    """The same coin with and without pumps: all else is drawn alike; the difference is the pumps."""
    quiet = replace(COINS["DOGE/USD"], pumps=None)
    calm = np.log(simulate(4, 60, START_MS, [quiet])[0].close)
    kept = {}
    for share in (0.0, 1.0):
        pumped = replace(
            quiet, pumps=PumpSpec(mean_days=6.0, height=(0.3, 0.0), round_trip_share=share, korean_share=0.0)
        )
        difference = np.log(simulate(4, 60, START_MS, [pumped])[0].close) - calm
        assert np.max(difference[36:] - difference[:-36]) > 0.25
        kept[share] = difference[-1]
    assert kept[0.0] > 1.0
    assert abs(kept[1.0]) < 0.5


def test_korean_pumps_begin_in_korean_hours() -> None:
    coin = COINS["DOGE/USD"]
    grid = Grid(start_ms=START_MS, step_ms=300_000, bars=90 * 288)
    overlay = Overlay.empty(grid.bars)
    spec = PumpSpec(mean_days=10.0, height=(0.3, 0.0), round_trip_share=0.5, korean_share=1.0)
    add_pumps(overlay, 4, coin, spec, grid)
    begins = np.flatnonzero((overlay.log_volume[1:] > 0.0) & (overlay.log_volume[:-1] == 0.0)) + 1
    minutes = (begins * 5) % 1440
    assert len(begins) >= 4
    assert all(minute < 90 or 11 * 60 <= minute < 15 * 60 for minute in minutes.tolist())


def test_korean_hours_wake_a_coin_up() -> None:
    coin = replace(COINS["DOGE/USD"], korean_burst_share=1.0)
    asleep = replace(coin, korean_burst_share=0.0)
    bars, without = (simulate(4, 20, START_MS, [each])[0] for each in (coin, asleep))
    minute = (bars.ts % DAY_MS) // 60_000
    korean = (minute < 90) | ((minute >= 11 * 60) & (minute < 15 * 60))
    ratio = bars.volume / without.volume
    assert np.median(ratio[korean]) > 1.5
    assert np.median(ratio[~korean]) == pytest.approx(1.0, abs=0.05)


# Reproducible


def test_the_same_seed_gives_the_same_bars_and_another_seed_others() -> None:
    one, again, other = (simulate(seed, 5, START_MS) for seed in (3, 3, 4))
    assert all(same_bars(first, second) for first, second in zip(one, again, strict=True))
    assert not any(same_bars(first, second) for first, second in zip(one, other, strict=True))


def test_the_bars_of_a_seed_are_the_same_everywhere() -> None:
    """A library or a processor that draws or rounds otherwise is noticed here."""
    market = {bars.key.symbol: bars for bars in simulate(1, 1, START_MS)}
    assert market["BTC/USD"].close[[0, 1, -1]].tolist() == [95835.45, 95943.09, 95288.23]
    assert market["WIF/USD"].close[[0, 1, -1]].tolist() == [1.8593, 1.858, 1.7994]
    assert market["BONK/USD"].volume[[0, -1]].tolist() == [257080079.0, 426139495.0]
    assert len(market["RUGG/USD"]) == 255


def test_a_longer_run_begins_with_the_bars_of_a_shorter_one() -> None:
    for short, long in zip(simulate(7, 50, START_MS), simulate(7, 125, START_MS), strict=True):
        assert same_bars(short, first_bars(long, len(short)))


def test_a_coin_moves_the_same_whichever_others_are_simulated() -> None:
    alone = simulate(7, 5, START_MS, [COINS["WIF/USD"]])[0]
    among = next(each for each in simulate(7, 5, START_MS) if each.key.symbol == "WIF/USD")
    assert same_bars(alone, among)


# Valid


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**64),
    days=st.integers(1, 4),
    start_ms=st.integers(0, 2_000_000_000_000),
    timeframe=st.sampled_from(["1m", "5m", "15m", "1h"]),
)
def test_every_bar_is_valid(seed: int, days: int, start_ms: int, timeframe: str) -> None:
    rugs_soon = [replace(coin, rug_days=(0.2, 2.0)) if coin.rug_days else coin for coin in DEFAULT_COINS]
    step = timeframe_ms(timeframe)
    for candles in simulate(seed, days, start_ms, rugs_soon, timeframe):
        assert candles.key.venue == SIMULATED_VENUE
        assert candles.key.timeframe == timeframe
        assert not candles.synthetic.any()
        assert np.all(candles.ts % step == 0)
        assert np.all(np.diff(candles.ts) > 0)
        first_ms = start_ms - start_ms % step
        assert np.all((candles.ts >= first_ms) & (candles.ts < first_ms + days * DAY_MS))
        assert np.all(candles.low > 0.0)
        assert np.all(candles.low <= np.minimum(candles.open, candles.close))
        assert np.all(candles.high >= np.maximum(candles.open, candles.close))
        assert np.all(candles.volume > 0.0)


def test_prices_are_whole_ticks_and_volumes_whole_lots() -> None:
    for candles, listed in zip(simulate(2, 1, START_MS), instruments(2, 1, START_MS), strict=True):
        assert candles.key.symbol == listed.symbol
        for column in ("open", "high", "low", "close"):
            for price in getattr(candles, column).tolist():
                assert Decimal(repr(price)) % Decimal(listed.tick) == 0
        for volume in candles.volume.tolist():
            assert Decimal(repr(volume)) % Decimal(listed.lot) == 0


def test_volatility_grows_with_the_square_root_of_the_bar() -> None:
    quiet = replace(COINS["BTC/USD"], jumps=None)
    for timeframe in ("1m", "1h"):
        scaled, fitted = (
            np.median(np.abs(np.log(bars.close / bars.open))) / np.sqrt(timeframe_ms(bars.key.timeframe))
            for bars in (simulate(1, 60, START_MS, [quiet], each)[0] for each in (timeframe, "5m"))
        )
        assert scaled == pytest.approx(fitted, rel=0.25)


def test_instruments_are_listed_from_the_start_with_a_minimum_notional() -> None:
    for each in instruments(0, 1, START_MS + HOUR_MS):
        assert each.venue == SIMULATED_VENUE
        assert each.listed_ms == START_MS + HOUR_MS
        assert Decimal(each.min_notional) > 0
        assert each.source == "venue"


def test_regime_probabilities_add_up_and_lead_somewhere() -> None:
    for regimes in (DEFAULT_MARKET.regimes, *(coin.regimes for coin in DEFAULT_COINS if coin.regimes)):
        names = {regime.name for regime in regimes}
        for regime in regimes:
            assert sum(probability for _, probability in regime.next) == pytest.approx(1.0)
            assert {name for name, _ in regime.next} <= names


@pytest.mark.parametrize(
    ("arguments", "offending"),
    [
        ({"seed": -1}, "-1"),
        ({"days": 0}, "0 days"),
        ({"days": 100_000}, "100000 days"),
        ({"start_ms": -5}, "-5"),
        ({"timeframe": "4h"}, "4h"),
        ({"timeframe": "5 minutes"}, "5 minutes"),
        ({"coins": [DEFAULT_COINS[0], DEFAULT_COINS[0]]}, "BTC/USD"),
    ],
)
def test_arguments_that_make_no_market_are_refused(arguments: dict[str, Any], offending: str) -> None:
    given_arguments: dict[str, Any] = {"seed": 1, "days": 1, "start_ms": START_MS} | arguments
    for function in (simulate, instruments):
        with pytest.raises(UsageError) as caught:
            function(**given_arguments)
        assert offending in caught.value.message
        assert caught.value.hint
