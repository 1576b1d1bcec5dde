"""The trades of a run, taken apart: by strategy, by symbol, by the cap that bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine.metrics.expectancy import expectancy
from memesnipe_cli.engine.metrics.payoff_ratio import payoff_ratio
from memesnipe_cli.engine.metrics.win_rate import wilson_lower_bound, win_rate
from memesnipe_cli.records import decimal_text

if TYPE_CHECKING:
    from memesnipe_cli.engine.trades import TradeRecord


def by_strategy(names: Iterable[str], trades: Sequence[TradeRecord]) -> list[dict[str, Any]]:
    """One row a strategy, those without a trade too, in the order of `names`."""
    groups: dict[str, list[TradeRecord]] = {name: [] for name in names}
    for trade in trades:
        groups.setdefault(trade.strategy, []).append(trade)
    return [{"strategy": name, **_figures(group)} for name, group in groups.items()]


def by_symbol(series: Iterable[tuple[str, str]], trades: Sequence[TradeRecord]) -> list[dict[str, Any]]:
    """One row for each (venue, symbol), those without a trade too, in the order of `series`."""
    groups: dict[tuple[str, str], list[TradeRecord]] = {place: [] for place in series}
    for trade in trades:
        groups.setdefault((trade.venue, trade.symbol), []).append(trade)
    return [
        {"venue": venue, "symbol": symbol, **_figures(group)} for (venue, symbol), group in groups.items()
    ]


def caps_that_bound(trades: Iterable[TradeRecord]) -> dict[str, int]:
    """How many entries each cap sized, the most frequent first."""
    return dict(Counter(trade.cap for trade in trades).most_common())


def _figures(trades: Sequence[TradeRecord]) -> dict[str, Any]:
    profits = [trade.pnl for trade in trades]
    wins = sum(profit > 0 for profit in profits)
    average = expectancy(profits)
    return {
        "trades": len(trades),
        "wins": wins,
        "win_rate": win_rate(wins, len(trades)),
        "win_rate_low": wilson_lower_bound(wins, len(trades)),
        "expectancy": None if average is None else decimal_text(average),
        "payoff_ratio": payoff_ratio(profits),
        "pnl": decimal_text(sum(profits, Decimal(0))),
        "fees": decimal_text(sum((trade.fees for trade in trades), Decimal(0))),
        "slippage": decimal_text(sum((trade.slippage for trade in trades), Decimal(0))),
    }
