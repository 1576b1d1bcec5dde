"""`memesnipe audit prove`: a proof that somebody checks who has neither the journal nor this program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode, json_bytes
from memesnipe_cli.errors import UsageError
from memesnipe_cli.run_options import ShownAccount, shown_account

if TYPE_CHECKING:
    from memesnipe_cli.audit.note import Note


def prove(
    ctx: typer.Context,
    seq: Annotated[
        int | None,
        typer.Argument(metavar="[SEQ]", min=1, help="The entry's number; see memesnipe audit log."),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-",
            help="The signed checkpoint to prove it under; of several in it the newest. Default: the newest that the "
            "store keeps.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Instead of an entry, prove that the journal only went on since the oldest checkpoint in this file.",
        ),
    ] = None,
    account: ShownAccount = None,
) -> None:
    """Prove to a third party that an entry stands in the journal as it was signed, without showing the rest of it.

    Writes JSON: the line, its place, the hashes that lead from it to the Merkle root (RFC 6962), and the checkpoint.
    docs/check_proof.py checks it.
    """
    from memesnipe_cli.audit import kept
    from memesnipe_cli.audit.proof import prove_entry, prove_growth

    run = current(ctx)
    account = shown_account(run, account)
    if (seq is None) == (since is None):
        raise UsageError("give either SEQ or --since", "e.g. memesnipe audit prove 12")
    note = _note(run, account, checkpoint)
    paths = run.store.paths
    key = note.signer(kept.keys(paths))
    if key is None:
        run.console.warn(
            "no key that this store keeps has signed the checkpoint: name the public key yourself"
        )
    if seq is not None:
        proof = prove_entry(paths, account, seq, note, key)
    else:
        proof = prove_growth(paths, account, _of_account(run, [since or "-"], account)[0], note, key)
    run.console.write_bytes(json_bytes(proof, indent=run.console.mode is not OutputMode.JSONL) + b"\n")


def _note(run: Run, account: str, file: str | None) -> Note:
    from memesnipe_cli.audit import kept

    if file is not None:
        return _of_account(run, [file], account)[-1]
    note = kept.newest(run.store.paths, account)
    if note is None:
        raise UsageError(
            f"no checkpoint of account {account!r} is kept in {run.store.root}",
            f"sign one: memesnipe audit checkpoint --account {account}; or give one with --checkpoint",
        )
    return note


def _of_account(run: Run, files: list[str], account: str) -> list[Note]:
    """The checkpoints of the account in these files, the one with the fewest entries first."""
    from memesnipe_cli.commands.checkpoint_files import read_notes

    from memesnipe_cli.audit.anchored import of_store
    from memesnipe_cli.audit.checkpoint import parse

    store_id = run.store.marker.store_id if run.store.marker else ""
    notes = [each for each in of_store(read_notes(files), store_id) if parse(each.text).account == account]
    if not notes:
        raise UsageError(
            f"{', '.join(files)} holds no checkpoint of account {account!r}", "name it with --account"
        )
    return sorted(notes, key=lambda each: parse(each.text).size)
