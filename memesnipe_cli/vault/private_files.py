"""Files that only their owner may read: written whole or not at all, and never through a name that others can see."""

from __future__ import annotations

import os
from pathlib import Path

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.store.files import sync_folder, temporary_name, write_all


def make_private_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, for its owner only. Raises ConfigError."""
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    try:
        for step in reversed(missing):
            step.mkdir(mode=0o700, exist_ok=True)
    except OSError as problem:
        raise unusable(folder, problem) from None


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` with `data`, mode 0600 in a folder of mode 0700. Raises ConfigError where it cannot be written."""
    try:
        make_private_folder(path.parent)
        temporary = temporary_name(path)
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                write_all(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as problem:
        raise unusable(path, problem) from None


def read_private(path: Path) -> bytes | None:
    """What `path` holds, None where there is no such file. Raises ConfigError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise unusable(path, problem) from None


def unusable(path: Path, problem: OSError) -> ConfigError:
    """A file of the vault that the operating system keeps from us."""
    return ConfigError(
        f"{path} cannot be used: {problem.strerror or problem}",
        "give this user the right to read and write there, or set XDG_CONFIG_HOME to a folder of its own",
        code="vault_file",
    )
