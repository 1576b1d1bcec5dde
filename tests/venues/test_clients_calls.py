"""How a venue is called: orders at once, questions at the venue's pace, numbers that rise, one address, heartbeats."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import ccxt
import pytest
from recorded_answers import KRAKEN, kraken
from recorded_venue import RecordedVenue, kraken_on, serving
from venue_cases import Desk, desk_on
from venue_server.keys import KRAKEN_KEY, KRAKEN_SECRET

from memesnipe_cli.errors import ConfigError, NetworkError
from memesnipe_cli.venues.kraken import Kraken
from memesnipe_cli.venues.one_key import Budget, Nonces
from memesnipe_cli.venues.opening import Key, open_order_venue

LEVERS = {"kraken": "AddOrder", "coinbase": "brokerage/orders"}


@pytest.fixture(params=["kraken", "coinbase"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk_on(request.param, tmp_path) as made:
        made.venue._exchange.enableRateLimit = True  # type: ignore[attr-defined]
        yield made


def test_an_order_right_after_eight_questions_goes_out_at_once(desk: Desk) -> None:
    for _ in range(8):
        desk.venue.open_orders()
    began = time.monotonic()
    desk.place()
    assert time.monotonic() - began < 0.3
    assert desk.server.oracle.ours()


def test_an_order_does_not_wait_for_a_budget_that_is_used_up(desk: Desk) -> None:
    waited: list[float] = []
    budget = desk.venue._calls._budget  # type: ignore[attr-defined]
    budget._sleep = waited.append
    budget.take(10_000)
    waited.clear()
    desk.place()
    assert not waited
    desk.venue.open_orders()
    assert waited


def test_a_budget_lets_so_much_through_and_then_keeps_the_pace() -> None:
    now, waited = [0.0], []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    budget = Budget(6, 1000, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        budget.take(3, urgent=True)
    assert waited == [3.0]
    now[0] += 100
    budget.take(6)
    assert waited == [3.0]


def test_what_is_not_urgent_leaves_a_third_of_the_budget_to_what_is() -> None:
    now, waited = [0.0], []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    budget = Budget(9, 1000, clock=lambda: now[0], sleep=sleep)
    budget.take(6)
    assert waited == []
    budget.take(3)
    assert waited == [3.0]
    budget.take(3, urgent=True)
    assert waited == [3.0]


def test_a_venue_that_has_had_enough_is_asked_at_its_pace(desk: Desk) -> None:
    waited: list[float] = []
    budget = desk.venue._calls._budget  # type: ignore[attr-defined]
    budget._sleep = waited.append
    budget._clock = lambda: budget._at  # no time passes
    desk.server.fail("rate-limit")
    desk.venue.open_orders()
    assert len(waited) == 1


def test_nonces_rise_whoever_takes_them() -> None:
    nonces, taken = Nonces(), []

    def take() -> None:
        for _ in range(500):
            taken.append(nonces.after(1000))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert sorted(taken) == list(range(1000, 3000))
    assert nonces.after(5000) == 5000


def test_two_clients_of_one_key_never_send_a_nonce_twice_or_backwards() -> None:
    with serving(RecordedVenue(KRAKEN | {"/OpenOrders": kraken({"open": {}})})) as recorded:
        urls = {"public": recorded.base_url, "private": recorded.base_url}
        made = [
            ccxt.kraken(
                {
                    "apiKey": KRAKEN_KEY,
                    "secret": KRAKEN_SECRET,
                    "urls": {"api": urls},
                    "enableRateLimit": False,
                    "options": {"maxRetriesOnFailure": 0},
                }
            )
            for _ in range(2)
        ]
        venues = [Kraken(each) for each in made]
        for _ in range(15):
            for venue in venues:
                venue.open_orders()
        nonces = [int(each["nonce"]) for each in recorded.fields_of("/OpenOrders")]
    assert len(nonces) == 30
    assert all(before < after for before, after in pairwise(nonces))


def test_each_request_is_told_before_and_after(desk: Desk, tmp_path: Path) -> None:
    beats: list[int] = []
    told: list[tuple[str, bool]] = []
    calls = desk.venue._calls  # type: ignore[attr-defined]
    calls._before = lambda: beats.append(1)
    calls._told = lambda what, seconds, ok: told.append((what, ok))
    desk.server.fail("503", times=2)
    desk.venue.server_time()
    assert told == [("the time", False), ("the time", False), ("the time", True)]
    assert len(beats) == 3
    desk.server.fail("503", where=LEVERS[desk.server.dialect])
    desk.place()
    assert told[-1] == ("an order", False)
    desk.server.fail("malformed", times=4)
    with pytest.raises(NetworkError):
        desk.venue.open_orders()
    assert (
        told[-4:]
        == [("the open orders", False) if desk.server.dialect == "kraken" else ("the orders", False)] * 4
    )


def test_what_a_call_took_is_without_the_waiting_for_the_budget(desk: Desk) -> None:
    took: list[float] = []
    calls = desk.venue._calls  # type: ignore[attr-defined]
    calls._told = lambda what, seconds, ok: took.append(seconds)
    calls._budget._sleep = lambda seconds: time.sleep(0.2)
    calls._budget.take(10_000)
    desk.venue.open_orders()
    assert 0 < took[0] < 0.2


def test_addresses_that_were_changed_from_outside_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(RecordedVenue(KRAKEN | {"/OpenOrders": kraken({"open": {}})})) as recorded:
        whole = ccxt.kraken.describe

        def elsewhere(self: Any) -> Any:
            api = {"public": recorded.base_url, "private": recorded.base_url}
            return self.deep_extend(
                whole(self), {"urls": {"api": api}, "options": {"maxRetriesOnFailure": 3}}
            )

        monkeypatch.setattr(ccxt.kraken, "describe", elsewhere)
        key = Key(KRAKEN_KEY, KRAKEN_SECRET)
        venue = open_order_venue("kraken", None, key, tmp_path, read_deadline_s=5.0)
        assert venue.open_orders() == []
        assert venue.server_time() == 1762820224000


def test_an_address_that_was_changed_to_a_foreign_host_gets_no_order(desk: Desk) -> None:
    api = desk.venue._exchange.urls["api"]  # type: ignore[attr-defined]
    before = len(desk.server.requests)
    api.update({"private": "https://example.com", "rest": "https://example.com"})
    with pytest.raises(ConfigError, match=r"names the host example\.com"):
        desk.place()
    assert len(desk.server.requests) == before


def test_what_a_venue_does_not_have_is_asked_for_once() -> None:
    with kraken_on({each: KRAKEN[each] for each in ("/Assets", "/AssetPairs")}) as (recorded, venue):
        before = len(recorded.asked)
        for ask in (
            venue.key_rights,
            venue.server_time,
            lambda: venue.fees("DOGE/USD"),
            lambda: venue.fills(0),
        ):
            with pytest.raises(NetworkError, match="kraken does not have"):
                ask()
        assert len(recorded.asked) == before + 4
        assert venue.product("DOGE/USD").taker_fee is None
