"""Keys that systemd hands to a service: one file each in the credentials folder, readable by that service alone."""

from __future__ import annotations

from pathlib import Path

from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import KINDS, OWNERS, TRADE, only_kind
from memesnipe_cli.vault.parsing import parse_material
from memesnipe_cli.vault.private_files import read_private
from memesnipe_cli.vault.shapes import checked_shape

PASSPHRASE = "memesnipe.passphrase"  # noqa: S105


class CredentialsHome:
    """`memesnipe.OWNER.NAME` in `folder`, in the forms that `keys add --stdin` takes. Read only."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def read(self, owner: str, name: str) -> Material | None:
        """The key, None where systemd gave none of that name. Raises ConfigError."""
        if self.folder is None:
            return None
        data = read_private(self.folder / f"memesnipe.{owner}.{name}")
        if data is None:
            return None
        named = name if name in KINDS else TRADE
        kind = only_kind(owner) or named
        return checked_shape(owner, parse_material(owner, data, kind))

    def names(self) -> list[tuple[str, str]]:
        """(owner, name) of every key that systemd gave."""
        if self.folder is None:
            return []
        found = [path.name.split(".") for path in sorted(self.folder.glob("memesnipe.*.*"))]
        return [(parts[1], parts[2]) for parts in found if len(parts) == 3 and parts[1] in OWNERS]

    def passphrase(self) -> bytes | None:
        """That of the encrypted files, None where systemd gave none."""
        if self.folder is None:
            return None
        data = read_private(self.folder / PASSPHRASE)
        return None if data is None else data.rstrip(b"\r\n")
