"""A store that came back from a backup: what its journal says of it, and until when its accounts may not be reset.

What was sent and filled after the backup is in no line of it. So a live account's halt is lifted only once book and
venue agree, which is a `reconciled` line behind the `restored` one.
"""

from __future__ import annotations

from typing import Any

from memesnipe_cli.errors import RefusedError
from memesnipe_cli.store.journal import Journal

RESTORED = "restored"  # the journal's kind
CAUSE = "restored"  # of the hold
_RECONCILED = "reconciled"
_SESSION = "session"


def restored_body(backup_time: str, entries: int, head: str, *, live: bool) -> dict[str, Any]:
    """The body of the line. entries, head: where the journal ended in the backup; live: the account has traded at a
    venue, with which it must be compared."""
    return {"backup": backup_time, "entries": entries, "head": head, "reconcile": live}


def trades_at_a_venue(journal: Journal) -> bool:
    """Whether a line tells of a venue. Raises StoreDamagedError."""
    return any(
        entry.kind == _RECONCILED or (entry.kind == _SESSION and entry.body.get("mode") == "live")
        for entry in journal.entries()
    )


def refuse_unreconciled(journal: Journal) -> None:
    """Raise RefusedError where the account was restored and has not been found to agree with its venue since. Raises
    StoreDamagedError."""
    waits: dict[str, Any] | None = None
    for entry in journal.entries():
        if entry.kind == RESTORED and entry.body.get("reconcile") is not False:
            waits = entry.body
        elif entry.kind == _RECONCILED:
            waits = None
    if waits is not None:
        raise RefusedError(
            f"account {journal.account!r} was restored from the backup of {waits.get('backup')} and has not been"
            " reconciled since: what was traded after the backup is not in its journal",
            f"memesnipe trade reconcile --account {journal.account}",
            code="not_reconciled",
        )
