"""Cash, positions and fills of the slow engine (`reference.py` says what that is)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from reference_parts import (
    KEPT,
    PARKINSON,
    UNIT,
    ZERO,
    Bar,
    Book,
    Fill,
    Market,
    Position,
    ReferenceResult,
    Rounding,
    Trade,
    exact,
    money,
    square_root,
)

from memesnipe_cli.engine.model import EngineInput, SignalTape, Slot


class Account:
    """The books of one run, and what a fill costs."""

    def __init__(self, inputs: EngineInput, signals: SignalTape) -> None:
        self.inputs = inputs
        self.signals = signals
        self.rules = inputs.rules
        self.markets = [Market(terms) for terms in inputs.terms]
        self.books = [Book() for _ in inputs.slots]
        self.marks = [0] * len(inputs.terms)
        self.bars: list[Bar | None] = [None] * len(inputs.terms)
        self.cash = math.floor(Fraction(self.rules.capital) / UNIT)
        self.equity = ZERO
        self.result = ReferenceResult()
        self.rounding = Rounding(self.result.doubts)
        self.now = 0
        self.index = 0
        self.rows = [
            {int(bar): place for place, bar in enumerate(rows.index.tolist())} for rows in signals.rows
        ]

    def _marked(self) -> Fraction:
        return self.cash * UNIT + sum(map(self._closed_for, range(len(self.books))), ZERO)

    def _closed_for(self, slot: int) -> Fraction:
        """What the slot's position could be closed for now, below 0 for a short (section 7)."""
        number, position = self.inputs.slots[slot].instrument, self.books[slot].position
        if position is None:
            return ZERO
        market, side = self.markets[number], position.side
        worth = market.value(position.lots, self.marks[number])
        return side * worth * (1 - side * market.half_spread) * (1 - side * market.fee)

    def _price(self, market: Market, bar: Bar, origin: int, lots: int, side: int, extra: Fraction) -> int:
        cost = market.half_spread + self._impact(bar, lots * market.lot) + extra
        if cost == 0:
            return origin
        raw = origin * (1 + side * cost)
        return self.rounding.ceil(raw) if side > 0 else max(1, self.rounding.floor(raw))

    def _impact(self, bar: Bar, quantity: Fraction) -> Fraction:
        if bar.volume <= 0 or quantity <= 0:
            return ZERO
        volatility = Fraction(bar.high - bar.low, bar.open) / PARKINSON
        return exact(self.rules.impact) * volatility * square_root(quantity / bar.volume)

    def _book(self, slot: int, side: int, lots: int, price: int, origin: int, reason: str) -> None:
        """Write a fill into cash and position; a position that is flat becomes a trade."""
        market, position = self.markets[self.inputs.slots[slot].instrument], self._held(slot)
        exact_units = market.value(lots, price) / UNIT
        value = math.ceil(exact_units) if side > 0 else math.floor(exact_units)
        fee = market.fee_units(value)
        flow = -side * value - fee
        self.cash += flow
        position.flow += flow
        position.fees += fee
        position.slipped += side * lots * (price - origin)
        position.lots += lots if side == position.side else -lots
        if side == position.side:
            position.bought += lots
            position.price_lots += lots * price
        elif reason not in position.reasons:
            position.reasons.append(reason)
        self.result.fills.append(Fill(self.now, slot, side, lots, price, reason, value, fee, origin))
        if position.lots == 0:
            self._close(slot, position)

    def _close(self, slot: int, position: Position) -> None:
        book, where = self.books[slot], self.inputs.slots[slot]
        average = Fraction(position.price_lots, position.bought) * self.markets[where.instrument].tick
        self.result.trades.append(
            Trade(
                slot=slot,
                side=position.side,
                lots=position.bought,
                entry_ts=position.entry_ts,
                exit_ts=self.now,
                tag=position.tag,
                exit_reason="+".join(position.reasons),
                entry_price=Decimal(average.numerator) / Decimal(average.denominator),
                pnl=money(position.flow),
                fees=money(position.fees),
                funding=money(position.funding),
                slipped=position.slipped,
                units=position.units,
            )
        )
        if position.tag == self.inputs.plans[where.strategy].skip_tag:
            book.won = position.flow > 0
        book.position = book.entry = book.exit = None

    def _protectable(self, market: Market, lots: int, price: int, side: int, distance: int) -> bool:
        if lots < 1 or lots * market.lot < market.min_qty:
            return False
        minimum = market.min_notional * (1 + exact(self.rules.min_notional_margin))
        stop = price - side * distance
        if stop < 1:
            return False
        left = market.value(lots, stop) * (1 - market.fee)
        if abs(left - minimum) < 4 * UNIT and minimum:
            self.rounding.doubts.append("the minimum is missed by less than the books can tell")
        return left >= minimum

    def _gross(self, counts: Callable[[Slot], bool]) -> Fraction:
        """Of the slots that count."""
        total = ZERO
        for where, book in zip(self.inputs.slots, self.books, strict=True):
            if not counts(where):
                continue
            market = self.markets[where.instrument]
            if book.position is not None:
                total += market.value(book.position.lots, self.marks[where.instrument])
            if book.entry is not None:
                total += market.value(book.entry.lots, book.entry.limit)
        return total

    def _reserved(self) -> Fraction:
        total = ZERO
        for where, book in zip(self.inputs.slots, self.books, strict=True):
            if book.entry is not None and book.entry.side > 0:
                market = self.markets[where.instrument]
                total += market.value(book.entry.lots, book.entry.limit) * (1 + market.fee) + KEPT
        return total

    def _due(self) -> int:
        return self.now + self.inputs.tape.base_ms * (1 + self.rules.latency_bars)

    def _held(self, slot: int) -> Position:
        position = self.books[slot].position
        assert position is not None
        return position

    def _bar_of(self, number: int) -> Bar:
        bar = self.bars[number]
        assert bar is not None
        return bar
