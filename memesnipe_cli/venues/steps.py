"""Quantities in whole lots and prices in whole ticks, exact; a step that is not known changes nothing."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


def whole_lots(qty: Decimal, lot: Decimal | None) -> Decimal:
    """The largest number of lots that is not above a quantity."""
    return (qty / lot).to_integral_value(ROUND_FLOOR) * lot if lot else qty


def whole_ticks(price: Decimal, tick: Decimal | None, *, up: bool) -> Decimal:
    """The nearest tick at or above a price, or at or below it."""
    if not tick:
        return price
    return (price / tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * tick
