"""Signed notes: text, and lines of signatures under it, as transparency logs publish them (c2sp.org/signed-note).

    text, one or more lines
    (an empty line)
    — KEY NAME base64(key id, 4 bytes || Ed25519 signature, 64 bytes)

A verification key is written `NAME+KEY ID+base64(0x01 || public key)`. A line of a key that is not known means nothing
and is passed over: others may sign under the same text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from memesnipe_cli.errors import DataError, UsageError

KEY_BYTES = 32
SIGNATURE_BYTES = 64
MOST_SIGNATURES = 100
_ED25519 = b"\x01"
_ID_BYTES = 4
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half of a key that signs notes, under its name."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that go before each signature; they find the key, they prove nothing."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in hex: what two people compare."""
        return sha256(self.public).hexdigest()

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def signed(self, text: str, signature: bytes) -> bool:
        """Whether `signature` is this key's, of this text."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def parse_key(text: str) -> VerifyKey:
    """The key that is written `NAME+ID+BASE64`. Raises UsageError where it is none."""
    match = _KEY.fullmatch(text.strip())
    data = None if match is None else _base64(match[3])
    if match is None or data is None or data[:1] != _ED25519 or len(data) != 1 + KEY_BYTES:
        raise UsageError(
            f"{text.strip()[:80]!r} is not a public key of checkpoints",
            "it is written NAME+8 hex digits+base64, as audit checkpoint prints it",
        )
    key = VerifyKey(match[1], data[1:])
    if key.id.hex() != match[2]:
        raise UsageError(
            f"the public key {text.strip()!r} is damaged: its id would be {key.id.hex()}", "copy it again"
        )
    return key


@dataclass(frozen=True, slots=True)
class Note:
    """A note. text: with its last newline, this is what is signed; signatures: (key name, key id and signature)."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    def __str__(self) -> str:
        lines = (f"— {name} {base64.b64encode(data).decode()}\n" for name, data in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    def signer(self, keys: Iterable[VerifyKey]) -> VerifyKey | None:
        """The first of `keys` that signed this; None where none did. Of a key that should have and did not (its name
        and id stand there, the signature is another's) the whole note counts for nothing."""
        found: VerifyKey | None = None
        for key in keys:
            for name, data in self.signatures:
                if name != key.name or data[:_ID_BYTES] != key.id:
                    continue
                if not key.signed(self.text, data[_ID_BYTES:]):
                    return None
                found = found or key
        return found


def sign(text: str, key: VerifyKey, signature: bytes) -> Note:
    """The note of a text and the signature that `key` made of it."""
    return Note(text, ((key.name, key.id + signature),))


def find_notes(text: str, first_word: str) -> list[Note]:
    """The notes in `text` whose first line begins with `first_word`, in order; whatever stands around them (the head of
    a mail, other notes, comments) is passed over.

    Raises DataError where one begins and has no end: no empty line, no signature.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[Note] = []
    place = 0
    while place < len(lines):
        if not lines[place].startswith(first_word):
            place += 1
            continue
        begin = place
        while place < len(lines) and lines[place]:
            place += 1
        signatures = _signatures(lines[place + 1 : place + 1 + MOST_SIGNATURES])
        if not signatures:
            raise DataError(
                f"the note that begins on line {begin + 1} has no signature under an empty line",
                "copy it whole, from its first line to the lines that begin with —",
            )
        found.append(Note("\n".join([*lines[begin:place], ""]), tuple(signatures)))
        place += 1 + len(signatures)
    return found


def _signatures(lines: Sequence[str]) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for line in lines:
        match = _SIGNATURE.fullmatch(line)
        data = None if match is None else _base64(match[2])
        if match is None or data is None or len(data) <= _ID_BYTES:
            break
        found.append((match[1], data))
    return found


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
