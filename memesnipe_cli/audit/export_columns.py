"""The columns of what is exported from a journal: stable names and kinds, the same in CSV, JSON lines and Parquet.

Columns may be added at the end; none is renamed, moved or given another meaning. docs/reports.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a column's values are written. AMOUNT: exact decimal text; TIME: RFC 3339 UTC; BODY: an object, as JSON text
    where a cell holds text only."""

    TEXT = "text"
    AMOUNT = "amount"
    TIME = "time"
    NUMBER = "number"
    SHARE = "share"
    FLAG = "flag"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Table:
    """What can be exported. record: the `type` of its rows as JSON; about: what a row is."""

    record: str
    about: str
    columns: tuple[tuple[str, Kind], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in their order."""
        return tuple(name for name, _ in self.columns)


_TEXT, _AMOUNT, _TIME, _NUMBER = Kind.TEXT, Kind.AMOUNT, Kind.TIME, Kind.NUMBER
# paper: no real money was traded.
_WHOSE = (("account", _TEXT), ("paper", Kind.FLAG))
_WHERE = (("strategy", _TEXT), ("venue", _TEXT), ("symbol", _TEXT))
# The line of the journal that vouches for a row.
_LINE = (("seq", _NUMBER), ("recorded", _TIME))

TABLES: dict[str, Table] = {
    "journal": Table(
        "entry",
        "a line of the journal",
        (
            ("account", _TEXT),
            ("seq", _NUMBER),
            ("time", _TIME),
            ("kind", _TEXT),
            ("body", Kind.BODY),
            ("prev", _TEXT),
            ("hash", _TEXT),
        ),
    ),
    "orders": Table(
        "order",
        "an order, with the last word on it",
        (
            *_WHOSE,
            ("id", _TEXT),
            ("venue_id", _TEXT),
            *_WHERE,
            ("side", _TEXT),
            ("action", _TEXT),
            ("kind", _TEXT),
            ("qty", _AMOUNT),
            ("price", _AMOUNT),
            ("stop", _AMOUNT),
            ("state", _TEXT),
            ("reason", _TEXT),
            ("time", _TIME),
            ("changed", _TIME),
            ("filled", _AMOUNT),
            ("cost", _AMOUNT),
            ("fills", _NUMBER),
            *_LINE,
        ),
    ),
    "fills": Table(
        "fill",
        "a fill",
        (
            *_WHOSE,
            ("order", _TEXT),
            ("venue_trade_id", _TEXT),
            ("venue_id", _TEXT),
            *_WHERE,
            ("side", _TEXT),
            ("qty", _AMOUNT),
            ("price", _AMOUNT),
            ("cost", _AMOUNT),
            ("fee", _AMOUNT),
            ("fee_currency", _TEXT),
            ("liquidity", _TEXT),
            ("time", _TIME),
            *_LINE,
        ),
    ),
    "trades": Table(
        "trade",
        "a round trip that has ended, flat to flat",
        (
            *_WHOSE,
            ("run", _TEXT),
            *_WHERE,
            ("side", _TEXT),
            ("qty", _AMOUNT),
            ("entry_time", _TIME),
            ("entry_price", _AMOUNT),
            ("entry_reason", _TEXT),
            ("exit_time", _TIME),
            ("exit_price", _AMOUNT),
            ("exit_reason", _TEXT),
            ("notional", _AMOUNT),
            ("fees", _AMOUNT),
            ("slippage", _AMOUNT),
            ("funding", _AMOUNT),
            ("pnl", _AMOUNT),
            ("units", _NUMBER),
            *_LINE,
        ),
    ),
    "equity": Table(
        "equity",
        "a mark of the account's worth",
        (
            *_WHOSE,
            ("session", _TEXT),
            ("time", _TIME),
            ("equity", _AMOUNT),
            ("cash", _AMOUNT),
            ("positions", _AMOUNT),
            ("high_water_mark", _AMOUNT),
            ("drawdown", Kind.SHARE),
            *_LINE,
        ),
    ),
}
