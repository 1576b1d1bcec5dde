"""Reading the journal: what is chosen, what follows, and the life of one order."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from audit_journals import ENTRY, journalled, live_lines

from memesnipe_cli.audit.life import life_of
from memesnipe_cli.audit.log import Wanted, chosen, entries, entry_text
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A live order among notes, and another strategy's refusal."""
    note: tuple[str, dict[str, Any]] = ("note", {"text": "x"})
    refusal = ("refusal", {"id": "msother", "strategy": "mean_revert_1h", "symbol": "WIF/USD"})
    return journalled(tmp_path / "store", [note, *live_lines(), note, refusal])


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        ({"kinds": frozenset({"fill", "refusal"})}, ["fill", "fill", "refusal"]),
        ({"strategy": "mean_revert_1h"}, ["refusal"]),
        ({"symbol": "WIF/USD"}, ["refusal"]),
        ({"order": "T2"}, ["fill"]),
        ({"order": "OV1", "kinds": frozenset({"order"})}, ["order", "order", "order"]),
        ({"until_ms": parse_time("2020-01-01")}, []),
        ({"since_ms": parse_time("2020-01-01"), "kinds": frozenset({"timing"})}, ["timing"]),
    ],
)
def test_only_what_is_wanted(store: Store, wanted: dict[str, Any], kinds: list[str]) -> None:
    found = chosen(entries(store.journal().folder), Wanted(**wanted))
    assert [each.kind for each in found] == kinds


def test_what_is_written_later_follows_once(store: Store) -> None:
    journal = store.journal()
    before = len(list(entries(journal.folder)))
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            journal.append("note", {"text": "later"})

    found = list(islice(entries(journal.folder, follow=True, wait=wait), before + 1))
    assert [each.seq for each in found] == list(range(1, before + 2))
    assert (found[-1].body, len(waited)) == ({"text": "later"}, 2)


def test_a_line_for_a_person_holds_no_control_characters(tmp_path: Path) -> None:
    store = journalled(tmp_path, [("note", {"text": "a\x1b[31m\nb", "long": "x" * 1000})])
    text = entry_text(list(entries(store.journal().folder))[-1])
    assert text.isprintable()
    assert len(text) <= 240


@pytest.mark.parametrize("name", [ENTRY.id, "OV1", "T2"])
def test_the_life_of_an_order_by_any_of_its_names(store: Store, name: str) -> None:
    life = life_of(lambda: entries(store.journal().folder), name, "paper")
    assert (life["id"], life["state"], life["strategy"], life["side"]) == (
        ENTRY.id,
        "cancelled",
        "momentum_5m",
        "buy",
    )
    assert [(step["kind"], step["what"]) for step in life["steps"]] == [
        ("decision", "entry_order"),
        ("order", "intent"),
        ("order", "sent"),
        ("order", "accepted"),
        ("fill", "fill"),
        ("order", "partly_filled"),
        ("fill", "fill"),
        ("order", "cancelled"),
        ("timing", "timing"),
    ]
    assert life["steps"][0]["said"]["close"] == "0.1999"
    assert Decimal(life["tca"]["total"]) == Decimal("0.222")


def test_an_order_that_nobody_names(store: Store) -> None:
    with pytest.raises(DataError, match="names no order 'msnone'"):
        life_of(lambda: entries(store.journal().folder), "msnone", "paper")
