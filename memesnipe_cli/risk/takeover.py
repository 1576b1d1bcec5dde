"""Taking over an account from its trader: first its right to send, then, where it does not end by itself, its process.

A trader that lives sees the new fence before its next bar, or within moments while it waits for one, and ends by
itself. One that hangs is ended by its pid. Nothing else is ever ended: the pid must be the one in the marks, with the
moment that process was started at, on this machine, and it must hold the account's lock.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.errors import StoreBusyError, StoreError, UsageError
from memesnipe_cli.risk.control import read_latch
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.risk.processes import is_alive
from memesnipe_cli.store import locks
from memesnipe_cli.store.files import explained, make_folder
from memesnipe_cli.store.paths import StorePaths

PATIENCE_S = 2.0
_TERM_S = 1.0  # for a trader that was told to end
_KILL_S = 5.0  # for the machine to take a killed process away
_LABEL = re.compile(r"^pid ([0-9]+) on (\S+) since (\S+)$")


@dataclass(frozen=True)
class Holder:
    """The living process that holds an account. since_ms: from when on."""

    pid: int
    since_ms: int


@dataclass(frozen=True)
class Takeover:
    """What was taken. fence: the new token, None for an account without a latch, and where another process hangs with
    the latch in its hands: then the held account alone keeps traders away. pid: of the trader that ran, None where none
    did. ended: how that one ended, in words."""

    fence: int | None
    pid: int | None = None
    ended: str = ""

    @property
    def words(self) -> str:
        """One line for a person."""
        return "no trader ran" if self.pid is None else f"the trader (pid {self.pid}) {self.ended}"


@contextmanager
def taken_over(paths: StorePaths, account: str, patience_s: float = PATIENCE_S) -> Iterator[Takeover]:
    """The account without its trader; its lock is held for the body, so that no other one starts meanwhile.

    Raises StoreBusyError where somebody holds the account who may not be ended: it says who, and why not. StoreError
    where the latch cannot be written or the trader cannot be ended.
    """
    lock = trader_lock(paths, account)
    what = f"the account {account!r}"
    with explained(f"cannot create {lock.parent}"):
        make_folder(lock.parent)
    holder = lock_holder(lock)
    pid, ended = (None, "") if holder is None else (holder.pid, "lost its right to send and ended by itself")
    with ExitStack() as held:
        fence, unfenced = _take_fence(paths, account)
        try:
            # Who cannot see that he lost his right has no reason to end.
            held.enter_context(locks.exclusive(lock, what, 0.0 if unfenced else patience_s))
        except StoreBusyError:
            pid, started = _trader(paths, account, lock)
            ended = _end(pid, started)
            held.enter_context(locks.exclusive(lock, what, _KILL_S))
        if unfenced:
            fence, _ = _take_fence(paths, account)
        yield Takeover(fence, pid, ended)


def say_ended(paths: StorePaths, account: str) -> None:
    """Write into the marks that their trader runs no more; for who has taken over and done what was to be done."""
    path = marks_path(paths, account)
    marks = read_marks(path)
    if marks is not None and marks.get("running"):
        write_marks(path, {**marks, "running": False})


def trader_lock(paths: StorePaths, account: str) -> Path:
    """The lock that a trader holds while it trades an account."""
    return paths.account(account) / "trader.lock"


def lock_holder(lock: Path) -> Holder | None:
    """The living process of this machine that holds a lock; None where nobody is known to. Takes no lock, so that it
    is in nobody's way."""
    label = _LABEL.match(locks.holder(lock))
    if label is None or label[2] != os.uname().nodename:
        return None
    try:
        holder = Holder(int(label[1]), clock.parse_time(label[3]))
    except UsageError:
        return None
    return holder if _holds(holder.pid, lock) else None


def _holds(pid: int, lock: Path) -> bool:
    """Whether a process holds a lock, as the machine says."""
    try:
        target = str(lock.resolve())
        for handle in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(f"/proc/{pid}/fd/{handle}") == target:
                    return True
    except FileNotFoundError:
        return False
    except OSError:
        return _is_listed(pid, lock)  # another user's process
    return False


def _is_listed(pid: int, lock: Path) -> bool:
    """The same from the machine's table of locks: `1: FLOCK  ADVISORY  WRITE 4711 fe:00:2204488 0 EOF`."""
    try:
        inode = str(lock.stat().st_ino)
        rows = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return False
    return any(
        row[1] == "FLOCK" and row[4] == str(pid) and row[5].rpartition(":")[2] == inode
        for row in rows
        if len(row) > 5
    )


def _take_fence(paths: StorePaths, account: str) -> tuple[int | None, bool]:
    """(the new fence, whether somebody hangs with the latch in his hands, perhaps the trader himself)."""
    file = LatchFile(paths, account)
    if not file.folder.exists() and not read_latch(paths, account).problem:
        return None, False  # an account that no latch guards, as in a replay
    try:
        return file.take_fence(), False
    except StoreBusyError:
        return None, True


def _trader(paths: StorePaths, account: str, lock: Path) -> tuple[int, str]:
    """(pid, started) of the trader that does not let go. Raises StoreBusyError where it may not be ended."""
    marks = read_marks(marks_path(paths, account)) or {}
    why = _why_not(marks, lock)
    if why:
        raise StoreBusyError(
            f"the account {account!r} is held by {locks.holder(lock)}, which is not ended: {why}",
            "it has no right to send any more; look at that process and end it by hand, then run this again",
        )
    return int(marks["pid"]), str(marks["started"])


def _why_not(marks: Mapping[str, Any], lock: Path) -> str:
    """Why the process that holds the lock may not be ended; empty where it may."""
    pid, host = marks.get("pid"), marks.get("host")
    if not isinstance(pid, int):
        return "it has left no marks that say which process it is"
    if host != os.uname().nodename:
        return f"the marks are of {host}, which is another machine"
    if not is_alive(pid, str(marks.get("started") or "")):
        return f"the marks are of pid {pid}, which runs no more"
    holder = lock_holder(lock)
    if holder is None or holder.pid != pid:
        return f"the marks are of pid {pid}, which does not hold it"
    return ""


def _end(pid: int, started: str) -> str:
    """End this very process: asked first, then by force. How it ended. Raises StoreError."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return "ended by itself"
    try:
        # Asked again now that the handle stands for one process and no later one of that number.
        if not is_alive(pid, started):
            return "ended by itself"
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if _has_ended(handle, _TERM_S):
            return "was ended by SIGTERM"
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if _has_ended(handle, _KILL_S):
            return "did not react and was ended by SIGKILL"
    except ProcessLookupError:
        return "ended by itself"
    except OSError as problem:
        raise StoreError(
            f"the trader (pid {pid}) cannot be ended: {problem.strerror}",
            f"as its user or as root: kill -9 {pid}; it may not send any more",
        ) from problem
    finally:
        os.close(handle)
    raise StoreError(
        f"the trader (pid {pid}) does not end although it was killed: it hangs in the machine itself",
        "it may not send any more; look at the disk, restart the machine",
    )


def _has_ended(handle: int, within_s: float) -> bool:
    return bool(select.select([handle], [], [], within_s)[0])
