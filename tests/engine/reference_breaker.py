"""The breaker and the recovery of the slow engine (`reference.py` says what that is): sections 12 and 13."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine_hands import Flow, HaltSymbol, Hand, Reset, Trip
from reference_account import Account
from reference_parts import UNIT, ZERO, Order, exact

from memesnipe_cli.engine.model import EngineInput, SignalTape

CLOSED, WARNING, HALT, EMERGENCY = range(4)
CAUSES = {
    cause: number
    for number, cause in enumerate(
        ("", "drawdown", "daily_loss", "lifetime_drawdown", "strategy_drawdown", "executions", "manual")
    )
}
LEVELS = ("CLOSED", "WARNING", "HALT", "EMERGENCY")
NORMAL_STAGE = 4  # quarters of the normal size
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
UNITS_IN_DOUBT = 12  # two row values, each position in them within a unit of what floats make of it


@dataclass
class Row:
    """The breaker's view of the account, or of one strategy. Money in units, times in ms."""

    name: str
    strategy: int | None
    value: int
    high: int
    cool_off: int
    level: int = CLOSED
    cause: str = ""
    since: int = 0
    ready: int = 0
    stage: int = 0
    stage_begin: int = 0
    stage_value: int = 0
    stage_trades: int = 0
    resets: int = 0

    @property
    def halted(self) -> bool:
        """Whether the row is halted."""
        return self.level >= HALT

    def bars(self, close: int) -> bool:
        """Whether entries are refused at a close: halted, or reset before the cool-off was over."""
        return self.halted or (self.stage > 0 and close < self.stage_begin)


