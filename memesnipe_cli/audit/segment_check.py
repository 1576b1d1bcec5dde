"""One sealed segment of a journal, checked at the speed of SHA-256. Says only whether all is well: what exactly is not,
the journal's own reader finds out (store/segments.py).

Runs in worker processes too, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

_FIELDS = frozenset({"body", "hash", "kind", "prev", "seq", "time"})
# `"hash":"...",` in a line, whose keys are sorted: body, hash, kind, prev, seq, time.
_HASH_LENGTH = len(b'"hash":"",') + 64
_TAIL_LENGTH = len(b'"kind":"","prev":"","seq":,"time":""}') + 64


# kind -> field that a line of it must have to be of interest, "" for none
Kinds = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SegmentEnds:
    """A segment that is whole in itself. prev: the hash that its first line follows. wanted: its lines that were asked
    for."""

    first_seq: int
    prev: str
    last_seq: int
    last_hash: str
    wanted: list[bytes]


def check_segment(path: Path, kinds: Kinds) -> SegmentEnds | None:
    """The ends of a sealed segment in which every line is spelt canonically, matches its own hash and follows the line
    before; None where anything is not so, or it cannot be read."""
    try:
        *lines, rest = path.read_bytes().split(b"\n")
        first = orjson.loads(lines[0]) if lines else None
        if rest or not isinstance(first, dict) or first.keys() != _FIELDS:
            return None
        begin, seq, prev = int(first["seq"]), int(first["seq"]) - 1, str(first["prev"])
        follows = prev
        wanted: list[bytes] = []
        for line in lines:
            fields = orjson.loads(line)
            seq += 1
            kind, stated = fields["kind"], fields["hash"]
            if (
                fields["seq"] != seq
                or fields["prev"] != follows
                or len(fields) != len(_FIELDS)  # and all six are asked for here
                or type(fields["body"]) is not dict
                or orjson.dumps(fields, option=orjson.OPT_SORT_KEYS) != line
            ):
                return None
            # Spelt canonically, so the hash lies where it must: without it stands what was hashed.
            tail = len(line) - _TAIL_LENGTH - len(kind) - len(str(seq)) - len(fields["time"])
            if sha256(line[: tail - _HASH_LENGTH] + line[tail:]).hexdigest() != stated:
                return None
            follows = stated
            if kind in kinds and (not kinds[kind] or kinds[kind] in fields["body"]):
                wanted.append(line)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return SegmentEnds(begin, prev, seq, follows, wanted)
