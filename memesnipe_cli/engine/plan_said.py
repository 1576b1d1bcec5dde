"""A plan in words: the `plan` record and its verdict. A loss is called a loss."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from memesnipe_cli.engine.figures import counted, money, percent
from memesnipe_cli.engine.plan import FEW_TRADES, Expected, Plan
from memesnipe_cli.engine.plan_odds import Odds
from memesnipe_cli.engine.refused import meaning
from memesnipe_cli.records import decimal_text, record, statistic, time_text

PAST = "this is what the stored past would have come to, no promise"


def plan_record(strategy: str, venue: str, symbols: list[str], currency: str, plan: Plan) -> dict[str, Any]:
    """The `plan` record. Rates are a month's, amounts in the currency; `dollars_low`, `dollars_high`: the 90 % interval
    of the mean month. `break_even_fee`: the highest taker fee (share) at which it would have earned, null where it
    would not have without any."""
    return record(
        "plan",
        strategy=strategy,
        venue=venue,
        symbols=symbols,
        currency=currency,
        since=time_text(plan.since_ms),
        until=time_text(plan.until_ms),
        months=plan.months,
        simulated=plan.simulated,
        minimum_capital=None if plan.minimum_capital is None else decimal_text(plan.minimum_capital),
        capital_for_two_legs=None if plan.capital_legs is None else decimal_text(plan.capital_legs),
        fee=plan.fee,
        break_even_fee=plan.break_even_fee,
        round_trip=plan.cost,
        median_stop=statistic(plan.stop),
        cost_share_of_stop=statistic(plan.cost_share),
        cost_share_limit=plan.veto,
        signals_passing_cost=plan.affordable,
        fee_for_half_of_the_signals=plan.fee_passing,
        signals_a_month=plan.signals,
        **_expected(plan.expected),
        at_minimum_capital=None if plan.at_minimum is None else _expected(plan.at_minimum),
        goal=None if plan.odds is None else _odds(plan.odds),
        missing=None,
        verdict=verdict(plan, currency),
        warnings=plan.warnings,
    )


def missing_record(
    strategy: str, venue: str, symbols: list[str], currency: str, why: str, hint: str
) -> dict[str, Any]:
    """The `plan` record of what cannot be planned: `missing` says why, `hint` the command that helps."""
    return record(
        "plan",
        strategy=strategy,
        venue=venue,
        symbols=symbols,
        currency=currency,
        missing=why,
        hint=hint,
        verdict=f"not planned: {why}",
    )


def verdict(plan: Plan, currency: str) -> str:
    """What it comes to, in one or two sentences."""
    said = _verdict(plan, currency)
    return f"SIMULATED market, no evidence: {said}" if plan.simulated else said


def _verdict(plan: Plan, currency: str) -> str:
    if not plan.signals:
        return f"no entry signal in {plan.months:.1f} months: nothing to trade"
    used = plan.at_minimum or plan.expected
    said = ""
    if plan.at_minimum is not None:
        said = (
            f"{money(decimal_text(plan.expected.capital), currency)} is too little: it needs "
            f"{money(decimal_text(used.capital), currency)}, and with that it "
        )
    if not used.total_trades:
        return f"{said or 'it '}{_no_trades(plan, used)}"
    return f"{said}{_outcome(plan, used, currency)}"


def _no_trades(plan: Plan, used: Expected) -> str:
    """Why signals became no trade."""
    many = plan.signals * plan.months
    if used.refused and next(iter(used.refused)) == "cost":
        passing = "no fee is low enough for half of them: the spread alone costs too much"
        if plan.fee_passing is not None:
            passing = f"half of them would pass at fees below {percent(plan.fee_passing, 3)} a side"
        return (
            f"does not trade: {many:,.0f} signals in {plan.months:.1f} months, {counted(used.refused)}; a round trip "
            f"costs {percent(plan.cost_share, 0)} of the usual stop distance, {percent(plan.veto, 0)} is the most; "
            f"{passing}"
        )
    reasons = ", ".join(f"{number:,} {meaning(code)}" for code, number in used.refused.items())
    return f"does not trade: {many:,.0f} signals in {plan.months:.1f} months ({reasons or 'none became an order'})"


def _outcome(plan: Plan, used: Expected, currency: str) -> str:
    """What the trades earn."""
    amount = money(str(round(abs(used.dollars), 6)), currency, digits=_digits(used.dollars))
    fee = f"at fees of {percent(plan.fee)} a side"
    few = f" (only {used.total_trades} trades: they prove nothing)" if used.total_trades < FEW_TRADES else ""
    if used.dollars <= 0.0:
        needs = "it would lose without any fee"
        if plan.break_even_fee is not None:
            needs = f"it would need fees below {percent(plan.break_even_fee, 3)}"
        return f"loses {amount} a month {fee}{few}; {needs}"
    if used.low is None or used.low <= 0.0:
        return f"earned {amount} a month {fee}{few}, but the interval reaches below zero: no edge is shown; {PAST}"
    return f"earned {amount} a month {fee}{few}; {PAST}"


def odds_words(odds: Odds, currency: str) -> str:
    """The honest answer to a wish."""
    start, goal = money(str(odds.start), currency), money(str(round(odds.goal, 2)), currency)
    said = (
        f"{start} to {goal} in {odds.days} days: {odds.words} (the tested days drawn again in blocks, "
        f"{odds.resamples:,} times). It takes {percent(odds.needed)} every day; the best tested day made "
        f"{percent(odds.best_day)}"
    )
    if odds.best_case < odds.goal:
        said += f", and even that day {odds.days} times running ends at {money(f'{odds.best_case:.2f}', currency)}"
    return said


def _expected(expected: Expected) -> dict[str, Any]:
    return {
        "capital": decimal_text(expected.capital),
        "trades_a_month": expected.trades,
        "trades": expected.total_trades,
        "dollars_a_month": expected.dollars,
        "dollars_low": expected.low,
        "dollars_high": expected.high,
        "refusals": expected.refused,
    }


def _odds(odds: Odds) -> dict[str, Any]:
    return {
        **asdict(odds),
        "best_case": statistic(odds.best_case),
        "probability": odds.probability,
        "words": odds.words,
    }


def _digits(amount: float) -> int:
    """Decimals that let a small amount be seen."""
    return 2 if abs(amount) >= 0.1 else 4
