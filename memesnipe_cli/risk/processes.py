"""Which process a pid means: a number is given out again, the moment it was started at is not."""

from __future__ import annotations

from pathlib import Path


def started_ticks(pid: int) -> str:
    """When a process was started, in clock ticks since the machine's boot; empty where nobody says."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = line.rpartition(")")[2].split()  # the name before it may hold anything
    ended = fields[:1] in (["Z"], ["X"])  # killed, and its parent has not asked what became of it
    return fields[19] if len(fields) > 19 and not ended else ""


def is_alive(pid: int, started: str) -> bool:
    """Whether the process that had this pid when it was written down still runs."""
    return bool(started) and started_ticks(pid) == started
