"""Asks the advisory service about every pinned dependency: `python .ci/audit_dependencies.py [--required]`.

pip-audit does the asking, over the hashed lock. Exit 1 where a version has a known vulnerability that is not accepted
in vulnerabilities-accepted.toml, or an acceptance there is past its date; 2 where the lock cannot be read. Where the
service cannot be reached nothing is known: that is said, and fails only with --required, as for a release.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE.parent / "requirements-dev.lock"
ACCEPTED = HERE / "vulnerabilities-accepted.toml"
# What pip-audit ends with where it got no answer, or one that is none.
_NO_ANSWER = re.compile(
    r"(?:ConnectionError|ConnectTimeout|ReadTimeout|Timeout|SSLError|ProxyError|HTTPError|ServiceError"
    r"|ChunkedEncodingError|JSONDecodeError)\b"
)


@dataclass(frozen=True)
class Vulnerability:
    """One known vulnerability of one pinned version. ids: its own and its other names; fixed: versions without it."""

    package: str
    version: str
    ids: tuple[str, ...]
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        others = f" ({', '.join(self.ids[1:])})" if len(self.ids) > 1 else ""
        remedy = f"fixed in {', '.join(self.fixed)}" if self.fixed else "no fixed version is known"
        return f"{self.package} {self.version}: {self.ids[0]}{others}, {remedy}"


@dataclass(frozen=True)
class Acceptance:
    """A vulnerability that is lived with. until: the last day on which it is."""

    id: str
    reason: str
    until: datetime.date


@dataclass(frozen=True)
class Answer:
    """What the service said. unknown: packages that it could say nothing of, each with why."""

    audited: int
    unknown: list[str]
    vulnerabilities: list[Vulnerability]


class NoAnswerError(Exception):
    """The service was not reached, or what it answered is none."""


class AuditError(Exception):
    """The audit itself is broken: a lock or a list that cannot be read."""


def ask(lock: Path, service: str | None, timeout_s: int) -> Answer:
    """Every pin of the lock, asked for. Raises NoAnswerError, AuditError."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(lock), "--require-hashes", "--disable-pip"]
    command += ["-s", "osv", "-f", "json", "--progress-spinner", "off", "--timeout", str(timeout_s)]
    command += [] if service is None else ["--osv-url", service]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        if _NO_ANSWER.search(done.stderr):
            raise NoAnswerError(done.stderr.strip().splitlines()[-1]) from None
        raise AuditError(
            done.stderr.strip() or f"pip-audit ended with {done.returncode} and said nothing"
        ) from None
    return read(said)


def read(said: dict[str, Any]) -> Answer:
    """pip-audit's JSON."""
    unknown: list[str] = []
    found: list[Vulnerability] = []
    for package in said["dependencies"]:
        if "skip_reason" in package:
            unknown.append(f"{package['name']}: {package['skip_reason']}")
            continue
        for each in package["vulns"]:
            ids = (each["id"], *each.get("aliases", ()))
            fixed = tuple(each.get("fix_versions", ()))
            found.append(Vulnerability(package["name"], package["version"], ids, fixed))
    return Answer(len(said["dependencies"]) - len(unknown), unknown, found)


def acceptances(path: Path) -> list[Acceptance]:
    """The list of what is lived with. Raises AuditError where an entry lacks its reason or its date."""
    found = []
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise AuditError(f"{path}: {problem}") from None
    for entry in entries:
        identity, reason, until = (entry.get(name) for name in ("id", "reason", "until"))
        if not identity or not reason or type(until) is not datetime.date:
            raise AuditError(f"{path}: {entry} needs an id, a reason and a date: until = 2025-12-31")
        found.append(Acceptance(str(identity), str(reason), until))
    return found


def judge(answer: Answer, lived_with: list[Acceptance], today: datetime.date) -> list[str]:
    """What is wrong, a line each."""
    wrong = [
        f"{each.id} was accepted until {each.until} ({each.reason}): upgrade, or look again and set a new date"
        for each in lived_with
        if each.until < today
    ]
    valid = {each.id for each in lived_with if each.until >= today}
    return wrong + [str(each) for each in answer.vulnerabilities if valid.isdisjoint(each.ids)]


def main() -> int:
    """Ask, judge, say; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, default=LOCK, help="the hashed requirements")
    parser.add_argument(
        "--accepted", type=Path, default=ACCEPTED, help="the vulnerabilities that are lived with"
    )
    parser.add_argument("--service", metavar="URL", help="another advisory service that speaks OSV")
    parser.add_argument("--timeout", type=int, default=15, metavar="SECONDS", help="of one answer")
    parser.add_argument("--required", action="store_true", help="fail where the service cannot be reached")
    arguments = parser.parse_args()
    today = datetime.datetime.now(datetime.UTC).date()
    try:
        lived_with = acceptances(arguments.accepted)
        answer = ask(arguments.lock, arguments.service, arguments.timeout)
    except NoAnswerError as problem:
        print(f"dependencies: NOT CHECKED, the advisory service gave no answer: {problem}", file=sys.stderr)
        print("Run `make audit-deps` again where there is a network.", file=sys.stderr)
        return 1 if arguments.required else 0
    except AuditError as problem:
        print(f"dependencies: the audit could not run: {problem}", file=sys.stderr)
        return 2
    wrong = judge(answer, lived_with, today)
    if answer.unknown:
        print(
            f"dependencies: nothing is known of {len(answer.unknown)}: {'; '.join(answer.unknown)}",
            file=sys.stderr,
        )
    if wrong:
        print("dependencies: known vulnerabilities\n  " + "\n  ".join(wrong), file=sys.stderr)
        print("Raise the bound in pyproject.toml if need be, then run `make lock`.", file=sys.stderr)
        return 1
    print(f"dependencies: {answer.audited} pinned versions, no known vulnerability that is not accepted")
    return 1 if arguments.required and answer.unknown else 0


if __name__ == "__main__":
    sys.exit(main())
