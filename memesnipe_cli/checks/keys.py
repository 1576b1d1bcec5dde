"""The keys: whether each can be read with nobody there, and still may do what it is for and no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from memesnipe_cli.checks.deadline import within
from memesnipe_cli.errors import MemesnipeError, NetworkError
from memesnipe_cli.records import FindingRecord, finding

if TYPE_CHECKING:
    from memesnipe_cli.vault.index import Entry
    from memesnipe_cli.vault.reading import VaultKey
    from memesnipe_cli.vault.vault import Vault
    from memesnipe_cli.venues.facts import KeyRights

DEADLINE_S = 20.0
# What passes when somebody logs in, unlocks or connects; anything else is wrong with the key itself.
_PASSING = ("keyring_", "kernel_", "passphrase_missing")

Ask = Callable[[str, "VaultKey"], "KeyRights"]


def check_keys(vault: Vault, ask: Ask | None, deadline_s: float = DEADLINE_S) -> list[FindingRecord]:
    """One finding a key. ask: asks a venue for the rights of a key, None offline; that the venue answers a signed
    question shows that the key can sign now, unattended. vault: one whose passphrases nobody is asked for."""
    try:
        entries = vault.entries()
    except MemesnipeError as error:
        return [finding("keys", "error", str(vault.index.path), error.message, error.hint)]
    if not entries:
        message = "none is kept; paper trading needs none"
        return [finding("keys", "info", "vault", message, "for real money: memesnipe keys add kraken")]
    answers = within(deadline_s, [partial(_check, vault, entry, ask) for entry in entries])
    return [_judge(entry, answer, deadline_s) for entry, answer in zip(entries, answers, strict=True)]


def _check(vault: Vault, entry: Entry, ask: Ask | None) -> str:
    """What the key was found to be. Raises MemesnipeError where it may not be used."""
    from memesnipe_cli.vault.naming import is_venue, title
    from memesnipe_cli.vault.reading import read_key
    from memesnipe_cli.vault.rights import refuse_unfit, rights_words

    key = read_key(vault, entry.owner, entry.name)
    if not is_venue(entry.owner):
        return "can be read"
    if ask is None:
        return "can be read; its venue was not asked (--offline)"
    rights = ask(entry.owner, key)
    vault.checked(entry.owner, entry.name, rights_words(rights))
    refuse_unfit(rights, key.kind, title(entry.owner, entry.name))
    return f"can sign now, and may {' and '.join(rights_words(rights))}"


def _judge(entry: Entry, answer: str | Exception | None, deadline_s: float) -> FindingRecord:
    from memesnipe_cli.vault.naming import title

    where = f"{title(entry.owner, entry.name)} ({entry.fingerprint})"
    again = f"memesnipe keys check {entry.owner} --name {entry.name}"
    if isinstance(answer, str):
        return finding("keys", "ok", where, answer)
    if answer is None:
        return finding("keys", "warning", where, f"was not found out within {deadline_s:g} s", again)
    if isinstance(answer, MemesnipeError):
        passing = isinstance(answer, NetworkError) or answer.code.startswith(_PASSING)
        return finding("keys", "warning" if passing else "error", where, answer.message, answer.hint)
    return finding("keys", "error", where, f"cannot be checked ({type(answer).__name__})", again)
