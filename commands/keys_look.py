"""`memesnipe keys list` and `memesnipe keys check`: which keys there are, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from memesnipe_cli.commands.keys_kit import MaybeOwner, Name, PassphraseDescriptor, asked_rights, open_vault
from memesnipe_cli.commands.keys_output import CHECK_COLUMNS, COLUMNS, key_row

from memesnipe_cli.cli import Run, current
from memesnipe_cli.errors import ConfigError, MemesnipeError
from memesnipe_cli.vault.naming import check_name, check_owner, is_venue, is_wallet, title

if TYPE_CHECKING:
    from memesnipe_cli.vault.index import Entry
    from memesnipe_cli.vault.vault import Vault

_NONE_YET = "no key is kept yet: memesnipe keys add kraken"


def list_keys(ctx: typer.Context) -> None:
    """Every key by name, kind, home and fingerprint; what its venue said it may do, and when. Asks nobody."""
    run = current(ctx)
    vault = open_vault(run)
    rows = []
    for entry in vault.entries():
        unlocked = vault.kernel.read(entry.owner, entry.name)
        rows.append(key_row(entry, None if unlocked is None else unlocked.until_ms))
    run.console.records(rows, COLUMNS, empty=_NONE_YET)


def check(
    ctx: typer.Context,
    venue: MaybeOwner = None,
    name: Name = None,
    passphrase_fd: PassphraseDescriptor = None,
) -> None:
    """Read each key and ask its venue what it may do. Exit code 4 where one may not be used, 5 where a venue is out of
    reach. Of a data source's key it is checked only that it can be read; of a wallet's the address is shown."""
    run = current(ctx)
    vault = open_vault(run, passphrase_fd)
    rows = []
    problems: list[MemesnipeError] = []
    for entry in chosen(vault.entries(), venue, name):
        problem = ""
        address = None
        try:
            address = _check_one(run, vault, entry)
        except MemesnipeError as error:
            problems.append(error)
            problem = error.message
        now = vault.index.find(entry.owner, entry.name) or entry
        rows.append(key_row(now, fit=not problem, problem=problem, address=address))
    run.console.records(rows, CHECK_COLUMNS, empty=_NONE_YET)
    if problems:
        # What is wrong with a key goes before a venue that is away.
        raise next((each for each in problems if isinstance(each, ConfigError)), problems[0])


def _check_one(run: Run, vault: Vault, entry: Entry) -> str | None:
    """The address of a wallet. Raises MemesnipeError where the key may not be used."""
    from memesnipe_cli.vault.reading import read_key
    from memesnipe_cli.vault.rights import refuse_unfit, rights_words

    key = read_key(vault, entry.owner, entry.name)
    if is_wallet(entry.owner):
        from memesnipe_cli.vault.wallet_shapes import address_of

        return address_of(entry.owner, key.secret)
    if not is_venue(entry.owner):
        return None
    rights = asked_rights(run, entry.owner, key)
    vault.checked(entry.owner, entry.name, rights_words(rights))
    refuse_unfit(rights, key.kind, title(entry.owner, entry.name))
    return None


def chosen(entries: Sequence[Entry], venue: str | None, name: str | None) -> list[Entry]:
    """Those of `entries` of that venue and name, all where neither is given. Raises ConfigError where one was named and
    is not there."""
    from memesnipe_cli.vault.vault import missing

    owner = None if venue is None else check_owner(venue)
    wanted = None if name is None else check_name(name)
    found = [each for each in entries if owner in (None, each.owner) and wanted in (None, each.name)]
    if not found and (owner or wanted):
        raise missing(owner, wanted)
    return found
