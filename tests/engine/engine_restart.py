"""A kernel that is killed after every event and started again on the same bar."""

from __future__ import annotations

import inspect
from typing import Any

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import Int64


class Restarting:
    """Wraps the plain kernel's module: each step is done again from each prefix of its events.

    State is a fold of the events: the step must add exactly the events that were missing, and end the same.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.restarts = 0

    def run_tape(self, begin: int, end: int, *arguments: Any) -> int:
        """Like the kernel's, one step at a time; asserts."""
        names = list(inspect.signature(self.module.run_tape).parameters)[2:]
        given = dict(zip(names, arguments, strict=True))
        account, state, risk, events, active = (
            given[name] for name in ("account", "state", "risk", "events", "active")
        )
        changing = (given["rows"], account, state, active, risk)
        for step in range(begin, end):
            active[:] = True  # after a restart nobody knows that there is nothing to do
            before = [array.copy() for array in changing]
            first = int(account[layout.EVENT_COUNT])
            if self._step(step, arguments) == step:
                return step
            after = [array.copy() for array in changing]
            told = events[first : int(account[layout.EVENT_COUNT])].copy()
            for killed in range(len(told) + 1):
                _restore(changing, before)
                events[first + killed :] = -1
                for number in range(first, first + killed):
                    self.module.book_event(account, state, risk, events, number)
                account[layout.EVENT_COUNT] = first + killed
                self._step(step, arguments)
                again = events[first : int(account[layout.EVENT_COUNT])]
                assert again.tolist() == told.tolist(), f"step {step}, killed after {killed} events"
                assert _meant(state) == _meant(after[2]), f"step {step}, killed after {killed} events"
                assert risk.tolist() == after[4].tolist(), f"step {step}, killed after {killed} events"
                self.restarts += 1
            _restore(changing, after)
        return end

    def _step(self, step: int, arguments: tuple[Any, ...]) -> int:
        return int(self.module.run_tape(step, step + 1, *arguments))


def _restore(arrays: tuple[Any, ...], saved: list[Any]) -> None:
    for array, old in zip(arrays, saved, strict=True):
        array[:] = old


def _meant(state: Int64) -> list[list[int]]:
    """What a state says: the last close of a slot that holds nothing is nobody's."""
    read = state.copy()
    read[read[:, layout.LOTS] == 0, layout.LAST_CLOSE] = 0
    rows: list[list[int]] = read.tolist()
    return rows
