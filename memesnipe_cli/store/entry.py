"""One line of a journal: its fields, its bytes and its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from memesnipe_cli.store.canonical import encode

NO_HASH = "0" * 64
_FIELDS = frozenset({"body", "hash", "kind", "prev", "seq", "time"})


@dataclass(frozen=True)
class Entry:
    """A recorded fact. `seq` counts from 1; `time` is RFC 3339 UTC; `prev` is the hash of the entry before.

    `hash` is SHA-256 over the canonical JSON of the other five fields.
    """

    seq: int
    time: str
    kind: str
    body: dict[str, Any]
    prev: str
    hash: str


@dataclass(frozen=True)
class Head:
    """The last entry's number and hash; (0, 64 zeros) before the first."""

    seq: int = 0
    hash: str = NO_HASH


class BadLineError(Exception):
    """A line that is not a whole, true entry; the text says what is wrong. Never leaves the store."""


def compose(head: Head, time: str, kind: str, body: dict[str, Any]) -> tuple[Entry, bytes]:
    """The entry after `head` and its line. `body` must be `canonical.plain`."""
    fields = {"seq": head.seq + 1, "time": time, "kind": kind, "body": body, "prev": head.hash}
    digest = hashlib.sha256(encode(fields)).hexdigest()
    line = encode({**fields, "hash": digest}) + b"\n"
    return Entry(head.seq + 1, time, kind, body, head.hash, digest), line


def parse(line: bytes) -> Entry:
    """The entry of a line (without its newline), its own hash checked. Raises BadLineError."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as problem:
        raise BadLineError(f"is not JSON ({problem})") from None
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise BadLineError("does not have the fields of an entry")
    # Byte for byte: a value that parses the same but is spelt otherwise was edited.
    if encode(fields) != line:
        raise BadLineError("is not spelt canonically")
    stated = fields.pop("hash")
    if hashlib.sha256(encode(fields)).hexdigest() != stated:
        raise BadLineError("does not match its own hash")
    if not (
        isinstance(fields["seq"], int)
        and isinstance(fields["body"], dict)
        and isinstance(fields["kind"], str)
    ):
        raise BadLineError("has fields of a wrong type")
    return Entry(fields["seq"], fields["time"], fields["kind"], fields["body"], fields["prev"], stated)


def check_follows(entry: Entry, head: Head) -> None:
    """That `entry` is the one after `head`. Raises BadLineError."""
    if entry.seq != head.seq + 1:
        raise BadLineError(f"has seq {entry.seq} where {head.seq + 1} follows: lines are missing or moved")
    if entry.prev != head.hash:
        raise BadLineError("does not carry the hash of the line before it: one of the two was changed")
