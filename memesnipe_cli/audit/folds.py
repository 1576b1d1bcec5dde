"""The states that are folded from a journal, for their verification: each from the first line, held against the
snapshot that saves its start-up time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memesnipe_cli.engine.account_fold import MARK, NEW_CODE, SESSION, TRADE, AccountFold
from memesnipe_cli.engine.event_lines import LINE_KINDS
from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.live.pending import PendingFold
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.store.fold import Fold, read_snapshot
from memesnipe_cli.venues import order_lines
from memesnipe_cli.venues.order_fold import OrderFold

# What the folds below look at: the kind of an entry, and the field without which they pass over one of it.
FOLDED_KINDS: dict[str, str] = {
    **dict.fromkeys(LINE_KINDS, "event"),
    SESSION: "",
    NEW_CODE: "",
    MARK: "",
    TRADE: "",
    order_lines.ORDER: "",
    order_lines.FILL: "",
    order_lines.AMENDMENT: "",
    order_lines.CANCEL: "",
    order_lines.RECONCILED: "",
}


def known_folds() -> list[Fold[Any]]:
    """Every fold of an account's journal."""
    return [AccountFold(), OrderFold(), PendingFold()]


class FoldCheck:
    """One fold, fed with every entry of its kinds. problem: what is wrong, "" for nothing; snapshot_seq: the entry that
    its snapshot was made after, 0 where there is none that can be read."""

    def __init__(self, fold: Fold[Any], folder: Path) -> None:
        self.name = fold.name
        self.problem = ""
        self._fold = fold
        self._state = fold.initial()
        self._snapshot = read_snapshot(folder, fold)
        self._compared = False
        self.snapshot_seq = 0 if self._snapshot is None else self._snapshot.position.seq
        self.snapshot_hash = "" if self._snapshot is None else self._snapshot.position.hash

    def take(self, entry: Entry) -> None:
        """The next entry."""
        if self.problem:
            return
        if entry.seq > self.snapshot_seq:
            self._compare()
        try:
            self._state = self._fold.apply(self._state, entry)
        except MemesnipeError as error:
            self.problem = f"entry {entry.seq}, {entry.kind}: {error.message}"
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
            self.problem = f"entry {entry.seq}, {entry.kind}: it has no proper {error}"

    def finish(self, last_seq: int) -> None:
        """The journal has ended at last_seq."""
        if self.snapshot_seq <= last_seq:
            self._compare()

    def _compare(self) -> None:
        if self._snapshot is None or self._compared or self.problem:
            return
        self._compared = True
        folded = json.dumps(self._fold.dump(self._state), sort_keys=True)
        if folded != json.dumps(self._snapshot.state, sort_keys=True):
            self.problem = (
                f"its snapshot after entry {self.snapshot_seq} is not what the entries give: "
                "remove the folder snapshots/"
            )
