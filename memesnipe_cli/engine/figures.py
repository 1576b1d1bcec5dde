"""How numbers of a result are written for a person, the same in the terminal and on the page."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

UNDEFINED = "-"
_ENOUGH = Context(prec=10)


def percent(share: float | None, digits: int = 2) -> str:
    """0.0123 -> `1.23 %`."""
    # What rounds to nothing has no sign.
    return UNDEFINED if share is None else f"{round(share * 100, digits) + 0.0:.{digits}f} %"


def signed_percent(share: float | None) -> str:
    """0.0123 -> `+1.23 %`."""
    return UNDEFINED if share is None else f"{share * 100:+.2f} %"


def number(value: float | None, digits: int = 2) -> str:
    """1.2345 -> `1.23`."""
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def whole(value: int | None) -> str:
    """12345 -> `12,345`."""
    return UNDEFINED if value is None else f"{value:,}"


def money(amount: str | None, currency: str = "", *, signed: bool = False, digits: int = 2) -> str:
    """A decimal string, rounded for reading: `1,234.50 USD`."""
    if amount is None:
        return UNDEFINED
    text = f"{Decimal(amount):{'+' if signed else ''},.{digits}f}"
    return f"{text} {currency}".rstrip()


def price(amount: str | None) -> str:
    """A price or a quantity to ten digits, without an exponent and without trailing zeros."""
    if amount is None:
        return UNDEFINED
    text = f"{_ENOUGH.plus(Decimal(amount)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_error(value: float | None, error: float | None) -> str:
    """`1.50 +/- 1.02`: an estimate and its standard error."""
    if value is None or error is None:
        return number(value)
    return f"{value:.2f} +/- {error:.2f}"


def day(time: str | None) -> str:
    """The date and minute of an RFC 3339 time: `2025-01-31 12:05`."""
    return UNDEFINED if time is None else time[:16].replace("T", " ")


def counted(counts: dict[str, Any]) -> str:
    """{"cost": 12, "too_small": 3} -> `12 cost, 3 too_small`."""
    return ", ".join(f"{many:,} {what}" for what, many in counts.items()) or "none"
