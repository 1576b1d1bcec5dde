"""State is a pure fold of the journal; a snapshot changes nothing but the time it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from memesnipe_cli.store import Entry, Store, following
from memesnipe_cli.store import fold as folding
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths


class Totals:
    """How much of each name was recorded, and how many entries were folded by this very object."""

    name = "totals"

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.applied = 0

    def initial(self) -> dict[str, int]:
        return {}

    def apply(self, state: dict[str, int], entry: Entry) -> dict[str, int]:
        self.applied += 1
        if entry.kind == "fact":
            name = entry.body["name"]
            # Depends on order, so that a fold out of step shows.
            state[name] = state.get(name, 0) * 3 + entry.body["amount"]
        return state

    def dump(self, state: dict[str, int]) -> dict[str, str]:
        return {name: str(total) for name, total in state.items()}

    def load(self, data: Any) -> dict[str, int]:
        return {name: int(total) for name, total in data.items()}


@pytest.fixture(autouse=True)
def frequent_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_SNAPSHOT_EVERY", 3)


def fill(store: Store, count: int) -> None:
    store.journal().append_many(
        [("fact", {"name": "ab"[number % 2], "amount": number}) for number in range(count)]
    )


def expected(store: Store) -> dict[str, int]:
    fold, state = Totals(), {}
    for entry in store.journal().entries():
        state = fold.apply(state, entry)
    return state


def snapshot_of(store: Store) -> Path:
    return folding.snapshot_path(store.journal().folder, Totals())


def test_a_snapshot_saves_folding_what_it_holds(store: Store) -> None:
    fill(store, 20)
    assert store.journal().replay(Totals()) == expected(store)
    fill(store, 1)
    fold = Totals()
    assert store.journal().replay(fold) == expected(store)
    assert fold.applied == 1


@pytest.mark.parametrize("spoilt", [b"", b"{", b"null", b'{"content":{}}', b"\0" * 500])
def test_a_spoilt_or_missing_snapshot_gives_the_same_state(store: Store, spoilt: bytes) -> None:
    fill(store, 20)
    before = store.journal().replay(Totals())
    snapshot_of(store).write_bytes(spoilt)
    assert store.journal().replay(Totals()) == before
    snapshot_of(store).unlink()
    assert store.journal().replay(Totals()) == before


def test_an_edited_snapshot_is_not_believed(store: Store) -> None:
    fill(store, 20)
    before = store.journal().replay(Totals())
    found = json.loads(snapshot_of(store).read_bytes())
    found["content"]["state"]["a"] = "1"
    snapshot_of(store).write_text(json.dumps(found))
    assert store.journal().replay(Totals()) == before


def test_a_snapshot_of_another_version_or_another_journal_is_not_used(root: Path, tmp_path: Path) -> None:
    store, other = Store(root), Store(tmp_path / "other")
    fill(store, 20)
    fill(other, 25)
    store.journal().replay(Totals())
    newer = Totals(version=2)
    assert store.journal().replay(newer) == expected(store)
    assert newer.applied == 21

    other.journal().replay(Totals())
    snapshot_of(store).write_bytes(snapshot_of(other).read_bytes())
    assert store.journal().replay(Totals()) == expected(store)


def test_a_state_that_is_no_json_is_the_folds_mistake(store: Store) -> None:
    from memesnipe_cli.errors import StoreError

    class Bad(Totals):
        def dump(self, state: dict[str, int]) -> Any:
            return {"nan": float("nan")}

    fill(store, 5)
    with pytest.raises(StoreError, match="'totals' is not JSON"):
        store.journal().replay(Bad())


@settings(max_examples=20, deadline=None)
@given(some.lists(some.tuples(some.integers(1, 6), some.booleans()), min_size=1, max_size=8))
def test_the_fold_from_any_snapshot_is_the_fold_from_the_first_line(
    tmp_path_factory: Any, steps: list[tuple[int, bool]]
) -> None:
    root = tmp_path_factory.mktemp("fold") / "store"
    journal = Journal(StorePaths(root), segment_bytes=500)
    for amount, (count, replayed) in enumerate(steps, start=1):
        journal.append_many([("fact", {"name": "ab"[amount % 2], "amount": amount}) for _ in range(count)])
        if replayed:
            journal.replay(Totals())
    assert journal.replay(Totals()) == expected(Store(root))
