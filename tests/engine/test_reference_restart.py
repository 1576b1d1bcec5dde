"""Killed between two events and started again on the same bar, the account does the rest, nothing twice."""

from __future__ import annotations

import pytest
from engine_random import random_case
from engine_restart import Restarting
from test_fills import SCENARIOS

from memesnipe_cli.engine import run


@pytest.fixture
def restarting(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Restarting:
    """The plain kernel, restarted all the time."""
    kernel = Restarting(run.kernel(False, tmp_path_factory.getbasetemp()))
    monkeypatch.setattr(run, "kernel", lambda *_: kernel)
    return kernel


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_goes_on_after_any_kill(name: str, restarting: Restarting) -> None:
    run.simulate(*SCENARIOS[name][0].build(), compiled=False)
    assert restarting.restarts > 0


@pytest.mark.parametrize("seed", range(15))
def test_a_random_case_goes_on_after_any_kill(seed: int, restarting: Restarting) -> None:
    run.simulate(*random_case(seed, 30), compiled=False)
    assert restarting.restarts > 30
