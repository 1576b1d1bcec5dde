"""What a held key signs is what ccxt signs with the same key; and the key is gone from where it lay."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import ccxt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.signer.held import HeldSecret
from memesnipe_cli.signer.venue_keys import use_key

KRAKEN_SECRET = base64.b64encode(bytes(range(64))).decode()
KEY_ID = "organizations/org-1/apiKeys/key-1"
V3 = ["v3", "private"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PARAMS = st.dictionaries(TEXT, TEXT | st.integers() | st.booleans(), max_size=5)


def held(secret: bytes) -> HeldSecret:
    """In a page."""

    def read_into(buffer: memoryview) -> int:
        buffer[: len(secret)] = secret
        return len(secret)

    return HeldSecret(read_into)


def pem(key: Any, form: Any = serialization.PrivateFormat.PKCS8, locked: bytes = b"") -> bytes:
    """A private key as text."""
    lock = serialization.BestAvailableEncryption(locked) if locked else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, lock))


# Kraken


def kraken_pair(nonce: int = 1) -> tuple[Any, Any]:
    """ccxt's own client, and one that signs with what is held."""
    theirs, ours = ccxt.kraken({"apiKey": "id-1", "secret": KRAKEN_SECRET}), ccxt.kraken()
    use_key(ours, "id-1", held(base64.b64decode(KRAKEN_SECRET)))
    for each in (theirs, ours):
        each.incrementing_nonce = lambda: nonce
    return theirs, ours


THEIRS, OURS = kraken_pair()


@settings(max_examples=150, deadline=None)
@given(
    params=PARAMS, nonce=st.integers(0, 2**63), path=st.sampled_from(["AddOrder", "Balance", "CancelOrder"])
)
def test_kraken_is_signed_as_ccxt_signs_it(params: dict[str, Any], nonce: int, path: str) -> None:
    # ccxt alone lets a nonce of the caller go before its own, and speaks JSON for prices in percent.
    params.pop("nonce", None)
    for each in (THEIRS, OURS):
        each.incrementing_nonce = lambda: nonce
    assert OURS.sign(path, ["private"], "POST", params) == THEIRS.sign(path, ["private"], "POST", params)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"pair": "XDGUSD", "oflags": "fciq", "deadline": "2025-11-11T00:17:09Z"},
        {"cl_ord_id": "ä€😀 +&=%/?#\\\"'"},
        {"txid": "A,B,C"},
    ],
)
def test_special_characters_are_signed_as_ccxt_signs_them(params: dict[str, Any]) -> None:
    theirs, ours = kraken_pair(nonce=1_762_820_224_000)
    assert ours.sign("AddOrder", ["private"], "POST", params) == theirs.sign(
        "AddOrder", ["private"], "POST", params
    )


def test_public_requests_of_kraken_are_ccxts_own_and_carry_no_key() -> None:
    theirs, ours = kraken_pair()
    request = ours.sign("Ticker", ["public"], "GET", {"pair": "XDGUSD"})
    assert request == theirs.sign("Ticker", ["public"], "GET", {"pair": "XDGUSD"})
    assert "id-1" not in json.dumps(request)


def test_kraken_reads_the_held_key_anew_each_time() -> None:
    secret = held(base64.b64decode(KRAKEN_SECRET))
    exchange = ccxt.kraken()
    use_key(exchange, "id-1", secret)
    exchange.incrementing_nonce = lambda: 1
    before = exchange.sign("Balance", ["private"], "POST", {})
    assert bytes(secret.view) == bytes(range(64))
    secret.wipe()
    assert exchange.sign("Balance", ["private"], "POST", {}) != before


# Coinbase


def ec_key(curve: Any = None) -> Any:
    """A private key."""
    return ec.generate_private_key(curve or ec.SECP256R1())


def coinbase_with(secret: HeldSecret, key_id: str = KEY_ID) -> Any:
    """A client that signs with what is held."""
    exchange = ccxt.coinbase()
    use_key(exchange, key_id, secret)
    return exchange


def parts(request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], str, bytes]:
    """Header, claims, what was signed and the signature of a request's token."""
    kind, token = request["headers"]["Authorization"].split(" ")
    assert kind == "Bearer"
    head, claims, signature = token.split(".")
    return json.loads(decoded(head)), json.loads(decoded(claims)), f"{head}.{claims}", decoded(signature)


def decoded(text: str) -> bytes:
    """Base64 without its padding."""
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def assert_signed_by(key: Any, signed: str, signature: bytes) -> None:
    """Raises InvalidSignature otherwise."""
    assert len(signature) == 64
    pair = utils.encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    key.public_key().verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))


