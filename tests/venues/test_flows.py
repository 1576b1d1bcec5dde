"""What moved an account and was no trade, from the venue's ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recorded_answers import COINBASE, KRAKEN, Recorded, coinbase_account, kraken, refused
from recorded_venue import coinbase_on, kraken_on
from venue_cases import PREFIX, SYMBOL, D, Desk, desk_on

from memesnipe_cli.errors import NetworkError
from memesnipe_cli.venues.flows import Flow, FlowKind, explained
from memesnipe_cli.venues.reconciling import reconcile_now

VENUES = ("kraken", "coinbase")


@pytest.fixture(params=VENUES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk_on(request.param, tmp_path) as made:
        yield made


def test_deposits_withdrawals_and_rewards_are_told_with_their_fees_and_trades_are_not(desk: Desk) -> None:
    began = desk.server.now_ms()
    before = {name: each.total for name, each in desk.venue.balances().items()}
    desk.server.deposit("USD", "250.25")
    desk.server.withdraw("DOGE", "1000", fee="4")
    desk.server.reward("DOGE", "0.125")
    found = desk.venue.flows(began)
    assert {(each.currency, each.amount, each.kind) for each in found} == {
        ("USD", D("250.25"), FlowKind.DEPOSIT),
        ("DOGE", D("-1004"), FlowKind.WITHDRAWAL),
        ("DOGE", D("0.125"), FlowKind.OTHER),
    }
    after = {name: each.total for name, each in desk.venue.balances().items()}
    assert explained(found) == {name: after[name] - before[name] for name in before}


def test_a_long_ledger_is_read_to_its_end(desk: Desk) -> None:
    began = desk.server.now_ms()
    for number in range(60):
        desk.server.user_order(SYMBOL, "buy", "limit", "20", price="0.1001")
        if number % 20 == 0:
            desk.server.deposit("USD", "1")
    found = desk.venue.flows(began)
    assert [each.amount for each in found] == [D(1)] * 3
    assert len(desk.server.ledger.entries) > 120


def test_only_what_was_asked_for_is_told(desk: Desk) -> None:
    desk.server.deposit("USD", "1")
    desk.server.advance(60)
    began = desk.server.now_ms()
    desk.server.deposit("USD", "2")
    desk.server.deposit("DOGE", "3")
    assert explained(desk.venue.flows(began)) == {"USD": D(2), "DOGE": D(3)}
    assert explained(desk.venue.flows(began, {"DOGE"})) == {"DOGE": D(3)}


def test_a_deposit_that_is_explained_reconciles_and_one_that_is_not_halts(desk: Desk) -> None:
    assert reconcile_now(desk.executor.desk, PREFIX).clean
    began = desk.server.now_ms()
    desk.server.advance(2)
    desk.server.deposit("USD", "500")
    assert not reconcile_now(desk.executor.desk, PREFIX).clean
    assert reconcile_now(desk.executor.desk, PREFIX, lambda since_ms: desk.venue.flows(began)).clean


def test_a_ledger_that_is_not_told_is_an_error_and_no_empty_one(desk: Desk) -> None:
    for shape in ("empty", "503", "empty-result"):
        desk.server.fail(shape, times=4)
        with pytest.raises(NetworkError):
            desk.venue.flows(0)
        desk.server.faults.clear()


def test_a_movement_that_is_told_again_counts_once() -> None:
    first = Flow("USD", D(5), 1, FlowKind.DEPOSIT, "L1", "deposit")
    second = Flow("USD", D(2), 2, FlowKind.DEPOSIT, "L2", "deposit")
    assert explained([first, first, second]) == {"USD": D(7)}
    assert explained([first, second], {"L1"}) == {"USD": D(2)}


def test_krakens_other_movements_count_and_trades_do_not() -> None:
    def entry(kind: str, amount: Any, asset: str = "XXDG", **changed: Any) -> dict[str, Any]:
        row = {"refid": "R", "time": 1688464484.1787, "type": kind, "subtype": "", "aclass": "currency"}
        return {**row, "asset": asset, "amount": amount, "fee": "0.00000000", "balance": "1", **changed}

    rows = {
        "L1": entry("deposit", "24.0"),
        "L2": entry("trade", "-100"),
        "L3": entry("spend", "-50.5", "ZUSD", fee=0.5),
        "L4": entry("earn", "0.001", time="1688464485"),
        "L5": entry("withdrawal", "-10", fee="1", time=1688464486),
    }
    with kraken_on(KRAKEN | {"/Ledgers": kraken({"ledger": rows, "count": 5})}) as (recorded, venue):
        found = venue.flows(1688464484000)
        assert [(each.ref, each.currency, each.amount, each.kind) for each in found] == [
            ("L1", "DOGE", D(24), FlowKind.DEPOSIT),
            ("L3", "USD", D(-51), FlowKind.OTHER),
            ("L4", "DOGE", D("0.001"), FlowKind.OTHER),
            ("L5", "DOGE", D(-11), FlowKind.WITHDRAWAL),
        ]
        assert found[0].time_ms == 1688464484178
        recorded.answers["/Ledgers"] = refused("EGeneral:Permission denied")
        with pytest.raises(NetworkError, match="Permission denied"):
            venue.flows(0)


def test_coinbases_other_movements_count_and_what_is_pending_does_not() -> None:
    def row(number: int, kind: str, amount: str, **changed: Any) -> dict[str, Any]:
        told = {
            "id": f"t{number}",
            "type": kind,
            "status": "completed",
            "amount": {"amount": amount, "currency": "DOGE"},
            "native_amount": {"amount": "1", "currency": "USD"},
            "created_at": f"2025-11-11T00:00:{number:02}Z",
        }
        return {**told, **changed}

    pages = {
        "": ([row(9, "send", "-5"), row(8, "advanced_trade_fill", "7"), row(7, "interest", "0.5")], "t7"),
        "t7": (
            [row(6, "send", "10"), row(5, "fiat_deposit", "1", status="pending"), row(1, "trade", "3")],
            "t1",
        ),
        "t1": ([row(0, "send", "99")], None),
    }

    def page(fields: dict[str, Any]) -> str:
        rows, following = pages[fields.get("starting_after", "")]
        return json.dumps({"pagination": {"next_starting_after": following}, "data": rows})

    accounts = {"accounts": [coinbase_account("DOGE", "1", "0")], "has_next": False, "cursor": ""}
    answers: dict[str, Recorded] = {"/brokerage/accounts": json.dumps(accounts), "/transactions": page}
    with coinbase_on(COINBASE | answers) as (recorded, venue):
        found = venue.flows(1762819202000)  # 00:00:02
        assert [(each.ref, each.amount, each.kind, each.words) for each in found] == [
            ("t6", D(10), FlowKind.DEPOSIT, "send"),
            ("t7", D("0.5"), FlowKind.OTHER, "interest"),
            ("t9", D(-5), FlowKind.WITHDRAWAL, "send"),
        ]
        assert len(recorded.fields_of("/transactions")) == 2
