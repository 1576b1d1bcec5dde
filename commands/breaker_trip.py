"""`memesnipe breaker trip`: stop an account, a strategy or a symbol by hand. Waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.breaker_options import OneStrategy, OneSymbol, Reason, scope_of, store_paths

from memesnipe_cli.cli import Run, current
from memesnipe_cli.errors import UsageError
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
    account: AccountName = "paper",
) -> None:
    """Stop new positions or everything, now. It lasts until a person resets it."""
    from memesnipe_cli.commands.breaker_output import level_line

    from memesnipe_cli.risk import control
    from memesnipe_cli.risk.breaker_record import breaker_record
    from memesnipe_cli.risk.marks_file import marks_path, read_marks

    run = current(ctx)
    wanted = _BY_HAND.get(level.strip().upper())
    if wanted is None:
        raise UsageError(f"--level {level!r} cannot be set by hand", "give HALT or EMERGENCY")
    scope = scope_of(strategy, symbol)
    paths = store_paths(run)
    done = control.trip(paths, account, scope, wanted, reason)
    marks = read_marks(marks_path(paths, account)) or {}
    run.console.text(
        level_line(done.latch, scope),
        breaker_record(done.latch, marks, marks.get("tiers"), marks.get("monitoring")),
    )
    _say_more(run, done, scope, wanted, marks)


def _say_more(run: Run, done: Tripped, scope: str, wanted: Level, marks: dict[str, object]) -> None:
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
    if trader["running"]:
        run.console.say(f"the trader (pid {trader['pid']}) obeys at once")
    elif not marks:
        run.console.say(f"nothing has traded on this account yet in {run.store_path}: it would begin stopped")
    elif wanted is Level.EMERGENCY and marks.get("positions"):
        run.console.warn(
            "no trader runs on this account: its open positions are closed when memesnipe trade runs next"
        )
    else:
        run.console.say("no trader runs on this account now")
