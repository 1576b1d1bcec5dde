"""Files that only their owner may read: written whole or not at all, and never through a name that others can see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.store.files import write_file


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
        write_file(path, data, 0o600)
    except OSError as problem:
        raise unusable(path, problem) from None


def check_format(path: Path, given: Mapping[str, Any], known: Any) -> None:
    """Raise ConfigError where a file of the vault was written by another version."""
    if given["format"] != known:
        raise ConfigError(
            f"{path} has format {given['format']!r}, and this version knows {known}",
            "use the version of memesnipe that wrote it",
            code="vault_file",
        )


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
