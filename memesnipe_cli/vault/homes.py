"""Where keys live: one protocol, and what every home says in the same words."""

from __future__ import annotations

from typing import Protocol

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import title

KEYRING, FILE, KERNEL, CREDENTIALS = "keyring", "file", "kernel", "credentials"


class Home(Protocol):
    """A place that keeps keys by owner and name. Its methods raise ConfigError, never with a part of a key."""

    def read(self, owner: str, name: str) -> Material | None:
        """The key, or None where this home has none of that name."""

    def write(self, owner: str, name: str, material: Material) -> None:
        """Keep the key, in place of one of the same name."""

    def remove(self, owner: str, name: str) -> bool:
        """Forget the key; False where there was none."""


def store_and_compare(home: Home, owner: str, name: str, material: Material) -> None:
    """Write, read back, compare: a home may take a key and keep nothing. Raises ConfigError."""
    home.write(owner, name, material)
    if not material.same_as(home.read(owner, name)):
        raise ConfigError(
            f"{title(owner, name)} was stored, and did not come back as it was",
            "this place keeps no keys: use another (memesnipe keys add --in file), and see memesnipe doctor",
            code="key_lost",
        )
