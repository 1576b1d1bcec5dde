"""`memesnipe audit restore`: an archive comes back as a store of its own, verified and halted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.audit_passphrase import Descriptor, Stdin, take_passphrase

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import Column

if TYPE_CHECKING:
    from memesnipe_cli.backup.restoring import Restored

EXAMPLES = (
    "memesnipe audit restore memesnipe-1a2b3c4d-20250131T120000Z.backup --to ~/restored",
    "memesnipe audit restore nightly.backup --to /srv/memesnipe --stdin < passphrase.txt",
)
_COLUMNS = (
    Column("account", "account"),
    Column("integrity", "integrity"),
    Column("completeness", "completeness"),
    Column("entries", "entries", right=True),
    Column("head", "head", write=lambda value: str(value)[:16]),
    Column("breaker", "breaker"),
)


def restore(
    ctx: typer.Context,
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="What audit backup has written.")],
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The store's new folder: must not exist, or be empty.")
    ],
    stdin: Stdin = False,
    passphrase_fd: Descriptor = None,
) -> int:
    """Bring an archive back as a store, and verify every journal in it. Appears whole, or not at all.

    Every account that has traded stands at HALT then: what happened after the backup is not in it. A live one can be
    reset only after trade reconcile found book and venue to agree. Profiles come into a folder of their own. Exit 7
    where a journal was broken already when it was backed up.
    """
    from memesnipe_cli.backup.reading import check_begins
    from memesnipe_cli.backup.restoring import check_free, restore

    run = current(ctx)
    target = to.expanduser().absolute()
    # What needs no passphrase comes first.
    check_free(target)
    check_begins(archive)
    passphrase = take_passphrase(run, stdin, passphrase_fd, new=False)
    with run.console.progress("restoring"):
        done = restore(archive, target, passphrase)
    run.console.records(
        [
            {**each.as_record(), "breaker": "HALT" if each.account in done.halted else "CLOSED"}
            for each in done.verdicts
        ],
        _COLUMNS,
        empty="there is no journal in this archive",
    )
    _say(run, done)
    return _code(done)


def _say(run: Run, done: Restored) -> None:
    say = run.console.say
    say(f"{done.root}: the store {done.manifest.store}, restored from backup of {done.manifest.time}")
    if done.profiles:
        say(f"{done.profiles} profiles are in {done.root / 'restored-profiles'}: copy those that you want")
    for account in done.halted:
        store = f"memesnipe --store {done.root}"
        first = f"{store} trade reconcile --account {account}, then: " if account in done.live else ""
        say(
            f"account {account} stands at HALT: {first}{store} breaker reset --account {account} --reason TEXT"
        )
    run.console.warn("never let this store and the one it was made of trade the same account at a venue")


def _code(done: Restored) -> int:
    from memesnipe_cli.errors import IntegrityError

    broken = [each for each in done.verdicts if each.broken]
    if broken:
        first = next(each for each in broken[0].findings if each["severity"] == "error")
        raise IntegrityError(
            f"restored as it was backed up, and account {broken[0].account!r} was broken then: {first['message']}",
            first["hint"],
        )
    return 0
