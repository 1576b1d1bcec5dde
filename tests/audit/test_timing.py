"""The execution timer: every moment on one clock, and what nobody saw is null."""

from __future__ import annotations

from decimal import Decimal

import pytest
from audit_journals import CLOSE_MS, ENTRY, Clocks

from memesnipe_cli.store.canonical import plain

D = Decimal


def test_every_moment_counts_from_the_close_of_the_bar() -> None:
    clocks = Clocks()
    timer = clocks.timer()
    clocks.pass_ms(120)
    heard = clocks.seconds
    clocks.pass_ms(3)
    timer.signal(ENTRY.id, CLOSE_MS, heard)
    clocks.pass_ms(2)
    timer.decided(ENTRY.id, D("0.2"), D("0.199"), D("0.201"))
    clocks.pass_ms(6)
    timer.sent(ENTRY.id, D("0.2005"), D("0.2015"))
    clocks.pass_ms(100)
    timer.acknowledged(ENTRY.id)
    assert timer.latency_ms(ENTRY.id) == pytest.approx(100)
    assert timer.decision_price(ENTRY.id) == D("0.2")
    for _ in range(2):
        clocks.pass_ms(50)
        timer.filled(ENTRY.id)
    clocks.pass_ms(1)
    body = timer.ended(ENTRY, D("0.203"))
    assert body is not None
    assert plain(body) == body
    assert {name: body[name] for name in body if name.endswith("_ms")} == {
        "heard_ms": 120,
        "decided_ms": 125,
        "sent_ms": 131,
        "acknowledged_ms": 231,
        "filled_ms": 281,
        "last_filled_ms": 331,
        "ended_ms": 332,
    }
    assert (body["signal"], body["bid"], body["ask"]) == ("2025-01-01T00:00:00Z", "0.2005", "0.2015")
    assert (body["id"], body["action"], body["decision_price"]) == (ENTRY.id, "entry", "0.2")
    assert body["end_price"] == "0.203"


def test_a_wall_clock_that_is_set_moves_nothing() -> None:
    clocks = Clocks()
    timer = clocks.timer()
    timer.signal(ENTRY.id, CLOSE_MS, clocks.seconds)
    clocks.wall_ms -= 3_600_000
    clocks.pass_ms(7)
    timer.sent(ENTRY.id)
    body = timer.ended(ENTRY)
    assert body is not None
    assert (body["heard_ms"], body["sent_ms"]) == (0, 7)


def test_an_order_without_a_signal_counts_from_its_decision() -> None:
    clocks = Clocks()
    timer = clocks.timer()
    timer.decided(ENTRY.id, None, None, None)
    clocks.pass_ms(4)
    timer.sent(ENTRY.id)
    body = timer.ended(ENTRY)
    assert body is not None
    assert (body["signal"], body["heard_ms"], body["decided_ms"], body["sent_ms"]) == (None, None, 0, 4)
    assert body["begin"] == "2025-01-01T00:00:00Z"


def test_an_order_of_a_former_process_has_what_this_one_saw() -> None:
    clocks = Clocks()
    timer = clocks.timer()
    timer.filled(ENTRY.id)
    clocks.pass_ms(5)
    body = timer.ended(ENTRY)
    assert body is not None
    assert (body["sent_ms"], body["acknowledged_ms"], body["filled_ms"], body["ended_ms"]) == (
        None,
        None,
        0,
        5,
    )
    assert timer.latency_ms(ENTRY.id) is None


def test_an_order_ends_once() -> None:
    clocks = Clocks()
    timer = clocks.timer()
    timer.sent(ENTRY.id)
    assert timer.ended(ENTRY) is not None
    assert timer.ended(ENTRY) is None


def test_an_order_that_was_not_let_through_was_none() -> None:
    clocks = Clocks()
    timer = clocks.timer()
    timer.decided(ENTRY.id, None, None, None)
    timer.forget(ENTRY.id)
    assert timer.ended(ENTRY) is None
