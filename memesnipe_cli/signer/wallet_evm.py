"""An EVM wallet in the signer: reads a transaction field by field, judges it, signs it. Nothing here sends one.

Only EIP-1559 transactions: no message, no typed data (EIP-712, by which tokens are given away without a transaction),
no authorization (EIP-7702). eth-account takes the key from the held page, which is wiped then, and keeps copies of its
own in Python's memory, which nobody can wipe before the process ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.held import HeldSecret

if TYPE_CHECKING:
    from memesnipe_cli.profile_wallets import Wallets

LONGEST_DATA = 16 * 1024
_GWEI = 10**9
_NUMBERS = ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "value")
_FIELDS = frozenset([*_NUMBERS, "to", "data"])
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,31})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_DATA = re.compile(rf"0x([0-9a-fA-F]{{2}}){{4,{LONGEST_DATA}}}")
# Hands over or gives up tokens, or the right to them, wherever it is called (ERC-20, 721, 777, 1155, 1363, 2612,
# Permit2) ...
HANDS_OVER = (
    "approve(address,uint256)",
    "approve(address,address,uint160,uint48)",
    "approveAndCall(address,uint256)",
    "approveAndCall(address,uint256,bytes)",
    "authorizeOperator(address)",
    "burn(uint256)",
    "burn(uint256,bytes)",
    "increaseAllowance(address,uint256)",
    "increaseApproval(address,uint256)",
    "permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)",
    "permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)",
    "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)",
    "permit(address,address,uint256,uint256,bytes)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    "safeTransfer(address,uint256)",
    "safeTransferFrom(address,address,uint256)",
    "safeTransferFrom(address,address,uint256,bytes)",
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "send(address,uint256,bytes)",
    "setApprovalForAll(address,bool)",
    "transfer(address,uint256)",
    "transfer(address,uint256,bytes)",
    "transferAndCall(address,uint256)",
    "transferAndCall(address,uint256,bytes)",
    "transferFrom(address,address,uint160,address)",
    "transferFrom(address,address,uint256)",
    "transferFromAndCall(address,address,uint256)",
    "transferFromAndCall(address,address,uint256,bytes)",
    "transferOwnership(address)",
)
# ... or carries calls of its own, of which none is seen here.
CARRIES_CALLS = (
    "aggregate((address,bytes)[])",
    "aggregate3((address,bool,bytes)[])",
    "aggregate3Value((address,bool,uint256,bytes)[])",
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
    "execute(address,uint256,bytes)",
    "execute(bytes,bytes[])",
    "execute(bytes,bytes[],uint256)",
    "executeBatch((address,uint256,bytes)[])",
    "multicall(bytes[])",
    "multicall(bytes32,bytes[])",
    "multicall(uint256,bytes[])",
    "tryAggregate(bool,(address,bytes)[])",
)


class EvmWallet:
    """Raises ValueError for a secret that is no key, ConfigError for a contract whose address is mistyped."""

    def __init__(self, secret: HeldSecret, allowed: Wallets) -> None:
        from eth_account import Account
        from eth_utils.abi import function_signature_to_4byte_selector

        try:
            self._account = Account.from_key(secret.view)
        finally:
            secret.wipe()
        self.address = str(self._account.address)
        self._allowed = allowed
        self._contracts = {allowed.chain_and_address(each) for each in allowed.evm_contracts}
        self._never = {
            function_signature_to_4byte_selector(each).hex(): each for each in (*HANDS_OVER, *CARRIES_CALLS)
        }
        for each in allowed.evm_contracts:
            _check_typed(each)

    def checked(self, request: Mapping[str, Any]) -> Callable[[], bytes]:
        """What makes the signed transaction of `fields`: those of EIP-1559 by their JSON-RPC names, numbers in hex.
        Raises SignerRefusedError."""
        fields = _fields(request.get("fields"))
        numbers = {name: _number(fields, name) for name in _NUMBERS}
        to, data = _matched(fields, "to", _ADDRESS), _matched(fields, "data", _DATA)
        self._check_call(numbers, to.lower(), data.lower())
        self._check_fees(numbers)
        return lambda: self._signed(numbers, to, bytes.fromhex(data[2:]))

    def _check_call(self, numbers: Mapping[str, int], to: str, data: str) -> None:
        chain = numbers["chainId"]
        if chain not in self._allowed.evm_chains:
            raise SignerRefusedError(
                "chain",
                f"the chain {chain} is not on the profile's list",
                "wallets.evm_chains; docs/wallets.md",
            )
        if (chain, to) not in self._contracts:
            raise SignerRefusedError(
                "contract",
                f"the contract {to} of the chain {chain} is not on the profile's list",
                "wallets.evm_contracts; docs/wallets.md",
            )
        if numbers["value"]:
            raise SignerRefusedError("value", f"{numbers['value']} wei would be sent along: none ever is")
        never = self._never.get(data[2:10])
        if never in CARRIES_CALLS:
            raise SignerRefusedError("call", f"{never} carries calls that cannot be seen: it is never signed")
        if never is not None:
            raise SignerRefusedError("token", f"{never} gives away tokens or rights: it is never signed")

    def _check_fees(self, numbers: Mapping[str, int]) -> None:
        gas, fee = numbers["gas"], numbers["maxFeePerGas"]
        if gas > self._allowed.evm_gas:
            raise SignerRefusedError(
                "fee", f"gas is {gas}, and at most {self._allowed.evm_gas} is signed for"
            )
        if numbers["maxPriorityFeePerGas"] > fee:
            raise SignerRefusedError("form", "maxPriorityFeePerGas is above maxFeePerGas")
        most = self._allowed.evm_fee_gwei
        if gas * fee > most * _GWEI:
            raise SignerRefusedError(
                "fee",
                f"the fees could come to {-(-gas * fee // _GWEI)} gwei, and at most {most} are signed for",
            )

    def _signed(self, numbers: Mapping[str, int], to: str, data: bytes) -> bytes:
        from eth_utils.address import to_checksum_address

        whole = {**numbers, "type": 2, "to": to_checksum_address(to), "data": data, "accessList": []}
        return bytes(self._account.sign_transaction(whole).raw_transaction)


def _check_typed(contract: str) -> None:
    """An address in both sizes of letters carries a checksum (EIP-55)."""
    from eth_utils.address import is_checksum_address

    address = contract.partition(":")[2]
    digits = address[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(address):
        raise ConfigError(
            f"wallets.evm_contracts has {contract}, whose checksum does not match: a letter is wrong",
            "copy the address again, from the contract's own documentation",
        )


def _fields(given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise SignerRefusedError("form", "the transaction has no fields")
    # A type, and a list that nothing stands in, may be named; they say nothing more.
    fields = {
        name: value
        for name, value in given.items()
        if (name, value) not in (("type", "0x2"), ("accessList", []))
    }
    if "to" not in fields or fields["to"] in (None, "", "0x"):
        raise SignerRefusedError("creation", "the transaction would create a contract: none is ever created")
    strange = sorted(set(fields) ^ _FIELDS)
    if strange:
        raise SignerRefusedError(
            "form", f"the fields are not those of an EIP-1559 transaction: {', '.join(strange)}"
        )
    return fields


def _number(fields: Mapping[str, Any], name: str) -> int:
    return int(_matched(fields, name, _QUANTITY), 16)


def _matched(fields: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = fields[name]
    if not isinstance(value, str) or not form.fullmatch(value):
        raise SignerRefusedError("form", f"{name} of the transaction is not understood")
    return value
