"""The two bundles that the kernel's functions take."""

from typing import NamedTuple

from memesnipe_cli.engine.kernel.array import Array


class World(NamedTuple):
    """The arrays of one account (columns: layout.py, and risk/kernel/rows.py for the last four).

    account (ACCOUNT_WIDTH,), state (K, STATE_WIDTH), events (M, EVENT_WIDTH), whole (K, WHOLE_WIDTH),
    real (K, REAL_WIDTH), risk (1 + strategies, ROW_WIDTH), tiers (TIERS_WIDTH,), spans (SPANS_WIDTH,),
    scales (days, N): the factor on trade_share by UTC day and instrument.
    """

    account: Array
    state: Array
    events: Array
    whole: Array
    real: Array
    risk: Array
    tiers: Array
    spans: Array
    scales: Array


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
