"""The signer of a wallet: it signs only while the account's breaker lets it, and its key stays where it is."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from wallet_cases import (
    CHAIN,
    CONTRACT,
    EVM_SECRET,
    FIELDS,
    SIGNED,
    SOLANA_PUBLIC,
    SOLANA_SECRET,
    SOLANA_SEED,
    live_profile,
    verdict,
)

from memesnipe_cli.clock import DAY_MS, MINUTE_MS
from memesnipe_cli.errors import ConfigError, ExitCode
from memesnipe_cli.profile import Profile
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.latch_state import Hold, Latch
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT
from memesnipe_cli.signer import frames
from memesnipe_cli.signer.client import Signer, SignerOrder
from memesnipe_cli.signer.errors import SignerGoneError, SignerRefusedError
from memesnipe_cli.signer.wallets import Guard, WalletService, sign_evm, sign_solana, wallet_address
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.vault import wallet_shapes
from memesnipe_cli.vault.homes import FILE
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import WALLET
from memesnipe_cli.vault.vault import Vault

FENCE = 7
OPEN = Latch("main", fence=FENCE)
STOP = Hold(Level.HALT, "manual", "by hand", "", "person")
PASSPHRASE = b"correct horse battery"
PROGRAM = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"  # pragma: allowlist secret
LIVE = f"""kind = "live"
[account]
venue = "kraken"
[wallets]
solana_programs = ["{PROGRAM}"]
evm_chains = [{CHAIN}]
evm_contracts = ["{CHAIN}:{CONTRACT}"]
"""


# --- the guard ------------------------------------------------------------------------------------------------


def permitted(
    latch: Latch | None, fence: int = FENCE, profile: Profile | None = None, trades: bool = True
) -> str:
    look = None if latch is None else lambda: latch
    guard = Guard(profile or live_profile(), look, trades=trades)
    return verdict(lambda: guard.permit(fence))


def test_the_breaker_and_the_fence_hold_whatever_is_listed() -> None:
    assert permitted(OPEN) == SIGNED
    assert permitted(OPEN, fence=FENCE + 1) == SIGNED
    assert permitted(OPEN, fence=FENCE - 1) == "fence"
    for level in (Level.HALT, Level.EMERGENCY):
        assert permitted(OPEN.raised(ACCOUNT, replace(STOP, level=level))) == "latch"
    assert permitted(OPEN.raised("symbol:DOGE/USD", STOP)) == SIGNED


def test_a_latch_that_is_lost_or_damaged_signs_nothing(tmp_path: Path) -> None:
    latch = LatchFile(StorePaths(tmp_path), "main")
    guard = Guard(live_profile(), lambda: latch.read(must_exist=True))
    assert verdict(lambda: guard.permit(FENCE)) == "latch"
    latch.create()
    assert verdict(lambda: guard.permit(FENCE)) == SIGNED
    latch.path.write_bytes(b"{")
    assert verdict(lambda: guard.permit(FENCE)) == "latch"


def test_nothing_is_signed_on_paper_without_an_account_or_for_a_look() -> None:
    assert permitted(OPEN, profile=Profile()) == "paper"
    assert permitted(None) == "account"
    assert permitted(OPEN, trades=False) == "reads_only"


def test_signatures_have_a_rate() -> None:
    now = [1_000_000_000_000]
    profile = live_profile(transactions_per_minute=2, transactions_per_day=3)
    guard = Guard(profile, lambda: OPEN, now=lambda: now[0])
    said = []
    for step_ms in (0, 0, 0, MINUTE_MS - 1, 1, MINUTE_MS, -DAY_MS, 2 * DAY_MS - 2 * MINUTE_MS, 1):
        now[0] += step_ms
        said.append(verdict(lambda: guard.permit(FENCE)))
    # Two a minute, the third after one; then the day is full, also for a clock that is set back.
    assert said == [SIGNED, SIGNED, "rate", "rate", SIGNED, "rate", "rate", SIGNED, SIGNED]


def test_what_is_refused_is_not_counted() -> None:
    latch = [OPEN.raised(ACCOUNT, STOP)]
    guard = Guard(live_profile(transactions_per_minute=1), lambda: latch[0])
    assert verdict(lambda: guard.permit(FENCE)) == "latch"
    latch[0] = OPEN
    assert verdict(lambda: guard.permit(FENCE)) == SIGNED


# --- what is asked --------------------------------------------------------------------------------------------


class AnyWallet:
    """Signs whatever it is asked for."""

    address = "its address"

    def checked(self, request: Mapping[str, Any]) -> Callable[[], bytes]:
        return lambda: b"signed"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"operation": "address"}, {"address": "its address"}),
        ({"operation": "sign_transaction", "fence": FENCE}, {"transaction": "c2lnbmVk"}),
        ({"operation": "sign_transaction"}, "not_allowed"),
        ({"operation": "sign_transaction", "fence": True}, "not_allowed"),
        ({"operation": "sign_message", "fence": FENCE}, "not_allowed"),
        ({}, "not_allowed"),
    ],
)
def test_a_service_tells_its_address_and_signs_transactions(
    request_: dict[str, object], answer: object
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frames.write(ours, {"id": 5, **request_})
        ours.shutdown(socket.SHUT_WR)
        WalletService(theirs, AnyWallet(), Guard(live_profile(), lambda: OPEN)).run()
        said = frames.read(ours)
    assert said is not None and said.pop("id") == 5
    assert said.get("refused", said) == answer


def test_a_signer_that_does_not_answer_is_gone() -> None:
    class Silent(Signer):
        def __init__(self) -> None:
            self.asked: list[Mapping[str, Any]] = []

        def ask(self, message: Mapping[str, Any], within_s: float) -> None:
            self.asked.append(message)

    signer = Silent()
    with pytest.raises(SignerGoneError):
        wallet_address(signer)
    assert signer.asked == [{"operation": "address"}]


# --- the process ----------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with an account, a profile that lists something, and a passphrase of encrypted files from systemd."""
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    (credentials / "memesnipe.passphrase").write_bytes(PASSPHRASE)
    (credentials / "memesnipe.passphrase").chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    (tmp_path / "mine.toml").write_text(LIVE)
    LatchFile(StorePaths(tmp_path / "store"), "main").create()
    return tmp_path


