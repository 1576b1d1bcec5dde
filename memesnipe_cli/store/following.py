"""A fold that goes on with its journal: what was appended since the last look is folded in, each line verified."""

from __future__ import annotations

from pathlib import Path
from typing import Generic

from memesnipe_cli.store import fold as folding
from memesnipe_cli.store import segments
from memesnipe_cli.store.fold import Fold, S

_SNAPSHOT_EVERY = 1_000


class Following(Generic[S]):
    """The state of `fold` over the journal in `folder`: begun from its snapshot where that is valid, else from the
    first line. Takes no lock and reads nothing before it is asked."""

    def __init__(self, folder: Path, fold: Fold[S]) -> None:
        self._folder = folder
        self._fold = fold
        self._state: S | None = None
        self._position = segments.START

    def now(self) -> S:
        """The state after the last line there is. Raises StoreDamagedError where a line is not what was written."""
        state = self._begun() if self._state is None else self._state
        folded = 0
        for entry, behind in segments.read_entries(self._folder, self._position):
            state = self._fold.apply(state, entry)
            # Line by line: a broken one is met again at the next look.
            self._state, self._position = state, behind
            folded += 1
        self._state = state
        if folded >= _SNAPSHOT_EVERY:
            folding.write_snapshot(self._folder, self._fold, self._position, self._fold.dump(state))
        return state

    def _begun(self) -> S:
        snapshot = folding.read_snapshot(self._folder, self._fold)
        if snapshot is not None and segments.stands(self._folder, snapshot.position):
            self._position = snapshot.position
            return self._fold.load(snapshot.state)
        return self._fold.initial()
