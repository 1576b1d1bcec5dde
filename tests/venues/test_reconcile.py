"""Book against venue: what each difference is, what is to be done, and what halts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from venue_cases import PREFIX, STRATEGY, SYMBOL, D, intent

from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.facts import Balance, VenueFill, VenueOrder, VenueStatus
from memesnipe_cli.venues.flows import Flow, FlowKind
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.reconcile import Finding, Kind, Remedy, Shown, reconcile

S = OrderState
ENTRY = intent("kraken")
STOP = intent("kraken", "stop", Action.PROTECT)
OTHER_STORE = "msaaaaaaaqwertyuio"
PERP = "BTC/USD:USD"


def fill(number: int, **changed: Any) -> VenueFill:
    made = VenueFill(
        f"T{number}",
        "O1",
        SYMBOL,
        "buy",
        D(100),
        D("0.1"),
        None,
        D("0.04"),
        "USD",
        "taker",
        1_700_000_000_000,
    )
    return replace(made, **changed)


def order(**changed: Any) -> VenueOrder:
    """The stop as the venue shows it."""
    made = VenueOrder(
        "O2",
        STOP.id,
        SYMBOL,
        "sell",
        D(100),
        D(0),
        None,
        D("0.09"),
        VenueStatus.OPEN,
        "open",
        1_700_000_000_000,
    )
    return replace(made, **changed)


def book() -> OrderBook:
    """100 DOGE bought under a reconciled account, and a stop under them."""
    made = OrderBook()
    made.reconciled("kraken", {"USD": D(1000), "DOGE": D(7)})
    made.intended(ENTRY)
    made.moved(ENTRY.id, S.SENT)
    made.moved(ENTRY.id, S.ACCEPTED, venue_id="O1")
    made.filled(ENTRY.id, fill(1))
    made.intended(STOP)
    made.moved(STOP.id, S.SENT)
    made.moved(STOP.id, S.ACCEPTED, venue_id="O2")
    return made


def balances(**totals: str) -> dict[str, Balance]:
    return {
        name: Balance(D(total), D(0)) for name, total in ({"USD": "989.96", "DOGE": "107"} | totals).items()
    }


def shown(**changed: Any) -> Shown:
    return replace(Shown("kraken", [order()], [fill(1)], balances()), **changed)


def found(made: OrderBook, said: Shown) -> list[tuple[Kind, Remedy]]:
    return [(each.kind, each.remedy) for each in reconcile(made, said, PREFIX)]


def test_a_book_that_agrees_has_no_findings() -> None:
    assert found(book(), shown()) == []


CASES: dict[str, tuple[Shown, list[tuple[Kind, Remedy]]]] = {
    "the user's own order": (
        shown(open_orders=[order(), order(venue_id="U1", client_id="")]),
        [(Kind.FOREIGN, Remedy.LEAVE)],
    ),
    "the user's own trade in another coin": (
        shown(
            fills=[fill(1), fill(2, venue_order_id="U1", symbol="BTC/USD", qty=D("0.001"), price=D(60000))],
            balances=balances(USD="929.92", BTC="0.001"),
        ),
        [],
    ),
    "another store's order": (
        shown(open_orders=[order(), order(venue_id="X", client_id=OTHER_STORE)]),
        [(Kind.OTHER_STORE, Remedy.HALT)],
    ),
    "an order of this store that the journal lacks": (
        shown(open_orders=[order(), order(venue_id="X", client_id=intent("kraken", "lost").id)]),
        [(Kind.OTHER_STORE, Remedy.HALT)],
    ),
    "a child of our order": (
        shown(open_orders=[order(), order(venue_id="C", client_id="", parent="O1")]),
        [(Kind.CHILD, Remedy.HALT_SYMBOL)],
    ),
    "a stop that is gone": (shown(open_orders=[]), [(Kind.ENDED, Remedy.SETTLE)]),
    "a stop moved by somebody": (
        shown(open_orders=[order(stop=D("0.05"))]),
        [(Kind.TERMS, Remedy.HALT_SYMBOL)],
    ),
    "a stop resized by somebody": (
        shown(open_orders=[order(qty=D(50))]),
        [(Kind.TERMS, Remedy.HALT_SYMBOL)],
    ),
    "a fill that is not booked": (
        shown(fills=[fill(1), fill(2, venue_order_id="O2", side="sell", qty=D(10))]),
        [(Kind.UNBOOKED, Remedy.BOOK)],
    ),
    "an ended order that rests": (
        shown(open_orders=[order(), order(venue_id="O1", client_id=ENTRY.id, side="buy", stop=None)]),
        [(Kind.REOPENED, Remedy.HALT_SYMBOL)],
    ),
    "a manual trade in our coin": (
        shown(
            fills=[fill(1), fill(2, venue_order_id="U1", side="sell", qty=D(5), fee=D(0))],
            balances=balances(USD="990.46", DOGE="102"),
        ),
        [(Kind.MANUAL_TRADE, Remedy.HALT_SYMBOL)],
    ),
    "a trade of an order of this tool that the journal lacks": (
        shown(
            fills=[fill(1), fill(2, venue_order_id="U1", side="sell", qty=D(5), fee=D(0))],
            balances=balances(USD="990.46", DOGE="102"),
            names={"U1": "msabcdefgh12345678"},
        ),
        [(Kind.OTHER_STORE, Remedy.HALT)],
    ),
    "cash gone without a reason": (shown(balances=balances(USD="989.95")), [(Kind.BALANCE, Remedy.HALT)]),
    "a coin that nobody bought": (shown(balances=balances(PEPE="1")), [(Kind.BALANCE, Remedy.HALT)]),
    "a deposit that the venue's ledger names": (
        shown(
            balances=balances(USD="1089.96"),
            flows=[Flow("USD", D(100), 0, FlowKind.DEPOSIT, "F1", "deposit")],
        ),
        [],
    ),
    "fewer coins than our lots": (
        shown(balances=balances(DOGE="99")),
        [(Kind.SHORT, Remedy.HALT), (Kind.BALANCE, Remedy.HALT)],
    ),
    "balances that the venue does not say": (shown(balances=None), [(Kind.UNKNOWN, Remedy.ASK_AGAIN)]),
    "a currency that is missing": (
        shown(balances={"DOGE": Balance(D(107), D(0))}),
        [(Kind.UNKNOWN, Remedy.ASK_AGAIN)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_difference_has_its_remedy(case: str) -> None:
    said, expected = CASES[case]
    assert found(book(), said) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [(S.UNKNOWN, (Kind.ADOPT, Remedy.SETTLE)), (S.ABSENT, (Kind.DISPROVED, Remedy.HALT))],
)
def test_an_order_that_rests_and_is_not_known_to(state: OrderState, expected: tuple[Kind, Remedy]) -> None:
    made = book()
    lost = intent("kraken", "lost", price=D("0.099"))
    made.intended(lost)
    made.moved(lost.id, S.SENT)
    made.moved(lost.id, S.UNKNOWN)
    if state is S.ABSENT:
        made.moved(lost.id, S.ABSENT)
    there = order(venue_id="O3", client_id=lost.id, side="buy", stop=None, price=D("0.099"))
    assert found(made, shown(open_orders=[order(), there])) == [expected]


def test_a_trade_that_the_reconciled_balances_hold_is_not_counted_again() -> None:
    made = book()
    made.reconciled("kraken", {"USD": D("989.46"), "DOGE": D(112)}, {"T2"}, 1_700_000_000_000)
    theirs = fill(2, venue_order_id="U1", qty=D(5), fee=D(0))
    said = shown(fills=[fill(1), theirs], balances=balances(USD="989.46", DOGE="112"))
    assert found(made, said) == []


def test_more_sold_than_was_ours_halts() -> None:
    made = book()
    made.holdings[STRATEGY, SYMBOL].qty = D(-1)
    assert (Kind.OVERSOLD, Remedy.HALT) in found(made, shown())


def test_a_finding_says_whether_it_halts() -> None:
    assert Finding(Kind.BALANCE, Remedy.HALT, "").halts
    assert not Finding(Kind.FOREIGN, Remedy.LEAVE, "").halts


def perpetual_book(qty: str = "0.01") -> OrderBook:
    """A short of one contract, sold under a reconciled account."""
    sale = intent(
        "coinbase", symbol=PERP, base="BTC", side="sell", position="short", qty=D(qty), price=D(60_000)
    )
    made = OrderBook()
    made.reconciled("coinbase", {"USD": D(1000)}, counted={"L0"})
    made.intended(sale)
    made.moved(sale.id, S.SENT)
    made.moved(sale.id, S.ACCEPTED, venue_id="O1")
    made.filled(sale.id, fill(1, symbol=PERP, side="sell", qty=D(qty), price=D(60_000), fee=D("0.6")))
    return made


SETTLED = [
    Flow("USD", D(5), 0, FlowKind.OTHER, "L0", "derivatives_settlement"),
    Flow("USD", D("-0.6"), 0, FlowKind.OTHER, "L1", "derivatives_settlement"),
]


def perpetual_shown(**changed: Any) -> Shown:
    """What the venue shows of that: no coins moved, the fee settled."""
    made = Shown("coinbase", [], [], {"USD": Balance(D("999.4"), D(0))}, {PERP: D("-0.01")}, SETTLED)
    return replace(made, **changed)


def test_a_perpetual_moves_cash_by_what_the_ledger_settles_and_each_of_it_once() -> None:
    assert found(perpetual_book(), perpetual_shown()) == []
    assert found(perpetual_book(), perpetual_shown(flows=SETTLED[:1])) == [(Kind.BALANCE, Remedy.HALT)]


@pytest.mark.parametrize("there", ["0", "-0.02", "0.01"])
def test_a_position_that_is_not_our_lots_halts(there: str) -> None:
    positions = {PERP: D(there)} if D(there) else {}
    assert found(perpetual_book(), perpetual_shown(positions=positions)) == [(Kind.POSITION, Remedy.HALT)]


def test_a_position_in_what_we_never_traded_is_the_users_own() -> None:
    positions = {PERP: D("-0.01"), "ETH/USD:USD": D(1)}
    assert found(perpetual_book(), perpetual_shown(positions=positions)) == [(Kind.FOREIGN, Remedy.LEAVE)]


def test_coins_of_the_same_name_are_no_part_of_a_perpetual() -> None:
    own = fill(2, venue_order_id="U1", symbol="BTC/USD", qty=D("0.001"), price=D(60_000), fee=D(0))
    balances = {"USD": Balance(D("939.4"), D(0)), "BTC": Balance(D("0.001"), D(0))}
    assert found(perpetual_book(), perpetual_shown(fills=[own], balances=balances)) == []
