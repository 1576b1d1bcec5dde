"""Random cases that are likely to trade: bars that wander around stops, many signals, all rules in play.

Everything comes from the seed; a smaller `bars` gives a prefix of the same case, so that failures shrink.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
from engine_cases import BASE_MS, PLAIN_RULES, START_MS, Enter, entry_rows

from memesnipe_cli.clock import DAY_MS, HOUR_MS
from memesnipe_cli.engine.model import EngineInput, EntryRows, ExitPlan, Rules, SignalTape, Slot, Tape, Terms

# tick, lot, the range of prices in ticks
SCALES = [
    ("1", "1", 50, 500),
    ("0.01", "0.00000001", 10_000, 5_000_000),
    ("0.000000001", "0.00001", 1_000_000, 9_000_000),
    ("0.00001", "1", 5_000, 90_000),
    ("0.5", "0.001", 300, 90_000),
]


def random_case(seed: int, bars: int) -> tuple[EngineInput, SignalTape]:
    """One case of up to `bars` steps."""
    rng = Random(seed)
    instruments = rng.randint(1, 3)
    strategies = rng.randint(1, 3)
    capital = Decimal(rng.choice([200, 1_000, 10_000, 100_000]))
    base_ms = Random(f"{seed} base").choice([BASE_MS, BASE_MS, HOUR_MS])
    streams = [Random(f"{seed} market {number}") for number in range(instruments)]
    markets = [
        _market(stream, number, float(capital), bars, base_ms) for number, stream in enumerate(streams)
    ]
    terms = [market[0] for market in markets]
    kept = [step for step in range(bars) if Random(f"{seed} step {step}").random() > 0.03]
    funded = any(item.shortable for item in terms) and rng.random() < 0.6
    tape = Tape(
        base_ms=base_ms,
        ts=START_MS + base_ms * np.array(kept, dtype=np.int64),
        ticks=np.stack([market[1] for market in markets], axis=1)[kept],
        volume=np.stack([market[2] for market in markets], axis=1)[kept],
        funding=_funding(seed, terms, bars)[kept] if funded else np.zeros((0, instruments), dtype=np.int64),
    )
    slots = [
        Slot(strategy, instrument)
        for strategy in range(strategies)
        for instrument in range(instruments)
        if rng.random() < 0.8 or instrument == 0
    ]
    multiples = [rng.choice([1, 1, 2, 3]) for _ in range(strategies)]
    inputs = EngineInput(
        tape=tape,
        terms=terms,
        plans=[_plan(rng) for _ in range(strategies)],
        timeframes_ms=[base_ms * multiple for multiple in multiples],
        slots=slots,
        rules=replace(_rules(rng, capital), **_limits(Random(f"{seed} limits"), capital, base_ms)),
        scales=_scales(Random(f"{seed} scales"), instruments, bars * base_ms),
    )
    return inputs, _signals(seed, inputs, multiples, kept)


def _market(
    rng: Random, number: int, capital: float, bars: int, base_ms: int
) -> tuple[Terms, np.ndarray, np.ndarray]:
    tick, lot, low, high = rng.choice(SCALES)
    price = rng.randint(low, high)
    shortable = rng.random() < 0.7
    base = rng.choice(["AAA", f"B{number}", f"B{number}"])
    least = rng.choice([0.0, 0.0, 0.0005, 0.005, 0.03]) * capital
    item = Terms(
        venue="sim",
        symbol=f"{base}/Q{number}",
        base=base,
        tick=Decimal(tick),
        lot=Decimal(lot),
        taker_fee=Decimal(rng.choice(["0", "0.0004", "0.0026", "0.0061"])),
        half_spread=rng.choice([0.0, 0.0002, 0.0015]),
        min_notional=Decimal(f"{least:.3f}"),
        min_qty=rng.choice([Decimal(0), Decimal(lot) * 3]),
        shortable=shortable,
        stop_limit=rng.choice([None, None, 0.0, 0.01, 0.05]),
        delisted_ms=rng.choice([None] * 4 + [START_MS + base_ms * rng.randint(6, 40) - rng.randint(0, 1)]),
    )
    item = replace(item, cluster=Random(f"{number} {price}").choice(["dogs", "cats"]))
    swing = rng.choice([0.003, 0.01, 0.03])
    turnover = capital * rng.choice([0.3, 3.0, 100.0])
    ticks = np.zeros((bars, 4), dtype=np.int64)
    volume = np.zeros(bars)
    close = price
    for step in range(bars):
        draws = [rng.gauss(0, 1) for _ in range(4)]
        kind, share = rng.random(), rng.random()
        jump = rng.uniform(0.4, 2.2) if kind < 0.03 else 1.0
        opening = close * jump * (1 + (draws[0] * swing if 0.03 <= kind < 0.3 else 0.0))
        ending = opening * (1 + draws[1] * swing)
        corners = [round(opening), round(ending)]
        corners.append(round(max(opening, ending) * (1 + abs(draws[2]) * swing)))
        corners.append(round(min(opening, ending) * (1 - min(0.9, abs(draws[3]) * swing))))
        corners = [max(1, corner) for corner in corners]
        close = min(max(corners[1], low // 4 + 1), high * 4)
        corners[1] = close
        if kind > 0.95:
            continue  # no bar
        ticks[step] = corners[0], max(corners), min(corners), corners[1]
        if kind < 0.9:
            volume[step] = round(turnover * share / (close * float(tick)), 4)
    return item, ticks, volume


def _plan(rng: Random) -> ExitPlan:
    return ExitPlan(
        risk_share=rng.choice([0.002, 0.005, 0.02, 0.1]),
        target_r=rng.choice([0.0, 1.0, 1.7]),
        target_share=rng.choice([1.0, 0.5, 0.3]),
        trail_r=rng.choice([0.0, 0.0, 0.7, 1.5]),
        max_bars=rng.choice([0, 0, 3, 7]),
        units=rng.choice([1, 1, 2, 4]),
        step_r=rng.choice([0.25, 0.5, 1.0]),
        skip_tag=rng.choice([0, 1, 1, 2]),
    )


def _rules(rng: Random, capital: Decimal) -> Rules:
    return Rules(
        capital=capital,
        trade_share=rng.choice([0.02, 0.1, 0.5, 1.0]),
        strategy_share=rng.choice([0.1, 0.5, 1.0]),
        gross_share=rng.choice([0.2, 1.0, 2.0]),
        max_cost_share=rng.choice([0.25, 2.0, 9.0]),
        min_notional_margin=rng.choice([0.0, 0.2]),
        collar=rng.choice([0.0, 0.01, 0.05, 0.1, 0.2]),
        entry_volume_share=rng.choice([0.01, 0.1, 1.0]),
        volume_share=rng.choice([0.01, 0.05, 0.3, 1.0]),
        impact=rng.choice([0.0, 0.3, 1.0]),
        stop_slippage=rng.choice([0.0, 0.0005, 0.01]),
        latency_bars=rng.choice([0, 0, 0, 1, 2]),
    )


def _limits(rng: Random, capital: Decimal, base_ms: int) -> dict[str, Any]:
    """Breaker, recovery, rates and caps: tight in most cases, out of reach in the others."""
    cool_off = base_ms * rng.randint(1, 4)
    warning, halt, emergency = sorted(rng.choice([0.0005, 0.001, 0.002, 0.004, 0.02]) for _ in range(3))
    daily_warning, daily_halt = sorted(rng.choice([0.002, 0.003, 0.01, 0.03]) for _ in range(2))
    tight = {
        "symbol_share": rng.choice([0.05, 0.3, 9.0]),
        "cluster_share": rng.choice([0.1, 0.5, 9.0]),
        "max_order": capital * rng.choice([Decimal("0.02"), Decimal("0.5"), Decimal(10)]),
        "orders_per_bar": rng.choice([1, 2, 20]),
        "executions_per_hour": rng.choice([1, 3, 40]),
        "warning": warning,
        "halt": halt,
        "emergency": emergency,
        "daily_warning": daily_warning,
        "daily_halt": daily_halt,
        "strategy_halt": rng.choice([0.004, 0.02, 0.2]),
        "lifetime_halt": rng.choice([0.01, 0.05, 0.2]),
        "warning_clears": rng.choice([0.5, 0.8]),
        "cool_off_ms": cool_off,
        "cool_off_cap_ms": cool_off * rng.choice([1, 3, 8]),
        "stage_trades": rng.choice([1, 2, 10]),
        "stage_ms": base_ms * rng.choice([1, 3, 6, 50]),
        "stage_loss": rng.choice([0.0003, 0.002, 0.02]),
        "assumed_reset_ms": rng.choice([None, 0, base_ms, 2 * base_ms, 5 * base_ms]),
    }
    if rng.random() < 0.3:
        return {name: getattr(PLAIN_RULES, name) for name in tight}
    return tight


def _scales(rng: Random, instruments: int, length_ms: int) -> np.ndarray | None:
    """The day's factor on the `trade` cap of each instrument, where it has one."""
    if rng.random() < 0.6:
        return None
    days = 1 + length_ms // DAY_MS
    return np.array([[rng.choice([1.0, 0.5, 0.813]) for _ in range(instruments)] for _ in range(days)])


