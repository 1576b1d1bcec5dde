"""`memesnipe breaker trip`: stop an account, a strategy or a symbol by hand. Waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.breaker_options import (
    EveryAccount,
    OneStrategy,
    OneSymbol,
    Reason,
    every_account,
    scope_of,
    store_paths,
)

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, MemesnipeError, StoreError, UsageError
from memesnipe_cli.risk.levels import Level

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
    account: EveryAccount = None,
) -> int:
    """Stop new positions or everything, now: on every account of the store, unless one is named. It lasts until a
    person resets it."""
    run = current(ctx)
    wanted = _BY_HAND.get(level.strip().upper())
    if wanted is None:
        raise UsageError(f"--level {level!r} cannot be set by hand", "give HALT or EMERGENCY")
    if flatten and wanted is not Level.EMERGENCY:
        raise UsageError(f"--flatten closes positions, which {level} does not", "add --level EMERGENCY")
    scope = scope_of(strategy, symbol)
    done, failures = _stop(run, account, scope, wanted, reason)
    several = len(done) + len(failures) > 1
    human = run.console.mode is OutputMode.HUMAN
    rows, left = [], False
    for each in done:
        row = _told(run, each, scope, wanted, closing=flatten, whose=several)
        if flatten:
            closed = _close(run, each.latch.account, scope, reason, failures)
            left |= closed is not None and bool(closed["left"])
            row = {**row, "flatten": closed}
        rows.append(row)
    if not human:
        _show(run, rows)
    if failures:
        for failure in failures[1:]:
            run.console.warn(failure.message)
        raise failures[0]
    return ExitCode.FAILED if left else ExitCode.OK


def _stop(
    run: Run, account: str | None, scope: str, wanted: Level, reason: str
) -> tuple[list[Tripped], list[MemesnipeError]]:
    """Every latch first, then the lines in the journals: no account waits for another one's journal. What fails on one
    is told when all others are stopped."""
    from memesnipe_cli.risk import control

    paths = store_paths(run)
    done: list[Tripped] = []
    failures: list[MemesnipeError] = []
    for name in every_account(paths, account):
        try:
            done.append(control.set_latch(paths, name, scope, wanted, reason))
        except StoreError as failure:
            failures.append(failure)
    return [control.write_down(paths, scope, each) for each in done], failures


def _told(
    run: Run, done: Tripped, scope: str, wanted: Level, *, closing: bool, whose: bool
) -> dict[str, Any]:
    """Say what stands now; the account's record. whose: there are several, and each line says of which it is."""
    from memesnipe_cli.commands.breaker_output import level_line

    from memesnipe_cli.risk.breaker_record import breaker_record
    from memesnipe_cli.risk.marks_file import marks_path, read_marks

    marks = read_marks(marks_path(store_paths(run), done.latch.account)) or {}
    row = breaker_record(done.latch, marks, marks.get("tiers"), marks.get("monitoring"))
    if run.console.mode is OutputMode.HUMAN:
        run.console.text(level_line(done.latch, scope), row)
    _say_more(
        run, done, scope, wanted, marks, closing=closing, whose=f"{done.latch.account}: " if whose else ""
    )
    return row


def _show(run: Run, rows: list[dict[str, Any]]) -> None:
    """The record; of several accounts a line each, or one document."""
    from memesnipe_cli.commands.breaker_output import all_accounts

    if run.console.mode is OutputMode.JSONL:
        run.console.records(rows, ())
    elif rows:
        run.console.record(rows[0] if len(rows) == 1 else all_accounts(rows))


def _close(
    run: Run, account: str, scope: str, reason: str, failures: list[MemesnipeError]
) -> dict[str, Any] | None:
    """Close what a tripped scope holds; what goes wrong here leaves the trip as it stands."""
    from memesnipe_cli.commands.trade_flatten import close_scope, show

    try:
        closed: dict[str, Any] | None = close_scope(run, account, scope, reason)
    except MemesnipeError as problem:
        failures.append(
            type(problem)(
                f"the breaker of account {account} stands at EMERGENCY, but closing failed: {problem.message}",
                problem.hint,
                code=problem.code,
            )
        )
        return None
    if closed is not None and run.console.mode is OutputMode.HUMAN:
        show(run, closed)
    return closed


def _say_more(
    run: Run,
    done: Tripped,
    scope: str,
    wanted: Level,
    marks: dict[str, object],
    *,
    closing: bool,
    whose: str,
) -> None:
    """What a person at this moment should know besides."""
    from memesnipe_cli.commands.breaker_output import whether_known

    from memesnipe_cli.risk.trader import trader_state

    if not done.changed:
        hold = done.latch.holds[scope]
        run.console.say(f"{whose}it stood there already, since {hold.since} ({hold.cause}: {hold.reason})")
    if done.unjournalled:
        run.console.warn(
            f"{whose}it stands, but its line in the journal has to wait: {done.unjournalled}; the next one to write for"
            " this account adds it"
        )
    if done.latch.problem:
        run.console.warn(f"{whose}{done.latch.problem}: the whole account is at HALT until a reset mends it")
    unknown = whether_known(marks, scope)
    if unknown:
        run.console.warn(whose + unknown)
    trader = trader_state(marks or None)
    if closing:
        return  # which says itself what becomes of trader and positions
    if trader["running"]:
        run.console.say(f"{whose}the trader (pid {trader['pid']}) obeys at once")
    elif not marks:
        run.console.say(
            f"{whose}nothing has traded on this account yet in {run.store_path}: it would begin stopped"
        )
    elif wanted is Level.EMERGENCY and marks.get("positions"):
        run.console.warn(
            f"{whose}no trader runs on this account: its open positions are closed when memesnipe trade runs next"
            f" (now: memesnipe trade flatten --account {done.latch.account})"
        )
    else:
        run.console.say(f"{whose}no trader runs on this account now")
