"""How an instrument trades: by the venue's word where it is known, else read off the bars."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from memesnipe_cli.engine.instruments import inferred, terms_of
from memesnipe_cli.profile import Costs, Profile, Venue
from memesnipe_cli.store.tables import Candles, Instrument, SeriesKey

PROFILE = Profile(
    costs=Costs(half_spread=0.002),
    venues={
        "default": Venue(taker_fee=0.006),
        "kraken": Venue(taker_fee=0.004, half_spread=0.0001, min_notional=Decimal(5)),
    },
)


def series(
    prices: list[float], volumes: list[float], symbol: str = "DOGE/USD", venue: str = "kraken"
) -> Candles:
    close = np.array(prices)
    return Candles(
        SeriesKey(venue, symbol, "1h"),
        3_600_000 * np.arange(len(prices), dtype=np.int64),
        close,
        close,
        close,
        close,
        np.array(volumes),
    )


@pytest.mark.parametrize(
    ("prices", "tick"),
    [
        ([0.1, 0.12, 0.123], "0.001"),
        ([0.00001234, 0.00001235], "0.00000001"),
        ([96_000.0, 96_001.0], "1"),
        ([96_000.01, 96_000.5], "0.01"),
        ([142_350_000.0, 142_351_000.0], "1"),  # KRW
        ([142_350_000.5], "0.1"),
        ([0.1 + 0.2, 0.7], "0.1"),  # float noise is no digit
        ([0.00000012, 0.00000055], "0.00000001"),  # below a millionth
        ([0.0000000000123456], "0.000000000001"),  # no finer than twelve decimals
        ([123_456_789.123456], "0.1"),  # leaves room for whole ticks
    ],
)
def test_the_tick_is_the_coarsest_power_of_ten_that_fits(prices: list[float], tick: str) -> None:
    assert inferred(series(prices, [1.0] * len(prices))).tick == tick


def test_a_tick_that_was_finer_for_a_while_is_noticed() -> None:
    prices = np.full(30_000, 320.0)
    prices[17_000:17_050] = 320.4
    assert inferred(series(list(prices), [1.0] * len(prices))).tick == "0.1"


@pytest.mark.parametrize(
    ("volumes", "lot"),
    [
        ([3.0, 1e15], "1"),
        ([0.5, 12.25], "0.01"),
        ([0.00000001], "0.00000001"),
        ([0.0], "1"),
        ([1 / 3], "0.00000001"),
    ],
)
def test_the_lot_is_read_off_the_volumes(volumes: list[float], lot: str) -> None:
    assert inferred(series([1.0] * len(volumes), volumes)).lot == lot


def test_a_symbol_with_a_settlement_currency_is_a_perpetual() -> None:
    assert terms_of(series([1.0], [1.0], "ETH/USDT:USDT"), None, PROFILE).shortable
    assert not terms_of(series([1.0], [1.0]), None, PROFILE).shortable


def test_the_venues_own_word_goes_before_the_bars() -> None:
    known = Instrument(
        "kraken", "DOGE/USD", "0.00005", "10", min_qty="20", min_notional="1.5", delisted_ms=7, source="venue"
    )
    terms = terms_of(series([0.1], [1.0]), known, PROFILE)
    assert (terms.tick, terms.lot, terms.min_qty) == (Decimal("0.00005"), Decimal(10), Decimal(20))
    assert (terms.base, terms.delisted_ms, terms.stop_limit) == ("DOGE", 7, None)


def test_costs_are_those_that_the_profile_assumes_of_the_venue() -> None:
    kraken, other = (
        terms_of(series([1.0], [1.0]), None, PROFILE),
        terms_of(series([1.0], [1.0], venue="okx"), None, PROFILE),
    )
    assert (kraken.taker_fee, kraken.half_spread, kraken.min_notional) == (
        Decimal("0.004"),
        0.0001,
        Decimal(5),
    )
    assert (other.taker_fee, other.half_spread, other.min_notional) == (Decimal("0.006"), 0.002, Decimal(1))


def test_stops_of_coinbase_rest_as_stop_limits() -> None:
    assert terms_of(series([1.0], [1.0], venue="coinbase"), None, PROFILE).stop_limit == 0.01
