"""Small cases for the engine, written as a person would tell them.

One lot and one tick are 1, costs are 0, the breaker's limits are out of reach, an entry with a stop of 5 buys 10
lots, unless a case says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.engine.model import (
    EngineInput,
    EntryRows,
    ExitPlan,
    Rules,
    SignalTape,
    Slot,
    Tape,
    Terms,
)

if TYPE_CHECKING:
    from engine_kernel import Answer

BASE_MS = 300_000
START_MS = 1_735_689_600_000

BarTuple = Any  # (open, high, low, close) or with the volume behind; None where there is no bar
Moment = Any  # a bar, for the first slot, or (slot, bar)

PLAIN_TERMS = Terms(
    venue="sim",
    symbol="AAA/USD",
    base="AAA",
    tick=Decimal(1),
    lot=Decimal(1),
    taker_fee=Decimal(0),
    half_spread=0.0,
)
PLAIN_PLAN = ExitPlan()
OUT_OF_REACH = 1e9
PLAIN_RULES = Rules(
    capital=Decimal(10_000),
    trade_share=1.0,
    strategy_share=1.0,
    gross_share=1.0,
    max_cost_share=10.0,
    min_notional_margin=0.0,
    collar=0.1,
    entry_volume_share=1.0,
    volume_share=1.0,
    impact=0.0,
    stop_slippage=0.0,
    symbol_share=OUT_OF_REACH,
    cluster_share=OUT_OF_REACH,
    max_order=Decimal(10**9),
    orders_per_bar=10**6,
    executions_per_hour=10**6,
    warning=OUT_OF_REACH,
    halt=OUT_OF_REACH,
    emergency=OUT_OF_REACH,
    daily_warning=OUT_OF_REACH,
    daily_halt=OUT_OF_REACH,
    strategy_halt=OUT_OF_REACH,
    lifetime_halt=OUT_OF_REACH,
)


@dataclass(frozen=True)
class Enter:
    """One entry signal; with the plain rules and plan, a stop of 5 buys 10 lots."""

    stop: float = 5.0
    side: int = 1
    tag: int = 1
    target: float = 0.0
    max_bars: int = 0
    weight: float = 0.0


@dataclass(frozen=True)
class Case:
    """Bars in ticks, of one instrument or a list of each; signals; what differs from the plain account."""

    bars: Sequence[BarTuple] | Sequence[Sequence[BarTuple]]
    enter: Mapping[Moment, Enter] = field(default_factory=dict)
    leave: Mapping[Moment, tuple[int, ...]] = field(default_factory=dict)
    plan: ExitPlan = PLAIN_PLAN
    plans: Sequence[ExitPlan] = ()
    rules: Rules = PLAIN_RULES
    terms: Terms = PLAIN_TERMS
    all_terms: Sequence[Terms] = ()
    slots: Sequence[tuple[int, int]] = ((0, 0),)
    funding: Mapping[tuple[int, int], int] = field(default_factory=dict)  # (bar, instrument) -> rate in 1e-8
    timeframe_bars: int = 1
    missing_steps: Sequence[int] = ()  # steps of the line of time that nobody has
    base_ms: int = BASE_MS

    def build(self) -> tuple[EngineInput, SignalTape]:
        """What both engines take."""
        first = next((bar for bar in self.bars if bar is not None), None)
        nested = first is not None and len(first) > 0 and (first[0] is None or isinstance(first[0], tuple))
        columns = self.bars if nested else [self.bars]
        terms = list(self.all_terms) or [self.terms] * len(columns)
        kept = [step for step in range(len(columns[0])) if step not in self.missing_steps]
        places = {step: place for place, step in enumerate(kept)}
        ticks = np.zeros((len(kept), len(columns), 4), dtype=np.int64)
        volume = np.zeros((len(kept), len(columns)), dtype=np.float64)
        funding = np.zeros((len(kept) if self.funding else 0, len(columns)), dtype=np.int64)
        for number, column in enumerate(columns):
            for step, place in places.items():
                bar = column[step]
                if bar is not None:
                    ticks[place, number] = bar[:4]
                    volume[place, number] = bar[4] if len(bar) > 4 else 1e6
        for (step, number), rate in self.funding.items():
            funding[places[step], number] = rate
        ts = START_MS + self.base_ms * np.array(kept, dtype=np.int64)
        slots = [Slot(*pair) for pair in self.slots]
        strategies = 1 + max(slot.strategy for slot in slots)
        inputs = EngineInput(
            tape=Tape(self.base_ms, ts, ticks, volume, funding),
            terms=terms,
            plans=list(self.plans) or [self.plan] * strategies,
            timeframes_ms=[self.base_ms * self.timeframe_bars] * strategies,
            slots=slots,
            rules=self.rules,
        )
        return inputs, self._signals(kept, places, len(slots))

    def _signals(self, kept: list[int], places: dict[int, int], count: int) -> SignalTape:
        flags = np.zeros((len(kept), count), dtype=np.uint8)
        for step, place in places.items():
            if (step + 1) % self.timeframe_bars == 0:
                flags[place] |= 0x80
        entries: list[dict[int, Enter]] = [{} for _ in range(count)]
        for key, signal in self.enter.items():
            slot, step = key if isinstance(key, tuple) else (0, key)
            entries[slot][places[step]] = signal
            flags[places[step], slot] |= 1 if signal.side > 0 else 2
        for key, tags in self.leave.items():
            slot, step = key if isinstance(key, tuple) else (0, key)
            for tag in tags:
                flags[places[step], slot] |= 1 << (tag + 1)
        return SignalTape(flags, [entry_rows(found) for found in entries])


def entry_rows(found: Mapping[int, Enter]) -> EntryRows:
    """The signals of one slot by bar of the tape, as columns."""
    bars = sorted(found)
    signals = [found[bar] for bar in bars]
    return EntryRows(
        index=np.array(bars, dtype=np.int64),
        side=np.array([signal.side for signal in signals], dtype=np.int64),
        tag=np.array([signal.tag for signal in signals], dtype=np.int64),
        stop=np.array([signal.stop for signal in signals], dtype=np.float64),
        target=np.array([signal.target for signal in signals], dtype=np.float64),
        max_bars=np.array([signal.max_bars for signal in signals], dtype=np.int64),
        weight=np.array([signal.weight for signal in signals], dtype=np.float64),
        score=np.zeros(len(bars), dtype=np.float64),
    )


def rules(**changes: object) -> Rules:
    """The plain rules with some changed."""
    return replace(PLAIN_RULES, **changes)  # type: ignore[arg-type]


def terms(**changes: object) -> Terms:
    """The plain instrument with some terms changed."""
    return replace(PLAIN_TERMS, **changes)  # type: ignore[arg-type]


def story(answer: Answer, base_ms: int = BASE_MS) -> list[str]:
    """What an engine did, one line each: `1 buy 10 @100 entry`, `3 refused cost`, `2 account HALT drawdown`.

    The slot is named where it is not the first. Within a step the breaker and the decisions come last.
    """
    lines = []
    for line in answer.lines:
        if line.what.startswith("order"):
            continue
        if line.lots:
            word, reason = line.what.split()
            text = f"{word} {line.lots} @{line.price} {reason}"
        elif line.cash:
            text = f"{line.what} {line.cash}"
        else:
            text = line.what
        bar = (line.ts - START_MS) // base_ms
        lines.append(f"{bar} {text}" + (f" (slot {line.slot})" if line.slot > 0 else ""))
    return lines


Scenarios = dict[str, tuple[Case, list[str]]]
Paths = dict[str, tuple[Case, tuple[str, ...]]]  # levels bar by bar, C W H E: the account's, each strategy's

FLAT = (100, 100, 100, 100)
ENTRY = {0: Enter()}
SHORT = {0: Enter(side=-1)}
PERP = terms(shortable=True)
HALF_OUT = ExitPlan(target_r=1.0, target_share=0.5)
FINE = Decimal("0.00000001")
MANY_ZEROS = terms(tick=Decimal("0.000000001"), lot=Decimal("0.00001"))
OTHER = terms(symbol="AAA/EUR")
