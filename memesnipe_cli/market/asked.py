"""What a venue was asked and had nothing for, so that it is not asked again every time.

Two kinds of stretches: proven (the answer held bars around them, or every trade of the stretch was seen)
stay; merely empty answers are believed for a week, because an empty answer can also be a venue's mistake.
The file is disposable: without it the venue is asked once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli import clock
from memesnipe_cli.store import locks
from memesnipe_cli.store.files import explained, make_folder, write_file
from memesnipe_cli.store.paths import hive_folder
from memesnipe_cli.store.tables import Bool, Int64, SeriesKey

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store

BELIEVED_MS = 7 * clock.DAY_MS
_LOCK_S = 30.0
PROVEN = -1

# (first ts, ts after the last, when it was asked; PROVEN where that does not matter any more)
Stretch = tuple[int, int, int]


def folder_of(store: Store, key: SeriesKey) -> Path:
    """Where the memory of one series lies."""
    return store.paths.lake.joinpath(
        "asked",
        hive_folder("venue", key.venue),
        hive_folder("symbol", key.symbol),
        hive_folder("timeframe", key.timeframe),
    )


def known_empty(store: Store, key: SeriesKey, now: int) -> list[Stretch]:
    """Stretches not worth asking for now."""
    return [each for each in _read(folder_of(store, key) / "empty.json") if _holds(each, now)]


def remember_empty(store: Store, key: SeriesKey, stretches: list[Stretch], now: int) -> None:
    """Add stretches; safe from several processes at once."""
    if not stretches:
        return
    folder = folder_of(store, key)
    with explained(f"cannot write {folder}"):
        make_folder(folder)
        with locks.exclusive(folder / "lock", f"memory of {key}", _LOCK_S):
            kept = [each for each in _read(folder / "empty.json") if _holds(each, now)]
            write_file(folder / "empty.json", _dump(_joined([*kept, *stretches])))


def proven(first: int, after: int) -> Stretch:
    """A stretch that is empty for ever."""
    return (first, after, PROVEN)


def outside(ts: Int64, stretches: list[Stretch]) -> Bool:
    """Mask of the times that lie in no stretch. Shapes: (n,)."""
    inside = np.zeros(len(ts) + 1, dtype=np.int64)
    for first, after, _ in stretches:
        inside[np.searchsorted(ts, first)] += 1
        inside[np.searchsorted(ts, after)] -= 1
    return np.asarray(np.cumsum(inside)[:-1] == 0)


def stretches_of(ts: Int64, step: int, when: int) -> list[Stretch]:
    """Ascending times as stretches of neighbours."""
    if not len(ts):
        return []
    breaks = np.flatnonzero(np.diff(ts) != step) + 1
    starts, ends = ts[np.concatenate(([0], breaks))], ts[np.concatenate((breaks - 1, [len(ts) - 1]))]
    return [(int(first), int(last) + step, when) for first, last in zip(starts, ends, strict=True)]


def _holds(stretch: Stretch, now: int) -> bool:
    return stretch[2] == PROVEN or 0 <= now - stretch[2] < BELIEVED_MS


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    """Neighbours of the same kind as one."""
    joined: list[Stretch] = []
    for stretch in sorted(set(stretches), key=lambda each: (each[2] != PROVEN, each[0])):
        last = joined[-1] if joined else None
        if last is not None and last[2] == stretch[2] and stretch[0] <= last[1]:
            joined[-1] = (last[0], max(last[1], stretch[1]), last[2])
        else:
            joined.append(stretch)
    return joined


def _read(path: Path) -> list[Stretch]:
    import orjson

    try:
        found: Any = orjson.loads(path.read_bytes())
        return [(int(first), int(after), int(when)) for first, after, when in found["empty"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _dump(stretches: list[Stretch]) -> bytes:
    import orjson

    return orjson.dumps({"v": 1, "empty": stretches})
