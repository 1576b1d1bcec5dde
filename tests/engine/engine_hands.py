"""What persons do to an account between two steps, for both engines: they trip, reset, halt a symbol, move money."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.risk.kernel import rows


@dataclass(frozen=True)
class Trip:
    """Raise a row (0 the account, 1 + s strategy s) to a level that is above its own."""

    row: int
    level: int


@dataclass(frozen=True)
class Reset:
    """Acknowledge the halt of a row."""

    row: int


@dataclass(frozen=True)
class HaltSymbol:
    """Halt the symbol of a slot; level 0 lifts it."""

    slot: int
    level: int = 2


@dataclass(frozen=True)
class Flow:
    """Money (units) comes in, or goes out below 0, while the account is worth `equity` (units)."""

    amount: int
    equity: int


@dataclass(frozen=True)
class NoMark:
    """At this step nobody can say what the account is worth."""


Hand = Trip | Reset | HaltSymbol | Flow | NoMark
Hands = Mapping[int, Sequence[Hand]]  # by step of the tape, before which it is done


def _no_number(world: Any) -> float:
    return float("nan")


class Handed:
    """Wraps the kernel's module: between two steps persons act on the account."""

    def __init__(self, module: Any, hands: Hands) -> None:
        self.module = module
        self.hands = hands

    def run_tape(self, begin: int, end: int, *arguments: Any) -> int:
        """Like the kernel's, one step at a time."""
        names = list(inspect.signature(self.module.run_tape).parameters)[2:]
        given = dict(zip(names, arguments, strict=True))
        names_of_module = self.module.mark.__globals__  # where its functions look each other up
        mark = names_of_module["mark"]
        world = self.module.World(**{name: given[name] for name in self.module.World._fields})
        for step in range(begin, end):
            for hand in self.hands.get(step, ()):
                if isinstance(hand, NoMark):
                    names_of_module["mark"] = _no_number
                else:
                    self._act(world, int(given["ts_line"][step]), hand)
            done = int(self.module.run_tape(step, step + 1, *arguments))
            names_of_module["mark"] = mark
            if done == step:
                return step
        return end

    def _act(self, world: Any, ts: int, hand: Trip | Reset | HaltSymbol | Flow) -> None:
        if isinstance(hand, Trip):
            self.module.raise_row(world, ts, hand.row, hand.level, rows.CAUSE_MANUAL)
        elif isinstance(hand, Reset):
            self.module.reset_row(world, ts, hand.row)
        elif isinstance(hand, HaltSymbol):
            world.state[hand.slot, layout.SYMBOL_LEVEL] = hand.level
            world.account[layout.SYMBOLS_HALTED] = int(world.state[:, layout.SYMBOL_LEVEL].any())
        else:
            self.module.flow(world, ts, hand.amount, hand.equity)
