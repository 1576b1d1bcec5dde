"""What is known at the moment an order is checked. Nothing here is taken from the order itself.

None means unknown, and NaN or an infinity is turned into it. Unknown keeps entries back; it never keeps back what
makes a position smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT

ONLINE = "online"


class LatchView(Protocol):
    """What the gate reads of the breaker's latch (latch.py)."""

    @property
    def fence(self) -> int:
        """The newest right to send that was given away; an older one has lapsed."""

    def level(self, scope: str = ACCOUNT) -> Level:
        """The level of `account`, `strategy:NAME` or `symbol:DOGE/USD`."""


@dataclass(frozen=True, slots=True)
class Product:
    """How the venue trades an instrument. `status`: online, post_only, cancel_only, maintenance, delisted, or the
    venue's own word for anything else. `shortable`: a perpetual. `taker_fee`: a share of the notional."""

    venue: str
    symbol: str
    base: str
    tick: Decimal | None
    lot: Decimal | None
    min_qty: Decimal | None
    min_notional: Decimal | None
    taker_fee: Decimal | None
    max_qty: Decimal | None = None
    status: str = ONLINE
    allowed: bool = True
    shortable: bool = False

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "min_qty", "min_notional", "taker_fee", "max_qty"):
            object.__setattr__(self, name, _known(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known now.

    now_ms: the time of the check; a tape's own time in a replay. reference: a price of the instrument that does not
    come from who made the order, with its source in words. bid, ask: the book, where there is one. data_age_ms: how old
    the data are that the decision stands on; of a closed bar (`closed_bar`), the time since its close. clock_skew_ms:
    against the venue. quality: why the execution-quality checks hold entries back, or None. equity: net asset value.
    cash: all cash in the instrument's quote currency, before open orders; reconciled: it agrees with the venue's.
    trade_scale: what the adaptive thresholds make of trade_share.
    """

    now_ms: int
    latch: LatchView | None
    product: Product
    reference: Decimal | None
    reference_source: str
    data_age_ms: float | None
    equity: Decimal | None
    cash: Decimal | None
    reconciled: bool
    clock_skew_ms: float | None
    closed_bar: bool = False
    bid: Decimal | None = None
    ask: Decimal | None = None
    quality: str | None = None
    trade_scale: Decimal | None = Decimal(1)

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            number = getattr(self, name)
            if number is not None and not number.is_finite():
                object.__setattr__(self, name, None)


_NUMBERS = ("reference", "equity", "cash", "bid", "ask", "trade_scale")


def _known(number: Decimal | None) -> Decimal | None:
    return number if number is not None and number.is_finite() else None
