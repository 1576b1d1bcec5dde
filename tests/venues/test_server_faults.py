"""What the real ccxt clients make of each fault: the exception says nothing about whether the order exists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Literal

import ccxt
import ccxt.async_support
import pytest
from venue_server import VenueServer, open_client, options

ORDER_PATH = {"kraken": "AddOrder", "coinbase": "brokerage/orders"}
CLIENT_ID = {"kraken": "clientOrderId", "coinbase": "client_order_id"}

# shape -> (what Kraken's client raises, what Coinbase's raises); None: nothing, and the order has no id.
RAISED: dict[str, tuple[type[Exception] | None, type[Exception] | None]] = {
    "timeout": (ccxt.RequestTimeout, ccxt.RequestTimeout),
    "504": (ccxt.RequestTimeout, ccxt.RequestTimeout),
    "500": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "502": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "503": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "520": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "500-html": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "503-html": (ccxt.ExchangeNotAvailable, ccxt.ExchangeNotAvailable),
    "500-json": (ccxt.ExchangeNotAvailable, ccxt.ExchangeError),
    "503-json": (ccxt.ExchangeNotAvailable, ccxt.ExchangeError),
    "reset": (ccxt.NetworkError, ccxt.NetworkError),
    "half": (ccxt.NetworkError, ccxt.NetworkError),
    "html": (None, None),
    "malformed": (None, None),
    "cut": (None, None),
    "empty": (None, None),
    "empty-result": (None, None),
    "empty-body": (None, None),
    "unavailable": (ccxt.ExchangeNotAvailable, ccxt.ExchangeError),
    "busy": (ccxt.ExchangeNotAvailable, ccxt.ExchangeError),
    "internal": (ccxt.ExchangeNotAvailable, ccxt.ExchangeError),
}


@pytest.fixture(params=["kraken", "coinbase"])
def venue(request: pytest.FixtureRequest) -> Iterator[VenueServer]:
    with VenueServer(request.param, {"USD": "100000", "DOGE": "5000"}, hang_s=1.0) as running:
        yield running


def buy(venue: VenueServer, client: Any, client_id: str) -> Any:
    arguments = {CLIENT_ID[venue.dialect]: client_id}
    return client.create_order("DOGE/USD", "limit", "buy", 100, 0.09, arguments)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_same_answer_comes_whether_the_order_exists_or_not(
    venue: VenueServer, when: Literal["before", "after"]
) -> None:
    client = open_client(venue, timeout_ms=250)
    for number, (shape, raised) in enumerate(RAISED.items()):
        expected = raised[0 if venue.dialect == "kraken" else 1]
        client_id = f"ms-{when}-{number}"
        venue.fail(shape, where=ORDER_PATH[venue.dialect], when=when)
        if expected is None:
            assert buy(venue, client, client_id)["id"] is None, shape
        else:
            with pytest.raises(expected) as caught:
                buy(venue, client, client_id)
            assert caught.type is expected, shape
        assert len(venue.oracle.orders_with(client_id)) == (1 if when == "after" else 0), shape


def test_async_resets_are_other_exceptions_than_sync_ones(venue: VenueServer) -> None:
    """A reset: ExchangeNotAvailable. A reset in mid-body: bare ExchangeError."""

    async def raised(shape: str) -> type[BaseException]:
        client = getattr(ccxt.async_support, venue.dialect)(options(venue))
        try:
            await client.load_markets()
            venue.fail(shape, where=ORDER_PATH[venue.dialect], when="after")
            await client.create_order(
                "DOGE/USD", "limit", "buy", 100, 0.09, {CLIENT_ID[venue.dialect]: shape}
            )
        except Exception as error:
            return type(error)
        finally:
            await client.close()
        raise AssertionError(shape)

    assert asyncio.run(raised("reset")) is ccxt.ExchangeNotAvailable
    assert asyncio.run(raised("half")) is ccxt.ExchangeError
    assert len(venue.ledger.orders) == 2


def test_a_hollow_200_looks_like_an_empty_account(venue: VenueServer) -> None:
    client = open_client(venue)
    order_id = buy(venue, client, "ms-1")["id"]
    for shape in ("empty", "malformed", "empty-result"):
        venue.fail(shape, times=5)
        assert client.fetch_open_orders() == [], shape
        assert client.fetch_my_trades() == [], shape
        assert client.fetch_ohlcv("DOGE/USD") == [], shape
        assert client.fetch_order_book("DOGE/USD")["bids"] == [], shape
        assert client.fetch_ticker("DOGE/USD")["last"] is None, shape
        venue.fail(shape)
        assert "USD" not in client.fetch_balance({"v3": True}), shape
        venue.fail(shape)
        if venue.dialect == "kraken":
            with pytest.raises(ccxt.OrderNotFound):
                client.fetch_order(order_id)
        else:
            assert client.fetch_order(order_id)["id"] is None, shape


def test_a_hollow_200_to_a_cancel_raises_nothing_and_cancels_nothing(venue: VenueServer) -> None:
    client = open_client(venue)
    order_id = buy(venue, client, "ms-1")["id"]
    venue.fail("empty-result")
    answer = client.cancel_order(order_id)
    assert answer.get("id") is None
    assert venue.ledger.orders[order_id].is_open


def test_a_200_that_is_not_json_makes_coinbase_balances_raise_what_is_no_ccxt_error() -> None:
    with VenueServer("coinbase") as venue:
        client = open_client(venue)
        venue.fail("html")
        with pytest.raises(TypeError):
            client.fetch_balance({"v3": True})


def test_a_request_may_be_carried_out_after_the_client_gave_up(venue: VenueServer) -> None:
    client = open_client(venue, timeout_ms=200)
    venue.fail("timeout", where=ORDER_PATH[venue.dialect], when="later", late_s=5)
    with pytest.raises(ccxt.RequestTimeout):
        buy(venue, client, "ms-1")
    assert client.fetch_open_orders() == []
    venue.advance(6)
    assert [each["info"]["status"].lower() for each in client.fetch_open_orders()] == ["open"]


def test_a_deadline_keeps_kraken_from_carrying_out_what_is_late() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue, timeout_ms=200)
        venue.fail("timeout", where="AddOrder", when="later", late_s=30)
        deadline = client.iso8601(venue.now_ms() + 5_000)
        arguments = {"clientOrderId": "ms-1", "deadline": deadline}
        with pytest.raises(ccxt.RequestTimeout):
            client.create_order("DOGE/USD", "limit", "buy", 100, 0.09, arguments)
        venue.advance(31)
        assert client.fetch_open_orders() == [] and not venue.ledger.orders
        with pytest.raises(ccxt.ExchangeError, match="Deadline elapsed"):
            client.create_order("DOGE/USD", "limit", "buy", 100, 0.09, arguments)


def test_the_clients_repeat_nothing_by_themselves(venue: VenueServer) -> None:
    client = open_client(venue)
    assert client.options.get("maxRetriesOnFailure", 0) == 0
    venue.fail("503", where=ORDER_PATH[venue.dialect], when="after")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        buy(venue, client, "ms-1")
    assert len(venue.asked(ORDER_PATH[venue.dialect])) == 1


def test_repeats_on_failure_double_an_order_on_kraken() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        client.options["maxRetriesOnFailure"] = 1
        venue.fail("503", where="AddOrder", when="after")
        client.create_order("DOGE/USD", "market", "buy", 100, None, {"clientOrderId": "ms-1"})
        assert venue.oracle.doubled() == ["ms-1"]


@pytest.mark.parametrize(
    ("dialect", "shape", "expected"),
    [
        ("kraken", "rate-limit", ccxt.DDoSProtection),
        ("kraken", "order-rate-limit", ccxt.DDoSProtection),
        ("kraken", "unavailable", ccxt.ExchangeNotAvailable),
        ("kraken", "nonce", ccxt.InvalidNonce),
        ("kraken", "permission", ccxt.PermissionDenied),
        ("kraken", "unknown-order", ccxt.InvalidOrder),
        ("coinbase", "rate-limit", ccxt.RateLimitExceeded),
        ("coinbase", "order-rate-limit", ccxt.ExchangeError),
        ("coinbase", "permission", ccxt.PermissionDenied),
        ("coinbase", "nonce", ccxt.AuthenticationError),
        ("coinbase", "unknown-order", ccxt.ExchangeError),
    ],
)
def test_what_the_venue_says_has_its_own_class(
    dialect: Literal["kraken", "coinbase"], shape: str, expected: type[Exception]
) -> None:
    with VenueServer(dialect) as venue:
        client = open_client(venue)
        venue.fail(shape)
        with pytest.raises(expected) as caught:
            client.fetch_open_orders()
        assert caught.type is expected


def test_a_mix_of_faults_repeats_with_its_seed() -> None:
    def run() -> list[tuple[str, str, str]]:
        with VenueServer("kraken") as venue:
            client = open_client(venue)
            venue.mix(["500", "reset", "empty", "unavailable"], share=0.5, seed=7)
            for _ in range(20):
                try:
                    client.fetch_open_orders()
                except ccxt.BaseError:
                    continue
            return venue.faults.happened

    first = run()
    assert 4 < len(first) < 16
    assert first == run()
