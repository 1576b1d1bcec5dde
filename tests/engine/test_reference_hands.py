"""What persons do between two steps, through both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_cases import story
from engine_hands import Handed
from engine_kernel import difference, kernel_answer, reference_answer, run_plain
from reference import simulate
from scenarios_hands import HANDS

from memesnipe_cli.engine import run


@pytest.mark.parametrize("name", HANDS)
def test_the_slow_engine_tells(name: str) -> None:
    case, hands, expected = HANDS[name]
    assert story(reference_answer(simulate(*case.build(), hands))) == expected


@pytest.mark.parametrize("name", HANDS)
def test_the_kernel_tells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, hands, expected = HANDS[name]
    handed = Handed(run.kernel(False, Path()), hands)
    monkeypatch.setattr(run, "kernel", lambda *_: handed)
    inputs, signals = case.build()
    assert story(kernel_answer(run_plain(inputs, signals))) == expected
    assert difference(inputs, signals, slow=simulate(inputs, signals, hands)) == ""
