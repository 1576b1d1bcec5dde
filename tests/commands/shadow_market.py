"""The small market as a stream: its candle records moment by moment, and a `memesnipe shadow` that a test feeds."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "engine"))

from session_cases import BASE_MS, START, SYMBOLS, market, part
from session_live_cases import PlayedFeed
from trade_market import eager

from memesnipe_cli.market.pipe import write_candles_jsonl

__all__ = [
    "BARS",
    "BASE_MS",
    "START",
    "SYMBOLS",
    "WAIT_S",
    "PlayedFeed",
    "feed",
    "market",
    "moments",
    "read_until",
    "shadowing",
]

BARS = 70
WAIT_S = 30.0


def moments(since: int = 0) -> list[list[bytes]]:
    """The market's candle records, a list for each moment from bar `since` on."""
    found: dict[str, list[bytes]] = {}
    for candles in market(BARS):
        rows = part(candles, START + since * BASE_MS, None)
        for block in write_candles_jsonl(rows):
            for line in block.splitlines(keepends=True):
                found.setdefault(json.loads(line)["ts"], []).append(line)
    return [found[ts] for ts in sorted(found)]


@contextmanager
def shadowing(folder: Path, options: list[str], *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`memesnipe shadow --data - --jsonl` as a process that is fed by the test."""
    line = [
        sys.executable,
        "-m",
        "memesnipe_cli",
        *options,
        "shadow",
        *eager(folder),
        "--data",
        "-",
        "--jsonl",
    ]
    process = subprocess.Popen(
        [*line, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def feed(process: subprocess.Popen[bytes], lines: list[list[bytes]], pause_s: float = 0.0) -> None:
    """Write moments as a producer does: one by one, with pauses."""
    assert process.stdin is not None
    for moment in lines:
        process.stdin.write(b"".join(moment))
        process.stdin.flush()
        time.sleep(pause_s)


def read_until(process: subprocess.Popen[bytes], kind: str) -> list[dict[str, Any]]:
    """Records from stdout up to the first of a type; fails where none comes in time."""
    assert process.stdout is not None
    found: list[dict[str, Any]] = []
    rest = b""
    give_up = time.monotonic() + WAIT_S
    while time.monotonic() < give_up:
        if not select.select([process.stdout], [], [], 0.2)[0]:
            continue
        block = os.read(process.stdout.fileno(), 65_536)
        if not block:
            break
        *lines, rest = (rest + block).split(b"\n")
        found += [json.loads(line) for line in lines]
        if any(each["type"] == kind for each in found):
            return found
    raise AssertionError(f"no {kind} among {[each['type'] for each in found]}: {found[-1:]}")
