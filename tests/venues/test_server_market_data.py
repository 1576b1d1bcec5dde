"""What the clients see of the market: precision, age, unfinished bars, what loading the markets asks."""

from __future__ import annotations

from typing import Any, Literal

import ccxt
import pytest
from venue_server import VenueServer, open_client


@pytest.mark.parametrize(
    ("dialect", "paths"),
    [
        ("kraken", ["/0/public/Assets", "/0/public/AssetPairs"]),
        (
            "coinbase",
            [
                "/v2/currencies",
                "/v2/currencies/crypto",
                "/v2/exchange-rates",
                "/api/v3/brokerage/market/products",
                "/api/v3/brokerage/transaction_summary",
                "/api/v3/brokerage/market/products",
            ],
        ),
    ],
)
def test_loading_the_markets_asks_this(dialect: Literal["kraken", "coinbase"], paths: list[str]) -> None:
    with VenueServer(dialect) as venue:
        open_client(venue)
        assert [each.path for each in venue.requests] == paths


def test_an_assets_decimals_override_the_pairs_lot() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        assert client.market("PEPE/USD")["info"]["lot_decimals"] == 8
        assert client.market("PEPE/USD")["precision"]["amount"] == 1e-5


def test_amounts_truncate_and_prices_round() -> None:
    with VenueServer("coinbase") as venue:
        client = open_client(venue)
        assert client.amount_to_precision("DOGE/USD", 1.99) == "1.9"
        assert client.price_to_precision("DOGE/USD", 0.100019) == "0.10002"


def test_kraken_tickers_have_no_time_and_the_book_only_whole_seconds() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        assert client.fetch_ticker("DOGE/USD")["timestamp"] is None
        assert client.fetch_order_book("DOGE/USD")["timestamp"] is None
        levels = client.fetch_order_book("DOGE/USD")["bids"]
        assert all(level[2] == int(level[2]) and level[2] < 1e11 for level in levels)
        assert client.fetch_trades("DOGE/USD")[0]["timestamp"] % 1000


@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_frozen_data_keeps_its_prices_and_times_while_trading_goes_on(
    dialect: Literal["kraken", "coinbase"],
) -> None:
    def stamp(book: Any) -> Any:
        return book["timestamp"] or book["bids"][0][2]

    with VenueServer(dialect) as venue:
        client = open_client(venue)
        venue.freeze_market_data()
        before = client.fetch_order_book("DOGE/USD")
        venue.advance(30)
        venue.price("DOGE/USD", "0.2000", "0.2001")
        after = client.fetch_order_book("DOGE/USD")
        assert after["bids"][0][0] == 0.1 and stamp(after) == stamp(before)
        assert client.fetch_ticker("DOGE/USD")["bid"] == 0.1
        venue.freeze_market_data(False)
        assert client.fetch_ticker("DOGE/USD")["bid"] == 0.2


@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_the_last_bar_is_not_finished(dialect: Literal["kraken", "coinbase"]) -> None:
    with VenueServer(dialect) as venue:
        bars = open_client(venue).fetch_ohlcv("DOGE/USD", "5m")
        assert bars[-1][0] + 300_000 > venue.now_ms() - 1_000


def test_kraken_gives_the_last_720_bars_only() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        bars = client.fetch_ohlcv("DOGE/USD", "5m", since=1_600_000_000_000)
        assert len(bars) == 720 and bars[0][0] > venue.now_ms() - 721 * 300_000


@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_duplicate_trades_pass_through(dialect: Literal["kraken", "coinbase"]) -> None:
    with VenueServer(dialect) as venue:
        client = open_client(venue)
        venue.disturb_history(repeats=True)
        assert len(client.fetch_trades("DOGE/USD")) == 2


def test_a_us_perpetual_is_listed_with_its_hourly_funding() -> None:
    with VenueServer("coinbase") as venue:
        market = open_client(venue).market("BTC/USD:USD")
        assert market["id"] == "BIP-20DEC30-CDE" and market["contractSize"] == 0.01
        assert market["info"]["future_product_details"]["funding_rate"] == "0.000012"


@pytest.mark.parametrize("dialect", ["kraken", "coinbase"])
def test_the_venues_clock_is_its_own(dialect: Literal["kraken", "coinbase"]) -> None:
    with VenueServer(dialect) as venue:
        client = open_client(venue)
        venue.skew(-3600)
        assert abs(client.fetch_time() - (client.milliseconds() - 3_600_000)) < 2_000


def test_the_default_throttle_makes_kraken_balances_dear_and_orders_free() -> None:
    costs = ccxt.kraken().describe()["api"]["private"]["post"]
    assert costs["BalanceEx"]["cost"] == 3 and ccxt.kraken().rateLimit == 1000
    assert costs["AddOrder"]["cost"] == costs["CancelOrder"]["cost"] == costs["AmendOrder"]["cost"] == 0
