"""Keys in encrypted files, for machines without a keyring: Argon2id makes a key of a passphrase, AES-256-GCM seals.

One file a key in `files/` of the vault. What is sealed is bound to where it belongs (format, owner, name, kind, field):
a file that was renamed, or a field moved to another place, does not open.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import title
from memesnipe_cli.vault.private_files import check_format, read_private, unusable, write_private

FORMAT = 1
# They belong to format 1 and are not read from the file: whoever can write there must not choose them.
ITERATIONS, MEMORY_KIB, LANES = 3, 64 * 1024, 4
SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
LEAST_PASSPHRASE = 12

# OpenSSL shares its threads among all derivations of a process: a second one at the same time gets none, and fails.
_ONE_AT_A_TIME = threading.Lock()

# Given what the passphrase is for, the passphrase. Raises ConfigError where nobody can give one.
Passphrase = Callable[[str], bytes]


class FileHome:
    """Sealed files in `folder`."""

    def __init__(self, folder: Path, passphrase: Passphrase) -> None:
        self.folder = folder
        self._passphrase = passphrase

    def path(self, owner: str, name: str) -> Path:
        """The file of one key."""
        return self.folder / f"{owner}.{name}.json"

    def read(self, owner: str, name: str) -> Material | None:
        """See Home. Asks for the passphrase."""
        path = self.path(owner, name)
        data = read_private(path)
        if data is None:
            return None
        try:
            given = json.loads(data)
            check_format(path, given, FORMAT)
            kind = str(given["kind"])
            salt = base64.b64decode(given["salt"], validate=True)
            sealed = {field: _parts(given["fields"][field]) for field in ("id", "secret")}
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise _damaged(path, owner, name) from None
        key = derive_key(self._passphrase(title(owner, name)), salt)
        identity, secret = (
            _open(key, *sealed[field], _bound(owner, name, kind, field), path) for field in ("id", "secret")
        )
        return Material(identity, secret, kind)

    def write(self, owner: str, name: str, material: Material) -> None:
        """See Home. Asks for the passphrase."""
        passphrase = self._passphrase(title(owner, name))
        if len(passphrase) < LEAST_PASSPHRASE:
            raise ConfigError(
                f"the passphrase has fewer than {LEAST_PASSPHRASE} characters",
                "take a longer one: who copies the file may try as long as he likes",
                code="passphrase",
            )
        salt = os.urandom(SALT_BYTES)
        key = derive_key(passphrase, salt)
        fields = {
            field: _seal(key, value, _bound(owner, name, material.kind, field))
            for field, value in (("id", material.id), ("secret", material.secret))
        }
        content = {
            "format": FORMAT,
            "owner": owner,
            "name": name,
            "kind": material.kind,
            "salt": base64.b64encode(salt).decode(),
            "fields": fields,
        }
        write_private(self.path(owner, name), json.dumps(content, indent=1).encode() + b"\n")

    def remove(self, owner: str, name: str) -> bool:
        """See Home."""
        path = self.path(owner, name)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as problem:
            raise unusable(path, problem) from None
        return True


def derive_key(passphrase: bytes, salt: bytes) -> bytes:
    """The 32 bytes that Argon2id makes of a passphrase. Raises ConfigError where there is not enough memory."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    kdf = Argon2id(salt=salt, length=KEY_BYTES, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    try:
        with _ONE_AT_A_TIME:
            return kdf.derive(passphrase)
    except MemoryError:
        raise ConfigError(
            f"there is not enough memory to open an encrypted file (it takes {MEMORY_KIB // 1024} MiB)",
            "free some memory, or keep the key in another home (docs/keys.md)",
            code="vault_file",
        ) from None


def _bound(owner: str, name: str, kind: str, field: str) -> bytes:
    return "\0".join((f"memesnipe vault v{FORMAT}", owner, name, kind, field)).encode()


def _seal(key: bytes, value: str, bound: bytes) -> dict[str, str]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, value.encode(), bound)
    return {"nonce": base64.b64encode(nonce).decode(), "sealed": base64.b64encode(sealed).decode()}


def _parts(given: Any) -> tuple[bytes, bytes]:
    return base64.b64decode(given["nonce"], validate=True), base64.b64decode(given["sealed"], validate=True)


def _open(key: bytes, nonce: bytes, sealed: bytes, bound: bytes, path: Path) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(nonce, sealed, bound).decode()
    except (InvalidTag, ValueError):
        raise ConfigError(
            f"{path} does not open: the passphrase is wrong, or the file was changed",
            "give the passphrase it was made with; if that is lost, add the key again and revoke the old one",
            code="passphrase",
        ) from None


def _damaged(path: Path, owner: str, name: str) -> ConfigError:
    return ConfigError(
        f"{path} is damaged",
        f"restore it from a backup, or add the key again: memesnipe keys add {owner} --name {name} --in file",
        code="vault_file",
    )
