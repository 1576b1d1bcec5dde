"""The breaker drill: walks the whole ladder with real processes in a folder of its own, and remembers that it did."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memesnipe_cli import __version__, clock
from memesnipe_cli.errors import MemesnipeError, UsageError
from memesnipe_cli.records import record
from memesnipe_cli.store.canonical import JsonValue
from memesnipe_cli.store.files import explained
from memesnipe_cli.store.journal import Journal

DRILL = "drill"  # kind of the journal line


@dataclass(frozen=True)
class StepResult:
    """One step. must: what should happen; seen: what did, in numbers."""

    name: str
    must: str
    passed: bool
    seen: str
    seconds: float


@dataclass(frozen=True)
class DrillReport:
    """A whole drill. at: when it began, RFC 3339."""

    at: str
    steps: list[StepResult]
    seconds: float
    version: str

    @property
    def passed(self) -> bool:
        """Whether every step did."""
        return all(step.passed for step in self.steps)


@dataclass(frozen=True)
class LastDrill:
    """What an account's journal says of drills. at, passed: of the last one; passed_at: when one last passed whole,
    None where none has."""

    at: str
    passed: bool
    passed_at: str | None


def run_drill(keep: Path | None = None, on_step: Callable[[StepResult], None] | None = None) -> DrillReport:
    """Run every step; on_step is told each result. keep: a folder that stays, else one that is removed.

    Raises UsageError where `keep` holds something.
    """
    from memesnipe_cli.risk.drill_child import children
    from memesnipe_cli.risk.drill_market import set_scene
    from memesnipe_cli.risk.drill_steps import Steps, run_step

    folder = _folder(keep)
    at, begin = clock.format_time(clock.now_ms()), time.monotonic()
    results = []
    try:
        with children() as family:
            for name, must, step in Steps(set_scene(folder), family).all():
                begun = time.monotonic()
                passed, seen = run_step(step)
                family.end_all()
                result = StepResult(name, must, passed, seen, time.monotonic() - begun)
                results.append(result)
                if on_step is not None:
                    on_step(result)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    return DrillReport(at, results, time.monotonic() - begin, __version__)


def journal_drill(journal: Journal, report: DrillReport) -> None:
    """Remember a drill in an account's journal. Raises StoreError."""
    steps: list[JsonValue] = [
        {"name": each.name, "passed": each.passed, "seen": each.seen} for each in report.steps
    ]
    journal.append(
        DRILL,
        {
            "at": report.at,
            "passed": report.passed,
            "steps": steps,
            "seconds": f"{report.seconds:.3f}",
            "version": report.version,
        },
    )


def last_drill(journal: Journal) -> LastDrill | None:
    """What the journal says of drills; None where there was none. Raises StoreDamagedError."""
    last: LastDrill | None = None
    for entry in journal.entries():
        if entry.kind == DRILL:
            at, passed = str(entry.body["at"]), bool(entry.body["passed"])
            passed_at = at if passed else None if last is None else last.passed_at
            last = LastDrill(at, passed, passed_at)
    return last


def drill_record(report: DrillReport, account: str) -> dict[str, Any]:
    """The `drill` record."""
    return record(
        "drill",
        account=account,
        at=report.at,
        passed=report.passed,
        steps=[
            {
                "name": s.name,
                "must": s.must,
                "passed": s.passed,
                "seen": s.seen,
                "seconds": round(s.seconds, 3),
            }
            for s in report.steps
        ],
        seconds=round(report.seconds, 3),
        version=report.version,
    )


def _folder(keep: Path | None) -> Path:
    if keep is None:
        try:
            return Path(tempfile.mkdtemp(prefix="memesnipe-drill-"))
        except OSError as problem:
            raise MemesnipeError(
                f"there is no folder for a drill: {problem.strerror}", "name one: --keep DIR", code="system"
            ) from problem
    with explained(f"cannot create {keep}"):
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise UsageError(f"--keep {keep} is not empty", "name a new folder")
    return keep.absolute()
