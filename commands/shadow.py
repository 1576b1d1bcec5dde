"""`memesnipe shadow`: the decisions of `trade` with paper fills, on live data, on piped candles or on a recorded tape;
and its subcommand `report`."""

from __future__ import annotations

from typing import Annotated

import typer
from memesnipe_cli.commands import shadow_report

from memesnipe_cli.account_names import SHADOW_ACCOUNT
from memesnipe_cli.cli import RunGroup, command_app, current
from memesnipe_cli.errors import ExitCode, UsageError
from memesnipe_cli.run_options import (
    Capital,
    Data,
    Param,
    ShadowAccount,
    Since,
    Strategy,
    Symbol,
    Until,
    Venue,
)

_EXAMPLES = (
    "memesnipe shadow --strategy momentum_5m --venue coinbase --symbol DOGE/USD",
    "memesnipe shadow --strategy momentum_5m --venue coinbase --symbol DOGE/USD --duration 2h --jsonl",
    "memesnipe ingest stream --venue coinbase --symbol DOGE/USD --jsonl | "
    "memesnipe shadow --strategy momentum_5m --data - --jsonl | jq .type",
    "memesnipe shadow --strategy momentum_5m --replay",
    "memesnipe shadow --strategy momentum_5m --symbol DOGE/USD --since 180d --replay --json",
    "memesnipe shadow report",
)
_HELP = (
    "Take the decisions of `trade` on live data, with paper fills, on an account of its own.\n\n"
    "What is missing to warm up is brought in first; then it decides bar by bar until Ctrl-C (the first one finishes "
    "the bar and says what is left) or for --duration, and a later run goes on from there. --data - takes candles from "
    "a pipe as they close. --replay plays a recorded tape from its beginning and compares it with the backtest: exit 1 "
    "where they differ in anything, to the last digit."
)


def run(
    ctx: typer.Context,
    strategy: Strategy = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Replay stored candles, or those of --data, from the beginning.")
    ] = False,
    symbol: Symbol = None,
    venue: Venue = None,
    duration: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Live: how long, e.g. 90s, 15m, 2h. Default: until Ctrl-C."),
    ] = None,
    since: Since = None,
    until: Until = None,
    param: Param = None,
    capital: Capital = None,
    data: Data = None,
    account: ShadowAccount = SHADOW_ACCOUNT,
    new_session: Annotated[
        bool, typer.Option("--new-session", help="Begin anew with fresh capital; needs --reason.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why a new session begins; kept in the journal.")
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0, max=10_000, metavar="BARS", help="Replay: bars a second; 0 plays as fast as it goes."
        ),
    ] = 0.0,
    no_compile: Annotated[
        bool,
        typer.Option(
            "--no-compile", help="Replay: run the backtest in plain Python, too: slower, same trades."
        ),
    ] = False,
) -> int:
    """Runs where no subcommand is called."""
    if ctx.invoked_subcommand is not None:
        if any(value for name, value in ctx.params.items() if name != "account"):
            raise UsageError(
                f"options of a run stand before {ctx.invoked_subcommand}",
                f"leave {ctx.invoked_subcommand} out",
            )
        return ExitCode.OK
    if new_session != bool(reason and reason.strip()):
        raise UsageError(
            "--new-session and --reason belong together", "write --new-session --reason 'smaller stops'"
        )
    from memesnipe_cli.commands.shadow_live import Asked, live

    from memesnipe_cli.clock import length_s
    from memesnipe_cli.store.tables import SIMULATED_VENUE

    this_run = current(ctx)
    asked = Asked(
        account,
        strategy,
        param,
        symbol or [],
        venue,
        capital,
        None if duration is None else length_s(duration, "--duration"),
        reason if new_session else None,
    )
    simulated = data is None and (venue or this_run.profile.account.venue) == SIMULATED_VENUE
    if replay or simulated:
        from memesnipe_cli.commands.shadow_replay import replay as replayed

        _refuse(replay, duration=duration, reason=reason)
        if not replay:
            this_run.console.say("the simulated market has no live data: a recorded tape of it is replayed")
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
        return int(replayed(this_run, account, options, speed=speed, compiled=not no_compile))
    if since or until or speed or no_compile:
        raise UsageError(
            "--since, --until, --speed and --no-compile are about a recorded tape",
            "add --replay, or leave them out",
        )
    if data is not None:
        from memesnipe_cli.commands.shadow_pipe import piped

        return int(piped(this_run, asked, data))
    return int(live(this_run, asked))


def _refuse(replay: bool, **options: str | None) -> None:
    """Raise UsageError for an option that means nothing to a replay."""
    for name, value in options.items():
        if value is not None:
            option = "--new-session" if name == "reason" else f"--{name}"
            why = "a replay" if replay else "the simulated market"
            raise UsageError(f"{option} is for live data, and {why} has none", f"leave {option} out")


app = command_app(_HELP)
app.callback(cls=RunGroup, invoke_without_command=True, help=_HELP, epilog="\n".join(_EXAMPLES))(run)
app.command(
    "report",
    examples=("memesnipe shadow report", "memesnipe shadow report --since 2h --json | jq .verdict"),
)(shadow_report.report)
