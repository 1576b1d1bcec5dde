"""Every order of a session goes through the risk gate: the kernel has decided and sized it, the gate trusts none of
that and checks it once more, in exact decimals, as it will be sent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.open_trade import last_of
from memesnipe_cli.engine.session_journal import SessionJournal
from memesnipe_cli.engine.words import EXIT_REASONS
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.facts import Facts, LatchView, Product
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.quality import ExecutionQuality

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile

_SOURCE = "close of the bar"


class SessionGate:
    """The gate of a paper session. It is told what fills, so that its books follow the account's.

    quality: what it asks how well orders and data go; None where nobody measures that (a replay).
    """

    def __init__(
        self,
        profile: Profile,
        inputs: EngineInput,
        book: SessionJournal,
        account: AccountStep,
        fence: int,
        quality: ExecutionQuality | None,
    ) -> None:
        self._quality = quality
        self._inputs = inputs
        self._book = book
        self._account = account
        self._base_ms = inputs.tape.base_ms
        self._products = [
            Product(
                terms.venue, terms.symbol, terms.base, terms.tick, terms.lot, terms.min_qty, terms.min_notional,
                terms.taker_fee, shortable=terms.shortable,
            )
            for terms in inputs.terms
        ]  # fmt: skip
        self._gate = Gate.of(profile, {terms.venue for terms in inputs.terms}, fence)
        for slot in range(len(inputs.slots)):
            self._adopt(slot)

    def _adopt(self, slot: int) -> None:
        """What a former process held and waited for. Each unit was let through within its part of a trade's limit."""
        state = self._account.world.state
        part = Decimal(1) / int(self._account.world.whole[slot, layout.PLAN_UNITS])
        if state[slot, layout.LOTS]:
            self._hold(slot, used=part * state[slot, layout.UNITS])
        if state[slot, layout.WAIT_LOTS]:
            order = self._entry(slot, last_of(self._book.open_rows(slot), layout.ENTRY_ORDER))
            worth = order.qty * (order.price or Decimal(0))
            trade_share = Decimal(str(self._inputs.rules.trade_share))
            self._gate.adopt(order, worth / part / trade_share, self._terms(slot).taker_fee)

    def check(
        self,
        ts: int,
        bars: list[Any],
        equity: float,
        cash: int,
        events: list[Row],
        latch: LatchView | None,
        ages: Sequence[float] = (),
    ) -> tuple[list[Row], dict[int, Refused]]:
        """The events of a bar's decisions as they may stand: an entry that the gate refuses is taken back and becomes
        a refusal. The second: by slot, what the gate said. ages: how long ago each instrument's bar had closed, ms;
        none where the tape's time is the time."""
        passed: list[Row] = []
        refused: dict[int, Refused] = {}
        for row in events:
            slot = row[layout.EVENT_SLOT]
            kind = row[layout.KIND]
            if kind not in (layout.ENTRY_ORDER, layout.EXIT_ORDER):
                passed.append(row)
                continue
            order = self._entry(slot, row) if kind == layout.ENTRY_ORDER else self._exit(slot, row)
            age = ages[self._inputs.slots[slot].instrument] if ages else 0.0
            said = self._gate.check(order, self._facts(ts, slot, bars, equity, cash, latch, age))
            if kind == layout.EXIT_ORDER:
                self._drop_entries(slot)
            if isinstance(said, Refused):
                refused[slot] = said
                if kind == layout.ENTRY_ORDER:
                    passed += self._account.take_back(ts, slot, row[layout.EVENT_TAG])
                    continue
            # The paper venue takes an order by keeping it in the account's state, where the kernel has put it.
            passed.append(row)
        return passed, refused

    def saw(self, ts: int, bars: list[Any], events: list[Row]) -> None:
        """What became of the orders, and what is held at the close of the bar (no bars: nothing new of that).

        Before the events are written down: an order's id is told by those before it.
        """
        for row in events:
            slot, kind = row[layout.EVENT_SLOT], row[layout.KIND]
            if kind == layout.ENTRY_FILL:
                order = self._order_id(slot, row)
                terms = self._terms(slot)
                qty, price = row[layout.EVENT_LOTS] * terms.lot, row[layout.EVENT_TICKS] * terms.tick
                self._gate.filled(order, qty, price, ts)
                self._gate.ended(order)
            elif kind == layout.MISSED:
                self._gate.ended(self._order_id(slot, row))
            elif kind == layout.EXIT_ORDER:
                self._drop_entries(slot)
            elif kind == layout.EXIT_FILL:
                self._hold(slot)
        state = self._account.world.state
        for slot, of in enumerate(self._inputs.slots if bars else ()):
            bar = bars[of.instrument]
            if state[slot, layout.LOTS] and bar.open:
                self._gate.mark(self._terms(slot).symbol, bar.close * self._terms(slot).tick)

    def _hold(self, slot: int, used: Decimal | None = None) -> None:
        """Tell the gate what a slot holds. used: what its units took of a trade's limit, None for as before."""
        state, terms = self._account.world.state, self._terms(slot)
        strategy = self._book.keys[slot][0]
        position = "long" if state[slot, layout.SIDE] > 0 else "short"
        held = self._gate.exposure.positions.get((strategy, terms.symbol))
        mark = state[slot, layout.LAST_CLOSE] * terms.tick
        if used is None:
            used = Decimal(1) if held is None else held.trade_used
        qty = state[slot, layout.LOTS] * terms.lot
        self._gate.exposure.hold(strategy, terms.symbol, terms.base, terms.cluster, position, qty, mark, used)
        if not state[slot, layout.LOTS]:
            self._gate.ended_all(strategy, terms.symbol, *Action)

    def _drop_entries(self, slot: int) -> None:
        """Who leaves adds no further unit: the account has dropped it without a word."""
        self._gate.ended_all(self._book.keys[slot][0], self._terms(slot).symbol, Action.ENTRY)

    def _terms(self, slot: int) -> Any:
        return self._inputs.terms[self._inputs.slots[slot].instrument]

    def _order_id(self, slot: int, row: Row) -> str:
        return self._book.order_id(slot, row) or ""

    def _entry(self, slot: int, row: Row) -> OrderIntent:
        stop = row[layout.REFERENCE] - row[layout.EVENT_SIDE] * row[layout.EVENT_STOP]
        return self._intent(slot, row, Action.ENTRY, row[layout.EVENT_TICKS], "limit", stop)

    def _exit(self, slot: int, row: Row) -> OrderIntent:
        last = self._account.world.state[slot, layout.LAST_CLOSE]
        return self._intent(slot, row, Action.REDUCE, last, "market", None, EXIT_REASONS[row[layout.CODE]])

    def _intent(
        self, slot: int, row: Row, action: Action, price: int, kind: str, stop: int | None, reason: str = ""
    ) -> OrderIntent:
        terms, long = self._terms(slot), row[layout.EVENT_SIDE] > 0
        return OrderIntent(
            id=self._order_id(slot, row),
            action=action,
            venue=terms.venue,
            symbol=terms.symbol,
            base=terms.base,
            strategy=self._book.keys[slot][0],
            cluster=terms.cluster,
            side="buy" if long == (action is Action.ENTRY) else "sell",
            qty=row[layout.EVENT_LOTS] * terms.lot,
            price=price * terms.tick,
            kind=kind,
            position="long" if long else "short",
            stop=None if stop is None else stop * terms.tick,
            reason=reason,
        )

    def _facts(
        self,
        ts: int,
        slot: int,
        bars: list[Any],
        equity: float,
        cash: int,
        latch: LatchView | None,
        age_ms: float,
    ) -> Facts:
        terms = self._terms(slot)
        bar = bars[self._inputs.slots[slot].instrument]
        reference = bar.close * terms.tick if bar.open else None
        now_ms = ts + self._base_ms
        return Facts(
            now_ms=now_ms,
            latch=latch,
            product=self._products[self._inputs.slots[slot].instrument],
            reference=reference,
            reference_source=_SOURCE,
            data_age_ms=age_ms,
            equity=Decimal(repr(equity)),
            cash=cash * Decimal(str(layout.UNIT)),
            reconciled=True,
            clock_skew_ms=0.0,
            closed_bar=True,
            quality=None if self._quality is None else self._quality.block(terms.symbol, terms.venue, now_ms),
            trade_scale=Decimal(str(self._account.world.real[slot, layout.SCALE])),
        )
