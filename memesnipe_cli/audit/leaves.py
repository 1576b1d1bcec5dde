"""The lines of a journal as the leaves of a Merkle tree: leaf `seq - 1` is the line of entry `seq`, byte for byte,
without its newline."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store import segments
from memesnipe_cli.store.files import explained


def lines(folder: Path) -> Iterator[list[bytes]]:
    """The whole lines of the journal in `folder`, the first one first, a segment at a time. They are not verified."""
    for number in segments.segment_numbers(folder):
        path = segments.segment_path(folder, number)
        with explained(f"cannot read {path}"):
            data = path.read_bytes()
        yield data.split(b"\n")[:-1]


def hashes(folder: Path) -> Iterator[list[bytes]]:
    """`lines` as leaf hashes (merkle.leaf_hash)."""
    for batch in lines(folder):
        yield [sha256(b"\x00" + line).digest() for line in batch]


def line_of(folder: Path, seq: int) -> bytes:
    """The line of entry `seq`. Raises StoreDamagedError where the journal has none."""
    before = 0
    for batch in lines(folder):
        if seq <= before + len(batch):
            return batch[seq - before - 1]
        before += len(batch)
    raise StoreDamagedError(f"{folder} has {before} lines, and none of entry {seq}", "memesnipe audit verify")
