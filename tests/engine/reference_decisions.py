"""Decisions at the close, checks and sizes of the slow engine (`reference.py` says what that is)."""

from __future__ import annotations

import math
from fractions import Fraction

from reference_breaker import DAY_MS, HALT, NORMAL_STAGE, Breaker
from reference_parts import (
    FLOAT_NOISE,
    KEPT,
    UNIT,
    ZERO,
    Bar,
    Market,
    Order,
    Position,
    Refused,
    exact,
)

from memesnipe_cli.engine.model import ExitPlan, Slot, Terms


class Decisions(Breaker):
    """Section 3 of the rules, and the sizes of section 13."""

    sent = 0  # entry orders at this close

    def _decide(self, slot: int) -> None:
        book, where = self.books[slot], self.inputs.slots[slot]
        plan = self.inputs.plans[where.strategy]
        flags = int(self.signals.flags[self.index, slot])
        if book.position is not None:
            if book.exit is None:
                self._decide_held(slot, book.position, plan, flags)
            return
        if book.episode and self._exit_bit(flags, plan.skip_tag):
            book.episode = book.won = False
        if book.entry is not None or flags & 3 == 0:
            return
        rows, place = self.signals.rows[slot], self.rows[slot][self.index]
        tag = int(rows.tag[place])
        if self._exit_bit(flags, tag):
            return
        number = where.instrument
        wanted = Order(
            due=self._due(),
            reason="entry",
            side=1 if flags & 3 == 1 else -1,
            tag=tag,
            max_bars=int(rows.max_bars[place]) or plan.max_bars,
            weight=exact(rows.weight[place]),
        )
        try:
            self._ask(slot)
            wanted.distance = self._distance(
                float(rows.stop[place]), self._bar_of(number), self.markets[number]
            )
            wanted.target = self._signal_target(float(rows.target[place]), wanted.side, self.markets[number])
            self._check_owner(slot, wanted.side)
            if plan.skip_tag == tag and book.won:
                book.episode = True
                raise Refused("skip_after_win")
            self._size(slot, wanted)
        except Refused as refused:
            self.result.refusals.append((self.now, slot, str(refused)))

    def _decide_held(self, slot: int, position: Position, plan: ExitPlan, flags: int) -> None:
        book, where = self.books[slot], self.inputs.slots[slot]
        strategy_bar = flags & 0x80 != 0
        held_ms = self.now + self.inputs.tape.base_ms - position.entry_ts
        limit_ms = position.max_bars * self.inputs.timeframes_ms[where.strategy]
        if self._exit_bit(flags, position.tag):
            book.exit, book.entry = Order(self._due(), "signal"), None
        elif strategy_bar and position.max_bars and held_ms >= limit_ms:
            book.exit, book.entry = Order(self._due(), "time"), None
        elif strategy_bar and position.units < plan.units and book.entry is None:
            gained = position.side * (self._bar_of(where.instrument).close - position.last_fill)
            if gained < position.step:
                return
            unit = Order(
                due=self._due(),
                reason="entry",
                side=position.side,
                tag=position.tag,
                distance=position.distance,
            )
            try:
                self._ask(slot)
                self._size(slot, unit)
            except Refused as refused:
                self.result.refusals.append((self.now, slot, str(refused)))

    def _ask(self, slot: int) -> None:
        """The breaker, before an entry or a further unit."""
        if self.whole.bars(self.close):
            raise Refused("breaker_halt")
        if self.parts[self.inputs.slots[slot].strategy].bars(self.close):
            raise Refused("strategy_halt")
        if self.symbol_levels[slot] >= HALT:
            raise Refused("symbol_halt")
        if self.unmarked:
            raise Refused("no_mark")
        if self.sent >= self.rules.orders_per_bar:
            raise Refused("order_rate")

    def _distance(self, stop: float, bar: Bar, market: Market) -> int:
        if not math.isfinite(stop) or stop <= 0:
            raise Refused("bad_signal")
        if not self.rounding.below(exact(stop), bar.close * market.tick):
            raise Refused("bad_signal")
        ticks = self.rounding.ceil(exact(stop) / market.tick)
        if not 1 <= ticks < bar.close:
            raise Refused("bad_signal")
        return ticks

    def _signal_target(self, target: float, side: int, market: Market) -> int:
        if not math.isfinite(target) or target <= 0:
            return 0
        ticks = exact(target) / market.tick
        return self.rounding.ceil(ticks) if side > 0 else self.rounding.floor(ticks)

    def _check_owner(self, slot: int, side: int) -> None:
        where = self.inputs.slots[slot]
        terms = self.inputs.terms[where.instrument]
        if side < 0 and not terms.shortable:
            raise Refused("no_short")
        for other, book in zip(self.inputs.slots, self.books, strict=True):
            same_base = self.inputs.terms[other.instrument].base == terms.base
            if other.strategy != where.strategy and same_base and (book.position or book.entry):
                raise Refused("base_owned")

    def _size(self, slot: int, order: Order) -> None:
        """Checks 5 to 8; puts the order into the book."""
        where, book = self.inputs.slots[slot], self.books[slot]
        market, bar = self.markets[where.instrument], self._bar_of(where.instrument)
        collar = exact(self.rules.collar)
        if order.side > 0:
            order.limit = self.rounding.floor(bar.close * (1 + collar))
        else:
            order.limit = self.rounding.ceil(bar.close * (1 - collar))
        if order.limit < 1:
            raise Refused("bad_signal")
        caps = self._caps(slot, order, market, bar)
        bound = min(caps, key=lambda name: caps[name])
        quantity = caps[bound]
        costs = 2 * (market.fee + market.half_spread + self._impact(bar, quantity))
        if self.rounding.below(exact(self.rules.max_cost_share) * Fraction(order.distance, bar.close), costs):
            raise Refused("cost")
        scale = abs(self.equity) / (order.limit * market.tick) / market.lot
        subtracted = bound in ("strategy", "gross", "symbol", "cluster", "cash")
        order.lots = self.rounding.floor(quantity / market.lot, scale if subtracted else ZERO)
        if order.lots > 0 and market.too_large(order.lots, order.limit):
            raise Refused("too_large")
        if order.lots < 1:
            rivals = [cap for cap in caps.values() if cap - quantity <= FLOAT_NOISE * scale * market.lot]
            if len(rivals) > 1:
                self.result.doubts.append("two caps alike")
            raise Refused(f"no_room_{bound}")
        order.cap = bound
        self._cut(slot, order, market, bar)
        book.entry = order
        self.sent += 1
        self.result.orders.append((self.now, slot, order))

    def _cut(self, slot: int, order: Order, market: Market, bar: Bar) -> None:
        """Less than normal size, or fewer entries, while the account or the strategy recovers."""
        book, quarters = self.books[slot], self._quarters(slot)
        if not self._sendable(market, order.lots, order, bar):
            raise Refused("too_small")
        if quarters == NORMAL_STAGE:
            book.turn = 0
            return
        less = order.lots * quarters // NORMAL_STAGE
        if self._sendable(market, less, order, bar):
            order.lots, order.cap = less, "recovery"
            book.turn = 0
            return
        book.turn += quarters
        if book.turn < NORMAL_STAGE:
            raise Refused("recovery_turn")
        book.turn -= NORMAL_STAGE

    def _sendable(self, market: Market, lots: int, order: Order, bar: Bar) -> bool:
        """Worth the minimum at its limit, too."""
        minimum = market.min_notional * (1 + exact(self.rules.min_notional_margin))
        worth = market.value(lots, order.limit)
        if abs(worth - minimum) < 4 * UNIT and minimum:
            self.rounding.doubts.append("the minimum is missed by less than the books can tell")
        return worth >= minimum and self._protectable(market, lots, bar.close, order.side, order.distance)

    def _caps(self, slot: int, order: Order, market: Market, bar: Bar) -> dict[str, Fraction]:
        """Sizes in base units, in the order that breaks ties."""
        rules, where = self.rules, self.inputs.slots[slot]
        limit = order.limit * market.tick
        units = self.inputs.plans[where.strategy].units
        risk_share = exact(self.inputs.plans[where.strategy].risk_share)
        mine = self._gross(lambda other: other.strategy == where.strategy)
        same_base = self._gross(lambda other: self._terms(other).base == market.terms.base)
        same_cluster = self._gross(lambda other: self._terms(other).cluster == market.terms.cluster)
        caps = {
            "risk": self.equity * risk_share / (order.distance * market.tick),
            "trade": self.equity * exact(rules.trade_share) * self._scale(where.instrument) / units / limit,
            "strategy": (self.equity * exact(rules.strategy_share) - mine) / limit,
            "gross": (self.equity * exact(rules.gross_share) - self._gross(lambda _: True)) / limit,
            "symbol": (self.equity * exact(rules.symbol_share) - same_base) / limit,
            "cluster": (self.equity * exact(rules.cluster_share) - same_cluster) / limit,
            "order": Fraction(rules.max_order) / limit,
        }
        if order.side > 0:
            caps["cash"] = (self.cash * UNIT - self._reserved() - KEPT) / (limit * (1 + market.fee))
        caps["volume"] = bar.volume * exact(rules.entry_volume_share)
        if order.weight > 0:
            caps["weight"] = self.equity * order.weight / limit
        return caps

    def _scale(self, instrument: int) -> Fraction:
        """The day's factor on an instrument's `trade` cap."""
        tape, scales = self.inputs.tape, self.inputs.scales
        if scales is None:
            return Fraction(1)
        return exact(scales[self.now // DAY_MS - int(tape.ts[0]) // DAY_MS, instrument])

    def _terms(self, slot: Slot) -> Terms:
        return self.inputs.terms[slot.instrument]

    @staticmethod
    def _exit_bit(flags: int, tag: int) -> bool:
        return tag > 0 and bool(flags >> (tag + 1) & 1)
