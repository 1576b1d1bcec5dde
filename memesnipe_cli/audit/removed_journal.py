"""A journal that retention has removed, for its verification: what is left of it, held against signed checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from memesnipe_cli.audit import kept
from memesnipe_cli.audit.anchored import Judged, Trusted
from memesnipe_cli.audit.checkpoint import Checkpoint, parse
from memesnipe_cli.audit.note import Note
from memesnipe_cli.records import finding
from memesnipe_cli.store.entry import Head
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.removed import Removed

if TYPE_CHECKING:
    from memesnipe_cli.audit.verify import Verdict

_BACK = "bring them back from that backup: memesnipe audit restore"


def judge_removed(
    verdict: Verdict,
    paths: StorePaths,
    removed: Removed,
    store_id: str,
    notes: Sequence[Note],
    trusted: Trusted,
) -> Iterator[Judged]:
    """Say in `verdict` what was removed, and judge the checkpoints among `notes`, or, where there are none, the newest
    that the store keeps, as far as they are of all that was removed. Raises DataError where a note is no checkpoint."""
    verdict.head = Head(removed.entries, removed.head)
    where = f"entries 1 to {removed.entries}"
    if (removed.account, removed.store) != (verdict.account, store_id):
        verdict.wrong(
            "removed",
            where,
            f"what is left is of account {removed.account!r} in the store {removed.store}",
            "put it back where it belongs",
        )
        return
    newest = kept.newest(paths, verdict.account)
    given = notes or ([newest] if newest is not None else [])
    signed = False
    for note in given:
        found = parse(note.text)
        if found.account != verdict.account:
            continue
        judged = _judged(found, note, removed, store_id, trusted)
        if judged is None:
            message = f"a checkpoint of {found.size} entries cannot be checked: {where} were removed"
            verdict.findings.append(finding("checkpoint", "warning", where, message, _BACK))
            continue
        signed |= not judged.problem
        yield judged
    how = "a signed checkpoint is of just these" if signed else "it is hashed, and not signed"
    verdict.findings.append(
        finding(
            "removed",
            "info",
            where,
            f"{where} were removed by retention on {removed.time[:10]}; the backup of {removed.backup_time} holds them;"
            f" what is left here says their hash and Merkle root: {how}",
            _BACK,
        )
    )


def _judged(
    found: Checkpoint, note: Note, removed: Removed, store_id: str, trusted: Trusted
) -> Judged | None:
    """None for one of fewer entries, whose root cannot be made of what is left."""
    key = note.signer(trusted.keys)
    if key is None:
        return Judged(found, None, trusted.given, "it is not signed by a key that counts")
    if found.store != store_id:
        return Judged(found, key, trusted.given, f"it is one of the store {found.store}, this is {store_id}")
    if found.size > removed.entries:
        problem = f"it was of {found.size} entries, and {removed.entries} were removed: the end was cut off"
        return Judged(found, key, trusted.given, problem, lacks=True)
    if found.size < removed.entries:
        return None
    same = (found.root.hex(), found.head) == (removed.root, removed.head)
    problem = "" if same else "what was removed is not what was signed: the journal was rewritten since"
    return Judged(found, key, trusted.given, problem)
