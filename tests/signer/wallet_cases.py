"""Wallets with keys of this run, profiles that list something, and what a signer says to a transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from memesnipe_cli.profile import Profile
from memesnipe_cli.profile_wallets import Wallets
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.held import HeldSecret
from memesnipe_cli.vault import base58

SIGNED = "signed"
SOLANA_KEY = Ed25519PrivateKey.generate()
SOLANA_SEED = SOLANA_KEY.private_bytes_raw()
SOLANA_PUBLIC = SOLANA_KEY.public_key().public_bytes_raw()
SOLANA_SECRET = base58.encode(SOLANA_SEED + SOLANA_PUBLIC)
EVM_SECRET = (bytes([125]) + Ed25519PrivateKey.generate().private_bytes_raw()[1:]).hex()

CHAIN, CONTRACT = 8453, "0x2626664c2603336e57b271c5c0b26f421741e481"
FIELDS: Mapping[str, Any] = {
    "chainId": hex(CHAIN),
    "nonce": "0x7",
    "maxPriorityFeePerGas": "0xf4240",
    "maxFeePerGas": "0x3b9aca00",
    "gas": "0x30d40",
    "to": CONTRACT,
    "value": "0x0",
    "data": "0x04e45aaf" + "00" * 32,
}


def held(secret: bytes) -> HeldSecret:
    """A secret in a page of its own."""

    def read_into(buffer: memoryview) -> int:
        buffer[: len(secret)] = secret
        return len(secret)

    return HeldSecret(read_into)


def live_profile(**wallets: Any) -> Profile:
    """One for real money that lists something."""
    profile = Profile()
    account = profile.account.model_copy(update={"venue": "kraken"})
    return Profile(kind="live", account=account, wallets=Wallets(**wallets))


def verdict(asked: Callable[[], object]) -> str:
    """`signed`, or the rule that says no."""
    try:
        asked()
    except SignerRefusedError as refused:
        return refused.rule
    return SIGNED
