"""Whatever goes wrong with a key in use, no word of it is in what is said, in files, arguments or environments."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from process_cases import Desk, Dialect, canary_desk
from secret_hunt import Hunt, coinbase_canary, forms, kraken_canary, watched

from memesnipe_cli.signer.errors import SignerGoneError

Capture = pytest.CaptureFixture[str]


@contextmanager
def hunted(desk: Desk, *lines: str) -> Iterator[Hunt]:
    """A hunt for the desk's key and for others, through all that runs, is written and is said until the end."""
    hunt = Hunt(forms([desk.canary.id, desk.canary.secret, *lines]))
    with watched(hunt, os.getpid()):
        yield hunt
    hunt.files(
        desk.scene.rig.store.root, Path(os.environ["XDG_CONFIG_HOME"]).parent, Path("elsewhere").absolute()
    )
    assert hunt.found == set()


def say(desk: Desk, hunt: Hunt, capsys: Capture, *words: str) -> int:
    """A command with all that it has to say; its signer and its reader are processes of their own."""
    code, out, said = desk.scene.say(capsys, "-vv", *words)
    hunt.text(f"output of {words}", out)
    hunt.text(f"messages of {words}", said)
    return code


@pytest.fixture(params=["kraken", "coinbase"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    with canary_desk(tmp_path, monkeypatch, request.param) as made:
        yield made


def other(venue: Dialect) -> tuple[str, str]:
    """A key that the venue does not know."""
    return kraken_canary() if venue == "kraken" else coinbase_canary()


def test_failures_show_nothing(desk: Desk, capsys: Capture) -> None:
    venue, server = desk.canary.venue, desk.scene.server
    stranger, broken = other(venue), other(venue)
    cut = f"{broken[0]}\n{broken[1][: len(broken[1]) // 2]}\n"
    changed = broken[1].replace(broken[1][60:70], "A" * 10)
    with hunted(desk, *stranger, *broken) as hunt:
        look = ("trade", "reconcile")
        where, shape = ("accounts", "malformed") if venue == "coinbase" else ("Balance", "reset")
        server.fail(shape, where=where, times=20)
        assert say(desk, hunt, capsys, *look) == 5
        server.calm()
        # A key that the venue does not know, one that is cut off, one that is damaged.
        for lines, codes in (("\n".join(stranger), (5,)), (cut, (4,)), (f"{broken[0]}\n{changed}\n", (4, 5))):
            desk.give(lines=lines)
            assert say(desk, hunt, capsys, *look) in codes
        desk.give()
        # A profile that is not one.
        whole = desk.scene.profile.read_text()
        desk.scene.profile.write_text(whole.replace("200", "two hundred"))
        assert say(desk, hunt, capsys, *look) == 4
        desk.scene.profile.write_text(whole)
        assert say(desk, hunt, capsys, "audit", "verify") in (0, 1)
        # These hold the key themselves for a moment, and do not trade.
        assert say(desk, hunt, capsys, "keys", "check") == 0


def test_a_crash_in_the_middle_of_a_call_is_told_in_one_line(desk: Desk, capfd: Capture) -> None:
    with hunted(desk) as hunt, desk.signer() as signer:
        signer.facts()
        capfd.readouterr()
        with pytest.raises(SignerGoneError):
            signer.ask(
                {"text": desk.canary.venue, "api": ["private"], "method": "POST", "path": "Balance"}, 10.0
            )
        signer.close()
        said = capfd.readouterr().err
        hunt.text("messages", said)
    assert said.startswith("the signer ended: KeyError in venue_service.py, line ")
    assert said.count("\n") == 1
