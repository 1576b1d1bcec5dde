"""`memesnipe breaker reset`: a person who has understood the cause lets an account, a strategy or a symbol go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from memesnipe_cli.commands.breaker_options import (
    OneAccount,
    OneStrategy,
    OneSymbol,
    Reason,
    one_account,
    scope_of,
    store_paths,
)

from memesnipe_cli.cli import Run, current

if TYPE_CHECKING:
    from memesnipe_cli.risk.control import Reset


def reset(
    ctx: typer.Context,
    reason: Reason,
    strategy: OneStrategy = None,
    symbol: OneSymbol = None,
    account: OneAccount = None,
) -> None:
    """Let trading go on after a halt, once its cause is understood: first the cool-off, then smaller sizes.

    Resets one account: --account says which where the store has several. Refused while the loss of the present day or
    the drawdown over the account's whole life is too large.
    """
    from memesnipe_cli.commands.breaker_output import level_line

    from memesnipe_cli.risk import control
    from memesnipe_cli.risk.breaker_record import breaker_record
    from memesnipe_cli.risk.latch_state import scope_words
    from memesnipe_cli.risk.marks_file import marks_path, read_marks

    run = current(ctx)
    scope = scope_of(strategy, symbol)
    paths = store_paths(run)
    account = one_account(paths, account)
    limits = run.profile.breaker
    done = control.reset(
        paths, account, scope, reason, daily_halt=limits.daily_halt, lifetime_halt=limits.lifetime_halt
    )
    marks = read_marks(marks_path(paths, account)) or {}
    run.console.text(
        level_line(done.latch, scope),
        breaker_record(done.latch, marks, marks.get("tiers"), marks.get("monitoring")),
    )
    if done.cleared is None:
        run.console.say(f"there was nothing to reset: {scope_words(scope)} was not halted")
    else:
        _say_what_follows(run, done, scope, marks)
    for other, hold in done.latch.holds.items():
        run.console.say(f"still at {hold.level.name}: {scope_words(other)} ({hold.cause})")


def _say_what_follows(run: Run, done: Reset, scope: str, marks: dict[str, Any]) -> None:
    from memesnipe_cli.risk.trader import trader_state

    if scope.startswith("symbol:") or not marks:
        return
    ready = _ready(marks, scope)
    wait = (
        f"no new positions before {ready} (cool-off); then"
        if ready
        else "new positions are at first smaller:"
    )
    run.console.say(f"{wait} 25, 50, 75 and at last 100 % of their normal size")
    if done.cleared is not None and done.cleared.cause in ("latch_missing", "latch_unreadable"):
        if trader_state(marks)["running"]:
            run.console.warn("the latch was lost, and with it who may send orders: start the trader again")
    elif marks.get("positions"):
        run.console.say(f"open positions: {len(marks['positions'])}; they keep their stops")


def _ready(marks: dict[str, Any], scope: str) -> str | None:
    """When the cool-off of a scope ends, in the tape's time; None where it is over or unknown."""
    name = scope.partition(":")[2]
    own = [each for each in marks.get("strategies") or [] if each.get("name") == name] if name else [marks]
    ready = (own[0].get("recovery") or {}).get("ready") if own else None
    # Both are RFC 3339 UTC of whole seconds: their order is that of their texts.
    return ready if ready and ready > str(marks.get("time") or "") else None
