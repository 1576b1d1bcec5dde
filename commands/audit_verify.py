"""`memesnipe audit verify`: is the journal what was written, and is all of it there?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, Console, OutputMode

if TYPE_CHECKING:
    from memesnipe_cli.audit.verify import Verdict
    from memesnipe_cli.errors import IntegrityError
    from memesnipe_cli.store.paths import StorePaths

_COLUMNS = [
    Column("account", "account"),
    Column("integrity", "integrity"),
    Column("completeness", "completeness"),
    Column("entries", "entries", right=True),
    Column("segments", "segments", right=True),
    Column("witnessed", "witnessed", right=True),
    Column("checkpointed", "checkpointed", right=True),
    Column("head", "head", write=lambda value: str(value)[:16]),
]
_FINDINGS = [
    Column("check", "check"),
    Column("", "severity"),
    Column("where", "where"),
    Column("what", "message"),
]


_CHECKPOINTS = [
    Column("checkpoint", "size", right=True),
    Column("of", "time"),
    Column("signed by", "key", write=lambda value: str(value or "nobody that is trusted")),
    Column("key", "trusted"),
]


def verify(
    ctx: typer.Context,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|-",
            help="Hold the journal against the signed checkpoints in this file (`-`: stdin): nothing before them was "
            "cut off or rewritten. Repeatable.",
        ),
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY|FILE",
            help="Only checkpoints signed by this key count, as audit checkpoint printed it. Repeatable. Default: the "
            "keys in the store's folder checkpoints/.",
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this account. Default: every one.")
    ] = None,
) -> None:
    """Verify journals from the first line to the last: chain, sequence, canonical form, sealed segments, and the
    states that follow from them.

    Two verdicts: integrity (what is there is what was written) and completeness (nothing is missing). Names the first
    bad line. Exit 7 where either is broken. Completeness can only be shown with a checkpoint that was kept elsewhere.
    """
    from memesnipe_cli.commands.checkpoint_files import read_keys, read_notes

    from memesnipe_cli.audit import kept
    from memesnipe_cli.audit.anchored import Trusted, accounts_of, of_store
    from memesnipe_cli.audit.verify import verify
    from memesnipe_cli.errors import ConfigError, IntegrityError, UsageError
    from memesnipe_cli.store.catalog_journal import accounts
    from memesnipe_cli.store.removed import removed_accounts

    run = current(ctx)
    console, paths = run.console, run.store.paths
    notes = of_store(read_notes(checkpoint or ()), run.store.marker.store_id if run.store.marker else "")
    keys = read_keys(public_key or ())
    if keys and not notes:
        raise UsageError("--public-key is given, and no checkpoint to check with it", "add --checkpoint FILE")
    named = accounts_of(notes)
    if account is not None and notes and account not in named:
        raise UsageError(
            f"the checkpoints are of {', '.join(sorted(named))}, and none is of account {account!r}",
            "give its checkpoints, or leave --account out",
        )
    there = sorted([*accounts(paths), *removed_accounts(paths)])
    wanted = there if account is None else [account]
    gone = sorted((named if account is None else named & {account}) - set(there))
    trusted = Trusted(keys, given=True) if keys else None
    if notes and trusted is None and not kept.keys(paths):
        raise ConfigError(
            f"no public key is kept in {kept.keys_path(paths)}, and none was given",
            "give the one that audit checkpoint printed: --public-key NAME+ID+BASE64",
        )
    verdicts: list[Verdict] = []
    for name in (each for each in wanted if each not in gone):
        with console.progress(f"verifying {name}"):
            verdicts.append(verify(paths, name, notes, trusted))
    console.records(
        [each.as_record() for each in verdicts], _COLUMNS, empty=f"there is no journal yet in {paths.root}"
    )
    if console.mode is OutputMode.HUMAN:
        _show(console, verdicts)
    broken = [each for each in verdicts if each.broken]
    if broken:
        first = next(each for each in broken[0].findings if each["severity"] == "error")
        raise IntegrityError(f"account {broken[0].account!r}: {first['message']}", first["hint"])
    if gone:
        raise _gone(paths, gone[0])
    _say_what_is_not_proven(console, verdicts)


def _gone(paths: StorePaths, account: str) -> IntegrityError:
    """A checkpoint speaks of a journal that is not there."""
    from memesnipe_cli.errors import IntegrityError
    from memesnipe_cli.store.removed import read_removed

    removed = read_removed(paths.account(account))
    if removed is None:
        return IntegrityError(
            f"a checkpoint was signed of the journal of {account}, which is not in {paths.root}",
            "restore it from a backup, or name the store that has it with --store",
        )
    return IntegrityError(
        f"a checkpoint was signed of the journal of {account}, which retention removed on {removed.time[:10]}: the two "
        "cannot be held against each other here",
        f"restore the backup of {removed.backup_time} (memesnipe audit restore), and verify that",
    )


def _show(console: Console, verdicts: list[Verdict]) -> None:
    judged = [each for verdict in verdicts for each in verdict.checkpoints]
    if judged:
        console.records(judged, _CHECKPOINTS)
    found = [finding for verdict in verdicts for finding in verdict.findings]
    if found:
        console.records([dict(each) for each in found], _FINDINGS)


def _say_what_is_not_proven(console: Console, verdicts: list[Verdict]) -> None:
    from memesnipe_cli.audit.verify import NOT_PROVEN

    if any(each["trusted"] == "kept" for verdict in verdicts for each in verdict.checkpoints):
        console.warn(
            "the public key is the one that lies beside the store, where whoever can write a new journal can put "
            "another: give the one that you kept with --public-key"
        )
    for verdict in verdicts:
        if verdict.checkpointed:
            console.say(
                f"{verdict.account}: nothing up to entry {verdict.checkpointed} was cut off or rewritten since it was "
                "signed; what was written after that, and cut off again, leaves no trace here"
            )
    if any(each.completeness == NOT_PROVEN for each in verdicts):
        console.say(
            "completeness is not proven: an end cut off after the last witnessed entry leaves no trace here. Sign "
            "checkpoints and keep them elsewhere: memesnipe audit checkpoint --to PATH"
        )
