"""`memesnipe audit verify`: is the journal what was written, and is all of it there?"""

from __future__ import annotations

from typing import Annotated

import typer

from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, OutputMode

_COLUMNS = [
    Column("account", "account"),
    Column("integrity", "integrity"),
    Column("completeness", "completeness"),
    Column("entries", "entries", right=True),
    Column("segments", "segments", right=True),
    Column("witnessed", "witnessed", right=True),
    Column("head", "head", write=lambda value: str(value)[:16]),
]
_FINDINGS = [
    Column("check", "check"),
    Column("", "severity"),
    Column("where", "where"),
    Column("what", "message"),
]


def verify(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this account. Default: every one.")
    ] = None,
) -> None:
    """Verify journals from the first line to the last: chain, sequence, canonical form, sealed segments, and the
    states that follow from them.

    Two verdicts: integrity (what is there is what was written) and completeness (nothing is missing). Names the first
    bad line. Exit 7 where either is broken.
    """
    from memesnipe_cli.audit.verify import NOT_PROVEN, Verdict, verify
    from memesnipe_cli.errors import IntegrityError
    from memesnipe_cli.store.catalog_journal import accounts

    run = current(ctx)
    console, paths = run.console, run.store.paths
    verdicts: list[Verdict] = []
    for name in [account] if account is not None else accounts(paths):
        with console.progress(f"verifying {name}"):
            verdicts.append(verify(paths, name))
    console.records(
        [each.as_record() for each in verdicts], _COLUMNS, empty=f"there is no journal yet in {paths.root}"
    )
    found = [finding for each in verdicts for finding in each.findings]
    if console.mode is OutputMode.HUMAN and found:
        console.records([dict(each) for each in found], _FINDINGS)
    broken = [each for each in verdicts if each.broken]
    if broken:
        first = next(each for each in broken[0].findings if each["severity"] == "error")
        raise IntegrityError(f"account {broken[0].account!r}: {first['message']}", first["hint"])
    if any(each.completeness == NOT_PROVEN for each in verdicts):
        console.say(
            "completeness is not proven: an end cut off after the last witnessed entry leaves no trace here. Keep the "
            "head above somewhere else and compare"
        )
