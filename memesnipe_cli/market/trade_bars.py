"""Builds bars from single trades."""

from __future__ import annotations

import numpy as np

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.market.rows import RawBars
from memesnipe_cli.store.tables import Float64, Int64


def bars_from_trades(ts: Int64, price: Float64, quantity: Float64, timeframe: str) -> RawBars:
    """Bars of trades: first price, highest, lowest, last, sum of quantities; no trade, no bar.

    `ts` in ms UTC, any order; trades of the same millisecond keep the order they came in. Shapes: (n,) in,
    one row a bar with trades out.
    """
    step = timeframe_ms(timeframe)
    order = np.argsort(ts, kind="stable")
    ts, price, quantity = ts[order], price[order], quantity[order]
    opens = ts - ts % step
    starts = (
        np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
        if len(ts)
        else np.zeros(0, np.int64)
    )
    ends = np.concatenate((starts[1:], [len(ts)])) - 1 if len(ts) else starts
    if not len(ts):
        empty = np.zeros(0)
        return RawBars(ts, empty, empty, empty, empty, empty, np.zeros(0, dtype=np.bool_))
    return RawBars(
        opens[starts],
        price[starts],
        np.maximum.reduceat(price, starts),
        np.minimum.reduceat(price, starts),
        price[ends],
        np.add.reduceat(quantity, starts),
        np.zeros(len(starts), dtype=np.bool_),
    )
