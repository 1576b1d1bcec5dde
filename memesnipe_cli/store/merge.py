"""What becomes of new rows that meet stored ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from memesnipe_cli.store.columns import Columns, take


@dataclass(frozen=True)
class Merged:
    """`rows`: what is to be stored. The masks are over the incoming rows: added (new), replaced (an observed
    row in the place of a synthetic one), identical, and conflict (the stored row stays)."""

    rows: Columns
    added: npt.NDArray[np.bool_]
    replaced: npt.NDArray[np.bool_]
    identical: npt.NDArray[np.bool_]
    conflict: npt.NDArray[np.bool_]


def merge(stored: Columns, incoming: Columns) -> Merged:
    """Merges two tables, each ascending by `ts` without duplicates."""
    ts = incoming["ts"]
    place = np.searchsorted(stored["ts"], ts)
    hit = np.zeros(len(ts), dtype=np.bool_)
    inside = place < len(stored["ts"])
    hit[inside] = stored["ts"][place[inside]] == ts[inside]
    at = place[hit]

    same = np.ones(len(at), dtype=np.bool_)
    for name in incoming:
        if name not in ("ts", "synthetic"):
            same &= stored[name][at] == incoming[name][hit]
    observed_over_synthetic = np.zeros(len(at), dtype=np.bool_)
    if "synthetic" in incoming:
        observed_over_synthetic = stored["synthetic"][at] & ~incoming["synthetic"][hit]

    replaced = _spread(hit, observed_over_synthetic)
    identical = _spread(hit, same & ~observed_over_synthetic)
    conflict = _spread(hit, ~same & ~observed_over_synthetic)
    return Merged(_combine(stored, incoming, ~hit, replaced, place), ~hit, replaced, identical, conflict)


def _spread(hit: npt.NDArray[np.bool_], values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(len(hit), dtype=np.bool_)
    mask[hit] = values
    return mask


def _combine(
    stored: Columns,
    incoming: Columns,
    added: npt.NDArray[np.bool_],
    replaced: npt.NDArray[np.bool_],
    place: npt.NDArray[Any],
) -> Columns:
    if not len(stored["ts"]):
        return incoming
    rows = stored
    if replaced.any():
        rows = {name: values.copy() for name, values in stored.items()}
        for name, values in rows.items():
            values[place[replaced]] = incoming[name][replaced]
    if not added.any():
        return rows
    new = take(incoming, added)
    return {name: np.insert(values, place[added], new[name]) for name, values in rows.items()}
