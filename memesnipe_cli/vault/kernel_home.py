"""Keys that were unlocked for a time: in the kernel's keyring of this user, for cron jobs and services."""

from __future__ import annotations

import json
from dataclasses import dataclass

from memesnipe_cli import clock
from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import keyctl
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import service, title


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A key that lies open. until_ms: UTC, when the kernel drops it."""

    material: Material
    until_ms: int


class KernelHome:
    """One entry of type `user` a key, named `memesnipe/OWNER/NAME`, dropped by the kernel when its time is over."""

    def put(self, owner: str, name: str, material: Material, ttl_s: int) -> int:
        """Keep the key for so long; returns until when, ms UTC. Raises ConfigError."""
        until_ms = clock.now_ms() + ttl_s * clock.SECOND_MS
        payload = {
            "kind": material.kind,
            "id": material.id,
            "secret": material.secret,
            "until_ms": until_ms,
        }
        keyctl.put(service(owner, name), json.dumps(payload).encode(), ttl_s)
        return until_ms

    def read(self, owner: str, name: str) -> Unlocked | None:
        """The key, None where it is not unlocked now. Raises ConfigError."""
        data = keyctl.get(service(owner, name))
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
        return keyctl.remove(service(owner, name))
