"""How long each funding interval was, measured from the settlement times: names and documents are often
wrong.
"""

from __future__ import annotations

import numpy as np

from memesnipe_cli.clock import MINUTE_MS
from memesnipe_cli.store.tables import Int64

# Venues stamp a settlement some milliseconds or seconds after the full minute.
_JITTER_MS = 10_000


def settled_times(ts: Int64) -> Int64:
    """Times with the venue's jitter taken off: the full minute where one is at most 10 s away."""
    nearest = (ts + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    return np.where(np.abs(ts - nearest) <= _JITTER_MS, nearest, ts)


def measured_intervals(ts: Int64) -> Int64:
    """Length of the interval that ends at each settlement, in ms. `ts` ascending, without repeats; shape
    (n,), n > 1.

    The step back counts where it goes on as before; else the shorter of the steps back and ahead, so that a
    missing settlement does not pass for a long interval, while a real change of the schedule shows from its
    first step.
    """
    steps = np.diff(ts)
    intervals = np.empty(len(ts), dtype=np.int64)
    current = int(steps[:2].min())
    intervals[0] = current
    for place, back in enumerate(steps.tolist(), 1):
        ahead = int(steps[place]) if place < len(steps) else back if back % current else current
        if back != current:
            current = min(back, ahead)
        intervals[place] = current
    return intervals