REQUESTS = [
    (V3, "GET", "brokerage/accounts", {"limit": 250, "cursor": "a&b=c"}),
    (V3, "GET", "brokerage/orders/historical/{order_id}", {"order_id": "o-1"}),
    (["v2", "private"], "GET", "accounts/{account_id}/transactions", {"account_id": "a-1", "limit": 100}),
    (V3, "POST", "brokerage/orders", {"client_order_id": "ä€", "order_configuration": {"sor_limit_ioc": {}}}),
    (V3, "POST", "brokerage/orders/batch_cancel", {"order_ids": ["o-1"]}),
]


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
@pytest.mark.parametrize(("interface", "method", "path", "params"), REQUESTS)
def test_coinbase_gets_the_token_that_ccxt_makes(
    form: Any, interface: list[str], method: str, path: str, params: dict[str, Any]
) -> None:
    key = ec_key()
    theirs = ccxt.coinbase({"apiKey": KEY_ID, "secret": pem(key, form).decode()})
    ours = coinbase_with(held(pem(key, form)))
    for each in (theirs, ours):
        each.seconds = lambda: 1_762_820_224
    wanted, made = (each.sign(path, interface, method, params) for each in (theirs, ours))
    head, claims, signed, signature = parts(made)
    their_head, their_claims, their_signed, their_signature = parts(wanted)
    assert len(head.pop("nonce")) >= len(their_head.pop("nonce"))
    assert (head, claims) == (their_head, their_claims)
    assert "?" not in claims["uri"]
    assert claims["uri"].startswith(f"{method} api.coinbase.com/")
    assert claims["exp"] - claims["nbf"] == 120
    assert_signed_by(key, signed, signature)
    assert_signed_by(key, their_signed, their_signature)
    del made["headers"]["Authorization"], wanted["headers"]["Authorization"]
    assert made == wanted


def test_no_two_tokens_are_alike() -> None:
    exchange = coinbase_with(held(pem(ec_key())))
    heads = [parts(exchange.sign("brokerage/accounts", V3, "GET", {}))[0] for _ in range(20)]
    assert len({head["nonce"] for head in heads}) == 20


def test_the_token_names_the_host_and_port_that_are_asked() -> None:
    exchange = coinbase_with(held(pem(ec_key())))
    exchange.urls["api"] = {"rest": "http://127.0.0.1:8080"}
    _, claims, _, _ = parts(exchange.sign("brokerage/accounts", V3, "GET", {"limit": 1}))
    assert claims["uri"] == "GET 127.0.0.1:8080/api/v3/brokerage/accounts"


def test_coinbases_key_is_wiped_once_it_is_read() -> None:
    secret = held(pem(ec_key()))
    size = len(secret.view)
    coinbase_with(secret)
    assert size > 200
    assert bytes(secret.view) == bytes(size)


def test_no_client_has_a_secret_of_its_own() -> None:
    text = pem(ec_key()).decode()
    kraken, coinbase = kraken_pair()[1], coinbase_with(held(text.encode()))
    assert kraken.secret == coinbase.secret == "held by the signer"  # noqa: S105  no secret
    assert KRAKEN_SECRET not in str(vars(kraken))
    assert text.splitlines()[1] not in str(vars(coinbase))


BAD_KEYS = {
    "no PEM": os.urandom(32),
    "nothing": b"",
    "a damaged PEM": pem(ec_key()).replace(b"M", b"N"),
    "half a PEM": pem(ec_key())[:100],
    "an encrypted PEM": pem(ec_key(), locked=b"passphrase"),
    "an Ed25519 key": pem(ed25519.Ed25519PrivateKey.generate()),
    "an RSA key": pem(rsa.generate_private_key(65537, 2048)),
    "a key on another curve": pem(ec_key(ec.SECP384R1())),
    "a key on the curve of coins": pem(ec_key(ec.SECP256K1())),
    "a public key": ec_key()
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_secret_that_is_no_key_says_so_and_is_wiped(name: str) -> None:
    secret = held(BAD_KEYS[name])
    with pytest.raises(ValueError, match=r".") as said:
        coinbase_with(secret)
    assert bytes(secret.view) == bytes(len(BAD_KEYS[name]))
    assert "PRIVATE" not in str(said.value)


def test_a_key_with_another_name_is_not_used() -> None:
    with pytest.raises(ValueError, match="organizations/"):
        coinbase_with(held(pem(ec_key())), key_id="legacy-key")
