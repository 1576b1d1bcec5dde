"""How the values of a snapshot are written in little room. Imports nothing heavy."""

from __future__ import annotations

from decimal import Decimal

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.figures import UNDEFINED
from memesnipe_cli.live.status_parts import PositionStatus

_UNITS = (("T", 12), ("B", 9), ("M", 6), ("k", 3))


def clean(text: str) -> str:
    """Text of whomever as one line that a terminal only prints: no control characters, no changes of direction. As long
    as before."""
    return "".join(each if each.isprintable() else " " if each.isspace() else "?" for each in text)


def fitted(value: Decimal | None, width: int, *, signed: bool = False) -> str:
    """A price or a quantity in at most `width` characters: its own digits where they fit, else rounded; thousands as
    k, M, B."""
    if value is None:
        return UNDEFINED
    sign = "+" if signed else ""
    for exact in (value, value.normalize()):
        text = f"{exact:{sign}f}"
        if len(text) <= width:
            return text
    whole = len(text.partition(".")[0])
    for places in range(max(0, width - whole - 1), -1, -1):
        rounded = f"{value:{sign}.{places}f}"
        if len(rounded) <= width:
            # What is there must not look like nothing.
            return rounded if Decimal(rounded) else f"{value:{sign}.0e}"
    for unit, power in _UNITS:
        for places in (2, 1, 0) if abs(value) >= 10**power else ():
            rounded = f"{value.scaleb(-power):{sign}.{places}f}{unit}"
            if len(rounded) <= width:
                return rounded
    return f"{value:{sign}.0e}"


def age(ms: float | None) -> str:
    """`40 ms`, `4.2 s`, `3 min`, `2.5 h`, `3.1 d`."""
    if ms is None:
        return UNDEFINED
    if ms < 1_000:
        return f"{ms:.0f} ms"
    seconds = ms / 1_000
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"


def countdown(seconds: float) -> str:
    """`2:31`, `1:02:31`."""
    left = max(0, round(seconds))
    hours, minutes = left // 3_600, left // 60 % 60
    return f"{hours}:{minutes:02d}:{left % 60:02d}" if hours else f"{minutes}:{left % 60:02d}"


def hour(ts_ms: int) -> str:
    """`19:46:43`, UTC."""
    return format_time(ts_ms)[11:19]


def day_and_hour(ts_ms: int) -> str:
    """`2026-11-22 19:46:43 UTC`."""
    return f"{format_time(ts_ms)[:10]} {hour(ts_ms)} UTC"


def plain(value: Decimal | None) -> str:
    """All digits, without an exponent and without zeros at the end."""
    return UNDEFINED if value is None else f"{value.normalize():f}"


def held(position: PositionStatus) -> str:
    """`long 20 DOGE/USD (momentum_5m)`."""
    return f"{position.side} {plain(position.qty)} {position.symbol} ({position.strategy})"


def bare(position: PositionStatus) -> str:
    """What no known stop is under, and why."""
    why = f": {position.words}" if position.words else ""
    return (
        f"{plain(position.naked or position.qty)} {position.symbol} ({position.strategy}) without a stop{why}"
    )
