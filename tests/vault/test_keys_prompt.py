"""At a terminal a key is asked for without showing it, pasted in one piece or line by line, and the terminal is left
as it was."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from vault_cases import KRAKEN_LINES, PASSPHRASE, user_vault
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.vault.reading import read_key

ADD = ("add", "--in", "file", "--offline")


class Terminal:
    """`memesnipe keys WORDS` at a terminal of its own. `shown`: all that a person would have seen."""

    def __init__(self, *words: str) -> None:
        self.near, far = pty.openpty()
        self.far = far
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "memesnipe_cli", "keys", *words],
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.far)[3] & termios.ECHO)

    def expect(self, text: str) -> None:
        """Read on until `text` was shown; what was shown before it is done with."""
        self._read(lambda seen: text in seen)

    def answer(self, question: str, text: str) -> None:
        self.expect(question)
        os.write(self.near, text.encode())

    def end(self) -> int:
        code = self.process.wait(timeout=30)
        self._read(lambda seen: False, seconds=0.2)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        os.close(self.near)
        os.close(self.far)

    def _read(self, enough, seconds: float = 30.0) -> None:  # type: ignore[no-untyped-def]
        begin, give_up = len(self.shown), time.monotonic() + seconds
        while not enough(self.shown[begin:]) and time.monotonic() < give_up:
            if select.select([self.near], [], [], 0.1)[0]:
                self.shown += os.read(self.near, 65536).decode()


def typed(words: Sequence[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Exit code and what was shown, after each (question, answer)."""
    terminal = Terminal(*words)
    try:
        for question, text in answers:
            terminal.answer(question, text)
        code = terminal.end()
        assert terminal.echoes()
        return code, terminal.shown
    finally:
        terminal.close()


PASSPHRASES = (
    ("passphrase of", f"{PASSPHRASE.decode()}\n"),
    ("once more", f"{PASSPHRASE.decode()}\n"),
)


def test_kraken_is_asked_for_line_by_line(home: Path) -> None:
    answers = (("API key", f"{KRAKEN_KEY}\n"), ("private key", f"{KRAKEN_SECRET}\n"), *PASSPHRASES)
    code, shown = typed((*ADD, "kraken"), answers)
    assert code == 0, shown
    assert KRAKEN_KEY not in shown and KRAKEN_SECRET[:8] not in shown and "correct horse" not in shown
    assert read_key(user_vault(home), "kraken", "trade").secret == KRAKEN_SECRET


@pytest.mark.parametrize("form", ["json", "lines"])
def test_what_is_pasted_at_once_is_taken_whole(home: Path, form: str) -> None:
    downloaded = json.dumps({"name": COINBASE_KEY, "privateKey": coinbase_secret()}, indent=3) + "\n"
    answers = (
        (("downloaded JSON", downloaded), *PASSPHRASES)
        if form == "json"
        else (("key name", f"{COINBASE_KEY}\n"), ("private key (PEM)", coinbase_secret()), *PASSPHRASES)
    )
    code, shown = typed((*ADD, "coinbase"), answers)
    assert code == 0, shown
    assert "apiKeys" not in shown and "BEGIN" not in shown and coinbase_secret().splitlines()[1] not in shown
    assert read_key(user_vault(home), "coinbase", "trade").secret == coinbase_secret()


def test_passphrases_that_differ_keep_nothing(home: Path) -> None:
    answers = (
        *(("API key", f"{KRAKEN_KEY}\n"), ("private key", f"{KRAKEN_SECRET}\n")),
        *(("passphrase of", f"{PASSPHRASE.decode()}\n"), ("once more", "something else\n")),
    )
    code, shown = typed((*ADD, "kraken"), answers)
    assert (code, "the two passphrases differ" in shown) == (4, True)
    assert not user_vault(home).index.entries()


@pytest.mark.parametrize("leaves", ["ctrl-d", "sigint", "sigterm"])
def test_who_leaves_in_the_middle_leaves_the_terminal_as_it_was(home: Path, leaves: str) -> None:
    terminal = Terminal(*ADD, "kraken")
    try:
        terminal.expect("API key")
        assert not terminal.echoes()
        if leaves == "ctrl-d":
            os.write(terminal.near, b"\x04")
        else:
            terminal.process.send_signal(signal.SIGINT if leaves == "sigint" else signal.SIGTERM)
        assert terminal.end() == (143 if leaves == "sigterm" else 130)
        assert terminal.echoes()
        assert not user_vault(home).index.entries()
    finally:
        terminal.close()


def test_a_terminal_is_no_stdin(home: Path) -> None:
    code, shown = typed((*ADD, "kraken", "--stdin"), ())
    assert (code, "leave it out: you are asked without echo" in shown) == (2, True)
    assert KRAKEN_LINES not in shown
