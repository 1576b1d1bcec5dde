"""The key that signs checkpoints: Ed25519, kept in the vault like any other key, under the owner `audit`. It is made
here; only a signer (signer/checkpoints.py) reads it again."""

from __future__ import annotations

import base64

from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import AUDIT, DATA, service

DEFAULT_NAME = "checkpoint"


def key_name(name: str) -> str:
    """What signature lines call the key `name` of the vault: `memesnipe/audit/checkpoint`."""
    return service(AUDIT, name)


def new_key() -> tuple[Material, bytes]:
    """A new key for the vault, whose secret is base64 of the 32 bytes that Ed25519 derives all from (RFC 8032), and its
    public half."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    secret = base64.b64encode(key.private_bytes_raw()).decode()
    return Material("", secret, DATA), key.public_key().public_bytes_raw()
