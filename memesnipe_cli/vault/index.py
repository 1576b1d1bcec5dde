"""What is known of the keys without opening a home: names, kinds, homes, fingerprints, rights when last asked.

One file, `vault.json`, with the random key of the fingerprints. It holds no secret: who reads it learns which keys
there are, and could tell whether a secret that he has already is one of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.store.locks import exclusive
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.private_files import (
    check_format,
    make_private_folder,
    read_private,
    write_private,
)

FORMAT = 1
_KEY_BYTES = 32
_SHOWN_BYTES = 8
_LOCK_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One key. home: keyring or file. added_ms, checked_ms: UTC; checked_ms and rights None until a venue was asked."""

    owner: str
    name: str
    kind: str
    home: str
    fingerprint: str
    added_ms: int
    checked_ms: int | None = None
    rights: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Content:
    fingerprint_key: bytes
    entries: tuple[Entry, ...]


class Index:
    """The file in `folder`. Several processes may change it: each change is made under a lock."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "vault.json"

    def entries(self) -> list[Entry]:
        """All of them, by owner and name."""
        content = self._read()
        return sorted(content.entries, key=lambda each: (each.owner, each.name)) if content else []

    def find(self, owner: str, name: str) -> Entry | None:
        """The entry of one key."""
        return next((each for each in self.entries() if (each.owner, each.name) == (owner, name)), None)

    def put(self, entry: Entry) -> None:
        """Add `entry`, or replace the one of its name."""
        self._change(lambda entries: (*_without(entries, entry.owner, entry.name), entry))

    def drop(self, owner: str, name: str) -> None:
        """Forget one."""
        self._change(lambda entries: _without(entries, owner, name))

    def fingerprint(self, owner: str, material: Material) -> str:
        """What is shown of a key: 64 bits of HMAC-SHA-256 under this vault's random key, over owner, id and secret,
        e.g. `3f9a-7c21-b04e-55d1`. The same key has another one in another vault."""
        content = self._read()
        key = content.fingerprint_key if content else self._begin()
        text = "\0".join(("memesnipe key v1", owner, material.id, material.secret))
        digest = hmac.new(key, text.encode(), hashlib.sha256).digest()[:_SHOWN_BYTES].hex()
        return "-".join(digest[place : place + 4] for place in range(0, len(digest), 4))

    def _begin(self) -> bytes:
        with self._locked():
            content = self._read() or _Content(os.urandom(_KEY_BYTES), ())
            self._write(content)
        return content.fingerprint_key

    def _change(self, change: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> None:
        with self._locked():
            content = self._read() or _Content(os.urandom(_KEY_BYTES), ())
            self._write(_Content(content.fingerprint_key, change(content.entries)))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_private_folder(self.path.parent)
        with exclusive(self.path.with_name("lock"), "the vault", _LOCK_DEADLINE_S):
            yield

    def _read(self) -> _Content | None:
        data = read_private(self.path)
        if data is None:
            return None
        try:
            given = json.loads(data)
            check_format(self.path, given, FORMAT)
            key = base64.b64decode(given["fingerprint_key"], validate=True)
            return _Content(key, tuple(_entry(each) for each in given["keys"]))
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise ConfigError(
                f"{self.path} is damaged",
                "move it away and add the keys again: memesnipe keys add VENUE (they replace what their homes hold)",
                code="vault_file",
            ) from None

    def _write(self, content: _Content) -> None:
        shown = {
            "format": FORMAT,
            "fingerprint_key": base64.b64encode(content.fingerprint_key).decode(),
            "keys": [asdict(each) for each in content.entries],
        }
        write_private(self.path, json.dumps(shown, indent=1).encode() + b"\n")


def _without(entries: tuple[Entry, ...], owner: str, name: str) -> tuple[Entry, ...]:
    return tuple(each for each in entries if (each.owner, each.name) != (owner, name))


def _entry(given: dict[str, Any]) -> Entry:
    rights = given.get("rights")
    checked = given.get("checked_ms")
    return Entry(
        owner=str(given["owner"]),
        name=str(given["name"]),
        kind=str(given["kind"]),
        home=str(given["home"]),
        fingerprint=str(given["fingerprint"]),
        added_ms=int(given["added_ms"]),
        checked_ms=None if checked is None else int(checked),
        rights=None if rights is None else tuple(str(each) for each in rights),
    )
