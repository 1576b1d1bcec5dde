"""A checkpoint into a file (on a stick, a share, a folder that is synchronised): added at its end, or one file each
in a folder."""

from __future__ import annotations

from pathlib import Path

from memesnipe_cli.audit.checkpoint import Checkpoint
from memesnipe_cli.audit.note import Note
from memesnipe_cli.errors import UsageError
from memesnipe_cli.store.files import explained, write_file
from memesnipe_cli.store.paths import encode_name


class FileAnchor:
    """See Anchor."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path

    def write(self, checkpoint: Checkpoint, note: Note) -> None:
        """A folder gets `STORE-ACCOUNT-SIZE.txt`; a file has the checkpoint behind those that are in it, and is made
        where there is none."""
        path = self._path.resolve()  # what a link names is written, the link stays
        with explained(f"cannot write the checkpoint to {path}"):
            if path.is_dir():
                account = encode_name(checkpoint.account, "account")
                name = f"{checkpoint.store}-{account}-{checkpoint.size:012d}.txt"
                write_file(path / name, str(note).encode())
                return
            if not path.parent.is_dir():
                raise UsageError(f"there is no folder {path.parent}", "make it, or give another path")
            if path.exists() and not path.is_file():
                raise UsageError(f"{path} is neither a file nor a folder", "give another path")
            write_file(path, added(path, note))


def added(path: Path, note: Note) -> bytes:
    """What the file holds, if there is one, and `note` behind it after an empty line."""
    before = path.read_bytes() if path.exists() else b""
    text = str(note).encode()
    return before.rstrip(b"\n") + b"\n\n" + text if before.strip() else text
