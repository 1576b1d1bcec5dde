"""What a trade brought on average, after all costs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from memesnipe_cli.engine.model import MONEY_UNIT


def expectancy(profits: Sequence[Decimal]) -> Decimal | None:
    """Mean net profit of a trade, in the quote currency, rounded to a money unit. None for no trades."""
    if not profits:
        return None
    return (sum(profits, Decimal(0)) / len(profits)).quantize(MONEY_UNIT)


def expectancy_in_risk(profits: Sequence[Decimal], risks: Sequence[Decimal]) -> float | None:
    """Mean of profit / risk (the R multiple: what the stop would have lost before costs) over the trades that
    had a risk above 0. None where none had."""
    multiples = [float(profit / risk) for profit, risk in zip(profits, risks, strict=True) if risk > 0]
    return sum(multiples) / len(multiples) if multiples else None
