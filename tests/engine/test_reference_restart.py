"""Killed between any two events and started again on the same bar, the account does the rest and nothing twice.

State is a fold of the events: after each prefix of a step's events the step is run again, and must add exactly the
events that were missing.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from engine_random import random_case
from test_fills import SCENARIOS

from memesnipe_cli.engine import run
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import Int64


def meant(state: Int64) -> list[list[int]]:
    """What a state says: the last close of a slot that holds nothing is nobody's."""
    read = state.copy()
    read[read[:, layout.LOTS] == 0, layout.LAST_CLOSE] = 0
    return read.tolist()  # type: ignore[no-any-return]


class Restarting:
    """A kernel whose every step is done again from each of its events."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.restarts = 0

    def run_tape(self, begin: int, end: int, *arguments: Any) -> int:
        """Like the kernel's, one step at a time."""
        *tape, rows, account, state, events, whole, real, active, equity = arguments
        world = self.module.World(account, state, events, whole, real)
        for step in range(begin, end):
            before = (rows.copy(), account.copy(), state.copy(), active.copy())
            first = int(account[layout.EVENT_COUNT])
            if first + 12 * layout.EVENTS_PER_BAR * len(active) > len(events):
                return step
            self.module.run_tape(step, step + 1, *tape, rows, account, state, events, whole, real, active, equity)
            after = (rows.copy(), account.copy(), state.copy(), active.copy())
            count = int(account[layout.EVENT_COUNT])
            told = events[first:count].copy()
            for killed in range(first, count + 1):
                rows[:], account[:], state[:], active[:] = before
                events[killed:] = -1
                for number in range(first, killed):
                    self.module.book_event(account, state, events, number)
                account[layout.EVENT_COUNT] = killed
                active[:] = [self.module.is_active(world, slot) for slot in range(len(active))]
                self.module.run_tape(
                    step, step + 1, *tape, rows, account, state, events, whole, real, active, equity
                )
                again = events[first : int(account[layout.EVENT_COUNT])]
                assert again.tolist() == told.tolist(), f"step {step}, killed after {killed - first} events"
                assert meant(state) == meant(after[2])
                self.restarts += 1
            rows[:], account[:], state[:], active[:] = after
        return end


@pytest.fixture
def restarting(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Restarting:
    """The plain kernel, restarted all the time."""
    kernel = Restarting(run.kernel(False, tmp_path_factory.getbasetemp()))
    monkeypatch.setattr(run, "kernel", lambda *_: SimpleNamespace(run_tape=kernel.run_tape))
    return kernel


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_goes_on_after_any_kill(name: str, restarting: Restarting) -> None:
    run.simulate(*SCENARIOS[name][0].build(), compiled=False)
    assert restarting.restarts > 0


@pytest.mark.parametrize("seed", range(15))
def test_a_random_case_goes_on_after_any_kill(seed: int, restarting: Restarting) -> None:
    run.simulate(*random_case(seed, 30), compiled=False)
    assert restarting.restarts > 30
