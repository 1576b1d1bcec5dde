"""What a venue says of orders, fills, balances, fees and keys. Amounts are Decimals as the venue wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class VenueStatus(StrEnum):
    """Whether an order can still fill, as its venue says."""

    OPEN = "open"
    CLOSED = "closed"  # filled, cancelled, expired or failed: it will not fill any more
    UNCLEAR = "unclear"  # the venue's word is none that we know


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as its venue has it. client_id: "" where it carries none; parent: the venue's id of the order that it
    was born from; words: the venue's own status, with its reason. stop: the trigger; price: the limit."""

    venue_id: str
    client_id: str
    symbol: str
    side: str
    qty: Decimal | None
    filled: Decimal
    price: Decimal | None
    stop: Decimal | None
    status: VenueStatus
    words: str
    created_ms: int
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """The venue was asked everywhere an order could be and answered in full: it has none. looked_ms: the venue's time
    before the first question."""

    looked_ms: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """The venue could not be asked, or its answers lack what was asked or contradict each other."""

    why: str


Found: TypeAlias = VenueOrder | Absent | Unclear


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One trade of ours as the venue's history has it. cost: price times quantity as the venue wrote it, None where it
    writes none."""

    trade_id: str
    venue_order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    cost: Decimal | None
    fee: Decimal
    fee_currency: str
    liquidity: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one currency. held: locked in open orders."""

    free: Decimal
    held: Decimal

    @property
    def total(self) -> Decimal:
        """What is there, locked or not."""
        return self.free + self.held


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """An open perpetual. qty: in units of the base asset, as every quantity is, below 0 for a short."""

    symbol: str
    qty: Decimal


@dataclass(frozen=True, slots=True)
class KeyRights:
    """What a key may do. others: rights that are neither of these and none that we know to be harmless."""

    may_read: bool
    may_trade: bool
    may_withdraw: bool
    others: tuple[str, ...] = ()

    @property
    def fit_to_trade(self) -> bool:
        """It can trade and cannot take anything out, as far as every one of its rights is known."""
        return self.may_read and self.may_trade and not self.may_withdraw and not self.others


@dataclass(frozen=True, slots=True)
class Fees:
    """Shares of the notional that this account pays now."""

    maker: Decimal
    taker: Decimal


@dataclass(frozen=True, slots=True)
class Funding:
    """What a perpetual pays now. rate: share of the notional that longs pay to shorts each interval (below 0: they are
    paid). time_ms: of the next or the latest payment, as the venue says, None where it does not."""

    rate: Decimal
    interval_ms: int
    time_ms: int | None
