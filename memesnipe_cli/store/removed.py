"""What is left of a journal that retention has removed: one small file in its folder, `removed.json`.

It says how many entries there were, the hash of the last one and the root of the Merkle tree over all of them, so that
a copy that comes back from a backup can be told from a forgery, and which backup that is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from memesnipe_cli.errors import StoreDamagedError, StoreError
from memesnipe_cli.store.canonical import encode, plain
from memesnipe_cli.store.files import explained, read_if_there, write_file
from memesnipe_cli.store.paths import StorePaths, decode_name

FILE = "removed.json"
_FORMAT = 1


@dataclass(frozen=True)
class Removed:
    """The facts of a removal. entries, head: the last entry's number and hash; root, peaks: of the Merkle tree after
    RFC 6962 over all lines, in hex, peaks the largest first; since, until: when the first and the last line were
    written; time: of the removal; backup_time, backup_sha256: of the archive that was found to hold all of it."""

    account: str
    store: str
    entries: int
    head: str
    root: str
    peaks: tuple[str, ...]
    since: str
    until: str
    time: str
    journal_days: int
    backup_time: str
    backup_sha256: str

    @property
    def digest(self) -> str:
        """SHA-256 over all of it: what another journal notes."""
        return hashlib.sha256(encode(plain({**asdict(self), "peaks": list(self.peaks)}))).hexdigest()


def write_removed(folder: Path, removed: Removed) -> None:
    """Leave the file; from then on the journal counts as removed. Raises StoreError."""
    content = {"format": _FORMAT, **asdict(removed), "sha256": removed.digest}
    with explained(f"cannot write {folder / FILE}"):
        write_file(folder / FILE, json.dumps(content, indent=1).encode() + b"\n")


def read_removed(folder: Path) -> Removed | None:
    """What is left of the journal in `folder`, None where it was not removed. Raises StoreDamagedError for a file that
    is not what was written."""
    path = folder / FILE
    data = read_if_there(path)
    if data is None:
        return None
    try:
        given = json.loads(data)
        if given.pop("format") != _FORMAT:
            raise ValueError("another format")
        digest = given.pop("sha256")
        removed = Removed(**{**given, "peaks": tuple(given["peaks"])})
        if removed.digest != digest:
            raise ValueError("its checksum does not match")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StoreDamagedError(
            f"{path} is not what was written ({problem})", "restore it, or the journal, from a backup"
        ) from None
    return removed


def removed_accounts(paths: StorePaths) -> list[str]:
    """The accounts whose journals were removed."""
    with explained(f"cannot read {paths.journal}"):
        try:
            folders = sorted(each for each in paths.journal.iterdir() if (each / FILE).is_file())
        except FileNotFoundError:
            return []
    return [decode_name(each.name) for each in folders]


def refuse_removed(folder: Path, account: str) -> None:
    """Raise StoreError where the journal in `folder` was removed: its account is over."""
    removed = read_removed(folder)
    if removed is not None:
        raise StoreError(
            f"the journal of account {account!r} was removed by retention on {removed.time[:10]}:"
            f" its {removed.entries} entries are in the backup of {removed.backup_time}",
            "take another name with --account; what was is in that backup (memesnipe audit restore)",
            code="journal_removed",
        )
