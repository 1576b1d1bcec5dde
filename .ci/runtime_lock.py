"""The part of the lock that the program itself needs: `python .ci/runtime_lock.py [EXTRA ...] > FILE`. The extra
`build` is what it takes to install a checkout.

Run in an environment that was installed from requirements-dev.lock: what needs what is asked of the installed packages.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).resolve().parent.parent
LOCK = TOP / "requirements-dev.lock"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==")


def asked(extras: list[str]) -> list[Requirement]:
    """What pyproject.toml asks for. Raises KeyError for an extra that it does not have."""
    given = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    optional = {**given["project"]["optional-dependencies"], "build": given["build-system"]["requires"]}
    texts = [*given["project"]["dependencies"], *(text for name in extras for text in optional[name])]
    return [Requirement(text) for text in texts]


def needed(requirements: Iterable[Requirement], seen: set[tuple[str, frozenset[str]]]) -> set[str]:
    """The canonical names of what is required here, and of all that this requires in turn. seen: what was looked at
    already. Raises PackageNotFoundError."""
    names: set[str] = set()
    for requirement in requirements:
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        names.add(name)
        required = [Requirement(text) for text in requires(name) or []]
        names |= needed((each for each in required if wanted_here(each, extras)), seen)
    return names


def wanted_here(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Whether a requirement is one on this machine, for any of the extras or for none."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})


def pins(lock: str) -> dict[str, str]:
    """The lines of each pin, hashes and comments with it, by canonical name."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        match = _PIN.match(line)
        if match is not None:
            name = canonicalize_name(match["name"])
            found[name] = line
        elif name and line.startswith(" "):
            found[name] += line
    return found


def main() -> int:
    """Print the pins; the exit code."""
    found = pins(LOCK.read_text(encoding="utf-8"))
    try:
        wanted = needed(asked(sys.argv[1:]), set())
    except PackageNotFoundError as problem:
        print(f"{problem.name} is not installed here: make install", file=sys.stderr)
        return 1
    missing = sorted(wanted - found.keys())
    if missing:
        print(f"{LOCK.name} does not pin {', '.join(missing)}: make lock", file=sys.stderr)
        return 1
    print("".join(found[name] for name in sorted(wanted)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
