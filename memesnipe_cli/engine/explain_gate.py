"""Every check of the risk gate for one entry, asked one by one: the gate itself stops at the first that refuses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.risk.actions import APPLIES
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.chain import CHECKS, Standing, notional
from memesnipe_cli.risk.checked import CheckFailed, checked
from memesnipe_cli.risk.checks import PASS, Scalar
from memesnipe_cli.risk.facts import Facts, LatchView, Product
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.rates import Rates
from memesnipe_cli.risk.refusal_words import sentence

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile

PROBE_STOP = Decimal("0.05")  # how far below the price the stop of an order lies that nobody has asked for
_SOURCE = "close of the bar"


@dataclass(frozen=True)
class CheckSaid:
    """One check: passed, or its code, what was found and what is allowed, in numbers and in a sentence."""

    check: str
    passed: bool
    code: str = ""
    value: Scalar = None
    limit: Scalar = None
    message: str = ""


@dataclass(frozen=True)
class GateSaid:
    """What the gate says of an order. order: `decided`, the one that the account would send, or `probe`, the smallest
    one that the venue takes, where it would send none."""

    order: str
    intent: OrderIntent
    checks: list[CheckSaid]

    @property
    def refusals(self) -> list[CheckSaid]:
        """The checks that would keep it back, in their order."""
        return [each for each in self.checks if not each.passed]


class GateLook:
    """The gate of an account at one moment. Rates, executions and ids of a trader that runs are its own and not known
    here: they count from nothing."""

    def __init__(
        self, profile: Profile, inputs: EngineInput, account: AccountStep, names: list[str], latch: LatchView
    ) -> None:
        bounds = Bounds.of(profile)
        venues = frozenset(terms.venue for terms in inputs.terms)
        rates = Rates(bounds.orders_per_minute, bounds.messages_per_minute)
        self._standing = Standing(bounds, venues, profile.cluster, latch.fence, rates)
        self._inputs, self._account, self._names, self._latch = inputs, account, names, latch
        for slot in range(len(inputs.slots)):
            self._hold(slot)

    def entry(
        self, slot: int, row: Row | None, close: int, equity: float, cash: int, now_ms: int
    ) -> GateSaid:
        """The checks of the entry that the kernel's event describes; of a probe where it is None. close: of the bar,
        ticks; cash: money units."""
        terms = self._inputs.terms[self._inputs.slots[slot].instrument]
        probe = row is None or row[layout.KIND] != layout.ENTRY_ORDER
        order = self._probe(slot, close) if row is None or probe else self._decided(slot, row)
        facts = Facts(
            now_ms=now_ms,
            latch=self._latch,
            product=Product(
                terms.venue, terms.symbol, terms.base, terms.tick, terms.lot, terms.min_qty, terms.min_notional,
                terms.taker_fee, shortable=terms.shortable,
            ),
            reference=close * terms.tick,
            reference_source=_SOURCE,
            data_age_ms=0.0,
            equity=Decimal(repr(equity)),
            cash=cash * Decimal(str(layout.UNIT)),
            reconciled=True,
            clock_skew_ms=0.0,
            closed_bar=True,
            trade_scale=Decimal(str(self._account.world.real[slot, layout.SCALE])),
        )  # fmt: skip
        checks = [self._one(name, order, facts) for name in CHECKS if Action.ENTRY in APPLIES[name]]
        return GateSaid("probe" if probe else "decided", order, checks)

    def _one(self, name: str, order: OrderIntent, facts: Facts) -> CheckSaid:
        worth = notional(order)
        verdict = checked(name, lambda: CHECKS[name](self._standing, order, facts, worth))
        if isinstance(verdict, CheckFailed):
            verdict = (verdict.cause, verdict.reason, None)
        if verdict is PASS:
            return CheckSaid(name, True)
        code, value, limit = verdict
        return CheckSaid(name, False, code, value, limit, sentence(order, code, value, limit))

    def _hold(self, slot: int) -> None:
        """What a slot holds, as the gate of a session that starts now takes it over."""
        state, whole = self._account.world.state, self._account.world.whole
        if not state[slot, layout.LOTS]:
            return
        of = self._inputs.slots[slot]
        terms = self._inputs.terms[of.instrument]
        self._standing.exposure.hold(
            self._names[of.strategy],
            terms.symbol,
            terms.base,
            terms.cluster,
            "long" if state[slot, layout.SIDE] > 0 else "short",
            state[slot, layout.LOTS] * terms.lot,
            state[slot, layout.LAST_CLOSE] * terms.tick,
            Decimal(state[slot, layout.UNITS]) / int(whole[slot, layout.PLAN_UNITS]),
        )

    def _decided(self, slot: int, row: Row) -> OrderIntent:
        terms = self._inputs.terms[self._inputs.slots[slot].instrument]
        long = row[layout.EVENT_SIDE] > 0
        stop = row[layout.REFERENCE] - row[layout.EVENT_SIDE] * row[layout.EVENT_STOP]
        qty, price = row[layout.EVENT_LOTS] * terms.lot, row[layout.EVENT_TICKS] * terms.tick
        return self._intent(slot, long, qty, price, stop * terms.tick)

    def _probe(self, slot: int, close: int) -> OrderIntent:
        """The smallest long that stays above the venue's minimum, margin included, at a stop PROBE_STOP away."""
        terms = self._inputs.terms[self._inputs.slots[slot].instrument]
        price = close * terms.tick
        stop = (price * (1 - PROBE_STOP) / terms.tick).to_integral_value(ROUND_UP) * terms.tick
        needed = terms.min_notional * (1 + self._standing.bounds.min_notional_margin)
        qty = max(needed / (stop * (1 - terms.taker_fee)), terms.min_qty, terms.lot)
        lots = (qty / terms.lot).to_integral_value(ROUND_UP)
        return self._intent(slot, True, lots * terms.lot, price, stop)

    def _intent(self, slot: int, long: bool, qty: Decimal, price: Decimal, stop: Decimal) -> OrderIntent:
        of = self._inputs.slots[slot]
        terms = self._inputs.terms[of.instrument]
        return OrderIntent(
            id="explained",
            action=Action.ENTRY,
            venue=terms.venue,
            symbol=terms.symbol,
            base=terms.base,
            strategy=self._names[of.strategy],
            cluster=terms.cluster,
            side="buy" if long else "sell",
            qty=qty,
            price=price,
            kind="limit",
            position="long" if long else "short",
            stop=stop,
        )
