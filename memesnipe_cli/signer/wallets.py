"""The keys of wallets, through the signer: a service that tells the address and signs transactions which the profile
lists, while the account's breaker lets it; and the functions that ask one for it.

It signs and hands back. Nothing in this project sends a transaction to a chain.
"""

from __future__ import annotations

import socket
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from memesnipe_cli import clock
from memesnipe_cli.clock import DAY_MS, MINUTE_MS
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.signer import frames
from memesnipe_cli.signer.errors import SignerGoneError, SignerRefusedError

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.risk.latch_state import Latch
    from memesnipe_cli.signer.client import Signer

ADDRESS, SIGN = "address", "sign_transaction"
_WITHIN_S = 10.0


class Wallet(Protocol):
    """A key of a chain (wallet_solana.py, wallet_evm.py)."""

    address: str

    def checked(self, request: Mapping[str, Any]) -> Callable[[], bytes]:
        """What makes the signed transaction that is asked for. Raises SignerRefusedError where it is not allowed."""


class Guard:
    """What holds whatever the transaction says. latch: of the account, as the file has it now; None for a signer
    without an account. trades: False for a signer that was started for a look."""

    def __init__(
        self,
        profile: Profile,
        latch: Callable[[], Latch] | None,
        *,
        trades: bool = True,
        now: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._profile = profile
        self._latch = latch
        self._trades = trades
        self._now = now
        self._signed: deque[int] = deque()

    def permit(self, fence: int) -> None:
        """Count one more signature. fence: the right to send that the transaction was approved under. Raises
        SignerRefusedError."""
        if not self._trades:
            raise SignerRefusedError(
                "reads_only", "this signer only tells an address: it was started for a look"
            )
        if self._profile.kind != "live":
            raise SignerRefusedError(
                "paper",
                f"the profile {self._profile.name} is for paper: no transaction is signed",
                'a profile with kind = "live"; docs/wallets.md',
            )
        self._check_latch(fence)
        self._count()

    def _check_latch(self, fence: int) -> None:
        if self._latch is None:
            raise SignerRefusedError(
                "account", "the signer was started for no account, whose breaker would say"
            )
        latch = self._latch()
        if latch.fence > fence:
            raise SignerRefusedError(
                "fence",
                f"the right to send was taken away (it was {fence}, and is {latch.fence})",
                "somebody took the account over: see memesnipe breaker status",
            )
        if latch.level() >= Level.HALT:
            raise SignerRefusedError(
                "latch",
                f"the breaker holds the account at {latch.level().name}: no transaction is signed",
                "see memesnipe breaker status",
            )

    def _count(self) -> None:
        now, allowed = self._now(), self._profile.wallets
        # A clock that was set back forgets nothing: what lies in the future then counts as well.
        while self._signed and self._signed[0] <= now - DAY_MS:
            self._signed.popleft()
        last_minute = sum(at > now - MINUTE_MS for at in self._signed)
        for found, most, what in (
            (last_minute, allowed.transactions_per_minute, "minute"),
            (len(self._signed), allowed.transactions_per_day, "day"),
        ):
            if found >= most:
                raise SignerRefusedError(
                    "rate", f"{found} transactions were signed within a {what}: that is all"
                )
        self._signed.append(now)


class WalletService:
    """Serves one other side."""

    def __init__(self, link: socket.socket, wallet: Wallet, guard: Guard) -> None:
        self._link = link
        self._wallet = wallet
        self._guard = guard

    def run(self) -> None:
        """Until the other side ends."""
        while (request := frames.read(self._link)) is not None:
            try:
                said = self._answered(request)
            except SignerRefusedError as error:
                said = {"refused": error.rule, "message": error.message, "hint": error.hint}
            frames.write(self._link, {"id": request.get("id"), **said})

    def _answered(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wanted = request.get("operation")
        if wanted == ADDRESS:
            return {"address": self._wallet.address}
        fence = request.get("fence")
        if wanted != SIGN or type(fence) is not int:
            raise SignerRefusedError(
                "not_allowed", "a wallet's signer tells its address and signs transactions"
            )
        sign = self._wallet.checked(request)
        self._guard.permit(fence)
        return {"transaction": b64encode(sign()).decode()}


def wallet_address(signer: Signer) -> str:
    """The address of the wallet whose key a signer has. Raises ConfigError for a key that is not there,
    SignerGoneError."""
    return str(_asked(signer, {"operation": ADDRESS})["address"])


def sign_solana(signer: Signer, message: bytes, fence: int) -> bytes:
    """The signed transaction of a serialized legacy or v0 message. fence: the right to send that it was approved under.
    Raises SignerRefusedError, ConfigError, SignerGoneError."""
    return _transaction(signer, {"message": b64encode(message).decode()}, fence)


def sign_evm(signer: Signer, fields: Mapping[str, Any], fence: int) -> bytes:
    """The signed raw transaction of EIP-1559's fields by their JSON-RPC names (`chainId`, `nonce`,
    `maxPriorityFeePerGas`, `maxFeePerGas`, `gas`, `to`, `value`, `data`), numbers as numbers or in hex. Raises as
    `sign_solana`."""
    return _transaction(
        signer, {"fields": {name: _on_the_wire(value) for name, value in fields.items()}}, fence
    )


def _on_the_wire(value: object) -> object:
    if isinstance(value, int):
        return hex(value)
    return f"0x{value.hex()}" if isinstance(value, bytes) else value


def _transaction(signer: Signer, what: Mapping[str, Any], fence: int) -> bytes:
    return b64decode(_asked(signer, {"operation": SIGN, "fence": fence, **what})["transaction"])


def _asked(signer: Signer, message: Mapping[str, Any]) -> dict[str, Any]:
    said = signer.ask(message, _WITHIN_S)
    if said is None:
        raise SignerGoneError("the signer does not answer", "try again; memesnipe doctor")
    if "refused" in said:
        raise SignerRefusedError(said["refused"], said["message"], said["hint"])
    return said
