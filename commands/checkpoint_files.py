"""What `audit verify` and `audit prove` are given beside the journal: files of signed checkpoints, and public keys."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memesnipe_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.audit.note import Note, VerifyKey

_MOST_BYTES = 64 << 20


def read_notes(files: Sequence[str]) -> list[Note]:
    """The checkpoints in these files, `-` for stdin. Raises UsageError, DataError, both with the file's name."""
    from memesnipe_cli.audit.checkpoint import find

    notes: list[Note] = []
    for file in files:
        text = _read(file)
        try:
            notes += find(text)
        except DataError as error:
            raise DataError(f"{file}: {error.message}", error.hint) from None
    return notes


def read_keys(given: Sequence[str]) -> list[VerifyKey]:
    """The public keys that are given, each as text or as a file with one a line. Raises UsageError."""
    from memesnipe_cli.audit.note import parse_key

    keys: list[VerifyKey] = []
    for text in given:
        lines = [text] if "+" in text and not Path(text).is_file() else _read(text).split("\n")
        keys += [parse_key(line) for line in lines if line.strip()]
    if given and not keys:
        raise UsageError(f"{', '.join(given)} holds no public key", "give NAME+ID+BASE64, or a file with one")
    return keys


def _read(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with open(file, "rb") as handle:
                data = handle.read(_MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(
            f"{file} cannot be read: {problem.strerror or problem}", "give another file"
        ) from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{file} is larger than {_MOST_BYTES >> 20} MiB", "give the checkpoints alone")
    return data.decode("utf-8", "replace")
