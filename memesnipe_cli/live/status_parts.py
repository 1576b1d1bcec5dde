"""The parts of a loop's snapshot (status.py) that are about money: the breaker, positions, orders, decisions.

Money, prices and quantities are Decimals, times ms UTC, shares floats (0.01 is 1 %); None is what nobody knows, never a
zero in its place. Each part's `body()` is its form in a record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.records import decimal_text, time_text
from memesnipe_cli.risk.levels import Level

if TYPE_CHECKING:
    from memesnipe_cli.venues.order_book import Order

_CENT = Decimal("0.01")

# Beside the words of venues/protect.py (covered, waiting, triggered, dust, naked): the venue cannot rest a stop, or
# there is no venue, and the loop itself looks after the price.
WATCHED = "watched"
NAKED = "naked"
UNKNOWN = "unknown"  # an order's state: it may exist


def amount(value: Decimal | None) -> str | None:
    """A decimal string, null where it is not known."""
    return None if value is None else decimal_text(value)


def moment(ts_ms: int | None) -> str | None:
    """RFC 3339, null where there is none."""
    return None if ts_ms is None else time_text(ts_ms)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The way back after a halt. stage: 1 to 4, 0 is normal; size: share of normal that an entry may have; ready_ms:
    from when on a halt may be reset."""

    stage: int = 0
    size: float = 1.0
    since_ms: int | None = None
    ready_ms: int | None = None

    def body(self) -> dict[str, Any]:
        """As in the marks of an account."""
        return {
            "stage": self.stage,
            "size": self.size,
            "since": moment(self.since_ms),
            "ready": moment(self.ready_ms),
        }


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a tier of the breaker is. measure: `drawdown`, `daily_loss` or `lifetime_drawdown`; threshold, value:
    shares; money: what may still be lost until then, below 0 beyond it."""

    tier: str
    measure: str
    threshold: float
    value: float | None
    money: Decimal | None

    @property
    def points(self) -> float | None:
        """Percentage points until the threshold, below 0 beyond it."""
        return None if self.value is None else round((self.threshold - self.value) * 100, 6)

    def body(self) -> dict[str, Any]:
        """As in the `breaker` record."""
        return {
            "tier": self.tier,
            "measure": self.measure,
            "threshold": self.threshold,
            "value": self.value,
            "points": self.points,
            "amount": amount(self.money),
        }


def distance(
    tier: str,
    measure: str,
    threshold: float,
    value: float | None,
    equity: Decimal | None,
    base: Decimal | None,
) -> Distance:
    """The distance to a tier that is a share of `base` (a high-water mark, a day's base)."""
    money = None
    if equity is not None and base is not None:
        money = (equity - base * (1 - Decimal(str(threshold)))).quantize(_CENT)
    return Distance(tier, measure, threshold, value, money)


@dataclass(frozen=True, slots=True)
class StrategyStatus:
    """One strategy's own breaker. value, high_water_mark: of the capital allocated to it."""

    name: str
    level: Level = Level.CLOSED
    cause: str = ""
    drawdown: float | None = None
    value: Decimal | None = None
    high_water_mark: Decimal | None = None
    allocation: Decimal | None = None
    recovery: Recovery = field(default_factory=Recovery)

    def body(self) -> dict[str, Any]:
        """As in the marks of an account."""
        return {
            "name": self.name,
            "level": self.level.name,
            "cause": self.cause or None,
            "value": amount(self.value),
            "high_water_mark": amount(self.high_water_mark),
            "drawdown": self.drawdown,
            "allocation": amount(self.allocation),
            "recovery": self.recovery.body(),
        }


@dataclass(frozen=True, slots=True)
class PositionStatus:
    """What a strategy holds of a symbol.

    side: `long` or `short`. qty: what is held, above 0. mark: what it could be sold for now; pnl: what that would
    leave of what was paid, in the account's currency. trailing: the distance at which its stop follows the price, None
    where it does not. protection: a word of venues/protect.py, or `watched`; naked: how much no known stop is under;
    stop_order: the resting stop's id; words: why it is not covered. leaving: the reason of an exit under way.
    """

    strategy: str
    venue: str
    symbol: str
    side: str
    qty: Decimal
    entry_price: Decimal
    entry_ms: int
    mark: Decimal | None
    pnl: Decimal | None
    stop: Decimal | None
    protection: str
    target: Decimal | None = None
    trailing: Decimal | None = None
    naked: Decimal = Decimal(0)
    stop_order: str = ""
    words: str = ""
    leaving: str = ""
    contract_size: Decimal = Decimal(1)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.strategy, self.symbol

    @property
    def pnl_share(self) -> float | None:
        """The result as a share of what was paid."""
        paid = self.entry_price * self.qty * self.contract_size
        return None if self.pnl is None or not paid else float(self.pnl / paid)

    @property
    def stop_distance(self) -> float | None:
        """How far the price must go against it until the stop, as a share of the mark; below 0 beyond the stop."""
        if self.stop is None or not self.mark:
            return None
        away = float((self.mark - self.stop) / self.mark)
        return away if self.side == "long" else -away

    def body(self) -> dict[str, Any]:
        """A superset of a position in the marks of an account."""
        return {
            "strategy": self.strategy,
            "venue": self.venue,
            "symbol": self.symbol,
            "side": self.side,
            "qty": amount(self.qty),
            "entry_time": moment(self.entry_ms),
            "entry_price": amount(self.entry_price),
            "mark": amount(self.mark),
            "pnl": amount(self.pnl),
            "pnl_share": self.pnl_share,
            "stop": amount(self.stop),
            "stop_distance": self.stop_distance,
            "target": amount(self.target),
            "trailing": amount(self.trailing),
            "protection": self.protection,
            "naked": amount(self.naked),
            "stop_order": self.stop_order or None,
            "words": self.words or None,
            "leaving": self.leaving or None,
        }


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """An order that has not ended. id: the client order id. action: `entry`, `reduce` or `protect`. price: its limit,
    stop: its trigger. changing: it was sent other terms, and whether they stand is not known yet."""

    id: str
    action: str
    strategy: str
    symbol: str
    side: str
    qty: Decimal
    filled: Decimal
    price: Decimal | None
    stop: Decimal | None
    state: str
    sent_ms: int
    reason: str = ""
    changing: bool = False

    @classmethod
    def of(cls, order: Order) -> OrderStatus:
        """An order of the book."""
        intent = order.intent
        stop = intent.stop if intent.action == "protect" else None
        return cls(
            id=intent.id,
            action=intent.action.value,
            strategy=intent.strategy,
            symbol=intent.symbol,
            side=intent.side,
            qty=intent.qty,
            filled=order.filled,
            price=intent.price,
            stop=stop,
            state=order.state.value,
            sent_ms=order.sent_ms,
            reason=order.reason or intent.reason,
            changing=order.amendment is not None,
        )

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "action": self.action,
            "strategy": self.strategy,
            "symbol": self.symbol,
            "side": self.side,
            "qty": amount(self.qty),
            "filled": amount(self.filled),
            "price": amount(self.price),
            "stop": amount(self.stop),
            "state": self.state,
            "sent": moment(self.sent_ms or None),
            "reason": self.reason or None,
            "changing": self.changing,
        }


@dataclass(frozen=True, slots=True)
class DecisionStatus:
    """What was decided. what: a word (`enter`, `exit`, `refused`, `kept back`, `stop moved`). value, limit: what a
    check found and what it allows, as text; "" where there is none."""

    time_ms: int
    strategy: str
    symbol: str
    what: str
    reason: str
    value: str = ""
    limit: str = ""

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "time": moment(self.time_ms),
            "strategy": self.strategy,
            "symbol": self.symbol,
            "what": self.what,
            "reason": self.reason,
            "value": self.value or None,
            "limit": self.limit or None,
        }
