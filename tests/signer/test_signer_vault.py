"""What the vault says no to comes through the signer with its own code, words and exit code; a person who is asked for
a passphrase can leave."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from process_cases import Desk, canary_desk
from running import END_S, READY_S
from secret_hunt import family, kraken_canary, wait_until

PASSPHRASE = "correct horse battery"  # noqa: S105


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with canary_desk(tmp_path, monkeypatch) as made:
        (made.scene.credentials / "memesnipe.kraken.trade").unlink()
        yield made


def passphrase(desk: Desk, text: str | None) -> None:
    """What the service manager says opens the encrypted files."""
    path = desk.scene.credentials / "memesnipe.passphrase"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)


def refusal(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """(exit code, code, message) of a command that needs the key; its signer is a process, it is none."""
    code, _, told = desk.scene.say(capsys, "--json", *words)
    said = json.loads(told.splitlines()[-1])
    assert said["hint"] and "Traceback" not in told
    return code, said["code"], said["message"]


def test_a_vault_that_does_not_open_says_why(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = (desk, capsys, "trade", "reconcile")
    assert refusal(*look) == (4, "key_missing", "there is no key kraken/trade")
    assert refusal(desk, capsys, *desk.trade()[5:]) == (4, "key_missing", "there is no key kraken/trade")

    passphrase(desk, PASSPHRASE)
    lines = desk.canary.lines
    add = [
        sys.executable,
        "-m",
        "memesnipe_cli",
        "keys",
        "add",
        "kraken",
        "--offline",
        "--stdin",
        "--in",
        "file",
    ]
    subprocess.run(add, input=lines, text=True, check=True, capture_output=True, timeout=60)
    passphrase(desk, "another passphrase")
    code, word, said = refusal(*look)
    assert (code, word) == (4, "passphrase") and "the passphrase is wrong, or the file was changed" in said
    passphrase(desk, None)
    code, word, said = refusal(*look)
    assert (code, word) == (4, "passphrase_missing") and "nobody is here to give its passphrase" in said

    # The index says that it is another one, in a home that cannot be reached.
    (index,) = Path(os.environ["XDG_CONFIG_HOME"]).rglob("vault.json")
    kept = json.loads(index.read_text())
    kept["keys"][0]["home"] = "keyring"
    index.write_text(json.dumps(kept))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    code, word, said = refusal(*look)
    assert (code, word) == (4, "keyring_no_bus"), said
    kept["keys"][0] |= {"home": "file", "fingerprint": "0000-0000-0000-0000"}
    index.write_text(json.dumps(kept))
    passphrase(desk, PASSPHRASE)
    code, word, said = refusal(*look)
    assert (code, word) == (4, "key_changed") and "is not the key that was added" in said
    assert not desk.private()


def test_a_key_that_cannot_sign_and_one_that_the_venue_does_not_know(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.give(lines="\n".join(kraken_canary()))
    code, word, said = refusal(desk, capsys, "trade", "reconcile")
    assert (code, word) == (5, "network") and "Invalid key" in said
    desk.give(lines="no key at all")
    code, word, said = refusal(desk, capsys, "trade", "reconcile")
    assert code == 4 and "no key at all" not in said


@dataclass
class Terminal:
    """A command at a terminal that is its own, as a person has it. shown: all that was written there."""

    near: int
    far: int
    process: subprocess.Popen[bytes]
    shown: str = ""

    @classmethod
    def of(cls, words: list[str]) -> Terminal:
        near, far = pty.openpty()
        os.set_blocking(near, False)
        process = subprocess.Popen(
            [sys.executable, "-c", _WITH_TERMINAL, *words],
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )
        return cls(near, far, process)

    def sees(self, text: str) -> bool:
        """Whether that was shown by now."""
        with suppress(BlockingIOError):
            self.shown += os.read(self.near, 65536).decode()
        return text in self.shown

    def wait_for(self, text: str) -> None:
        """Until that is shown."""
        until = time.monotonic() + READY_S
        while not self.sees(text):
            assert self.process.poll() is None and time.monotonic() < until, self.shown
            time.sleep(0.02)

    def ended(self) -> bool:
        """Whether it has ended; what it writes is read meanwhile."""
        self.sees("")
        return self.process.poll() is not None

    def echoes(self) -> bool:
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self.far)[3] & termios.ECHO)

    def close(self) -> None:
        """Nothing of it is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        os.close(self.near)
        os.close(self.far)


_WITH_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "memesnipe_cli", *sys.argv[1:]])
"""


def in_file(desk: Desk) -> None:
    """The key lies in an encrypted file, and only a person knows its passphrase."""
    passphrase(desk, PASSPHRASE)
    add = [
        sys.executable,
        "-m",
        "memesnipe_cli",
        "keys",
        "add",
        "kraken",
        "--offline",
        "--stdin",
        "--in",
        "file",
    ]
    subprocess.run(add, input=desk.canary.lines, text=True, check=True, capture_output=True, timeout=60)
    passphrase(desk, None)


def test_a_person_is_asked_for_the_passphrase_and_may_leave(desk: Desk) -> None:
    in_file(desk)
    words = desk.scene.words("trade", "reconcile")
    for typed, code in ((f"{PASSPHRASE}\n", 0), ("\x03", 130), (signal.SIGTERM, 143)):
        with closing(Terminal.of(words)) as terminal:
            terminal.wait_for("passphrase of")
            below = family(terminal.process.pid)
            assert len(below) == 3 and not terminal.echoes()
            if isinstance(typed, str):
                os.write(terminal.near, typed.encode())
            else:
                terminal.process.send_signal(typed)
            wait_until(terminal.ended, END_S)
            assert terminal.process.returncode == code, terminal.shown
            wait_until(lambda pids=below: not any(Path(f"/proc/{pid}").exists() for pid in pids[1:]), 3.0)
            terminal.sees("")
            assert terminal.echoes()
            assert PASSPHRASE not in terminal.shown and "Traceback" not in terminal.shown
