"""Proofs that somebody checks who has neither the journal nor this program: that an entry is among those of a signed
checkpoint, and that a later checkpoint only goes on from an earlier one. docs/check_proof.py checks them."""

from __future__ import annotations

from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.audit import leaves
from memesnipe_cli.audit.checkpoint import Checkpoint, parse
from memesnipe_cli.audit.checkpoint_taking import roots_at
from memesnipe_cli.audit.merkle import (
    consistency_ranges,
    extends,
    includes,
    inclusion_ranges,
    leaf_hash,
    range_roots,
)
from memesnipe_cli.audit.note import Note, VerifyKey
from memesnipe_cli.errors import IntegrityError, UsageError
from memesnipe_cli.records import record
from memesnipe_cli.store.paths import StorePaths


def prove_entry(
    paths: StorePaths, account: str, seq: int, note: Note, key: VerifyKey | None
) -> dict[str, Any]:
    """The `inclusion_proof` record: entry `seq` of the journal is under the root of the checkpoint `note`. key: the
    public key that is to be named in it.

    Raises UsageError where the checkpoint is older than the entry, or of another account, IntegrityError where the
    journal is not what was signed.
    """
    checkpoint = _of_account(note, account)
    if not 1 <= seq <= checkpoint.size:
        raise UsageError(
            f"entry {seq} is not among the {checkpoint.size} of the checkpoint of "
            f"{clock.format_time(checkpoint.time_ms)}",
            "entries count from 1; for a later one sign a new checkpoint: memesnipe audit checkpoint",
        )
    folder = paths.account(account)
    _check_root(paths, checkpoint)
    line = leaves.line_of(folder, seq)
    path = range_roots(leaves.hashes(folder), inclusion_ranges(seq - 1, checkpoint.size))
    if not includes(leaf_hash(line), seq - 1, checkpoint.size, path, checkpoint.root):
        raise _changed(checkpoint)
    return record(
        "inclusion_proof",
        store=checkpoint.store,
        account=account,
        seq=seq,
        line=line.decode(),
        index=seq - 1,
        size=checkpoint.size,
        path=[each.hex() for each in path],
        root=checkpoint.root.hex(),
        checkpoint=str(note),
        public_key=None if key is None else str(key),
    )


def prove_growth(
    paths: StorePaths, account: str, old: Note, new: Note, key: VerifyKey | None
) -> dict[str, Any]:
    """The `consistency_proof` record: the journal under the checkpoint `new` begins with all that was under `old`.

    Raises as `prove_entry`.
    """
    before, after = _of_account(old, account), _of_account(new, account)
    if before.size > after.size:
        raise UsageError(
            f"the checkpoint of {before.size} entries is not older than that of {after.size}",
            "give the older one with --since",
        )
    _check_root(paths, before)
    _check_root(paths, after)
    ranges = consistency_ranges(before.size, after.size)
    path = range_roots(leaves.hashes(paths.account(account)), ranges)
    if not extends(before.size, before.root, after.size, after.root, path):
        raise _changed(after)
    return record(
        "consistency_proof",
        store=after.store,
        account=account,
        old_size=before.size,
        old_root=before.root.hex(),
        size=after.size,
        path=[each.hex() for each in path],
        root=after.root.hex(),
        old_checkpoint=str(old),
        checkpoint=str(new),
        public_key=None if key is None else str(key),
    )


def _of_account(note: Note, account: str) -> Checkpoint:
    checkpoint = parse(note.text)
    if checkpoint.account != account:
        raise UsageError(
            f"the checkpoint is of account {checkpoint.account!r}", f"give --account {checkpoint.account}"
        )
    return checkpoint


def _check_root(paths: StorePaths, checkpoint: Checkpoint) -> None:
    """Before a proof is looked for: a proof that does not hold is none."""
    found = roots_at(paths, checkpoint.account, [checkpoint.size])
    if found.get(checkpoint.size) != checkpoint.root:
        raise _changed(checkpoint)


def _changed(checkpoint: Checkpoint) -> IntegrityError:
    return IntegrityError(
        f"the journal of account {checkpoint.account!r} is not the one that was signed on "
        f"{clock.format_time(checkpoint.time_ms)} with {checkpoint.size} entries: there is nothing to prove",
        f"look at it: memesnipe audit verify --account {checkpoint.account} --checkpoint FILE",
    )
