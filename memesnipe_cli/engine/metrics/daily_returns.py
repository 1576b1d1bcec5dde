"""Returns of whole UTC days, the common base of Sharpe and Sortino."""

from __future__ import annotations

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.model import Float64, Int64

DAYS_A_YEAR = 365  # crypto trades every day


def daily_returns(close_ms: Int64, equity: Float64, start: float) -> Float64 | None:
    """Simple returns (D,) of each UTC day from the first to the last mark, flat days included.

    A day's equity is its last mark; a mark at exactly 00:00 closes the day before. A day without a mark keeps
    the equity of the day before (return 0). The first day is measured from `start`; the first and the last
    day count even where the run covers only part of them. close_ms, equity (T,); `start` in the same currency
    as equity.

    None where there is no mark, or where equity is not above 0 at some day's end: a return on nothing is
    undefined.
    """
    if len(close_ms) == 0:
        return None
    first_day, last_day = (int(close_ms[place] - 1) // DAY_MS for place in (0, -1))
    day_ends = np.arange(first_day + 1, last_day + 2, dtype=np.int64) * DAY_MS
    last_marks = np.searchsorted(close_ms, day_ends, side="right") - 1
    at_end = np.concatenate(([start], equity[last_marks]))
    if not bool(np.all(at_end > 0)):
        return None
    returns: Float64 = at_end[1:] / at_end[:-1] - 1.0
    return returns
