"""The keys that the venue knows, and how it checks a signature. They open nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

KRAKEN_KEY = "loopback-key"
KRAKEN_SECRET = base64.b64encode(hashlib.sha512(b"loopback venue").digest()).decode()
COINBASE_KEY = "organizations/loopback/apiKeys/trader"
# A JWT is good for two minutes; the clocks may differ a little.
JWT_SLACK_S = 30


def kraken_signature(path: str, nonce: str, body: bytes) -> str:
    """HMAC-SHA512 over path and SHA-256(nonce + body), as docs.kraken.com describes it."""
    inner = hashlib.sha256(nonce.encode() + body).digest()
    secret = base64.b64decode(KRAKEN_SECRET)
    return base64.b64encode(hmac.new(secret, path.encode() + inner, hashlib.sha512).digest()).decode()


@cache
def _coinbase_private() -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(b"loopback venue").digest(), "big")
    return ec.derive_private_key(number, ec.SECP256R1())


@cache
def coinbase_secret() -> str:
    """The PEM that a client signs with."""
    return (
        _coinbase_private()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
    )


def jwt_trouble(token: str, method: str, path: str, now_s: float) -> str:
    """Why a Coinbase token is refused; empty: it is good. ES256, times, key name and the uri claim."""
    try:
        head_text, claims_text, signature_text = token.split(".")
        head: dict[str, Any] = json.loads(_bytes(head_text))
        claims: dict[str, Any] = json.loads(_bytes(claims_text))
        signature = _bytes(signature_text)
    except (ValueError, UnicodeDecodeError):
        return "not a token"
    if head.get("alg") != "ES256" or head.get("kid") != COINBASE_KEY or claims.get("sub") != COINBASE_KEY:
        return "another key"
    half = len(signature) // 2
    pair = utils.encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )
    try:
        signed = f"{head_text}.{claims_text}".encode()
        _coinbase_private().public_key().verify(pair, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "signature"
    if now_s > claims.get("exp", 0) + JWT_SLACK_S or now_s < claims.get("nbf", 0) - JWT_SLACK_S:
        return "time"
    verb, _, address = str(claims.get("uri", "")).partition(" ")
    address = address.removeprefix("http://")
    if verb != method or "/" + address.partition("/")[2] != path:
        return "uri"
    return ""


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
