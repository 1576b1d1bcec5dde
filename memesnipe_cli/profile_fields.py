"""The kinds of value that a profile's tables are made of."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _number(value: Any) -> Any:
    """TOML's numbers only: no booleans, no text that happens to look like a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")
    return float(value)


def _money(value: Any) -> Any:
    """A number, or a decimal in quotes; a float is read by its shortest text, so 0.1 is 0.1."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("must be an amount of money")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError("must be an amount of money") from None


Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0, le=1)]
PositiveShare = Annotated[Share, Field(gt=0)]
Money = Annotated[Decimal, BeforeValidator(_money), Field(allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class Settings(BaseModel):
    """A table of a profile: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)


def refuse_looser(looser: list[str], allowed: bool) -> None:
    """Raises ValueError with what is looser than the owner's numbers, unless the profile says that it may be."""
    if looser and not allowed:
        raise ValueError(f"{'; '.join(looser)}, unless allow_looser = true")


def looser_than(bounds: tuple[tuple[str, float, float], ...]) -> list[str]:
    """What exceeds its bound, in words: from (name, given, most)."""
    return [f"{name} is {given:g}: at most {most:g}" for name, given, most in bounds if given > most]
