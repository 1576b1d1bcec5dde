"""The views of orders and fills: each order and each fill once, whether the account is simulated or at a venue, whose
journal holds the venue's lines beside the account's own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.store import Store
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_lines import amendment_line, fill_line, intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState

NOW = 1_750_000_000_000
ENTRY = OrderIntent(
    id="entry1",
    action=Action.ENTRY,
    venue="kraken",
    symbol="DOGE/USD",
    base="DOGE",
    strategy="momentum_5m",
    cluster="memes",
    side="buy",
    qty=D("40"),
    price=D("0.1015"),
    kind="limit",
    position="long",
    stop=D("0.09"),
)
STOP = replace(
    ENTRY,
    id="stop1",
    action=Action.PROTECT,
    side="sell",
    qty=D("10"),
    price=None,
    kind="stop",
    stop=D("0.09"),
)


def fill(number: int, qty: str) -> VenueFill:
    return VenueFill(
        trade_id=f"T{number}",
        venue_order_id="OABC",
        symbol="DOGE/USD",
        side="buy",
        qty=D(qty),
        price=D("0.1011"),
        cost=None,
        fee=D("0.01"),
        fee_currency="USD",
        liquidity="taker",
        time_ms=NOW,
    )


@pytest.fixture
def live(store: Store) -> Store:
    """An account at a venue that has bought in two fills and laid a stop."""
    about = {"event": "entry_fill", "symbol": "DOGE/USD", "order": "entry1", "qty": "40", "price": "0.1011"}
    lines: list[tuple[str, dict[str, Any]]] = [
        ("decision", {**about, "event": "entry_order", "id": "entry1", "state": "sent"}),
        intent_line(ENTRY, NOW),
        state_line(ENTRY, OrderState.SENT, NOW),
        state_line(ENTRY, OrderState.ACCEPTED, NOW, venue_id="OABC"),
        fill_line(ENTRY, fill(1, "10")),
        state_line(ENTRY, OrderState.PARTLY_FILLED, NOW),
        intent_line(STOP, NOW),
        state_line(STOP, OrderState.ACCEPTED, NOW, venue_id="ODEF"),
        fill_line(ENTRY, fill(2, "30")),
        state_line(ENTRY, OrderState.FILLED, NOW),
        ("position", {**about, "took": ["T1", "T2"]}),
    ]
    store.journal("live").append_many(lines)
    return store


def asked(store: Store, query: str) -> list[tuple[Any, ...]]:
    con = store.connect()
    try:
        return con.execute(query).fetchall()
    finally:
        con.close()


def test_an_order_at_a_venue_is_one_row_with_all_that_its_lines_say(live: Store) -> None:
    assert asked(
        live, "SELECT id, venue_id, action, qty, price, stop, state, filled FROM orders ORDER BY id"
    ) == [
        ("entry1", "OABC", "entry", D(40), D("0.1015"), D("0.09"), "filled", D(40)),
        ("stop1", "ODEF", "protect", D(10), None, D("0.09"), "accepted", D(0)),
    ]


def test_a_fill_at_a_venue_is_one_row(live: Store) -> None:
    assert asked(live, "SELECT venue_trade_id, qty FROM fills ORDER BY seq") == [("T1", D(10)), ("T2", D(30))]


def test_only_an_amendment_that_was_accepted_changes_the_terms(live: Store) -> None:
    wider = replace(STOP, id="stop2", qty=D(40), stop=D("0.095"))
    for state, qty, stop in (("sent", D(10), D("0.09")), ("accepted", D(40), D("0.095"))):
        kind, body = amendment_line("stop1", wider, state, NOW)
        live.journal("live").append(kind, body)
        assert asked(live, "SELECT qty, stop, state FROM orders WHERE id = 'stop1'") == [
            (qty, stop, "accepted")
        ]
    assert asked(live, "SELECT count(*) FROM orders") == [(2,)]


def test_the_same_id_on_two_accounts_is_two_orders(live: Store) -> None:
    body = {"event": "entry_order", "id": "entry1", "symbol": "DOGE/USD", "qty": "7", "state": "sent"}
    live.journal("paper").append("order", body)
    assert asked(
        live, "SELECT account, qty, state, filled FROM orders WHERE id = 'entry1' ORDER BY account"
    ) == [
        ("live", D(40), "filled", D(40)),
        ("paper", D(7), "sent", D(0)),
    ]
