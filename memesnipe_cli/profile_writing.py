"""Writing a new profile file: a few answers become TOML that loads, or nothing is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from memesnipe_cli.errors import ConfigError, UsageError
from memesnipe_cli.profile import read_profile
from memesnipe_cli.profile_problems import Problem

Answers = Mapping[str, str | float | Decimal]


def profile_text(answers: Answers) -> str:
    """TOML of dotted keys (`account.capital`) and their values, table by table."""
    lines = ["# Settings laid over the built-in paper profile; docs/profiles.md explains each key."]
    table = ""
    for key, value in answers.items():
        head, _, name = key.rpartition(".")
        if head != table:
            lines += ["", f"[{head}]"]
            table = head
        lines.append(f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def problems_with(answers: Answers) -> list[Problem]:
    """What would be wrong with a profile of these answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.toml"
        path.write_text(profile_text(answers), encoding="utf-8")
        return read_profile(path)[1]


def write_profile(path: Path, answers: Answers, *, replace: bool) -> None:
    """Write the profile whole or not at all. Raises UsageError where it exists, ConfigError where it cannot
    be."""
    if path.exists() and not replace:
        raise UsageError(f"{path} exists", "give another --name or --path, or --force to replace it")
    problems = problems_with(answers)
    if problems:
        raise ConfigError(problems[0].message, "give a value within these bounds")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(profile_text(answers))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", "give another --path") from None


def _toml(value: str | float | Decimal) -> str:
    """Our values are plain words and numbers, so a basic string needs only its two escapes."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
