"""`memesnipe shadow`: the decisions of `trade` on a recorded tape, compared with the backtest of the same
tape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import Run, command_app, current
from memesnipe_cli.errors import ExitCode, UsageError
from memesnipe_cli.run_options import Capital, Data, Param, Since, Strategy, Symbol, Until, Venue

if TYPE_CHECKING:
    from memesnipe_cli.engine.session import SessionRequest

ACCOUNT = "shadow"

app = command_app("Take the same decisions on a recorded tape, with paper fills.", group=False)


@app.command(
    examples=(
        "memesnipe shadow --strategy momentum_5m --replay",
        "memesnipe shadow --strategy momentum_5m --symbol DOGE/USD --since 180d --replay --json",
    )
)
def shadow(
    ctx: typer.Context,
    strategy: Strategy = None,
    replay: Annotated[bool, typer.Option("--replay", help="Replay stored candles.")] = False,
    symbol: Symbol = None,
    venue: Venue = None,
    since: Since = None,
    until: Until = None,
    param: Param = None,
    capital: Capital = None,
    data: Data = None,
    no_compile: Annotated[
        bool, typer.Option("--no-compile", help="Run the backtest in plain Python, too: slower, same trades.")
    ] = False,
) -> int:
    """Take the decisions of `trade` bar by bar on an account of its own, then compare with the backtest.

    Exit 1 where they differ in anything, to the last digit.
    """
    if not replay:
        raise UsageError(
            "live data come with live venues, which this version does not have",
            "use --replay for stored candles",
        )
    from memesnipe_cli.commands.trade_run import build_request

    this_run = current(ctx)
    options = {
        "strategy": strategy,
        "symbol": symbol,
        "venue": venue,
        "since": since,
        "until": until,
        "param": param,
        "capital": capital,
        "data": data,
    }
    request = build_request(this_run, ACCOUNT, None, "replay", options)
    return _replay(this_run, request, compiled=not no_compile)


def _replay(this_run: Run, request: SessionRequest, *, compiled: bool) -> int:
    from dataclasses import replace

    from memesnipe_cli.commands.trade_output import show_run
    from memesnipe_cli.commands.trade_run import run_to_the_end

    from memesnipe_cli.engine.account_said import account_record, order_records, position_records
    from memesnipe_cli.engine.backtest import BacktestRequest, run_backtest
    from memesnipe_cli.engine.replay import first_difference
    from memesnipe_cli.engine.trade_rows import trade_row

    console = this_run.console
    done, code = run_to_the_end(this_run, replace(request, abandon=True, assume_resets=True))
    journal = this_run.store.journal(ACCOUNT)
    differs: str | None = None
    if not done.stopped:
        with console.progress("backtest", 1.0) as advance:
            backtest = run_backtest(
                BacktestRequest(
                    strategies=request.strategies,
                    symbols=request.symbols,
                    venue=request.venue,
                    since_ms=request.since_ms,
                    until_ms=request.until_ms,
                    capital=request.capital,
                    assume={},
                    profile=request.profile,
                    store=request.store,
                    cache_dir=request.cache_dir,
                    piped=request.piped,
                    compiled=compiled,
                    progress=advance,
                )
            )
        differs = first_difference(done, backtest)
    session = (done.state.session or {})["session"]
    show_run(
        console,
        account_record(ACCOUNT, done.state, str(journal.folder)),
        [trade_row(session, each) for each in done.trades],
        position_records(ACCOUNT, done.state),
        order_records(ACCOUNT, done.state, journal.store_id()),
        bars=done.bars,
        identical=None if differs is None else not differs,
        difference=differs or None,
    )
    if differs is None:
        console.say("stopped before the end of the tape: not compared with the backtest")
        return int(code)
    if differs:
        console.warn(f"not the backtest: {differs}")
        return ExitCode.FAILED
    console.say(f"{len(done.trades)} trades, identical to the backtest to the last digit")
    return ExitCode.OK
