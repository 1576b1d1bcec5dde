"""`memesnipe strategies plan`: what a strategy needs and may be expected to earn on a venue, before it trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import DataError, ExitCode, UsageError
from memesnipe_cli.run_options import Param, Since, Symbol, Until, complete_strategy

if TYPE_CHECKING:
    from memesnipe_cli.engine.plan import Wish
    from memesnipe_cli.store.tables import SeriesKey
    from memesnipe_cli.strategies.registry import LoadedStrategy

EXAMPLES = (
    "memesnipe strategies plan",
    "memesnipe strategies plan --strategy momentum_5m --venue kraken --capital 500",
    "memesnipe strategies plan --strategy momentum_5m --goal 1000000 --days 30",
    "memesnipe strategies plan --jsonl | jq -r '[.strategy, .venue, .verdict] | @tsv'",
)
_VENUES = ("kraken", "coinbase")  # where real orders go: a plan for them is missed where their bars are
_USUAL = {"ETH": "ETH/USD"}


def plan_command(
    ctx: typer.Context,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE.py:CLASS",
            help="Strategy to plan; repeatable. Default: all built-in ones.",
            autocompletion=complete_strategy,
        ),
    ] = None,
    venue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Venue; repeatable. Default: all stored ones, kraken and coinbase."
        ),
    ] = None,
    symbol: Symbol = None,
    since: Since = None,
    until: Until = None,
    param: Param = None,
    capital: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="What you would start with. Default: the profile's.")
    ] = None,
    goal: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1e15, metavar="AMOUNT", help="A wish: the odds of reaching it. Needs --days."
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, metavar="DAYS", help="In how many days; belongs to --goal.")
    ] = None,
) -> int:
    """Minimum capital, break-even fee, expected trades and dollars a month, for each strategy and venue.

    Run before anyone risks a cent: stored candles through the backtest's engine, with the profile's fees and limits.
    """
    from memesnipe_cli.commands.backtest_options import capital_amount, time_span
    from memesnipe_cli.commands.backtest_run import load_strategies

    from memesnipe_cli.strategies.registry import BUILT_IN

    run = current(ctx)
    if (goal is None) != (days is None):
        raise UsageError("--goal and --days belong together", "write --goal 1000000 --days 30")
    loaded = load_strategies(strategy or list(BUILT_IN), param)
    span = time_span(since, until)
    amount = capital_amount(capital, run.profile.account.capital)
    wish = _wish(goal, days, amount)
    stored = [info.key for info in run.store.lake.series()]
    venues = list(dict.fromkeys(venue or [*sorted({key.venue for key in stored}), *_VENUES]))
    rows = []
    with run.console.progress("planning", float(len(loaded) * len(venues))) as advance:
        for each in loaded:
            for name in venues:
                rows.append(_one(run, each, name, symbol or [], span, amount, wish, stored))
                advance(1.0)
    _show(run, rows, wish)
    return ExitCode.OK


def _wish(goal: float | None, days: int | None, capital: Decimal) -> Wish | None:
    if goal is None or days is None:
        return None
    from memesnipe_cli.engine.plan import Wish

    if goal <= float(capital):
        raise UsageError(
            f"--goal {goal:g} is not above the capital, {capital}", "wish for more than there is"
        )
    return Wish(goal, days)


def _one(
    run: Run,
    strategy: LoadedStrategy,
    venue: str,
    symbols: list[str],
    span: tuple[int | None, int | None],
    capital: Decimal,
    wish: Wish | None,
    stored: list[SeriesKey],
) -> dict[str, Any]:
    """The record of one strategy on one venue; of what the store lacks, where it lacks something."""
    from memesnipe_cli.engine.plan import make_plan
    from memesnipe_cli.engine.plan_runs import PlanRequest
    from memesnipe_cli.engine.plan_said import missing_record, odds_words, plan_record
    from memesnipe_cli.engine.run import default_cache_dir
    from memesnipe_cli.engine.selection import choose_series

    currency = run.profile.account.currency
    chosen = symbols
    try:
        _, chosen = choose_series(
            [key for key in stored if key.venue == venue], [strategy.timeframe], symbols, venue
        )
        plan = make_plan(
            PlanRequest(strategy, chosen, venue, *span, run.profile, run.store, default_cache_dir()),
            capital,
            wish,
        )
    except DataError as problem:
        hint = (
            problem.hint
            if chosen and "memesnipe ingest candles" in problem.hint
            else _ingest(strategy, venue, symbols)
        )
        return missing_record(strategy.name, venue, chosen, currency, problem.message, hint)
    except UsageError as problem:
        if not symbols:
            raise
        return missing_record(
            strategy.name, venue, symbols, currency, problem.message, _ingest(strategy, venue, symbols)
        )
    row = plan_record(strategy.name, venue, chosen, currency, plan)
    if plan.odds is not None:
        row["goal"]["answer"] = odds_words(plan.odds, currency)
    return row


def _ingest(strategy: LoadedStrategy, venue: str, symbols: list[str]) -> str:
    """The commands that bring in what a strategy needs on a venue."""
    wanted = symbols or [_USUAL.get(strategy.name[:3].upper(), "DOGE/USD")]
    lines = [
        f"memesnipe ingest candles --venue {venue} --symbol {each} --timeframe {strategy.timeframe} --since 365d"
        for each in wanted
    ]
    if strategy.needs.reference is not None:
        lines.append(
            f"memesnipe ingest candles --venue {venue} --symbol {strategy.needs.reference}/USD "
            f"--timeframe {strategy.needs.reference_timeframe} --since 365d"
        )
    return " && ".join(lines)


def _show(run: Run, rows: list[dict[str, Any]], wish: Wish | None) -> None:
    console = run.console
    for row in rows:
        for warning in row.get("warnings", ()):
            console.warn(f"{row['strategy']} on {row['venue']}: {warning}")
    if console.mode is not OutputMode.HUMAN:
        console.records(rows, ())
        return
    for number, row in enumerate(rows):
        console.text("\n".join([*([""] if number else []), *_page(row)]), row)
    if wish is not None and not any(row.get("goal") for row in rows):
        console.say("the odds of the goal need stored candles: nothing could be planned")


def _page(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['strategy']} on {row['venue']}" + (
        f": {', '.join(row['symbols'])}" if row["symbols"] else ""
    )
    yield f"  {row['verdict']}"
    if row["missing"]:
        yield f"  {row['hint']}"
        return
    yield from _figures(row)
    if row["goal"]:
        yield f"  goal             {row['goal']['answer']}"


def _figures(row: Mapping[str, Any]) -> Iterator[str]:
    from memesnipe_cli.engine.figures import counted, day, money, percent

    currency = row["currency"]
    least = row["minimum_capital"]
    said = (
        "none found: no entry that a capital could be measured by"
        if least is None
        else money(least, currency)
    )
    if row["capital_for_two_legs"] is not None:
        said += f"; {money(row['capital_for_two_legs'], currency)} for a partial target of its own"
    yield f"  tested           {day(row['since'])} .. {day(row['until'])} UTC, {row['months']:.1f} months"
    yield f"  minimum capital  {said}"
    even = (
        "none: it loses without fees"
        if row["break_even_fee"] is None
        else f"{percent(row['break_even_fee'], 3)} a side"
    )
    yield f"  break-even fee   {even}; the venue takes {percent(row['fee'], 3)}"
    if row["cost_share_of_stop"] is not None:
        yield (
            f"  cost             a round trip is {percent(row['round_trip'], 3)} of the price, "
            f"{percent(row['cost_share_of_stop'], 0)} of the usual stop distance ({percent(row['median_stop'], 3)}); "
            f"{percent(row['signals_passing_cost'], 1)} of the signals pass the limit of "
            f"{percent(row['cost_share_limit'], 0)}"
        )
    yield f"  signals          {row['signals_a_month']:,.1f} a month"
    yield f"  expected         {_expected(row, currency)}"
    if row["at_minimum_capital"] is not None:
        yield f"                   {_expected(row['at_minimum_capital'], currency)}"
    if row["refusals"]:
        yield f"  refused          {counted(row['refusals'])}"


def _expected(part: Mapping[str, Any], currency: str) -> str:
    from memesnipe_cli.engine.figures import money

    def amount(value: float) -> str:
        return money(f"{value:.4f}", signed=True, digits=2 if abs(value) >= 0.1 else 4)

    interval = ""
    if part["dollars_low"] is not None:
        interval = f" (90 % interval {amount(part['dollars_low'])} .. {amount(part['dollars_high'])})"
    return (
        f"with {money(part['capital'], currency)}: {part['trades_a_month']:,.1f} trades a month, "
        f"{amount(part['dollars_a_month'])} {currency} a month{interval}"
    )
