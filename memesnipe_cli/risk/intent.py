"""An order as it will be sent, before it has been checked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache


class Action(StrEnum):
    """What an order does to what is held; which limits hold for it hangs on this alone (actions.py)."""

    ENTRY = "entry"  # opens or enlarges a position
    REDUCE = "reduce"  # makes one smaller, now
    PROTECT = "protect"  # rests until a stop is reached, then makes one smaller
    CANCEL = "cancel"  # takes an order back


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """What somebody wants to send. Says nothing about whether it may be sent.

    id: the client order id (of a cancel: the id of the order to take back). position: "long" or "short", what is
    opened or made smaller; side: "buy" or "sell". price: the worst price it may fill at; a market order is a marketable
    limit, only a protective order may have none. stop: of an entry the planned stop, of a protective order its
    trigger. attempt: how often this exit was tried before (its collar widens). replaces: the id of the resting exit
    that this one is amended from, so that the two count once.
    """

    id: str
    action: Action
    venue: str
    symbol: str
    base: str
    strategy: str
    cluster: str
    side: str
    qty: Decimal
    price: Decimal | None
    kind: str
    position: str
    stop: Decimal | None = None
    reason: str = ""
    attempt: int = 0
    replaces: str = ""

    @property
    def quote(self) -> str:
        """The currency that it is paid in: `USD` of `DOGE/USD`, `USDT` of `ETH/USDT:USDT`."""
        return _quote_of(self.symbol)


@cache
def _quote_of(symbol: str) -> str:
    return symbol.rpartition("/")[2].partition(":")[0]
