"""Equity paths and the levels that follow, bar by bar: the tables through both engines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_kernel import difference, kernel_levels, run_plain
from reference import simulate
from scenarios_paths import PATHS

from memesnipe_cli.engine.model import SignalTape


def table(levels: list[tuple[int, ...]]) -> tuple[str, ...]:
    """A letter a bar, a line a row; strategies that were never halted are left out."""
    lines = [" ".join("CWHE"[level] for level in row) for row in zip(*levels, strict=True)]
    return (lines[0], *(line for line in lines[1:] if set(line) != {"C", " "}))


@pytest.mark.parametrize("name", PATHS)
def test_the_slow_engine_shows(name: str) -> None:
    case, expected = PATHS[name]
    assert table(simulate(*case.build()).levels) == expected


@pytest.mark.parametrize("name", PATHS)
def test_the_kernel_shows(name: str) -> None:
    case, expected = PATHS[name]
    inputs, signals = case.build()
    assert table(kernel_levels(inputs, run_plain(inputs, signals))) == expected
    assert difference(inputs, signals) == ""


def test_no_level_knows_of_later_bars() -> None:
    for case, _ in PATHS.values():
        inputs, signals = case.build()
        whole = kernel_levels(inputs, run_plain(inputs, signals))
        for bars in range(2, len(whole)):
            tape = inputs.tape
            begun = replace(tape, ts=tape.ts[:bars], ticks=tape.ticks[:bars], volume=tape.volume[:bars])
            so_far = replace(inputs, tape=begun)
            output = run_plain(so_far, SignalTape(signals.flags[:bars], signals.rows))
            assert kernel_levels(so_far, output) == whole[:bars]
