"""Money and coins that came into an account or left it by other ways than trades, as the venue's ledger has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_ZERO = Decimal(0)


class FlowKind(StrEnum):
    """Where it came from or went to."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    OTHER = "other"  # rewards, interest, airdrops, conversions, transfers between accounts, corrections


@dataclass(frozen=True, slots=True)
class Flow:
    """One movement. amount: what it changed the balance by, below 0 where something left, its fee included; time_ms:
    UTC, by the venue's clock; ref: the venue's id of the movement; words: its own word for the kind."""

    currency: str
    amount: Decimal
    time_ms: int
    kind: FlowKind
    ref: str
    words: str


def explained(flows: Iterable[Flow], counted: Collection[str] = ()) -> Mapping[str, Decimal]:
    """By currency, what the flows changed the balances by. counted: the ids of those that an earlier balance holds
    already, since a ledger is read again from a little before it. A movement that is told twice counts once."""
    found: dict[str, Decimal] = {}
    for each in {(each.ref, each.currency): each for each in flows}.values():
        if each.ref not in counted:
            found[each.currency] = found.get(each.currency, _ZERO) + each.amount
    return found
