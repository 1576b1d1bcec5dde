"""Both engines' answers in one form, so that they can be compared: the kernel's from its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

import numpy as np
from reference import simulate as simulate_slowly
from reference_parts import ReferenceResult

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput, EngineOutput, SignalTape
from memesnipe_cli.engine.run import simulate
from memesnipe_cli.engine.trades import TradeRecord, trades_from_events
from memesnipe_cli.engine.words import CAPS, CAUSES, EXIT_REASONS, LEVELS, MISSES, REFUSALS
from memesnipe_cli.risk.levels import Level


@dataclass(frozen=True)
class Line:
    """One thing that happened to a slot, or to a row of the breaker: -1 the account, -2 - s strategy s. Lots, ticks and
    money units; 0 where a kind has none.

    `origin`: the price a fill started from; an order's stop distance. `row`: of the breaker, when its level began, when
    its halt may be over, its cool-off and how often it was reset.
    """

    ts: int
    slot: int
    what: str
    lots: int = 0
    price: int = 0
    cash: int = 0
    fee: int = 0
    origin: int = 0
    row: tuple[int, ...] = ()

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
    """By time; within a step funding, misses, fills, breaker, refusals: both engines' lists put alike."""
    return [line for _, line in sorted(lines, key=lambda pair: (pair[1].ts, pair[0]))]


def _missed(ts: int, slot: int, reason: str) -> tuple[int, Line]:
    """An entry that the breaker drops is missed at the close, every other at the open."""
    return (4 if reason == "breaker" else 1), Line(ts, slot, f"missed {reason}")


def _order(cap: str) -> str:
    """Whether its size was cut; which other cap bound is a float's choice."""
    return "order recovery" if cap == "recovery" else "order"


def reference_answer(result: ReferenceResult) -> Answer:
    """The slow engine's."""
    lines: list[tuple[int, Line]] = []
    for fill in result.fills:
        word = "buy" if fill.side > 0 else "sell"
        cash = -fill.side * fill.value - fill.fee
        what = f"{word} {fill.reason}"
        lines.append((2, Line(fill.ts, fill.slot, what, fill.lots, fill.price, cash, fill.fee, fill.origin)))
    lines += [
        (6, Line(ts, slot, _order(order.cap), order.lots, order.limit, origin=order.distance))
        for ts, slot, order in result.orders
    ]
    lines += [(0, Line(ts, slot, "funding", cash=-paid)) for ts, slot, paid in result.funding]
    lines += [_missed(ts, slot, reason) for ts, slot, reason in result.misses]
    lines += [(3, Line(ts, -1 - row, what, row=state)) for ts, row, what, state in result.risk]
    lines += [(-1, Line(ts, -1, "account flow", cash=units)) for ts, units in result.flows]
    lines += [(5, Line(ts, slot, f"refused {code}")) for ts, slot, code in result.refusals]
    return Answer(_in_order(lines), result.equity)


def kernel_answer(output: EngineOutput) -> Answer:
    """The kernel's."""
    lines: list[tuple[int, Line]] = []
    rows: dict[int, tuple[int, int, int]] = {}
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
        elif kind == layout.ENTRY_ORDER:
            wanted = (event[layout.EVENT_LOTS], event[layout.EVENT_TICKS])
            lines.append((6, Line(*where, _order(CAPS[code]), *wanted, origin=event[layout.EVENT_STOP])))
        elif kind == layout.MISSED:
            lines.append(_missed(*where, MISSES[code]))
        elif kind == layout.REFUSED:
            lines.append((5, Line(*where, f"refused {REFUSALS[code]}")))
        elif kind == layout.FUNDED:
            lines.append((0, Line(*where, "funding", cash=event[layout.EVENT_CASH])))
        elif kind == layout.FLOWED:
            lines.append((-1, Line(where[0], -1, "account flow", cash=event[layout.EVENT_CASH])))
        elif kind == layout.RISK:
            lines += [(3, line) for line in _risk_lines(event, rows)]
    return Answer(_in_order(lines), output.equity.tolist())


