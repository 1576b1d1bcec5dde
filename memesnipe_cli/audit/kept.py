"""What a store keeps of its own checkpoints, in `checkpoints/`: a copy of each, and the public keys that signed them.

Who can write the journal can write here too. The copies save looking for the others, and find what was done by somebody
who did not think of them; the proof is the copy that lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe_cli.audit.checkpoint import find
from memesnipe_cli.audit.note import Note, VerifyKey, parse_key
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.store.files import explained, make_folder, write_file
from memesnipe_cli.store.locks import exclusive
from memesnipe_cli.store.paths import StorePaths, encode_name

# Another may be waiting for a mail or a git hook.
_DEADLINE_S = 60.0


def folder(paths: StorePaths) -> Path:
    """Where they are; there is nothing before the first checkpoint."""
    return paths.root / "checkpoints"


def keys_path(paths: StorePaths) -> Path:
    """The public keys, one a line."""
    return folder(paths) / "public_keys.txt"


@contextmanager
def held(paths: StorePaths) -> Iterator[None]:
    """Alone with the checkpoints of this store for the body. Raises StoreBusyError that says who has them."""
    with explained(f"cannot create {folder(paths)}"):
        make_folder(folder(paths))
    with exclusive(folder(paths) / "lock", "the checkpoints of this store", _DEADLINE_S):
        yield


def keep(paths: StorePaths, account: str, size: int, note: Note) -> Path:
    """Keep a copy of a signed checkpoint of so many entries. Returns where."""
    path = folder(paths) / encode_name(account, "account") / f"{size:012d}.txt"
    with explained(f"cannot keep the checkpoint {path}"):
        make_folder(path.parent)
        write_file(path, str(note).encode())
    return path


def copies(paths: StorePaths, account: str) -> list[Path]:
    """The copies of an account's checkpoints, the smallest first."""
    with explained(f"cannot read {folder(paths)}"):
        return sorted((folder(paths) / encode_name(account, "account")).glob("*.txt"))


def newest(paths: StorePaths, account: str) -> Note | None:
    """The copy of the checkpoint with the most entries. Raises DataError where it holds none."""
    found = copies(paths, account)
    return read(found[-1]) if found else None


def read(path: Path) -> Note:
    """The checkpoint in one copy. Raises DataError where it holds none."""
    with explained(f"cannot read {path}"):
        data = path.read_bytes()
    try:
        return find(data.decode("utf-8", "replace"))[0]
    except DataError as error:
        raise DataError(
            f"{path}: {error.message}", "put it back from where it was anchored, or move it away"
        ) from None


def keys(paths: StorePaths) -> list[VerifyKey]:
    """The public keys that signed checkpoints of this store, the first one first. Raises DataError where the file is
    damaged."""
    path = keys_path(paths)
    with explained(f"cannot read {path}"):
        if not path.exists():
            return []
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    try:
        return [parse_key(line) for line in lines if line.strip()]
    except UsageError as error:
        raise DataError(
            f"{path}: {error.message}", "put it back from a backup, or give --public-key"
        ) from None


def keep_key(paths: StorePaths, key: VerifyKey) -> bool:
    """Keep a public key; False where it was kept already."""
    known = keys(paths)
    if key in known:
        return False
    path = keys_path(paths)
    with explained(f"cannot write {path}"):
        make_folder(path.parent)
        write_file(path, "".join(f"{each}\n" for each in (*known, key)).encode())
    return True
