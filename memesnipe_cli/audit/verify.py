"""Verifies an account's journal: is what is there what was written (integrity), and is all there (completeness)?

Integrity: every line spelt canonically, its hash its own, the chain and the sequence unbroken, every sealed segment
there, and states that follow from it. Completeness: it begins with its opening, what was set aside is kept, and it
reaches as far as every witness beside it says. An end that was cut off together with its witnesses is not seen, except
by a signed checkpoint that lies elsewhere and is handed in (anchored.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memesnipe_cli.account_names import no_journal
from memesnipe_cli.audit import kept
from memesnipe_cli.audit.anchored import Judged, Trusted, judge
from memesnipe_cli.audit.chain import verified
from memesnipe_cli.audit.checkpoint import parse
from memesnipe_cli.audit.folds import FOLDED_KINDS, FoldCheck, known_folds
from memesnipe_cli.audit.note import Note
from memesnipe_cli.audit.removed_journal import judge_removed
from memesnipe_cli.errors import DataError, StoreDamagedError
from memesnipe_cli.records import FindingRecord, finding, record
from memesnipe_cli.store import segments
from memesnipe_cli.store.entry import Entry, Head
from memesnipe_cli.store.journal import OPENED, TORN
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.removed import read_removed
from memesnipe_cli.store.version import read_marker

OK, BROKEN, NOT_PROVEN, CHECKPOINTED = "ok", "broken", "not_proven", "checkpointed"
_KINDS = FOLDED_KINDS | {OPENED: "", TORN: ""}
_RESTORE = "keep the files as they are, restore the journal from a backup, and reconcile with the venue"


@dataclass
class Verdict:
    """What was found of one account. head: the last entry that is known to be what was written; witnessed: the last one
    that something beside the journal vouches for; checkpointed: the last one that a signed checkpoint, handed in by the
    person who asks, vouches for. completeness: CHECKPOINTED where nothing up to there is missing."""

    account: str
    head: Head = field(default_factory=Head)
    segments: int = 0
    witnessed: int = 0
    checkpointed: int = 0
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    findings: list[FindingRecord] = field(default_factory=list)
    integrity: str = OK
    completeness: str = NOT_PROVEN

    @property
    def broken(self) -> bool:
        """Whether either verdict is that something is wrong."""
        return BROKEN in (self.integrity, self.completeness)

    def as_record(self) -> dict[str, Any]:
        """The `verification` record."""
        return record(
            "verification",
            account=self.account,
            integrity=self.integrity,
            completeness=self.completeness,
            entries=self.head.seq,
            segments=self.segments,
            head=self.head.hash,
            witnessed=self.witnessed,
            checkpointed=self.checkpointed,
            checkpoints=self.checkpoints,
            findings=self.findings,
        )

    def wrong(self, check: str, where: str, message: str, hint: str, *, lacks: bool = False) -> None:
        """Something is not as it was written or, `lacks`, is no longer there."""
        self.findings.append(finding(check, "error", where, message, hint))
        if lacks:
            self.completeness = BROKEN
        else:
            self.integrity = BROKEN


def verify(
    paths: StorePaths, account: str, notes: Sequence[Note] = (), trusted: Trusted | None = None
) -> Verdict:
    """Read one account's journal and judge it; notes: signed checkpoints to hold it against (of other accounts too),
    trusted: the keys whose signatures count, None for those that the store keeps.

    Raises DataError where it has no journal, or a note is no checkpoint, StoreError where a file cannot be read.
    """
    folder = paths.account(account)
    numbers = segments.segment_numbers(folder)
    verdict = Verdict(account, segments=len(numbers))
    marker = read_marker(paths.marker)
    store_id = "" if marker is None else marker.store_id
    if not numbers:
        try:
            removed = read_removed(folder)
        except StoreDamagedError as error:
            verdict.wrong("removed", str(folder), error.message, error.hint or _RESTORE)
            return verdict
        if removed is None:
            raise no_journal(paths, account)
        keys = trusted or Trusted(kept.keys(paths), given=False)
        _judge_checkpoints(verdict, list(judge_removed(verdict, paths, removed, store_id, notes, keys)))
        return verdict
    folds = [FoldCheck(each, folder) for each in known_folds()]
    whole = True
    try:
        for stretch in verified(folder, _KINDS):
            for entry in stretch.entries:
                if entry.seq == 1:
                    _check_opening(verdict, entry, account, store_id)
                elif entry.kind == TORN:
                    _check_torn(verdict, entry, folder)
                for fold in folds:
                    fold.take(entry)
            verdict.head = stretch.head
    except StoreDamagedError as error:
        whole = False
        verdict.wrong("chain", str(folder), error.message, error.hint or _RESTORE)
    if whole:
        _judge_folds(verdict, folds, folder)
        _judge_kept(verdict, paths, account)
        _note_unwritten_end(verdict, folder, numbers[-1])
    if notes:
        keys = trusted or Trusted(kept.keys(paths), given=False)
        _judge_checkpoints(verdict, judge(paths, account, store_id, notes, keys))
    return verdict


def _check_opening(verdict: Verdict, entry: Entry, account: str, store_id: str) -> None:
    where = "entry 1"
    if entry.kind != OPENED:
        verdict.wrong("opening", where, f"the first entry is {entry.kind}, not {OPENED}", _RESTORE)
        return
    if entry.body.get("account") != account:
        named = entry.body.get("account")
        verdict.wrong("opening", where, f"it was opened for {named!r} and lies under {account!r}", _RESTORE)
    if store_id and entry.body.get("store") != store_id:
        named = entry.body.get("store")
        verdict.wrong("opening", where, f"it was opened in the store {named}, this is {store_id}", _RESTORE)


def _check_torn(verdict: Verdict, entry: Entry, folder: Path) -> None:
    """The bytes of a write that a crash tore are kept in a file of their own."""
    body = entry.body
    file = folder / str(body.get("file"))
    names = {file, file.with_name(f"{file.name}.pending")}
    kept = next((each for each in names if each.is_file()), None)
    where = f"entry {entry.seq}"
    if kept is None:
        verdict.wrong("torn", where, f"{file}, which was set aside, is gone", _RESTORE, lacks=True)
    elif hashlib.sha256(kept.read_bytes()).hexdigest() != body.get("sha256"):
        verdict.wrong("torn", where, f"{kept} is not what was set aside", _RESTORE)


def _judge_folds(verdict: Verdict, folds: list[FoldCheck], folder: Path) -> None:
    for fold in folds:
        fold.finish(verdict.head.seq)
        where = f"fold {fold.name}"
        if fold.snapshot_seq > verdict.head.seq:
            verdict.wrong(
                "end",
                where,
                f"its snapshot was made after entry {fold.snapshot_seq}, the journal ends at {verdict.head.seq}: "
                "the end is cut off",
                _RESTORE,
                lacks=True,
            )
            continue
        if fold.problem:
            verdict.wrong("fold", where, fold.problem, _RESTORE)
        if not fold.snapshot_seq:
            continue
        if _hash_at(folder, fold.snapshot_seq) == fold.snapshot_hash:
            verdict.witnessed = max(verdict.witnessed, fold.snapshot_seq)
        else:
            verdict.wrong(
                "rewritten",
                where,
                f"entry {fold.snapshot_seq} was {fold.snapshot_hash[:16]}... when its snapshot was made: the "
                "journal was rewritten since",
                _RESTORE,
            )


def _judge_kept(verdict: Verdict, paths: StorePaths, account: str) -> None:
    """The newest of the checkpoints that the store keeps of its own is a witness like a snapshot; the chain was found
    whole, so that the hash of one entry stands for all before it."""
    copies = kept.copies(paths, account)
    if not copies:
        return
    where = str(copies[-1])
    try:
        note = kept.read(copies[-1])
        found, key = parse(note.text), note.signer(kept.keys(paths))
    except DataError as error:
        verdict.wrong("checkpoint", where, error.message, error.hint)
        return
    if key is None:
        verdict.wrong(
            "checkpoint",
            where,
            f"{where} is not signed by a key of {kept.keys_path(paths)}",
            "put both back from where they were anchored, or move them away",
        )
    elif found.size > verdict.head.seq:
        verdict.wrong(
            "checkpoint",
            where,
            f"a checkpoint of {found.size} entries was signed, the journal ends at {verdict.head.seq}: the end is cut "
            "off",
            _RESTORE,
            lacks=True,
        )
    elif _hash_at(paths.account(account), found.size) != found.head:
        verdict.wrong(
            "checkpoint",
            where,
            f"entry {found.size} was {found.head[:16]}... when a checkpoint was signed: the journal was rewritten "
            "since",
            _RESTORE,
        )
    else:
        verdict.witnessed = max(verdict.witnessed, found.size)


def _judge_checkpoints(verdict: Verdict, judged: Sequence[Judged]) -> None:
    for each in judged:
        verdict.checkpoints.append(each.as_dict())
        if each.problem:
            where = f"checkpoint of {each.checkpoint.size} entries"
            verdict.wrong("checkpoint", where, each.problem, _RESTORE, lacks=each.lacks)
        else:
            verdict.checkpointed = max(verdict.checkpointed, each.checkpoint.size)
    if verdict.checkpointed and verdict.completeness == NOT_PROVEN:
        verdict.completeness = CHECKPOINTED


def _hash_at(folder: Path, seq: int) -> str:
    """The hash of entry `seq`."""
    for number in reversed(segments.segment_numbers(folder)):
        first = segments.first_entry(segments.segment_path(folder, number))
        if first is None or first.seq > seq:
            continue
        head = Head(first.seq - 1, first.prev)
        for entry in segments.read_segment(folder, number, head, sealed=False):
            if entry.seq == seq:
                return entry.hash
    return ""


def _note_unwritten_end(verdict: Verdict, folder: Path, number: int) -> None:
    path = segments.segment_path(folder, number)
    data = path.read_bytes()
    rest = len(data) - data.rfind(b"\n") - 1
    if rest:
        verdict.findings.append(
            finding(
                "torn",
                "warning",
                str(path),
                f"{rest} bytes behind the last whole line were never acknowledged",
                "nothing to do: the next entry sets them aside",
            )
        )
