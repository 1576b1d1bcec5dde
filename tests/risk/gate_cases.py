"""Orders, facts and gates that the tests of the gate start from: each order passes until a test spoils something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from memesnipe_cli.profile import Execution, Limits, Profile
from memesnipe_cli.risk.approval import Approved, Refused
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.facts import Facts, Product
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.levels import Level

D = Decimal
NOW = 1_735_689_600_000
STRATEGY = "momentum_5m"
PRODUCT = Product(
    venue="kraken",
    symbol="DOGE/USD",
    base="DOGE",
    tick=D("0.0001"),
    lot=D("0.1"),
    min_qty=D(10),
    min_notional=D("0.5"),
    taker_fee=D("0.004"),
)


@dataclass
class FakeLatch:
    """A latch whose levels a test sets."""

    fence: int = 1
    levels: dict[str, Level] = field(default_factory=dict)

    def level(self, scope: str = "account") -> Level:
        return self.levels.get(scope, Level.CLOSED)


def cluster_of(base: str) -> str:
    return "memes" if base in ("DOGE", "SHIB") else base


def make_gate(held: str = "0", **limits: Any) -> Gate:
    """A gate under the owner's limits, or others; `held` DOGE are held long by the strategy."""
    profile = Profile(limits=Limits(**limits), execution=Execution())
    gate = Gate(Bounds.of(profile), {"kraken"}, cluster_of, fence=1)
    gate.exposure.hold(STRATEGY, "DOGE/USD", "DOGE", "memes", "long", D(held), D("0.2"), D(0))
    return gate


def facts(product: dict[str, Any] | None = None, **changed: Any) -> Facts:
    """All is well, 100,000 USD; then what a test changes."""
    return replace(
        Facts(
            now_ms=NOW,
            latch=FakeLatch(),
            product=replace(PRODUCT, **(product or {})),
            reference=D("0.2"),
            reference_source="mid of a second venue",
            data_age_ms=10,
            equity=D(100_000),
            cash=D(100_000),
            reconciled=True,
            clock_skew_ms=1,
        ),
        **changed,
    )


_ENTRY = OrderIntent(
    id="first",
    action=Action.ENTRY,
    venue="kraken",
    symbol="DOGE/USD",
    base="DOGE",
    strategy=STRATEGY,
    cluster="memes",
    side="buy",
    qty=D(1000),
    price=D("0.2004"),
    kind="limit",
    position="long",
    stop=D("0.195"),
)
_ORDERS = {
    Action.ENTRY: _ENTRY,
    Action.REDUCE: replace(_ENTRY, action=Action.REDUCE, side="sell", price=D("0.199"), stop=None),
    Action.PROTECT: replace(_ENTRY, action=Action.PROTECT, side="sell", price=None, kind="stop"),
    Action.CANCEL: replace(_ENTRY, action=Action.CANCEL, side="sell", price=None, stop=None),
}


def order(action: Action = Action.ENTRY, **changed: Any) -> OrderIntent:
    """Buy 1,000 DOGE at 0.2004; or sell, protect or cancel as many."""
    return replace(_ORDERS[action], **changed)


def approved(gate: Gate, intent: OrderIntent, known: Facts) -> Approved:
    """The approval of an order that must be let through."""
    answer = gate.check(intent, known)
    assert isinstance(answer, Approved), answer.message
    return answer


def refused(gate: Gate, intent: OrderIntent, known: Facts) -> Refused:
    """The refusal of an order that must not be let through."""
    answer = gate.check(intent, known)
    assert isinstance(answer, Refused), f"{intent.action} was approved"
    return answer


def holding(intent: OrderIntent, **limits: Any) -> Gate:
    """A gate that holds what an order would take off, nothing for an entry."""
    return make_gate(held="0" if intent.action is Action.ENTRY else "1000", **limits)


Case = tuple[Gate, OrderIntent, Facts]
_Spoil = Callable[[OrderIntent], Case]


def _facts(**changed: Any) -> _Spoil:
    return lambda intent: (holding(intent), intent, facts(**changed))


def _by_action(
    entry: dict[str, Any],
    reduce: dict[str, Any] | None = None,
    protect: dict[str, Any] | None = None,
    product: dict[str, Any] | None = None,
    **limits: Any,
) -> _Spoil:
    """Spoils the order itself; what has no such part stays as it is."""
    changes = {Action.ENTRY: entry, Action.REDUCE: reduce or {}, Action.PROTECT: protect or {}}

    def spoil(intent: OrderIntent) -> Case:
        spoilt = replace(intent, **changes.get(intent.action, {}))
        return holding(intent, **limits), spoilt, facts(product=product)

    return spoil


def _held_by(
    strategy: str, symbol: str, cluster: str, notional: int, position: str = "long", **limits: Any
) -> _Spoil:
    def spoil(intent: OrderIntent) -> Case:
        gate = holding(intent, **limits)
        base = symbol.partition("/")[0]
        gate.exposure.hold(strategy, symbol, base, cluster, position, D(notional), D(1), D(0))
        return gate, intent, facts()

    return spoil


