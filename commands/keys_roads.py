"""The roads by which a secret comes in: a terminal without echo, stdin, a descriptor. Never argv or environment."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from memesnipe_cli.cli import Run
from memesnipe_cli.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.vault.material import Material

_DEADLINE_S = 60.0
_CHUNK_BYTES = 65536
_STDIN = 0


def take_material(run: Run, owner: str, kind: str, stdin: bool, descriptor: int | None) -> Material:
    """The key that is given now, its shape checked. Raises UsageError, ConfigError; neither repeats any of it."""
    from memesnipe_cli.vault.parsing import parse_material
    from memesnipe_cli.vault.shapes import checked_shape

    data = read_given(run, stdin, descriptor, "--fd", "the key")
    if data is None:
        data = _asked(run, owner)
    return checked_shape(owner, parse_material(owner, data, kind))


def _asked(run: Run, owner: str) -> bytes:
    from memesnipe_cli.commands.keys_prompt import hidden_prompt

    from memesnipe_cli.vault.naming import is_venue, is_wallet

    with hidden_prompt(run.console) as prompt:
        if owner == "coinbase":
            text = prompt.text("coinbase: paste the downloaded JSON, or the key name")
            if not text.lstrip().startswith("{"):
                text += "\n" + prompt.text("coinbase: private key (PEM)")
        elif is_venue(owner):
            text = prompt.line(f"{owner}: API key") + "\n" + prompt.line(f"{owner}: private key")
        elif is_wallet(owner):
            text = prompt.line(f"{owner}: secret key of the wallet")
        else:
            text = prompt.line(f"{owner}: API key")
    return str(text).encode("utf-8", "replace")


def read_given(run: Run, stdin: bool, descriptor: int | None, option: str, what: str) -> bytes | None:
    """What comes on stdin or on a descriptor (given by `option`); None where neither was named and a person is to be
    asked. Raises UsageError."""
    if stdin and descriptor is not None:
        raise UsageError(f"--stdin and {option} exclude each other", "give one of the two")
    if stdin and run.console.answers.isatty():
        raise UsageError(
            "--stdin is given, and stdin is a terminal", "leave it out: you are asked without echo"
        )
    if not stdin and descriptor is None:
        return None
    return read_descriptor(_STDIN if descriptor is None else descriptor, what)


def read_descriptor(descriptor: int, what: str) -> bytes:
    """Everything up to its end, within a minute. Raises UsageError where it is not open or does not end."""
    from memesnipe_cli.vault.parsing import MOST_BYTES

    give_up = time.monotonic() + _DEADLINE_S
    found = bytearray()
    try:
        os.fstat(descriptor)  # select waits in vain for a number that is beyond the process's table of files
        while len(found) <= MOST_BYTES:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, give_up - time.monotonic()))
            if not ready:
                raise UsageError(
                    f"{what} did not come whole from descriptor {descriptor} within {_DEADLINE_S:g} s",
                    "close it after the last byte, e.g. --fd 3 3< FILE",
                )
            part = os.read(descriptor, _CHUNK_BYTES)
            if not part:
                break
            found += part
    except (OSError, ValueError):
        raise UsageError(
            f"{what} cannot be read: descriptor {descriptor} is not open for reading", "e.g. --fd 3 3< FILE"
        ) from None
    return bytes(found)


class PassphraseRoads:
    """The passphrase of the encrypted files: systemd's credential, else a descriptor, else the terminal. Kept for the
    life of this object, so that a person is asked once."""

    def __init__(
        self,
        run: Run,
        credential: Callable[[], bytes | None],
        descriptor: int | None,
        *,
        twice: bool,
        may_ask: bool,
    ) -> None:
        self._run = run
        self._credential = credential
        self._descriptor = descriptor
        self._twice = twice
        self._may_ask = may_ask
        self._kept: bytes | None = None

    def __call__(self, what: str) -> bytes:
        """The passphrase; `what`: the key it is for. Raises ConfigError where nobody gives one."""
        if self._kept is None:
            given = self._credential()
            if given is None and self._descriptor is not None:
                given = read_descriptor(self._descriptor, "the passphrase").rstrip(b"\r\n")
            self._kept = self._asked(what) if given is None else given
        return self._kept

    def _asked(self, what: str) -> bytes:
        from memesnipe_cli.commands.keys_prompt import hidden_prompt

        if not self._may_ask:
            raise ConfigError(
                f"{what} is in an encrypted file, and nobody is here to give its passphrase",
                "give it with --passphrase-fd N, or as the systemd credential memesnipe.passphrase",
                code="passphrase_missing",
            )
        with hidden_prompt(self._run.console) as prompt:
            given: str = prompt.line(f"passphrase of the encrypted file of {what}")
            if self._twice and prompt.line("the same once more") != given:
                raise ConfigError("the two passphrases differ", "run it again", code="passphrase")
        return given.encode()
