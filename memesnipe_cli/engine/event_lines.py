"""The kernel's events as journal lines and back, exact to the last unit.

An event is a row of whole numbers (columns: kernel/layout.py). In the journal it is readable: amounts as
decimals (a whole number times tick, lot or money unit), times as RFC 3339, codes as words. Imports no numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.words import CAPS, CAUSES, EXIT_REASONS, LEVELS, MISSES, REFUSALS
from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.records import decimal_text, decimal_value, time_text, time_value

Row = list[int]

# kernel's kind -> (kind of the journal line, word in its `event`)
KINDS = {
    layout.ENTRY_ORDER: ("order", "entry_order"),
    layout.ENTRY_FILL: ("fill", "entry_fill"),
    layout.EXIT_ORDER: ("order", "exit_order"),
    layout.EXIT_FILL: ("fill", "exit_fill"),
    layout.REFUSED: ("refusal", "refusal"),
    layout.MISSED: ("order", "missed"),
    layout.STOP_MOVED: ("stop", "stop_moved"),
    layout.FUNDED: ("funding", "funding"),
    layout.SKIP_ENDED: ("skip_ended", "skip_ended"),
    layout.RISK: ("breaker", "risk"),
    layout.FLOWED: ("flow", "flow"),
}
# Events of the account as a whole or of a strategy, not of a slot.
SCOPE_KINDS = (layout.RISK, layout.FLOWED)
# Of an account at a venue, `order` and `fill` lines are the venue's orders and trades (venues/order_lines.py); what the
# account makes of them has kinds of its own.
LIVE_KINDS = {"order": "decision", "fill": "position"}
LINE_KINDS = frozenset(line for line, _ in KINDS.values()) | frozenset(LIVE_KINDS.values())
_KIND_OF = {event: kind for kind, (_, event) in KINDS.items()}

_QTY, _PRICE, _MONEY, _TIME, _NUMBER = "qty", "price", "money", "time", "number"
_MOMENT = "moment"  # a time, or 0 for none
_SIDES = {1: "long", -1: "short", 0: "none"}
_MONEY_UNIT = Decimal(str(layout.UNIT))

_Words = Mapping[int, str]
_FILL: tuple[tuple[str, int, str | _Words], ...] = (
    ("position", layout.EVENT_SIDE, _SIDES),
    ("qty", layout.EVENT_LOTS, _QTY),
    ("price", layout.EVENT_TICKS, _PRICE),
    ("reference", layout.REFERENCE, _PRICE),
    ("cash", layout.EVENT_CASH, _MONEY),
    ("fee", layout.EVENT_FEE, _MONEY),
)
# kernel's kind -> (name in the body, column, how it is written)
_FIELDS: dict[int, tuple[tuple[str, int, str | _Words], ...]] = {
    layout.ENTRY_ORDER: (
        ("position", layout.EVENT_SIDE, _SIDES),
        ("qty", layout.EVENT_LOTS, _QTY),
        ("price", layout.EVENT_TICKS, _PRICE),
        ("close", layout.REFERENCE, _PRICE),
        ("cap", layout.CODE, CAPS),
        ("tag", layout.EVENT_TAG, _NUMBER),
        ("stop_distance", layout.EVENT_STOP, _PRICE),
        ("target", layout.EVENT_TARGET, _PRICE),
        ("target_distance", layout.EVENT_EXTRA, _PRICE),
        ("trail_distance", layout.EVENT_TRAIL, _PRICE),
        ("step", layout.EVENT_STEP, _PRICE),
        ("hold_ms", layout.EVENT_HOLD_MS, _NUMBER),
        ("acts_at", layout.EVENT_ACT_TS, _TIME),
        ("turn", layout.TURN_LEFT, _NUMBER),
    ),
    layout.ENTRY_FILL: (
        *_FILL,
        ("stop", layout.EVENT_STOP, _PRICE),
        ("target", layout.EVENT_TARGET, _PRICE),
        ("target_qty", layout.EVENT_EXTRA, _QTY),
    ),
    layout.EXIT_ORDER: (
        ("position", layout.EVENT_SIDE, _SIDES),
        ("qty", layout.EVENT_LOTS, _QTY),
        ("reason", layout.CODE, EXIT_REASONS),
        ("acts_at", layout.EVENT_ACT_TS, _TIME),
    ),
    layout.EXIT_FILL: (*_FILL, ("reason", layout.CODE, EXIT_REASONS)),
    layout.REFUSED: (
        ("reason", layout.CODE, REFUSALS),
        ("tag", layout.EVENT_TAG, _NUMBER),
        ("fee_ppm_needed", layout.EVENT_EXTRA, _NUMBER),
        ("turn", layout.TURN_LEFT, _NUMBER),
    ),
    layout.MISSED: (("reason", layout.CODE, MISSES),),
    layout.STOP_MOVED: (("stop", layout.EVENT_TICKS, _PRICE), ("best", layout.REFERENCE, _PRICE)),
    layout.FUNDED: (("cash", layout.EVENT_CASH, _MONEY),),
    layout.SKIP_ENDED: (("tag", layout.EVENT_TAG, _NUMBER),),
    layout.RISK: (
        ("level", layout.RISK_LEVEL, LEVELS),
        ("cause", layout.CODE, CAUSES),
        ("since", layout.RISK_SINCE, _MOMENT),
        ("ready", layout.RISK_READY, _MOMENT),
        ("cool_off_ms", layout.RISK_COOL_OFF, _NUMBER),
        ("stage", layout.RISK_STAGE, _NUMBER),
        ("stage_since", layout.RISK_STAGE_TS, _MOMENT),
        ("stage_value", layout.RISK_STAGE_VALUE, _MONEY),
        ("stage_trades", layout.RISK_STAGE_TRADES, _NUMBER),
        ("resets", layout.RISK_RESETS, _NUMBER),
        ("lifetime_high", layout.RISK_LIFE_HIGH, _MONEY),
        ("high", layout.RISK_HIGH, _MONEY),
        ("value", layout.RISK_VALUE, _MONEY),
        ("day_base", layout.RISK_DAY_BASE, _MONEY),
    ),
    layout.FLOWED: (("amount", layout.EVENT_CASH, _MONEY), ("equity_before", layout.REFERENCE, _MONEY)),
}
_CODES = {
    id(words): {word: code for code, word in words.items()}
    for words in (_SIDES, CAPS, EXIT_REASONS, REFUSALS, MISSES, CAUSES, LEVELS)
}
_LATER = frozenset({"turn"})  # not in lines that version 0.1 wrote: 0
_HEAD = (layout.KIND, layout.EVENT_TS, layout.EVENT_SLOT)


@dataclass(frozen=True)
class Grid:
    """What one tick and one lot of an instrument are worth."""

    tick: Decimal
    lot: Decimal


def body_of(row: Row, grid: Grid) -> dict[str, Any]:
    """The exact part of an event's journal line; whose slot it is, the caller adds by name."""
    kind = row[layout.KIND]
    body: dict[str, Any] = {"event": KINDS[kind][1], "bar": time_text(row[layout.EVENT_TS])}
    told = set(_HEAD)
    for name, column, how in _FIELDS[kind]:
        body[name] = _written(row[column], how, grid)
        told.add(column)
    rest = {str(column): value for column, value in enumerate(row) if value and column not in told}
    if rest:
        body["rest"] = rest
    return body