def keep(home: Path, owner: str, secret: str) -> str:
    """Returns the fingerprint."""
    vault = Vault(home / "config" / "memesnipe" / "vault", None, lambda what: PASSPHRASE)
    return vault.add(owner, "wallet", Material("", secret, WALLET), FILE, None).fingerprint


@contextmanager
def signer_of(place: Path, owner: str, profile: str = "mine.toml", **changed: object) -> Iterator[Signer]:
    path = str(place / profile) if profile.endswith(".toml") else profile
    asked = SignerOrder(
        owner=owner, key="wallet", store=str(place / "store"), profile=path, account="main", unattended=True
    )
    signer = Signer(replace(asked, **changed))  # type: ignore[arg-type]
    try:
        yield signer
    finally:
        signer.close()


def rule_of(refused: pytest.ExceptionInfo[SignerRefusedError]) -> str:
    return refused.value.rule


def forms(secret: bytes, *written: str) -> set[bytes]:
    """Every way to write a key."""
    found = {
        secret,
        secret.hex().encode(),
        base64.b64encode(secret)[:-2],
        *(each.encode() for each in written),
    }
    return found | {json.dumps(list(secret)).encode()[1:-1], ",".join(map(str, secret)).encode()}


def written_anywhere(place: Path, home: Path, said: str, needles: set[bytes]) -> list[str]:
    files = [path for root in (place, home) for path in root.rglob("*") if path.is_file()]
    texts = {"output": said.encode(), **{str(path): path.read_bytes() for path in files}}
    return [name for name, text in texts.items() if any(needle in text for needle in needles)]


