"""What an account would decide on one bar, as it stands now: the kernel's own functions on a copy of its state, in
memory. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from memesnipe_cli.engine.account_fold import AccountState
from memesnipe_cli.engine.account_step import SILENT, AccountStep, SlotSignal
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.open_trade import last_of
from memesnipe_cli.engine.run import Account, kernel
from memesnipe_cli.engine.session_breaker import SessionBreaker
from memesnipe_cli.engine.words import CAPS, REFUSALS
from memesnipe_cli.risk.latch import LatchFile

Key = tuple[str, str, str]  # strategy, venue, symbol


@dataclass(frozen=True)
class Sizing:
    """How large an entry would be, before anything refuses it. quantity: base units; cap: what bound it; limit: its
    price; value: at that price; shares are of the price. at_stop: what it would fetch at its stop, net of the fee;
    minimum: the venue's smallest order and its margin; amounts in the quote currency."""

    quantity: float
    cap: str
    limit: float
    value: float
    stop_share: float
    cost_share: float
    cost_limit: float
    at_stop: float
    minimum: float


@dataclass(frozen=True)
class Decided:
    """What became of one slot at the close of its bar. word: `enter`, `add`, `leave`, `hold`, `wait`, `refuse` or
    `nothing`. refusal: the code of a refusal; fee_needed: the taker fee at which a veto by cost would not have come.
    row: the kernel's event, None where it decided nothing. before: the account had decided on this bar already."""

    word: str
    equity: float
    cash: int
    row: Row | None = None
    refusal: str = ""
    fee_needed: float | None = None
    cap: str = ""
    sizing: Sizing | None = None
    before: bool = False


def account_now(
    inputs: EngineInput, keys: list[Key], state: AccountState | None, latch: LatchFile | None, place: int
) -> AccountStep:
    """The account at a place of its tape: as its journal left it, with what others have set in the breaker's latch; a
    fresh one where `state` is None. keys: of the slots."""
    fixed = Account.open(inputs)
    slots = fixed.state.tolist()
    if state is None:
        return AccountStep(fixed, fixed.account.tolist(), slots, fixed.risk.tolist())
    for number, key in enumerate(state.keys):
        slot = keys.index(key)
        slots[slot] = state.slots.row(number)
        closes = inputs.tape.ticks[: place + 1, inputs.slots[slot].instrument, 3]
        traded = np.flatnonzero(closes)
        if len(traded):
            slots[slot][layout.LAST_CLOSE] = int(closes[traded[-1]])
    risk = [state.risk.row(number) for number in range(len(state.scopes))]
    account = AccountStep(fixed, [*state.account], slots, risk)
    if latch is not None and latch.folder.exists():
        symbols = [inputs.terms[slot.instrument].symbol for slot in inputs.slots]
        resets = (state.session or {}).get("resets", {})
        SessionBreaker(latch, account, state.scopes, symbols, resets).obey(int(inputs.tape.ts[place]))
    return account


def decide_bar(
    account: AccountStep,
    inputs: EngineInput,
    keys: list[Key],
    state: AccountState | None,
    place: int,
    said: dict[int, SlotSignal],
) -> dict[int, Decided]:
    """What the slots in `said` would decide at the close of the bar at `place`; the others say nothing."""
    tape = inputs.tape
    ts = int(tape.ts[place])
    rates = tape.funding[place].tolist() if len(tape.funding) else [0] * tape.volume.shape[1]
    bars = account.bars(ts, tape.ticks[place].tolist(), tape.volume[place].tolist(), rates)
    before = {slot for slot in said if _forget(account, keys, state, slot, ts)}
    if state is not None and _is_next(state, ts):
        account.fill(bars)
    equity, _ = account.guard(ts)
    sizes = {
        slot: _sizing(account.world, slot, bars[inputs.slots[slot].instrument], equity, signal)
        for slot, signal in said.items()
        if signal.flags & layout.ENTER_MASK
    }
    held = {slot: bool(account.world.state[slot, layout.LOTS]) for slot in said}
    cash = account.cash
    signals = [said.get(slot, SILENT) for slot in range(len(inputs.slots))]
    events = account.decide(bars, equity, signals)
    found: dict[int, Decided] = {}
    for slot, signal in said.items():
        rows = [row for row in events if row[layout.EVENT_SLOT] == slot]
        found[slot] = _decided(
            account, slot, rows, held[slot], signal, Decided("", equity, cash, None, sizing=sizes.get(slot),
            before=slot in before),
        )  # fmt: skip
    return found


