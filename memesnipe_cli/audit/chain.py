"""The chain of one journal from its first line to its last: every segment there, every line what was written.

Sealed segments are checked beside each other by several processes where there are many; each is whole in itself and is
then linked to the one before.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import orjson

from memesnipe_cli.audit.segment_check import Kinds, SegmentEnds, check_segment
from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store import segments
from memesnipe_cli.store.entry import Entry, Head

# So many sealed segments (2 MiB each) and more are worth a second process.
PARALLEL_FROM = 8
_MOST_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """A stretch of the journal that is what was written: up to the entry `head`; `entries`: those in it that
    were asked for."""

    head: Head
    entries: list[Entry]


def verified(folder: Path, kinds: Kinds) -> Iterator[Verified]:
    """The journal in `folder`, a segment at a time. Raises StoreDamagedError that names the first bad line, or the
    segment that is missing, after all that stands before it was given."""
    numbers = segments.segment_numbers(folder)
    head = Head()
    sealed = numbers[:-1]
    checks = _checks([segments.segment_path(folder, number) for number in sealed], kinds)
    try:
        for place, number in enumerate(numbers):
            if number != place + 1:
                missing = segments.segment_path(folder, place + 1)
                raise StoreDamagedError(f"{missing} is missing", "restore it from a backup")
            found = next(checks) if number != numbers[-1] else None
            if found is not None and (found.first_seq, found.prev) == (head.seq + 1, head.hash):
                head = Head(found.last_seq, found.last_hash)
                yield Verified(head, [_entry(line) for line in found.wanted])
                continue
            # The newest, or one in which something is wrong: line by line, by the reader that says what.
            wanted: list[Entry] = []
            try:
                for entry in segments.read_segment(folder, number, head, sealed=number != numbers[-1]):
                    head = Head(entry.seq, entry.hash)
                    if entry.kind in kinds and (not kinds[entry.kind] or kinds[entry.kind] in entry.body):
                        wanted.append(entry)
            except StoreDamagedError:
                yield Verified(head, wanted)
                raise
            yield Verified(head, wanted)
    finally:
        checks.close()


def _entry(line: bytes) -> Entry:
    return Entry(**orjson.loads(line))


def _checks(paths: list[Path], kinds: Kinds) -> Generator[SegmentEnds | None, None, None]:
    """`check_segment` of each path, in order; a few ahead of the reader, so that what waits stays small."""
    processes = min(_MOST_PROCESSES, os.cpu_count() or 1)
    if len(paths) < PARALLEL_FROM or processes < 2:
        yield from (check_segment(path, kinds) for path in paths)
        return
    waiting: deque[tuple[Path, Future[SegmentEnds | None]]] = deque()
    with ProcessPoolExecutor(processes, initializer=_leave_signals_to_the_parent) as pool:
        try:
            for path in paths:
                waiting.append((path, pool.submit(check_segment, path, kinds)))
                if len(waiting) > 2 * processes:
                    yield _result(*waiting.popleft(), kinds)
            while waiting:
                yield _result(*waiting.popleft(), kinds)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _result(path: Path, future: Future[SegmentEnds | None], kinds: Kinds) -> SegmentEnds | None:
    try:
        return future.result()
    except BrokenProcessPool:
        # A worker was ended from outside (out of memory): this process can do it alone.
        return check_segment(path, kinds)


def _leave_signals_to_the_parent() -> None:
    """Ctrl-C reaches every process of the terminal; only the one that a person talks to answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
