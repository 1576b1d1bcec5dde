"""Where a secret lies: in one page that is wiped, not dumped, not inherited; and nowhere else in the process."""

from __future__ import annotations

import copy
import os
import pickle
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memesnipe_cli.signer.held import LARGEST, HeldSecret, read_to_end

LINUX = sys.platform.startswith("linux")
on_linux = pytest.mark.skipif(not LINUX, reason="the kernel of Linux is asked")
SHORT_S = 20


def through_a_pipe(*parts: bytes) -> Callable[[memoryview], int]:
    """A reader of a pipe that these were written to, one after the other."""
    reads, writes = os.pipe()
    for part in parts:
        os.write(writes, part)
    os.close(writes)

    def read_into(buffer: memoryview) -> int:
        try:
            return read_to_end(reads)(buffer)
        finally:
            os.close(reads)

    return read_into


def test_what_is_read_is_held_to_the_last_byte() -> None:
    secret = HeldSecret(through_a_pipe(b"\x00one", b"two\xff", b"\n"))
    assert bytes(secret.view) == b"\x00onetwo\xff\n"


def test_nothing_is_held_where_nothing_came() -> None:
    assert bytes(HeldSecret(through_a_pipe()).view) == b""


def test_once_wiped_there_is_none() -> None:
    secret = HeldSecret(through_a_pipe(b"secret"))
    secret.wipe()
    assert bytes(secret.view) == bytes(6)
    secret.wipe()


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1])
def test_what_does_not_fit_is_refused_and_not_kept(size: int) -> None:
    seen: list[memoryview] = []
    read = through_a_pipe(b"x" * size)

    def read_into(buffer: memoryview) -> int:
        seen.append(buffer)
        return read(buffer)

    with pytest.raises(ValueError, match=f"a secret of {LARGEST} bytes or more"):
        HeldSecret(read_into)
    assert bytes(seen[0]) == bytes(LARGEST)


def test_the_largest_that_fits_is_held() -> None:
    assert bytes(HeldSecret(through_a_pipe(b"x" * (LARGEST - 1))).view) == b"x" * (LARGEST - 1)


def test_no_text_of_it_shows_it() -> None:
    secret = HeldSecret(through_a_pipe(b"canary"))
    assert repr(secret) == str(secret) == f"{secret}" == "HeldSecret(6 bytes)"


@pytest.mark.parametrize(
    "copying", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"]
)
def test_it_is_not_copied(copying: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="not pickled or copied"):
        copying(HeldSecret(through_a_pipe(b"canary")))


@on_linux
def test_its_pages_are_in_no_core_in_no_child_and_not_swapped() -> None:
    secret = HeldSecret(through_a_pipe(b"canary"))
    flags = flags_of(secret._address)
    assert {"dd", "wf"} <= flags  # VM_DONTDUMP, VM_WIPEONFORK
    assert ("lo" in flags) == secret.locked


def flags_of(address: int) -> set[str]:
    """What the kernel says of the mapping there: VmFlags of proc_pid_smaps(5)."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if bounds:
            inside = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return set(line.split()[1:])
    raise AssertionError(f"nothing is mapped at {address:x}")


# Other processes: each is given a canary through a descriptor and says `ready`, then waits to be ended.

_HOLD = """
import sys
from memesnipe_cli.signer.held import HeldSecret, read_to_end
secret = HeldSecret(read_to_end(int(sys.argv[1])))
"""
_COPY = """
import os, sys
from memesnipe_cli.signer.held import HeldSecret
copy = os.read(int(sys.argv[1]), 1 << 16)
def fill(buffer):
    buffer[:len(copy)] = copy
    return len(copy)
secret = HeldSecret(fill)
"""
_WIPE = _HOLD + "secret.wipe()\n"
_FORK = (
    _HOLD
    + """
import os
size = len(secret.view)
child = os.fork()
if not child:
    os._exit(0 if size and bytes(secret.view) == bytes(size) else 1)
_, status = os.waitpid(child, 0)
print("child", os.waitstatus_to_exitcode(status), "parent", int(any(secret.view)), flush=True)
"""
)
_HIDE = """
import ctypes, resource
from memesnipe_cli.signer.hardening import hide_memory
hidden = hide_memory()
print(hidden, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE), flush=True)
"""
_WAIT = "print('ready', flush=True)\nsys.stdin.read()\n"


@contextmanager
def child(code: str, canary: bytes) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code` with the canary at its descriptor, and is ready."""
    reads, writes = os.pipe()
    os.write(writes, canary)
    os.close(writes)
    process = subprocess.Popen(
        [sys.executable, "-c", code + _WAIT, str(reads)],
        pass_fds=(reads,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(reads)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SHORT_S)


def times_in_memory(pid: int, canary: bytes) -> int:
    """How often it stands in what another process may write to."""
    found = 0
    try:
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except PermissionError:
        pytest.skip("the kernel lets no process look into another one")
    try:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, rights = line.split()[:2]
            begin, end = (int(each, 16) for each in bounds.split("-"))
            if rights.startswith("rw"):
                found += os.pread(memory, end - begin, begin).count(canary)
    finally:
        os.close(memory)
    return found


@on_linux
def test_a_secret_stands_in_memory_once() -> None:
    canary = secrets.token_bytes(48)
    with child(_HOLD, canary) as holder:
        assert times_in_memory(holder.pid, canary) == 1
    # The search finds what a copy leaves.
    with child(_COPY, canary) as copier:
        assert times_in_memory(copier.pid, canary) > 1


@on_linux
def test_a_wiped_secret_stands_nowhere() -> None:
    canary = secrets.token_bytes(48)
    with child(_WIPE, canary) as wiper:
        assert times_in_memory(wiper.pid, canary) == 0


@on_linux
def test_a_child_that_is_forked_sees_zeros() -> None:
    assert said_by(_FORK) == "child 0 parent 1\n"


@on_linux
def test_a_process_hides_its_memory_and_writes_no_core() -> None:
    assert said_by(_HIDE) == "True 0 0 0\n"


def said_by(code: str) -> str:
    """What a process prints that has a secret at its descriptor."""
    reads, writes = os.pipe()
    os.write(writes, b"canary")
    os.close(writes)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(reads)],
            pass_fds=(reads,),
            capture_output=True,
            text=True,
            timeout=SHORT_S,
            check=True,
        )
    finally:
        os.close(reads)
    return done.stdout
