"""Where a secret lies while it is used: one page of its own, locked, left out of cores, not given to children, wiped.

CPython copies what it touches: a secret that was ever a `str` or `bytes` lies about until its memory is used for
something else. So it is read straight from a descriptor into this page, and used from it as a buffer.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Callable

from memesnipe_cli.signer.hardening import lock_page

_PAGE = mmap.PAGESIZE
LARGEST = 4 * _PAGE
_MADV_WIPEONFORK = 18  # Linux 4.14; Python has no name for it


class HeldSecret:
    """The bytes of a secret. `view` is the buffer itself; `wipe` overwrites it, after which there is none."""

    def __init__(self, read_into: Callable[[memoryview], int]) -> None:
        """read_into: fills the buffer it is given and says how many bytes it wrote."""
        self._map = mmap.mmap(-1, LARGEST, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if sys.platform.startswith("linux"):
            self._map.madvise(mmap.MADV_DONTDUMP)
            self._map.madvise(_MADV_WIPEONFORK)
        whole = memoryview(self._map)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.locked = lock_page(self._address, LARGEST)
        self._size = 0
        try:
            self._size = read_into(whole)
        except BaseException:
            self.wipe()
            raise
        self.view: memoryview = whole[: self._size]

    def wipe(self) -> None:
        """Overwrite it."""
        ctypes.memset(self._address, 0, LARGEST)
        self._size = 0

    def __repr__(self) -> str:
        return f"HeldSecret({self._size} bytes)"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a secret is not pickled or copied")


def read_to_end(descriptor: int) -> Callable[[memoryview], int]:
    """Fills a buffer from a descriptor until its end, without a copy on the way. Raises ValueError for more than
    fits."""

    def read_into(buffer: memoryview) -> int:
        done = 0
        while True:
            count = os.readv(descriptor, [buffer[done:]]) if done < len(buffer) else 0
            if not count:
                if done == len(buffer):
                    raise ValueError(f"a secret of {done} bytes or more")
                return done
            done += count

    return read_into
