"""Which instructions of a Solana transaction may be signed: those of programs that the profile lists, and of these
never one that hands over money, tokens, or the right to them, as far as an instruction shows it.

Numbers of instructions: solana-system-interface (SystemInstruction), spl-token and Token-2022 (TokenInstruction),
spl-associated-token-account, solana-compute-budget-interface.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.vault import base58

ADDRESS_BYTES = 32
SYSTEM = "11111111111111111111111111111111"
# Addresses of programs, though some look like keys.
TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105  # pragma: allowlist secret
TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"  # noqa: S105  # pragma: allowlist secret
ASSOCIATED_TOKEN = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"  # noqa: S105  # pragma: allowlist secret
COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111"

# They move lamports, change owners or lay down code, or what they do with a signature is nothing that trades.
NEVER: Mapping[str, str] = {
    SYSTEM: "System Program",
    "Vote111111111111111111111111111111111111111": "Vote Program",
    "Stake11111111111111111111111111111111111111": "Stake Program",
    "Config1111111111111111111111111111111111111": "Config Program",
    "AddressLookupTab1e1111111111111111111111111": "Address Lookup Table Program",
    "BPFLoader1111111111111111111111111111111111": "BPF Loader",
    "BPFLoader2111111111111111111111111111111111": "BPF Loader",
    "BPFLoaderUpgradeab1e11111111111111111111111": "BPF Loader",
    "LoaderV411111111111111111111111111111111111": "Loader",
    "Ed25519SigVerify111111111111111111111111111": "Ed25519 Program",
    "KeccakSecp256k11111111111111111111111111111": "Secp256k1 Program",
    "Secp256r1SigVerify1111111111111111111111111": "Secp256r1 Program",
}
_SYSTEM_NAMES = (
    "CreateAccount",
    "Assign",
    "Transfer",
    "CreateAccountWithSeed",
    "AdvanceNonceAccount",
    "WithdrawNonceAccount",
    "InitializeNonceAccount",
    "AuthorizeNonceAccount",
    "Allocate",
    "AllocateWithSeed",
    "AssignWithSeed",
    "TransferWithSeed",
)
_TOKEN_NAMES = {
    3: "Transfer",
    4: "Approve",
    6: "SetAuthority",
    7: "MintTo",
    8: "Burn",
    12: "TransferChecked",
    13: "ApproveChecked",
    15: "BurnChecked",
    26: "TransferFeeExtension",
    38: "WithdrawExcessLamports",
    45: "UnwrapLamports",
    255: "Batch",
}
_REVOKE, _CLOSE, _SYNC_NATIVE = 5, 9, 17
_HEAP, _UNIT_LIMIT, _UNIT_PRICE, _DATA_LIMIT = 1, 2, 3, 4
_BUDGET_SIZES = {_HEAP: 5, _UNIT_LIMIT: 5, _UNIT_PRICE: 9, _DATA_LIMIT: 5}
LAMPORTS_PER_SIGNATURE = 5_000
# What a transaction may use at most, whatever it asks for.
_MOST_UNITS = 1_400_000
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Instruction:
    """program, accounts: addresses in base 58."""

    program: str
    accounts: tuple[str, ...]
    data: bytes


def is_address(text: str) -> bool:
    """Whether a text is the address of something on Solana."""
    if len(text) > 2 * ADDRESS_BYTES:
        return False
    try:
        return len(base58.decode(text)) == ADDRESS_BYTES
    except ValueError:
        return False


def check_instructions(
    instructions: Sequence[Instruction], own: str, allowed: Collection[str], most_lamports: int
) -> None:
    """Return where a transaction of these may be signed. own: the wallet's address; allowed: programs; most_lamports:
    of fees. Raises SignerRefusedError, by the first rule that says no."""
    if not instructions:
        raise SignerRefusedError("form", "the transaction has no instruction")
    for each in instructions:
        if each.program in NEVER:
            raise SignerRefusedError("program", f"{_never_name(each)}: nothing of it is ever signed")
        if each.program not in allowed:
            raise SignerRefusedError(
                "program",
                f"the program {each.program} is not on the profile's list",
                "wallets.solana_programs of the profile; docs/wallets.md",
            )
        check = _CHECKS.get(each.program)
        if check is not None:
            check(each, own)
    _check_fee(instructions, most_lamports)


def _never_name(instruction: Instruction) -> str:
    name = NEVER[instruction.program]
    tag = int.from_bytes(instruction.data[:4], "little")
    if instruction.program != SYSTEM or len(instruction.data) < 4 or tag >= len(_SYSTEM_NAMES):
        return name
    return f"{name}, {_SYSTEM_NAMES[tag]}"


def _token(instruction: Instruction, own: str) -> None:
    """Of the token programs: taking back an allowance, counting wrapped SOL, closing an account to the wallet."""
    data = instruction.data
    tag = data[0] if data else -1
    plain = len(data) == 1
    if plain and tag in (_REVOKE, _SYNC_NATIVE):
        return
    if plain and tag == _CLOSE:
        if len(instruction.accounts) < 3 or instruction.accounts[1] != own:
            raise SignerRefusedError("token", "CloseAccount pays out to another account than the wallet")
        return
    raise SignerRefusedError(
        "token", f"{_TOKEN_NAMES.get(tag, f'instruction {tag}')} of the Token Program is never signed"
    )


def _associated_token(instruction: Instruction, own: str) -> None:
    """An account for tokens of the wallet's own. Its rent is what the token program says: it must be one of the two."""
    if instruction.data not in (b"", b"\0", b"\1"):
        raise SignerRefusedError("token", "only Create of the Associated Token Account Program is signed")
    accounts = instruction.accounts
    if len(accounts) < 6 or accounts[2] != own:
        raise SignerRefusedError("token", "an account for tokens would be made for another wallet")
    if accounts[4] != SYSTEM or accounts[5] not in (TOKEN, TOKEN_2022):
        raise SignerRefusedError("token", "an account for tokens would be made by a strange token program")


def _budget(instruction: Instruction, own: str) -> None:
    data = instruction.data
    if not data or _BUDGET_SIZES.get(data[0]) != len(data):
        raise SignerRefusedError("form", "an instruction of the Compute Budget Program is not understood")


def _check_fee(instructions: Sequence[Instruction], most: int) -> None:
    """The fee of one signature and what is offered on top, at the limit of units: that, and no less, may be taken."""
    asked: dict[int, int] = {}
    for each in instructions:
        if each.program == COMPUTE_BUDGET:
            if each.data[0] in asked:
                raise SignerRefusedError("form", "the transaction sets its compute budget twice")
            asked[each.data[0]] = int.from_bytes(each.data[1:], "little")
    units = min(asked.get(_UNIT_LIMIT, _MOST_UNITS), _MOST_UNITS)
    fee = LAMPORTS_PER_SIGNATURE - (-units * asked.get(_UNIT_PRICE, 0) // _MICRO)
    if fee > most:
        raise SignerRefusedError(
            "fee",
            f"the fees would come to {fee} lamports, and at most {most} are signed for",
            "see docs/wallets.md",
        )


_CHECKS: Mapping[str, Callable[[Instruction, str], None]] = {
    TOKEN: _token,
    TOKEN_2022: _token,
    ASSOCIATED_TOKEN: _associated_token,
    COMPUTE_BUDGET: _budget,
}
