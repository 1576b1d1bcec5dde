"""Signatures, nonces, tokens and rights: what the venue lets in, and how a client learns what its key may do."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest
from venue_server import VenueServer, open_client


def test_kraken_checks_key_and_signature() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        client.apiKey = "another"
        with pytest.raises(ccxt.AuthenticationError):
            client.fetch_balance()
        client = open_client(venue)
        client.secret = client.secret[::-1].replace("=", "A")
        with pytest.raises(ccxt.ExchangeError) as caught:
            client.fetch_balance()
        assert caught.type is ccxt.ExchangeError


def test_two_clients_on_one_kraken_key_collide() -> None:
    with VenueServer("kraken") as venue:
        ahead, behind = open_client(venue), open_client(venue)
        ahead.options["lastNonce"] = ahead.milliseconds() + 60_000
        ahead.fetch_balance()
        with pytest.raises(ccxt.InvalidNonce):
            behind.fetch_balance()


def test_a_kraken_clock_that_went_back_makes_nonces_invalid() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        client.fetch_balance()
        later = open_client(venue)
        later.options["timeDifference"] = 60_000
        with pytest.raises(ccxt.InvalidNonce):
            later.fetch_balance()


def test_kraken_tells_the_rights_of_a_key_that_has_none() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        venue.set_rights([])
        assert client.privatePostGetApiKeyInfo()["result"]["permissions"] == []
        with pytest.raises(ccxt.PermissionDenied):
            client.fetch_balance()


def test_a_right_may_be_withdrawn_in_between() -> None:
    with VenueServer("kraken") as venue:
        client = open_client(venue)
        order_id = client.create_order("DOGE/USD", "limit", "buy", 100, 0.09)["id"]
        venue.set_rights(["query-funds", "query-open-trades", "close-trades", "withdraw-funds"])
        with pytest.raises(ccxt.PermissionDenied):
            client.create_order("DOGE/USD", "limit", "buy", 100, 0.09)
        client.cancel_order(order_id)
        assert "withdraw-funds" in client.privatePostGetApiKeyInfo()["result"]["permissions"]


def test_coinbase_checks_the_token() -> None:
    with VenueServer("coinbase") as venue:
        client = open_client(venue)
        client.fetch_balance({"v3": True})
        client.apiKey = "organizations/loopback/apiKeys/another"
        with pytest.raises(ccxt.AuthenticationError):
            client.fetch_balance({"v3": True})


def test_a_coinbase_token_is_good_for_its_path_only() -> None:
    with VenueServer("coinbase") as venue:
        client = open_client(venue)
        client.fetch_balance({"v3": True})
        token = client.last_request_headers["Authorization"]
        with pytest.raises(ccxt.AuthenticationError):
            open_client(venue, headers={"Authorization": token})


def test_a_coinbase_token_is_good_for_two_minutes() -> None:
    with VenueServer("coinbase") as venue:
        client = open_client(venue)
        venue.skew(200)
        with pytest.raises(ccxt.AuthenticationError):
            client.fetch_balance({"v3": True})


def test_coinbase_tells_the_rights_of_a_key() -> None:
    def rights(client: Any) -> Any:
        found = client.v3PrivateGetBrokerageKeyPermissions()
        return {name: found[name] for name in ("can_view", "can_trade", "can_transfer")}

    with VenueServer("coinbase") as venue:
        client = open_client(venue)
        assert rights(client) == {"can_view": True, "can_trade": True, "can_transfer": False}
        venue.set_rights(["can_transfer"])
        assert rights(client) == {"can_view": False, "can_trade": False, "can_transfer": True}
        with pytest.raises(ccxt.PermissionDenied):
            client.create_order("DOGE/USD", "limit", "buy", 100, 0.09)
