"""Values of a venue's answer, taken as the venue wrote them: amounts as Decimal from its text, never through a float.

An answer without what was asked for raises MalformedAnswerError: it is as good as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from memesnipe_cli.market.calling import MalformedAnswerError

_SECOND = Decimal(1000)


def mapping(answer: object, *path: str) -> Mapping[str, Any]:
    """The object at `path` inside an answer."""
    found = _at(answer, path)
    if not isinstance(found, Mapping):
        raise MalformedAnswerError(f"the answer holds no {_named(path)}")
    return found


def rows(answer: object, *path: str) -> list[Any]:
    """The list at `path` inside an answer."""
    found = _at(answer, path)
    if not isinstance(found, list):
        raise MalformedAnswerError(f"the answer holds no list of {_named(path)}")
    return found


def text(answer: object, *path: str) -> str:
    """The text at `path`, which must be there and not empty; a number is given as it was written."""
    found = _at(answer, path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found:
        raise MalformedAnswerError(f"the answer holds no {_named(path)}")
    return found


def amount(answer: object, *path: str) -> Decimal:
    """The amount at `path`, exactly as written."""
    written = text(answer, *path)
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise MalformedAnswerError(f"{_named(path)} is {written!r}, no number") from None
    if not number.is_finite():
        raise MalformedAnswerError(f"{_named(path)} is {written!r}, no number")
    return number


def optional_amount(answer: Mapping[str, Any], name: str) -> Decimal | None:
    """The amount, or None where the field is missing, empty or null."""
    return None if answer.get(name) in (None, "") else amount(answer, name)


def optional_count(answer: object, *path: str) -> int | None:
    """How many there are, or None where the venue does not say. Raises where it says nonsense."""
    if _at(answer, path) in (None, ""):
        return None
    number = amount(answer, *path)
    if number < 0 or number != number.to_integral_value():
        raise MalformedAnswerError(f"{_named(path)} is {number}, no count")
    return int(number)


def optional_seconds_ms(answer: Mapping[str, Any], name: str) -> int:
    """A time written in seconds as ms UTC, 0 where there is none."""
    return seconds_ms(answer, name) if answer.get(name) not in (None, "") else 0


def price_or_none(answer: Mapping[str, Any], name: str) -> Decimal | None:
    """A price, or None where there is none: venues write 0 for it."""
    return optional_amount(answer, name) or None


def seconds_ms(answer: object, *path: str) -> int:
    """A time written in seconds, with or without a fraction, as ms UTC."""
    return int(amount(answer, *path) * _SECOND)


def moment_ms(answer: object, *path: str) -> int:
    """A time written as RFC 3339, with up to nanoseconds, as ms UTC."""
    written = text(answer, *path)
    try:
        return int(datetime.fromisoformat(written).timestamp() * 1000)
    except ValueError:
        raise MalformedAnswerError(f"{_named(path)} is {written!r}, no time") from None


def plain(number: Decimal) -> str:
    """An amount as text for a venue or a journal: no exponent, the digits it has."""
    return f"{number:f}"


def _at(answer: object, path: tuple[str, ...]) -> object:
    found = answer
    for name in path:
        if not isinstance(found, Mapping):
            raise MalformedAnswerError(f"the answer holds no {_named(path)}")
        found = found.get(name)
    return found


def _named(path: tuple[str, ...]) -> str:
    return ".".join(path) or "content"
