"""Looks for secrets where none may be: in texts, files, arguments, environments and the memory of processes.

What is looked for is made here, not by the code under test: every secret in the forms in which it could have been
written, kept or used.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

_CHUNK = 8 << 20
_SWAPPED = 1 << 62  # of an entry of pagemap; above it stands the bit of those that are present
_LEAST, _CORE = 8, 24  # bytes: what is shorter is found by chance; what is longer is found by a part


def kraken_canary() -> tuple[str, str]:
    """(key, secret) as Kraken gives them out, random."""
    return f"canary{os.urandom(20).hex()}", base64.b64encode(os.urandom(64)).decode()


def coinbase_canary() -> tuple[str, str]:
    """(key name, PEM), random."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return f"organizations/{os.urandom(8).hex()}/apiKeys/{os.urandom(16).hex()}", pem.decode()


def forms(secrets: Iterable[str]) -> set[bytes]:
    """Every form of every secret: as it is and line by line, base64 at each of the three places it may begin, hex, URL,
    JSON, UTF-16; of base64 what it decodes to, of a PEM its DER and its scalar in either order of bytes."""
    found: set[bytes] = set()
    for secret in secrets:
        found.add(secret.encode("utf-16-le"))
        for part in (secret, *secret.splitlines()):
            if part == secret or (part and not part.startswith("-----")):
                found |= _of_text(part)
        for content in _contents(secret):
            found |= _of_bytes(content)
    return {each for each in found if len(each) >= _LEAST}


def _of_text(part: str) -> set[bytes]:
    written = {quote(part, safe=""), json.dumps(part)[1:-1], repr(part)[1:-1]}
    return {each.encode() for each in written} | _of_bytes(part.encode())


def _of_bytes(data: bytes) -> set[bytes]:
    found = {data, data.hex().encode(), data.hex().upper().encode()}
    for shift in range(3):
        # Inside of something longer the first and the last signs depend on what stands beside.
        inner = base64.b64encode(b"\0" * shift + data)[4 if shift else 0 :].rstrip(b"=")[:-1]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def _contents(secret: str) -> Iterator[bytes]:
    """What the secret stands for."""
    if secret.startswith("-----"):
        key = serialization.load_pem_private_key(secret.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        scalar = key.private_numbers().private_value.to_bytes(32, "big")
        yield scalar
        yield scalar[::-1]
        yield key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    elif len(secret) == 88 and secret.endswith("=="):
        yield base64.b64decode(secret)


@dataclass
class Hunt:
    """needles: what is looked for. Whatever is looked at says where a needle was found; `found` keeps it."""

    needles: set[bytes]
    found: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # A part from the middle finds the whole, and one that stands in another finds both.
        cores = {each[max(0, len(each) - _CORE) // 2 :][:_CORE] for each in self.needles}
        self._cores = tuple(each for each in cores if not any(other in each for other in cores - {each}))
        self._pairs = [np.zeros(1 << 16, dtype=bool) for _ in range(3)]
        for each in self._cores:
            for place, table in enumerate(self._pairs):
                table[int.from_bytes(each[2 * place : 2 * place + 2], sys.byteorder)] = True

    def _hit(self, data: bytes) -> bool:
        """Whether any needle is in there. Where the first six bytes of none stand, nothing is looked at twice."""
        for odd in range(2):
            pairs = np.frombuffer(data[odd:] if odd else data, dtype=np.uint16, count=(len(data) - odd) // 2)
            likely = np.flatnonzero(self._pairs[0][pairs[:-2]])
            for ahead in (1, 2):
                likely = likely[self._pairs[ahead][pairs[likely + ahead]]]
            for place in likely.tolist():
                if data.startswith(self._cores, 2 * place + odd):
                    return True
        return False

    def text(self, what: str, data: bytes | str) -> bool:
        """Look at a text."""
        given = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
        hit = len(given) >= _LEAST and self._hit(given)
        if hit:
            self.found.add(what)
        return hit

    def files(self, *folders: Path) -> None:
        """Look at every file below, and at the names of all of them."""
        for folder in folders:
            for path in folder.rglob("*"):
                self.text(f"name of {path}", str(path))
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        self._parts(str(path), iter(partial(file.read, _CHUNK), b""))

    def _parts(self, what: str, parts: Iterable[bytes]) -> None:
        """Look at something that comes in parts; what stands across two of them is seen, too."""
        overlap = b""
        for part in parts:
            # A core is mostly holes.
            if part.count(0) < len(part):
                self.text(what, overlap + part)
            overlap = part[-_CORE:]

    def arguments(self, pid: int) -> None:
        """Look at what everybody may see of a process, while it is there."""
        for name in ("cmdline", "environ"):
            try:
                self.text(f"{name} of {said_of(pid)}", Path(f"/proc/{pid}/{name}").read_bytes())
            except OSError:
                return

    def memory(self, pid: int) -> int:
        """Look through the whole memory of a process. Returns how many bytes that was."""
        seen = 0
        what = f"memory of {said_of(pid)}"
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for begin, end in _readable(pid):
                parts = list(_read(memory, begin, end))
                self._parts(what, parts)
                seen += sum(map(len, parts))
        return seen


def _read(memory: IO[bytes], begin: int, end: int) -> Iterator[bytes]:
    """The bytes of a piece of memory, as far as they are still there."""
    while begin < end:
        try:
            memory.seek(begin)
            part = memory.read(min(_CHUNK, end - begin))
        except OSError:
            return  # unmapped meanwhile, or a device
        if not part:
            return
        yield part
        begin += len(part)


def said_of(pid: int) -> str:
    """Which program a process runs."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return str(pid)
    return next((word.decode() for word in words if word.startswith(b"memesnipe_cli")), str(pid))


def _readable(pid: int) -> Iterator[tuple[int, int]]:
    """(begin, end) of what a process can have written, without the pages that it never touched."""
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pages:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *more = line.split(maxsplit=5)
            name = more[3] if len(more) > 3 else ""
            # Nobody writes into the pages of a program or a library that were mapped from its file to be read.
            if not rights.startswith("r") or name.startswith("[v") or ("/" in name and "w" not in rights):
                continue
            begin, end = (int(each, 16) // mmap.PAGESIZE for each in place.split("-"))
            pages.seek(8 * begin)
            touched = np.frombuffer(pages.read(8 * (end - begin)), dtype=np.uint64) >= _SWAPPED
            edges = np.flatnonzero(np.diff(touched, prepend=False, append=False)) + begin
            for first, last in edges.reshape(-1, 2).tolist():
                yield first * mmap.PAGESIZE, last * mmap.PAGESIZE


def family(pid: int) -> list[int]:
    """A process and all that it started, as long as they are there."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


@contextmanager
def watched(hunt: Hunt, pid: int, every_s: float = 0.05) -> Iterator[set[tuple[int, str]]]:
    """Look at arguments and environments of a process and its children over and over. Yields (pid, program) of what was
    seen to run."""
    seen: set[tuple[int, str]] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            for each in family(pid):
                hunt.arguments(each)
                seen.add((each, said_of(each)))
            ended.wait(every_s)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join(timeout=10)


def wait_until(true: object, seconds: float, what: str = "it") -> None:
    """Until `true()` is so; fails after so long."""
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"{what} did not come about within {seconds:g} s"
        time.sleep(0.02)
