"""A plan, before anyone risks a cent: what capital a strategy needs on a venue, up to which fee it would have earned,
how often it trades, what that comes to in a month, and the odds of a wish (trading on stored candles, as a backtest
does)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.plan_odds import Odds, mean_interval, wish_odds
from memesnipe_cli.engine.plan_runs import MONTH_MS, PlanRequest, PlanRun, PlanRuns

FEW_TRADES = 30  # below it a mean says next to nothing


@dataclass(frozen=True)
class Wish:
    """A goal in the account's currency, to be reached within so many days."""

    goal: float
    days: int


@dataclass(frozen=True)
class Expected:
    """What a run with `capital` comes to. Rates are a month's; dollars: of the account's currency; low, high: the 90 %
    interval of dollars, None where nothing was traded. refused: by reason, over the whole span."""

    capital: Decimal
    trades: float
    dollars: float
    low: float | None
    high: float | None
    total_trades: int
    refused: dict[str, int]


@dataclass(frozen=True)
class Plan:
    """What was found. Shares are of the price or of the stop; `expected` is with the capital asked about,
    `at_minimum` with the smallest that is enough, where that is more. capital_legs: from here on a partial target is
    an order of its own. affordable: the share of signals whose cost, without impact, passes the veto."""

    months: float
    since_ms: int
    until_ms: int
    simulated: bool
    signals: float
    fee: float
    cost: float
    stop: float | None
    cost_share: float | None
    affordable: float | None
    veto: float
    fee_passing: float | None
    minimum_capital: Decimal | None
    capital_legs: Decimal | None
    break_even_fee: float | None
    expected: Expected
    at_minimum: Expected | None
    odds: Odds | None
    warnings: list[str]


def make_plan(request: PlanRequest, capital: Decimal, wish: Wish | None) -> Plan:
    """Plan a strategy on a venue. Raises DataError where the store has too few bars, StrategyError."""
    runs = PlanRuns(request)
    stops = runs.stops()
    limits = request.profile.limits
    cost = runs.cost()
    minimum = runs.minimum_capital()
    first = runs.at(capital)
    hold = first
    more = None
    if minimum is not None and minimum > capital:
        hold = runs.at(minimum)
        more = _expected(hold, runs.months)
    shares = cost / stops if len(stops) else stops
    return Plan(
        months=runs.months,
        since_ms=int(runs.tape.ts[0]),
        until_ms=int(runs.tape.ts[-1]) + runs.tape.base_ms,
        simulated=any(item.candles.key.simulated for item in runs.dataset.series),
        signals=len(stops) / runs.months,
        fee=runs.fee(),
        cost=cost,
        stop=float(np.median(stops)) if len(stops) else None,
        cost_share=float(np.median(shares)) if len(stops) else None,
        affordable=float(np.mean(shares <= limits.max_cost_share)) if len(stops) else None,
        veto=limits.max_cost_share,
        fee_passing=_fee_passing(stops, runs, limits.max_cost_share),
        minimum_capital=minimum,
        capital_legs=_legs(request, minimum),
        break_even_fee=runs.break_even_fee(hold),
        expected=_expected(first, runs.months),
        at_minimum=more,
        odds=_odds(first, wish),
        warnings=[*runs.dataset.warnings, *_unknown(request, runs)],
    )


def _unknown(request: PlanRequest, runs: PlanRuns) -> list[str]:
    """What the minimum capital stands on where nobody has told it."""
    symbols = runs.unknown_minimums()
    if not symbols:
        return []
    return [
        f"the smallest order of {', '.join(symbols)} on {request.venue} is not known and taken as 1: "
        "memesnipe ingest candles asks the venue for it"
    ]


def _fee_passing(
    stops: np.ndarray[tuple[int], np.dtype[np.float64]], runs: PlanRuns, veto: float
) -> float | None:
    """The taker fee (share) at which half of the signals pass the cost veto; None where spread alone is too much."""
    if not len(stops):
        return None
    spread = (runs.cost() - 2.0 * runs.fee()) / 2.0
    fee = float(np.median(stops)) * veto / 2.0 - spread
    return fee if fee > 0.0 else None


def _legs(request: PlanRequest, minimum: Decimal | None) -> Decimal | None:
    """The capital at which the smaller leg of a partial target is large enough by itself."""
    plan = request.strategy.plan
    if minimum is None or plan.target_r <= 0.0 or plan.target_share >= 1.0:
        return None
    smaller = min(plan.target_share, 1.0 - plan.target_share)
    return Decimal(int(minimum / Decimal(str(smaller))) + 1)


def _expected(run: PlanRun, months: float) -> Expected:
    low = high = None
    if run.trades and run.daily is not None:
        # Of the capital at the start: what is earned is not added to what the next trades are sized by.
        amounts = run.daily * float(run.capital)
        low, high = (edge * MONTH_MS / DAY_MS for edge in mean_interval(amounts))
    return Expected(
        capital=run.capital,
        trades=len(run.trades) / months,
        dollars=run.profit / months,
        low=low,
        high=high,
        total_trades=len(run.trades),
        refused=dict(run.refused.most_common()),
    )


def _odds(run: PlanRun, wish: Wish | None) -> Odds | None:
    if wish is None or run.daily is None or not len(run.daily):
        return None
    return wish_odds(run.daily, float(run.capital), wish.goal, wish.days)
