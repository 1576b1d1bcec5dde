"""What a file's name says, and what it does not."""

from __future__ import annotations

import pytest

from memesnipe_cli.market.naming import NameGuess, guess_from_name, split_pair


@pytest.mark.parametrize(
    ("name", "venue", "symbol", "timeframe"),
    [
        ("kraken/ETHUSD_60.csv", "kraken", "ETH/USD", "1h"),
        ("kraken/XBTUSD_1440.csv", "kraken", "BTC/USD", "1d"),
        ("kraken/ETHUSD_15_2023H1.parquet", "kraken", "ETH/USD", "15m"),
        ("binance/DOGEUSDT_5m.parquet", "binance", "DOGE/USDT", "5m"),
        ("DOGE_USDT-5m.json", None, "DOGE/USDT", "5m"),
        ("binance/futures/ETH_USDT_USDT-5m-futures.feather", "binance", "ETH/USDT:USDT", "5m"),
        ("perp/okx/DOGEUSDT_5m.parquet", "okx", "DOGE/USDT:USDT", "5m"),
        ("Coinbase_ETHUSD_1h.csv", "coinbase", "ETH/USD", "1h"),
        ("upbit_BTC_KRW_1m_200_of_every_1000.csv.gz", "upbit", "BTC/KRW", "1m"),
        ("cccagg/DOGE_USD_hourly.csv", None, "DOGE/USD", "1h"),
        ("hyperliquid/kBONK_USDC_USDC-1h.feather", "hyperliquid", "kBONK/USDC:USDC", "1h"),
        ("binance/SHIBBUSD-1d.csv", "binance", "SHIB/BUSD", "1d"),
        ("kraken/SHIBUSD_5.csv", "kraken", "SHIB/USD", "5m"),
        ("hyperliquid/HYPE_1h.parquet", "hyperliquid", None, "1h"),
        ("bars.csv", None, None, None),
        ("", None, None, None),
    ],
)
def test_names_of_the_usual_sources(
    name: str, venue: str | None, symbol: str | None, timeframe: str | None
) -> None:
    guess = guess_from_name(name)
    assert (guess.venue, guess.symbol, guess.timeframe) == (venue, symbol, timeframe)


def test_folders_far_up_say_nothing() -> None:
    assert guess_from_name("/kraken/swap/a/b/c/DOGEUSD.csv") == NameGuess(None, "DOGE/USD", None, False)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("XBTUSD", ("BTC", "USD")),
        ("DOGE-USD", ("DOGE", "USD")),
        ("kBONK/USDC", ("kBONK", "USDC")),
        ("ETH", None),
        ("", None),
    ],
)
def test_pairs(text: str, pair: tuple[str, str] | None) -> None:
    assert split_pair(text) == pair
