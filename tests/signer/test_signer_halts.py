"""A trader whose signer is killed stops: nothing more is sent, nobody signs in its place, the stop rests."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from process_cases import SIGNER, Desk, canary_desk, child
from running import Running
from secret_hunt import Hunt, wait_until, watched
from venue_server import Order

from memesnipe_cli.risk.control import read_latch
from memesnipe_cli.risk.levels import Level

HEARD_S = 20.0


def halted(desk: Desk, trader: Running) -> None:
    """It has ended, and says why; the breaker stands where a person finds it."""
    assert trader.end() == 4, trader.words
    assert "Traceback" not in trader.words
    assert json.loads(trader.words.splitlines()[-1])["code"] == "signer_gone"
    latch = read_latch(desk.scene.rig.store.paths, "live")
    assert (latch.level(), latch.holds["account"].cause) == (Level.HALT, "signer_gone")


def stops(desk: Desk) -> list[Order]:
    """What rests at the venue."""
    return [order for order in desk.scene.server.open_orders() if order.ticket.side == "sell"]


def test_a_trader_without_its_signer_stops_and_starts_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with canary_desk(tmp_path, monkeypatch, holds=True) as desk:
        (stop,) = stops(desk)
        with desk.moving(), desk.running(desk.trade()) as trader:
            trader.wait_for("market data by")
            first = child(trader, SIGNER)
            with watched(Hunt({b"nothing is looked for"}), trader.pid) as ran:
                os.kill(first, signal.SIGKILL)
                asked = desk.private()
                halted(desk, trader)
            # One question may have been on its way.
            assert desk.private() <= asked + 1
            assert {pid for pid, program in ran if program == SIGNER} <= {first}
        assert stops(desk) == [stop]
        assert not desk.scene.server.oracle.naked_positions()


def test_a_flat_account_stays_shut_until_a_person_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with canary_desk(tmp_path, monkeypatch) as desk, desk.moving():
        with desk.running(desk.trade()) as trader:
            trader.wait_for("market data by")
            os.kill(child(trader, SIGNER), signal.SIGKILL)
            halted(desk, trader)
        before = desk.private()
        code, _, said = desk.scene.say(capsys, *desk.trade()[5:])
        assert (code, "signer_gone" in said) == (3, True), said
        assert desk.private() == before
        words = ("breaker", "reset", "--account", "live", "--reason", "somebody ended the signer")
        assert desk.scene.say(capsys, *words)[0] == 0
        assert read_latch(desk.scene.rig.store.paths, "live").level() is Level.CLOSED


def test_an_order_that_was_under_way_is_unknown_and_neither_lost_nor_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with canary_desk(tmp_path, monkeypatch, holds=True) as desk:
        _under_way(desk, capsys)


def _under_way(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    server = desk.scene.server
    desk.uncovered()
    sent = len(server.asked("AddOrder"))
    server.fail("timeout", where="AddOrder", when="after")
    with desk.moving(), desk.running(desk.trade()) as trader:
        wait_until(lambda: len(server.asked("AddOrder")) > sent, HEARD_S + HEARD_S, "the stop")
        os.kill(child(trader, SIGNER), signal.SIGKILL)
        halted(desk, trader)
    assert len(server.asked("AddOrder")) == sent + 1
    (stop,) = stops(desk)
    (unsettled,) = desk.scene.rig.book().unsettled()
    assert (unsettled.intent.id, unsettled.state) == (stop.ticket.client_id, "unknown")
    code, out, said = desk.scene.say(capsys, "trade", "reconcile")
    assert code == 0, out + said
    assert not desk.scene.rig.book().unsettled()
    desk.scene.rig.assert_whole()
