"""What a process that holds a secret tells the kernel: that nobody of the same user may look into its memory, that no
core of it is written, that its pages are not swapped out, and that it dies with its parent.

Linux has all of it. Elsewhere what is missing is left out, and `Hardened` says so.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass

_PR_SET_PDEATHSIG, _PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 1, 3, 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Hardened:
    """dumpable: others of the same user may read its memory and a core may be written; locked: `all` (no page of it is
    swapped out), `secret` (the page of the secret is not) or `none`; dies_with_parent: the kernel ends it then, beside
    the socket that closes."""

    dumpable: bool
    locked: str
    dies_with_parent: bool

    def as_dict(self) -> dict[str, bool | str]:
        """The fields."""
        return asdict(self)


def hide_memory() -> bool:
    """Keep this process's memory from other processes of the user (ptrace, /proc/PID/mem) and out of cores. True where
    the kernel says that it is so."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return False
    libc = _libc()
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return bool(libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)


def die_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> bool:
    """Be ended by the kernel, with that signal, when the process `parent`, which started this one, ends. Ends at once
    where it has ended already."""
    if not sys.platform.startswith("linux"):
        return False
    done = bool(_libc().prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) == 0)
    if os.getppid() != parent:
        os._exit(1)
    return done


def lock_all_memory() -> bool:
    """Keep every page, those to come too, out of swap. False where the user's limit (RLIMIT_MEMLOCK) is too small:
    then nothing is changed, since a page over the limit would end the process later."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if os.geteuid() != 0 and soft != resource.RLIM_INFINITY:
        return False
    if not sys.platform.startswith("linux"):
        return False
    return bool(_libc().mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0)


def lock_page(address: int, size: int) -> bool:
    """Keep some bytes out of swap."""
    return bool(_libc().mlock(ctypes.c_void_p(address), ctypes.c_size_t(size)) == 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
