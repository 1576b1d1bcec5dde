"""What a session did and saw, read back from its journal: its events, the bars and prices it knew, why it refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from memesnipe_cli.engine.account_fold import MARK, NEW_CODE, SESSION, AccountState, Key
from memesnipe_cli.engine.event_lines import LINE_KINDS, Row, row_of
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.session_notes import NOTE
from memesnipe_cli.errors import DataError
from memesnipe_cli.records import decimal_value, time_value
from memesnipe_cli.store.journal import Journal

# What the gate says of a bar that came in too late to decide an entry on.
_LATE = ("stale_data", "data_age_unknown")
LATE_BAR = "late_bar"


@dataclass(frozen=True)
class SeenQuote:
    """The best prices at hand when a bar had closed. age_ms: how old they were, None where unknown."""

    bid: Decimal
    ask: Decimal
    age_ms: int | None


@dataclass
class Seen:
    """The open session of an account.

    opened: the body of its line; rows: its events in order, slots numbered as in `keys`; why: by (slot, bar), what an
    entry was refused for; bars: by bar, the digest of what was seen of each symbol, first word; quotes: by (symbol,
    bar); last_ms: open of the last bar it has processed; equity: at that bar's close.
    """

    opened: dict[str, Any]
    keys: list[Key]
    rows: list[Row] = field(default_factory=list)
    why: dict[tuple[int, int], str] = field(default_factory=dict)
    bars: dict[int, dict[str, str]] = field(default_factory=dict)
    quotes: dict[tuple[str, int], SeenQuote] = field(default_factory=dict)
    last_ms: int | None = None
    equity: str | None = None


def read_session(journal: Journal) -> Seen:
    """The last session of an account. Raises DataError where there is none."""
    seen: Seen | None = None
    for entry in journal.entries():
        body = entry.body
        if entry.kind == SESSION:
            seen = Seen(body, _keys(body))
        elif seen is None:
            continue
        elif entry.kind == NEW_CODE:
            seen.opened = {**seen.opened, "strategies": body["strategies"]}
        elif entry.kind == NOTE:
            _note(seen, body)
        elif entry.kind == MARK:
            seen.last_ms, seen.equity = time_value(body["bar"], "bar"), body["equity"]
        elif entry.kind in LINE_KINDS and "event" in body and "scope" not in body:
            _event(seen, body)
    if seen is None:
        raise DataError(
            f"account {journal.account!r} has no session yet",
            "memesnipe shadow --strategy momentum_5m, or name another account with --account",
        )
    return seen


def _keys(opened: dict[str, Any]) -> list[Key]:
    """The slots in the order in which a run numbers them: every strategy on every symbol."""
    return [
        (strategy["name"], item["venue"], item["symbol"])
        for strategy in opened["strategies"]
        for item in opened["instruments"]
    ]


def _note(seen: Seen, body: dict[str, Any]) -> None:
    bar = time_value(body["bar"], "bar")
    seen.last_ms = bar if seen.last_ms is None else max(bar, seen.last_ms)
    if bar in seen.bars:
        return  # a restart goes over bars again; what counts is what was seen first
    seen.bars[bar] = body["seen"]
    for symbol, quote in body.get("quotes", {}).items():
        age = quote.get("age_ms")
        seen.quotes[symbol, bar] = SeenQuote(
            decimal_value(quote["bid"], "bid"),
            decimal_value(quote["ask"], "ask"),
            None if age is None else int(age),
        )


def _event(seen: Seen, body: dict[str, Any]) -> None:
    key = (body["strategy"], body["venue"], body["symbol"])
    slot = seen.keys.index(key)
    row = row_of(body, slot, AccountState(session=seen.opened).grid(key))
    bar = row[layout.EVENT_TS]
    if row in seen.rows[-64:]:
        return  # refused again after a restart
    seen.rows.append(row)
    seen.last_ms = bar if seen.last_ms is None else max(bar, seen.last_ms)
    if row[layout.KIND] == layout.REFUSED:
        code = body.get("gate", {}).get("code", body["reason"])
        seen.why[slot, bar] = LATE_BAR if code in _LATE else code
