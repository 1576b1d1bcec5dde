"""Durable file operations: a file is either there whole, and stays after a power cut, or not there at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe_cli.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def storage_error(problem: OSError, doing: str) -> StoreError:
    """An operating-system error as a StoreError that says what did not happen and what to do."""
    if problem.errno in _FULL:
        return StoreError(
            f"{doing}: no room on the disk ({problem.strerror})",
            "free some space (memesnipe store size, memesnipe store prune), then run it again",
            code="store_full",
        )
    if problem.errno in _READ_ONLY:
        return StoreError(
            f"{doing}: the folder may not be written ({problem.strerror})",
            "give this user the right to write there, or name another store with --store",
            code="store_read_only",
        )
    if problem.errno in {errno.ENOTDIR, errno.EISDIR, errno.EEXIST}:
        return StoreError(
            f"{doing}: a file stands where a folder should be, or the other way round ({problem.strerror})",
            "move it away, or name another store with --store",
        )
    return StoreError(
        f"{doing}: {problem.strerror or problem}", "look at the disk (memesnipe doctor), then run it again"
    )


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turns any OSError inside into the StoreError of `storage_error`."""
    try:
        yield
    except OSError as problem:
        raise storage_error(problem, doing) from problem


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` last: without this a new or renamed file may be gone after a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Creates `folder` and its parents, each one durable."""
    missing = []
    step = folder
    while not step.is_dir():
        missing.append(step)
        if step.parent == step:
            break
        step = step.parent
    for new in reversed(missing):
        # Somebody else may create it at the same moment; that is as good.
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


def temporary_name(target: Path) -> Path:
    """A name beside `target` that nobody else uses; the leading dot keeps it out of every glob."""
    return target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def read_if_there(path: Path) -> bytes | None:
    """A whole file, None where there is none. Raises StoreError."""
    try:
        with explained(f"cannot read {path}"):
            return path.read_bytes()
    except StoreError as problem:
        if isinstance(problem.__cause__, FileNotFoundError):
            return None
        raise


def write_all(handle: int, data: bytes) -> None:
    """os.write until everything is written; a partial write is not an end."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_file(target: Path, data: bytes, mode: int = 0o644) -> None:
    """Replaces `target` with `data`: temporary file, fsync, rename, fsync of the folder. mode: never wider, from the
    first byte on."""
    temporary = temporary_name(target)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