def row_of(body: Mapping[str, Any], slot: int, grid: Grid) -> Row:
    """The event in a journal line, for the slot given. Raises StoreDamagedError where the line is not one."""
    row = [0] * layout.EVENT_WIDTH
    try:
        kind = _KIND_OF[body["event"]]
        row[layout.KIND] = kind
        row[layout.EVENT_TS] = time_value(body["bar"])
        row[layout.EVENT_SLOT] = slot
        for name, column, how in _FIELDS[kind]:
            if name in body or name not in _LATER:
                row[column] = _read(body[name], name, how, grid)
        for column, value in body.get("rest", {}).items():
            row[int(column)] = value
    except (KeyError, ValueError) as problem:
        raise StoreDamagedError(
            f"a journal line {body.get('event')!r} of {body.get('bar')} has no proper {problem}",
            "it was written by another memesnipe; restore the journal from a backup",
        ) from problem
    return row


def _written(value: int, how: str | _Words, grid: Grid) -> str | int | None:
    if not isinstance(how, str):
        return how.get(value, f"code_{value}")
    if how == _MOMENT and value == 0:
        return None
    if how in (_TIME, _MOMENT):
        return time_text(value)
    if how == _NUMBER:
        return value
    return decimal_text(value * _unit(how, grid))


def _read(value: Any, name: str, how: str | _Words, grid: Grid) -> int:
    if not isinstance(how, str):
        codes = _CODES[id(how)]
        return codes[value] if value in codes else int(str(value).removeprefix("code_"))
    if how == _MOMENT and value is None:
        return 0
    if how in (_TIME, _MOMENT):
        return time_value(value, name)
    if how == _NUMBER:
        return int(value)
    unit = _unit(how, grid)
    amount = decimal_value(value, name)
    units = int((amount / unit).to_integral_value())
    if units * unit != amount:
        raise ValueError(f"{name}: {value} is no multiple of {unit}")
    return units


def _unit(how: str, grid: Grid) -> Decimal:
    if how == _QTY:
        return grid.lot
    return grid.tick if how == _PRICE else _MONEY_UNIT
