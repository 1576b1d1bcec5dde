"""The events of a trade that is not over: kept by slot, so that its orders, costs and profit can be told at
any time."""

from __future__ import annotations

from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout

_KEPT = (layout.ENTRY_ORDER, layout.ENTRY_FILL, layout.EXIT_ORDER, layout.EXIT_FILL, layout.FUNDED)
_RESTING = {
    layout.BY_STOP: "stop",
    layout.BY_TARGET: "target",
    layout.BY_DELISTING: "delisting",
    layout.BY_DUST: "dust",
    layout.BY_HAND: "by_hand",
}


def follow(rows: list[Row], row: Row) -> list[Row] | None:
    """Take a slot's next event into `rows` (in place). Returns all events of the trade that it ended, else
    None."""
    kind = row[layout.KIND]
    if kind == layout.MISSED and not any(each[layout.KIND] == layout.ENTRY_FILL for each in rows):
        rows.clear()  # nothing came of the order, so no trade began
    if kind not in _KEPT:
        return None
    rows.append(row)
    if kind == layout.EXIT_FILL and held_lots(rows) == 0:
        ended = list(rows)
        rows.clear()
        return ended
    return None


def held_lots(rows: list[Row]) -> int:
    """Lots still held after these events."""
    lots = 0
    for row in rows:
        if row[layout.KIND] == layout.ENTRY_FILL:
            lots += row[layout.EVENT_LOTS]
        elif row[layout.KIND] == layout.EXIT_FILL:
            lots -= row[layout.EVENT_LOTS]
    return lots


def order_of(rows: list[Row], row: Row) -> tuple[str, int] | None:
    """(leg, bar it was decided on) of the order that an event belongs to; `rows` are the slot's events before
    it. None for events of no order. A resting stop or target counts as decided on the bar of entry."""
    kind = row[layout.KIND]
    if kind in (layout.ENTRY_ORDER, layout.REFUSED):
        return "entry", row[layout.EVENT_TS]
    if kind == layout.EXIT_ORDER:
        return "exit", row[layout.EVENT_TS]
    if kind in (layout.ENTRY_FILL, layout.MISSED):
        return "entry", last_of(rows, layout.ENTRY_ORDER)[layout.EVENT_TS]
    if kind == layout.EXIT_FILL:
        orders = [each for each in rows if each[layout.KIND] == layout.EXIT_ORDER]
        if orders and orders[-1][layout.CODE] == row[layout.CODE]:
            return "exit", orders[-1][layout.EVENT_TS]
        return _RESTING[row[layout.CODE]], entry_bar(rows)
    return None


def last_of(rows: list[Row], kind: int) -> Row:
    """The last event of a kind; there must be one."""
    return next(row for row in reversed(rows) if row[layout.KIND] == kind)


def entry_bar(rows: list[Row]) -> int:
    """Open of the bar on which the position was opened."""
    return next(row for row in rows if row[layout.KIND] == layout.ENTRY_FILL)[layout.EVENT_TS]
