"""Looks for secrets in what git tracks and in all that it ever did: `python .ci/scan_secrets.py [FILE ...]`.

With FILEs only those are looked at, as the pre-commit hook does; without, every tracked file and every line that any
commit added, or every file where there is no git. Known findings that are none stand in secrets-accepted.json, each
with its reason; a line of one's own may say `pragma: allowlist secret`. Exit 1 where anything else is found. What was
found is never printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detect_secrets.core import scan
from detect_secrets.core.plugins.util import Plugin
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.settings import get_plugins, transient_settings

HERE = Path(__file__).resolve().parent
ACCEPTED = HERE / "secrets-accepted.json"
_OWN = f"file://{HERE / 'secret_shapes.py'}"
# Recognised by their shape, so without false alarms to speak of: these are looked for in the history too.
_SHAPES: list[dict[str, Any]] = [
    {"name": "AWSKeyDetector"},
    {"name": "GitHubTokenDetector"},
    {"name": "GitLabTokenDetector"},
    {"name": "PrivateKeyDetector"},
    {"name": "PypiTokenDetector"},
    {"name": "SlackDetector"},
    {"name": "StripeDetector"},
    {"name": "TelegramBotTokenDetector"},
    {"name": "ExchangeSecretDetector", "path": _OWN},
    {"name": "CoinbaseKeyDetector", "path": _OWN},
    {"name": "PrivateKeyBodyDetector", "path": _OWN},
    {"name": "WalletKeyDetector", "path": _OWN},
]
# Recognised by what stands around them.
_GUESSES: list[dict[str, Any]] = [
    {"name": "Base64HighEntropyString", "limit": 4.5},
    {"name": "BasicAuthDetector"},
    {"name": "JwtTokenDetector"},
    {"name": "KeywordDetector"},
]
_MADE = ("build", "dist", "__pycache__")
_ALLOWED = re.compile(r"pragma: ?allowlist[ -]secret")
_FILTERS = [
    {"path": f"detect_secrets.filters.{name}"}
    for name in (
        "heuristic.is_not_alphanumeric_string",
        "heuristic.is_likely_id_string",
        "heuristic.is_potential_uuid",
        "heuristic.is_sequential_string",
        "heuristic.is_templated_secret",
    )
]
# Hashes by the thousand, and this list itself.
_NOT_LOOKED_AT = ("requirements.lock", "requirements-dev.lock", ".ci/secrets-accepted.json")


@dataclass(frozen=True)
class Finding:
    """What looks like a secret. place: line of the file, or the commit that added it; hash: SHA-1 of the secret."""

    file: str
    type: str
    hash: str
    place: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What stays the same when lines move."""
        return self.file, self.type, self.hash


def git(top: Path, *words: str) -> str:
    """What git says; bytes that are no UTF-8 are replaced."""
    done = subprocess.run(["git", *words], cwd=top, check=True, capture_output=True)  # noqa: S603, S607 - fixed words
    return done.stdout.decode("utf-8", "replace")


def tracked(top: Path) -> list[str] | None:
    """The files that git tracks; None where this is no checkout."""
    try:
        return [name for name in git(top, "ls-files", "-z").split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        return None


def unpacked(top: Path) -> list[str]:
    """The files of a folder that is no checkout, without what tools leave in it."""
    found: list[str] = []
    for folder, folders, files in os.walk(top):
        folders[:] = [
            name for name in folders if name == ".ci" or not name.startswith((".", "_", "build", "dist"))
        ]
        found += [str(Path(folder, name).relative_to(top)) for name in files]
    return sorted(found)


def in_files(files: list[str]) -> Iterator[Finding]:
    """The findings in files of the working folder."""
    lines = {file: Path(file).read_bytes().decode("utf-8", "replace").split("\n") for file in files}
    with transient_settings({"plugins_used": _SHAPES, "filters_used": []}):
        detectors = list(get_plugins())
        for file in files:
            for number, line in enumerate(lines[file], start=1):
                yield from in_line(detectors, line, file, f"line {number}")
    with transient_settings({"plugins_used": _GUESSES, "filters_used": _FILTERS}):
        for file in files:
            for secret in scan.scan_file(file):
                if not _ALLOWED.search(lines[file][secret.line_number - 1]):
                    yield Finding(file, secret.type, secret.secret_hash, f"line {secret.line_number}")


def in_history(top: Path) -> Iterator[Finding]:
    """The findings in lines that any commit added, whether or not they are still there."""
    with transient_settings({"plugins_used": _SHAPES, "filters_used": []}):
        detectors = list(get_plugins())
        file = commit = ""
        log = git(
            top, "log", "--all", "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--format=commit %h"
        )
        for line in log.split("\n"):
            if line.startswith("commit "):
                commit = line
            elif line.startswith("+++ "):
                file = line.removeprefix("+++ ").removeprefix("b/").rstrip("\t")
            elif line.startswith("+") and file not in _NOT_LOOKED_AT:
                yield from in_line(detectors, line[1:], file, commit)


def in_line(detectors: list[Plugin], line: str, file: str, place: str) -> Iterator[Finding]:
    """The findings of detectors that need one line only."""
    for detector in detectors:
        for value in detector.analyze_string(line):
            if not _ALLOWED.search(line):
                yield Finding(file, detector.secret_type, PotentialSecret.hash_secret(value), place)


def accepted() -> list[dict[str, str]]:
    """What was looked at and is no secret: file, type, hash, why."""
    if not ACCEPTED.exists():
        return []
    entries: list[dict[str, str]] = json.loads(ACCEPTED.read_text(encoding="utf-8"))
    return entries


def accept(findings: list[Finding], why: str) -> None:
    """Add findings to the list, with a reason."""
    entries = accepted()
    for finding in findings:
        entry = asdict(finding) | {"why": why}
        del entry["place"]
        entries.append(entry)
    entries.sort(key=lambda entry: (entry["file"], entry["type"], entry["hash"]))
    ACCEPTED.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Look, say what was found and where; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument(
        "--accept", metavar="WHY", help="add what is found to the accepted ones, with this reason"
    )
    arguments = parser.parse_args()
    top = Path.cwd()
    committed = None if arguments.files else tracked(top)
    files = arguments.files or committed or unpacked(top)
    wanted = [name for name in files if name not in _NOT_LOOKED_AT and (top / name).is_file()]
    known = {(entry["file"], entry["type"], entry["hash"]) for entry in accepted()}
    found: dict[tuple[str, str, str], Finding] = {}
    for finding in in_files(wanted):
        found.setdefault(finding.identity, finding)
    if committed:
        for finding in in_history(top):
            found.setdefault(finding.identity, finding)
    new = [finding for identity, finding in sorted(found.items()) if identity not in known]
    if arguments.accept:
        accept(new, arguments.accept)
        print(f"{len(new)} accepted in {ACCEPTED.name}: {arguments.accept}")
        return 0
    for finding in new:
        print(f"{finding.file}, {finding.place}: {finding.type}", file=sys.stderr)
    if new:
        print(
            "\nA key that was committed is no longer secret: revoke it at the venue first, then take it out. Where it "
            "is none,\nmark the line with `pragma: allowlist secret`, or: "
            'python .ci/scan_secrets.py --accept "why it is no secret"',
            file=sys.stderr,
        )
        return 1
    print(f"no secret in {len(wanted)} files" + (" and their history" if committed else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
