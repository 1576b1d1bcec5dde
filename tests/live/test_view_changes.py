"""The log of a service: one line for each thing that changed and matters, none for what did not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from view_cases import (
    CASES,
    ENTRY_ID,
    NOW,
    all_well,
    entry,
    feed_down,
    halted,
    long_btc,
    long_doge,
    unknown_order,
    warned,
)

from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live.status_health import FeedStatus, ReconciliationStatus
from memesnipe_cli.live.status_parts import Recovery
from memesnipe_cli.live_view.changes import changes, say_changes
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.quality import Finding

D = Decimal


@pytest.mark.parametrize("case", CASES)
def test_nothing_changed_nothing_said(case: str) -> None:
    status = CASES[case]()
    later = replace(status, time_ms=NOW + 500, next_bar_s=150.1)
    assert say_changes(status, later) == []


def test_ages_results_and_decisions_alone_are_not_said() -> None:
    later = all_well(
        equity=D("201.5"),
        positions=(long_doge(mark=D("0.20200"), pnl=D("0.05")),),
        decisions=(),
        feed=FeedStatus("websocket", 0, 1, ages_ms={"DOGE/USD": 900.0}),
        quality=(Finding("data_age", "symbol:DOGE/USD", 900.0, 500.0, "halt"),),
    )
    assert say_changes(all_well(), later) == []


def test_a_beginning_says_where_it_stands_and_what_is_not_well() -> None:
    assert say_changes(None, all_well()) == [
        "account main on kraken: live, real money; equity 201.34 USD",
        "holds long 20 DOGE/USD (momentum_5m) at 0.1985, stop 0.1942",
    ]
    lines = say_changes(None, unknown_order())
    assert [line for line in lines if ENTRY_ID in line and "unknown, it may exist at the venue" in line]
    assert "reconciliation: there is 193.12 USD, and 197.1304 is explained" in lines
    assert "the clock is 212 ms off" in lines
    assert "kraken: maintenance" in say_changes(None, feed_down())


@pytest.mark.parametrize(
    ("after", "line", "trouble"),
    [
        (
            all_well(level=Level.HALT, cause="manual", reason="news"),
            "breaker: CLOSED -> HALT (manual: news): new positions are stopped; exits and protective orders go on",
            True,
        ),
        (all_well(positions=()), "closed long 20 DOGE/USD (momentum_5m), last at +0.03 USD", False),
        (
            all_well(positions=(long_doge(), long_btc())),
            "opened long 0.00003712 BTC/USD (mean_revert_1h) at 107214.3, stop 105900.1",
            False,
        ),
        (
            all_well(positions=(long_doge(qty=D("30")),)),
            "holds long 30 DOGE/USD (momentum_5m), was 20",
            False,
        ),
        (
            all_well(positions=(long_doge(stop=D("0.19660")),)),
            "stop of DOGE/USD (momentum_5m): 0.1942 -> 0.1966",
            False,
        ),
        (
            all_well(positions=(long_doge(leaving="signal"),)),
            "leaving long 20 DOGE/USD (momentum_5m): signal",
            False,
        ),
        (
            all_well(positions=(long_doge(protection="naked", naked=D("5"), words="refused"),)),
            "5 DOGE/USD (momentum_5m) without a stop: refused",
            True,
        ),
        (
            all_well(feed=FeedStatus("rest", 0, 2, "the WebSocket is silent")),
            "feed: rest: the WebSocket is silent",
            True,
        ),
        (all_well(venue_status="cancel_only"), "kraken: cancel_only", True),
        (
            all_well(reconciliation=ReconciliationStatus(NOW, False)),
            "reconciliation: the books do not agree with the venue",
            True,
        ),
        (
            all_well(quality=(Finding("latency", "account", 1200.0, 1000.0, "warning"),)),
            "execution: latency of the account is at warning: 1200, limit 1000",
            True,
        ),
        (
            all_well(recovery=Recovery(1, 0.25)),
            "size of new positions: 25% of normal (stage 1 of 4)",
            False,
        ),
        (all_well(warnings=("the clock is off",)), "the clock is off", True),
        (all_well(stopping=True), "stopping: no new positions; the stops stay", False),
    ],
)
def test_each_thing_that_changes_is_one_line(after: LoopStatus, line: str, trouble: bool) -> None:
    assert changes(all_well(), after) == [(line, trouble)]


def test_trouble_that_ends_is_said_once() -> None:
    assert say_changes(unknown_order(), all_well(orders=(entry(state="accepted"),))) == [
        f"order {ENTRY_ID} is settled: accepted",
        "reconciliation: the books agree with the venue again",
    ]
    assert f"order {ENTRY_ID} is settled: it is not open" in say_changes(unknown_order(), all_well())
    assert "feed: well again, websocket" in say_changes(feed_down(), all_well())
    assert "kraken: online" in say_changes(feed_down(), all_well())
    assert "stop of BTC/USD (mean_revert_1h): covered again" in say_changes(
        warned(), all_well(positions=(long_doge(), long_btc()))
    )


def test_trouble_that_goes_on_is_not_said_again_in_other_words() -> None:
    one = all_well(feed=FeedStatus("rest", 0, 2, "asked again in 8 s"))
    other = all_well(feed=FeedStatus("rest", 0, 2, "asked again in 4 s"))
    assert say_changes(one, other) == []
    assert say_changes(one, all_well(feed=FeedStatus("none", 0, 2, "no answer"))) == ["feed: none: no answer"]


def test_a_level_that_falls_is_no_trouble() -> None:
    found = [change for change in changes(halted(), replace(halted(), level=Level.CLOSED))]
    assert found == [("breaker: HALT -> CLOSED: nothing is stopped", False)]
