"""doctor says of each key whether it can be read with nobody there and may still do what it is for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from vault_cases import user_vault
from venue_server.keys import KRAKEN_KEY, KRAKEN_SECRET

from memesnipe_cli.checks.keys import Ask, check_keys
from memesnipe_cli.errors import ConfigError, NetworkError
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.reading import VaultKey
from memesnipe_cli.vault.vault import Vault
from memesnipe_cli.venues.facts import KeyRights

pytestmark = pytest.mark.usefixtures("quick_files")


@pytest.fixture
def vault(home: Path) -> Vault:
    """One with a trader's key and a data source's."""
    made = user_vault(home)
    made.add("kraken", "trade", Material(KRAKEN_KEY, KRAKEN_SECRET, "trade"), "file", None)
    made.add("etherscan", "data", Material("", "ABCDEFGH12345678", "data"), "file", None)
    return made


def answering(rights: KeyRights) -> Ask:
    return lambda owner, key: rights


def test_without_keys_there_is_nothing_to_complain_of(home: Path) -> None:
    (found,) = check_keys(user_vault(home), None)
    assert (found["check"], found["severity"]) == ("keys", "info")


def test_a_fit_key_is_shown_to_sign_and_the_answer_is_noted(vault: Vault) -> None:
    data, key = check_keys(vault, answering(KeyRights(True, True, False)))
    assert (data["severity"], key["severity"]) == ("ok", "ok"), key["message"]
    assert "can sign now, and may read and trade" in key["message"]
    entry = vault.index.find("kraken", "trade")
    assert entry is not None and entry.rights == ("read", "trade") and entry.checked_ms is not None
    assert entry.fingerprint in key["where"] and KRAKEN_SECRET not in str(key)


def test_a_key_that_may_withdraw_is_an_error(vault: Vault) -> None:
    _, key = check_keys(vault, answering(KeyRights(True, True, True)))
    assert (key["severity"], "withdraw" in key["message"]) == ("error", True)


def test_what_passes_by_itself_is_a_warning(home: Path, vault: Vault) -> None:
    def away(owner: str, key: VaultKey) -> KeyRights:
        raise NetworkError("kraken is away")

    def slow(owner: str, key: VaultKey) -> KeyRights:
        time.sleep(20)
        raise AssertionError

    def nobody(what: str) -> bytes:
        raise ConfigError("nobody is here", "come back", code="passphrase_missing")

    assert check_keys(vault, away)[1]["severity"] == "warning"
    late = check_keys(vault, slow, deadline_s=0.5)[1]
    assert (late["severity"], "within 0.5 s" in late["message"]) == ("warning", True)
    unattended = Vault(vault.index.path.parent, None, nobody)
    assert {each["severity"] for each in check_keys(unattended, None)} == {"warning"}


def test_a_key_that_is_not_what_was_added_is_an_error(vault: Vault) -> None:
    vault.files.write("kraken", "trade", Material("another", KRAKEN_SECRET, "trade"))
    assert check_keys(vault, None)[1]["severity"] == "error"