class Breaker(Account):
    """The rows, their levels and stages, and what they demand of the slots."""

    def __init__(self, inputs: EngineInput, signals: SignalTape) -> None:
        super().__init__(inputs, signals)
        capital = self.cash
        allocation = self.rounding.floor(exact(self.rules.strategy_share) * capital)
        cool_off = self.rules.cool_off_ms
        self.whole = Row("account", None, capital, capital, cool_off)
        self.parts = [
            Row(f"strategy {number}", number, allocation, allocation, cool_off)
            for number in range(len(inputs.plans))
        ]
        self.allocation = allocation
        self.lifetime_high = capital
        self.day_base = capital
        self.day: int | None = None
        self.close = 0
        self.unmarked = False
        self.symbol_levels = [CLOSED] * len(self.books)

    def _guard(self) -> None:
        """One step of section 12, in its order."""
        self._turn_the_day()
        for row in self._rows():
            if not self.unmarked:
                row.value = self._units(self._worth(row))
                row.high = max(row.high, row.value)
        self._judge_account()
        for row in self.parts:
            self._judge_strategy(row)
        midnight = (self.now // DAY_MS + 1) * DAY_MS
        if self.whole.halted and self._daily_halt() and self.whole.ready < midnight:
            self.whole.ready = midnight
            self._tell(self.whole, "waits")
        for row in self._rows():
            if self._may_be_reset(row):
                self._reset(row)
        for row in self._rows():
            self._end_stage(row)
        self.result.levels.append(tuple(row.level for row in self._rows()))
        for slot in range(len(self.books)):
            self._obey(slot)

    def _obey_person(self, hand: Hand) -> None:
        """What a person does acts at the next step."""
        if isinstance(hand, Trip):
            row = list(self._rows())[hand.row]
            if hand.level > row.level:
                self._raise(row, hand.level, "manual")
        elif isinstance(hand, Reset):
            self._reset(list(self._rows())[hand.row])
        elif isinstance(hand, HaltSymbol):
            self.symbol_levels[hand.slot] = hand.level
        elif isinstance(hand, Flow):
            self._flow(hand.amount, hand.equity)

    def _flow(self, amount: int, equity: int) -> None:
        """Money that comes or goes moves every mark of the account in proportion: no share that was lost changes."""

        def moved(mark: int) -> int:
            """An account that was worth nothing begins anew with what comes in."""
            return (
                self._units(Fraction(mark * (equity + amount), equity) * UNIT)
                if equity > 0
                else equity + amount
            )

        row = self.whole
        row.high, row.value, row.stage_value = moved(row.high), moved(row.value), moved(row.stage_value)
        self.lifetime_high, self.day_base = moved(self.lifetime_high), moved(self.day_base)
        self.cash += amount
        self.result.flows.append((self.now, amount))

    def _rows(self) -> Iterator[Row]:
        yield self.whole
        yield from self.parts

    def _turn_the_day(self) -> None:
        today = self.now // DAY_MS
        if self.day is not None and today > self.day:
            self.day_base = self.whole.value
        self.day = today

    # --- values

    def _worth(self, row: Row) -> Fraction:
        if row.strategy is None:
            return self.equity
        mine = [slot for slot, where in enumerate(self.inputs.slots) if where.strategy == row.strategy]
        ended = sum((Fraction(trade.pnl) for trade in self.result.trades if trade.slot in mine), ZERO)
        positions = [(slot, self.books[slot].position) for slot in mine]
        flowing = sum(position.flow for _, position in positions if position is not None)
        return (
            self.allocation + flowing + sum(self._units(self._closed_for(slot)) for slot in mine)
        ) * UNIT + ended

    def _units(self, amount: Fraction) -> int:
        """Whole units; what floats may make of the last one is looked after where values are compared."""
        units = amount / UNIT
        return int((units + Fraction(1, 10**6) + abs(units) / 10**14) // 1)

    @staticmethod
    def _lost(before: int, value: int) -> Fraction:
        return Fraction(before - value, before) if before > 0 else Fraction(1)

    def _reaches(self, before: int, value: int, limit: float) -> bool:
        """Whether the share of `before` that is lost is at least the limit."""
        if abs(before - value - exact(limit) * before) <= UNITS_IN_DOUBT:
            self.result.doubts.append(f"a loss of {limit}")
        return self._lost(before, value) >= exact(limit)

    def _drawn(self, row: Row, limit: float) -> bool:
        return self._reaches(row.high, row.value, limit)

    def _lost_today(self, limit: float) -> bool:
        return self._reaches(self.day_base, self.whole.value, limit)

    def _daily_halt(self) -> bool:
        return self._lost_today(self.rules.daily_halt)

    def _lifetime_halt(self) -> bool:
        high = max(self.lifetime_high, self.whole.high)
        return self._reaches(high, self.whole.value, self.rules.lifetime_halt)

    # --- levels

    def _wanted(self) -> tuple[int, str]:
        rules, row = self.rules, self.whole
        if self._drawn(row, rules.emergency):
            return EMERGENCY, "drawdown"
        if self._drawn(row, rules.halt):
            return HALT, "drawdown"
        if self._daily_halt():
            return HALT, "daily_loss"
        if self._lifetime_halt():
            return HALT, "lifetime_drawdown"
        if self._drawn(row, rules.warning):
            return WARNING, "drawdown"
        if self._lost_today(rules.daily_warning):
            return WARNING, "daily_loss"
        return CLOSED, ""

    def _judge_account(self) -> None:
        row, rules = self.whole, self.rules
        level, cause = self._wanted()
        if level > row.level:
            self._raise(row, level, cause)
        elif row.level == WARNING:
            clears = exact(rules.warning_clears)
            drawdown, loss = self._lost(row.high, row.value), self._lost(self.day_base, row.value)
            edges = clears * exact(rules.warning), clears * exact(rules.daily_warning)
            for share, before, edge in zip((drawdown, loss), (row.high, self.day_base), edges, strict=True):
                if abs(share - edge) * abs(before) <= UNITS_IN_DOUBT:
                    self.result.doubts.append("the end of a warning")
            if drawdown <= edges[0] and loss <= edges[1]:
                row.level, row.cause, row.since = CLOSED, "", self.close
                self._tell(row, "CLOSED")

    def _judge_strategy(self, row: Row) -> None:
        hour = self.now // HOUR_MS
        filled = sum(
            fill.reason == "entry"
            and fill.ts // HOUR_MS == hour
            and self.inputs.slots[fill.slot].strategy == row.strategy
            for fill in self.result.fills
        )
        if row.halted:
            return
        if self._drawn(row, self.rules.strategy_halt):
            self._raise(row, HALT, "strategy_drawdown")
        elif filled > self.rules.executions_per_hour:
            self._raise(row, HALT, "executions")

    def _raise(self, row: Row, level: int, cause: str) -> None:
        newly = not row.halted and level >= HALT
        if newly and row.stage > 0:
            row.cool_off = min(2 * row.cool_off, self.rules.cool_off_cap_ms)
        if newly:
            row.stage, row.ready = 0, 0
        if level >= HALT:
            row.ready = max(row.ready, self.close + max(row.cool_off, self.rules.assumed_reset_ms or 0))
        row.level, row.cause, row.since = level, cause, self.close
        self._tell(row, f"{LEVELS[level]} {cause}")

    # --- reset and stages

    def _may_be_reset(self, row: Row) -> bool:
        if not row.halted or self.rules.assumed_reset_ms is None or self.close < row.ready:
            return False
        if row.level == EMERGENCY and self._holds(row):
            return False
        return row is not self.whole or not (self._daily_halt() or self._lifetime_halt())

    def _holds(self, row: Row) -> bool:
        return any(
            book.position is not None
            for where, book in zip(self.inputs.slots, self.books, strict=True)
            if row.strategy in (None, where.strategy)
        )

    def _reset(self, row: Row) -> None:
        if row is self.whole:
            self.lifetime_high = max(self.lifetime_high, row.high)
        row.level, row.cause, row.since, row.high = CLOSED, "", self.close, row.value
        row.resets += 1
        self._tell(row, "reset")
        self._begin(row, 1)

    def _begin(self, row: Row, stage: int) -> None:
        row.stage = stage
        row.stage_begin = max(self.close, row.ready)
        row.stage_value, row.stage_trades = row.value, self._trades(row)
        self._tell(row, f"stage {stage}")

    def _trades(self, row: Row) -> int:
        """How many trades of the row have ended."""
        return sum(
            row.strategy in (None, self.inputs.slots[trade.slot].strategy) for trade in self.result.trades
        )

    def _end_stage(self, row: Row) -> None:
        rules = self.rules
        if row.stage == 0:
            return
        if self.close < row.stage_begin:
            row.stage_trades = self._trades(row)  # what ends before the stage is none of its trades
            return
        traded = self._trades(row) - row.stage_trades >= rules.stage_trades
        if not (traded or self.close - row.stage_begin >= rules.stage_ms):
            return
        spare = row.value - row.stage_value + exact(rules.stage_loss) * row.stage_value
        if abs(spare) <= UNITS_IN_DOUBT:
            self.result.doubts.append("a stage just passed")
        if spare <= 0:
            self._begin(row, row.stage)
        elif row.stage < NORMAL_STAGE:
            self._begin(row, row.stage + 1)
        else:
            row.cool_off = rules.cool_off_ms
            self._begin(row, 0)

    # --- what the levels demand

    def _obey(self, slot: int) -> None:
        book = self.books[slot]
        strategy = self.parts[self.inputs.slots[slot].strategy]
        level = max(self.whole.level, strategy.level, self.symbol_levels[slot])
        if level >= HALT and book.entry is not None:
            book.entry = None
            self.result.misses.append((self.now, slot, "breaker"))
        if level == EMERGENCY and book.position is not None and book.exit is None:
            book.exit = Order(self._due(), "emergency")

    def _quarters(self, slot: int) -> int:
        """How many quarters of its normal size an entry of the slot may have."""
        stages = (self.whole.stage, self.parts[self.inputs.slots[slot].strategy].stage)
        return min(stage or NORMAL_STAGE for stage in stages)

    def _tell(self, row: Row, what: str) -> None:
        number = 0 if row.strategy is None else 1 + row.strategy
        state = (row.since, row.ready, row.cool_off, row.resets, CAUSES[row.cause])
        self.result.risk.append((self.now, number, f"{row.name} {what}", state))
