"""The two bundles that the kernel's functions take."""

from typing import NamedTuple

from memesnipe_cli.engine.kernel.array import Array


class World(NamedTuple):
    """The arrays of one account (columns: layout.py, of the last one risk/kernel/rows.py). account (ACCOUNT_WIDTH,),
    state (K, STATE_WIDTH), events (M, EVENT_WIDTH), whole (K, WHOLE_WIDTH), real (K, REAL_WIDTH),
    risk (1 + strategies, ROW_WIDTH). Few, because each call passes them all and numba compiles each pass."""

    account: Array
    state: Array
    events: Array
    whole: Array
    real: Array
    risk: Array


class TickBar(NamedTuple):
    """A bar of one instrument as the venue sees it: its open time, prices in ticks (open 0: there is no bar), volume in
    base units, the funding rate in 1e-8 charged at its open."""

    ts: int
    open: int
    high: int
    low: int
    close: int
    volume: float
    rate: int
