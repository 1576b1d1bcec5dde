"""Signing texts with an Ed25519 key (RFC 8032): checkpoints of a journal, and nothing else.

The signer knows a checkpoint by its first line, so that its key is good for no other statement.
"""

from __future__ import annotations

import socket
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.signer import frames
from memesnipe_cli.signer.client import Signer, SignerOrder
from memesnipe_cli.signer.errors import SignerGoneError, SignerRefusedError
from memesnipe_cli.signer.held import HeldSecret

BEGINS = b"memesnipe journal checkpoint"
LONGEST = 4096
_WITHIN_S = 10.0


class CheckpointService:
    """Serves one other side. Raises ValueError for a secret that is no key."""

    def __init__(self, link: socket.socket, secret: HeldSecret) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._link = link
        self._key = Ed25519PrivateKey.from_private_bytes(secret.view)
        secret.wipe()

    def run(self) -> None:
        """Until the other side ends."""
        while (request := frames.read(self._link)) is not None:
            try:
                text = checked_text(str(request["text"]))
            except SignerRefusedError as error:
                said = {"refused": error.rule, "message": error.message, "hint": error.hint}
            else:
                public = self._key.public_key().public_bytes_raw()
                said = {
                    "public": b64encode(public).decode(),
                    "signature": b64encode(self._key.sign(text)).decode(),
                }
            frames.write(self._link, {"id": request["id"], **said})


def checked_text(encoded: str) -> bytes:
    """The text that is to be signed, given as base64. Raises SignerRefusedError for what is no checkpoint."""
    try:
        text = b64decode(encoded, validate=True)
    except Base64Error:
        raise SignerRefusedError("form", "what is to be signed is not base64") from None
    if not text.startswith(BEGINS) or len(text) > LONGEST:
        raise SignerRefusedError("not_allowed", "what is to be signed is no checkpoint of a journal")
    return text


def sign_checkpoint(asked: SignerOrder, text: bytes) -> tuple[bytes, bytes]:
    """(public key, 32 bytes; signature, 64 bytes) by a signer that is started for this and ends with it. Raises
    ConfigError for a key that is not there, SignerRefusedError for what is no checkpoint, SignerGoneError."""
    signer = Signer(asked)
    try:
        said = signer.ask({"text": b64encode(text).decode()}, _WITHIN_S)
    finally:
        signer.close()
    if said is None:
        raise SignerGoneError("the signer does not answer", "try again; memesnipe doctor")
    if "refused" in said:
        raise SignerRefusedError(said["refused"], said["message"], said["hint"])
    try:
        return b64decode(said["public"]), b64decode(said["signature"])
    except (KeyError, Base64Error):
        raise ConfigError("the signer's answer cannot be read", "report this") from None
