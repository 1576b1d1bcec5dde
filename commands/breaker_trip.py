"""`memesnipe breaker trip`: stop an account, a strategy or a symbol by hand. Waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.breaker_options import OneStrategy, OneSymbol, Reason, scope_of, store_paths

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, MemesnipeError, UsageError
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.run_options import AccountName

if TYPE_CHECKING:
    from memesnipe_cli.risk.control import Tripped

_BY_HAND = {level.name: level for level in (Level.HALT, Level.EMERGENCY)}


def trip(
    ctx: typer.Context,
    reason: Reason,
    level: Annotated[
        str,
        typer.Option(
            metavar="HALT|EMERGENCY",
            help="HALT stops new positions; EMERGENCY also cancels entries and closes everything.",
        ),
    ] = "HALT",
    strategy: OneStrategy = None,
    symbol: OneSymbol = None,
    flatten: Annotated[
        bool,
        typer.Option(
            "--flatten",
            help="With EMERGENCY: end the trader and close everything here; exit code 1 where something is left.",
        ),
    ] = False,
    account: AccountName = "paper",
) -> int:
    """Stop new positions or everything, now. It lasts until a person resets it."""
    from memesnipe_cli.commands.breaker_output import level_line

    from memesnipe_cli.risk import control
    from memesnipe_cli.risk.breaker_record import breaker_record
    from memesnipe_cli.risk.marks_file import marks_path, read_marks

    run = current(ctx)
    wanted = _BY_HAND.get(level.strip().upper())
    if wanted is None:
        raise UsageError(f"--level {level!r} cannot be set by hand", "give HALT or EMERGENCY")
    if flatten and wanted is not Level.EMERGENCY:
        raise UsageError(f"--flatten closes positions, which {level} does not", "add --level EMERGENCY")
    scope = scope_of(strategy, symbol)
    paths = store_paths(run)
    done = control.trip(paths, account, scope, wanted, reason)
    marks = read_marks(marks_path(paths, account)) or {}
    row = breaker_record(done.latch, marks, marks.get("tiers"), marks.get("monitoring"))
    if not flatten or run.console.mode is OutputMode.HUMAN:
        run.console.text(level_line(done.latch, scope), row)
    _say_more(run, done, scope, wanted, marks, closing=flatten)
    return _close(run, account, scope, reason, row) if flatten else ExitCode.OK


def _close(run: Run, account: str, scope: str, reason: str, row: dict[str, Any]) -> int:
    """Close what a tripped scope holds; what goes wrong here leaves the trip as it stands."""
    from memesnipe_cli.commands.trade_flatten import close_scope, show

    human = run.console.mode is OutputMode.HUMAN
    try:
        closed = close_scope(run, account, scope, reason)
    except MemesnipeError as problem:
        if not human:
            run.console.record({**row, "flatten": None})
        raise type(problem)(
            f"the breaker stands at EMERGENCY, but closing failed: {problem.message}",
            problem.hint,
            code=problem.code,
        ) from problem
    if not human:
        run.console.record({**row, "flatten": closed})
    elif closed is not None:
        show(run, closed)
    return ExitCode.FAILED if closed is not None and closed["left"] else ExitCode.OK


def _say_more(
    run: Run, done: Tripped, scope: str, wanted: Level, marks: dict[str, object], *, closing: bool
) -> None:
    """What a person at this moment should know besides."""
    from memesnipe_cli.commands.breaker_output import whether_known

    from memesnipe_cli.risk.trader import trader_state

    if not done.changed:
        hold = done.latch.holds[scope]
        run.console.say(f"it stood there already, since {hold.since} ({hold.cause}: {hold.reason})")
    if done.unjournalled:
        run.console.warn(
            f"it stands, but its line in the journal has to wait: {done.unjournalled}; the next one to write for"
            " this account adds it"
        )
    if done.latch.problem:
        run.console.warn(f"{done.latch.problem}: the whole account is at HALT until a reset mends it")
    unknown = whether_known(marks, scope)
    if unknown:
        run.console.warn(unknown)
    trader = trader_state(marks or None)
    if closing:
        return  # which says itself what becomes of trader and positions
    if trader["running"]:
        run.console.say(f"the trader (pid {trader['pid']}) obeys at once")
    elif not marks:
        run.console.say(f"nothing has traded on this account yet in {run.store_path}: it would begin stopped")
    elif wanted is Level.EMERGENCY and marks.get("positions"):
        run.console.warn(
            "no trader runs on this account: its open positions are closed when memesnipe trade runs next"
            " (now: memesnipe trade flatten)"
        )
    else:
        run.console.say("no trader runs on this account now")
