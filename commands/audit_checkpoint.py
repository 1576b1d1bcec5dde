"""`memesnipe audit checkpoint`: what the journal is now, signed, and put where somebody else has it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ConfigError, MemesnipeError, UsageError
from memesnipe_cli.run_options import ShownAccount, shown_account
from memesnipe_cli.vault.homes import FILE, KEYRING

if TYPE_CHECKING:
    from memesnipe_cli.audit.anchors import Anchor, Tools
    from memesnipe_cli.audit.checkpoint_taking import Sign


def checkpoint(
    ctx: typer.Context,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH|git:DIR|mail:ADDRESS|https://...",
            help="Where else to put it: added to a file, one file each in a folder, a commit of a git repository, a "
            "mail, a POST. Repeatable.",
        ),
    ] = None,
    key: Annotated[
        str, typer.Option("--key", metavar="NAME", help="Which key of the vault signs.")
    ] = "checkpoint",
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make that key first; there must be none yet.")
    ] = False,
    home: Annotated[
        str,
        typer.Option(
            "--in", metavar="keyring|file", help="Where a new key is kept: as with memesnipe keys add."
        ),
    ] = KEYRING,
    account: ShownAccount = None,
) -> None:
    """Sign what the journal is now: its size, the hash of its last entry and the Merkle root over all of them. A copy
    that lies elsewhere shows later, with `audit verify --checkpoint`, that nothing before it was cut off or rewritten.

    The checkpoint is written to stdout, kept in the store's folder checkpoints/, and put wherever --to says.
    """
    from memesnipe_cli.audit import kept
    from memesnipe_cli.audit.anchors import anchor_of
    from memesnipe_cli.audit.audit_key import key_name
    from memesnipe_cli.audit.checkpoint_taking import signed, take
    from memesnipe_cli.clock import format_time
    from memesnipe_cli.records import record
    from memesnipe_cli.vault.naming import check_name

    run = current(ctx)
    account = shown_account(run, account)
    console, paths = run.console, run.store.paths
    name = check_name(key)
    if home not in (KEYRING, FILE):
        raise UsageError("--in is neither keyring nor file", "give one of the two")
    anchors = [anchor_of(each, _tools()) for each in to or ()]
    with console.progress(f"verifying {account}"):
        taken = take(paths, account)
    _have_key(run, name, new_key, home)
    note, public = signed(taken, key_name(name), _signer(run, name))
    there: list[str] = []
    failed: list[MemesnipeError] = []
    # One at a time: another that adds to the same file meanwhile would be lost.
    with kept.held(paths):
        if kept.keep_key(paths, public):
            console.say(f"the public key, for --public-key of audit verify; keep it elsewhere too:\n{public}")
        place = kept.keep(paths, account, taken.size, note)
        for anchor in anchors:
            try:
                anchor.write(taken, note)
                there.append(anchor.where)
            except MemesnipeError as error:
                failed.append(error)
    run.store.journal(account).append(
        "checkpoint",
        {"size": taken.size, "root": taken.root.hex(), "key": str(public), "anchored": there},
    )
    if console.mode is OutputMode.HUMAN:
        console.write_bytes(str(note).encode())  # byte for byte, whatever the terminal's encoding
    else:
        console.record(
            record(
                "checkpoint",
                store=taken.store,
                account=account,
                size=taken.size,
                root=taken.root.hex(),
                head=taken.head,
                time=format_time(taken.time_ms),
                public_key=str(public),
                fingerprint=public.fingerprint,
                anchored=there,
                kept=str(place),
                note=str(note),
            )
        )
    console.say(_spoken(taken.size, there, anchors))
    if failed:
        for other in failed[1:]:
            console.warn(other.message)
        raise failed[0]


def _spoken(size: int, there: list[str], anchors: list[Anchor]) -> str:
    if there:
        return f"{size} entries are signed, here and at {', '.join(there)}"
    if anchors:
        return f"{size} entries are signed, and the checkpoint is on this machine only"
    return (
        f"{size} entries are signed. The copy in the store goes where the store goes: put this one elsewhere, or "
        "use --to"
    )


def _tools() -> Tools:
    from memesnipe_cli.audit.anchors import Tools

    # Where sendmail is installed, it often stands in no search path of a user.
    sendmail = shutil.which("sendmail") or shutil.which("sendmail", path="/usr/sbin:/usr/lib:/sbin")
    return Tools(shutil.which("git"), sendmail)


def _have_key(run: Run, name: str, new: bool, home: str) -> None:
    """See that the vault has the key, or make it where that is wanted."""
    from memesnipe_cli.commands.keys_kit import open_vault

    from memesnipe_cli.audit.audit_key import key_name, new_key
    from memesnipe_cli.audit.note import VerifyKey
    from memesnipe_cli.vault.naming import AUDIT, title

    vault = open_vault(run, new_passphrase=True)
    spoken = title(AUDIT, name)
    there = vault.index.find(AUDIT, name)
    if there is not None or vault.credentials.read(AUDIT, name) is not None:
        if new:
            raise UsageError(
                f"there is a key {spoken} already", "leave --new-key out, or give another --key NAME"
            )
        return
    if not new:
        question = f"There is no key {spoken} to sign with. Make one, in the {home}? yes or no"
        if not run.console.can_ask:
            raise ConfigError(
                f"there is no key {spoken} to sign with",
                f"make one: memesnipe audit checkpoint --new-key --key {name}",
                code="key_missing",
            )
        if run.console.ask(question, "no", "--new-key").lower() not in ("y", "yes"):
            raise ConfigError("without a key nothing is signed", "", code="key_missing")
    material, public = new_key()
    vault.add(AUDIT, name, material, home, None)
    run.console.say(f"made the key {spoken}: {VerifyKey(key_name(name), public).fingerprint}")


def _signer(run: Run, name: str) -> Sign:
    """Has a process of its own sign, which alone reads the key."""
    from memesnipe_cli.signer.checkpoints import sign_checkpoint
    from memesnipe_cli.signer.client import SignerOrder
    from memesnipe_cli.vault.naming import AUDIT

    order = SignerOrder(
        owner=AUDIT,
        key=name,
        store=str(run.store_path),
        profile=run.profile_name,
        unattended=not run.console.can_ask,
    )
    return lambda text: sign_checkpoint(order, text)
