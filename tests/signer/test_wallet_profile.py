"""The [wallets] table of a profile: what may be listed, and what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from memesnipe_cli.profile import load_profile, read_profile
from memesnipe_cli.profile_wallets import Wallets
from memesnipe_cli.signer.solana_rules import NEVER, SYSTEM, TOKEN, is_address

CONTRACT = "0x2626664c2603336E57B271c5C0b26F421741e481"


def problem(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(f"[wallets]\n{text}\n", encoding="utf-8")
    profile, problems = read_profile(path)
    assert (profile is None) == bool(problems)
    return problems[0].message if problems else ""


def test_the_default_profile_lists_nothing() -> None:
    wallets = load_profile("paper").wallets
    assert wallets == Wallets()
    assert (wallets.solana_programs, wallets.evm_chains, wallets.evm_contracts) == ([], [], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'solana_programs = ["{TOKEN}"]', ""),
        (f'evm_chains = [1]\nevm_contracts = ["1:{CONTRACT}"]', ""),
        (f'solana_programs = ["{SYSTEM}"]', "System Program, for which nothing is ever signed"),
        ('solana_programs = ["canary"]', "no address of a program"),
        (f'solana_programs = ["{"1" * 100}"]', "no address of a program"),
        (f'evm_contracts = ["1:{CONTRACT}"]', "whose chain is not in evm_chains"),
        (f'evm_chains = [1]\nevm_contracts = ["{CONTRACT}"]', "must match"),
        (f'evm_chains = [1]\nevm_contracts = ["01:{CONTRACT}"]', "must match"),
        ('evm_chains = ["1"]', "evm_chains.0"),
        ("evm_chains = [0]", "must be at least 1"),
        ("evm_gas = 40_000_000", "must be at most"),
        ("transactions_per_minute = 0", "must be at least 1"),
    ],
)
def test_what_may_be_listed(text: str, words: str, tmp_path: Path) -> None:
    found = problem(tmp_path, text)
    assert words in found and bool(words) == bool(found)
    assert "canary" not in found


def test_every_program_that_is_never_signed_for_has_an_address() -> None:
    assert all(is_address(each) for each in NEVER)
