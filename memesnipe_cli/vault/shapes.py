"""Whether what was given can be a key of its owner at all. No message here repeats a character of what was given."""

from __future__ import annotations

import base64
import binascii
import re

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import AUDIT, is_wallet
from memesnipe_cli.vault.wallet_shapes import wallet_secret

KRAKEN_SECRET_BYTES = 64
AUDIT_SECRET_BYTES = 32
LONGEST_SECRET = 8192
_COINBASE_ID = re.compile(r"organizations/[^/\s]+/apiKeys/[^/\s]+")
_PEM = "-----BEGIN"


def checked_shape(owner: str, material: Material) -> Material:
    """`material` as it is to be kept (a PEM gets real line ends, a wallet's key its one form). Raises ConfigError where
    it cannot be a key."""
    if not material.secret.strip():
        raise _bad(owner, "the secret is empty", "paste it again")
    if len(material.secret) > LONGEST_SECRET or len(material.id) > LONGEST_SECRET:
        raise _bad(
            owner, f"more than {LONGEST_SECRET} characters were given", "give one key, and nothing else"
        )
    if owner == "kraken":
        return _kraken(material)
    if owner == "coinbase":
        return _coinbase(material)
    if is_wallet(owner):
        return Material("", wallet_secret(owner, material.secret), material.kind)
    if owner == AUDIT and _base64_bytes(material.secret) != AUDIT_SECRET_BYTES:
        raise _bad(
            owner,
            f"this is not an Ed25519 key: base64 of {AUDIT_SECRET_BYTES} bytes",
            "let one be made: memesnipe audit checkpoint --new-key",
        )
    return _data(owner, material)


def _kraken(material: Material) -> Material:
    if _PEM in material.secret or _PEM in material.id or _COINBASE_ID.fullmatch(material.id):
        raise _bad("kraken", "this is a key of Coinbase", "add it with: memesnipe keys add coinbase")
    if not material.id:
        raise _bad("kraken", "the API key is empty", "Kraken shows an API key and a private key: give both")
    size = _base64_bytes(material.secret)
    if size != KRAKEN_SECRET_BYTES and _base64_bytes(material.id) == KRAKEN_SECRET_BYTES:
        raise _bad(
            "kraken", "API key and private key are swapped", "give the API key first, then the private key"
        )
    if size is None:
        raise _bad("kraken", "the private key is not base64", "copy it whole: 88 characters that end in ==")
    if size != KRAKEN_SECRET_BYTES:
        raise _bad(
            "kraken",
            f"the private key has {size} bytes, and one of Kraken has {KRAKEN_SECRET_BYTES}",
            "copy it whole: 88 characters that end in ==",
        )
    _check_one_word("kraken", material.id, "the API key")
    return material


def _coinbase(material: Material) -> Material:
    if _PEM in material.id:
        raise _bad("coinbase", "key name and private key are swapped", "give the name first, then the PEM")
    if _PEM not in material.secret:
        raise _bad(
            "coinbase",
            "the private key is no PEM",
            "use a Coinbase Developer Platform key with ECDSA (not Ed25519, not a legacy key), as downloaded",
        )
    if not _COINBASE_ID.fullmatch(material.id):
        raise _bad(
            "coinbase",
            "the key name is not of the form organizations/.../apiKeys/...",
            "give the `name` of the downloaded file",
        )
    pem = material.secret.replace("\\n", "\n").replace("\r\n", "\n").strip() + "\n"
    _check_pem(pem)
    return Material(material.id, pem, material.kind)


def _check_pem(pem: str) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise _bad("coinbase", "the PEM is encrypted", "give it as downloaded, without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _bad(
            "coinbase",
            "the PEM is damaged: it holds no private key",
            "give it whole, from -----BEGIN to -----END, with its line ends or as \\n",
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _bad("coinbase", "the PEM is not an ECDSA key on P-256", "make the key with ECDSA at Coinbase")


def _data(owner: str, material: Material) -> Material:
    if _PEM in material.secret:
        raise _bad(owner, "this is a private key (PEM), and a data source has none", "give its API key")
    _check_one_word(owner, material.secret, "the API key")
    return material


def _check_one_word(owner: str, text: str, what: str) -> None:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise _bad(owner, f"{what} holds blanks or characters that no key has", "copy it again, alone")


def _base64_bytes(text: str) -> int | None:
    try:
        return len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _bad(owner: str, what: str, hint: str) -> ConfigError:
    return ConfigError(f"{owner}: {what}", hint, code="key_shape")
