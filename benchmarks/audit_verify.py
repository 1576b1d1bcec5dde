"""What verifying a journal costs: `python benchmarks/audit_verify.py [--entries N]`.

A journal of N notes is read by `audit verify` with as many processes as there are, and by one; the yardsticks are
what nobody can go below in Python: one SHA-256 over each line, chained, and reading each line as JSON and writing
it again. All run in turn, round after round, so that a busy machine slows them alike. Target: a million entries in
at most 5 s on two cores.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import orjson

from memesnipe_cli.audit import chain
from memesnipe_cli.audit.verify import verify
from memesnipe_cli.store import segments
from memesnipe_cli.store.entry import Head, compose
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

ENTRIES = 1_000_000
ROUNDS = 3
TARGET_S = 5.0
SEGMENT_BYTES = 2 * 1024 * 1024


def write_journal(paths: StorePaths, entries: int) -> Path:
    """A journal of notes, its lines composed as the writer composes them but not synced one by one; its folder."""
    journal = Journal(paths)
    journal.append("note", {"text": "opened"})
    folder = paths.account("paper")
    head = Head(*journal.head())
    number = 1
    lines = [segments.segment_path(folder, number).read_bytes()]
    size = len(lines[0])
    while head.seq < entries:
        body = {"number": head.seq, "price": "123.45", "text": "what was seen, in a line of some length"}
        entry, line = compose(head, "2025-01-01T00:00:00.000Z", "note", body)
        head = Head(entry.seq, entry.hash)
        lines.append(line)
        size += len(line)
        if size >= SEGMENT_BYTES:
            segments.segment_path(folder, number).write_bytes(b"".join(lines))
            lines, size, number = [], 0, number + 1
    if lines:
        segments.segment_path(folder, number).write_bytes(b"".join(lines))
    return folder


def lines_of(folder: Path) -> list[bytes]:
    """Every line of the journal, without its newline."""
    data = b"".join(
        segments.segment_path(folder, number).read_bytes() for number in segments.segment_numbers(folder)
    )
    return data.splitlines()


def chained(lines: list[bytes]) -> None:
    """One SHA-256 a line over the line and the hash before it."""
    before = b""
    for line in lines:
        before = hashlib.sha256(before + line).hexdigest().encode()


def respelt(lines: list[bytes]) -> None:
    """Each line read as JSON and written again in sorted order."""
    for line in lines:
        if orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS) != line:
            raise SystemExit("a line is not canonical")


def verified(paths: StorePaths, entries: int, *, parallel: bool) -> None:
    """The command's own way, and that it read all and found nothing."""
    alone = mock.patch.object(chain, "PARALLEL_FROM", 10**9)
    with contextlib.nullcontext() if parallel else alone:
        verdict = verify(paths, "paper")
    if verdict.broken or verdict.head.seq != entries:
        raise SystemExit(f"the journal did not verify: {verdict}")


def seconds(work: Callable[[], None]) -> float:
    """Wall time of one run."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Print the best time of each, as entries a second and as a ratio to the chained hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    entries = arguments.entries
    with tempfile.TemporaryDirectory() as folder:
        paths = StorePaths(Path(folder) / "store")
        lines = lines_of(write_journal(paths, entries))
        cores = os.cpu_count() or 1
        work: dict[str, Callable[[], None]] = {
            "chained SHA-256 alone": lambda: chained(lines),
            "JSON read and written again": lambda: respelt(lines),
            "audit verify, one process": lambda: verified(paths, entries, parallel=False),
            f"audit verify, {cores} cores": lambda: verified(paths, entries, parallel=True),
        }
        best = dict.fromkeys(work, float("inf"))
        for _ in range(arguments.rounds):
            for name, run in work.items():
                best[name] = min(best[name], seconds(run))
    bare = best["chained SHA-256 alone"]
    print(f"a journal of {entries} entries, {sum(map(len, lines)) / 1e6:.0f} MB, best of {arguments.rounds}")
    for name, spent in best.items():
        print(
            f"  {name:<28} {spent:6.2f} s  {entries / spent / 1e6:5.2f} M entries/s  {spent / bare:5.2f} x the hashes"
        )
    last = next(reversed(best.values()))
    print(f"a million on {cores} cores: {last / entries * 1e6:.1f} s (wanted: at most {TARGET_S:.0f} s)")


if __name__ == "__main__":
    main()
