"""What the commands that need keys share: their options, the vault of this user, and the question what a key may do.

The environment is read here, for where things are; a secret is never looked for in it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import Run
from memesnipe_cli.vault.naming import (
    DEFAULT_DATA_NAME,
    DEFAULT_NAME,
    DEFAULT_WALLET_NAME,
    OWNERS,
    is_venue,
    is_wallet,
)

if TYPE_CHECKING:
    from memesnipe_cli.vault.material import Material
    from memesnipe_cli.vault.reading import VaultKey
    from memesnipe_cli.vault.vault import Vault
    from memesnipe_cli.venues.facts import KeyRights


def complete_owner(incomplete: str) -> list[str]:
    """Venues, data sources and wallets that begin so."""
    return [each for each in OWNERS if each.startswith(incomplete)]


_OWNERS = "kraken, coinbase, a data source such as etherscan, helius, lunarcrush, or a wallet: solana, evm."
Owner = Annotated[str, typer.Argument(metavar="VENUE", help=_OWNERS, autocompletion=complete_owner)]
MaybeOwner = Annotated[
    str | None,
    typer.Argument(metavar="[VENUE]", help=f"{_OWNERS} Default: all keys.", autocompletion=complete_owner),
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="Which key. Default: trade (data, of a data source; wallet, of a wallet).",
    ),
]
Stdin = Annotated[
    bool,
    typer.Option(
        "--stdin", help="Read the key from stdin: the venue's JSON, or two lines: key name, secret."
    ),
]
Descriptor = Annotated[
    int | None,
    typer.Option("--fd", metavar="N", help="Read the key from this file descriptor, in the same forms."),
]
PassphraseDescriptor = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd", metavar="N", help="Read the passphrase of the encrypted file from this descriptor."
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Do not ask the venue now what the key may do.")]


def open_vault(
    run: Run, passphrase_fd: int | None = None, *, new_passphrase: bool = False, unattended: bool = False
) -> Vault:
    """This user's vault. The passphrase of encrypted files comes from systemd's credentials, else from the descriptor,
    else from the terminal; new_passphrase: there it is asked for twice; unattended: there nobody is asked."""
    from memesnipe_cli.commands.keys_roads import PassphraseRoads
    from platformdirs import user_config_path

    from memesnipe_cli.vault.credentials_home import CredentialsHome
    from memesnipe_cli.vault.vault import Vault

    folder = user_config_path("memesnipe", appauthor=False) / "vault"
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    credentials = Path(given) if given else None
    passphrase = PassphraseRoads(
        run,
        CredentialsHome(credentials).passphrase,
        passphrase_fd,
        twice=new_passphrase,
        may_ask=not unattended and run.console.can_ask,
    )
    return Vault(folder, credentials, passphrase)


def default_name(owner: str, name: str | None) -> str:
    """The name that is meant."""
    if name is not None:
        return name
    if is_venue(owner):
        return DEFAULT_NAME
    return DEFAULT_WALLET_NAME if is_wallet(owner) else DEFAULT_DATA_NAME


def ask_venue(run: Run, owner: str, key: Material | VaultKey) -> KeyRights:
    """What `key` may do, as its venue says now; see ask_rights for what it raises."""
    from memesnipe_cli.store.paths import StorePaths
    from memesnipe_cli.vault.rights import ask_rights

    return ask_rights(owner, key, run.profile.venue(owner).base_url, StorePaths(run.store_path).cache)


def asked_rights(run: Run, owner: str, key: Material | VaultKey) -> KeyRights:
    """`ask_venue`, with a bar on the terminal meanwhile."""
    with run.console.progress(f"asking {owner} what the key may do"):
        return ask_venue(run, owner, key)
