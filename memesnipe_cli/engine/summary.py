"""What a run says of itself: the `backtest` record, from the trades and marks of a Backtest.

A loss is written as a loss, no number is dressed up, and what is undefined is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.breakdown import by_strategy, by_symbol, caps_that_bound
from memesnipe_cli.engine.breaker_story import told
from memesnipe_cli.engine.metrics.daily_returns import daily_returns
from memesnipe_cli.engine.metrics.drawdown import drawdown_series, max_drawdown
from memesnipe_cli.engine.metrics.expectancy import expectancy, expectancy_in_risk
from memesnipe_cli.engine.metrics.exposure import average_gross, exposure
from memesnipe_cli.engine.metrics.payoff_ratio import payoff_ratio
from memesnipe_cli.engine.metrics.profit_factor import profit_factor
from memesnipe_cli.engine.metrics.realised_risk import risk_shares
from memesnipe_cli.engine.metrics.sharpe import annual_sharpe_standard_error, sharpe
from memesnipe_cli.engine.metrics.sortino import sortino
from memesnipe_cli.engine.metrics.total_return import total_return
from memesnipe_cli.engine.metrics.turnover import turnover
from memesnipe_cli.engine.metrics.win_rate import wilson_lower_bound, win_rate
from memesnipe_cli.engine.model import MONEY_UNIT
from memesnipe_cli.engine.notes import notes
from memesnipe_cli.engine.refused import capital_needed, fee_needed, refusals_by_code
from memesnipe_cli.records import decimal_text, record, statistic, time_text

if TYPE_CHECKING:
    from memesnipe_cli.engine.backtest import Backtest, Coverage
    from memesnipe_cli.engine.model import Float64


def summary(backtest: Backtest, shares: Float64 | None = None) -> dict[str, Any]:
    """The `backtest` record of a run: money as decimal strings, statistics as numbers or None.

    `shares` is drawdown_series(equity, capital) where the caller has it already.
    """
    closed = backtest.trades
    all_trades = [*closed, *backtest.open_trades]
    profits = [trade.pnl for trade in closed]
    wins = sum(profit > 0 for profit in profits)
    average = expectancy(profits)
    result = _curve_figures(backtest, backtest.equity, shares)
    hold = _curve_figures(backtest, backtest.buy_and_hold)
    needed = capital_needed(backtest.refusals)
    names = [str(strategy["name"]) for strategy in backtest.strategies]
    row = record(
        "backtest",
        run=backtest.run,
        strategies=names,
        symbols=list(backtest.symbols),
        since=time_text(backtest.since_ms),
        until=time_text(backtest.until_ms),
        bars=backtest.bars,
        trades=len(closed),
        wins=wins,
        win_rate=win_rate(wins, len(closed)),
        win_rate_low=wilson_lower_bound(wins, len(closed)),
        expectancy=None if average is None else decimal_text(average),
        payoff_ratio=payoff_ratio(profits),
        profit_factor=profit_factor(profits),
        sharpe=result["sharpe"],
        sharpe_se=result["sharpe_se"],
        sortino=result["sortino"],
        max_drawdown=result["max_drawdown"],
        total_return=result["total_return"],
        buy_and_hold=hold["total_return"],
        start_equity=decimal_text(backtest.capital),
        final_equity=result["final_equity"],
        fees=_total(trade.fees for trade in all_trades),
        slippage=_total(trade.slippage for trade in all_trades),
        exposure=exposure(backtest.held),
        turnover=turnover(_traded(backtest), backtest.equity),
        assumptions=_plain(backtest.assumptions),
        coverage=[_coverage_row(series) for series in backtest.coverage],
        # More than the fields above promise.
        venues=list(backtest.venues),
        timeframe=backtest.base_timeframe,
        currency=backtest.currency,
        days=(backtest.until_ms - backtest.since_ms) / DAY_MS,
        simulated=any(series.simulated for series in backtest.coverage),
        synthetic_bars=sum(series.synthetic for series in backtest.coverage),
        strategy_details=_plain(backtest.strategies),
        pnl=_total(profits),
        funding=_total(trade.funding for trade in all_trades),
        expectancy_r=expectancy_in_risk(profits, [trade.risk for trade in closed]),
        max_drawdown_days=result["max_drawdown_days"],
        drawdown_recovered=result["drawdown_recovered"],
        average_gross=statistic(average_gross(backtest.held)),
        open_trades=len(backtest.open_trades),
        open_pnl=_open_pnl(backtest),
        orders=backtest.orders,
        signals=backtest.signals,
        refusals=refusals_by_code(backtest.refusals),
        fee_needed=statistic(fee_needed(backtest.refusals)),
        capital_needed=None if needed is None else decimal_text(needed),
        missed=dict(backtest.missed),
        caps=caps_that_bound(all_trades),
        risk_per_trade=_risk_per_trade(backtest),
        by_strategy=by_strategy(names, closed),
        by_symbol=by_symbol(((series.venue, series.symbol) for series in backtest.coverage), closed),
        hold=hold,
        breaker=told(backtest.breaker, backtest.until_ms, backtest.assumed_reset_ms),
        warnings=list(backtest.warnings),
    )
    row["notes"] = notes(row)
    return row


def _curve_figures(backtest: Backtest, equity: Float64, shares: Float64 | None = None) -> dict[str, Any]:
    """What can be said of a line of marked equity, the run's own or that of buy and hold."""
    start = float(backtest.capital)
    final = float(equity[-1]) if len(equity) else start
    returns = daily_returns(backtest.close_ms, equity, start)
    if shares is None:
        shares = drawdown_series(equity, start)
    fall = max_drawdown(backtest.close_ms, equity, start, backtest.since_ms, shares)
    annual = None if returns is None else sharpe(returns)
    return {
        "final_equity": decimal_text(_amount(final)),
        "total_return": total_return(start, final),
        "sharpe": annual,
        "sharpe_se": None if returns is None else annual_sharpe_standard_error(annual, len(returns)),
        "sortino": None if returns is None else sortino(returns),
        "max_drawdown": None if fall is None else fall.depth,
        "max_drawdown_days": None if fall is None else fall.days,
        "drawdown_recovered": None if fall is None else fall.recovered_ms is not None,
    }