def _no_entries_left(intent: OrderIntent) -> Case:
    gate = holding(intent, orders_per_minute=3)
    for number in range(3):
        approved(gate, order(id=f"before {number}", qty=D(100 + number)), facts())
        gate.ended(f"before {number}")
    return gate, intent, facts()


def _no_messages_left(intent: OrderIntent) -> Case:
    gate = holding(intent, messages_per_minute=10)
    for _ in range(10):
        approved(gate, order(Action.CANCEL), facts())
    return gate, intent, facts()


def _too_many_executions(intent: OrderIntent) -> Case:
    gate = holding(intent, executions_per_hour=3)
    for number in range(4):
        before = order(id=f"before {number}", qty=D(10))
        approved(gate, before, facts(now_ms=NOW + number * 10_000))
        gate.filled(before.id, D(10), D("0.2"), NOW)
    gate.exposure.hold(STRATEGY, "DOGE/USD", "DOGE", "memes", "long", D(1000), D("0.2"), D(0))
    return gate, intent, facts(now_ms=NOW + 60_000)


def _used_id(intent: OrderIntent) -> Case:
    gate = holding(intent)
    gate.remember(["first"])
    return gate, intent, facts()


def _same_again(intent: OrderIntent) -> Case:
    gate = holding(intent)
    if intent.action is Action.ENTRY:
        approved(gate, replace(intent, id="a moment ago"), facts())
        gate.ended("a moment ago")
    return gate, intent, facts(now_ms=NOW + 5_000)


def _own_order_opposite(intent: OrderIntent) -> Case:
    if intent.action is not Action.ENTRY:
        return holding(intent), intent, facts()
    gate = make_gate(held="1000")
    approved(gate, order(Action.REDUCE, id="resting", price=D("0.2004")), facts())
    return gate, intent, facts()


def _rich(**limits: Any) -> _Spoil:
    """An order of 2,004 USD on an account where only the limits given are near."""

    def spoil(intent: OrderIntent) -> Case:
        large = replace(intent, qty=D(10_000)) if intent.action is Action.ENTRY else intent
        wealth = {} if "max_order" in limits else {"equity": D(10**6), "cash": D(10**6)}
        return holding(intent, **limits), large, facts(**wealth)

    return spoil


def _minimum_of_a_short(intent: OrderIntent) -> Case:
    if intent.action is not Action.ENTRY:
        return holding(intent), intent, facts(product={"min_notional": D(201)})
    short = replace(intent, side="sell", position="short", price=D("0.1996"), stop=D("0.26"))
    return make_gate(), short, facts(product={"min_notional": D(201), "shortable": True})


# check -> how an order, a gate or the facts are spoilt so that this check, and no other, finds something
SPOILT: dict[str, _Spoil] = {
    "fence": _facts(latch=FakeLatch(fence=2)),
    "latch": _facts(latch=FakeLatch(levels={"account": Level.HALT})),
    "venue": lambda intent: (
        holding(intent),
        replace(intent, venue="binance"),
        facts(product={"venue": "binance"}),
    ),
    "product": _facts(product={"allowed": False}),
    "status": _facts(product={"status": "maintenance"}),
    "data_age": _facts(data_age_ms=501),
    "reference": _facts(bid=D("0.2001"), ask=D("0.2")),
    "clock": _facts(clock_skew_ms=-2001),
    "quality": _facts(quality="latency_halt"),
    "numbers": _by_action({"stop": None}, {"price": None}, {"stop": None}, {"min_notional": D(0)}),
    "side": _by_action({"side": "sell"}, {"side": "buy"}, {"side": "buy"}),
    "our_lots": _by_action({}, {"qty": D("1000.1")}, {"qty": D("1000.1")}),
    "tick": _by_action({"price": D("0.20045")}, {"price": D("0.20005")}, {"stop": D("0.19505")}),
    "lot": _by_action({"qty": D("999.95")}, {"qty": D("999.95")}, {"qty": D("999.95")}),
    "stop": _by_action({"stop": D("0.2004")}),
    "min_qty": _by_action({}, product={"min_qty": D("1000.1")}),
    "max_qty": _by_action({}, product={"max_qty": D("999.9")}),
    "min_notional": _minimum_of_a_short,
    "protectable": _by_action({}, product={"min_notional": D(170)}),
    "max_order": _rich(),
    "collar": _by_action({"price": D("0.2041")}),
    "exit_collar": _by_action({}, {"price": D("0.1959")}, {"price": D("0.191")}),
    "entry_rate": _no_entries_left,
    "message_rate": _no_messages_left,
    "executions": _too_many_executions,
    "duplicate_id": _used_id,
    "duplicate_order": _same_again,
    "self_trade": _own_order_opposite,
    "owner": _held_by("mean_revert_1h", "DOGE/USDC", "memes", 10),
    "trade_share": _rich(max_order=D(100_000)),
    "strategy_share": _held_by(STRATEGY, "BTC/USD", "BTC", 9_900),
    "gross_share": _held_by("mean_revert_1h", "BTC/USD", "BTC", 99_900),
    "symbol_share": _held_by(STRATEGY, "DOGE/USDC", "memes", 4_900, symbol_share=0.05),
    "cluster_share": _held_by("mean_revert_1h", "SHIB/USD", "memes", 29_900),
    "capital": _facts(cash=D(201)),
}
