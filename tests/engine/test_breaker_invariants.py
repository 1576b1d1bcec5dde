"""What must hold of the breaker over any equity path: latched is latched, halted is halted, and the sums are right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from engine_cases import FLAT, Case, Enter, rules, terms
from engine_kernel import kernel_levels, run_plain
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios_paths import ALL_IN, HOUR_MS, TENTHS, worth

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput, EngineOutput, Rules
from memesnipe_cli.risk.levels import Level

TIERS = rules(
    warning=0.03,
    halt=0.05,
    emergency=0.10,
    daily_warning=0.02,
    daily_halt=0.03,
    lifetime_halt=0.20,
    strategy_halt=0.05,
    strategy_share=0.9,
    cool_off_ms=HOUR_MS,
    cool_off_cap_ms=4 * HOUR_MS,
    assumed_reset_ms=2 * HOUR_MS,
    stage_ms=3 * HOUR_MS,
    stage_trades=2,
)


class Run(NamedTuple):
    """What came of a case: the kernel's events as rows, and each row's level at each close."""

    inputs: EngineInput
    output: EngineOutput
    events: list[list[int]]
    levels: list[tuple[int, ...]]

    def of(self, *kinds: int) -> list[list[int]]:
        """The events of these kinds."""
        return [event for event in self.events if event[layout.KIND] in kinds]

    def level(self, event: list[int], closes_ago: int = 0) -> int:
        """The level of an event's slot at the close of its bar, or of one before."""
        place = self.inputs.tape.ts.tolist().index(event[layout.EVENT_TS]) - closes_ago
        row = 1 + self.inputs.slots[event[layout.EVENT_SLOT]].strategy
        return max(self.levels[place][0], self.levels[place][row]) if place >= 0 else 0


