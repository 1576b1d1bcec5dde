"""The life of one order: every line of the journal that names it, from what it was decided on to its last fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from memesnipe_cli.audit.log import ORDER_FIELDS, body_text, named_orders
from memesnipe_cli.audit.orders import OrderReader
from memesnipe_cli.audit.tca import order_record
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import DataError
from memesnipe_cli.records import record
from memesnipe_cli.store.entry import Entry

# Said of the order once, at the top.
_ABOUT = ("strategy", "venue", "symbol", "base", "cluster", "session", "side", "position", "action", "kind")


def life_of(read: Callable[[], Iterable[Entry]], name: str, account: str) -> dict[str, Any]:
    """The `order_life` record of an order, by its client id, the venue's id, or the id of one of its trades.

    read: gives the journal's entries from the first on; called twice where `name` is not the client id. Raises
    DataError where no line names such an order.
    """
    lines, reader = _lines(read(), {name})
    if not lines:
        raise DataError(
            f"the journal of account {account!r} names no order {name!r}",
            "list them with: memesnipe audit tca --by order, or memesnipe audit log --kind order",
        )
    ids = [_own_id(entry) for entry in lines]
    order_id = next((each for each in ids if each == name), next(iter(filter(None, ids)), name))
    if order_id != name:
        lines, reader = _lines(read(), {order_id})
    about: dict[str, Any] = {}
    for entry in lines:
        for field in _ABOUT:
            if field in entry.body:
                about.setdefault(field, entry.body[field])
    order = reader.orders.get(order_id)
    begin = parse_time(lines[0].time)
    return record(
        "order_life",
        account=account,
        id=order_id,
        **about,
        state=order.state if order is not None else lines[-1].body.get("state", ""),
        tca=None if order is None else order_record(order),
        steps=[_step(entry, begin) for entry in lines],
    )


def _lines(entries: Iterable[Entry], names: set[str]) -> tuple[list[Entry], OrderReader]:
    found: list[Entry] = []
    reader = OrderReader()
    for entry in entries:
        if names & named_orders(entry.body):
            found.append(entry)
            reader.take(entry)
        elif entry.kind == "session":
            reader.take(entry)  # its terms are those of the orders after it
    return found, reader


def _own_id(entry: Entry) -> str:
    """The client id of the order that a line is about."""
    named = entry.body.get("order") or entry.body.get("id")
    return named if isinstance(named, str) else ""


def _step(entry: Entry, begin_ms: int) -> dict[str, Any]:
    body = entry.body
    what = body.get("event") or body.get("state") or entry.kind
    said = {name: value for name, value in body.items() if name not in _ABOUT}
    return {
        "seq": entry.seq,
        "time": entry.time,
        "after_ms": parse_time(entry.time) - begin_ms,
        "kind": entry.kind,
        "what": what,
        "said": said,
        "text": body_text(said, without=("time", "event", "state", *ORDER_FIELDS)),
    }
