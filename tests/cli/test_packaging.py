"""What is installed is what is here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_is_installed() -> None:
    library = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "memesnipe_cli").rglob("__init__.py")
    }
    mapped = set(PROJECT["tool"]["setuptools"]["package-dir"]) - {"memesnipe_cli"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == library | mapped


def test_the_lock_pins_every_dependency_by_hash_and_names_no_host() -> None:
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    assert {re.split(r"[<>=]", name)[0] for name in wanted} <= pinned
    assert lock.count("==") == len(re.findall(r"^\S+==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE))
    assert "://" not in lock and "--index" not in lock and "--find-links" not in lock


def test_every_dependency_is_bounded() -> None:
    for name in PROJECT["project"]["dependencies"]:
        assert ">=" in name and "<" in name, name