def test_a_solana_wallet_through_its_process(
    place: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("solders", reason="the extra `wallets` is not installed")
    from solders.hash import Hash
    from solders.instruction import AccountMeta, Instruction
    from solders.message import Message
    from solders.pubkey import Pubkey
    from solders.transaction import VersionedTransaction

    fingerprint = keep(home, "solana", SOLANA_SECRET)
    own = Pubkey(SOLANA_PUBLIC)
    swap = Instruction(Pubkey.from_string(PROGRAM), b"swap", [AccountMeta(own, True, True)])
    message = bytes(Message.new_with_blockhash([swap], own, Hash.new_unique()))
    latch = LatchFile(StorePaths(place / "store"), "main")
    fence = latch.take_fence()

    with signer_of(place, "solana") as signer:
        assert wallet_address(signer) == str(own)
        facts = signer.facts()
        assert (facts["kind"], facts["home"], facts["fingerprint"]) == ("wallet", "file", fingerprint)
        signed = VersionedTransaction.from_bytes(sign_solana(signer, message, fence))
        assert signed.verify_with_results() == [True] and bytes(signed.message) == message
        with pytest.raises(SignerRefusedError) as refused:
            sign_solana(signer, message[:-1], fence)
        assert rule_of(refused) == "form"
        latch.trip(ACCOUNT, STOP)
        with pytest.raises(SignerRefusedError) as refused:
            sign_solana(signer, message, fence)
        assert rule_of(refused) == "latch"
        assert refused.value.exit_code == ExitCode.REFUSED
        # What it does not know it does not do, and it lives on.
        said = signer.ask({"operation": "export"}, 5)
        assert said is not None and said["refused"] == "not_allowed"
        assert wallet_address(signer) == str(own)

    needles = forms(SOLANA_SEED, SOLANA_SECRET) | forms(SOLANA_SEED + SOLANA_PUBLIC)
    shown = capfd.readouterr()
    assert written_anywhere(place, home, shown.out + shown.err, needles) == []
    control = place / "control"
    control.write_bytes(b"key: " + SOLANA_SECRET.encode())
    assert written_anywhere(place, home, "", needles) == [str(control)]


def test_an_evm_wallet_through_its_process(
    place: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    account = pytest.importorskip("eth_account", reason="the extra `wallets` is not installed").Account
    keep(home, "evm", EVM_SECRET)
    latch = LatchFile(StorePaths(place / "store"), "main")
    fence = latch.take_fence()
    # As a library of the chain writes them: numbers and bytes.
    fields = {name: value if name in ("to", "data") else int(value, 16) for name, value in FIELDS.items()} | {
        "type": 2,
        "data": bytes.fromhex(FIELDS["data"][2:]),
    }

    with signer_of(place, "evm") as signer:
        address = wallet_address(signer)
        assert account.recover_transaction(sign_evm(signer, fields, fence)) == address
        with pytest.raises(SignerRefusedError) as refused:
            sign_evm(signer, {**fields, "value": 2**200}, fence)
        assert rule_of(refused) == "form"
        latch.take_fence()
        with pytest.raises(SignerRefusedError) as refused:
            sign_evm(signer, fields, fence)
        assert rule_of(refused) == "fence"
    assert address == account.from_key(EVM_SECRET).address

    shown = capfd.readouterr()
    needles = forms(bytes.fromhex(EVM_SECRET), str(int(EVM_SECRET, 16)))
    assert written_anywhere(place, home, shown.out + shown.err, needles) == []


def test_the_default_profile_signs_nothing(place: Path, home: Path) -> None:
    pytest.importorskip("eth_account", reason="the extra `wallets` is not installed")
    keep(home, "evm", EVM_SECRET)
    with signer_of(place, "evm", profile="paper") as signer:
        assert wallet_address(signer)
        with pytest.raises(SignerRefusedError) as refused:
            sign_evm(signer, FIELDS, 2**62)
        assert rule_of(refused) == "chain"


def test_a_wallet_that_is_not_there_is_said_before_anything_is_asked(place: Path) -> None:
    pytest.importorskip("solders", reason="the extra `wallets` is not installed")
    with signer_of(place, "solana") as signer, pytest.raises(ConfigError) as missing:
        wallet_address(signer)
    assert missing.value.code == "key_missing"


def test_without_the_extra_the_next_step_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallet_shapes, "find_spec", lambda name: None)
    for owner, library in (("solana", "solders"), ("evm", "eth-account")):
        with pytest.raises(ConfigError, match=f"{library} is not installed") as missing:
            wallet_shapes.check_library(owner)
        assert (missing.value.exit_code, missing.value.code) == (ExitCode.CONFIG, "wallets_extra")
        assert missing.value.hint == "pip install 'memesnipe[wallets]'"
