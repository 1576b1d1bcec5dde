"""The columns of positions, orders and decisions on the live view."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from memesnipe_cli.engine.figures import UNDEFINED
from memesnipe_cli.live.status_parts import NAKED, UNKNOWN, DecisionStatus, OrderStatus, PositionStatus
from memesnipe_cli.live_view.tables import Column
from memesnipe_cli.live_view.words import age, fitted, hour

ATTENTION = "yellow"
TROUBLE = "bold red"

ACTIONS = {"protect": "stop", "reduce": "exit"}

_LONGEST_NAME = 21
_ANY = 1_000

# Within this share of the mark, the stop is near.
_NEAR = 0.005
_UNCOVERED = frozenset({NAKED, "waiting", "dust"})


def position_columns(now_ms: int) -> list[Column[PositionStatus]]:
    """now_ms: the snapshot's time."""
    return [
        Column("position", 11, 0, lambda row: row.symbol),
        Column("strategy", 13, 9, lambda row: row.strategy, grows_to=_LONGEST_NAME),
        Column("side", 5, 7, lambda row: row.side),
        Column("qty", 8, 6, lambda row: fitted(row.qty.normalize(), 8), right=True),
        Column("entry", 10, 8, lambda row: fitted(row.entry_price, 10), right=True),
        Column("now", 10, 5, lambda row: fitted(row.mark, 10), right=True),
        Column("result", 7, 3, lambda row: _cents(row.pnl), right=True),
        Column("", 7, 4, lambda row: _percent(row.pnl_share, signed=True), right=True),
        Column("stop", 10, 1, lambda row: fitted(row.stop, 10), right=True),
        Column("away", 6, 4, lambda row: _percent(row.stop_distance), right=True, tone=_near),
        Column("trails", 9, 12, lambda row: fitted(row.trailing, 9), right=True),
        Column("target", 10, 10, lambda row: fitted(row.target, 10), right=True),
        Column("held", 6, 11, lambda row: age(now_ms - row.entry_ms), right=True),
        Column("cover", 7, 2, _cover, tone=_cover_tone),
        Column("stop order", 18, 13, lambda row: row.stop_order),
    ]


def order_columns(now_ms: int) -> list[Column[OrderStatus]]:
    """now_ms: the snapshot's time."""
    return [
        Column("order", 11, 0, lambda row: row.symbol),
        Column("strategy", 13, 9, lambda row: row.strategy, grows_to=_LONGEST_NAME),
        Column("for", 5, 1, lambda row: ACTIONS.get(row.action, row.action)),
        Column("side", 4, 6, lambda row: row.side),
        Column("qty", 8, 4, lambda row: fitted(row.qty.normalize(), 8), right=True),
        Column("filled", 8, 7, lambda row: fitted(row.filled.normalize(), 8), right=True),
        Column("at", 10, 3, lambda row: fitted(row.stop or row.price, 10), right=True),
        Column("age", 6, 5, lambda row: age(now_ms - row.sent_ms) if row.sent_ms else UNDEFINED, right=True),
        Column("state", 13, 2, _state, tone=lambda row: TROUBLE if row.state == UNKNOWN else ""),
        Column("id", 18, 8, lambda row: row.id),
    ]


def decision_columns() -> list[Column[DecisionStatus]]:
    """A decision's reason takes the room that is left."""
    return [
        Column("decided", 8, 0, lambda row: hour(row.time_ms)),
        Column("symbol", 11, 1, lambda row: row.symbol),
        Column("strategy", 14, 4, lambda row: row.strategy),
        Column("what", 10, 2, lambda row: row.what),
        Column("why", 12, 3, _why, grows_to=_ANY),
    ]


def _cover(row: PositionStatus) -> str:
    if row.leaving:
        return "leaving"
    return {NAKED: "NAKED", "triggered": "selling"}.get(row.protection, row.protection.replace("_", " "))


def _cover_tone(row: PositionStatus) -> str:
    if row.protection == NAKED:
        return TROUBLE
    return ATTENTION if row.protection in _UNCOVERED or row.leaving else ""


def _near(row: PositionStatus) -> str:
    away = row.stop_distance
    return ATTENTION if away is not None and away < _NEAR else ""


def _state(row: OrderStatus) -> str:
    if row.state == UNKNOWN:
        return "UNKNOWN"
    return "changing" if row.changing else row.state.replace("_", " ")


def _why(row: DecisionStatus) -> str:
    found = f": {_brief(row.value)}" if row.value else ""
    return row.reason.replace("_", " ") + found + (f", limit {_brief(row.limit)}" if row.limit else "")


def _brief(text: str) -> str:
    """A number with as many digits as a person reads; words as they are."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return fitted(value, 8) if value.is_finite() else text


def _cents(pnl: Decimal | None) -> str:
    """Money to the cent, and to what fits beyond."""
    text = UNDEFINED if pnl is None else f"{pnl:+.2f}"
    return text if len(text) <= 7 else fitted(pnl, 7, signed=True)


def _percent(share: float | None, *, signed: bool = False) -> str:
    return UNDEFINED if share is None else f"{share * 100:{'+' if signed else ''}.1f} %"
