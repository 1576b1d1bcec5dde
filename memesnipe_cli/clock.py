"""UTC time and bar arithmetic. The one source of "now"; times inside the program are int milliseconds UTC.

A bar is named by its open time `ts`; it covers [ts, ts + timeframe) and is known at ts + timeframe.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from memesnipe_cli.errors import UsageError

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

_UNITS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_TIMEFRAME = re.compile(r"^([1-9][0-9]{0,3})([mhdw])$")
_AGO = re.compile(r"^([1-9][0-9]{0,5})([smhdw])$")
_LENGTH = re.compile(r"^([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhdw])$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """The wall clock, in milliseconds UTC."""
    return time.time_ns() // 1_000_000


def timeframe_ms(timeframe: str) -> int:
    """Length of a timeframe such as `5m`, `1h`, `4h`, `1d`, in milliseconds."""
    found = _TIMEFRAME.match(timeframe)
    if not found:
        raise UsageError(
            f"timeframe {timeframe!r} is not known", "use a number and m, h, d or w: 1m, 5m, 1h, 4h, 1d"
        )
    return int(found[1]) * _UNITS[found[2]]


def timeframe_name(length_ms: int) -> str:
    """The shortest name of a bar length: 300000 -> `5m`."""
    for unit in ("d", "h", "m"):
        if length_ms % _UNITS[unit] == 0:
            return f"{length_ms // _UNITS[unit]}{unit}"
    raise UsageError(f"a bar of {length_ms} ms has no name", "bars are whole minutes")


def length_s(text: str, option: str) -> float:
    """A length of time given by a person, such as `90s` or `2h`, in seconds. Raises UsageError, naming the option."""
    found = _LENGTH.match(text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] / SECOND_MS if found else 0.0
    if seconds <= 0:
        raise UsageError(f"{option} {text!r} is not a length of time", "write 90s, 15m, 2h or 3d")
    return seconds


def floor_to(ts_ms: int, length_ms: int) -> int:
    """Open time of the bar that holds `ts_ms` (bars are aligned to the epoch)."""
    return ts_ms - ts_ms % length_ms


def parse_time(text: str, *, now: int | None = None) -> int:
    """A time given by a person -> ms UTC: `2025-01-31`, RFC 3339, or an age such as `180d` before now.

    A time without a zone is UTC. Raises UsageError.
    """
    text = text.strip()
    if text == "now":
        return now_ms() if now is None else now
    ago = _AGO.match(text)
    if ago:
        return (now_ms() if now is None else now) - int(ago[1]) * _UNITS[ago[2]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"time {text!r} is not understood",
            "write 2025-01-31, 2025-01-31T12:00:00Z, or an age such as 180d",
        ) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(milliseconds=1)


def format_time(ts_ms: int) -> str:
    """RFC 3339 UTC; milliseconds are written only where there are any."""
    seconds, ms = divmod(ts_ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ms:03d}Z" if ms else f"{text}Z"
