"""One step of the account in CPython: the very functions of kernel/loop.py in the very order of its
`run_tape`, with a place between the two halves where what happened can be written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from memesnipe_cli.engine.cells import Cells
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.run import Account, kernel
from memesnipe_cli.risk.kernel import rows


class SlotSignal(NamedTuple):
    """What a strategy said at the close of one bar: flags as in SignalTape, and the entry's details where it
    enters. held_back: why an entry that it wanted was not let through to a decision (`words.HELD_BACK`), 0 for none."""

    flags: int
    tag: int = 0
    stop: float = 0.0
    target: float = 0.0
    max_bars: int = 0
    weight: float = 0.0
    score: float = 0.0
    held_back: int = 0


SILENT = SlotSignal(0)


class AccountStep:
    """An account that is stepped bar by bar. `cells`, `slots` and `risk` may be a state rebuilt from a
    journal: the account's own cells, a row per slot, a row of the breaker for the account and each strategy."""

    def __init__(
        self, account: Account, cells: list[int], slots: list[list[int]], risk: list[list[int]]
    ) -> None:
        # Plain text, not the imported modules: what runs is what the compiled kernel was made of.
        self._kernel = kernel(False, Path())
        self.world: Any = self._kernel.World(
            [*cells],
            Cells(slots, layout.STATE_WIDTH),
            Cells([], layout.EVENT_WIDTH),
            Cells(account.whole.tolist(), layout.WHOLE_WIDTH),
            Cells(account.real.tolist(), layout.REAL_WIDTH),
            Cells(risk, rows.ROW_WIDTH),
        )
        self._scales = account.scales.tolist()
        self._first_day = account.first_day
        self._instruments = [row[layout.INSTRUMENT] for row in account.whole.tolist()]
        self.active = [bool(self._kernel.is_active(self.world, slot)) for slot in range(len(slots))]

    def bars(self, ts: int, ticks: list[list[int]], volumes: list[float], rates: list[int]) -> list[Any]:
        """The bars of all instruments at one open time, as the kernel takes them; the account's scales become those of
        their day."""
        scales = self._scales[ts // layout.A_DAY - self._first_day]
        for slot, instrument in enumerate(self._instruments):
            self.world.real[slot, layout.SCALE] = scales[instrument]
        return [
            self._kernel.TickBar(ts, *prices, volume, rate)
            for prices, volume, rate in zip(ticks, volumes, rates, strict=True)
        ]

    def fill(self, bars: list[Any]) -> list[Row]:
        """What the venue does during the bars: the events."""
        for slot, active in enumerate(self.active):
            if active:
                self._kernel.fill_slot(self.world, slot, bars[self._instruments[slot]])
        return self._acted()

    def mark(self) -> float:
        """What the account is worth at the last closes, in the quote currency."""
        return float(self._kernel.mark(self.world))

    def guard(self, ts: int, spared: Sequence[int] = ()) -> tuple[float, list[Row]]:
        """Mark the account at the close of the bar that opens at ts and let the breaker judge it: equity in the
        quote currency, and the events. spared: slots whose waiting entry has gone to a venue, so that no level can take
        it back here."""
        equity = self.mark()
        with self._spared(spared):
            self._kernel.guard(self.world, ts, equity)
        return equity, self._acted()

    def demand(self, ts: int, spared: Sequence[int] = ()) -> list[Row]:
        """Do what the present levels demand, without a mark and without a judgement: the events. spared: see guard."""
        with self._spared(spared):
            self._kernel.demand(self.world, ts)
        return self._acted()

    @contextmanager
    def _spared(self, slots: Sequence[int]) -> Iterator[None]:
        waiting = {slot: self.world.state[slot, layout.WAIT_LOTS] for slot in slots}
        for slot in waiting:
            self.world.state[slot, layout.WAIT_LOTS] = 0
        yield
        for slot, lots in waiting.items():
            self.world.state[slot, layout.WAIT_LOTS] = lots

    def order_out(self, ts: int, slot: int) -> list[Row]:
        """Give a slot up at the close of the bar that opens at ts: its waiting entry is cancelled, and what it holds
        gets an exit order unless one waits already. The events."""
        state, terms = self.world.state, self.world.whole
        if state[slot, layout.WAIT_LOTS]:
            self._kernel.emit_code(self.world, layout.MISSED, ts, slot, layout.MISSED_BREAKER)
        if state[slot, layout.LOTS] and not state[slot, layout.LEAVE]:
            acts = ts + terms[slot, layout.BASE_MS] + terms[slot, layout.LATENCY_MS]
            self._kernel.emit_exit_order(self.world, ts, slot, layout.BY_EMERGENCY, acts)
        return self._acted()

    def close_out(self, slot: int, bar: Any) -> list[Row]:
        """Fill a slot's exit order at the close of a bar instead of at the next open, as far as the bar's volume goes
        and as badly as a stop would fill. The events."""
        lots = min(self.world.state[slot, layout.LOTS], self._kernel.room_left(self.world, slot, bar))
        if lots > 0:
            reason = self.world.state[slot, layout.LEAVE]
            slippage = self.world.real[slot, layout.STOP_SLIPPAGE]
            self._kernel.leave_from(self.world, slot, bar, reason, lots, bar.close, slippage)
        return self._acted()

    def raise_row(self, ts: int, row: int, level: int, cause: int) -> list[Row]:
        """Raise a row of the breaker from outside: the events."""
        self._kernel.raise_row(self.world, ts, row, level, cause)
        return self._events()

    def reset_row(self, ts: int, row: int) -> list[Row]:
        """A person has acknowledged a halt of a row: the events."""
        self._kernel.reset_row(self.world, ts, row)
        return self._events()

    def take_back(self, ts: int, slot: int, tag: int) -> list[Row]:
        """An entry order that was just decided may not be sent: the refusal that stands in its place."""
        self.world.state[slot, layout.WAIT_LOTS] = 0
        self._kernel.refuse(self.world, ts, slot, layout.GATE, tag, 0)
        return self._acted()

    def halt_symbols(self, levels: list[int]) -> None:
        """The level that a person has set for the symbol of each slot."""
        for slot, level in enumerate(levels):
            self.world.state[slot, layout.SYMBOL_LEVEL] = level
        self.world.account[layout.SYMBOLS_HALTED] = int(any(levels))

    def use_scales(self, first_day: int, scales: list[list[float]]) -> None:
        """The factors on the limit of a trade, a row for each UTC day from `first_day` (days since 1970) on: a loop
        that lives on learns those of a new day."""
        self._first_day, self._scales = first_day, scales

    # What a venue outside has done: the loop is told and tells the account.

    def entered(
        self, ts: int, slot: int, lots: int, ticks: int, cash: int, fee: int, reference: int
    ) -> list[Row]:
        """A slot's entry has ended with these lots filled, during the bar that opens at ts: the events. cash: the
        change in money units, fee included; reference: the price that it was decided at, ticks."""
        self._kernel.enter_position(self.world, ts, slot, lots, ticks, cash, fee, reference)
        return self._acted()

    def left(
        self, ts: int, slot: int, reason: int, lots: int, ticks: int, cash: int, fee: int, reference: int
    ) -> list[Row]:
        """Lots of a slot's position have left: the events."""
        self._kernel.emit_exit_fill(self.world, ts, slot, reason, lots, ticks, cash, fee, reference)
        return self._acted()

    def missed(self, ts: int, slot: int, code: int) -> list[Row]:
        """A slot's entry has ended without a fill: the events."""
        self._kernel.emit_code(self.world, layout.MISSED, ts, slot, code)
        return self._acted()

    def leave(self, ts: int, slot: int, reason: int) -> list[Row]:
        """A slot's position is to leave now: the events, none where it leaves already."""
        if self.world.state[slot, layout.LEAVE] == 0:
            self._kernel.emit_exit_order(self.world, ts, slot, reason, ts)
        return self._acted()

    def trailed(self, ts: int, slot: int, bar: Any) -> list[Row]:
        """A bar that is over moves the trailing stop of a position that was held in it: the events."""
        state = self.world.state
        if (
            state[slot, layout.LOTS]
            and not state[slot, layout.LEAVE]
            and state[slot, layout.TRAILED_TS] != ts
        ):
            best = bar.high if state[slot, layout.SIDE] > 0 else bar.low
            self._kernel.move_trail(self.world, slot, ts, best)
        return self._acted()

    def funded(self, bars: list[Any]) -> list[Row]:
        """The funding that fell due at the opens of the bars, on positions that were held before them: the events."""
        for slot, active in enumerate(self.active):
            if active:
                self._kernel.charge_funding(self.world, slot, bars[self._instruments[slot]])
        return self._acted()

    def flowed(self, ts: int, amount: int) -> list[Row]:
        """Money (units) came in, or went out (below 0): all marks move with it, so that no loss shows. The events."""
        self._kernel.flow(self.world, ts, amount, int(self.mark() / layout.UNIT))
        return self._acted()

    def priced(self, slot: int, ticks: int) -> None:
        """The price that a slot is marked at from now on."""
        self.world.state[slot, layout.LAST_CLOSE] = ticks

    def row(self, number: int) -> list[int]:
        """A copy of one row of the breaker (columns: risk/kernel/rows.py)."""
        copy: list[int] = self.world.risk.row(number)
        return copy

    def decide(self, bars: list[Any], equity: float, said: list[SlotSignal]) -> list[Row]:
        """What is decided at the close of the bars: the events."""
        for slot, signal in enumerate(said):
            if self.active[slot] or signal.flags & layout.ENTER_MASK:
                self._kernel.decide_slot(
                    self.world,
                    slot,
                    bars[self._instruments[slot]],
                    equity,
                    signal.flags,
                    signal.tag,
                    signal.stop,
                    signal.target,
                    signal.max_bars,
                    signal.weight,
                )
        return self._acted()

    @property
    def cash(self) -> int:
        """Cash in money units."""
        return int(self.world.account[layout.CASH])

    def _acted(self) -> list[Row]:
        events = self._events()
        if events or any(self.active):
            self.active = [bool(self._kernel.is_active(self.world, slot)) for slot in range(len(self.active))]
        return events

    def _events(self) -> list[Row]:
        count = self.world.account[layout.EVENT_COUNT]
        self.world.account[layout.EVENT_COUNT] = 0
        return [self.world.events.row(number) for number in range(count)]
