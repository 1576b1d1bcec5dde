"""The snapshot of a loop and its form in records."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from view_cases import CASES, all_well, feed_down, halted, long_btc, long_doge, simulated

from memesnipe_cli.console import json_bytes
from memesnipe_cli.live.status_health import FeedStatus, LatencyStatus, ReconciliationStatus, percentile
from memesnipe_cli.live.status_parts import OrderStatus
from memesnipe_cli.market.live.feed import FeedState
from memesnipe_cli.risk.breaker_record import breaker_record
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.latch_state import Latch
from memesnipe_cli.venues.order_book import OpenAmendment, Order
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.reconcile import Finding, Kind, Remedy
from memesnipe_cli.venues.reconciling import Reconciled

D = Decimal


@pytest.mark.parametrize("case", CASES)
def test_a_snapshot_is_json_with_money_as_strings(case: str) -> None:
    body = CASES[case]().body()
    assert json.loads(json_bytes(body)) == body
    for money in ("equity", "cash", "high_water_mark", "day_base"):
        assert body[money] is None or isinstance(body[money], str)


def test_what_is_not_known_is_null_and_never_zero() -> None:
    body = feed_down().body()
    assert body["equity"] is body["drawdown"] is body["day_result"] is None
    assert body["positions"][0]["mark"] is body["positions"][0]["pnl"] is None
    assert all(each["points"] is each["amount"] is None for each in body["distances"])


def test_distances_are_those_of_the_breaker_record() -> None:
    """The record makes them from the marks, of which this snapshot becomes a part."""
    status = halted()
    body = status.body()
    made = breaker_record(Latch("main"), body, dict(status.tiers), None)
    assert body["distances"] == made["distances"]
    halt = {each["tier"]: each for each in body["distances"]}["halt"]
    assert halt["amount"] == "-0.55"
    assert halt["points"] == pytest.approx(-0.2723)


def test_a_position_says_its_result_and_how_far_the_stop_is() -> None:
    body = long_doge(entry_price=D("0.2"), pnl=D("0.04"), mark=D("0.21"), stop=D("0.1995")).body()
    assert body["pnl_share"] == pytest.approx(0.01)
    assert body["stop_distance"] == pytest.approx(0.05)
    short = long_btc(side="short", mark=D("100"), stop=D("110"))
    assert short.stop_distance == pytest.approx(0.10)
    assert long_btc(mark=D("100"), stop=D("110")).stop_distance == pytest.approx(-0.10)


def test_the_result_of_contracts_is_a_share_of_what_they_stand_for() -> None:
    held = long_btc(qty=D("3"), entry_price=D("100"), contract_size=D("0.01"), pnl=D("0.3"))
    assert held.pnl_share == pytest.approx(0.1)


def test_an_order_of_the_book() -> None:
    intent = OrderIntent(
        id="ms0badcafe01234567",
        action=Action.PROTECT,
        venue="kraken",
        symbol="DOGE/USD",
        base="DOGE",
        strategy="momentum_5m",
        cluster="meme",
        side="sell",
        qty=D("20"),
        price=None,
        kind="stop",
        position="long",
        stop=D("0.1942"),
    )
    order = Order(intent, OrderState.UNKNOWN, filled=D("3"), sent_ms=5_000, amendment=OpenAmendment(intent))
    shown = OrderStatus.of(order)
    assert (shown.action, shown.stop, shown.filled, shown.state) == (
        "protect",
        D("0.1942"),
        D("3"),
        "unknown",
    )
    assert shown.changing
    assert shown.body()["sent"] == "1970-01-01T00:00:05Z"


def test_the_oldest_data_are_those_of_unknown_age() -> None:
    state = FeedState("rest", 1_000, 2, "slow")
    assert FeedStatus.of(state, {}, 500.0).worst is None
    feed = FeedStatus.of(state, {"A/USD": 30.0, "B/USD": 900.0, "C/USD": 40.0}, 500.0)
    assert feed.worst == ("B/USD", 900.0)
    assert feed.median_ms == 40.0
    assert FeedStatus.of(state, {"A/USD": 30.0, "B/USD": None}, 500.0).worst == ("B/USD", None)


def test_latency_of_the_last_orders() -> None:
    made = LatencyStatus.of([10.0, 30.0, 20.0], [], None)
    assert (made.orders, made.sent_p50_ms, made.sent_p95_ms, made.acknowledged_p50_ms) == (
        3,
        20.0,
        30.0,
        None,
    )


@pytest.mark.parametrize(("share", "value"), [(0.5, 10.0), (0.95, 19.0), (1.0, 20.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_was_there(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(20, 0, -1)], share) == value
    assert percentile([], share) is None


def test_orders_of_the_user_are_no_finding() -> None:
    left = Finding(Kind.FOREIGN, Remedy.LEAVE, "X is not ours")
    wrong = Finding(Kind.BALANCE, Remedy.HALT, "there is 1 USD, and 2 is explained")
    assert ReconciliationStatus.of(Reconciled([left], []), 7) == ReconciliationStatus(7, True)
    assert ReconciliationStatus.of(
        Reconciled([left, wrong], ["a trade of nobody"]), 7
    ) == ReconciliationStatus(7, False, ("a trade of nobody", "there is 1 USD, and 2 is explained"))


def test_a_snapshot_can_be_laid_over_the_marks_of_an_account() -> None:
    """It says of the account what the marks say, in the same words, and takes nothing of the trader's away."""
    body = simulated().body()
    assert not body.keys() & {"beat", "pid", "started", "host", "running", "time", "fence", "monitoring"}
    record = breaker_record(Latch("paper"), {**body, "beat": "2026-03-02T14:32:29Z"}, body["tiers"], None)
    assert record["equity"] == "200"
    assert record["recovery"]["size"] == 1.0
    assert all_well().body()["positions"][0].keys() >= {"strategy", "venue", "symbol", "side", "qty", "stop"}