def _funding(seed: int, terms: list[Terms], bars: int) -> np.ndarray:
    rates = np.zeros((bars, len(terms)), dtype=np.int64)
    for number, item in enumerate(terms):
        rng = Random(f"{seed} funding {number}")
        for step in range(bars):
            rate = rng.choice([0, 0, 10_000, -7_001, 333_333, -500_000])
            rates[step, number] = rate if item.shortable else 0
    return rates


def _signals(seed: int, inputs: EngineInput, multiples: list[int], kept: list[int]) -> SignalTape:
    flags = np.zeros((len(kept), len(inputs.slots)), dtype=np.uint8)
    rows: list[EntryRows] = []
    for number, slot in enumerate(inputs.slots):
        rng = Random(f"{seed} slot {number}")
        eagerness, patience = rng.choice([0.2, 0.6]), rng.choice([0.02, 0.1])
        tick = float(inputs.terms[slot.instrument].tick)
        found: dict[int, Enter] = {}
        for place, step in enumerate(kept):
            draws = Random(f"{seed} slot {number} step {step}")
            if (step + 1) % multiples[slot.strategy] == 0:
                flags[place, number] |= 0x80
            for tag in (1, 2, 3):
                if draws.random() < patience:
                    flags[place, number] |= 1 << (tag + 1)
            close = int(inputs.tape.ticks[place, slot.instrument, 3])
            if close and draws.random() < eagerness:
                found[place] = _enter(draws, close, tick)
                flags[place, number] |= 1 if found[place].side > 0 else 2
        rows.append(entry_rows(found))
    return SignalTape(flags, rows)


def _enter(rng: Random, close: int, tick: float) -> Enter:
    price = close * tick
    stop = rng.choice([0.004, 0.013, 0.041, 0.2]) * price * rng.uniform(0.5, 1.5)
    if rng.random() < 0.06:
        stop = rng.choice([0.0, -stop, float("nan"), float("inf"), price * 1.1, tick * 1e-9])
    side = rng.choice([1, 1, -1])
    target = 0.0
    if rng.random() < 0.15:
        target = price * (1 + side * rng.uniform(-0.005, 0.06))
    return Enter(
        stop=stop,
        side=side,
        tag=rng.choice([1, 1, 2, 3]),
        target=target,
        max_bars=rng.choice([0, 0, 0, 2, 5]),
        weight=rng.choice([0.0, 0.0, 0.01, 0.2]),
    )
