"""How long each funding interval was, measured from the settlement times: names and documents are often
wrong.
"""

from __future__ import annotations

import numpy as np

from memesnipe_cli.clock import HOUR_MS, MINUTE_MS
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.tables import Int64

# Venues stamp a settlement some milliseconds or seconds after the full minute.
_JITTER_MS = 10_000


def settled_times(ts: Int64) -> Int64:
    """Times with the venue's jitter taken off: the full minute where one is at most 10 s away."""
    nearest = (ts + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    return np.where(np.abs(ts - nearest) <= _JITTER_MS, nearest, ts)


def measured_intervals(ts: Int64) -> Int64:
    """Length of the interval that ends at each settlement, in ms: whole hours, as every venue settles.

    `ts` ascending, without repeats; shape (n,), n > 1. The step back counts where it goes on as before; else
    the shorter of the steps back and ahead, so that a missing settlement does not pass for a long interval,
    while a change of the schedule shows from its first step. Raises DataError where most times are closer
    than half an hour: those are predictions, not settlements.
    """
    raw = np.diff(ts)
    usual = float(np.median(raw))
    if usual < HOUR_MS / 2:
        raise DataError(
            f"the rates stand {usual / MINUTE_MS:g} minutes apart: predictions, not settlements",
            "take the settled rates; venues settle every hour or more seldom",
        )
    # A settlement that came late, or early after a late one, still closes whole hours.
    steps = np.maximum(1, (raw + HOUR_MS // 2) // HOUR_MS) * HOUR_MS
    current = int(steps[:2].min())
    intervals = [current]
    for place, back in enumerate(steps.tolist(), 1):
        ahead = int(steps[place]) if place < len(steps) else back if back % current else current
        if back != current:
            current = min(back, ahead)
        intervals.append(current)
    return np.array(intervals, dtype=np.int64)
