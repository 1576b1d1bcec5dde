"""A Solana wallet in the signer: reads a transaction back from its bytes, judges it (solana_rules.py), signs it.
Nothing here sends one.

OpenSSL takes the seed from the held page, which is wiped then, and keeps a copy of its own; Python has none. solders
reads the message and never sees the key.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.held import HeldSecret
from memesnipe_cli.signer.solana_rules import Instruction, check_instructions
from memesnipe_cli.vault import base58

if TYPE_CHECKING:
    from solders.message import Message, MessageV0

    from memesnipe_cli.profile_wallets import Wallets

# A packet, less one signature and the count of signatures.
LONGEST_MESSAGE = 1232 - 64 - 1


class SolanaWallet:
    """Raises ValueError for a secret that is no key."""

    def __init__(self, secret: HeldSecret, allowed: Wallets) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            self._key = Ed25519PrivateKey.from_private_bytes(secret.view)
        finally:
            secret.wipe()
        self._allowed = allowed
        self.address = base58.encode(self._key.public_key().public_bytes_raw())

    def checked(self, request: Mapping[str, Any]) -> Callable[[], bytes]:
        """What makes the signed transaction (its one signature, then the message) of `message`, base64 of a serialized
        legacy or v0 message. Raises SignerRefusedError."""
        given = _bytes_of(request.get("message"))
        message = _parsed(given)
        self._check_accounts(message)
        check_instructions(
            _instructions(message),
            self.address,
            self._allowed.solana_programs,
            self._allowed.solana_fee_lamports,
        )
        return lambda: b"\1" + self._key.sign(given) + given

    def _check_accounts(self, message: Message | MessageV0) -> None:
        from solders.message import MessageV0

        if isinstance(message, MessageV0) and message.address_table_lookups:
            raise SignerRefusedError(
                "lookup_table",
                "the transaction uses an address lookup table: what stands there cannot be seen",
            )
        signers = message.header.num_required_signatures
        if signers != 1:
            raise SignerRefusedError("signers", f"the transaction needs {signers} signatures: one is given")
        if not message.account_keys or str(message.account_keys[0]) != self.address:
            raise SignerRefusedError("signers", "the transaction is another wallet's")
        if message.header.num_readonly_signed_accounts:
            raise SignerRefusedError("form", "the transaction has no account that pays its fee")


def _bytes_of(encoded: object) -> bytes:
    try:
        given = b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except Base64Error:
        given = b""
    if not 0 < len(given) <= LONGEST_MESSAGE:
        raise SignerRefusedError("form", f"the message is not base64 of at most {LONGEST_MESSAGE} bytes")
    return given


def _parsed(given: bytes) -> Message | MessageV0:
    from solders.message import Message, MessageV0, from_bytes_versioned, to_bytes_versioned

    try:
        message = from_bytes_versioned(given)
        # What is left over behind a message, or written in another way, would be signed unread.
        whole = to_bytes_versioned(message) == given
    except Exception:
        # solders has an error of its own for each library beneath it.
        raise SignerRefusedError("form", "the message is not understood") from None
    if not whole or not isinstance(message, Message | MessageV0):
        raise SignerRefusedError("form", "the message is not a whole legacy or v0 message")
    return message


def _instructions(message: Message | MessageV0) -> list[Instruction]:
    keys = [str(key) for key in message.account_keys]
    found = []
    for each in message.instructions:
        numbers = (each.program_id_index, *each.accounts)
        if max(numbers) >= len(keys) or not each.program_id_index:
            raise SignerRefusedError("form", "an instruction names an account that the message does not have")
        program, *accounts = (keys[number] for number in numbers)
        found.append(Instruction(program, tuple(accounts), bytes(each.data)))
    return found
