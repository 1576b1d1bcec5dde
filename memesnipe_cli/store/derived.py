"""A higher timeframe is never stored twice: rows that finer bars already say are compared, not kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from memesnipe_cli.store import columns as cols
from memesnipe_cli.store.columns import Columns
from memesnipe_cli.store.partitions import Partitions, month_slices
from memesnipe_cli.store.resample import agrees, resample

_REASON = "finer stored bars make another bar of that time"


@dataclass(frozen=True)
class Split:
    """Incoming rows: those that finer bars do not cover (`rest`), how many they confirm, and those they
    deny."""

    rest: Columns
    identical: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Dropped:
    """What became of stored rows of a higher timeframe: how many went because finer bars make them, how many
    files were rewritten, and the rows among them that the finer bars deny."""

    rows: int = 0
    partitions: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)


def split_derivable(rows: Columns, length: int, finer: dict[int, Partitions]) -> Split:
    """Parts `rows` of bar length `length` by whether a whole set of observed finer bars is stored for
    each."""
    split = Split(rows)
    for fine_ms, partitions in sorted(finer.items()):
        if not len(split.rest["ts"]):
            break
        covered, same, derived = _compare(split.rest, length, partitions, fine_ms)
        split = Split(
            cols.take(split.rest, ~covered),
            split.identical + int(same.sum()),
            split.conflicts + conflict_rows(split.rest, derived, covered & ~same, _REASON),
        )
    return split


def drop_derivable(
    stored: Partitions, length: int, finer: Partitions, fine_ms: int, changed: npt.NDArray[np.int64]
) -> Dropped:
    """Takes out of a stored higher timeframe what the finer bars, just changed at `changed`, now say
    themselves."""
    since = int(changed[0]) // length * length
    until = int(changed[-1]) // length * length + length
    rows = stored.read_between(since, until)
    inside = (rows["ts"] >= since) & (rows["ts"] < until)
    if not inside.any():
        return Dropped()
    covered, same, derived = _compare(rows, length, finer, fine_ms)
    covered &= inside
    if not covered.any():
        return Dropped()
    months = {month for month, _ in month_slices(cols.take(rows, covered))}
    conflicts = conflict_rows(rows, derived, covered & ~same, _REASON)
    stored.write(cols.take(rows, ~covered), months)
    return Dropped(int(covered.sum()), len(months), conflicts)


def conflict_rows(
    rows: Columns, stored: Columns, which: npt.NDArray[np.bool_], reason: str
) -> list[dict[str, Any]]:
    """Rows to set aside, each with the reason and the row that stands in its place (`stored`, same index)."""
    return [
        {name: values[index].item() for name, values in rows.items()}
        | {"reason": reason, "stored": {name: stored[name][index].item() for name in rows if name != "ts"}}
        for index in np.flatnonzero(which).tolist()
    ]


def _compare(
    rows: Columns, length: int, finer: Partitions, fine_ms: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Columns]:
    """Of each row: whether finer bars stand in for it, whether they agree, and the bar they make (else
    itself).

    A whole set of observed finer bars stands in for the row whatever it says. A set with holes does so only
    where it says the same: then the holes are bars without trades, else finer bars are missing and the row is
    needed.
    """
    everywhere = finer.index()
    since, until = int(rows["ts"][0]), int(rows["ts"][-1]) + length
    fine = cols.between(finer.read_between(since, until), since, until)
    derived = {name: values.copy() for name, values in rows.items()}
    if not everywhere or not len(fine["ts"]):
        nothing = np.zeros(len(rows["ts"]), dtype=np.bool_)
        return nothing, nothing, derived
    made = resample(fine, fine_ms, length, everywhere[0].first_ms, everywhere[-1].last_ms)
    there = np.isin(rows["ts"], made.rows["ts"])
    place = np.searchsorted(made.rows["ts"], rows["ts"][there])
    for name, values in derived.items():
        values[there] = made.rows[name][place]
    same = there & agrees(rows, derived)
    whole = np.zeros(len(rows["ts"]), dtype=np.bool_)
    whole[there] = made.whole[place]
    covered = there & (whole | (same & ~derived["synthetic"]))
    return covered, same & covered, derived
