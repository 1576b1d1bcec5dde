"""The handle over HTTP, and a trader that is killed while the venue lives on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.error import HTTPError

import pytest
from venue_server import RemoteControl, VenueServer, open_client

TESTS = Path(__file__).parents[1]
TRADER = textwrap.dedent(
    """
    import sys
    sys.path.insert(0, {tests!r})
    import ccxt
    from venue_server.keys import KRAKEN_KEY, KRAKEN_SECRET
    urls = {{"api": {{"public": {url!r}, "private": {url!r}}}}}
    client = ccxt.kraken({{"apiKey": KRAKEN_KEY, "secret": KRAKEN_SECRET, "urls": urls, "timeout": 30000}})
    client.load_markets()
    print("sending", flush=True)
    client.create_order("DOGE/USD", "market", "buy", 100, None, {{"clientOrderId": "ms1"}})
    print("answered", flush=True)
    """
)


def test_every_call_of_the_handle_works_from_outside() -> None:
    with VenueServer("kraken", {"USD": "1000", "DOGE": "5000"}) as venue:
        remote = RemoteControl(venue.base_url)
        order_id = remote.call(
            "user_order", symbol="DOGE/USD", side="buy", kind="limit", volume="100", price="0.09"
        )
        remote.call("price", symbol="DOGE/USD", bid="0.0899", ask="0.09")
        remote.call("deposit", asset="USD", amount="5")
        report = remote.report()
        assert report["orders"][0]["id"] == order_id
        assert report["orders"][0]["status"] == "closed" and report["orders"][0]["owner"] == "user"
        assert report["balances"]["DOGE"] == "5100"
        remote.call("fail", shape="500", where="OpenOrders", times=2)
        assert venue.faults.planned[0].times == 2


def test_the_handle_refuses_what_it_does_not_know() -> None:
    with VenueServer("kraken") as venue:
        remote = RemoteControl(venue.base_url)
        for name, arguments in (
            ("__init__", {}),
            ("fail", {"shape": "nope"}),
            ("withdraw", {"asset": "USD"}),
        ):
            with pytest.raises(HTTPError):
                remote.call(name, **arguments)


def test_calls_of_the_handle_are_never_hit_by_faults() -> None:
    with VenueServer("kraken") as venue:
        venue.mix(["500", "reset"], share=1.0)
        RemoteControl(venue.base_url).call("calm")
        assert venue.faults.happened == [] and venue.requests == []


def test_an_account_outlives_a_trader_that_is_killed_in_mid_order() -> None:
    with VenueServer("kraken", {"USD": "1000"}) as venue:
        venue.fail("timeout", where="AddOrder", when="after")
        source = TRADER.format(tests=str(TESTS), url=venue.base_url)
        child = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None and child.stdout.readline() == "sending\n"
            while not venue.asked("AddOrder"):
                assert child.poll() is None
                time.sleep(0.005)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.communicate()
        report = RemoteControl(venue.base_url).report()
        assert [each["client_id"] for each in report["orders"]] == ["ms1"]
        assert report["naked"] == {"DOGE": "100"}
        found = open_client(venue).fetch_closed_orders(params={"clientOrderId": "ms1"})
        assert [each["filled"] for each in found] == [100.0]
