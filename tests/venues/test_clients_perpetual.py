"""A perpetual of Coinbase Derivatives: sold short, protected, closed, and what it earned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from venue_cases import D, Desk, desk_on, intent

from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.facts import VenuePosition
from memesnipe_cli.venues.flows import explained

PERP = "BTC/USD:USD"
ONE = D("0.01")  # a contract


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_on("coinbase", tmp_path) as made:
        made.server.price(PERP, "60000", "60010")
        yield made


def place(desk: Desk, leg: str, action: Action, side: str, price: Decimal, **changed: Any) -> str:
    """An order for one contract, let through by the gate and settled; returns its state."""
    order = intent(
        "coinbase",
        leg,
        action,
        symbol=PERP,
        base="BTC",
        position="short",
        side=side,
        price=price,
        qty=ONE,
        **changed,
    )
    facts = replace(desk.facts(), product=desk.venue.product(PERP), reference=D(60_000))
    said = desk.executor.place(order, facts)
    assert not isinstance(said, Refused), said.message
    desk.executor.settle(said.intent.id)
    return str(desk.book.of(said.intent.id).state)


def test_a_short_is_opened_protected_and_closed(desk: Desk) -> None:
    cash = desk.venue.balances()["USD"].total
    began = desk.server.now_ms()
    assert place(desk, "entry", Action.ENTRY, "sell", D(59_900), stop=D(61_000)) == "filled"
    assert desk.venue.positions() == [VenuePosition(PERP, -ONE)]
    assert desk.book.held("momentum_5m", PERP) == ONE
    place(desk, "stop", Action.PROTECT, "buy", D(61_500), stop=D(61_000), kind="stop")
    (stop,) = desk.venue.open_orders()
    assert (stop.symbol, stop.side, stop.qty, stop.stop) == (PERP, "buy", ONE, D(61_000))
    assert not desk.server.oracle.naked_positions()

    desk.server.price(PERP, "61100", "61110")
    desk.settle_all()
    assert desk.venue.positions() == []
    assert not desk.book.held("momentum_5m", PERP)
    desk.assert_exactly_once()

    fills = desk.venue.fills(began)
    earned = sum((each.qty * each.price * (1 if each.side == "sell" else -1) for each in fills), D(0))
    fees = sum((each.fee for each in fills), D(0))
    assert earned < 0 < fees
    assert desk.venue.balances()["USD"].total == cash + earned - fees
    assert explained(desk.venue.flows(began)) == {"USD": earned - fees}


def test_a_perpetual_without_margin_is_refused(desk: Desk) -> None:
    desk.server.withdraw("USD", "4900")
    facts = replace(desk.facts(), product=desk.venue.product(PERP), reference=D(60_000))
    order = intent(
        "coinbase", symbol=PERP, base="BTC", position="short", side="sell", price=D(59_900), qty=ONE
    )
    said = desk.executor.place(replace(order, stop=D(61_000)), facts)
    assert not isinstance(said, Refused)
    assert said.state == "refused"
    assert desk.venue.positions() == []


def test_the_funding_rate_of_the_hour_is_read(desk: Desk) -> None:
    told = desk.venue.funding(PERP)
    assert (told.rate, told.interval_ms) == (D("0.000012"), 3_600_000)