def _plain(value: Any) -> Any:
    """`value` as JSON has it: amounts as decimal text, an undefined number as None."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, float):
        return statistic(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _total(amounts: Iterable[Decimal]) -> str:
    return decimal_text(sum(amounts, Decimal(0)))


def _open_pnl(backtest: Backtest) -> str:
    """What the positions held at the end gain at their last marks: whatever the closed trades did not."""
    if not backtest.open_trades or not len(backtest.equity):
        return "0"
    gained = _amount(float(backtest.equity[-1])) - backtest.capital
    return decimal_text(gained - sum((trade.pnl for trade in backtest.trades), Decimal(0)))


def _amount(value: float) -> Decimal:
    """Marked equity as an amount, to a money unit."""
    return Decimal(repr(value)).quantize(MONEY_UNIT)


def _traded(backtest: Backtest) -> float:
    """Value of all purchases and sales: a closed trade went in and out, an open one only in."""
    went_in = sum((trade.notional for trade in [*backtest.trades, *backtest.open_trades]), Decimal(0))
    came_out = sum((trade.qty * trade.exit_price for trade in backtest.trades), Decimal(0))
    return float(went_in + came_out)


def _risk_per_trade(backtest: Backtest) -> dict[str, float | None]:
    """Mean and largest risk at entry (stop distance x quantity) as a share of equity at that time."""
    trades = [*backtest.trades, *backtest.open_trades]
    shares = risk_shares(
        np.array([trade.entry_ms for trade in trades], dtype=np.int64),
        np.array([float(trade.risk) for trade in trades], dtype=np.float64),
        backtest.close_ms,
        backtest.equity,
        float(backtest.capital),
    )
    known = shares[np.isfinite(shares)]
    if not len(known):
        return {"mean": None, "max": None}
    return {"mean": float(np.mean(known)), "max": float(np.max(known))}


def _coverage_row(series: Coverage) -> dict[str, Any]:
    row = asdict(series)
    first_ms, last_ms = row.pop("first_ms"), row.pop("last_ms")
    share = series.bars / series.expected if series.expected else None
    return {**row, "share": share, "first": time_text(first_ms), "last": time_text(last_ms)}
