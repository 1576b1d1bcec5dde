"""Run the engine over a tape: arrays in, events and equity out. The rules are in `kernel/`; this file only packs and
unpacks arrays and grows the list of events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.link import Kernel, load, source_of
from memesnipe_cli.engine.model import (
    MONEY_UNIT,
    EngineInput,
    EngineOutput,
    ExitPlan,
    Float64,
    Int64,
    Rules,
    SignalTape,
    Terms,
)
from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.opening import opening_rows

KERNEL_FILES = (
    "risk/kernel/rows", "risk/kernel/tiers",
    *(f"engine/kernel/{name}" for name in (
        "layout", "world", "money", "costs", "book", "events", "fills", "breaker_rows", "recovery", "guard", "decide",
        "loop",
    )),
)  # fmt: skip
# Called for every bar in which something is held: worth having in line, as far as it does not cost too much to compile.
HOT = (
    "mark", "closing_value", "guard", "far_from_tiers", "judge_strategy", "fall_share", "is_number", "decide_slot",
    "decide_held", "is_active", "tape_bar", "next_entry", "move_trail", "new_event", "commit_event",
)  # fmt: skip
NEVER_MS = 2**62


@cache
def account_kernel() -> Kernel:
    """The account's rules as one kernel."""
    package = Path(__file__).parent.parent
    sources = tuple(source_of(package / f"{name}.py") for name in KERNEL_FILES)
    return Kernel("account", sources, ("run_tape",), HOT)


@cache
def kernel(compiled: bool, cache_dir: Path) -> Any:
    """The account kernel: compiled, or the very same text as plain Python."""
    return load(account_kernel(), cache_dir, mode="compiled" if compiled else "plain")


@dataclass
class Account:
    """The arrays of one account (columns: kernel/layout.py, risk/kernel/rows.py): what is fixed (whole, real,
    scales) and what changes."""

    account: Int64
    state: Int64
    whole: Int64
    real: Float64
    risk: Int64
    scales: Float64
    first_day: int

    @classmethod
    def open(cls, inputs: EngineInput) -> Account:
        """A fresh account that holds its capital in cash."""
        terms, slots, rules = inputs.terms, inputs.slots, inputs.rules
        account = np.zeros(layout.ACCOUNT_WIDTH, dtype=np.int64)
        account[layout.CASH] = to_units(rules.capital)
        whole = np.zeros((len(slots), layout.WHOLE_WIDTH), dtype=np.int64)
        real = np.zeros((len(slots), layout.REAL_WIDTH))
        bases: dict[str, int] = {}
        clusters: dict[str, int] = {}
        for row, slot in enumerate(slots):
            item = terms[slot.instrument]
            _pack_terms(item, rules, whole[row], real[row])
            _pack_plan(
                inputs.plans[slot.strategy], inputs.timeframes_ms[slot.strategy], whole[row], real[row]
            )
            _pack_rules(rules, inputs.tape.base_ms, whole[row], real[row])
            _pack_breaker(rules, whole[row], real[row])
            whole[row, layout.BASE_ASSET] = bases.setdefault(item.base, len(bases))
            whole[row, layout.CLUSTER] = clusters.setdefault(item.cluster, len(clusters))
            whole[row, layout.STRATEGY] = slot.strategy
            whole[row, layout.INSTRUMENT] = slot.instrument
        state = np.zeros((len(slots), layout.STATE_WIDTH), dtype=np.int64)
        state[:, layout.OWNER] = [1 + slot.strategy for slot in slots]
        first_day = int(inputs.tape.ts[0]) // layout.A_DAY
        scales = inputs.scales
        if scales is None:
            days = int(inputs.tape.ts[-1]) // layout.A_DAY - first_day + 1
            scales = np.ones((days, len(terms)))
        risk = np.array(
            opening_rows(to_units(rules.capital), rules.strategy_share, len(inputs.plans), rules.cool_off_ms),
            dtype=np.int64,
        )
        return cls(account, state, whole, real, risk, scales, first_day)


def to_units(amount: Decimal) -> int:
    """An amount of quote currency as whole units. Raises DataError where it is finer than a unit."""
    units = amount / MONEY_UNIT
    if units != units.to_integral_value():
        raise DataError(f"amount {amount} is finer than {MONEY_UNIT}", "money is counted in units of 1e-8")
    return int(units)


def from_units(units: int) -> Decimal:
    """Whole units as an amount of quote currency."""
    return int(units) * MONEY_UNIT


def _pack_terms(terms: Terms, rules: Rules, whole: Int64, real: Float64) -> None:
    value = Fraction(terms.tick) * Fraction(terms.lot) / Fraction(MONEY_UNIT)
    ppm = terms.taker_fee * 1_000_000
    if ppm != ppm.to_integral_value():
        raise DataError(
            f"fee {terms.taker_fee} of {terms.symbol} is finer than a millionth",
            "give it in whole millionths",
        )
    minimum = (
        Fraction(terms.min_notional) / Fraction(MONEY_UNIT) * (1 + Fraction(str(rules.min_notional_margin)))
    )
    whole[layout.VALUE_NUM] = value.numerator
    whole[layout.VALUE_DEN] = value.denominator
    whole[layout.FEE_PPM] = int(ppm)
    whole[layout.MIN_UNITS] = ceil(minimum)
    whole[layout.MIN_LOTS] = ceil(Fraction(terms.min_qty) / Fraction(terms.lot))
    whole[layout.SHORTABLE] = terms.shortable
    whole[layout.DELISTED_TS] = NEVER_MS if terms.delisted_ms is None else terms.delisted_ms
    real[layout.TICK] = float(terms.tick)
    real[layout.LOT] = float(terms.lot)
    real[layout.FEE] = float(terms.taker_fee)
    real[layout.HALF_SPREAD] = terms.half_spread
    real[layout.STOP_LIMIT] = -1.0 if terms.stop_limit is None else terms.stop_limit


