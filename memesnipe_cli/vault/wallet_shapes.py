"""The secret key of a wallet: the forms in which it is handed in, and the one in which it is kept.

Solana: the 64 bytes of seed and public key, as the list of numbers that solana-keygen writes or in base 58; kept in
base 58. EVM: 32 bytes in hex, kept so. No message here repeats a character of what was given.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import base58
from memesnipe_cli.vault.naming import EVM, SOLANA

SEED_BYTES, SOLANA_BYTES = 32, 64
# The order of the group of secp256k1 (SEC 2, 2.4.1): a private key is a number from 1 to one below it.
CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
# What an extra of this project installs, by owner: nothing is signed without it.
_LIBRARIES = {SOLANA: "solders", EVM: "eth_account"}
_SECRETS = ("secret", "secretKey", "secret_key", "privateKey", "private_key")
_PHRASES = ("mnemonic", "phrase", "seedPhrase", "seed_phrase")
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{64})")
_EVM_ADDRESS = re.compile(r"(?:0[xX])?[0-9a-fA-F]{40}")
_EXTENDED = re.compile(r"[a-zA-Z]p(?:rv|ub)[1-9A-HJ-NP-Za-km-z]{100,}")
# BIP-39: twelve words at least; a few may have got lost on the way.
_FEWEST_WORDS = 9
_SOLANA_FORMS = "the file of solana-keygen (64 numbers), or the wallet's export in base 58 (87 or 88 letters)"
_EVM_FORMS = "64 hex digits, with or without 0x"


def check_library(owner: str) -> None:
    """Raises ConfigError where what signs for a wallet of `owner` is not installed."""
    if find_spec(_LIBRARIES[owner]) is None:
        raise ConfigError(
            f"{_LIBRARIES[owner].replace('_', '-')} is not installed, and signs for {owner} wallets",
            "pip install 'memesnipe[wallets]'",
            code="wallets_extra",
        )


def wallet_text(owner: str, text: str) -> str:
    """The key in what was given: the text itself, or what a JSON object has under `secret` or `privateKey`. Raises
    ConfigError."""
    if not text.startswith("{"):
        return text
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad(owner, "what was given begins like JSON and is not") from None
    if any(name in given for name in _PHRASES):
        raise _phrase(owner)
    if "crypto" in given or "Crypto" in given:
        raise _bad(owner, "this is a keystore under a password", "give the private key itself")
    found = next((given[name] for name in _SECRETS if given.get(name)), "")
    return found.strip() if isinstance(found, str) else json.dumps(found)


def wallet_secret(owner: str, text: str) -> str:
    """A key as it is kept. Raises ConfigError for what is none, and for what would open more than one wallet."""
    if "-----BEGIN" in text:
        raise _bad(owner, "this is a PEM, and no wallet has one")
    if _is_phrase(text):
        raise _phrase(owner)
    if _EXTENDED.fullmatch(text):
        raise _bad(owner, "this is an extended key, which opens many wallets", "give the key of one wallet")
    return _solana(text) if owner == SOLANA else _evm(text)


def wallet_bytes(owner: str, kept: str) -> bytes:
    """The 32 bytes that sign, of a key as it is kept."""
    return base58.decode(kept)[:SEED_BYTES] if owner == SOLANA else bytes.fromhex(kept)


def address_of(owner: str, kept: str) -> str:
    """The address of the wallet. Raises ConfigError where the extra that knows it is not installed."""
    if owner == SOLANA:
        return base58.encode(base58.decode(kept)[SEED_BYTES:])
    check_library(owner)
    from eth_account import Account

    return str(Account.from_key(bytes.fromhex(kept)).address)


def wallet_forms(owner: str, kept: str) -> tuple[str, ...]:
    """Other ways to write a key, for the redactor: those that it would not come upon by itself."""
    whole = base58.decode(kept) if owner == SOLANA else bytes.fromhex(kept)
    encoded = tuple(b64encode(part).decode() for part in (whole, whole[:SEED_BYTES]))
    if owner == EVM:
        return (*encoded, kept.upper(), str(int(kept, 16)))
    numbers = [str(value) for value in whole]
    return (*encoded, ",".join(numbers), ", ".join(numbers), base58.encode(whole[:SEED_BYTES]))


def _is_phrase(text: str) -> bool:
    words = [word for word in re.split(r"[\s,;\[\]\"']+", text) if word]
    return len(words) >= _FEWEST_WORDS and not any(letter.isdigit() for letter in "".join(words))


def _phrase(owner: str) -> ConfigError:
    return _bad(
        owner,
        "a seed phrase (mnemonic) is never kept: it opens every wallet that is made of it",
        "make a wallet for this tool alone, and give the private key of that one",
    )


def _solana(text: str) -> str:
    if _HEX.fullmatch(text):
        raise _bad(SOLANA, "this looks like the key of an EVM wallet", "add it with: memesnipe keys add evm")
    key = _of_numbers(text) if text.startswith("[") else _of_base58(text)
    if len(key) == SEED_BYTES:
        raise _bad(
            SOLANA,
            f"of {SEED_BYTES} bytes nobody can tell whether they are a seed or only an address",
            f"give the whole secret key: {_SOLANA_FORMS}",
        )
    if len(key) != SOLANA_BYTES:
        raise _bad(SOLANA, f"{len(key)} bytes were given, and a secret key has {SOLANA_BYTES}")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed, public = key[:SEED_BYTES], key[SEED_BYTES:]
    if Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() != public:
        raise _bad(SOLANA, "its two halves do not belong together: a letter or number of it is wrong")
    return base58.encode(key)


def _of_numbers(text: str) -> bytes:
    try:
        given: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad(SOLANA, "what was given begins like a list of numbers and is none") from None
    if not _are_bytes(given):
        raise _bad(SOLANA, "what was given is no list of numbers from 0 to 255")
    return bytes(given)


def _are_bytes(given: Sequence[object]) -> bool:
    return all(type(value) is int and 0 <= value <= 255 for value in given)


def _of_base58(text: str) -> bytes:
    if len(text) > 2 * SOLANA_BYTES:
        raise _bad(SOLANA, "what was given is too long for a secret key")
    try:
        return base58.decode(text)
    except ValueError:
        raise _bad(SOLANA, "what was given is neither a list of numbers nor base 58") from None


def _evm(text: str) -> str:
    if _EVM_ADDRESS.fullmatch(text):
        raise _bad(EVM, "this is an address, not a private key")
    found = _HEX.fullmatch(text)
    if found is None:
        other = text.startswith("[") or len(text) in (87, 88)
        hint = "one of Solana is added with: memesnipe keys add solana" if other else ""
        raise _bad(EVM, "what was given is not 64 hex digits", hint)
    if not 0 < int(found[1], 16) < CURVE_ORDER:
        raise _bad(EVM, "this number is no private key: it is 0, or above what the curve has")
    return found[1].lower()


def _bad(owner: str, what: str, hint: str = "") -> ConfigError:
    forms = _SOLANA_FORMS if owner == SOLANA else _EVM_FORMS
    return ConfigError(f"{owner}: {what}", hint or f"give {forms}", code="key_shape")
