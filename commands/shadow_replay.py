"""`memesnipe shadow --replay`: the loop over a recorded tape, compared with the backtest of the same tape."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memesnipe_cli.cli import Run
from memesnipe_cli.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from memesnipe_cli.engine.session import SessionRequest

REASON = "replay"


def replay(this_run: Run, account: str, options: dict[str, Any], *, speed: float, compiled: bool) -> int:
    """Replay, show what came of it, and say whether the backtest made the same trades: 1 where it did not."""
    from memesnipe_cli.commands.trade_run import build_request

    _spare_live_positions(this_run, account)
    request = build_request(this_run, account, None, REASON, options)
    request = replace(request, abandon=True, assume_resets=True, bars_per_second=speed)
    return _compared(this_run, request, compiled=compiled)


def _spare_live_positions(this_run: Run, account: str) -> None:
    """A replay begins anew each time. Raises RefusedError where a live session would lose its positions by that."""
    from memesnipe_cli.commands.shadow_live import shadow_state

    state = shadow_state(this_run, account)
    if "feed" in (state.session or {}) and state.busy():
        raise RefusedError(
            f"the live session of account {account!r} holds positions, and a replay would begin anew",
            "replay on another account: --account NAME",
            code="session_open",
        )


def _compared(this_run: Run, request: SessionRequest, *, compiled: bool) -> int:
    from memesnipe_cli.commands.trade_output import show_run
    from memesnipe_cli.commands.trade_run import run_to_the_end

    from memesnipe_cli.engine.account_said import account_record, order_records, position_records
    from memesnipe_cli.engine.backtest import BacktestRequest, run_backtest
    from memesnipe_cli.engine.replay import first_difference
    from memesnipe_cli.engine.trade_rows import trade_row

    console, account = this_run.console, request.account
    done, code = run_to_the_end(this_run, request)
    journal = this_run.store.journal(account)
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
        account_record(account, done.state, str(journal.folder)),
        [trade_row(session, each) for each in done.trades],
        position_records(account, done.state),
        order_records(account, done.state, journal.store_id()),
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
