"""Whether a trader runs for an account, and how old what it said last is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError
from memesnipe_cli.risk.processes import is_alive


def trader_state(marks: Mapping[str, Any] | None) -> dict[str, Any]:
    """running: None where it was last seen on another machine; pid, host, beat and age_seconds: of the last marks."""
    if marks is None:
        return {"running": False, "pid": None, "host": None, "beat": None, "age_seconds": None}
    host, pid = marks.get("host"), marks.get("pid")
    running: bool | None = bool(marks.get("running"))
    if running and host != os.uname().nodename:
        running = None
    elif running:
        running = isinstance(pid, int) and is_alive(pid, str(marks.get("started") or ""))
    return {
        "running": running,
        "pid": pid,
        "host": host,
        "beat": marks.get("beat"),
        "age_seconds": _age(marks.get("beat")),
    }


def _age(beat: Any) -> float | None:
    try:
        then = clock.parse_time(str(beat))
    except UsageError:
        return None
    return round(max(0, clock.now_ms() - then) / 1000, 3)
