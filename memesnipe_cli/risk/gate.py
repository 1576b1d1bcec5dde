"""The gate: the last, independent check of an order before it may be sent. Trusts nothing that decided or sized it.

One gate an account. It is told what happens to the orders it let through (`filled`, `ended`, `mark`), so that its
limits hold for any sequence of approvals, fills and cancels.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.risk.actions import APPLIES
from memesnipe_cli.risk.approval import _MINT, Approved, Refused
from memesnipe_cli.risk.bounds import DUPLICATE_WINDOW_MS, Bounds
from memesnipe_cli.risk.chain import CHECKS, Standing, notional, trade_limit
from memesnipe_cli.risk.checked import CHECK_FAILED
from memesnipe_cli.risk.checks import PASS, Verdict
from memesnipe_cli.risk.exposure import Exposure
from memesnipe_cli.risk.facts import Facts
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.rates import Rates
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile

UNKNOWN = "_unknown"
_ZERO = Decimal(0)
_ONE = Decimal(1)
# Members of an Enum are slow to look up by name.
_ENTRY, _CANCEL = Action.ENTRY, Action.CANCEL


class Gate:
    """Approves or refuses the orders of one account.

    venues: where orders may go; fence: the right to send that this trader took (latch.py), 0 where none was taken;
    cluster_of: the cluster of a base asset. refusals counts what was refused, by code.
    """

    def __init__(
        self, bounds: Bounds, venues: Collection[str], cluster_of: Callable[[str], str], fence: int = 0
    ) -> None:
        self._standing = Standing(
            bounds,
            frozenset(venues),
            _remembering(cluster_of),
            fence,
            Rates(bounds.orders_per_minute, bounds.messages_per_minute),
        )
        self._chains = {
            action: tuple((name, check) for name, check in CHECKS.items() if action in APPLIES[name])
            for action in Action
        }
        self.refusals: Counter[str] = Counter()
        self.approvals = 0

    @classmethod
    def of(cls, profile: Profile, venues: Collection[str], fence: int = 0) -> Gate:
        """The gate of an account that trades under a profile."""
        return cls(Bounds.of(profile), venues, profile.cluster, fence)

    @property
    def fence(self) -> int:
        """The right to send that orders are approved under."""
        return self._standing.fence

    @property
    def exposure(self) -> Exposure:
        """What is held and waits, as the gate counts it."""
        return self._standing.exposure

    def check(self, order: OrderIntent, facts: Facts) -> Approved | Refused:
        """Whether an order may be sent now. The first check that fails decides; an approval reserves what the order may
        use until `filled` or `ended` says what became of it. Raises nothing: a check that breaks refuses."""
        standing = self._standing
        entry, worth = order.action is _ENTRY, notional(order)
        for name, check in self._chains[order.action]:
            try:
                verdict = check(standing, order, facts, worth)
            except Exception as problem:
                return self._refuse(order, name, (CHECK_FAILED, f"{name}: {problem!r}", None))
            if verdict is not PASS and (entry or not verdict[0].endswith(UNKNOWN)):
                return self._refuse(order, name, verdict)
        standing.rates.took(facts.now_ms, entry)
        if entry:
            self._remember_content(order, facts.now_ms)
        self._reserve(order, worth, trade_limit(standing, facts) if entry else None, facts.product.taker_fee)
        self.approvals += 1
        return Approved(_MINT, order, facts.now_ms, standing.fence)

    def filled(self, order_id: str, qty: Decimal, price: Decimal, now_ms: int) -> None:
        """Part or all of an approved order filled, as the venue says. Raises DataError where that cannot be: the
        books and the venue do not agree, which halts an account."""
        order = self.exposure.orders.get(order_id)
        first = self.exposure.filled(order_id, qty, price)
        if first and order is not None and order.intent.action is _ENTRY:
            self._standing.executions.filled(order.intent.strategy, now_ms)

    def ended(self, order_id: str) -> None:
        """An approved order can fill no more."""
        self.exposure.ended(order_id)

    def ended_all(self, strategy: str, symbol: str, *actions: Action) -> None:
        """All open orders of a strategy in a symbol, of these actions, can fill no more: an exit that takes back a
        waiting entry, a position that is gone and its exits with it."""
        for order in self.exposure.open_orders(strategy, symbol):
            if order.action in actions:
                self.exposure.ended(order.id)

    def mark(self, symbol: str, price: Decimal) -> None:
        """What a symbol is worth now."""
        self.exposure.mark(symbol, price)

    def adopt(self, order: OrderIntent, equity: Decimal | None, fee: Decimal) -> None:
        """An order that was approved by an earlier process and is still open: booked, not checked. equity: the net
        asset value that it was entered at; None counts it as a whole trade."""
        share = self._standing.bounds.trade_share
        self._reserve(order, notional(order), None if equity is None else equity * share, fee)

    def renew(self, order: OrderIntent, facts: Facts) -> Approved | Refused:
        """Leave to send an order once more that protects or leaves, that an earlier process sent and that may not
        exist: checked as if it were new. For a venue that answers with the first one, where there is one."""
        known = self.exposure.orders.get(order.id)
        self._standing.ids.discard(order.id)
        self.exposure.ended(order.id)
        said = self.check(order, facts)
        if isinstance(said, Refused):
            self._standing.ids.add(order.id)
            if known is not None:
                self.exposure.opened(order)
        return said

    def remember(self, ids: Iterable[str]) -> None:
        """Client order ids that were used before this process began."""
        self._standing.ids.update(ids)

    def _reserve(
        self, order: OrderIntent, worth: Decimal, limit: Decimal | None, fee: Decimal | None
    ) -> None:
        if order.action is _CANCEL:
            return
        standing = self._standing
        standing.ids.add(order.id)
        used = _ZERO
        if order.action is _ENTRY:
            used = worth / limit if limit else _ONE
        standing.exposure.opened(order, used, fee or _ZERO)

    def _remember_content(self, order: OrderIntent, now_ms: int) -> None:
        sent = self._standing.sent.setdefault((order.strategy, order.symbol), deque())
        while sent and now_ms - sent[0][0] >= DUPLICATE_WINDOW_MS:
            sent.popleft()
        sent.append((now_ms, order))

    def _refuse(self, order: OrderIntent, name: str, verdict: Verdict) -> Refused:
        code, value, limit = verdict
        self.refusals[code] += 1
        trip = ""
        if code == CHECK_FAILED:
            trip = ACCOUNT
        elif name == "executions":
            trip = strategy_scope(order.strategy)
        return Refused(order, name, code, value, limit, trip)


def _remembering(cluster_of: Callable[[str], str]) -> Callable[[str], str]:
    """The same, each base asset looked up once."""
    known: dict[str, str] = {}

    def cluster(base: str) -> str:
        if base not in known:
            known[base] = cluster_of(base)
        return known[base]

    return cluster
