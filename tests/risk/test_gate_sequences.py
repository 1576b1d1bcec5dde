"""Limits hold for any sequence of approvals, fills, cancels and falling levels; exits stay possible throughout."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from gate_cases import NOW, PRODUCT, STRATEGY, D, FakeLatch, cluster_of, facts
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.profile import Limits, Profile
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.checks import ROUNDING
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.levels import Level

STRATEGIES = (STRATEGY, "mean_revert_1h")
SYMBOLS = ("DOGE/USD", "SHIB/USD", "BTC/USD", "DOGE/USDC")
SCOPES = ("account", *(f"strategy:{name}" for name in STRATEGIES), *(f"symbol:{name}" for name in SYMBOLS))
LIMITS = Limits(
    trade_share=0.02,
    strategy_share=0.035,
    gross_share=0.045,
    symbol_share=0.025,
    cluster_share=0.03,
    max_order=D(5000),
    orders_per_minute=1000,
    messages_per_minute=10_000,
    executions_per_hour=1000,
)
SLACK = 1 + 20 * ROUNDING

CHOICE = st.integers(0, 10**6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), CHOICE, CHOICE, st.integers(1, 12_000), st.booleans()),
        st.tuples(st.just("fill"), CHOICE, st.sampled_from((1, 2, 3))),
        st.tuples(st.just("end"), CHOICE),
        st.tuples(st.just("leave"), CHOICE, st.integers(1, 12), st.booleans()),
        st.tuples(st.just("level"), CHOICE, st.sampled_from(list(Level))),
        st.tuples(st.just("equity"), st.integers(50_000, 150_000)),
        st.tuples(st.just("mark"), CHOICE, st.integers(1_500, 2_500)),
    ),
    min_size=1,
    max_size=60,
)


class Market:
    """A gate and, beside it, the plainest possible books of what was approved and filled."""

    def __init__(self) -> None:
        self.gate = Gate(Bounds.of(Profile(limits=LIMITS)), {"kraken"}, cluster_of, fence=1)
        self.latch = FakeLatch()
        self.now_ms = NOW
        self.equity = D(100_000)
        self.price = dict.fromkeys(SYMBOLS, D("0.2"))
        self.held: dict[tuple[str, str], Decimal] = {}
        self.side: dict[tuple[str, str], str] = {}
        self.open: dict[str, tuple[OrderIntent, Decimal]] = {}
        self.used: dict[tuple[str, str], Decimal] = {}  # of a trade's limit, filled units
        self.limit_then: dict[str, Decimal] = {}
        self.number = 0

    def ask(self, intent: OrderIntent) -> bool:
        """Whether the gate lets an order through; it is open from then on."""
        product = replace(PRODUCT, symbol=intent.symbol, base=intent.base, shortable=True)
        known = replace(
            facts(latch=self.latch, equity=self.equity, cash=self.equity, now_ms=self.now_ms),
            product=product,
            reference=self.price[intent.symbol],
        )
        if not isinstance(self.gate.check(intent, known), Approved):
            return False
        self.open[intent.id] = (intent, intent.qty)
        self.limit_then[intent.id] = self.equity * D("0.02")
        return True

    def order(self, action: Action, strategy: str, symbol: str, long: bool, qty: Decimal) -> OrderIntent:
        """An order at the price of the moment."""
        self.number += 1
        self.now_ms += 10_000
        base, price = symbol.split("/")[0], self.price[symbol]
        buys = long == (action is Action.ENTRY)
        stop = None if action is Action.REDUCE else price * (D("0.9") if long else D("1.1"))
        return OrderIntent(
            id=f"order {self.number}",
            action=action,
            venue="kraken",
            symbol=symbol,
            base=base,
            strategy=strategy,
            cluster=cluster_of(base),
            side="buy" if buys else "sell",
            qty=qty,
            price=None if action is Action.PROTECT else price,
            kind="limit",
            position="long" if long else "short",
            stop=stop.quantize(D("0.0001")) if stop is not None else None,
        )

    def fill(self, order_id: str, parts: int) -> None:
        """A third, a half or all of what is left fills at the order's price."""
        intent, left = self.open[order_id]
        qty = left if parts == 1 or left < D("0.2") else (left / parts).quantize(D("0.1"))
        price = intent.price or intent.stop or D(0)
        key = (intent.strategy, intent.symbol)
        self.gate.filled(order_id, qty, price, self.now_ms)
        if intent.action is Action.ENTRY:
            self.held[key] = self.held.get(key, D(0)) + qty
            self.side[key] = intent.position
            self.used[key] = self.used.get(key, D(0)) + qty * price / self.limit_then[order_id]
            self.gate.mark(intent.symbol, self.price[intent.symbol])
        else:
            self.held[key] -= qty
            if not self.held[key]:
                del self.held[key], self.used[key]
        self.open[order_id] = (intent, left - qty)
        if left == qty:
            del self.open[order_id]

    def lines(self) -> list[tuple[str, str, Decimal]]:
        """(strategy, symbol, notional) of all that is held and of all open entries."""
        held = [(key[0], key[1], qty * self.price[key[1]]) for key, qty in self.held.items()]
        waiting = [
            (intent.strategy, intent.symbol, left * (intent.price or D(0)))
            for intent, left in self.open.values()
            if intent.action is Action.ENTRY
        ]
        return held + waiting

    def over(self, concerning: OrderIntent | None = None) -> list[str]:
        """The limits that are exceeded now, by plain addition; those alone that an order counts against, if given."""
        sums: dict[str, Decimal] = {}
        for strategy, symbol, notional in self.lines():
            base = symbol.split("/")[0]
            for name in _sums(strategy, base):
                sums[name] = sums.get(name, D(0)) + notional
        found = []
        for name, amount in sums.items():
            if concerning is not None and name not in _sums(concerning.strategy, concerning.base):
                continue
            share = D(str(getattr(LIMITS, f"{name.split()[0]}_share")))
            if amount > self.equity * share * SLACK:
                found.append(f"{name}: {amount} of {self.equity * share}")
        trades = dict(self.used)
        for intent, left in self.open.values():
            if intent.action is Action.ENTRY:
                key = (intent.strategy, intent.symbol)
                part = left * (intent.price or D(0)) / self.limit_then[intent.id]
                trades[key] = trades.get(key, D(0)) + part
        return found + [f"trade {key}: {used}" for key, used in trades.items() if used > SLACK]

    def level(self, intent: OrderIntent) -> Level:
        """The highest level that concerns an order."""
        scopes = ("account", f"strategy:{intent.strategy}", f"symbol:{intent.symbol}")
        return max(self.latch.level(scope) for scope in scopes)


