"""How large the wins are beside the losses."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def payoff_ratio(profits: Sequence[Decimal]) -> float | None:
    """Mean win / mean loss after costs; trades at exactly 0 are neither. None without a win or a loss."""
    wins = [profit for profit in profits if profit > 0]
    losses = [-profit for profit in profits if profit < 0]
    if not wins or not losses:
        return None
    return float((sum(wins, Decimal(0)) / len(wins)) / (sum(losses, Decimal(0)) / len(losses)))
