"""What a Solana key signs: transactions of listed programs, and nothing that hands over what the wallet has."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from wallet_cases import SIGNED, SOLANA_PUBLIC, SOLANA_SEED, held, verdict

from memesnipe_cli.profile_wallets import Wallets
from memesnipe_cli.signer import solana_rules as rules
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.wallet_solana import SolanaWallet

pytest.importorskip("solders", reason="the extra `wallets` is not installed")
from solders import compute_budget, system_program
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, CompiledInstruction, Instruction
from solders.message import Message, MessageV0, MessageV1, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction

OWN = Pubkey(SOLANA_PUBLIC)
OTHER, MINT, POOL = (Pubkey.new_unique() for _ in range(3))
DEX = Pubkey.new_unique()
TOKEN, TOKEN_2022 = Pubkey.from_string(rules.TOKEN), Pubkey.from_string(rules.TOKEN_2022)
ASSOCIATED = Pubkey.from_string(rules.ASSOCIATED_TOKEN)
LISTED = (str(DEX), rules.TOKEN, rules.TOKEN_2022, rules.ASSOCIATED_TOKEN, rules.COMPUTE_BUDGET)
ACCOUNT = get_associated_token_address(OWN, MINT)


def wallet(*programs: str, fee: int = 1_000_000) -> SolanaWallet:
    return SolanaWallet(held(SOLANA_SEED), Wallets(solana_programs=list(programs), solana_fee_lamports=fee))


def call(program: Pubkey, data: bytes, *accounts: Pubkey, signs: bool = True) -> Instruction:
    metas = [AccountMeta(each, signs and each == OWN, each != OWN) for each in accounts]
    return Instruction(program, data, metas)


def legacy(*instructions: Instruction, payer: Pubkey = OWN) -> bytes:
    return bytes(Message.new_with_blockhash(list(instructions), payer, Hash.new_unique()))


def v0(*instructions: Instruction, tables: Sequence[AddressLookupTableAccount] = ()) -> bytes:
    return to_bytes_versioned(MessageV0.try_compile(OWN, list(instructions), list(tables), Hash.new_unique()))


def request(message: bytes) -> dict[str, Any]:
    return {"message": b64encode(message).decode()}


def judged(message: bytes, *programs: str, fee: int = 1_000_000) -> str:
    return verdict(lambda: wallet(*(programs or LISTED), fee=fee).checked(request(message)))


SWAP = call(DEX, b"\x09swap", OWN, ACCOUNT, POOL)


def associated(data: bytes = b"\1", wallet: Pubkey = OWN, program: Pubkey = TOKEN) -> Instruction:
    accounts = (OWN, get_associated_token_address(wallet, MINT), wallet, MINT, system_program.ID, program)
    return call(ASSOCIATED, data, *accounts)


@pytest.mark.parametrize("make", [legacy, v0])
def test_a_listed_program_is_signed_for_and_the_chain_would_take_it(make: Any) -> None:
    message = make(compute_budget.set_compute_unit_limit(300_000), associated(), SWAP)
    transaction = wallet(*LISTED).checked(request(message))()
    read = VersionedTransaction.from_bytes(transaction)
    assert read.verify_with_results() == [True]
    assert to_bytes_versioned(read.message) == message


def test_the_address_is_the_public_key_and_the_page_is_wiped() -> None:
    secret = held(SOLANA_SEED)
    assert SolanaWallet(secret, Wallets()).address == str(OWN)
    assert not any(secret.view)


def test_the_default_lists_nothing() -> None:
    default = SolanaWallet(held(SOLANA_SEED), Wallets())
    for instruction in (SWAP, associated(), call(TOKEN, b"\5", ACCOUNT, OWN)):
        assert verdict(partial(default.checked, request(legacy(instruction)))) == "program"


SYSTEM_CALLS = {
    "transfer": system_program.transfer({"from_pubkey": OWN, "to_pubkey": OTHER, "lamports": 1}),
    "transfer to itself": system_program.transfer({"from_pubkey": OWN, "to_pubkey": OWN, "lamports": 1}),
    "assign": system_program.assign({"pubkey": OWN, "owner": OTHER}),
    "allocate": system_program.allocate({"pubkey": OWN, "space": 8}),
    "nonce": system_program.advance_nonce_account({"nonce_pubkey": POOL, "authorized_pubkey": OWN}),
    "withdraw nonce": system_program.withdraw_nonce_account(
        {"nonce_pubkey": POOL, "authorized_pubkey": OWN, "to_pubkey": OTHER, "lamports": 1}
    ),
    "short": call(system_program.ID, b"\2", OWN, OTHER),
}


@pytest.mark.parametrize("name", SYSTEM_CALLS)
def test_the_system_program_is_never_signed_for_though_it_were_listed(name: str) -> None:
    lists = Wallets.model_construct(**{**Wallets().model_dump(), "solana_programs": [*LISTED, rules.SYSTEM]})
    trusting = SolanaWallet(held(SOLANA_SEED), lists)
    message = request(legacy(SYSTEM_CALLS[name], SWAP))
    with pytest.raises(SignerRefusedError, match="System Program") as refused:
        trusting.checked(message)
    assert refused.value.rule == "program"


def test_a_refusal_says_which_instruction() -> None:
    for instruction, words in (
        (SYSTEM_CALLS["transfer"], "System Program, Transfer"),
        (call(TOKEN, b"\4" + bytes(8), ACCOUNT, OTHER, OWN), "Approve of the Token Program"),
    ):
        with pytest.raises(SignerRefusedError, match=words):
            wallet(*LISTED).checked(request(legacy(instruction)))


TOKEN_CALLS: tuple[tuple[str, bytes, tuple[Pubkey, ...], str], ...] = (
    ("revoke", b"\5", (ACCOUNT, OWN), SIGNED),
    ("sync native", b"\x11", (ACCOUNT,), SIGNED),
    ("close to itself", b"\x09", (ACCOUNT, OWN, OWN), SIGNED),
    ("close to another", b"\x09", (ACCOUNT, OTHER, OWN), "token"),
    ("close without an authority", b"\x09", (ACCOUNT, OWN), "token"),
    ("transfer", b"\3" + bytes(8), (ACCOUNT, OTHER, OWN), "token"),
    ("approve", b"\4" + bytes(8), (ACCOUNT, OTHER, OWN), "token"),
    ("set authority", b"\6\2\1" + bytes(OTHER), (ACCOUNT, OWN), "token"),
    ("burn", b"\x08" + bytes(8), (ACCOUNT, MINT, OWN), "token"),
    ("transfer checked", b"\x0c" + bytes(9), (ACCOUNT, MINT, OTHER, OWN), "token"),
    ("approve checked", b"\x0d" + bytes(9), (ACCOUNT, MINT, OTHER, OWN), "token"),
    ("transfer with a fee", b"\x1a\1" + bytes(17), (ACCOUNT, MINT, OTHER, OWN), "token"),
    ("unwrap lamports", b"\x2d\0", (ACCOUNT, OTHER, OWN), "token"),
    ("batch", b"\xff\3\x09" + b"\3" + bytes(8), (ACCOUNT, OTHER, OWN), "token"),
    ("revoke with more behind it", b"\5\0", (ACCOUNT, OWN), "token"),
    ("nothing", b"", (ACCOUNT, OWN), "token"),
)


@pytest.mark.parametrize("program", [TOKEN, TOKEN_2022])
@pytest.mark.parametrize(("name", "data", "accounts", "expected"), TOKEN_CALLS)
def test_tokens_stay_where_they_are(
    name: str, data: bytes, accounts: tuple[Pubkey, ...], expected: str, program: Pubkey
) -> None:
    assert judged(legacy(SWAP, call(program, data, *accounts))) == expected


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (associated(b""), SIGNED),
        (associated(b"\0"), SIGNED),
        (associated(program=TOKEN_2022), SIGNED),
        (associated(wallet=OTHER), "token"),
        (associated(b"\2"), "token"),
        (associated(program=POOL), "token"),  # whose accounts may be as large, and dear, as it likes
        (call(ASSOCIATED, b"", OWN, ACCOUNT, OWN, MINT), "token"),
        (call(ASSOCIATED, b"", OWN, ACCOUNT, OWN, MINT, POOL, TOKEN), "token"),
    ],
)
def test_accounts_for_tokens_are_made_for_the_wallet_only(instruction: Instruction, expected: str) -> None:
    assert judged(legacy(instruction, SWAP)) == expected


LIMIT, PRICE = compute_budget.set_compute_unit_limit, compute_budget.set_compute_unit_price


@pytest.mark.parametrize(
    ("budget", "fee", "expected"),
    [
        ((), 5_000, SIGNED),
        ((), 4_999, "fee"),
        ((LIMIT(100_000), PRICE(10_000)), 6_000, SIGNED),
        ((LIMIT(100_000), PRICE(10_000)), 5_999, "fee"),
        ((LIMIT(100_000), PRICE(10_001)), 6_000, "fee"),  # a part of a lamport is a whole one
        ((PRICE(10_000),), 18_999, "fee"),  # without a limit: as much as a transaction may use
        ((PRICE(10_000),), 19_000, SIGNED),
        ((LIMIT(2**32 - 1), PRICE(10_000)), 19_000, SIGNED),
        ((LIMIT(1), PRICE(2**64 - 1)), 10**9, "fee"),
        ((LIMIT(1), LIMIT(100_000)), 10**9, "form"),
        ((call(compute_budget.ID, b"\0" + bytes(8)),), 10**9, "form"),
        ((call(compute_budget.ID, b"\2" + bytes(5)),), 10**9, "form"),
        ((call(compute_budget.ID, b""),), 10**9, "form"),
    ],
)
def test_fees_have_a_cap(budget: tuple[Instruction, ...], fee: int, expected: str) -> None:
    assert judged(legacy(*budget, SWAP), fee=fee) == expected


def compiled(signers: int, readonly: int, keys: list[Pubkey], *calls: CompiledInstruction) -> bytes:
    message = Message.new_with_compiled_instructions(
        signers, readonly, 1, keys, Hash.new_unique(), list(calls)
    )
    return bytes(message)


ONE = CompiledInstruction(1, b"x", bytes([0]))
TABLE = AddressLookupTableAccount(Pubkey.new_unique(), [POOL])
FORMS: tuple[tuple[str, bytes, str], ...] = (
    ("as it should be", compiled(1, 0, [OWN, DEX], ONE), SIGNED),
    ("two signers", compiled(2, 0, [OWN, DEX], ONE), "signers"),
    ("no signer", compiled(0, 0, [OWN, DEX], ONE), "signers"),
    ("another payer", legacy(call(DEX, b"x"), payer=OTHER), "signers"),
    ("signed by both", legacy(call(DEX, b"x", OWN), payer=OTHER), "signers"),
    ("nobody pays", compiled(1, 1, [OWN, DEX], ONE), "form"),
    ("no instruction", compiled(1, 0, [OWN, DEX]), "form"),
    ("a program out of range", compiled(1, 0, [OWN, DEX], CompiledInstruction(2, b"", b"")), "form"),
    ("an account out of range", compiled(1, 0, [OWN, DEX], CompiledInstruction(1, b"", b"\2")), "form"),
    ("the payer as a program", compiled(1, 0, [OWN, DEX], CompiledInstruction(0, b"", b"")), "form"),
    ("a program that is not listed", legacy(SWAP, call(POOL, b"x", OWN)), "program"),
    ("a lookup table", v0(SWAP, tables=[TABLE]), "lookup_table"),
    ("bytes behind", legacy(SWAP) + b"\0", "form"),
    ("bytes missing", legacy(SWAP)[:-1], "form"),
    ("a text", b"sign in to a page", "form"),
    ("nothing", b"", "form"),
    ("too long", legacy(call(DEX, bytes(1300), OWN)), "form"),
    ("version 1", to_bytes_versioned(MessageV1.try_compile(OWN, [SWAP], Hash.new_unique(), None)), "form"),
    ("a version to come", b"\x82" + v0(SWAP)[1:], "form"),
)


@pytest.mark.parametrize(("name", "message", "expected"), FORMS, ids=[name for name, _, _ in FORMS])
def test_what_is_signed_is_a_whole_transaction_of_the_wallet_alone(
    name: str, message: bytes, expected: str
) -> None:
    assert judged(message) == expected


@pytest.mark.parametrize("message", [None, 7, "no base64!", ["a"]])
def test_what_is_no_message(message: object) -> None:
    assert verdict(lambda: wallet(*LISTED).checked({"message": message})) == "form"
