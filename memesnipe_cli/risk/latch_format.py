"""The bytes of a latch and of a trip that waits to be folded into it.

One line of JSON: `{"content":...,"sha256":"..."}`, the checksum taken over the content's bytes as they stand. What is
not exactly that is no latch: BadLatchError says why.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from memesnipe_cli.risk.latch_state import Hold, Latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.canonical import encode

VERSION = 1
_HEAD = b'{"content":'
_MIDDLE = b',"sha256":"'
_TAIL = b'"}\n'
_DIGEST = 64
_AFTER = len(_MIDDLE) + _DIGEST + len(_TAIL)
_BY = ("engine", "person", "watch")


class BadLatchError(Exception):
    """Bytes that are no latch; the text says what is wrong with them. Never leaves this package."""


def latch_bytes(latch: Latch) -> bytes:
    """A latch as it is written. `problem` is not part of it."""
    return _sealed(
        {
            "v": VERSION,
            "account": latch.account,
            "generation": latch.generation,
            "holds": {scope: _hold_fields(hold) for scope, hold in latch.holds.items()},
            "resets": dict(latch.resets),
            "fence": latch.fence,
            "mended": latch.mended,
        }
    )


def parse_latch(data: bytes, account: str) -> Latch:
    """The latch of `account` in `data`. Raises BadLatchError."""
    fields = _unsealed(data, account)
    try:
        latch = Latch(
            account,
            _count(fields["generation"]),
            {str(scope): _hold(hold) for scope, hold in fields["holds"].items()},
            {str(scope): _count(number) for scope, number in fields["resets"].items()},
            _count(fields["fence"]),
            fields["mended"] is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadLatchError(f"has fields that no latch has ({problem})") from None
    return latch


def trip_bytes(account: str, scope: str, hold: Hold) -> bytes:
    """One trip, for a file of its own."""
    return _sealed({"v": VERSION, "account": account, "scope": scope, "hold": _hold_fields(hold)})


def parse_trip(data: bytes, account: str) -> tuple[str, Hold]:
    """(scope, hold) of a trip. Raises BadLatchError."""
    fields = _unsealed(data, account)
    try:
        return str(fields["scope"]), _hold(fields["hold"])
    except (KeyError, TypeError, ValueError) as problem:
        raise BadLatchError(f"has fields that no trip has ({problem})") from None


def _sealed(content: dict[str, Any]) -> bytes:
    text = encode(content)
    return _HEAD + text + _MIDDLE + hashlib.sha256(text).hexdigest().encode() + _TAIL


def _unsealed(data: bytes, account: str) -> dict[str, Any]:
    if not data:
        raise BadLatchError("is empty")
    text = data[len(_HEAD) : -_AFTER]
    if data != _HEAD + text + _MIDDLE + hashlib.sha256(text).hexdigest().encode() + _TAIL:
        raise BadLatchError("is not what was written (its checksum does not match)")
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise BadLatchError(f"is not JSON ({problem})") from None
    if not isinstance(fields, dict) or fields.get("v") != VERSION:
        version = fields.get("v") if isinstance(fields, dict) else None
        raise BadLatchError(f"has the version {version!r}, this memesnipe reads {VERSION}")
    if fields.get("account") != account:
        raise BadLatchError(f"belongs to the account {fields.get('account')!r}")
    return fields


def _hold_fields(hold: Hold) -> dict[str, Any]:
    return {
        "level": hold.level.name,
        "cause": hold.cause,
        # Whatever a shell handed over as a reason: broken text must not keep a trip from being written.
        "reason": hold.reason.encode("utf-8", "replace").decode(),
        "since": hold.since,
        "by": hold.by,
        "bar": hold.bar,
    }


def _hold(fields: dict[str, Any]) -> Hold:
    level = Level[fields["level"]]
    if level < Level.HALT or fields["by"] not in _BY:
        raise ValueError(f"a hold at {level.name} by {fields['by']!r}")
    bar = fields["bar"]
    return Hold(
        level,
        str(fields["cause"]),
        str(fields["reason"]),
        str(fields["since"]),
        fields["by"],
        None if bar is None else str(bar),
    )


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value
