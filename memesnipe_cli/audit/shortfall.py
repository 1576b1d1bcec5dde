"""What trading an order cost against deciding on it: the implementation shortfall and its parts, exact.

The shortfall is the worth of the paper portfolio that trades all it wants at the decision price, less that of the real
one (Perold, "The implementation shortfall: paper versus reality", Journal of Portfolio Management 14, 1988). With s = 1
for a purchase and -1 for a sale, Q wanted, q_i filled at p_i, D the decision price, A_i the mid on arrival (when the
order was sent) and h_i half of bid to ask then, and E the mid when it ended:

    delay        s * sum q_i * (A_i - D)                  the price moved before we were there
    spread       sum q_i * h_i                            paid for taking, not making
    impact       s * sum q_i * (p_i - A_i) - spread       the rest: our own push, and what moved on the way
    fees         what the venue took
    opportunity  s * (Q - sum q_i) * (E - D)              what did not fill, by what it would cost now

The expanded form with a delay of its own is Wagner's (Wagner and Edwards, 1993), as Kissell writes it ("The Science of
Algorithmic Trading and Portfolio Management", 2013, chapter 3). A cost is above 0, a gain below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import Context, Decimal, Inexact, localcontext

_ZERO = Decimal(0)
# Products and sums of what venues write stay far below this many digits: nothing is ever rounded.
_EXACT = Context(prec=400, traps=[Inexact])
_BPS = Decimal(10_000)

PARTS = ("delay", "spread", "impact", "fees", "opportunity")


@dataclass(frozen=True, slots=True)
class Filled:
    """One fill. fee: in the quote currency, None where it was taken in another that has no price here. arrival: the
    mid when its order was sent, half_spread: half of bid to ask then; None where nobody knows."""

    qty: Decimal
    price: Decimal
    fee: Decimal | None
    arrival: Decimal | None = None
    half_spread: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Costs in the quote currency. None: a part that could not be measured; where `delay` or `spread` is None for want
    of an arrival price, `impact` holds it. notional: what was wanted, at the price it is judged by."""

    delay: Decimal | None
    spread: Decimal | None
    impact: Decimal | None
    fees: Decimal | None
    opportunity: Decimal | None
    notional: Decimal

    @property
    def total(self) -> Decimal:
        """The sum of the parts that are known, exactly."""
        return exact_sum(getattr(self, part) for part in PARTS)

    @property
    def unknown(self) -> list[str]:
        """The parts that are not known."""
        return [part for part in PARTS if getattr(self, part) is None]

    def bps(self, amount: Decimal | None) -> float | None:
        """An amount as basis points of the notional; None where there is none."""
        return basis_points(amount, self.notional)


def shortfall(
    side: str,
    wanted: Decimal,
    fills: Sequence[Filled],
    decision: Decimal | None,
    end: Decimal | None,
    arrival: Decimal | None = None,
) -> Shortfall:
    """Of one order. side: buy or sell; wanted: base units; decision: the price it was decided on, None where nobody
    knows (it is then judged by its arrival prices, and its delay is unknown); end: the mid when it ended; arrival: the
    mid when it was sent, for the part that did not fill."""
    with localcontext(_EXACT):
        sign = 1 if side == "buy" else -1
        filled = sum((each.qty for each in fills), _ZERO)
        charged = [each.fee for each in fills]
        fees = None if None in charged else sum((fee for fee in charged if fee is not None), _ZERO)
        arrivals = [each.arrival for each in fills]
        arrived = None not in arrivals
        spreads = [each.half_spread for each in fills]
        spread = (
            None
            if not arrived or None in spreads
            else sum((each.qty * (each.half_spread or _ZERO) for each in fills), _ZERO)
        )
        judged = [decision if decision is not None else each.arrival for each in fills]
        delay = impact = None
        notional = _ZERO
        if None not in judged:
            paper = sum(
                (each.qty * (price or _ZERO) for each, price in zip(fills, judged, strict=True)), _ZERO
            )
            paid = sum((each.qty * each.price for each in fills), _ZERO)
            notional = paper
            if arrived and decision is not None:
                at_arrival = sum((each.qty * (each.arrival or _ZERO) for each in fills), _ZERO)
                delay = sign * (at_arrival - paper)
            impact = sign * (paid - paper) - (delay or _ZERO) - (spread or _ZERO)
        left = wanted - filled
        opportunity: Decimal | None = _ZERO
        if left > 0:
            opportunity = None
            wished = decision if decision is not None else arrival
            if wished is not None:
                notional += left * wished
                opportunity = None if end is None else sign * left * (end - wished)
        return Shortfall(delay, spread, impact, fees, opportunity, notional)


def add(parts: Iterable[Shortfall]) -> Shortfall:
    """Several together: each part is the sum of those that are known, None where none is."""
    every = list(parts)
    sums: dict[str, Decimal | None] = {}
    for field in fields(Shortfall):
        known = [getattr(each, field.name) for each in every if getattr(each, field.name) is not None]
        sums[field.name] = exact_sum(known) if known else None
    return Shortfall(**{**sums, "notional": sums["notional"] or _ZERO})  # type: ignore[arg-type]


def exact_sum(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of what is known, never rounded."""
    with localcontext(_EXACT):
        return sum((each for each in amounts if each is not None), _ZERO)


def exact_product(one: Decimal, other: Decimal) -> Decimal:
    """The product, never rounded."""
    with localcontext(_EXACT):
        return one * other


def half_way(bid: Decimal, ask: Decimal) -> tuple[Decimal, Decimal]:
    """(mid, half of bid to ask), never rounded."""
    with localcontext(_EXACT):
        return (bid + ask) / 2, (ask - bid) / 2


def basis_points(amount: Decimal | None, notional: Decimal) -> float | None:
    """amount / notional in basis points, as a statistic; None where either is not known."""
    return None if amount is None or notional <= 0 else round(float(amount / notional * _BPS), 4)
