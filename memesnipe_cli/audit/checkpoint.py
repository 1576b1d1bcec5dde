"""Checkpoints: what a journal was at one moment, as text to be signed (c2sp.org/tlog-checkpoint).

memesnipe journal checkpoint STORE/ACCOUNT
SIZE, the number of entries; the last one has this number
base64 of the Merkle root over their lines
head HASH OF THE LAST ENTRY
time 2025-01-31T12:00:00Z
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from memesnipe_cli import clock
from memesnipe_cli.audit.merkle import HASH_BYTES
from memesnipe_cli.audit.note import Note, find_notes
from memesnipe_cli.errors import DataError, MemesnipeError
from memesnipe_cli.records import time_value
from memesnipe_cli.store.paths import decode_name, encode_name

# What every text to be signed begins with: the signer signs nothing else with the key of checkpoints.
BEGINS = "memesnipe journal checkpoint "

_TEXT = re.compile(
    re.escape(BEGINS)
    + r"([0-9a-f]{8})/(\S+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]+)\nhead ([0-9a-f]{64})\ntime (\S+)\n"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A journal's first `size` entries: their Merkle root, and the hash of the last one. time_ms: when it was made."""

    store: str
    account: str
    size: int
    root: bytes
    head: str
    time_ms: int

    def text(self) -> str:
        """What is signed."""
        return (
            f"{BEGINS}{self.store}/{encode_name(self.account, 'account')}\n{self.size}\n"
            f"{base64.b64encode(self.root).decode()}\nhead {self.head}\ntime {clock.format_time(self.time_ms)}\n"
        )


def parse(text: str) -> Checkpoint:
    """The checkpoint that a note's text is. Raises DataError where it is none."""
    match = _TEXT.fullmatch(text)
    try:
        if match is not None:
            root = base64.b64decode(match[4], validate=True)
            if len(root) == HASH_BYTES:
                account, time_ms = decode_name(match[2]), time_value(match[6])
                return Checkpoint(match[1], account, int(match[3]), root, match[5], time_ms)
    except (binascii.Error, MemesnipeError):
        pass  # said below, with the lines that it has
    raise DataError(
        f"this is not a checkpoint of a journal: {text[:200]!r}",
        "copy it whole, as audit checkpoint wrote it",
    )


def find(text: str) -> list[Note]:
    """The signed checkpoints in a file, a mail or the like, in order. Raises DataError where there is none, or one that
    is not whole."""
    found = find_notes(text, BEGINS)
    for note in found:
        parse(note.text)
    if not found:
        raise DataError("there is no checkpoint in it", f"one begins with the line {BEGINS}STORE/ACCOUNT")
    return found
