"""Taking a checkpoint of a journal: what it is now, checked before it is signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memesnipe_cli import clock
from memesnipe_cli.account_names import no_journal
from memesnipe_cli.audit import kept, leaves
from memesnipe_cli.audit.chain import verified
from memesnipe_cli.audit.checkpoint import Checkpoint, parse
from memesnipe_cli.audit.merkle import Frontier
from memesnipe_cli.audit.note import Note, VerifyKey, sign
from memesnipe_cli.errors import IntegrityError, StoreDamagedError
from memesnipe_cli.store.entry import Head
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.version import read_marker

# Given the text, the public key (32 bytes) and its Ed25519 signature (64 bytes).
Sign = Callable[[bytes], tuple[bytes, bytes]]


def take(paths: StorePaths, account: str) -> Checkpoint:
    """What the journal of `account` is now. Its chain is verified first, and that it goes on from the last checkpoint
    that is kept: two that contradict each other are never signed.

    Raises DataError where it has no entries, IntegrityError where it is not what was written.
    """
    folder = paths.account(account)
    head = Head()
    try:
        for stretch in verified(folder, {}):
            head = stretch.head
    except StoreDamagedError as error:
        raise _refused(account, error.message) from error
    marker = read_marker(paths.marker)
    if not head.seq or marker is None:
        raise no_journal(paths, account)
    newest = kept.newest(paths, account)
    before = None if newest is None else parse(newest.text)
    if before is not None and before.size > head.seq:
        raise _refused(
            account,
            f"it ends at entry {head.seq}, and a checkpoint of {before.size} was signed: its end is cut off",
        )
    sizes = [head.seq] if before is None else sorted({before.size, head.seq})
    roots = roots_at(paths, account, sizes)
    if before is not None and roots[before.size] != before.root:
        raise _refused(
            account, f"its first {before.size} entries are not those of the checkpoint of "
            f"{clock.format_time(before.time_ms)}: it was rewritten since"
        )  # fmt: skip
    return Checkpoint(marker.store_id, account, head.seq, roots[head.seq], head.hash, clock.now_ms())


def signed(checkpoint: Checkpoint, key_name: str, sign_text: Sign) -> tuple[Note, VerifyKey]:
    """The signed note of a checkpoint, by the key called `key_name`. Raises IntegrityError where what came back is no
    signature of the text."""
    text = checkpoint.text()
    public, signature = sign_text(text.encode())
    key = VerifyKey(key_name, public)
    if not key.signed(text, signature):
        raise IntegrityError(
            f"what the signer gave is no signature of the checkpoint by {key}",
            "run it again; memesnipe doctor",
        )
    return sign(text, key, signature), key


def roots_at(paths: StorePaths, account: str, sizes: Sequence[int]) -> dict[int, bytes]:
    """The Merkle root over the first `size` lines for each of `sizes`, those that the journal does not reach left out;
    in one pass. The lines are taken as they are, not verified."""
    found: dict[int, bytes] = {}
    tree = Frontier()
    wanted = sorted(set(sizes))
    if wanted[:1] == [0]:
        found[wanted.pop(0)] = tree.root()
    for batch in leaves.hashes(paths.account(account)):
        used = 0
        while wanted and wanted[0] <= tree.size + len(batch) - used:
            upto = used + wanted[0] - tree.size
            tree.extend(batch[used:upto])
            found[wanted.pop(0)] = tree.root()
            used = upto
        if not wanted:
            break
        tree.extend(batch[used:])
    return found


def _refused(account: str, what: str) -> IntegrityError:
    return IntegrityError(
        f"the journal of account {account!r} is not signed: {what}",
        f"look at it: memesnipe audit verify --account {account}",
    )
