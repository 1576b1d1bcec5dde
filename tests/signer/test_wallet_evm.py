"""What an EVM key signs: calls of listed contracts without value, and none that gives away tokens or rights."""

from __future__ import annotations

from typing import Any

import pytest
from wallet_cases import CHAIN, CONTRACT, EVM_SECRET, FIELDS, SIGNED, held, verdict

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.profile_wallets import Wallets
from memesnipe_cli.signer.wallet_evm import CARRIES_CALLS, HANDS_OVER, LONGEST_DATA, EvmWallet

pytest.importorskip("eth_account", reason="the extra `wallets` is not installed")
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

LISTS = {"evm_chains": [1, CHAIN], "evm_contracts": [f"{CHAIN}:{CONTRACT}"]}
OTHER = "0x" + "ab" * 20


def wallet(**wallets: Any) -> EvmWallet:
    return EvmWallet(held(bytes.fromhex(EVM_SECRET)), Wallets(**{**LISTS, **wallets}))


def judged(fields: object, **wallets: Any) -> str:
    return verdict(lambda: wallet(**wallets).checked({"fields": fields}))


def with_fields(**changed: Any) -> dict[str, Any]:
    """Other fields; None takes one away."""
    return {name: value for name, value in {**FIELDS, **changed}.items() if value is not None}


def test_a_listed_contract_is_signed_for_and_the_chain_would_take_it() -> None:
    signer = wallet()
    raw = signer.checked({"fields": with_fields(type="0x2", accessList=[])})()
    assert Account.recover_transaction(raw) == signer.address
    fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    assert fields["type"] == 2 and not fields["accessList"]
    for name, value in FIELDS.items():
        found = fields[name]
        assert (found if isinstance(found, int) else int.from_bytes(found, "big")) == int(value, 16), name
    assert HexBytes(fields["data"]) == HexBytes(FIELDS["data"])


def test_the_page_is_wiped_and_a_number_that_is_no_key_is_none() -> None:
    secret = held(bytes.fromhex(EVM_SECRET))
    assert EvmWallet(secret, Wallets()).address.startswith("0x")
    assert not any(secret.view)
    empty = held(bytes(32))
    with pytest.raises(ValueError):
        EvmWallet(empty, Wallets())


def test_the_default_lists_nothing() -> None:
    assert judged(FIELDS, evm_chains=[], evm_contracts=[]) == "chain"
    assert judged(FIELDS, evm_contracts=[]) == "contract"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"to": to_checksum_address(CONTRACT)}, SIGNED),
        ({"to": CONTRACT.upper().replace("X", "x")}, SIGNED),
        ({"chainId": "0x1"}, "contract"),  # the same address is another contract there
        ({"chainId": "0xa"}, "chain"),
        ({"to": OTHER}, "contract"),
        ({"to": None}, "creation"),
        ({"to": ""}, "creation"),
        ({"to": "0x"}, "creation"),
        ({"to": CONTRACT[:-1]}, "form"),
        ({"to": 7}, "form"),
        ({"value": "0x1"}, "value"),
        ({"value": "0xde0b6b3a7640000"}, "value"),
        ({"gas": "0x7a120"}, SIGNED),
        ({"gas": "0x7a121"}, "fee"),
        ({"maxFeePerGas": "0x2540be400"}, SIGNED),  # 200,000 gas at 10 gwei
        ({"maxFeePerGas": "0x2540be401"}, "fee"),
        ({"maxFeePerGas": "0xf423f"}, "form"),  # below what is offered on top
        ({"data": "0x"}, "form"),
        ({"data": "0x04e45a"}, "form"),
        ({"data": "0x04e45aaf0"}, "form"),
        ({"data": "04e45aaf"}, "form"),
        ({"data": "0x04e45aaf" + "00" * LONGEST_DATA}, "form"),
        ({"data": None}, "form"),
        ({"nonce": 7}, "form"),
        ({"nonce": "7"}, "form"),
        ({"nonce": "0x07"}, "form"),
        ({"nonce": "-0x7"}, "form"),
        ({"nonce": "0x7\n"}, "form"),
        ({"nonce": None}, "form"),
        ({"type": "0x1"}, "form"),
        ({"type": "0x4"}, "form"),
        ({"accessList": [{"address": CONTRACT, "storageKeys": []}]}, "form"),
        ({"authorizationList": []}, "form"),
        ({"gasPrice": "0x1"}, "form"),
        ({"from": OTHER}, "form"),
    ],
)
def test_each_field_is_what_it_may_be(changed: dict[str, Any], expected: str) -> None:
    assert judged(with_fields(**changed)) == expected


@pytest.mark.parametrize("fields", [None, [], "0x02", {}])
def test_what_is_no_transaction(fields: object) -> None:
    assert judged(fields) in ("form", "creation")


@pytest.mark.parametrize("signature", HANDS_OVER)
def test_tokens_and_rights_are_never_given_away(signature: str) -> None:
    selector = function_signature_to_4byte_selector(signature).hex()
    for written in (selector, selector.upper()):
        assert judged(with_fields(data=f"0x{written}{'00' * 64}")) == "token"


@pytest.mark.parametrize("signature", CARRIES_CALLS)
def test_what_carries_calls_of_its_own_is_never_signed(signature: str) -> None:
    selector = function_signature_to_4byte_selector(signature).hex()
    assert judged(with_fields(data=f"0x{selector}{'00' * 64}")) == "call"


def test_well_known_selectors_are_among_them() -> None:
    known = {
        "095ea7b3": "approve",
        "a9059cbb": "transfer",
        "23b872dd": "transferFrom",
        "39509351": "increaseAllowance",
        "d505accf": "permit",
        "8fcbaf0c": "permit",
        "a22cb465": "setApprovalForAll",
        "87517c45": "approve",
        "2b67b570": "permit",
        "ac9650d8": "multicall",
        "5ae401dc": "multicall",
        "3593564c": "execute",
        "82ad56cb": "aggregate3",
        "6a761202": "execTransaction",
    }
    found = {function_signature_to_4byte_selector(each).hex(): each for each in (*HANDS_OVER, *CARRIES_CALLS)}
    assert {selector: found[selector].partition("(")[0] for selector in known} == known


def test_a_mistyped_contract_is_found_by_its_checksum() -> None:
    right = to_checksum_address(CONTRACT)
    wrong = right.swapcase().replace("X", "x")
    assert judged(FIELDS, evm_contracts=[f"{CHAIN}:{right}"]) == SIGNED
    with pytest.raises(ConfigError, match="checksum"):
        wallet(evm_contracts=[f"{CHAIN}:{wrong}"])
