"""What each trade put at risk, as a share of the equity it was taken from."""

from __future__ import annotations

import numpy as np

from memesnipe_cli.engine.model import Float64, Int64


def risk_shares(entry_ms: Int64, risk: Float64, close_ms: Int64, equity: Float64, start: float) -> Float64:
    """risk / equity at the last close at or before each entry (`start` before the first close), for trades
    (n,).

    `risk` is the stop distance x quantity at entry, in the quote currency. NaN where that equity was not
    above 0.
    """
    marks = np.concatenate(([start], equity))
    base = marks[np.searchsorted(close_ms, entry_ms, side="right")]
    shares: Float64 = np.full(len(entry_ms), np.nan)
    np.divide(risk, base, out=shares, where=base > 0)
    return shares
