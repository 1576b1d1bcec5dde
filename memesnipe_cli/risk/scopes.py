"""What the breaker can stop: the whole account, one strategy, or one symbol."""

from __future__ import annotations

ACCOUNT = "account"


def strategy_scope(name: str) -> str:
    """The scope of one strategy."""
    return f"strategy:{name}"


def symbol_scope(symbol: str) -> str:
    """The scope of one symbol, in all strategies."""
    return f"symbol:{symbol}"
