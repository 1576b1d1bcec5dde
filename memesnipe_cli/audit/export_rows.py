"""From a journal's entries to the rows of a table: one at a time, so that memory does not grow with the journal (but
for orders, of which the last word is only known at the end)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from memesnipe_cli.audit.export_columns import TABLES
from memesnipe_cli.audit.export_orders import OrderTable, fill_cost, time_of
from memesnipe_cli.audit.whole import IMPROPER, Window, improper
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import UsageError
from memesnipe_cli.records import decimal_text
from memesnipe_cli.store.entry import Entry

Row = dict[str, Any]
# What of a line a row takes over as it stands.
_COPIED = {what: set(table.names) for what, table in TABLES.items()}
_KIND = {"fills": "fill", "trades": "trade", "equity": "equity"}
_TIME = {"fills": "time", "trades": "exit_time", "equity": "time"}


def export_rows(entries: Iterable[Entry], what: str, account: str, window: Window) -> Iterator[Row]:
    """The rows of one of TABLES, by the time of what they tell: lines by when they were written, orders by their first
    line, trades by their end.

    Values are as the journal has them: amounts and times as text, None for what is not known. Raises UsageError for
    another table, IntegrityError for a line that lacks what it should have.
    """
    if what not in TABLES:
        raise UsageError(f"cannot export {what!r}", f"--what is one of: {', '.join(TABLES)}")
    if what == "journal":
        return _lines(entries, account, window)
    if what == "orders":
        return _orders(entries, account, window)
    return _of_kind(entries, what, account, window)


def _lines(entries: Iterable[Entry], account: str, window: Window) -> Iterator[Row]:
    for entry in entries:
        if window.has(parse_time(entry.time)):
            yield {
                "account": account,
                "seq": entry.seq,
                "time": entry.time,
                "kind": entry.kind,
                "body": entry.body,
                "prev": entry.prev,
                "hash": entry.hash,
            }


def _orders(entries: Iterable[Entry], account: str, window: Window) -> Iterator[Row]:
    table = OrderTable()
    for entry in entries:
        table.take(entry)
    for order in table.rows():
        if window.has(time_of(order)):
            yield order.values(account)


def _of_kind(entries: Iterable[Entry], what: str, account: str, window: Window) -> Iterator[Row]:
    kind, time_field = _KIND[what], _TIME[what]
    paper = True
    for entry in entries:
        if entry.kind == "session":
            paper = entry.body.get("mode") != "live"
        if entry.kind != kind:
            continue
        try:
            if window.has(parse_time(entry.body[time_field])):
                yield _row(entry, what, account, paper)
        except IMPROPER as problem:
            raise improper(entry, problem) from problem


def _row(entry: Entry, what: str, account: str, paper: bool) -> Row:
    body: Mapping[str, Any] = entry.body
    row = {name: body[name] for name in _COPIED[what] if name in body}
    row |= {"account": account, "paper": paper, "seq": entry.seq, "recorded": entry.time}
    if what == "fills":
        row |= {"cost": decimal_text(fill_cost(body)), "paper": "event" in body}
    return row
