"""Sums and products of amounts that are never rounded: Python's own context keeps 28 digits only."""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation

# What venues and books write, added up and multiplied, stays far below this many digits.
_EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero])

plus = _EXACT.add
minus = _EXACT.subtract
times = _EXACT.multiply


def money(text: str | None) -> Decimal:
    """A decimal text as it stands; 0 for none."""
    return Decimal(0) if text is None else Decimal(text)
