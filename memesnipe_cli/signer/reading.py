"""How the signer comes by its secret: a third process opens the vault, hands the bytes over and ends. What the
keyring's library copied about in its memory ends with it; the signer reads the bytes straight into their page."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.signer.errors import heard
from memesnipe_cli.signer.held import HeldSecret, read_to_end
from memesnipe_cli.vault.naming import is_wallet
from memesnipe_cli.vault.wallet_shapes import wallet_bytes

if TYPE_CHECKING:
    from memesnipe_cli.signer.client import SignerOrder
    from memesnipe_cli.vault.reading import VaultKey


_BASE64 = ("kraken", "audit")


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key without its secret. id: what the venue calls it."""

    id: str
    kind: str
    home: str
    fingerprint: str

    def told(self) -> dict[str, str]:
        """What whoever asks for signatures is told of the key; its name at the venue stays with the signer."""
        return {"kind": self.kind, "home": self.home, "fingerprint": self.fingerprint}


class KeyReader:
    """A process that reads one key. Made at once, waited for by `held`."""

    def __init__(self, asked: SignerOrder, module: str = "memesnipe_cli.commands.signer_reader") -> None:
        said, says = os.pipe()
        given, gives = os.pipe()
        which = [asked.owner, asked.key, asked.profile, asked.store]
        words = [str(os.getpid()), *which, "yes" if asked.unattended else "no"]
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own program, names of ours
                [sys.executable, "-P", "-m", module, str(says), str(gives), *words],
                pass_fds=(says, gives),
                stdout=subprocess.DEVNULL,
            )
        finally:
            os.close(says)
            os.close(gives)
        self._said, self._given = said, given

    def held(self) -> tuple[KeyFacts, HeldSecret]:
        """The key. Raises ConfigError as `read_key` does."""
        try:
            words = _all_of(self._said)
            secret = HeldSecret(read_to_end(self._given))
        except ValueError as problem:
            raise ConfigError(f"the key cannot be held: {problem}", "see that it is one key") from None
        finally:
            os.close(self._said)
            os.close(self._given)
            self._process.wait()
        if not words:
            raise ConfigError(
                "the vault could not be read: the reader ended without a word",
                "run memesnipe keys check",
                code="key_reader",
            )
        said: dict[str, Any] = orjson.loads(words)
        if "refused" in said:
            raise heard(said)
        return KeyFacts(**said), secret


def hand_over(key: VaultKey, says: int, gives: int) -> None:
    """In the reader: what is known of the key to the one descriptor, what signs to the other."""
    facts = {"id": key.id, "kind": key.kind, "home": key.home, "fingerprint": key.fingerprint}
    os.write(says, orjson.dumps(facts))
    os.close(says)
    os.write(gives, _as_used(key.venue, key.secret))
    os.close(gives)


def _as_used(owner: str, secret: str) -> bytes:
    """What is kept as base64 is used decoded, a wallet's key as its 32 bytes, every other secret as it is kept."""
    if is_wallet(owner):
        return wallet_bytes(owner, secret)
    return base64.b64decode(secret, validate=True) if owner in _BASE64 else secret.encode()


def _all_of(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
    return b"".join(parts)