def _risk_lines(event: list[int], rows: dict[int, tuple[int, int, int]]) -> Iterator[Line]:
    """What a row of the breaker did, by its level and stage (`rows`: those before and when the stage began, by row)."""
    row = event[layout.EVENT_SLOT]
    name = f"strategy {row - 1}" if row else "account"
    level, stage = event[layout.RISK_LEVEL], event[layout.RISK_STAGE]
    begun = event[layout.RISK_STAGE_TS]
    before, stage_before, begun_before = rows.get(row, (Level.CLOSED, 0, 0))
    rows[row] = level, stage, begun
    done = []
    if level > before:
        done.append(LEVELS[level])
    elif level < before:
        done.append("CLOSED" if before == Level.WARNING else "reset")
    elif level >= Level.HALT:
        done.append("waits")
    moved = level == before and (stage or stage_before) and begun != begun_before
    if level < Level.HALT and (before >= Level.HALT or moved):
        done.append(f"stage {stage}")
    cause = CAUSES[event[layout.CODE]]
    columns = (layout.RISK_SINCE, layout.RISK_READY, layout.RISK_COOL_OFF, layout.RISK_RESETS)
    state = tuple(event[column] for column in columns)
    for what in done:
        named = f"{name} {what} {cause}" if what in LEVELS.values() else f"{name} {what}"
        yield Line(event[layout.EVENT_TS], -1 - row, named.strip(), row=(*state, event[layout.CODE]))


def kernel_levels(inputs: EngineInput, output: EngineOutput) -> list[tuple[int, ...]]:
    """Each row's level at each close: the account's, then the strategies'."""
    events = [event for event in np.asarray(output.events).tolist() if event[layout.KIND] == layout.RISK]
    levels, found = [0] * (1 + len(inputs.plans)), []
    for ts in inputs.tape.ts.tolist():
        while events and events[0][layout.EVENT_TS] == ts:
            event = events.pop(0)
            levels[event[layout.EVENT_SLOT]] = event[layout.RISK_LEVEL]
        found.append(tuple(levels))
    return found


def reference_trades(inputs: EngineInput, result: ReferenceResult) -> list[tuple[object, ...]]:
    """The slow engine's trades, comparable."""
    found: list[tuple[object, ...]] = []
    for trade in result.trades:
        terms = inputs.terms[inputs.slots[trade.slot].instrument]
        found.append(
            (
                str(inputs.slots[trade.slot].strategy),
                terms.symbol,
                "long" if trade.side > 0 else "short",
                trade.lots * terms.lot,
                trade.entry_ts,
                trade.exit_ts,
                f"tag {trade.tag}",
                trade.exit_reason,
                trade.pnl,
                trade.fees,
                trade.funding,
                trade.slipped * terms.lot * terms.tick,
                trade.units,
                Decimal(f"{trade.entry_price:.12g}").normalize(),
            )
        )
    return sorted(found, key=repr)


def kernel_trades(inputs: EngineInput, output: EngineOutput) -> list[tuple[object, ...]]:
    """The kernel's trades, comparable."""
    strategies = len(inputs.plans)
    closed, _ = trades_from_events(
        output.events,
        inputs.slots,
        inputs.terms,
        [str(number) for number in range(strategies)],
        [{}] * strategies,
    )
    return sorted((_comparable(record) for record in closed), key=repr)


def _comparable(record: TradeRecord) -> tuple[object, ...]:
    return (
        record.strategy,
        record.symbol,
        record.side,
        record.qty,
        record.entry_ms,
        record.exit_ms,
        record.entry_reason,
        record.exit_reason,
        record.pnl,
        record.fees,
        record.funding,
        record.slippage,
        record.units,
        Decimal(f"{record.entry_price:.12g}").normalize(),
    )


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
    slow = slow or simulate_slowly(inputs, signals)
    output = run(inputs, signals)
    expected, got = reference_answer(slow), kernel_answer(output)
    for slot in range(-1 - len(inputs.plans), len(inputs.slots)):
        theirs, ours = got.slots().get(slot, []), expected.slots().get(slot, [])
        for mine, its in zip_longest(ours, theirs):
            if mine != its:
                return f"slot {slot}: expected {mine!r}, got {its!r}"
    if len(got.equity) != len(expected.equity):
        return f"{len(got.equity)} values of equity"
    for bar, (left, right) in enumerate(zip(expected.equity, got.equity, strict=True)):
        if left == left and not abs(left - right) <= 1e-9 * max(1.0, abs(left)):
            return f"bar {bar}: expected equity {left!r}, got {right!r}"
    if kernel_levels(inputs, output) != slow.levels:
        return f"levels: expected {slow.levels}, got {kernel_levels(inputs, output)}"
    pairs = zip_longest(reference_trades(inputs, slow), kernel_trades(inputs, output))
    return next((f"trade: expected {ours}, got {theirs}" for ours, theirs in pairs if ours != theirs), "")
