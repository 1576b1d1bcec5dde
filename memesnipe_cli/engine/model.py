"""What goes into the engine and what comes out: plain data, no rules (those are in `engine/kernel/`).

Shapes: T base bars on the common line of time, N instruments, K slots (one strategy on one symbol).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from memesnipe_cli.clock import HOUR_MS
from memesnipe_cli.strategies.plan import ExitPlan as ExitPlan

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]

MONEY_UNIT = Decimal("0.00000001")  # of the quote currency; every booked amount is a whole number of these
MAX_TAGS = 5


@dataclass(frozen=True)
class Terms:
    """How one instrument trades, and at what cost."""

    venue: str
    symbol: str
    base: str  # the asset that a strategy may own alone
    tick: Decimal
    lot: Decimal
    taker_fee: Decimal  # share of value; whole millionths
    half_spread: float
    min_notional: Decimal = Decimal(0)
    min_qty: Decimal = Decimal(0)
    shortable: bool = False  # perpetuals only
    stop_limit: float | None = (
        None  # None: the venue's stops sell at market; else how far below the stop they may
    )
    delisted_ms: int | None = None
    cluster: str = "unsorted"  # assets that move together


@dataclass(frozen=True)
class Rules:
    """The account's limits and the assumptions of the simulated venue; see docs/simulation-rules.md."""

    capital: Decimal
    trade_share: float = 0.02
    strategy_share: float = 0.10
    gross_share: float = 1.0
    max_cost_share: float = 0.25
    min_notional_margin: float = 0.20
    collar: float = 0.005
    entry_volume_share: float = 0.01
    volume_share: float = 0.05
    impact: float = 1.0
    stop_slippage: float = 0.0005
    latency_bars: int = 0
    symbol_share: float = 0.10
    cluster_share: float = 0.30
    max_order: Decimal = Decimal(1000)
    orders_per_bar: int = 20
    executions_per_hour: int = 40
    warning: float = 0.03
    halt: float = 0.05
    emergency: float = 0.10
    daily_warning: float = 0.02
    daily_halt: float = 0.03
    strategy_halt: float = 0.05
    lifetime_halt: float = 0.20
    warning_clears: float = 0.8
    cool_off_ms: int = 4 * HOUR_MS
    cool_off_cap_ms: int = 24 * HOUR_MS
    stage_trades: int = 10
    stage_ms: int = 24 * HOUR_MS
    stage_loss: float = 0.005
    assumed_reset_ms: int | None = 12 * HOUR_MS  # None: a halt waits for a person


@dataclass(frozen=True)
class Slot:
    """One strategy on one instrument: indexes into the lists of a run."""

    strategy: int
    instrument: int


@dataclass(frozen=True)
class Tape:
    """Bars of all instruments on one line of time.

    ts (T,) open times in ms; ticks (T, N, 4) open, high, low, close in ticks, all 0 where there is no bar;
    volume (T, N) base units; funding (T, N) rates in 1e-8 charged at that bar's open, or (0, N) where none.
    """

    base_ms: int
    ts: Int64
    ticks: Int64
    volume: Float64
    funding: Int64


@dataclass(frozen=True)
class EntryRows:
    """Details of one slot's entry signals, ascending by bar. Shapes (M,).

    index: bar of the tape; side +1/-1; tag 1..MAX_TAGS; stop: distance in price; target: price or 0;
    max_bars: 0 takes the plan's; weight: largest share of equity, 0 for no such cap; score: the signal's strength.
    """

    index: Int64
    side: Int64
    tag: Int64
    stop: Float64
    target: Float64
    max_bars: Int64
    weight: Float64
    score: Float64


@dataclass(frozen=True)
class SignalTape:
    """What the strategies said. flags (T, K) uint8: bits 0-1 enter (0 none, 1 long, 2 short), bits 2-6 exit for the
    tags 1-5, bit 7 the strategy's own bar closed here."""

    flags: UInt8
    rows: list[EntryRows]  # one per slot


@dataclass(frozen=True)
class EngineInput:
    """Everything a simulated run depends on."""

    tape: Tape
    terms: list[Terms]  # N
    plans: list[ExitPlan]  # one per strategy
    timeframes_ms: list[int]  # one per strategy
    slots: list[Slot]  # K
    rules: Rules
    scales: Float64 | None = (
        None  # (days, N): factor on trade_share by UTC day, from the tape's first; None: all 1
    )


@dataclass(frozen=True)
class EngineOutput:
    """events (M, EVENT_WIDTH) in the order they happened (kernel/layout.py names the columns); equity (T,) at each
    close, in the quote currency."""

    events: Int64
    equity: Float64