def run(case: Case) -> Run:
    """Through the kernel."""
    inputs, signals = case.build()
    output = run_plain(inputs, signals)
    return Run(inputs, output, np.asarray(output.events).tolist(), kernel_levels(inputs, output))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Nine tenths of the capital, twice entered, in a coin that goes up and down; another strategy beside it that
    wants to enter all the time and leaves now and then."""
    moves = draw(st.lists(st.sampled_from([-12, -6, -3, -2, -1, 0, 0, 1, 3, 6]), min_size=4, max_size=50))
    percent = [100.0, 100.0]
    for move in moves:
        percent.append(max(5.0, round(percent[-1] * (1 + move / 100), 2)))
    bars = len(percent)
    tiers = draw(st.sampled_from([TIERS, replace(TIERS, daily_warning=9.0, daily_halt=9.0)]))
    again = draw(st.integers(3, 50))
    leaving = draw(st.lists(st.integers(0, bars - 1), max_size=6))
    coin = [(*bar, draw(st.sampled_from([1e6, 1e6, 1.0, 0.0]))) for bar in worth(*percent)]
    return Case(
        [coin, [FLAT] * bars],
        {(0, 0): Enter(stop=4_000.0), **({(0, again): Enter(stop=50.0)} if again < bars else {})}
        | {(1, bar): Enter() for bar in range(bars)},
        leave={(1, bar): (1,) for bar in leaving},
        plans=[ALL_IN, replace(ALL_IN, risk_share=0.005)],
        all_terms=[TENTHS, terms(base="BBB", symbol="BBB/USD")],
        slots=((0, 0), (1, 1)),
        rules=replace(tiers, latency_bars=draw(st.sampled_from([0, 0, 1]))),
        base_ms=HOUR_MS,
    )


def changed(case: Case, **changes: object) -> Case:
    """The case with other rules."""
    return replace(case, rules=replace(case.rules, **changes))  # type: ignore[arg-type]


ANY = settings(max_examples=60, deadline=None)


@given(case=cases())
@ANY
def test_a_latched_level_falls_by_a_reset_only(case: Case) -> None:
    ran = run(case)
    resets: dict[int, set[int]] = defaultdict(set)
    counted: dict[int, int] = defaultdict(int)
    for event in ran.of(layout.RISK):
        row = event[layout.EVENT_SLOT]
        if event[layout.RISK_RESETS] != counted[row]:
            assert event[layout.RISK_RESETS] == counted[row] + 1
            assert event[layout.RISK_LEVEL] == Level.CLOSED
            counted[row] += 1
            resets[row].add(event[layout.EVENT_TS])
    for row in range(3):
        before = 0
        for ts, levels in zip(ran.inputs.tape.ts.tolist(), ran.levels, strict=True):
            if before >= Level.HALT and levels[row] < before:
                assert ts in resets[row]
            before = levels[row]


@given(case=cases())
@ANY
def test_without_an_acknowledgement_nothing_is_ever_reset(case: Case) -> None:
    ran = run(changed(case, assumed_reset_ms=None))
    for row in zip(*ran.levels, strict=True):
        halted = [level for level in row if level >= Level.HALT]
        assert list(row[len(row) - len(halted) :]) == sorted(halted)
    assert all(event[layout.RISK_STAGE] == 0 for event in ran.of(layout.RISK))


@given(case=cases())
@ANY
def test_nothing_opens_or_grows_at_a_halt(case: Case) -> None:
    ran = run(case)
    for order in ran.of(layout.ENTRY_ORDER):
        assert ran.level(order) < Level.HALT
    for fill in ran.of(layout.ENTRY_FILL):
        assert ran.level(fill, closes_ago=1) < Level.HALT


@given(case=cases())
@ANY
def test_an_emergency_leaves_nothing_that_is_not_leaving(case: Case) -> None:
    ran = run(case)
    held, leaving = [0, 0], [False, False]
    events = ran.events
    for place, ts in enumerate(ran.inputs.tape.ts.tolist()):
        while events and events[0][layout.EVENT_TS] == ts:
            event = events.pop(0)
            kind, slot = event[layout.KIND], event[layout.EVENT_SLOT]
            if kind == layout.ENTRY_FILL:
                held[slot] += event[layout.EVENT_LOTS]
            elif kind == layout.EXIT_ORDER:
                leaving[slot] = True
            elif kind == layout.EXIT_FILL:
                held[slot] -= event[layout.EVENT_LOTS]
                leaving[slot] = leaving[slot] and held[slot] > 0
        if ran.levels[place][0] == Level.EMERGENCY:
            assert all(leaves or not lots for lots, leaves in zip(held, leaving, strict=True))


def units(equity: float) -> int:
    """In whole money units, as nearly as floats can tell."""
    return round(equity * 1e8)


@given(case=cases())
@ANY
def test_the_account_s_marks_are_its_equity_s(case: Case) -> None:
    """High and value are those of the equity since the last reset; a level that should hold does."""
    ran = run(case)
    limits: Rules = ran.inputs.rules
    account = [event for event in ran.of(layout.RISK) if event[layout.EVENT_SLOT] == 0]
    high = units(float(limits.capital))
    resets = 0
    for ts, equity, levels in zip(ran.inputs.tape.ts.tolist(), ran.output.equity, ran.levels, strict=True):
        value = units(equity)
        high = max(high, value)
        judged = True
        while account and account[0][layout.EVENT_TS] == ts:
            event = account.pop(0)
            if event[layout.RISK_RESETS] > resets:
                resets, high, judged = event[layout.RISK_RESETS], value, False
            assert abs(event[layout.RISK_VALUE] - value) <= 1
            assert abs(event[layout.RISK_HIGH] - high) <= 1
            assert event[layout.RISK_VALUE] <= event[layout.RISK_HIGH]
        drawdown = (high - value) / high
        if judged:
            assert drawdown < limits.emergency + 1e-9 or levels[0] == Level.EMERGENCY
            assert drawdown < limits.halt + 1e-9 or levels[0] >= Level.HALT
            assert drawdown < limits.warning + 1e-9 or levels[0] >= Level.WARNING


@given(case=cases())
@ANY
def test_a_cool_off_is_waited_for(case: Case) -> None:
    """From a rise to a reset there are at least the cool-off and the assumed wait."""
    ran = run(case)
    rose: dict[int, int] = {}
    wait = max(case.rules.cool_off_ms, case.rules.assumed_reset_ms or 0)
    before: tuple[int, ...] = (0, 0, 0)
    for ts, levels in zip(ran.inputs.tape.ts.tolist(), ran.levels, strict=True):
        for row in range(3):
            if levels[row] > before[row] and levels[row] >= Level.HALT:
                rose[row] = ts
            elif levels[row] < before[row] and before[row] >= Level.HALT:
                assert ts - rose[row] >= wait
        before = levels
