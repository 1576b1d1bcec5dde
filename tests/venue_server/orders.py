"""The venue's own shapes: what is asked (Ticket), what became of it (Order, Trade), what moved (Entry)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Side = Literal["buy", "sell"]
OrderStatus = Literal["open", "closed", "canceled", "expired"]
STOPS = ("stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit")
ZERO = Decimal(0)


class Refusal(Exception):
    """The venue says no, in words that are the same for both wire formats; each format has its own text."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Ticket:
    """An order as it was asked for.

    `kind`: market, limit or one of STOPS. `volume` counts the base asset; a market buy may name `cost`
    instead. `fee_in`: "quote" or "base". `expires_ms`: end of a good-till-date order. `owner`: "api" for what
    came over the wire, "user" for what a person entered beside it.
    """

    symbol: str
    side: Side
    kind: str
    volume: Decimal | None
    price: Decimal | None = None
    trigger: Decimal | None = None
    cost: Decimal | None = None
    time_in_force: Literal["GTC", "GTD", "IOC", "FOK"] = "GTC"
    post_only: bool = False
    expires_ms: int = 0
    fee_in: Literal["quote", "base"] = "quote"
    client_id: str = ""
    user_reference: int | None = None
    flags: str = ""
    owner: Literal["api", "user"] = "api"
    configuration: dict[str, object] = field(default_factory=dict)


@dataclass
class Trade:
    """One fill. `fee` is worth that much in the quote; `paid` in `paid_asset` is what the balance lost.
    `entries`: the movements that it made."""

    id: str
    order_id: str
    number: int
    time_us: int
    price: Decimal
    quantity: Decimal
    cost: Decimal
    fee: Decimal
    paid: Decimal
    paid_asset: str
    maker: bool
    visible_ms: int
    entries: list[str] = field(default_factory=list)


@dataclass
class Order:
    """One accepted order. `hold` of `hold_asset` is out of reach for other orders while it is open."""

    id: str
    ticket: Ticket
    volume: Decimal
    price: Decimal | None
    trigger: Decimal | None
    opened_us: int
    visible_ms: int
    status: OrderStatus = "open"
    reason: str = ""
    closed_us: int = 0
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    triggered: bool = False
    pending_cancel: bool = False
    hold: Decimal = ZERO
    hold_asset: str = ""
    trades: list[str] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet."""
        return self.volume - self.filled

    @property
    def is_open(self) -> bool:
        """May still fill."""
        return self.status == "open"

    @property
    def waits_for_trigger(self) -> bool:
        """A stop that has not been set off."""
        return self.ticket.kind in STOPS and not self.triggered

    @property
    def is_market(self) -> bool:
        """Takes any price once it is live."""
        return self.ticket.kind in ("market", "stop-loss", "take-profit")


@dataclass(frozen=True)
class Entry:
    """One movement of one asset. `kind`: deposit, withdrawal, trade, staking, settlement. `balance`: the asset's,
    afterwards."""

    id: str
    reference: str
    time_us: int
    kind: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Position:
    """In a perpetual. `quantity`: of the base asset, below 0 for a short; `entry`: average price."""

    quantity: Decimal
    entry: Decimal


@dataclass(frozen=True)
class Step:
    """The whole account after one thing happened."""

    what: str
    time_us: int
    balances: dict[str, Decimal]
    holds: dict[str, Decimal]