def _pack_plan(plan: ExitPlan, timeframe_ms: int, whole: Int64, real: Float64) -> None:
    whole[layout.TIMEFRAME_MS] = timeframe_ms
    whole[layout.MAX_BARS] = plan.max_bars
    whole[layout.PLAN_UNITS] = plan.units
    whole[layout.SKIP_TAG] = plan.skip_tag
    real[layout.RISK_SHARE] = plan.risk_share
    real[layout.TARGET_R] = plan.target_r
    real[layout.TARGET_SHARE] = plan.target_share
    real[layout.TRAIL_R] = plan.trail_r
    real[layout.STEP_R] = plan.step_r


def _pack_rules(rules: Rules, base_ms: int, whole: Int64, real: Float64) -> None:
    whole[layout.BASE_MS] = base_ms
    whole[layout.LATENCY_MS] = rules.latency_bars * base_ms
    real[layout.TRADE_SHARE] = rules.trade_share
    real[layout.STRATEGY_SHARE] = rules.strategy_share
    real[layout.GROSS_SHARE] = rules.gross_share
    real[layout.MAX_COST_SHARE] = rules.max_cost_share
    real[layout.COLLAR] = rules.collar
    real[layout.ENTRY_VOLUME_SHARE] = rules.entry_volume_share
    real[layout.VOLUME_SHARE] = rules.volume_share
    real[layout.IMPACT] = rules.impact
    real[layout.STOP_SLIPPAGE] = rules.stop_slippage
    real[layout.SYMBOL_SHARE] = rules.symbol_share
    real[layout.CLUSTER_SHARE] = rules.cluster_share
    real[layout.MAX_ORDER] = float(rules.max_order)
    real[layout.SCALE] = 1.0


def _pack_breaker(rules: Rules, whole: Int64, real: Float64) -> None:
    real[layout.T_WARNING] = rules.warning
    real[layout.T_HALT] = rules.halt
    real[layout.T_EMERGENCY] = rules.emergency
    real[layout.T_DAILY_WARNING] = rules.daily_warning
    real[layout.T_DAILY_HALT] = rules.daily_halt
    real[layout.T_STRATEGY_HALT] = rules.strategy_halt
    real[layout.T_LIFETIME_HALT] = rules.lifetime_halt
    real[layout.T_CLEARS] = rules.warning_clears
    real[layout.T_STAGE_LOSS] = rules.stage_loss
    whole[layout.S_COOL_OFF] = rules.cool_off_ms
    whole[layout.S_COOL_OFF_CAP] = rules.cool_off_cap_ms
    whole[layout.S_STAGE_TRADES] = rules.stage_trades
    whole[layout.S_STAGE_MS] = rules.stage_ms
    whole[layout.S_ASSUMED_RESET] = -1 if rules.assumed_reset_ms is None else rules.assumed_reset_ms
    whole[layout.S_ORDERS_PER_BAR] = rules.orders_per_bar
    whole[layout.S_EXECUTIONS] = rules.executions_per_hour


def default_cache_dir() -> Path:
    """Where compiled kernels are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("memesnipe", appauthor=False) / "kernels"


def pack_rows(signals: SignalTape) -> tuple[Int64, Int64, Int64, Int64, Float64]:
    """The entry rows of all slots as the kernel takes them: first row and end of each slot, and for each row its bar,
    (tag, max_bars), (stop, target, weight)."""
    ends = np.cumsum([len(slot.index) for slot in signals.rows]).astype(np.int64)
    first = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    index = np.concatenate([slot.index for slot in signals.rows]).astype(np.int64)
    whole = np.concatenate([np.column_stack([slot.tag, slot.max_bars]) for slot in signals.rows]).astype(
        np.int64
    )
    real = np.concatenate([np.column_stack([slot.stop, slot.target, slot.weight]) for slot in signals.rows])
    return first, ends, index, whole, real.astype(np.float64)


def simulate(
    inputs: EngineInput, signals: SignalTape, *, compiled: bool = True, cache_dir: Path | None = None
) -> EngineOutput:
    """Run the whole tape on a fresh account."""
    tape = inputs.tape
    account = Account.open(inputs)
    code = kernel(compiled, cache_dir or default_cache_dir())
    entries, entry_ends, row_index, row_whole, row_real = pack_rows(signals)
    active = np.zeros(len(inputs.slots), dtype=np.uint8)
    equity = np.empty(len(tape.ts))
    chunks: list[Int64] = []
    per_bar = layout.EVENTS_PER_BAR * len(inputs.slots) + layout.EVENTS_PER_ROW * len(account.risk)
    events = np.empty((max(4096, 4 * per_bar), layout.EVENT_WIDTH), dtype=np.int64)
    at = 0
    while at < len(tape.ts):
        account.account[layout.EVENT_COUNT] = 0
        at = code.run_tape(
            at, len(tape.ts), tape.ts, tape.ticks, tape.volume, tape.funding, signals.flags, row_index, row_whole,
            row_real, entries, entry_ends,
            account.account, account.state, events, account.whole, account.real, account.risk, account.scales,
            active, equity,
        )  # fmt: skip
        chunks.append(events[: account.account[layout.EVENT_COUNT]].copy())
    return EngineOutput(events=np.concatenate(chunks) if chunks else events[:0].copy(), equity=equity)
