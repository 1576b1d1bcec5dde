"""The time in a report: its days, weeks and months, how long the breaker stood at each level, and which bars were
decided on in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from memesnipe_cli.clock import DAY_MS, floor_to

# The epoch was a Thursday; weeks begin on Monday (ISO 8601).
_MONDAY_MS = 3 * DAY_MS


def period_key(ts_ms: int, by: str) -> str:
    """The name of the UTC day, week or month that holds a moment: `2025-01-31`, `2025-W05`, `2025-01`."""
    return _key_of_day(ts_ms // DAY_MS, by)


@lru_cache(maxsize=1024)  # a journal has thousands of lines a day
def _key_of_day(day: int, by: str) -> str:
    when = datetime.fromtimestamp(day * DAY_MS // 1000, UTC)
    if by == "week":
        year, week, _ = when.isocalendar()
        return f"{year}-W{week:02d}"
    return when.strftime("%Y-%m" if by == "month" else "%Y-%m-%d")


def period_begin(ts_ms: int, by: str) -> int:
    """When the day, week or month that holds a moment begins."""
    if by == "week":
        return floor_to(ts_ms + _MONDAY_MS, 7 * DAY_MS) - _MONDAY_MS
    if by == "month":
        when = datetime.fromtimestamp(ts_ms // 1000, UTC)
        return int(datetime(when.year, when.month, 1, tzinfo=UTC).timestamp()) * 1000
    return floor_to(ts_ms, DAY_MS)


def period_end(ts_ms: int, by: str) -> int:
    """When the next one begins."""
    begin = period_begin(ts_ms, by)
    # 32 days after its first moment a month is over, whichever it is.
    return (
        period_begin(begin + 32 * DAY_MS, by)
        if by == "month"
        else begin + DAY_MS * (7 if by == "week" else 1)
    )


def split(begin_ms: int, end_ms: int, by: str) -> Iterator[tuple[int, int]]:
    """A stretch cut where days, weeks or months begin. Anything else than these is not cut."""
    if by not in ("day", "week", "month"):
        yield begin_ms, end_ms
        return
    while begin_ms < end_ms:
        until = min(end_ms, period_end(begin_ms, by))
        yield begin_ms, until
        begin_ms = until


@dataclass(slots=True)
class LevelClock:
    """How long each scope of the breaker has stood at a level. `passed` are the stretches that are over: scope, level,
    begin and end in ms UTC."""

    _standing: dict[str, tuple[str, int]] = field(default_factory=dict)
    passed: list[tuple[str, str, int, int]] = field(default_factory=list)

    def change(self, scope: str, level: str, at_ms: int) -> None:
        """A scope has come to a level. A change that is told later than what followed it counts from there on."""
        before = self._standing.get(scope)
        if before is not None:
            at_ms = max(at_ms, before[1])
            self._pass(scope, at_ms)
        self._standing[scope] = (level, at_ms)

    def end(self, at_ms: int) -> None:
        """Nothing is known after this moment; what stands begins anew with the next change."""
        for scope in list(self._standing):
            self._pass(scope, at_ms)
        self._standing.clear()

    def _pass(self, scope: str, until_ms: int) -> None:
        level, since_ms = self._standing[scope]
        if until_ms > since_ms:
            self.passed.append((scope, level, since_ms, until_ms))


@dataclass(slots=True)
class BarClock:
    """Which bars of a session were decided on in time: their mark or note was written within one bar length of their
    close. Bars are due from the first one that was in time; a session that only replays a tape has none. base_ms: the
    length of a bar."""

    base_ms: int
    _last_ms: int | None = None
    _begun: bool = False

    def bar(self, close_ms: int, written_ms: int) -> tuple[tuple[int, int] | None, bool]:
        """A bar that closed then was told of at written_ms: (the stretch of closes that were due since the last one,
        whether this one was in time). None: none was due, or it was told of before."""
        in_time = abs(written_ms - close_ms) <= self.base_ms
        last_ms = self._last_ms
        if last_ms is not None and close_ms <= last_ms:
            return None, False
        self._last_ms = close_ms
        if last_ms is None or not self._begun:
            if not in_time:
                return None, False
            self._begun = True
            last_ms = close_ms - self.base_ms
        return (last_ms, close_ms), in_time
