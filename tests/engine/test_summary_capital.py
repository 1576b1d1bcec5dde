"""The capital that entries refused as too small would have needed, held against the engine itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from memesnipe_cli.engine.capital import capital_needed_by_slot
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import (
    EngineInput,
    EngineOutput,
    EntryRows,
    ExitPlan,
    Rules,
    SignalTape,
    Slot,
    Tape,
    Terms,
)
from memesnipe_cli.engine.run import simulate

BASE = 300_000
SINCE = 1_735_689_600_000
TERMS = Terms(
    "kraken", "DOGE/USD", "DOGE", Decimal("0.001"), Decimal("0.1"), Decimal("0.004"), 0.0005, Decimal(5)
)
BARS = 6


def tape(volume: float = 1e9) -> Tape:
    ticks = np.full((BARS, 1, 4), 200, dtype=np.int64)
    opens = SINCE + BASE * np.arange(BARS, dtype=np.int64)
    return Tape(BASE, opens, ticks, np.full((BARS, 1), volume), np.zeros((0, 1), dtype=np.int64))


def signals(stop: float = 0.02, weight: float = 0.0) -> SignalTape:
    flags = np.full((BARS, 1), layout.CLOSED_FLAG, dtype=np.uint8)
    flags[1, 0] |= layout.ENTER_LONG
    rows = EntryRows(
        index=np.array([1]),
        side=np.array([1]),
        tag=np.array([1]),
        stop=np.array([stop]),
        target=np.array([0.0]),
        max_bars=np.array([0]),
        weight=np.array([weight]),
        score=np.array([0.0]),
    )
    return SignalTape(flags, [rows])


def outcome(inputs: EngineInput, said: SignalTape, folder: Path) -> EngineOutput:
    return simulate(inputs, said, compiled=False, cache_dir=folder)


def codes(output: EngineOutput, kind: int) -> list[int]:
    return [int(row[layout.CODE]) for row in output.events if row[layout.KIND] == kind]


@pytest.mark.parametrize(
    ("plan", "weight"),
    [
        (ExitPlan(risk_share=0.02), 0.0),  # the trade cap binds
        (ExitPlan(risk_share=0.001), 0.0),  # the risk cap
        (ExitPlan(risk_share=0.02, units=4, step_r=1.0), 0.0),  # a unit of four
        (ExitPlan(risk_share=0.02), 0.004),  # the signal's weight
    ],
)
def test_with_the_capital_that_is_named_the_entry_passes_and_with_less_it_does_not(
    plan: ExitPlan, weight: float, tmp_path: Path
) -> None:
    said = signals(weight=weight)
    rules = Rules(capital=Decimal(100), max_cost_share=1.0)
    inputs = EngineInput(tape(), [TERMS], [plan], [BASE], [Slot(0, 0)], rules)
    first = outcome(inputs, said, tmp_path)
    assert codes(first, layout.REFUSED) == [layout.TOO_SMALL]
    needed = capital_needed_by_slot(first.events, inputs, said, first.equity)[0]
    for capital, refused in ((needed, []), (needed - Decimal("2"), [layout.TOO_SMALL])):
        again = outcome(replace(inputs, rules=replace(rules, capital=capital)), said, tmp_path)
        assert codes(again, layout.REFUSED) == refused


def test_where_the_volume_made_it_small_no_capital_is_named(tmp_path: Path) -> None:
    rules = Rules(capital=Decimal(10_000), max_cost_share=1.0)
    inputs = EngineInput(
        tape(volume=100.0), [TERMS], [ExitPlan(risk_share=0.02)], [BASE], [Slot(0, 0)], rules
    )
    said = signals()
    output = outcome(inputs, said, tmp_path)
    assert codes(output, layout.REFUSED) == [layout.TOO_SMALL]
    assert capital_needed_by_slot(output.events, inputs, said, output.equity) == {}


def test_without_refusals_nothing_is_named(tmp_path: Path) -> None:
    rules = Rules(capital=Decimal(10_000), max_cost_share=1.0)
    inputs = EngineInput(tape(), [TERMS], [ExitPlan(risk_share=0.02)], [BASE], [Slot(0, 0)], rules)
    output = outcome(inputs, signals(), tmp_path)
    assert capital_needed_by_slot(output.events, inputs, signals(), output.equity) == {}
