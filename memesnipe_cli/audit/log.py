"""The journal's entries as a person looks for them: by kind, time, strategy, symbol and order; and those to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from memesnipe_cli.clock import parse_time
from memesnipe_cli.records import record
from memesnipe_cli.store import segments
from memesnipe_cli.store.entry import Entry

# Fields in which a line names an order: its own, the order that it fills, the terms that a stop is amended to, and the
# venue's names for it.
ORDER_FIELDS = ("id", "order", "as", "replaces", "venue_id", "venue_trade_id")
POLL_S = 0.5
_WIDEST = 240


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. kinds: any of these, empty for all; since, until: by the time they were written, ms UTC, until is
    outside; order: an id in any of ORDER_FIELDS."""

    kinds: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    strategy: str | None = None
    symbol: str | None = None
    order: str | None = None

    def has(self, entry: Entry) -> bool:
        """Whether an entry is among them."""
        body = entry.body
        return (
            (not self.kinds or entry.kind in self.kinds)
            and self.strategy in (None, body.get("strategy"))
            and self.symbol in (None, body.get("symbol"))
            and (self.order is None or self.order in named_orders(body))
            and (self.since_ms is None or parse_time(entry.time) >= self.since_ms)
            and (self.until_ms is None or parse_time(entry.time) < self.until_ms)
        )


def named_orders(body: Mapping[str, Any]) -> set[str]:
    """The ids by which a line names orders."""
    return {body[name] for name in ORDER_FIELDS if isinstance(body.get(name), str) and body[name]}


def entries(
    folder: Path, *, follow: bool = False, wait: Callable[[float], None] = time.sleep
) -> Iterator[Entry]:
    """A journal's entries from the first on, verified as they are read; follow: then those that are appended, for
    ever. Raises StoreDamagedError."""
    place = segments.START
    while True:
        for entry, behind in segments.read_entries(folder, place):
            place = behind
            yield entry
        if not follow:
            return
        wait(POLL_S)


def chosen(found: Iterable[Entry], wanted: Wanted) -> Iterator[Entry]:
    """Those of the entries that are wanted, as they come."""
    return (entry for entry in found if wanted.has(entry))


def entry_record(account: str, entry: Entry) -> dict[str, Any]:
    """The `entry` record: the line as it is, with the account whose journal it is in."""
    return record(
        "entry",
        account=account,
        seq=entry.seq,
        time=entry.time,
        kind=entry.kind,
        body=entry.body,
        hash=entry.hash,
    )


def entry_text(entry: Entry) -> str:
    """An entry as one line for a person, cut where it is very long."""
    text = f"{entry.time:<24} {entry.seq:>7} {entry.kind:<14} {body_text(entry.body)}"
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def body_text(body: Mapping[str, Any], *, without: Iterable[str] = ("time",)) -> str:
    """A body's fields as `name=value`, what is empty left out."""
    left_out = set(without)
    return " ".join(
        f"{name}={_value(value)}"
        for name, value in body.items()
        if name not in left_out and value not in (None, "", [], {})
    )


def _value(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and " " not in value:
        return value
    return orjson.dumps(value).decode()
