"""Bars of a higher timeframe from finer ones: open first, high max, low min, close last, volume sum. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memesnipe_cli.store.columns import CANDLE_TYPES, Columns, empty, join, take

# Venues round each bar by itself: an aggregate agrees when it is this near.
_PRICE_TOLERANCE = 1e-9
_VOLUME_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Resampled:
    """Higher bars and, of each, whether every finer bar in it was there and observed."""

    rows: Columns
    whole: npt.NDArray[np.bool_]


def resample(fine: Columns, fine_ms: int, coarse_ms: int, first_ms: int, last_ms: int) -> Resampled:
    """Higher bars of `fine`, whose series runs from `first_ms` to `last_ms` (opens of its first and last
    bar).

    A bar is made when the series had begun at its open and has passed its end; finer bars that are absent in
    between count as bars without trades. It is synthetic when all its bars are.
    """
    if not len(fine["ts"]):
        return Resampled(empty(CANDLE_TYPES), np.zeros(0, dtype=np.bool_))
    bucket = fine["ts"] - fine["ts"] % coarse_ms
    begin = np.concatenate([[0], np.flatnonzero(np.diff(bucket)) + 1])
    end = np.concatenate([begin[1:], [len(bucket)]])
    rows: Columns = {
        "ts": bucket[begin],
        "open": fine["open"][begin],
        "high": np.maximum.reduceat(fine["high"], begin),
        "low": np.minimum.reduceat(fine["low"], begin),
        "close": fine["close"][end - 1],
        "volume": np.add.reduceat(fine["volume"], begin),
        "synthetic": np.logical_and.reduceat(fine["synthetic"], begin),
    }
    observed = np.add.reduceat((~fine["synthetic"]).astype(np.int64), begin)
    covered = (rows["ts"] >= first_ms) & (rows["ts"] + coarse_ms <= last_ms + fine_ms)
    return Resampled(take(rows, covered), (observed == coarse_ms // fine_ms)[covered])


def overlay(layers: list[Resampled]) -> Columns:
    """One series out of several of the same timeframe, the one made of the finest bars first.

    A bar made of a whole set of observed bars goes first, a stored bar of a higher timeframe fills in where
    finer ones are absent, and what is left comes from an incomplete set.
    """
    if len(layers) == 1:
        return layers[0].rows
    parts: list[Columns] = []
    taken = np.zeros(0, dtype=np.int64)
    for whole in (True, False):
        for layer in layers:
            wanted = (layer.whole == whole) & ~np.isin(layer.rows["ts"], taken)
            if wanted.any():
                parts.append(take(layer.rows, wanted))
                taken = np.concatenate([taken, layer.rows["ts"][wanted]])
    rows = join(parts, CANDLE_TYPES)
    return take(rows, np.argsort(rows["ts"], kind="stable"))


def agrees(rows: Columns, derived: Columns) -> npt.NDArray[np.bool_]:
    """Row by row, whether stored and derived bars of the same `ts` say the same within what venues round."""
    same = np.ones(len(rows["ts"]), dtype=np.bool_)
    for name in ("open", "high", "low", "close"):
        same &= np.isclose(rows[name], derived[name], rtol=_PRICE_TOLERANCE, atol=0.0)
    return same & np.isclose(rows["volume"], derived["volume"], rtol=_VOLUME_TOLERANCE, atol=1e-12)
