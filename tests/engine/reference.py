"""The slow engine: docs/simulation-rules.md in plain Python, written from that page alone.

One object per order and position, every number an exact fraction, no code shared with
`memesnipe_cli.engine.kernel`. Its only purpose is to disagree. The kernel computes sizes in floats; where a
float could round to the other side of a whole number or of a limit, this engine notes a `doubt` and the
caller compares another case instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from engine_hands import Hand, Hands, NoMark
from reference_decisions import Decisions
from reference_parts import UNIT, ZERO, Bar, Market, Order, Position, ReferenceResult, exact

from memesnipe_cli.engine.model import EngineInput, ExitPlan, SignalTape


def simulate(inputs: EngineInput, signals: SignalTape, hands: Hands | None = None) -> ReferenceResult:
    """Run the rules over the whole tape. hands: what persons do, by step."""
    run = _Run(inputs, signals)
    for index, ts in enumerate(inputs.tape.ts.tolist()):
        run.step(index, ts, (hands or {}).get(index, ()))
    return run.finish()


class _Run(Decisions):
    """The order of events within a step: sections 2, 4, 5, 8 and 9 of the rules."""

    def step(self, index: int, ts: int, hands: Sequence[Hand]) -> None:
        """One open time: sections 2 and 9 of the rules."""
        self.index, self.now = index, ts
        self.close = ts + self.inputs.tape.base_ms
        self.unmarked = NoMark() in hands
        for hand in hands:
            self._obey_person(hand)
        self.bars = [self._bar(number) for number in range(len(self.markets))]
        slots = range(len(self.books))
        for slot in slots:
            self._delist(slot)
        for slot in slots:
            self._charge_funding(slot)
        for slot in slots:
            self._open(slot)
        for slot in slots:
            self._inside(slot)
        for slot in slots:
            self._move_trail(slot)
        for number, bar in enumerate(self.bars):
            if bar is not None:
                self.marks[number] = bar.close
        if not self.unmarked:
            self.equity = self._marked()
        self.result.equity.append(math.nan if self.unmarked else float(self.equity))
        self._guard()
        self.sent = 0
        for slot in slots:
            if self.bars[self.inputs.slots[slot].instrument] is not None:
                self._decide(slot)

    def finish(self) -> ReferenceResult:
        """The result, with what is still held."""
        self.result.cash = self.cash
        self.result.open = {
            slot: book.position for slot, book in enumerate(self.books) if book.position is not None
        }
        return self.result

    def _gone(self, number: int) -> bool:
        delisted = self.markets[number].terms.delisted_ms
        return delisted is not None and self.now >= delisted

    def _bar(self, number: int) -> Bar | None:
        tape = self.inputs.tape
        prices = [int(ticks) for ticks in tape.ticks[self.index, number]]
        if prices[0] == 0 or self._gone(number):
            return None
        return Bar(
            open=prices[0],
            high=prices[1],
            low=prices[2],
            close=prices[3],
            volume=Fraction(float(tape.volume[self.index, number])),
        )

    def _delist(self, slot: int) -> None:
        number = self.inputs.slots[slot].instrument
        if not self._gone(number):
            return
        book = self.books[slot]
        position = book.position
        if book.entry is not None:
            self.result.misses.append((self.now, slot, "delisted"))
        if position is not None:
            # A long is worth nothing any more; a short is not allowed to profit from that.
            price = 0 if position.side > 0 else self.marks[number]
            self._book(slot, -position.side, position.lots, price, self.marks[number], "delisted")
        book.entry = book.exit = None

    def _charge_funding(self, slot: int) -> None:
        number = self.inputs.slots[slot].instrument
        position, bar, funding = self.books[slot].position, self.bars[number], self.inputs.tape.funding
        if position is None or bar is None or len(funding) == 0:
            return
        rate = Fraction(int(funding[self.index, number]), 10**8)
        paid = math.ceil(position.side * self.markets[number].value(position.lots, bar.open) * rate / UNIT)
        if paid == 0:
            return
        self.result.funding.append((self.now, slot, paid))
        self.cash -= paid
        position.flow -= paid
        position.funding += paid

    def _open(self, slot: int) -> None:
        number = self.inputs.slots[slot].instrument
        book, bar, market = self.books[slot], self.bars[number], self.markets[number]
        book.room = 0
        if bar is not None:
            book.room = self.rounding.floor(bar.volume * exact(self.rules.volume_share) / market.lot)
        order = book.entry
        if order is not None and self.now >= order.due:
            book.entry = None
            missed = "no_bar" if bar is None or self.now > order.due else self._enter(slot, order, bar)
            if missed:
                self.result.misses.append((self.now, slot, missed))
        if book.exit is not None and self.now >= book.exit.due and bar is not None:
            self._leave(slot, bar, bar.open, self._held(slot).lots, book.exit.reason)

    def _enter(self, slot: int, order: Order, bar: Bar) -> str:
        """Fill an entry at the open; the reason if it was missed."""
        book, market = self.books[slot], self.markets[self.inputs.slots[slot].instrument]
        lots = min(order.lots, book.room)
        if bar.volume <= 0 or lots < 1:
            return "volume"
        price = self._price(market, bar, bar.open, lots, order.side, ZERO)
        if not self._protectable(market, lots, price, order.side, order.distance):
            return "volume"
        if order.side * (price - order.limit) > 0:
            return "limit"
        book.room -= lots
        plan = self.inputs.plans[self.inputs.slots[slot].strategy]
        if book.position is None:
            book.position = self._new_position(market, plan, order, lots, price)
        else:
            book.position.stop += order.side * book.position.step
            book.position.last_fill = price
        book.position.units += 1
        self._book(slot, order.side, lots, price, bar.open, order.reason)
        return ""

    def _new_position(self, market: Market, plan: ExitPlan, order: Order, lots: int, price: int) -> Position:
        side, distance = order.side, order.distance
        position = Position(
            side=side,
            tag=order.tag,
            entry_ts=self.now,
            distance=distance,
            trail=self.rounding.ceil(exact(plan.trail_r) * distance) if plan.trail_r > 0 else 0,
            step=max(1, self.rounding.nearest(exact(plan.step_r) * distance)),
            max_bars=order.max_bars,
            stop=max(1, price - side * distance),
            best=price,
            last_fill=price,
        )
        target = order.target
        if target == 0 and plan.target_r > 0:
            target = price + side * self.rounding.ceil(exact(plan.target_r) * distance)
        if target > 0 and side * (target - price) > 0:
            position.target = target
            position.target_lots = self._target_lots(market, plan, lots, price, side, distance)
        return position

    def _target_lots(
        self, market: Market, plan: ExitPlan, lots: int, price: int, side: int, distance: int
    ) -> int:
        if plan.target_share >= 1:
            return lots
        first = self.rounding.floor(lots * exact(plan.target_share))
        legs = (first, lots - first)
        if all(leg > 0 and self._protectable(market, leg, price, side, distance) for leg in legs):
            return first
        return lots

    def _inside(self, slot: int) -> None:
        """Stop and target. Written for a long; `side` turns the comparisons round for a short."""
        number = self.inputs.slots[slot].instrument
        book, bar = self.books[slot], self.bars[number]
        position = book.position
        if position is None or bar is None or (book.exit is not None and book.exit.due <= self.now):
            return
        side, stop = position.side, position.stop
        worst, best = (bar.low, bar.high) if side > 0 else (bar.high, bar.low)
        if position.target and side * (bar.open - position.target) >= 0:
            self._take_target(slot, position, bar, bar.open)
            if book.position is None:
                return
        if side * (bar.open - stop) <= 0:
            self._stop_out(slot, position, bar, bar.open)
        elif side * (worst - stop) <= 0:
            self._stop_out(slot, position, bar, stop)
        elif position.target and side * (best - position.target) > 0:
            self._take_target(slot, position, bar, position.target)

    def _take_target(self, slot: int, position: Position, bar: Bar, price: int) -> None:
        position.target_lots -= self._leave(slot, bar, price, position.target_lots, "target")
        if position.target_lots == 0:
            position.target = 0

    def _stop_out(self, slot: int, position: Position, bar: Bar, price: int) -> None:
        book, terms = self.books[slot], self.markets[self.inputs.slots[slot].instrument].terms
        too_far = False
        if terms.stop_limit is not None and price == bar.open:
            edge = position.stop * (1 - position.side * exact(terms.stop_limit))
            limit = self.rounding.ceil(edge) if position.side > 0 else self.rounding.floor(edge)
            too_far = position.side * (bar.open - limit) < 0
        if not too_far:
            self._leave(slot, bar, price, position.lots, "stop")
        if book.position is not None:
            book.exit = Order(due=self.now + self.inputs.tape.base_ms, reason="stop")
            book.entry = None

    def _leave(self, slot: int, bar: Bar, origin: int, wanted: int, reason: str) -> int:
        """Sell (or cover) at most the room of the bar; how many lots left."""
        book, market = self.books[slot], self.markets[self.inputs.slots[slot].instrument]
        position = self._held(slot)
        lots = min(wanted, position.lots, book.room)
        if lots < 1:
            return 0
        book.room -= lots
        extra = exact(self.rules.stop_slippage) if reason == "stop" else ZERO
        price = self._price(market, bar, origin, lots, -position.side, extra)
        self._book(slot, -position.side, lots, price, origin, reason)
        return lots

    def _move_trail(self, slot: int) -> None:
        position, bar = self.books[slot].position, self.bars[self.inputs.slots[slot].instrument]
        if position is None or bar is None:
            return
        if position.side > 0:
            position.best = max(position.best, bar.high)
        else:
            position.best = min(position.best, bar.low)
        if position.trail:
            stops = (position.stop, position.best - position.side * position.trail)
            position.stop = max(stops) if position.side > 0 else min(stops)
