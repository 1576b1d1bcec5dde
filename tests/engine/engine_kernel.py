"""Both engines' answers in one form, so that they can be compared: the kernel's from its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from reference import simulate as simulate_slowly
from reference_parts import ReferenceResult

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput, EngineOutput, SignalTape
from memesnipe_cli.engine.run import simulate

EXIT_REASONS = {
    layout.BY_SIGNAL: "signal",
    layout.BY_TIME: "time",
    layout.BY_STOP: "stop",
    layout.BY_TARGET: "target",
    layout.BY_DELISTING: "delisted",
}
REFUSALS = {
    layout.BAD_SIGNAL: "bad_signal",
    layout.NO_SHORT: "no_short",
    layout.BASE_OWNED: "base_owned",
    layout.SKIP_AFTER_WIN: "skip_after_win",
    layout.COST_VETO: "cost",
    layout.TOO_SMALL: "too_small",
    layout.TOO_LARGE: "too_large",
    layout.NO_ROOM + layout.CAP_RISK: "no_room:risk",
    layout.NO_ROOM + layout.CAP_TRADE: "no_room:trade",
    layout.NO_ROOM + layout.CAP_STRATEGY: "no_room:strategy",
    layout.NO_ROOM + layout.CAP_GROSS: "no_room:gross",
    layout.NO_ROOM + layout.CAP_CASH: "no_room:cash",
    layout.NO_ROOM + layout.CAP_VOLUME: "no_room:volume",
    layout.NO_ROOM + layout.CAP_WEIGHT: "no_room:weight",
}
MISSES = {
    layout.MISSED_NO_BAR: "no_bar",
    layout.MISSED_VOLUME: "volume",
    layout.MISSED_LIMIT: "limit",
    layout.MISSED_DELISTED: "delisted",
}


@dataclass(frozen=True)
class Line:
    """One thing that happened to a slot. Lots, ticks and money units; 0 where a kind has none."""

    ts: int
    slot: int
    what: str
    lots: int = 0
    price: int = 0
    cash: int = 0
    fee: int = 0
    origin: int = 0

    def __str__(self) -> str:
        return f"{self.what} {self.lots} @{self.price}" if self.lots else self.what


@dataclass(frozen=True)
class Answer:
    """What an engine made of a case."""

    lines: list[Line]
    equity: list[float]

    def slots(self) -> dict[int, list[Line]]:
        """Each slot's story; the order between slots within one step is of no consequence."""
        found: dict[int, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.slot, []).append(line)
        return found


def _in_order(lines: list[tuple[int, Line]]) -> list[Line]:
    """By time; within a step funding, misses, fills, refusals: both engines' lists put alike."""
    return [line for _, line in sorted(lines, key=lambda pair: (pair[1].ts, pair[0]))]


def reference_answer(result: ReferenceResult) -> Answer:
    """The slow engine's."""
    lines: list[tuple[int, Line]] = []
    for fill in result.fills:
        word = "buy" if fill.side > 0 else "sell"
        cash = -fill.side * fill.value - fill.fee
        what = f"{word} {fill.reason}"
        lines.append((2, Line(fill.ts, fill.slot, what, fill.lots, fill.price, cash, fill.fee, fill.origin)))
    lines += [(0, Line(ts, slot, "funding", cash=-paid)) for ts, slot, paid in result.funding]
    lines += [(1, Line(ts, slot, f"missed {reason}")) for ts, slot, reason in result.misses]
    lines += [(3, Line(ts, slot, f"refused {code}")) for ts, slot, code in result.refusals]
    return Answer(_in_order(lines), result.equity)


def kernel_answer(output: EngineOutput) -> Answer:
    """The kernel's."""
    lines: list[tuple[int, Line]] = []
    for event in np.asarray(output.events).tolist():
        kind, code = event[layout.KIND], event[layout.CODE]
        where = (event[layout.EVENT_TS], event[layout.EVENT_SLOT])
        if kind in (layout.ENTRY_FILL, layout.EXIT_FILL):
            entry = kind == layout.ENTRY_FILL
            buys = (event[layout.EVENT_SIDE] > 0) == entry
            reason = "entry" if entry else EXIT_REASONS[code]
            fill = Line(
                *where,
                what=f"{'buy' if buys else 'sell'} {reason}",
                lots=event[layout.EVENT_LOTS],
                price=event[layout.EVENT_TICKS],
                cash=event[layout.EVENT_CASH],
                fee=event[layout.EVENT_FEE],
                origin=event[layout.REFERENCE],
            )
            lines.append((2, fill))
        elif kind == layout.MISSED:
            lines.append((1, Line(*where, f"missed {MISSES[code]}")))
        elif kind == layout.REFUSED:
            lines.append((3, Line(*where, f"refused {REFUSALS[code]}")))
        elif kind == layout.FUNDED:
            lines.append((0, Line(*where, "funding", cash=event[layout.EVENT_CASH])))
    return Answer(_in_order(lines), output.equity.tolist())


def run_plain(inputs: EngineInput, signals: SignalTape) -> EngineOutput:
    """The kernel's text in CPython: quick to start."""
    return simulate(inputs, signals, compiled=False)


def difference(
    inputs: EngineInput,
    signals: SignalTape,
    run: Callable[[EngineInput, SignalTape], EngineOutput] = run_plain,
    *,
    slow: ReferenceResult | None = None,
) -> str:
    """What the kernel did otherwise than the slow engine; empty if nothing."""
    expected = reference_answer(slow or simulate_slowly(inputs, signals))
    got = kernel_answer(run(inputs, signals))
    for slot in range(len(inputs.slots)):
        theirs, ours = got.slots().get(slot, []), expected.slots().get(slot, [])
        for place in range(max(len(theirs), len(ours))):
            pair: list[Any] = [story[place] if place < len(story) else None for story in (ours, theirs)]
            if pair[0] != pair[1]:
                return f"slot {slot}: expected {pair[0]!r}, got {pair[1]!r}"
    if len(got.equity) != len(expected.equity):
        return f"{len(got.equity)} values of equity"
    for bar, (left, right) in enumerate(zip(expected.equity, got.equity, strict=True)):
        if not abs(left - right) <= 1e-9 * max(1.0, abs(left)):
            return f"bar {bar}: expected equity {left!r}, got {right!r}"
    return ""
