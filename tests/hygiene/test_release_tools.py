"""What a release lists: the pins of all that the program needs, and of nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[2]


def released(*extras: str) -> str:
    """What the released lock holds."""
    tool = str(TOP / ".ci" / "runtime_lock.py")
    done = subprocess.run([sys.executable, tool, *extras], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(lock: str) -> set[str]:
    """The packages that a lock pins."""
    return set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))


def test_the_released_lock_has_what_the_program_needs_with_its_hashes() -> None:
    lock = released()
    pinned = names(lock)
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {re.split(r"[<>=]", name)[0] for name in project["dependencies"]} <= pinned
    assert "aiohttp" in pinned  # what a dependency needs
    assert not pinned & {"pytest", "ruff", "mypy", "pip-audit"}
    assert len(re.findall(r"==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", lock)) == len(pinned)


def test_an_extra_adds_what_it_needs_and_takes_nothing_away() -> None:
    added = names(released("wallets")) - names(released())
    assert {"solders", "eth-account"} <= added
    assert names(released()) <= names(released("wallets"))


def test_what_a_newcomer_runs_is_installed_from_the_same_pins() -> None:
    lock = (TOP / "requirements.lock").read_text(encoding="utf-8")
    assert lock == released("build"), "run: .venv/bin/python .ci/runtime_lock.py build > requirements.lock"
    assert names(lock) - names(released()) == {"setuptools"}
