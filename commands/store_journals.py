"""`memesnipe store prune --part journal`: what the profile's retention lets go, once a backup holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memesnipe_cli.cli import Run
from memesnipe_cli.console import Column
from memesnipe_cli.errors import UsageError

_COLUMNS = (
    Column("account", "account"),
    Column("entries", "entries", right=True),
    Column("bytes", "bytes", right=True),
    Column("last line", "until"),
    Column("removed", "removed", write=lambda value: "yes" if value else "no"),
    Column("stays because", "stays"),
)
_NOTED = "prune"


def prune_journals(
    run: Run,
    account: str | None,
    backup: Path | None,
    stdin: bool,
    passphrase_fd: int | None,
    yes: bool,
) -> None:
    """Show which journals may go, and with `yes` remove them."""
    from memesnipe_cli.commands.audit_passphrase import take_passphrase

    from memesnipe_cli.backup.retiring import journals, opened, remove
    from memesnipe_cli.clock import now_ms
    from memesnipe_cli.records import record

    paths, days = run.store.paths, run.profile.retention.journal_days
    with run.console.progress("looking at the journals"):
        found = journals(paths, days, now_ms(), account)
    removed = {}
    going = [each for each in found if not each.stays]
    if yes and going:
        if backup is None:
            raise UsageError(
                f"{len(going)} journals may go, and no --backup says where they are kept",
                "memesnipe audit backup, then add --backup ARCHIVE",
            )
        passphrase = take_passphrase(run, stdin, passphrase_fd, new=False)
        with run.console.progress("reading the backup"):
            archive = opened(backup, passphrase)
        for each in going:
            removed[each.account] = remove(paths, each.account, days, now_ms(), archive)
    rows: list[dict[str, Any]] = [
        record(
            "journal_retention",
            account=each.account,
            entries=each.entries,
            bytes=each.bytes,
            until=each.until or None,
            stays=each.stays,
            removed=each.account in removed,
        )
        for each in found
    ]
    run.console.records(rows, _COLUMNS, empty=f"there is no journal in {run.store.root}")
    for name, left in removed.items():
        run.console.say(
            f"{name}: {left.entries} entries removed; they are in the backup of {left.backup_time}"
        )
        _note(run, name, left.digest)
    if going and not removed:
        run.console.say(f"{len(going)} may go; run it again with --backup ARCHIVE --yes to remove them")


def _note(run: Run, account: str, digest: str) -> None:
    """That a journal was removed, and the hash of what is left of it, in the store's own journal, unless that is the
    one."""
    from memesnipe_cli.store.removed import read_removed

    journal = run.store.journal()
    if read_removed(journal.folder) is None:
        journal.append(_NOTED, {"parts": ["journal"], "account": account, "removed_sha256": digest})