def _sums(strategy: str, base: str) -> tuple[str, ...]:
    return "gross", f"strategy {strategy}", f"symbol {base}", f"cluster {cluster_of(base)}"


def _walk(steps: list[tuple[object, ...]], moving: bool) -> None:
    market = Market()
    for kind, *rest in steps:
        pick = int(str(rest[0])) if rest else 0
        if kind == "enter":
            strategy, symbol = STRATEGIES[pick % 2], SYMBOLS[int(str(rest[1])) % len(SYMBOLS)]
            intent = market.order(Action.ENTRY, strategy, symbol, rest[3] is True, D(int(str(rest[2]))))
            if market.ask(intent):
                assert market.level(intent) < Level.HALT
                assert market.over(concerning=intent) == []
        elif kind == "fill" and market.open:
            market.fill(sorted(market.open)[pick % len(market.open)], int(str(rest[1])))
        elif kind == "end" and market.open:
            order_id = sorted(market.open)[pick % len(market.open)]
            market.gate.ended(order_id)
            del market.open[order_id]
        elif kind == "leave" and market.held:
            key = sorted(market.held)[pick % len(market.held)]
            waiting = sum(
                left
                for intent, left in market.open.values()
                if (intent.strategy, intent.symbol) == key and intent.action is not Action.ENTRY
            )
            qty = (market.held[key] * int(str(rest[1])) / 10).quantize(D("0.1"))
            action = Action.REDUCE if rest[2] else Action.PROTECT
            if qty > 0:
                intent = market.order(action, *key, market.side[key] == "long", qty)
                assert market.ask(intent) == (qty + waiting <= market.held[key])
        elif kind == "level":
            market.latch.levels[SCOPES[pick % len(SCOPES)]] = Level(int(str(rest[1])))
        elif kind == "equity" and moving:
            market.equity = D(pick)
        elif kind == "mark" and moving:
            symbol = SYMBOLS[pick % len(SYMBOLS)]
            market.price[symbol] = D(int(str(rest[1]))) / D(10_000)
            market.gate.mark(symbol, market.price[symbol])
        if not moving:
            assert market.over() == []
        lines = market.lines()
        assert abs(market.gate.exposure.gross() - sum(line[2] for line in lines)) < D("1e-15")
        for key, qty in market.held.items():
            assert market.gate.exposure.held(*key, market.side[key]) == qty
            assert market.gate.exposure.exits_left(*key) <= qty


@settings(max_examples=120, deadline=None)
@given(steps=STEPS)
def test_what_is_held_and_waits_never_exceeds_a_limit(steps: list[tuple[object, ...]]) -> None:
    _walk(steps, moving=False)


@settings(max_examples=120, deadline=None)
@given(steps=STEPS)
def test_with_moving_prices_and_equity_no_approval_leaves_a_limit_exceeded(
    steps: list[tuple[object, ...]],
) -> None:
    _walk(steps, moving=True)
