"""State is a fold of the journal. A fold is pure; its snapshot only saves time and can always be thrown
away."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from memesnipe_cli.errors import StoreError
from memesnipe_cli.store.canonical import JsonValue
from memesnipe_cli.store.files import make_folder, write_file
from memesnipe_cli.store.paths import encode_name

if TYPE_CHECKING:
    from memesnipe_cli.store.entry import Entry
    from memesnipe_cli.store.segments import Position

S = TypeVar("S")


class Fold(Protocol[S]):
    """A pure function from entries to a state.

    `apply` depends on nothing but its arguments and passes over kinds it does not know; it may change `state`
    in place and must return it. `load(dump(state))` equals `state`. A change of meaning raises `version`,
    which retires old snapshots.
    """

    name: str
    version: int

    def initial(self) -> S:
        """The state before the first entry."""
        ...

    def apply(self, state: S, entry: Entry) -> S:
        """The state after `entry`."""
        ...

    def dump(self, state: S) -> JsonValue:
        """The state as JSON."""
        ...

    def load(self, data: Any) -> S:
        """The inverse of `dump`."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """A dumped state and the position in the journal up to which it is folded."""

    position: Position
    state: Any


def snapshot_path(folder: Path, fold: Fold[Any]) -> Path:
    """Where a fold's snapshot lies, in the folder of its journal."""
    return folder / "snapshots" / f"{encode_name(fold.name, 'fold')}.json"


def read_snapshot(folder: Path, fold: Fold[Any]) -> Snapshot | None:
    """The snapshot, or None where there is none, it is of another version, or it is not what was written."""
    from memesnipe_cli.store.segments import Position

    try:
        found = json.loads(snapshot_path(folder, fold).read_bytes())
        content = found["content"]
        if found["sha256"] != _digest(content) or content["version"] != fold.version:
            return None
        return Snapshot(Position(**content["position"]), content["state"])
    except (OSError, ValueError, KeyError, TypeError):
        # Whatever is wrong with it, the journal has it all.
        return None


def write_snapshot(folder: Path, fold: Fold[Any], position: Position, state: Any) -> None:
    """Keeps a dumped state. Where the folder cannot be written the snapshot is not kept, which costs only
    time."""
    content = {"version": fold.version, "position": position.as_dict(), "state": state}
    try:
        data = json.dumps({"content": content, "sha256": _digest(content)}, allow_nan=False).encode()
    except (TypeError, ValueError) as problem:
        raise StoreError(
            f"the state of {fold.name!r} is not JSON: {problem}", "make its dump() return JSON"
        ) from problem
    target = snapshot_path(folder, fold)
    try:
        make_folder(target.parent)
        write_file(target, data)
    except OSError:
        return


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
