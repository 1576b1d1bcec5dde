"""Orders and lots as the journal's lines make them: for any sequence of lines, and any prefix of it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import STRATEGY, SYMBOL, intent

from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.venues.attempts import OrderKey, next_attempt
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_fold import OrderFold, apply_line
from memesnipe_cli.venues.order_lines import Line, fill_line, intent_line, state_line
from memesnipe_cli.venues.order_snapshot import dump_book, load_book
from memesnipe_cli.venues.order_state import TRANSITIONS, OrderState

D = Decimal
S = OrderState


def fill(number: int, qty: str = "10", **changed: object) -> VenueFill:
    made = VenueFill(
        f"T{number}",
        "O1",
        SYMBOL,
        "buy",
        D(qty),
        D("0.1"),
        None,
        D("0.004"),
        "USD",
        "taker",
        1_700_000_000_000,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def apply(book: OrderBook, *lines: Line) -> OrderBook:
    for kind, body in lines:
        apply_line(book, kind, json.loads(json.dumps(body)))
    return book


def accepted_book(**changed: object) -> OrderBook:
    order = intent("kraken", **changed)
    return apply(
        OrderBook(),
        intent_line(order, 1),
        state_line(order, S.SENT, 2),
        state_line(order, S.ACCEPTED, 3, venue_id="O1"),
    )


def test_states_follow_each_other_only_as_the_table_says() -> None:
    order = intent("kraken")
    for now, allowed in TRANSITIONS.items():
        for then in set(S) - {S.INTENT, now}:
            book = apply(OrderBook(), intent_line(order, 1))
            book.orders[order.id].state = now
            if then in allowed - {S.PARTLY_FILLED, S.FILLED}:
                apply(book, state_line(order, then, 2))
            else:
                with pytest.raises(DataError, match=r"cannot become|is booked"):
                    apply(book, state_line(order, then, 2))


def test_a_fill_that_exceeds_the_order_or_comes_twice_is_refused_and_changes_nothing() -> None:
    book = apply(accepted_book(), fill_line(intent("kraken"), fill(1, "60")))
    before = dump_book(book)
    for bad in (fill(1), fill(2, "41"), fill(3, "0"), fill(4, "-5")):
        with pytest.raises(DataError):
            apply(book, fill_line(intent("kraken"), bad))
    assert dump_book(book) == before


def test_a_fill_after_the_proof_of_absence_disproves_it() -> None:
    order = intent("kraken")
    book = apply(
        OrderBook(),
        intent_line(order, 1),
        state_line(order, S.SENT, 2),
        state_line(order, S.UNKNOWN, 3),
        state_line(order, S.ABSENT, 4),
        fill_line(order, fill(1)),
    )
    assert book.of(order.id).disproved
    assert book.held(STRATEGY, SYMBOL) == 10


def test_a_fee_taken_in_the_coin_makes_the_lots_smaller() -> None:
    book = apply(
        accepted_book(), fill_line(intent("kraken"), fill(1, "100", fee=D("0.4"), fee_currency="DOGE"))
    )
    holding = book.holdings[STRATEGY, SYMBOL]
    assert holding.qty == D("99.6")
    assert holding.lots == [(D("99.6"), D("0.1"))]
    assert holding.fees == {"DOGE": D("0.4")}


def test_lots_leave_the_oldest_first_and_balances_follow_every_fill() -> None:
    out = intent("kraken", "exit", Action.REDUCE, qty=D(70))
    book = accepted_book()
    book.reconciled("kraken", {"USD": D(1000), "DOGE": D(7)})
    apply(
        book,
        fill_line(intent("kraken"), fill(1, "60", cost=D("6.00001"))),
        fill_line(intent("kraken"), fill(2, "40", price=D("0.2"))),
        intent_line(out, 5),
        state_line(out, S.SENT, 6),
        state_line(out, S.ACCEPTED, 7, venue_id="O2"),
        fill_line(out, fill(3, "70", side="sell", venue_order_id="O2", price=D("0.3"))),
    )
    holding = book.holdings[STRATEGY, SYMBOL]
    assert (holding.qty, holding.lots) == (D(30), [(D(30), D("0.2"))])
    assert (holding.bought, holding.sold) == (D("14.00001"), D("21.0"))
    assert book.expected["kraken"] == {"USD": D(1000) - D("14.00001") + D("21.0") - D("0.012"), "DOGE": D(37)}


def test_an_attempt_number_rises_only_when_the_one_before_can_fill_no_more() -> None:
    key = OrderKey("s", STRATEGY, "kraken", SYMBOL, 0, "exit")
    book = OrderBook()
    first = next_attempt(book, key, "0badcafe", "main")
    assert first is not None and first.number == 0
    order = intent("kraken", id=first.order_id)
    for line in (
        intent_line(order, 1),
        state_line(order, S.SENT, 2),
        state_line(order, S.UNKNOWN, 3),
        state_line(order, S.ACCEPTED, 4, venue_id="O1"),
    ):
        apply(book, line)
        assert next_attempt(book, key, "0badcafe", "main") is None
    apply(book, state_line(order, S.CANCELLED, 5))
    second = next_attempt(book, key, "0badcafe", "main")
    assert second is not None and second.number == 1 and second.order_id != first.order_id


# What may happen to three orders of 100: an event is tried, and what the book refuses did not happen.
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(
            st.sampled_from(list(S)),
            st.tuples(st.integers(0, 9), st.integers(1, 70)),
        ),
    ),
    max_size=40,
)


def line_of(number: int, event: OrderState | tuple[int, int]) -> Line:
    order = intent("kraken", f"leg {number}")
    if event is S.INTENT:
        return intent_line(order, 1)
    if isinstance(event, OrderState):
        return state_line(order, event, 2, venue_id=f"O{number}" if event is S.ACCEPTED else None)
    trade, qty = event
    return fill_line(order, fill(trade, str(qty), venue_order_id=f"O{number}"))


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_nothing_overfills_no_trade_counts_twice_and_every_prefix_folds(
    events: list[tuple[int, OrderState | tuple[int, int]]],
) -> None:
    book = OrderBook()
    happened: list[Line] = []
    states: list[object] = []
    for number, event in events:
        line = line_of(number, event)
        try:
            apply(book, line)
        except DataError:
            continue
        happened.append(line)
        states.append(dump_book(book))
    for order in book.orders.values():
        assert order.filled <= order.intent.qty
        assert order.state is not S.FILLED or order.filled == order.intent.qty
    trades = [body["venue_trade_id"] for kind, body in happened if kind == "fill"]
    assert len(trades) == len(set(trades))
    assert book.held(STRATEGY, SYMBOL) == sum(D(body["qty"]) for kind, body in happened if kind == "fill")
    folded = OrderBook()
    for line, state in zip(happened, states, strict=True):
        apply(folded, line)
        assert dump_book(folded) == state
        assert dump_book(load_book(json.loads(json.dumps(state)))) == state


def test_a_fold_of_the_journal_goes_on_from_its_snapshot(tmp_path: Path) -> None:
    journal = Journal(StorePaths(tmp_path), "main")
    lines: list[Line] = []
    for number in range(300):
        order = intent("kraken", f"leg {number}")
        lines += [
            intent_line(order, 1),
            state_line(order, S.SENT, 2),
            state_line(order, S.ACCEPTED, 3, venue_id=f"O{number}"),
            fill_line(order, fill(number, venue_order_id=f"O{number}")),
        ]
    journal.append_many(lines)
    whole = dump_book(journal.replay(OrderFold()))
    assert (journal.folder / "snapshots").is_dir()
    assert dump_book(journal.replay(OrderFold())) == whole
    # Lines of a simulated account in the same journal are not ours.
    journal.append("order", {"event": "entry_order"})
    assert dump_book(journal.replay(OrderFold())) == whole
