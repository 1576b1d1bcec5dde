"""Keys that were unlocked for a time: in the kernel's keyring of this user, for cron jobs and services."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import keyctl
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import service, title

_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A key that lies open. until_ms: UTC, when the kernel drops it."""

    material: Material
    until_ms: int


class KernelHome:
    """One entry of type `user` a key, named `memesnipe/OWNER/NAME/VAULT`, dropped by the kernel when its time is over.

    folder: the vault's. The kernel keeps one keyring for all that a user runs: with the vault in its name, a key that
    was unlocked in one vault is not taken for another's of the same owner and name.
    """

    def __init__(self, folder: Path) -> None:
        self._vault = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:_SHOWN]

    def put(self, owner: str, name: str, material: Material, ttl_s: int) -> int:
        """Keep the key for so long; returns until when, ms UTC. Raises ConfigError."""
        until_ms = clock.now_ms() + ttl_s * clock.SECOND_MS
        payload = {
            "kind": material.kind,
            "id": material.id,
            "secret": material.secret,
            "until_ms": until_ms,
        }
        keyctl.put(self._named(owner, name), json.dumps(payload).encode(), ttl_s)
        return until_ms

    def read(self, owner: str, name: str) -> Unlocked | None:
        """The key, None where it is not unlocked now. Raises ConfigError."""
        data = keyctl.get(self._named(owner, name))
        if data is None:
            return None
        try:
            given = json.loads(data)
            material = Material(str(given["id"]), str(given["secret"]), str(given["kind"]))
            return Unlocked(material, int(given["until_ms"]))
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"what the kernel keyring holds of {title(owner, name)} is not what was put there",
                f"unlock it again: memesnipe keys unlock {owner} --name {name} --ttl 8h",
                code="key_damaged",
            ) from None

    def remove(self, owner: str, name: str) -> bool:
        """Take it away before its time; False where it was not there."""
        return keyctl.remove(self._named(owner, name))

    def _named(self, owner: str, name: str) -> str:
        return f"{service(owner, name)}/{self._vault}"
