"""The files of one journal, `000001.jsonl` and on: reading them without a lock, and finding their end.

A segment is sealed when a later one exists. Readers stop at the last newline of the newest segment: what
stands behind it is being written, or was torn.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store.entry import BadLineError, Entry, Head, check_follows, parse
from memesnipe_cli.store.files import explained
from memesnipe_cli.store.removed import FILE as REMOVED

_NAME = re.compile(r"^([0-9]{6})\.jsonl$")
_BLOCK = 1 << 20
_TAIL_BLOCK = 1 << 16


@dataclass(frozen=True)
class Position:
    """A place between two lines: byte `offset` of segment `segment`, after the entry `seq` with `hash`."""

    segment: int
    offset: int
    seq: int
    hash: str

    def as_dict(self) -> dict[str, int | str]:
        """The fields, for a snapshot."""
        return asdict(self)

    @property
    def head(self) -> Head:
        """The entry before this place."""
        return Head(self.seq, self.hash)


START = Position(1, 0, 0, Head().hash)


def segment_path(folder: Path, number: int) -> Path:
    """`000001.jsonl` of a journal's folder."""
    return folder / f"{number:06d}.jsonl"


def segment_numbers(folder: Path) -> list[int]:
    """The segments there are, ascending; empty where there is no journal yet, or it was removed (removed.py)."""
    with explained(f"cannot read {folder}"):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return []
    return [] if REMOVED in names else sorted(int(match[1]) for each in names if (match := _NAME.match(each)))


def damaged(path: Path, line_number: int, what: str) -> StoreDamagedError:
    """The error for a line that is not what was written."""
    return StoreDamagedError(
        f"{path}, line {line_number}: the line {what}",
        "keep the file as it is, restore the journal from a backup, and reconcile with the venue",
    )


def read_entries(folder: Path, start: Position = START) -> Iterator[tuple[Entry, Position]]:
    """Every entry after `start` with the place behind it, each verified against the one before.

    Raises StoreDamagedError naming file and line where a line is not what was written, and where a segment is
    missing.
    """
    numbers = segment_numbers(folder)
    if start == START and numbers and numbers[0] != 1:
        raise StoreDamagedError(
            f"{folder} begins with {segment_path(folder, numbers[0]).name}: earlier segments are missing",
            "restore them from a backup",
        )
    head = start.head
    for number in (each for each in numbers if each >= start.segment):
        offset = start.offset if number == start.segment else 0
        sealed = number != numbers[-1]
        if number > start.segment and number - 1 not in numbers:
            raise StoreDamagedError(
                f"{segment_path(folder, number - 1)} is missing between its neighbours",
                "restore it from a backup",
            )
        for entry, behind in _read_segment(segment_path(folder, number), number, offset, head, sealed):
            head = behind.head
            yield entry, behind


def read_segment(folder: Path, number: int, head: Head, *, sealed: bool) -> Iterator[Entry]:
    """The entries of one segment that follows `head`, verified. Raises StoreDamagedError."""
    for entry, _ in _read_segment(segment_path(folder, number), number, 0, head, sealed):
        yield entry


def _read_segment(
    path: Path, number: int, offset: int, head: Head, sealed: bool
) -> Iterator[tuple[Entry, Position]]:
    with explained(f"cannot read {path}"):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        rest = b""
        while True:
            with explained(f"cannot read {path}"):
                block = os.pread(handle, _BLOCK, offset + len(rest))
            if not block:
                break
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                try:
                    entry = _checked(line, head)
                except BadLineError:
                    # A torn tail that was repaired between two reads joins two halves: look once more.
                    line = _line_at(handle, offset)
                    try:
                        entry = _checked(line, head)
                    except BadLineError as problem:
                        raise damaged(path, _line_number(handle, offset), str(problem)) from None
                    offset += len(line) + 1
                    head = Head(entry.seq, entry.hash)
                    yield entry, Position(number, offset, entry.seq, entry.hash)
                    # The rest of the block is from before the repair.
                    rest = b""
                    break
                offset += len(line) + 1
                head = Head(entry.seq, entry.hash)
                yield entry, Position(number, offset, entry.seq, entry.hash)
        if rest and sealed:
            raise damaged(path, _line_number(handle, offset), "ends without a newline in a sealed segment")
    finally:
        os.close(handle)


def _checked(line: bytes, head: Head) -> Entry:
    entry = parse(line)
    check_follows(entry, head)
    return entry


def _line_at(handle: int, offset: int) -> bytes:
    data = b""
    while b"\n" not in data:
        block = os.pread(handle, _TAIL_BLOCK, offset + len(data))
        if not block:
            break
        data += block
    return data.split(b"\n", 1)[0]


def _line_number(handle: int, offset: int) -> int:
    newlines = 0
    done = 0
    while done < offset:
        block = os.pread(handle, min(_BLOCK, offset - done), done)
        if not block:
            break
        newlines += block.count(b"\n")
        done += len(block)
    return newlines + 1


def first_entry(path: Path) -> Entry | None:
    """The first entry of a segment, or None where it has no whole line. Raises StoreDamagedError."""
    with explained(f"cannot read {path}"):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        line = _line_at(handle, 0)
        whole = os.fstat(handle).st_size > len(line)
    finally:
        os.close(handle)
    if not whole:
        return None
    try:
        return parse(line)
    except BadLineError as problem:
        raise damaged(path, 1, str(problem)) from None


@dataclass(frozen=True)
class Tail:
    """The end of a segment: its last whole entry (None where it has none), the byte behind that, and the
    size.

    `size > end` is a torn last line.
    """

    last: Entry | None
    end: int
    size: int


def read_tail(handle: int, path: Path) -> Tail:
    """The end of the open segment `handle`. Raises StoreDamagedError where the last whole line is not
    true."""
    size = os.fstat(handle).st_size
    data = b""
    begin = size
    # Two newlines enclose the last whole line; one is enough at the very beginning of the file.
    while begin > 0 and data.count(b"\n") < 2:
        step = min(_TAIL_BLOCK, begin)
        begin -= step
        data = os.pread(handle, step, begin) + data
    last_newline = data.rfind(b"\n")
    if last_newline < 0:
        return Tail(None, 0, size)
    line_begin = data.rfind(b"\n", 0, last_newline) + 1
    end = begin + last_newline + 1
    try:
        entry = parse(data[line_begin:last_newline])
    except BadLineError as problem:
        raise damaged(path, _line_number(handle, begin + line_begin), str(problem)) from None
    return Tail(entry, end, size)


def stands(folder: Path, position: Position) -> bool:
    """Whether the journal has the entry of `position` ending at that very place."""
    if position.seq == 0:
        return True
    try:
        handle = os.open(segment_path(folder, position.segment), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        begin = max(0, position.offset - _TAIL_BLOCK)
        data = os.pread(handle, position.offset - begin, begin)
        while begin > 0 and data.count(b"\n") < 2:
            step = min(_TAIL_BLOCK, begin)
            begin -= step
            data = os.pread(handle, step, begin) + data
    finally:
        os.close(handle)
    if len(data) != position.offset - begin or not data.endswith(b"\n"):
        return False
    try:
        entry = parse(data[:-1].rpartition(b"\n")[2])
    except BadLineError:
        return False
    return (entry.seq, entry.hash) == (position.seq, position.hash)
