"""`memesnipe trade --strategy ...`: trade on paper from where the account stands to the end of the tape."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe_cli.account_names import own_account
from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, UsageError
from memesnipe_cli.run_options import (
    Capital,
    Data,
    OwnAccount,
    Param,
    Since,
    Strategy,
    Symbol,
    Until,
    Venue,
    choose_tape,
)

if TYPE_CHECKING:
    from memesnipe_cli.engine.session import SessionRequest, SessionRun


def run(
    ctx: typer.Context,
    strategy: Strategy = None,
    symbol: Symbol = None,
    venue: Venue = None,
    since: Since = None,
    until: Until = None,
    param: Param = None,
    capital: Capital = None,
    data: Data = None,
    account: OwnAccount = None,
    new_session: Annotated[
        bool, typer.Option("--new-session", help="Begin anew with fresh capital; needs --reason.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why a new session begins; kept in the journal.")
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0, max=10_000, metavar="BARS", help="Bars a second; 0 plays the tape as fast as it goes."
        ),
    ] = 0.0,
    live: Annotated[
        bool, typer.Option("--live", help="Real money, on a live profile: sends orders to its venue.")
    ] = False,
    duration: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="With --live: how long, e.g. 15m, 8h. Default: until Ctrl-C."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="With --live: decide on the next bar, see its orders through, end.")
    ] = False,
    without_promotion: Annotated[
        bool,
        typer.Option(
            "--without-promotion",
            help="With --live: trade what has passed no gate; needs --reason, journalled.",
        ),
    ] = False,
    key: Annotated[
        str, typer.Option(metavar="NAME", help="With --live: which of the venue's keys in the vault.")
    ] = "trade",
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Only say whether it would trade on the last closed bar, and which check says no; sends nothing.",
        ),
    ] = False,
) -> int:
    """Runs where no subcommand is called."""
    if ctx.invoked_subcommand is not None:
        if any(value for name, value in ctx.params.items() if name not in ("account", "key")):
            raise UsageError(
                f"options of a run stand before {ctx.invoked_subcommand}",
                f"leave {ctx.invoked_subcommand} out",
            )
        return ExitCode.OK
    if (new_session or without_promotion) != bool(reason and reason.strip()):
        raise UsageError(
            "--new-session, --without-promotion and --reason belong together",
            "write --new-session --reason 'smaller stops'",
        )
    this_run = current(ctx)
    if (live or this_run.profile.kind == "live") and not explain:
        from memesnipe_cli.commands.trade_live import Asked, trade_live

        from memesnipe_cli.clock import length_s

        unfit = {"--since": since, "--until": until, "--data": data, "--speed": speed}
        for name, value in unfit.items():
            if value:
                raise UsageError(f"{name} is of a tape, and --live trades at a venue", f"leave {name} out")
        code: int = trade_live(
            this_run,
            Asked(
                account=account or own_account(this_run.profile),
                strategies=strategy,
                params=param,
                symbols=symbol or [],
                venue=venue,
                capital=capital,
                live=live,
                key=key,
                duration_s=None if duration is None else length_s(duration, "--duration"),
                once=once,
                new_session=new_session,
                without_promotion=without_promotion,
                reason=(reason or "").strip(),
            ),
        )
        return code
    if once or duration or (without_promotion and not explain):
        raise UsageError(
            "--once, --duration and --without-promotion are of --live", "add --live, or leave them out"
        )
    from memesnipe_cli.engine.account_fold import AccountFold

    account = account or own_account(this_run.profile)
    state = this_run.store.journal(account).replay(AccountFold())
    session = None if new_session else state.session
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
    if explain:
        from memesnipe_cli.commands.trade_explain import explain_last_bar

        said: int = explain_last_bar(this_run, account, session, options, without_promotion=without_promotion)
        return said
    request = build_request(this_run, account, session, reason if new_session else None, options)
    return trade(this_run, replace(request, bars_per_second=speed))


def build_request(
    this_run: Run,
    account: str,
    session: dict[str, Any] | None,
    new_session: str | None,
    options: dict[str, Any],
) -> SessionRequest:
    """The options as a SessionRequest; what is left open comes from the open session."""
    from memesnipe_cli.commands.backtest_options import capital_amount, time_span
    from memesnipe_cli.commands.backtest_run import load_strategies, read_piped

    from memesnipe_cli.engine.run import default_cache_dir
    from memesnipe_cli.engine.session import SessionRequest
    from memesnipe_cli.records import time_value

    loaded = load_strategies(options["strategy"], options["param"])
    since_ms, until_ms = time_span(options["since"], options["until"])
    if session is not None and session["since"] is not None and _is_open(options["since"]):
        since_ms = time_value(session["since"], "since")
    piped = None if options["data"] is None else read_piped(options["data"])
    venue, symbols = choose_tape(this_run, loaded, options["symbol"] or [], options["venue"], piped, session)
    return SessionRequest(
        strategies=loaded,
        symbols=symbols,
        venue=venue,
        since_ms=since_ms,
        until_ms=until_ms,
        capital=capital_amount(options["capital"], this_run.profile.account.capital),
        profile=this_run.profile,
        store=this_run.store,
        cache_dir=default_cache_dir(),
        account=account,
        piped=piped,
        new_session=new_session,
    )


def _is_open(since: str | None) -> bool:
    """Whether --since leaves the moment to the open session: not given, or an age, which meant another moment
    then."""
    return since is None or since[-1:] in ("s", "m", "h", "d", "w")


def run_to_the_end(this_run: Run, request: SessionRequest) -> tuple[SessionRun, ExitCode]:
    """Run the session with a progress bar, streaming records with --jsonl; the exit code says how it
    ended."""
    from memesnipe_cli.commands.trade_output import label, stream_line

    from memesnipe_cli.engine.session import run_session
    from memesnipe_cli.gentle_stop import gentle_stop
    from memesnipe_cli.store.tables import SIMULATED_VENUE

    console = this_run.console
    simulated = request.venue == SIMULATED_VENUE
    console.say(label(simulated))
    on_line = partial(stream_line, console, simulated) if console.mode is OutputMode.JSONL else None
    with console.progress("trading", 1.0) as advance, gentle_stop() as stop:
        done = run_session(replace(request, on_line=on_line, should_stop=stop, progress=advance))
    for warning in done.warnings:
        console.warn(warning)
    return done, stop.code or ExitCode.OK


def trade(this_run: Run, request: SessionRequest) -> int:
    """Trade and show what came of it."""
    from memesnipe_cli.commands.trade_output import show_run

    from memesnipe_cli.engine.account_said import account_record, order_records, position_records
    from memesnipe_cli.engine.trade_rows import trade_row

    console = this_run.console
    done, code = run_to_the_end(this_run, request)
    journal = this_run.store.journal(request.account)
    session = (done.state.session or {})["session"]
    positions = position_records(request.account, done.state)
    if not done.bars:
        console.say(f"no bars after {(done.state.mark or {}).get('bar')}: nothing to do until more come in")
    show_run(
        console,
        account_record(request.account, done.state, str(journal.folder)),
        [trade_row(session, each) for each in done.trades],
        positions,
        order_records(request.account, done.state, journal.store_id()),
        bars=done.bars,
        resumed=done.resumed,
        stopped=done.stopped,
    )
    if done.stopped:
        held = "; ".join(
            f"{each['symbol']} {each['side']} {each['qty']}, stop {each['stop']}" for each in positions
        )
        console.say(f"stopped before the end of the tape; left open: {held or 'nothing'}")
        console.say("the same command goes on from here")
    return _halted(this_run, request.account, done) or code


def _halted(this_run: Run, account: str, done: SessionRun) -> int:
    """Say what the breaker has stopped; the exit code of a run that it stopped, else 0."""
    from memesnipe_cli.risk.levels import STOPPED, Level

    for name in done.halted_strategies:
        this_run.console.warn(
            f"the breaker has halted {name}: it takes no new positions (memesnipe breaker status --account {account})"
        )
    if done.level < Level.WARNING:
        return ExitCode.OK
    this_run.console.warn(
        f"the breaker is at {done.level.name}: {STOPPED[done.level]} (memesnipe breaker status --account {account})"
    )
    return ExitCode.REFUSED if done.level >= Level.HALT and not done.stopped else ExitCode.OK
