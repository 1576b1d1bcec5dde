"""The machine: Python and packages, room on the disk and how fast it syncs, where secrets would be kept."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from memesnipe_cli.checks.deadline import within
from memesnipe_cli.records import FindingRecord, finding

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 100 << 20
LITTLE_FREE_BYTES = 1 << 30
SYNCS = 15
SLOW_SYNC_MS = 50.0
KEYRING_DEADLINE_S = 5.0

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)(;.*)?$")
# Backends that keep secrets where anybody can read them, or nowhere at all.
_REFUSED_BACKENDS = ("null", "plaintext", "keyrings.alt", "keyrings.cryptfile")


def check_python() -> list[FindingRecord]:
    """The interpreter is new enough."""
    version = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        return [
            finding(
                "python", "error", sys.executable, f"Python {version} is too old", f"use {needed} or newer"
            )
        ]
    return [finding("python", "ok", sys.executable, f"Python {version}")]


def check_packages(distribution: str = "memesnipe") -> list[FindingRecord]:
    """Every package that `distribution` needs is installed, within its bounds."""
    try:
        requirements = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return [finding("packages", "error", distribution, "is not installed", "pip install . in its folder")]
    found = []
    checked = 0
    for requirement in requirements:
        parts = _REQUIREMENT.match(requirement)
        if parts is None or parts[3]:
            continue  # an extra's, or bound to another platform
        checked += 1
        name, bounds = parts[1], parts[2].strip()
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found.append(finding("packages", "error", name, "is missing", f"pip install '{name}{bounds}'"))
            continue
        if not within_bounds(version, bounds):
            message = f"{version} is outside of {bounds}"
            found.append(finding("packages", "warning", name, message, f"pip install '{name}{bounds}'"))
    return found or [
        finding("packages", "ok", distribution, f"{checked} packages are there, within their bounds")
    ]


def within_bounds(version: str, bounds: str) -> bool:
    """Whether a version satisfies `>=a,<b`; other kinds of bounds are taken as satisfied."""
    given = _numbers(version)
    for bound in filter(None, (part.strip() for part in bounds.split(","))):
        if bound.startswith(">=") and given < _numbers(bound[2:]):
            return False
        if bound.startswith("<") and not bound.startswith("<=") and given >= _numbers(bound[1:]):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:4])


def check_disk(store: Path) -> list[FindingRecord]:
    """Room for the store, and how long a small write takes until it would survive a power cut."""
    folder = store
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    room = f"{free / (1 << 30):.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        found = [
            finding(
                "disk", "error", str(folder), f"only {room}", "free some space: a full disk stops trading"
            )
        ]
    elif free < LITTLE_FREE_BYTES:
        found = [finding("disk", "warning", str(folder), f"only {room}", "free some space")]
    else:
        found = [finding("disk", "ok", str(folder), room)]
    try:
        middle, worst = sync_times_ms(folder)
    except OSError as error:
        hint = "give this user the right to write there, or name another store with --store"
        return [
            *found,
            finding("disk sync", "error", str(folder), f"cannot be written: {error.strerror}", hint),
        ]
    message = f"a synced write takes {middle:.1f} ms, at worst {worst:.1f} ms"
    if middle > SLOW_SYNC_MS:
        found.append(
            finding("disk sync", "warning", str(folder), message, "put the store on a faster, local disk")
        )
    else:
        found.append(finding("disk sync", "ok", str(folder), message))
    return found


def sync_times_ms(folder: Path) -> tuple[float, float]:
    """Median and maximum of a few small appends with fdatasync in `folder`, in ms. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".doctor.", suffix=".tmp")
    try:
        times = []
        for _ in range(SYNCS):
            start = time.perf_counter()
            os.write(handle, b"memesnipe doctor\n")
            getattr(os, "fdatasync", os.fsync)(handle)
            times.append((time.perf_counter() - start) * 1000)
    finally:
        os.close(handle)
        os.unlink(name)
    return sorted(times)[SYNCS // 2], max(times)


def check_keyring(deadline_s: float = KEYRING_DEADLINE_S) -> list[FindingRecord]:
    """There is a keyring that keeps secrets, and it answers in time. Paper trading needs none."""
    (backend,) = within(deadline_s, [_backend_names])
    hint = (
        "only needed for live trading: start the desktop's keyring, or gnome-keyring under dbus-run-session"
    )
    if backend is None:
        return [finding("keyring", "warning", "keyring", f"did not answer within {deadline_s:g} s", hint)]
    if isinstance(backend, Exception):
        return [
            finding("keyring", "warning", "keyring", f"cannot be opened ({type(backend).__name__})", hint)
        ]
    return [judge_backend(backend)]


def judge_backend(names: list[str]) -> FindingRecord:
    """What the keyring backends in use are worth, by their class names."""
    where = ", ".join(names)
    refused = [name for name in names if any(word in name.lower() for word in _REFUSED_BACKENDS)]
    if refused:
        message = f"{refused[0]} keeps no secret"
        return finding("keyring", "error", where, message, "uninstall it, or choose another in keyringrc.cfg")
    if not names or all(".fail." in name for name in names):
        return finding(
            "keyring",
            "warning",
            "keyring",
            "there is none in this session",
            "only needed for live trading: log in to a desktop session, or run under dbus-run-session",
        )
    return finding("keyring", "ok", where, "answers")


def _backend_names() -> list[str]:
    import keyring

    backend = keyring.get_keyring()
    members = getattr(backend, "backends", None) or [backend]
    return [f"{type(member).__module__}.{type(member).__name__}" for member in members]
