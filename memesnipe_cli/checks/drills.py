"""Whether the breaker has been drilled on this machine, and how long ago."""

from __future__ import annotations

from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.records import FindingRecord, finding
from memesnipe_cli.risk.drill import LastDrill, last_drill
from memesnipe_cli.store.paths import decode_name
from memesnipe_cli.store.store import Store

OLD_DAYS = 35
_NEXT = "memesnipe breaker drill"


def check_drills(root: Path) -> list[FindingRecord]:
    """One finding for the newest drill of any account; none where there is no store."""
    try:
        store = Store(root)
        if store.marker is None:
            return []
        folders = sorted(store.paths.journal.iterdir()) if store.paths.journal.is_dir() else []
        drills = [last_drill(store.journal(decode_name(each.name))) for each in folders if each.is_dir()]
    except MemesnipeError:
        return []  # what is wrong with the store is another check's finding
    known = [each for each in drills if each is not None]
    if not known:
        return [finding("drill", "info", str(root), "the breaker was never drilled here", _NEXT)]
    return [_judged(root, max(known, key=lambda each: clock.parse_time(each.at)))]


def _judged(root: Path, last: LastDrill) -> FindingRecord:
    days = (clock.now_ms() - clock.parse_time(last.at)) / clock.DAY_MS
    told = f"the last breaker drill, {days:.0f} days ago, {'passed' if last.passed else 'FAILED'}"
    if not last.passed:
        return finding("drill", "error", str(root), told, "docs/runbooks/breaker-drill.md says what to do")
    if days > OLD_DAYS:
        return finding("drill", "warning", str(root), told, _NEXT)
    return finding("drill", "ok", str(root), told)
