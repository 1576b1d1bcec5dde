"""`memesnipe keys add` and `memesnipe keys rotate`: a key comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.keys_kit import (
    Descriptor,
    Name,
    Offline,
    Owner,
    PassphraseDescriptor,
    Stdin,
    asked_rights,
    default_name,
    open_vault,
)
from memesnipe_cli.commands.keys_output import key_row

from memesnipe_cli.cli import Run, current
from memesnipe_cli.errors import UsageError
from memesnipe_cli.vault.homes import FILE, KEYRING
from memesnipe_cli.vault.naming import (
    KINDS,
    TRADE,
    WALLET,
    check_name,
    check_owner,
    is_venue,
    is_wallet,
    only_kind,
    title,
)

if TYPE_CHECKING:
    from memesnipe_cli.vault.index import Entry
    from memesnipe_cli.vault.material import Material


def add(
    ctx: typer.Context,
    venue: Owner,
    name: Name = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="trade|read|watchdog",
            help="What it is for: sending orders, looking only, or closing when the trader is dead. Default: as its "
            "name says, else trade.",
        ),
    ] = None,
    home: Annotated[
        str,
        typer.Option(
            "--in", metavar="keyring|file", help="The OS keyring, or a file encrypted with a passphrase."
        ),
    ] = KEYRING,
    stdin: Stdin = False,
    fd: Descriptor = None,
    passphrase_fd: PassphraseDescriptor = None,
    offline: Offline = False,
) -> None:
    """Keep a key: from a prompt that shows nothing, from stdin or from a file descriptor.

    The venue is asked what the key may do; one that may withdraw or transfer, or whose rights the venue does not
    tell, is refused and not kept. From then on the key is shown by its fingerprint only.
    """
    run = current(ctx)
    _refuse_arguments(ctx)
    owner = check_owner(venue)
    kind = _kind(owner, name, kind)
    name = check_name(name if name is not None else kind)
    if is_wallet(owner):
        from memesnipe_cli.vault.wallet_shapes import check_library

        check_library(owner)
    if home not in (KEYRING, FILE):
        raise UsageError("--in is neither keyring nor file", "give one of the two")
    vault = open_vault(run, passphrase_fd, new_passphrase=True)
    there = vault.index.find(owner, name)
    if there is not None:
        raise UsageError(
            f"there is a key {title(owner, name)} already ({there.fingerprint})",
            f"replace it: memesnipe keys rotate {owner} --name {name}; or give the new one another --name",
        )
    material = take_material(run, owner, kind, stdin, fd)
    rights = _fit_rights(run, owner, name, material, offline)
    entry = vault.add(owner, name, material, home, rights)
    _show(run, entry, f"{title(owner, name)} is kept in the {_spoken(home)}: {entry.fingerprint}")
    if rights is None and is_venue(owner):
        run.console.warn(
            f"{owner} was not asked what this key may do: memesnipe keys check {owner} --name {name}; real money asks "
            "before each start"
        )


def rotate(
    ctx: typer.Context,
    venue: Owner,
    name: Name = None,
    stdin: Stdin = False,
    fd: Descriptor = None,
    passphrase_fd: PassphraseDescriptor = None,
    offline: Offline = False,
) -> None:
    """Put a new key in place of an old one: add, verify, switch, remove; then revoke the old one at the venue.

    The old key stays until the new one has been asked about, stored, read back and compared.
    """
    run = current(ctx)
    _refuse_arguments(ctx)
    owner = check_owner(venue)
    name = check_name(default_name(owner, name))
    vault = open_vault(run, passphrase_fd)
    old = vault.index.find(owner, name)
    if old is None:
        from memesnipe_cli.vault.vault import missing

        raise missing(owner, name)
    material = take_material(run, owner, old.kind, stdin, fd).of_kind(old.kind)
    rights = _fit_rights(run, owner, name, material, offline)
    entry = vault.rotate(owner, name, material, rights)
    _show(run, entry, f"{title(owner, name)} is now {entry.fingerprint}", old_fingerprint=old.fingerprint)
    if is_wallet(owner):
        run.console.warn(
            f"the old key ({old.fingerprint}) opens its wallet for ever: move out what is there; a signer that runs "
            "goes on with it until it is started again"
        )
        return
    run.console.warn(
        f"the old key ({old.fingerprint}) still opens the account: revoke it at {owner} now; a trader that runs goes "
        "on with it until it is started again"
    )


def take_material(run: Run, owner: str, kind: str, stdin: bool, fd: int | None) -> Material:
    """See keys_roads."""
    from memesnipe_cli.commands import keys_roads

    material: Material = keys_roads.take_material(run, owner, kind, stdin, fd)
    return material


def _refuse_arguments(ctx: typer.Context) -> None:
    if ctx.args:
        raise UsageError(
            f"{len(ctx.args)} argument(s) too many: a key is never given on the command line",
            "others can read it there, and the shell remembers it: if it was a key, revoke it. "
            "Use the prompt, --stdin or --fd",
        )


def _kind(owner: str, name: str | None, kind: str | None) -> str:
    only = only_kind(owner)
    if only is not None:
        if kind is not None:
            what = "wallet" if only == WALLET else "data source"
            raise UsageError(f"{owner} is a {what}: its keys have no --kind", "leave --kind out")
        return only
    if kind is None:
        return name if name in KINDS else TRADE
    if kind not in KINDS:
        raise UsageError("--kind is none of trade, read and watchdog", "give one of the three")
    return kind


def _fit_rights(run: Run, owner: str, name: str, material: Material, offline: bool) -> tuple[str, ...] | None:
    if offline or not is_venue(owner):
        return None
    from memesnipe_cli.vault.rights import refuse_unfit, rights_words

    rights = asked_rights(run, owner, material)
    refuse_unfit(rights, material.kind, title(owner, name))
    return rights_words(rights)


def _show(run: Run, entry: Entry, text: str, **more: str) -> None:
    run.console.text(text, key_row(entry, **more))


def _spoken(home: str) -> str:
    return "OS keyring" if home == KEYRING else "encrypted file"
