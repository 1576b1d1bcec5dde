"""Which stored series a run is about."""

from __future__ import annotations

import pytest

from memesnipe_cli.engine.selection import choose_series
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.store.tables import SeriesKey

DOGE_5M = SeriesKey("kraken", "DOGE/USD", "5m")
WIF_1H = SeriesKey("kraken", "WIF/USD", "1h")
DOGE_COINBASE = SeriesKey("coinbase", "DOGE/USD", "5m")


def test_without_a_symbol_everything_that_fits_is_taken() -> None:
    assert choose_series([WIF_1H, DOGE_5M], ["1h"], [], None) == ("kraken", ["DOGE/USD", "WIF/USD"])
    assert choose_series([WIF_1H, DOGE_5M], ["5m"], [], None) == ("kraken", ["DOGE/USD"])


def test_every_strategy_must_be_able_to_use_a_series() -> None:
    assert choose_series([WIF_1H, DOGE_5M], ["1h", "5m"], [], None) == ("kraken", ["DOGE/USD"])


def test_symbols_keep_the_order_they_are_asked_in() -> None:
    chosen = choose_series([WIF_1H, DOGE_5M], ["1h"], ["WIF/USD", "DOGE/USD", "WIF/USD"], "kraken")
    assert chosen == ("kraken", ["WIF/USD", "DOGE/USD"])


def test_a_symbol_of_one_venue_needs_no_venue() -> None:
    assert choose_series([WIF_1H, DOGE_5M, DOGE_COINBASE], ["1h"], ["WIF/USD"], None) == (
        "kraken",
        ["WIF/USD"],
    )


@pytest.mark.parametrize(
    ("keys", "timeframes", "symbols", "venue", "error", "message", "hint"),
    [
        ([], ["5m"], [], None, DataError, "no candles are stored", "memesnipe ingest"),
        ([DOGE_5M], ["5m"], ["DOG/USD"], None, UsageError, "symbol 'DOG/USD' is not stored", "DOGE/USD"),
        ([DOGE_5M], ["5m"], ["doge/usd"], None, UsageError, "symbol 'doge/usd' is not stored", "DOGE/USD"),
        ([DOGE_5M], ["5m"], ["BTC/EUR"], "kraken", UsageError, "not stored for venue kraken", "DOGE/USD"),
        ([DOGE_5M], ["5m"], [], "krakn", UsageError, "venue 'krakn' has no candles", "did you mean kraken?"),
        ([WIF_1H], ["5m"], [], None, DataError, "no stored series has bars for 5m", "memesnipe ingest"),
        ([DOGE_5M, DOGE_COINBASE], ["5m"], [], None, UsageError, "fit: coinbase, kraken", "--venue"),
        ([WIF_1H, DOGE_COINBASE], ["1h"], ["WIF/USD", "DOGE/USD"], None, UsageError, "no one venue", "list"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_told_with_the_next_step(
    keys: list[SeriesKey],
    timeframes: list[str],
    symbols: list[str],
    venue: str | None,
    error: type[DataError] | type[UsageError],
    message: str,
    hint: str,
) -> None:
    with pytest.raises(error) as raised:
        choose_series(keys, timeframes, symbols, venue)
    assert message in raised.value.message
    assert hint in raised.value.hint
