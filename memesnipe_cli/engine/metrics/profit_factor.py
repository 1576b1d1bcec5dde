"""What the winners made for each unit that the losers lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def profit_factor(profits: Sequence[Decimal]) -> float | None:
    """Sum of wins / sum of losses, after costs: 0 where nothing won, None where nothing lost."""
    won = sum((profit for profit in profits if profit > 0), Decimal(0))
    lost = -sum((profit for profit in profits if profit < 0), Decimal(0))
    return float(won / lost) if lost else None
