"""The secret key of a wallet: every form it comes in, and what is refused, never with a part of it in the words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from vault_cases import PASSPHRASE, keys, user_vault

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import base58, reading, wallet_shapes
from memesnipe_cli.vault.parsing import parse_material
from memesnipe_cli.vault.reading import read_key
from memesnipe_cli.vault.redaction import Redactor
from memesnipe_cli.vault.shapes import checked_shape
from memesnipe_cli.vault.wallet_shapes import CURVE_ORDER, address_of, wallet_bytes

pytestmark = pytest.mark.usefixtures("quick_files")
IN_FILE = ("--in", "file")
# RFC 8032, 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SOLANA = base58.encode(SEED + PUBLIC)
SOLANA_ADDRESS = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z"  # pragma: allowlist secret
# The first account of the development phrase that every tool of the trade shows.
EVM = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
EVM_ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
PHRASE = "test test test test test test test test test test test junk"


def kept(owner: str, text: str) -> str:
    """What becomes of a key."""
    material = checked_shape(owner, parse_material(owner, text.encode(), "wallet"))
    assert (material.id, material.kind) == ("", "wallet")
    return material.secret


@given(st.binary(max_size=70))
def test_base58_comes_back(data: bytes) -> None:
    assert base58.decode(base58.encode(data)) == data


def test_base58_is_that_of_solana() -> None:
    assert base58.encode(bytes(32)) == "1" * 32
    assert base58.encode(PUBLIC) == SOLANA_ADDRESS
    for wrong in ("0", "O", "I", "l", " ", "é"):
        with pytest.raises(ValueError):
            base58.decode(f"ab{wrong}")


@pytest.mark.parametrize(
    "text",
    [
        SOLANA,
        f"  {SOLANA}\n",
        json.dumps(list(SEED + PUBLIC)),
        json.dumps(list(SEED + PUBLIC), indent=1),
        json.dumps({"secretKey": list(SEED + PUBLIC)}),
        json.dumps({"name": "hot", "secret": SOLANA}),
    ],
)
def test_a_solana_key_is_kept_in_base58(text: str) -> None:
    assert kept("solana", text) == SOLANA
    assert wallet_bytes("solana", SOLANA) == SEED
    assert address_of("solana", SOLANA) == SOLANA_ADDRESS


@pytest.mark.parametrize(
    "text", [EVM, f"0x{EVM}", f"0X{EVM.upper()}\n", json.dumps({"privateKey": f"0x{EVM}"})]
)
def test_an_evm_key_is_kept_in_hex(text: str) -> None:
    assert kept("evm", text) == EVM
    assert wallet_bytes("evm", EVM).hex() == EVM


def test_the_address_of_an_evm_key() -> None:
    pytest.importorskip("eth_account", reason="the extra `wallets` is not installed")
    assert address_of("evm", EVM) == EVM_ADDRESS


def broken(key: bytes) -> str:
    return base58.encode(key[:-1] + bytes([key[-1] ^ 1]))


LOST = f"{PHRASE} ".replace("junk ", "")
REFUSED: tuple[tuple[str, str, str], ...] = (
    ("solana", PHRASE, "seed phrase"),
    ("solana", f"{PHRASE}\n{PHRASE}", "seed phrase"),
    ("solana", json.dumps(PHRASE.split()), "seed phrase"),
    ("solana", LOST, "seed phrase"),
    ("solana", SOLANA_ADDRESS, "seed or only an address"),
    ("solana", json.dumps(list(SEED)), "seed or only an address"),
    ("solana", EVM, "looks like the key of an EVM wallet"),
    ("solana", broken(SEED + PUBLIC), "do not belong together"),
    ("solana", SOLANA[:-4], "bytes were given"),
    ("solana", SOLANA + SOLANA, "too long"),
    ("solana", SOLANA.replace(SOLANA[9], "0"), "neither"),
    ("solana", json.dumps([*SEED, *PUBLIC, 0]), "bytes were given"),
    ("solana", json.dumps([*SEED, *PUBLIC[:-1], 256]), "no list of numbers"),
    ("solana", json.dumps([*SEED, *PUBLIC[:-1], True]), "no list of numbers"),
    ("solana", json.dumps([*SEED, *PUBLIC[:-1], "26"]), "no list of numbers"),
    ("solana", json.dumps(list(SEED + PUBLIC))[:-1], "begins like a list"),
    ("solana", "[" * 8000, "begins like a list"),
    ("solana", '{"a":' * 2000, "begins like JSON"),
    ("solana", '{"name": "hot"}', "the secret is empty"),
    ("solana", f"-----BEGIN EC KEY-----\n{SOLANA}\n-----END EC KEY-----", "PEM"),
    ("solana", "", "nothing was given"),
    ("evm", PHRASE, "seed phrase"),
    ("evm", json.dumps({"mnemonic": PHRASE}), "seed phrase"),
    ("evm", EVM_ADDRESS, "this is an address"),
    ("evm", EVM[:-1], "not 64 hex digits"),
    ("evm", f"{EVM}0", "not 64 hex digits"),
    ("evm", SOLANA, "not 64 hex digits"),
    ("evm", json.dumps(list(SEED + PUBLIC)), "not 64 hex digits"),
    ("evm", "0" * 64, "no private key"),
    ("evm", f"{CURVE_ORDER:064x}", "no private key"),
    ("evm", json.dumps({"crypto": {"ciphertext": EVM}, "address": EVM_ADDRESS[2:]}), "keystore"),
    ("evm", "xprv" + base58.encode(bytes([7]) * 80), "extended key"),
    ("evm", "é" * 64, "not 64 hex digits"),
)


@pytest.mark.parametrize(("owner", "text", "words"), REFUSED)
def test_what_is_refused_is_named_and_not_repeated(owner: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        kept(owner, text)
    error = refused.value
    assert words in error.message and error.hint and error.code == "key_shape"
    said = f"{error.message} {error.hint}"
    for piece in (text[:12], text[-12:], SOLANA[:8], EVM[:8], SOLANA_ADDRESS[:8], "junk", "157, 97"):
        assert not piece.strip() or piece not in said


@pytest.mark.parametrize("number", [1, CURVE_ORDER - 1])
def test_the_ends_of_the_curve_are_keys(number: int) -> None:
    assert kept("evm", f"{number:064x}") == f"{number:064x}"


def test_keys_of_both_come_and_go_by_the_commands(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("solders", reason="the extra `wallets` is not installed")
    pytest.importorskip("eth_account", reason="the extra `wallets` is not installed")
    for owner, key in (("solana", json.dumps(list(SEED + PUBLIC))), ("evm", f"0x{EVM}")):
        assert keys("add", owner, *IN_FILE, key=key, passphrase=PASSPHRASE) == 0
    vault = user_vault(home)
    read = read_key(vault, "solana", "wallet")
    assert (read.kind, read.home, read.secret) == ("wallet", "file", SOLANA)

    capsys.readouterr()
    assert keys("check", passphrase=PASSPHRASE) == 0
    checked = capsys.readouterr().out
    assert SOLANA_ADDRESS in checked and EVM_ADDRESS in checked
    assert keys("list") == 0
    listed = capsys.readouterr().out
    # Who sees the list need not learn which wallets are whose.
    assert read.fingerprint in listed and SOLANA_ADDRESS not in listed

    other = Ed25519PrivateKey.generate()
    new = base58.encode(other.private_bytes_raw() + other.public_key().public_bytes_raw())
    assert keys("rotate", "solana", key=new, passphrase=PASSPHRASE) == 0
    assert "opens its wallet for ever: move out what is there" in capsys.readouterr().err
    assert keys("remove", "evm", "--yes") == 0
    assert "revoke" not in capsys.readouterr().err
    assert [(entry.owner, entry.kind) for entry in vault.entries()] == [("solana", "wallet")]


def test_a_wallet_has_no_kind_to_choose(capsys: pytest.CaptureFixture[str]) -> None:
    assert keys("add", "solana", "--kind", "trade", key=SOLANA) == 2
    assert "solana is a wallet: its keys have no --kind" in capsys.readouterr().err


def test_without_the_extra_no_key_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wallet_shapes, "find_spec", lambda name: None)
    assert keys("add", "evm", *IN_FILE, key=EVM, passphrase=PASSPHRASE) == 4
    said = capsys.readouterr().err
    assert "eth-account is not installed" in said and "pip install 'memesnipe[wallets]'" in said


@pytest.mark.parametrize(
    ("owner", "key", "written"),
    [
        ("solana", SOLANA, [SOLANA, str(list(SEED + PUBLIC))[1:-1], (SEED + PUBLIC).hex(), SEED.hex()]),
        ("evm", EVM, [EVM, f"0x{EVM.upper()}"[2:], str(int(EVM, 16)), EVM.encode().hex()]),
    ],
)
def test_a_log_shows_no_form_of_a_key_that_was_read(
    owner: str, key: str, written: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redactor = Redactor()
    monkeypatch.setattr(reading, "REDACTOR", redactor)
    files = home / "credentials"
    files.mkdir(mode=0o700)
    (files / f"memesnipe.{owner}.hot").write_text(key)
    (files / f"memesnipe.{owner}.hot").chmod(0o600)
    found = read_key(user_vault(home, credentials=files), owner, "hot")
    assert (found.kind, found.home) == ("wallet", "credentials")
    for text in written:
        assert text not in redactor.redact(f"said {text} once")
