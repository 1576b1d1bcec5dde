"""How keys are shown: never by more than a fingerprint."""

from __future__ import annotations

from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.console import Column
from memesnipe_cli.records import record
from memesnipe_cli.vault.index import Entry
from memesnipe_cli.vault.naming import only_kind


def _time(value: object) -> str:
    return str(value or "")


def _rights(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else "not asked yet"


COLUMNS = (
    Column("venue", "venue"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("kept in", "home"),
    Column("fingerprint", "fingerprint"),
    Column("may", "rights", write=_rights),
    Column("checked", "checked", write=_time),
    Column("unlocked until", "unlocked_until", write=_time),
)
CHECK_COLUMNS = (
    Column("venue", "venue"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("fingerprint", "fingerprint"),
    Column("may", "rights", write=_rights),
    Column("address", "address", write=_time),
    Column("problem", "problem", write=_time),
)


def _rights_of(entry: Entry) -> list[str] | None:
    only = only_kind(entry.owner)
    if only is not None:
        return [only]
    return None if entry.rights is None else list(entry.rights)


def key_row(entry: Entry, unlocked_until_ms: int | None = None, **more: Any) -> dict[str, Any]:
    """The `key` record: rights and checked are null until its venue was asked (rights of a data source's key: `data`,
    of a wallet's: `wallet`);
    unlocked_until is null where it does not lie open in the kernel's keyring."""
    return record(
        "key",
        venue=entry.owner,
        name=entry.name,
        kind=entry.kind,
        home=entry.home,
        fingerprint=entry.fingerprint,
        added=clock.format_time(entry.added_ms),
        checked=None if entry.checked_ms is None else clock.format_time(entry.checked_ms),
        rights=_rights_of(entry),
        unlocked_until=None if unlocked_until_ms is None else clock.format_time(unlocked_until_ms),
        **more,
    )
