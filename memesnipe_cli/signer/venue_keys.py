"""How each venue's requests are signed with a key that lies in a HeldSecret: ccxt's own client makes the request, and
only the step that needs the secret is taken from it.

Sources: Kraken, "Authentication": HMAC-SHA512 of the path and SHA-256(nonce + body), keyed with the decoded secret.
Coinbase, "API key authentication": a JWT (RFC 7519) signed with ES256, good for 120 s, for one method and path.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memesnipe_cli.signer.held import HeldSecret

if TYPE_CHECKING:
    import ccxt

# Stands where ccxt wants a secret to be there before it signs.
_NOT_HERE = "held by the signer"
_GOOD_FOR_S = 120


def use_key(exchange: ccxt.Exchange, key_id: str, secret: HeldSecret) -> None:
    """Make a client of Kraken or Coinbase sign with a held secret. What is held is read anew for each signature, or
    wiped at once where the library keeps a key of its own. Raises ValueError for a secret that is no key."""
    exchange.apiKey, exchange.secret = key_id, _NOT_HERE
    _WAYS[exchange.id](exchange, key_id, secret)


def _kraken(exchange: ccxt.Exchange, key_id: str, secret: HeldSecret) -> None:
    public = exchange.sign

    def sign(path: str, api: Any = ("public",), method: str = "GET", params: Any = None) -> dict[str, Any]:
        if list(api) != ["private"]:
            return dict(public(path, list(api), method, params or {}))
        nonce = str(exchange.incrementing_nonce())
        body = exchange.urlencode_nested({"nonce": nonce, **(params or {})})
        where = f"/{exchange.version}/private/{path}"
        digest = where.encode() + hashlib.sha256((nonce + body).encode()).digest()
        # OpenSSL reads the buffer itself: no copy of the key is made in Python.
        signature = hmac.digest(secret.view, digest, "sha512")
        return {
            "url": str(exchange.urls["api"]["private"]) + where,
            "method": method,
            "body": body,
            "headers": {
                "API-Key": key_id,
                "API-Sign": base64.b64encode(signature).decode(),
                "Content-Type": "application/x-www-form-urlencoded",
            },
        }

    exchange.sign = sign


def _coinbase(exchange: ccxt.Exchange, key_id: str, secret: HeldSecret) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(secret.view, password=None)
    except TypeError:
        raise ValueError("the key is encrypted") from None
    except UnsupportedAlgorithm:
        raise ValueError("the key is of an unknown kind") from None
    finally:
        secret.wipe()
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the key is no ECDSA key on P-256")
    algorithm = ec.ECDSA(hashes.SHA256())

    def token(seconds: int, method: str | None = None, url: str | None = None, eddsa: bool = False) -> str:
        address = urlsplit(url or "")
        claims = {
            "aud": ["retail_rest_api_proxy"],
            "iss": "coinbase-cloud",
            "nbf": seconds,
            "exp": seconds + _GOOD_FOR_S,
            "sub": key_id,
            "iat": seconds,
            "uri": f"{method} {address.netloc}{address.path}",
        }
        header = {"kid": key_id, "nonce": secrets.token_hex(16), "alg": "ES256", "typ": "JWT"}
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        r, s = decode_dss_signature(key.sign(signed.encode(), algorithm))
        return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    # Keys that are named otherwise would be signed in the older way, with a secret that is not here.
    if "organizations/" not in key_id:
        raise ValueError("the key name is not of the form organizations/.../apiKeys/...")
    exchange.create_auth_token = token


_WAYS: Mapping[str, Callable[[ccxt.Exchange, str, HeldSecret], None]] = {
    "kraken": _kraken,
    "coinbase": _coinbase,
}


def _encoded(content: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
