"""`trade reconcile`: what the venue's word mends is mended, what does not add up is said, and no order is ever sent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from trade_live_cases import SYMBOL, Scene, live_scene, with_position

from memesnipe_cli.records import time_text
from memesnipe_cli.risk.latch import Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.venues.order_lines import ORDER, RECONCILED

Capture = pytest.CaptureFixture[str]
OLD_MS = 10 * 60_000


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with live_scene(tmp_path, monkeypatch) as made:
        with_position(made)
        sent = len(made.server.ledger.orders)
        yield made
        users = sum(each.ticket.owner == "user" for each in made.server.ledger.orders.values())
        assert len(made.server.ledger.orders) == sent + users, "an order was sent"


def reconcile(scene: Scene, capsys: Capture, *args: str) -> tuple[int, list[dict[str, Any]]]:
    return scene.rows(capsys, "trade", "reconcile", *args)


def kinds(rows: list[dict[str, Any]]) -> list[str]:
    return [each["kind"] for each in rows]


def lines(scene: Scene, kind: str) -> list[dict[str, Any]]:
    return [each.body for each in scene.rig.store.journal("live").entries() if each.kind == kind]


def left_unknown(scene: Scene, sent_ms: int, arrives_within_ms: int = 5_000) -> str:
    """An order that was sent and of which nothing was heard; the venue never got it."""
    journal = scene.rig.store.journal("live")
    first = next(each for each in lines(scene, ORDER) if each["state"] == "intent")
    sent = {"id": "mszzzzzzzzzzzzzzzz", "state": "sent", "time": time_text(sent_ms)}
    deadline = {"deadline": time_text(sent_ms + arrives_within_ms)}
    journal.append_many([(ORDER, {**first, "id": sent["id"]}), (ORDER, {**sent, **deadline})])
    return sent["id"]


def test_books_that_agree_are_said_to_and_written_down(scene: Scene, capsys: Capture) -> None:
    before = len(lines(scene, RECONCILED))
    code, out, err = scene.say(capsys, "trade", "reconcile")
    assert (code, out) == (0, "") and "LIVE" in err and "book and venue agree" in err
    assert len(lines(scene, RECONCILED)) == before + 1
    assert lines(scene, "key_use")[-1]["purpose"] == "reconcile"


def test_a_stop_that_sold_while_nobody_ran_is_booked(scene: Scene, capsys: Capture) -> None:
    scene.server.price(SYMBOL, "0.0849", "0.0851")
    code, rows = reconcile(scene, capsys)
    assert (code, set(kinds(rows))) == (0, {"mended"})
    assert not scene.rig.book().held("up_down", SYMBOL)
    scene.rig.assert_whole()


def test_beside_a_trader_it_looks_and_writes_nothing(scene: Scene, capsys: Capture) -> None:
    scene.give_key("read")
    scene.server.set_rights(["query-funds", "query-open-trades", "query-closed-trades", "query-ledger"])
    journal = scene.rig.store.journal("live")
    before = journal.head()
    with journal.held():
        code, _, err = scene.say(capsys, "trade", "reconcile")
        assert (code, "looked only" in err, "warning" in err) == (0, True, False), err
        for by_hand in (("--accept",), ("--settle", "ms1")):
            assert scene.say(capsys, "trade", "reconcile", *by_hand, "--reason", "x")[0] == 6
    assert journal.head() == before


def test_the_users_own_order_is_left_alone_and_another_stores_is_not(scene: Scene, capsys: Capture) -> None:
    scene.server.user_order(SYMBOL, "buy", "limit", "100", price="0.05")
    code, rows = reconcile(scene, capsys)
    assert (code, kinds(rows), rows[0]["severity"]) == (0, ["foreign"], "info")


def test_money_that_nobody_explains_halts_until_a_person_takes_it_as_it_is(
    scene: Scene, capsys: Capture
) -> None:
    scene.server.deposit("USD", "50")
    assert reconcile(scene, capsys) == (0, [])
    scene.server.ledger.balances["USD"] -= D(7)
    code, rows = reconcile(scene, capsys)
    assert (code, kinds(rows), rows[0]["severity"]) == (1, ["balance"], "error")
    assert "--accept --reason TEXT" in rows[0]["hint"]
    assert reconcile(scene, capsys, "--accept", "--reason", "a fee of the bank") == (0, [])
    assert "a fee of the bank" in [each["reason"] for each in lines(scene, RECONCILED)]
    assert reconcile(scene, capsys) == (0, [])
    scene.server.ledger.balances["USD"] += D(7)


def test_an_unknown_order_is_proven_absent_or_settled_by_hand(scene: Scene, capsys: Capture) -> None:
    order_id = left_unknown(scene, scene.server.now_ms() - OLD_MS)
    scene.server.ledger.balances["USD"] -= D(1)  # the balances speak against its absence: it stays unknown
    code, rows = reconcile(scene, capsys)
    assert (code, rows[0]["order"], rows[0]["severity"]) == (1, order_id, "warning")
    code, _, err = scene.say(capsys, "trade", "reconcile", "--accept", "--reason", "x")
    assert code == 3 and order_id in err
    code, rows = reconcile(scene, capsys, "--settle", order_id, "--reason", "the venue shows none")
    assert kinds(rows)[0] == "mended" and "balance" in kinds(rows)
    scene.server.ledger.balances["USD"] += D(1)
    assert scene.rig.book().orders[order_id].reason == "by hand: the venue shows none"
    assert reconcile(scene, capsys) == (0, [])


def test_an_order_that_may_still_arrive_is_not_settled(scene: Scene, capsys: Capture) -> None:
    order_id = left_unknown(scene, scene.server.now_ms(), 60_000)
    code, _, err = scene.say(capsys, "trade", "reconcile", "--settle", order_id, "--reason", "impatience")
    assert code == 3 and "may still arrive" in err


def test_an_order_that_is_there_is_not_settled_away(scene: Scene, capsys: Capture) -> None:
    (stop,) = scene.rig.book().live()
    code, _, err = scene.say(capsys, "trade", "reconcile", "--settle", stop.intent.id, "--reason", "x")
    assert code == 2 and "is accepted" in err


def test_a_clean_end_says_that_the_breaker_still_stands(scene: Scene, capsys: Capture) -> None:
    hold = Hold(Level.HALT, "reconciliation", "7 USD were gone", time_text(scene.server.now_ms()), "engine")
    LatchFile(scene.rig.store.paths, "live").trip("account", hold)
    err = scene.say(capsys, "trade", "reconcile")[2]
    assert "memesnipe breaker reset --account live" in err


def test_a_venue_out_of_reach_is_exit_code_5(scene: Scene, capsys: Capture) -> None:
    scene.server.mix(["permission"], 1.0, where="OpenOrders")
    code, _, err = scene.say(capsys, "trade", "reconcile")
    scene.server.calm()
    assert code == 5, err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--accept",), "belong together"),
        (("--reason", "x"), "belong together"),
        (("--accept", "--settle", "ms1", "--reason", "x"), "exclude each other"),
        (("--key", " "), "--key is empty"),
        (("--account", "nobody", "--profile", "paper"), "has not traded"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_asked(
    scene: Scene, capsys: Capture, words: tuple[str, ...], said: str
) -> None:
    asked = len(scene.server.requests)
    code, _, err = scene.say(capsys, "trade", "reconcile", *words)
    assert code in (1, 2) and said in err
    assert len(scene.server.requests) == asked
