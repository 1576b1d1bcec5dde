"""A person has closed lots of ours at the venue, and says so: the books follow, and the next run goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import pytest
from live_cases import SYMBOL, Bar, Rig
from venue_server import VenueServer

from memesnipe_cli.live.comparing import Compared, mend
from memesnipe_cli.venues.reconcile import Kind

UP = Bar.to("0.1000", "0.1010")
FLAT = Bar.to("0.1000", "0.1000")


@pytest.fixture(params=["kraken", "coinbase"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """With a position, its stop at the venue, and no trader."""
    with VenueServer(request.param, {"USD": "1000", "DOGE": "5000"}) as server:
        server.price(SYMBOL, "0.0999", "0.1001")
        made = Rig(server, tmp_path)
        made.trade(FLAT, UP, FLAT)
        yield made


def sold_by_hand(rig: Rig, qty: D) -> str:
    """The venue's id of what a person sold in the venue's app, after cancelling the stop there."""
    for each in rig.server.open_orders():
        rig.server.cancel(each)
    return rig.server.user_order(SYMBOL, "sell", "market", qty).id


def claimed(rig: Rig, venue_id: str) -> Compared:
    journal = rig.store.journal("live")
    with journal.held():
        return mend(rig.venue, journal, rig.profile, claim=venue_id, reason="sold in the app")


def test_what_a_person_sold_is_the_end_of_the_trade_at_its_price_and_with_its_fee(rig: Rig) -> None:
    venue_id = sold_by_hand(rig, rig.book().held("up_down", SYMBOL))
    journal = rig.store.journal("live")
    with journal.held():
        assert Kind.MANUAL_TRADE in {each.kind for each in mend(rig.venue, journal, rig.profile).findings}
    done = claimed(rig, venue_id)
    assert done.clean and not done.findings
    booked = next(each for each in rig.book().orders.values() if each.venue_id == venue_id)
    assert (booked.state, booked.left, booked.intent.reason) == ("filled", 0, "by_hand")

    sent = len(rig.server.ledger.orders)
    run = rig.trade(FLAT, FLAT)
    assert len(rig.server.ledger.orders) == sent and not run.left
    (trade,) = run.trades
    assert trade.exit_reason == "by_hand"
    changed = rig.server.ledger.balances["USD"] - 1000
    assert rig.server.ledger.balances["DOGE"] == 5000
    assert abs(trade.pnl - changed) < D("0.0001")


def test_of_a_part_the_rest_has_its_stop_again(rig: Rig) -> None:
    had = rig.book().held("up_down", SYMBOL)
    assert claimed(rig, sold_by_hand(rig, D(15))).clean
    run = rig.trade(FLAT)
    (stop,) = rig.book().protecting("up_down", SYMBOL)
    assert stop.left == rig.book().held("up_down", SYMBOL) == had - 15
    assert run.left and "covered" in run.left[0]