def _is_next(state: AccountState, ts: int) -> bool:
    """Whether the bar is still to come for a paper account, whose orders fill on bars."""
    on_paper = (state.session or {}).get("mode", "paper") == "paper"
    return on_paper and (state.last_bar_ms is None or state.last_bar_ms < ts)


def _decided(
    account: AccountStep, slot: int, rows: list[Row], held: bool, signal: SlotSignal, plain: Decided
) -> Decided:
    row = rows[-1] if rows else None
    kind = None if row is None else row[layout.KIND]
    fields: dict[str, Any] = {**vars(plain), "row": row}
    if row is not None and kind == layout.ENTRY_ORDER:
        fields.update(word="add" if held else "enter", cap=CAPS[row[layout.CODE]])
    elif row is not None and kind == layout.EXIT_ORDER:
        fields["word"] = "leave"
    elif row is not None and kind == layout.REFUSED:
        code = row[layout.CODE]
        fields.update(word="refuse", refusal=REFUSALS[code])
        if code == layout.COST_VETO:
            fields["fee_needed"] = row[layout.EVENT_EXTRA] / 1e6
    elif held:
        fields["word"] = "hold"
    else:
        waits = bool(account.world.state[slot, layout.WAIT_LOTS])
        fields["word"] = "wait" if waits and signal.flags & layout.ENTER_MASK else "nothing"
    return Decided(**fields)


def _forget(account: AccountStep, keys: list[Key], state: AccountState | None, slot: int, ts: int) -> bool:
    """Take back, in this copy, what the account has decided on this bar already, so that it is decided once more. True
    where there was something."""
    world = account.world
    decided: bool = world.state[slot, layout.DECIDED_TS] == ts
    if not decided or state is None:
        return False
    world.state[slot, layout.DECIDED_TS] = 0
    if world.account[layout.ORDERS_TS] == ts:
        world.account[layout.ORDERS_SENT] = 0
    rows = state.rows[state.keys.index(keys[slot])]
    if world.state[slot, layout.WAIT_LOTS] and last_of(rows, layout.ENTRY_ORDER)[layout.EVENT_TS] == ts:
        world.state[slot, layout.WAIT_LOTS] = 0
    if world.state[slot, layout.LEAVE] and last_of(rows, layout.EXIT_ORDER)[layout.EVENT_TS] == ts:
        world.state[slot, layout.LEAVE] = 0
    return True


def _sizing(world: Any, slot: int, bar: Any, equity: float, signal: SlotSignal) -> Sizing | None:
    """The numbers of an entry from the kernel's functions; None for a stop that makes no sense."""
    rules = kernel(False, Path())
    tick, lot = world.real[slot, layout.TICK], world.real[slot, layout.LOT]
    side = 1 if signal.flags & layout.ENTER_MASK == layout.ENTER_LONG else -1
    price = bar.close * tick
    if not bar.open or not 0.0 < signal.stop < price:
        return None
    stop_ticks = rules.ceil_forgiving(signal.stop / tick)
    stop = stop_ticks * tick
    collar = world.real[slot, layout.COLLAR]
    limit = (
        rules.floor_forgiving(bar.close * (1.0 + collar))
        if side > 0
        else rules.ceil_forgiving(bar.close * (1.0 - collar))
    )
    quantity, cap = rules.entry_size(world, slot, bar, equity, limit, stop, signal.weight, side > 0)
    lots = rules.floor_forgiving(quantity / lot)
    at_stop = rules.value_down(world, slot, lots, max(1, bar.close - side * stop_ticks))
    impact = rules.impact_share(world, slot, bar, quantity)
    return Sizing(
        quantity=lots * lot,
        cap=CAPS[cap],
        limit=limit * tick,
        value=rules.value_up(world, slot, lots, limit) * layout.UNIT,
        stop_share=stop / price,
        cost_share=rules.round_trip_share(world, slot, impact),
        cost_limit=world.real[slot, layout.MAX_COST_SHARE] * stop / price,
        at_stop=(at_stop - rules.fee_on(world, slot, at_stop)) * layout.UNIT,
        minimum=world.whole[slot, layout.MIN_UNITS] * layout.UNIT,
    )
