"""Reconciliation on a live account: what mends itself, what stays, and what a person must accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from venue_cases import PREFIX, STRATEGY, SYMBOL, D, Desk, desk_on

from memesnipe_cli.venues.flows import Flow, FlowKind
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.reconcile import Kind
from memesnipe_cli.venues.reconciling import Reconciled, reconcile_now

VENUES = ("kraken", "coinbase")


def now(desk: Desk, accept: str = "", usd: str = "0") -> Reconciled:
    came = [Flow("USD", D(usd), desk.server.now_ms(), FlowKind.DEPOSIT, f"F{usd}", "deposit")]
    return reconcile_now(desk.executor.desk, PREFIX, lambda since_ms: came, accept=accept)


@pytest.mark.parametrize("dialect", VENUES)
def test_what_was_lost_is_mended_and_written_down(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        assert now(desk).clean
        where = "AddOrder" if dialect == "kraken" else "brokerage/orders"
        desk.server.fail("half", where=where, when="after")
        order = desk.place()
        assert order.state is OrderState.UNKNOWN
        assert now(desk).clean
        assert order.state is OrderState.FILLED
        totals = {name: each.total for name, each in desk.venue.balances().items()}
        assert desk.book.expected[dialect] == totals
        desk.restart().start()
        assert desk.book.expected[dialect] == totals
        desk.assert_exactly_once()


@pytest.mark.parametrize("dialect", VENUES)
def test_the_users_own_orders_and_coins_are_left_alone(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.user_order(SYMBOL, "sell", "limit", "500", price="0.2")
        assert now(desk).clean
        desk.server.user_order("BTC/USD", "buy", "limit", "0.001", price="60010")
        done = now(desk)
        assert done.clean
        assert [each.kind for each in done.findings] == [Kind.FOREIGN]
        assert now(desk).clean


@pytest.mark.parametrize("dialect", VENUES)
def test_a_manual_trade_in_our_coin_stays_until_a_person_accepts_it(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.place()
        desk.settle_all()
        assert now(desk).clean
        desk.server.user_order(SYMBOL, "sell", "limit", "60", price="0.0999")
        for _ in range(2):
            done = now(desk)
            assert {each.kind for each in done.findings} == {Kind.MANUAL_TRADE}
            assert all(each.halts for each in done.findings)
        now(desk, accept="sold some of my own")
        assert now(desk).clean
        assert desk.book.held(STRATEGY, SYMBOL) == D(100)


@pytest.mark.parametrize("dialect", VENUES)
def test_money_that_nobody_explains_halts(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        assert now(desk).clean
        desk.server.deposit("USD", "250")
        assert [(each.kind, each.halts) for each in now(desk).findings] == [(Kind.BALANCE, True)]
        assert now(desk, usd="250").clean
        assert now(desk).clean


@pytest.mark.parametrize("dialect", VENUES)
def test_an_order_of_another_store_halts(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        desk.server.user_order(SYMBOL, "sell", "limit", "50", price="0.3", client_id="msaaaaaaaqwertyuio")
        done = now(desk)
        assert [(each.kind, each.halts) for each in done.findings] == [(Kind.OTHER_STORE, True)]
        assert not desk.book.expected


@pytest.mark.parametrize("dialect", VENUES)
def test_a_trade_of_an_order_of_this_tool_that_the_journal_lacks_halts_and_is_not_accepted(
    dialect: str, tmp_path: Path
) -> None:
    with desk_on(dialect, tmp_path) as desk:
        assert now(desk).clean
        # What an old backup does not know of.
        desk.server.user_order(SYMBOL, "sell", "limit", "60", price="0.0999", client_id="msaaaaaaaqwertyuio")
        for accept in ("", "that was me"):
            done = now(desk, accept=accept)
            assert {(each.kind, each.halts) for each in done.findings} == {(Kind.OTHER_STORE, True)}


@pytest.mark.parametrize("dialect", VENUES)
def test_trades_whose_orders_the_venue_has_forgotten_are_the_users(dialect: str, tmp_path: Path) -> None:
    with desk_on(dialect, tmp_path) as desk:
        assert now(desk).clean
        desk.server.user_order("BTC/USD", "buy", "limit", "0.001", price="60010")
        kept = desk.server.user_order("BTC/USD", "buy", "limit", "0.002", price="60010")
        everything = desk.server.visible_orders
        desk.server.visible_orders = lambda: [each for each in everything() if each.id == kept.id]  # type: ignore[method-assign]
        assert now(desk).clean
        assert desk.book.expected[dialect]["BTC"] == desk.venue.balances()["BTC"].total
