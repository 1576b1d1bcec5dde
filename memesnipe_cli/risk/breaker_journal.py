"""The breaker's lines in the journal: how a person's trip or reset is written, and the history read back.

Every line has kind `breaker` and an action: `trip` and `reset` by a person or the watch, `level` by the trade loop.
Amounts are decimal text, shares the shortest text of a float.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.records import decimal_value, record, statistic
from memesnipe_cli.risk.latch_state import Hold
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.spool import BREAKER, merge_spool, new_id, waiting
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

TRIP, RESET = "trip", "reset"
_AMOUNTS = ("equity", "high_water_mark")
_SHARES = ("drawdown", "daily_loss")
MERGE_DEADLINE_S = 0.5


def trip_line(scope: str, hold: Hold, generation: int, marks: Mapping[str, Any] | None) -> dict[str, Any]:
    """The line of a trip. `generation`: the latch's after it. `marks`: what was last known of the account."""
    return _line(TRIP, scope, hold, generation, marks)


def reset_line(
    scope: str, cleared: Hold, reason: str, since: str, generation: int, marks: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The line of a person's reset that clears `cleared`, for `reason`, at `since` of the wall clock."""
    line = _line(RESET, scope, Hold(Level.CLOSED, "", reason, since, "person"), generation, marks)
    return {**line, "was": cleared.level.name, "was_cause": cleared.cause}


def history(paths: StorePaths, account: str, limit: int | None = None) -> tuple[list[dict[str, Any]], str]:
    """(The breaker's lines as records, oldest first, at most the last `limit`; what went wrong, empty where nothing).

    Lines that wait in the spool are appended first; where the journal is busy they are shown at the end, their `seq`
    None. Raises StoreDamagedError where the journal is not what was written.
    """
    journal = Journal(paths, account, deadline_s=MERGE_DEADLINE_S)
    try:
        merge_spool(journal, paths, account, deadline_s=MERGE_DEADLINE_S)
        problem = ""
    except MemesnipeError as busy:
        problem = busy.message
    lines = (
        _row(account, entry.seq, entry.time, entry.body)
        for entry in journal.entries()
        if entry.kind == BREAKER
    )
    rows: deque[dict[str, Any]] = deque(lines, limit)
    there = {row.get("id") for row in rows}
    rows.extend(
        _row(account, None, None, body) for body in waiting(paths, account) if body["id"] not in there
    )
    return list(rows), problem


def standing_holds(journal: Journal) -> dict[str, Hold]:
    """What the journal's lines say is halted, by scope: for a latch that has forgotten it. Raises
    StoreDamagedError."""
    holds: dict[str, Hold] = {}
    for entry in journal.entries():
        if entry.kind != BREAKER or entry.body.get("level") not in Level.__members__:
            continue
        body = entry.body
        scope, level = str(body.get("scope")), Level[body["level"]]
        if body.get("action") == RESET:
            holds.pop(scope, None)
        elif level >= Level.HALT and (scope not in holds or level > holds[scope].level):
            by = body.get("by") if body.get("by") in ("person", "watch") else "engine"
            cause, reason, since = (str(body.get(name) or "") for name in ("cause", "reason", "since"))
            holds[scope] = Hold(level, cause, reason, since, str(by), body.get("bar"))
    return holds


def _line(
    action: str, scope: str, hold: Hold, generation: int, marks: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "action": action,
        "id": new_id(),
        "scope": scope,
        "level": hold.level.name,
        "cause": hold.cause or None,
        "reason": hold.reason,
        "since": hold.since,
        "by": hold.by,
        "generation": generation,
        **_known(marks or {}),
    }


def _known(marks: Mapping[str, Any]) -> dict[str, str | None]:
    """What the marks say of the account's worth; what they say in another form than theirs is not known."""
    amounts = {name: marks[name] for name in _AMOUNTS if isinstance(marks.get(name), str)}
    shares = {name: repr(marks[name]) for name in _SHARES if isinstance(marks.get(name), float)}
    return {**amounts, **shares}


def _row(account: str, seq: int | None, recorded: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
    known = dict.fromkeys(("level", "cause", "since", *_AMOUNTS, *_SHARES))
    shares = {name: _number(body[name]) for name in _SHARES if name in body}
    return record(
        BREAKER, account=account, seq=seq, recorded=recorded, **{**known, "strategies": [], **body, **shares}
    )


def _number(text: Any) -> float | None:
    return None if text is None else statistic(float(decimal_value(text, "share")))
