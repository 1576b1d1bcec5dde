"""`memesnipe backtest --strategy ...`: run strategies over candles and show what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.backtest_options import (
    assignments,
    capital_amount,
    checked_specs,
    page_target,
    parameters_by_strategy,
    time_span,
)
from memesnipe_cli.commands.backtest_output import emit

from memesnipe_cli.cli import Run, current
from memesnipe_cli.errors import DataError, ExitCode, StoreError, UsageError
from memesnipe_cli.run_options import Data, Param, Since, Symbol, Until, complete_strategy

if TYPE_CHECKING:
    from memesnipe_cli.engine.backtest import Backtest
    from memesnipe_cli.engine.report import Report
    from memesnipe_cli.store.tables import Candles
    from memesnipe_cli.strategies.registry import LoadedStrategy


Strategy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME|FILE.py:CLASS",
        help="Strategy to run; repeat it for several on one account.",
        autocompletion=complete_strategy,
    ),
]
Venue = Annotated[str | None, typer.Option(metavar="NAME", help="Venue whose candles and costs are used.")]


def run(
    ctx: typer.Context,
    strategy: Strategy = None,
    symbol: Symbol = None,
    venue: Venue = None,
    since: Since = None,
    until: Until = None,
    param: Param = None,
    capital: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="What the account starts with.")
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Replace one assumption (fee, half_spread, impact, ...). Repeatable."
        ),
    ] = None,
    data: Data = None,
    trades: Annotated[
        bool, typer.Option("--trades", help="List each trade with its reason in and out.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as a page, too.")
    ] = None,
    no_compile: Annotated[
        bool, typer.Option("--no-compile", help="Run in plain Python: slower, same trades.")
    ] = False,
    check_lookahead: Annotated[
        bool,
        typer.Option(
            "--check-lookahead", help="First check that no signal uses later bars; exit 1 if one does."
        ),
    ] = False,
) -> None:
    """Runs where no subcommand is called."""
    if ctx.invoked_subcommand is not None:
        if any(value for name, value in ctx.params.items()):
            raise UsageError(
                f"options of a run stand before {ctx.invoked_subcommand}",
                f"write them after it, or leave {ctx.invoked_subcommand} out",
            )
        return
    this_run = current(ctx)
    page = page_target(html)
    loaded = load_strategies(strategy, param)
    span = time_span(since, until)
    assumed = assignments(assume or [], "--assume")
    start = capital_amount(capital, this_run.profile.account.capital)
    piped = None if data is None else read_piped(data)
    chosen_venue, symbols = choose(this_run, loaded, symbol or [], venue, piped)
    if check_lookahead:
        from memesnipe_cli.commands.backtest_lookahead import findings_of, show_findings

        found = findings_of(this_run, loaded, chosen_venue, symbols, span, piped)
        if found:
            show_findings(this_run.console, found)
            raise typer.Exit(ExitCode.FAILED)
        this_run.console.say("no signal uses a later bar")
    from memesnipe_cli.engine.backtest import BacktestRequest, run_backtest
    from memesnipe_cli.engine.report import report
    from memesnipe_cli.engine.run import default_cache_dir

    with this_run.console.progress("backtest", 1.0) as advance:
        result = run_backtest(
            BacktestRequest(
                strategies=loaded,
                symbols=symbols,
                venue=chosen_venue,
                since_ms=span[0],
                until_ms=span[1],
                capital=start,
                assume=assumed,
                profile=this_run.profile,
                store=this_run.store,
                piped=piped,
                compiled=not no_compile,
                progress=advance,
                cache_dir=default_cache_dir(),
            )
        )
    said = report(result)
    kept = keep(this_run, result, said)
    emit(this_run.console, said, trades=trades, page=page)
    if kept:
        this_run.console.say(f"stored as run {said.run}; show it again: memesnipe backtest report {said.run}")


def load_strategies(specs: list[str] | None, params: list[str] | None) -> list[LoadedStrategy]:
    """The strategies named on the command line, with their parameters."""
    from memesnipe_cli.strategies.registry import load

    names = checked_specs(specs)
    return [
        load(name, own) for name, own in zip(names, parameters_by_strategy(params or [], names), strict=True)
    ]


def read_piped(source: str) -> list[Candles]:
    """The series in the candle records of a file or of stdin. Raises UsageError, DataError."""
    from memesnipe_cli.market.pipe import read_candles_jsonl

    if source != "-":
        path = Path(source)
        if not path.is_file():
            raise UsageError(f"--data {source} is no file", "name a file of candle records, or - for stdin")
        with path.open("rb") as stream:
            series, warnings = read_candles_jsonl(stream)
    else:
        stdin = typer.get_binary_stream("stdin")
        if stdin.isatty():
            raise UsageError(
                "stdin is a terminal", "memesnipe ingest ... --jsonl | memesnipe backtest --data - ..."
            )
        series, warnings = read_candles_jsonl(stdin)
    if not any(len(candles) for candles in series):
        where = "stdin" if source == "-" else source
        more = f" ({warnings[0]})" if warnings else ""
        raise DataError(
            f"{where} holds no candle record{more}", "pipe in what `memesnipe ingest ... --jsonl` writes"
        )
    return series


def choose(
    this_run: Run,
    loaded: list[LoadedStrategy],
    symbols: list[str],
    venue: str | None,
    piped: list[Candles] | None,
) -> tuple[str, list[str]]:
    """(venue, symbols) of the run, from what is piped in or stored."""
    from memesnipe_cli.engine.selection import choose_series

    there = (
        [candles.key for candles in piped] if piped else [info.key for info in this_run.store.lake.series()]
    )
    return choose_series(there, [each.timeframe for each in loaded], symbols, venue)


def keep(this_run: Run, result: Backtest, said: Report) -> bool:
    """Store the run, and say whether that worked.

    A result that cannot be stored is shown all the same, and the exit code stays 0: the work is done.
    """
    from memesnipe_cli.engine.report import store_report

    try:
        store_report(this_run.store, result, said)
    except StoreError as error:
        this_run.console.warn(f"the run is not stored: {error.message}. {error.hint}")
        return False
    return True
