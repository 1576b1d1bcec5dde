"""The capital that an account would have needed for entries that were refused as too small."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

import numpy as np

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput, EntryRows, Float64, Int64, SignalTape

_CENT = Decimal("0.01")
_NOISE = 1e-6  # forgiven where a float becomes a whole number of ticks or lots


def capital_needed_by_slot(
    events: Int64, inputs: EngineInput, signals: SignalTape, equity: Float64
) -> dict[int, Decimal]:
    """slot -> the smallest starting capital at which at least one of its entries refused as too small would
    have been large enough: to the cent, rounded up.

    events, equity: of the run (columns of events: kernel/layout.py). The size follows from the caps that grow
    with equity: risk, trade, strategy, gross, cash and the signal's weight (docs/simulation-rules.md §3). A
    slot is left out where none of them was what made its entries small: more capital would not have helped.
    """
    too_small = events[
        (events[:, layout.KIND] == layout.REFUSED) & (events[:, layout.CODE] == layout.TOO_SMALL)
    ]
    capital = float(inputs.rules.capital)
    found: dict[int, Decimal] = {}
    for slot in np.unique(too_small[:, layout.EVENT_SLOT]).tolist():
        own = too_small[too_small[:, layout.EVENT_SLOT] == slot]
        bars = np.searchsorted(inputs.tape.ts, own[:, layout.EVENT_TS])
        rows = signals.rows[slot]
        # A further unit of a position is no entry of its own: it has no row.
        bars = bars[np.isin(bars, rows.index)]
        needed = _equity_needed(bars, inputs, slot, rows) * capital / equity[bars]
        needed = needed[np.isfinite(needed) & (needed > capital)]
        if len(needed):
            found[slot] = Decimal(repr(float(needed.min()))).quantize(_CENT, ROUND_UP)
    return found


def _equity_needed(bars: Int64, inputs: EngineInput, slot: int, rows: EntryRows) -> Float64:
    """The equity at which each refused entry would just have passed."""
    strategy, instrument = inputs.slots[slot].strategy, inputs.slots[slot].instrument
    terms, plan, rules = inputs.terms[instrument], inputs.plans[strategy], inputs.rules
    tick, lot, fee = float(terms.tick), float(terms.lot), float(terms.taker_fee)
    place = np.searchsorted(rows.index, bars)
    side, weight = rows.side[place], rows.weight[place]
    stop_ticks = np.ceil(rows.stop[place] / tick - _NOISE)
    close = inputs.tape.ticks[bars, instrument, 3]
    minimum = float(terms.min_notional) * (1.0 + rules.min_notional_margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        lots = np.ceil(minimum / ((close - side * stop_ticks) * tick * lot * (1.0 - fee)) - _NOISE)
        quantity = np.maximum(lots, np.ceil(float(terms.min_qty) / lot - _NOISE)) * lot
        value = quantity * close * tick * (1.0 + side * rules.collar)
        by_weight = np.where(weight > 0, value / weight, 0.0)
    cash = np.where(side > 0, value * (1.0 + fee), 0.0)
    caps = (
        quantity * stop_ticks * tick / plan.risk_share,
        value * plan.units / rules.trade_share,
        value / rules.strategy_share,
        value / rules.gross_share,
        cash,
        by_weight,
    )
    needed: Float64 = np.maximum.reduce(caps)
    return needed
