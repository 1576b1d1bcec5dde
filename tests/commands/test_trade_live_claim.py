"""A person has closed lots of ours at the venue: `trade reconcile --claim` books that order as an exit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from trade_live_cases import FLAT, SYMBOL, Scene, live_scene, with_position
from venue_server.orders import Order

from memesnipe_cli.records import time_text
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.venues.order_lines import ORDER

Capture = pytest.CaptureFixture[str]
Rows = list[dict[str, Any]]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with live_scene(tmp_path, monkeypatch) as made:
        yield with_position(made)


def held(scene: Scene) -> D:
    qty: D = scene.rig.book().held("up_down", SYMBOL)
    return qty


def sell(scene: Scene, qty: D, *, stop_first: bool = True) -> Order:
    """What a person does in the venue's app: the stop goes, the coins are sold."""
    if stop_first:
        for each in scene.server.open_orders():
            scene.server.cancel(each)
    return scene.server.user_order(SYMBOL, "sell", "market", qty)


def reconcile(scene: Scene, capsys: Capture, *args: str) -> tuple[int, Rows]:
    return scene.rows(capsys, "trade", "reconcile", *args)


def claim(scene: Scene, capsys: Capture, order: Order) -> tuple[int, Rows]:
    return reconcile(scene, capsys, "--claim", order.id, "--reason", "sold in the app")


def lines(scene: Scene, kind: str) -> Rows:
    return [each.body for each in scene.rig.store.journal("live").entries() if each.kind == kind]


def test_a_trade_that_nobody_here_made_says_how_to_claim_it(scene: Scene, capsys: Capture) -> None:
    order = sell(scene, held(scene))
    code, rows = reconcile(scene, capsys)
    manual = [each for each in rows if each["kind"] == "manual_trade"]
    assert code == 1 and manual
    assert all(f"--claim {order.id} --reason TEXT" in each["hint"] for each in manual)
    code, rows = claim(scene, capsys, order)
    assert (code, {each["kind"] for each in rows}) == (0, {"mended"}), rows
    assert "by hand: sold in the app" in [each.get("reason") for each in lines(scene, ORDER)]
    assert reconcile(scene, capsys) == (0, [])


def test_every_report_knows_it_for_what_it_is(scene: Scene, capsys: Capture) -> None:
    order = sell(scene, held(scene))
    claim(scene, capsys, order)
    scene.rig.trade(FLAT, FLAT)
    scene.now()
    assert scene.say(capsys, "audit", "verify")[0] == 0
    code, _, err = scene.say(capsys, "audit", "reconcile")
    assert code == 0 and "journal and venue agree" in err
    for words in (["tca", "--by", "order"], ["report"]):
        assert scene.say(capsys, "audit", *words)[0] == 0, words
    year = time_text(scene.server.now_ms())[:4]
    code, out, _ = scene.say(capsys, "audit", "tax", "--year", year, "--timezone", "UTC")
    sold = {each["venue_trade_id"] for each in lines(scene, "fill") if each.get("venue_id") == order.id}
    assert code == 0 and sold and all(each in out for each in sold)
    booked = next(each for each in scene.rig.book().orders.values() if each.venue_id == order.id)
    code, out, _ = scene.say(capsys, "audit", "show", booked.intent.id)
    assert code == 0 and "sold in the app" in out


def test_cut_off_after_its_first_line_it_can_be_claimed_again(
    scene: Scene, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sell(scene, held(scene))
    journal = scene.rig.store.journal("live")
    whole = Journal.append_many

    def dies(self: Journal, items: Any) -> Any:
        if any(body.get("reason") == "by_hand" for _, body in items):
            whole(self, items[:1])
            raise KeyboardInterrupt
        return whole(self, items)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append_many", dies)
        assert claim(scene, capsys, order)[0] == 130
    assert journal.head()[0]
    assert claim(scene, capsys, order)[0] == 0
    assert held(scene) == 0
    states = [each.state for each in scene.rig.book().orders.values() if each.intent.reason == "by_hand"]
    assert states == ["absent", "filled"]


@pytest.mark.parametrize(
    ("case", "code", "said"),
    [
        ("unknown", 2, "has no order"),
        ("strange", 2, "is no order id"),
        ("bought", 2, "is a buy"),
        ("nothing", 2, "has traded nothing"),
        ("open", 3, "still open"),
        ("stop rests", 3, "rests at the venue for these lots"),
        ("more", 3, "a part of it was yours"),
        ("own", 2, "is in the books already"),
        ("taken", 3, "were taken as your own before"),
        ("twice", 2, "is in the books already"),
        ("before", 3, "does not show all of it"),
    ],
)
def test_what_cannot_have_been_of_our_lots_is_refused(
    scene: Scene, capsys: Capture, case: str, code: int, said: str
) -> None:
    server, had = scene.server, held(scene)
    if case == "unknown":
        venue_id = "OAAAAA-BBBBB-CCCCCC"
    elif case == "strange":
        venue_id = "../accounts"
    elif case == "bought":
        venue_id = server.user_order(SYMBOL, "buy", "market", 15).id
    elif case == "nothing":
        order = server.user_order(SYMBOL, "sell", "limit", 15, price="0.5")
        server.cancel(order)
        venue_id = order.id
    elif case == "open":
        venue_id = server.user_order(SYMBOL, "sell", "limit", 15, price="0.5").id
    elif case == "stop rests":
        venue_id = sell(scene, had, stop_first=False).id
    elif case == "more":
        venue_id = sell(scene, had + 1).id
    elif case == "own":
        venue_id = next(iter(scene.rig.book().by_venue_id))
    elif case == "taken":
        venue_id = sell(scene, D(15)).id
        assert reconcile(scene, capsys, "--accept", "--reason", "mine")[0] == 0
    elif case == "twice":
        order = sell(scene, D(15))
        assert claim(scene, capsys, order)[0] == 0
        venue_id = order.id
    else:
        venue_id = _sold_before(scene)
    before = held(scene)
    got, _, err = scene.say(capsys, "trade", "reconcile", "--claim", venue_id, "--reason", "x")
    assert got == code and said in err, err
    assert held(scene) == before


def _sold_before(scene: Scene) -> str:
    """An order of which a part was traded before the position was opened."""
    holding = scene.rig.book().holdings["up_down", SYMBOL]
    order = sell(scene, D(15))
    for trade in scene.server.ledger.trades.values():
        if trade.order_id == order.id:
            trade.time_us = (holding.since_ms - 3_600_000) * 1000
    return order.id
