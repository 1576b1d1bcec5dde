"""Programs that tests run as processes of their own, kill and stop: `python store_writers.py NAME ROOT
ARGUMENTS`.

Each writes a line to stdout for everything the store acknowledged to it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

from memesnipe_cli.store import Store, locks


def say(line: str) -> None:
    """A whole line in one write, so that a kill cannot tear it."""
    os.write(1, f"{line}\n".encode())


def append(root: Path, label: str, count: str) -> None:
    """Appends `count` facts and says the seq and the hash of each."""
    journal = Store(root).journal()
    for number in range(int(count)):
        entry = journal.append("fact", {"writer": label, "number": number})
        say(f"{entry.seq} {entry.hash}")


def killed_often(root: Path, rounds: str, seed: str) -> None:
    """Round after round: a forked writer appends until it is killed with -9; says what was acknowledged to
    it."""
    chance = random.Random(int(seed))
    for turn in range(int(rounds)):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            journal = Store(root).journal()
            number = 0
            while True:
                items = [("fact", {"turn": turn, "number": number + each}) for each in range(1 + number % 3)]
                number += len(items)
                done = journal.append_many(items)
                os.write(writing, "".join(f"{entry.seq} {entry.hash}\n" for entry in done).encode())
        os.close(writing)
        acknowledged = b""
        for _ in range(chance.randrange(3)):
            acknowledged += os.read(reading, 65536)
        # Somewhere in the middle of a lock, a write, a sync or an acknowledgement.
        signal.setitimer(signal.ITIMER_REAL, 0.0001 + chance.random() * 0.004)
        signal.sigwait({signal.SIGALRM})
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while block := os.read(reading, 65536):
            acknowledged += block
        os.close(reading)
        os.write(1, acknowledged[: acknowledged.rfind(b"\n") + 1])


def hold(root: Path, what: str) -> None:
    """Takes a lock, says so, and hangs."""
    with locks.exclusive(root / what, "a lock", 5.0):
        say("holding")
        os.kill(os.getpid(), signal.SIGSTOP)


def ingest(root: Path, venue: str, begin: str, count: str, repeats: str) -> None:
    """Writes `count` bars in pieces from the position `begin` on, one write each, and says how many were
    added."""
    from lake_bars import START, bars

    from memesnipe_cli.store.tables import SeriesKey

    lake = Store(root).lake
    key = SeriesKey(venue, "DOGE/USD", "5m")
    size = int(count) // int(repeats)
    for turn in range(int(repeats)):
        start = START + (int(begin) + turn * size) * 300_000
        say(str(lake.write_candles(bars(key, size, start), source="test").added))


if __name__ == "__main__":
    if sys.argv[1] == "killed_often":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    programs = {program.__name__: program for program in (append, killed_often, hold, ingest)}
    programs[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
