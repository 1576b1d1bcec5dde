"""`memesnipe breaker watch`: look at an account from outside its trader, and with --act step in where that one died."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.breaker_options import EveryAccount, every_account, store_paths

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, MemesnipeError

if TYPE_CHECKING:
    from memesnipe_cli.risk.watch import Sight, Watch
    from memesnipe_cli.store.paths import StorePaths

_NAP_S = 0.1  # how soon Ctrl-C is obeyed
_SECOND_LOOK_S = 1.2  # a living trader renews its marks twice a second
_AGAIN_S = (
    10.0  # before it is tried again to step in where that failed; twice as long after each further failure
)
_LONGEST_AGAIN_S = 300.0
_LIST_AGAIN_S = 60.0  # how often it looks for accounts that are new
_MERGE_S = 0.5


@dataclass
class _Watched:
    """One account under watch. next_s: before that it is not tried again to step in; failures: how often that failed
    in a row."""

    looking: Watch
    seen: tuple[object, ...] = ()
    next_s: float = -math.inf
    failures: int = 0

    def failed(self, now_s: float) -> float:
        """It failed once more: how long until the next try."""
        wait_s = min(_AGAIN_S * 2.0**self.failures, _LONGEST_AGAIN_S)
        self.failures += 1
        self.next_s = now_s + wait_s
        return wait_s

    def stepped_in(self, now_s: float) -> None:
        """It was done."""
        self.failures, self.next_s = 0, now_s + _AGAIN_S


def watch(
    ctx: typer.Context,
    act: Annotated[
        bool,
        typer.Option(
            "--act",
            help="Step in where the trader is dead or hangs: halt, end it by its pid, close positions.",
        ),
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.05, max=3600, metavar="SECONDS", help="How often it looks.")
    ] = 1.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look once; exit code 1 where the trader died with positions open.")
    ] = False,
    limit: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=86_400,
            metavar="SECONDS",
            help="How long a trader may be silent. Default: the profile's monitoring.heartbeat_limit_seconds.",
        ),
    ] = None,
    account: EveryAccount = None,
) -> int:
    """Say what the breaker and the trader do, at every change. Reads files only: it is in nobody's way.

    Watches every account of the store unless one is named. Run it with --act as a service of its own
    (docs/breaker-watch.md), so that nothing stays open unattended; a live account is closed at its venue, with the key
    named watchdog or else trade, which must be readable with nobody there.
    """
    from memesnipe_cli.gentle_stop import gentle_stop
    from memesnipe_cli.risk.watch import Watch

    run = current(ctx)
    paths = store_paths(run)
    limit_s = run.profile.monitoring.heartbeat_limit_seconds if limit is None else limit
    if once:
        lookers = [Watch(paths, name, limit_s) for name in every_account(paths, account)]
        codes = [_once(run, paths, each, limit_s, act) for each in lookers]
        return max(codes)
    watched: dict[str, _Watched] = {}
    list_s = -math.inf
    with gentle_stop() as stop:
        while not stop():
            if time.monotonic() >= list_s:
                # Accounts that begin to trade while it runs are watched, too.
                list_s = time.monotonic() + _LIST_AGAIN_S
                for name in every_account(paths, account):
                    if name not in watched:
                        watched[name] = _Watched(Watch(paths, name, limit_s))
                        if act:
                            _prove(run, name)
            for each in watched.values():
                _look(run, paths, each, act)
            wake = time.monotonic() + interval
            while not stop() and (left := wake - time.monotonic()) > 0:
                time.sleep(min(_NAP_S, left))
    return stop.code or ExitCode.OK


def _look(run: Run, paths: StorePaths, watched: _Watched, act: bool) -> None:
    """One look at one account, and what follows from it."""
    sight = watched.looking.look()
    if sight.seen != watched.seen:
        watched.seen = sight.seen
        _show(run, sight)
    if act and sight.due and time.monotonic() >= watched.next_s:
        if _step_in(run, paths, sight) is None:
            wait_s = watched.failed(time.monotonic())
            run.console.warn(f"it is tried again in {wait_s:.0f} s")
        else:
            watched.stepped_in(time.monotonic())
    _merge(run, paths, sight.account)


def _prove(run: Run, account: str) -> None:
    """Show at the start that an account at a venue could be closed with nobody there, or say loudly that it could not:
    a halt and the end of the trader need no key."""
    from memesnipe_cli.commands.breaker_books import unattended

    try:
        words = unattended(run, account)
    except MemesnipeError as problem:
        run.console.warn(
            f"account {account} could NOT be closed now: {problem.message}; it would be halted and its trader ended,"
            f" and stops rest at the venue\n  {problem.hint}"
        )
        return
    if words:
        run.console.say(words)


def _once(run: Run, paths: StorePaths, looking: Watch, limit_s: float, act: bool) -> int:
    """One look; where that finds old marks, another one, for they may be renewed in this moment. To step in it waits
    until a dead trader has had its time to be started again."""
    from memesnipe_cli.commands.breaker_books import books_of

    from memesnipe_cli.risk.watch import FAILED

    sight = looking.look(by_wall_clock=True)
    if sight.trader in FAILED:
        time.sleep(_SECOND_LOOK_S)
        sight = looking.look(by_wall_clock=True)
    give_up = time.monotonic() + limit_s  # a beat from the future would never grow old
    while act and sight.trader in FAILED and not sight.due and time.monotonic() < give_up:
        time.sleep(_NAP_S)
        sight = looking.look(by_wall_clock=True)
    failed = sight.trader in FAILED
    left: list[dict[str, Any]] | None = []
    if failed:
        left = _step_in(run, paths, sight) if act else books_of(run, looking.account).held()
    if not (act and failed):
        _show(run, sight)
    _merge(run, paths, looking.account)
    return ExitCode.FAILED if left is None or left else ExitCode.OK


def _step_in(run: Run, paths: StorePaths, sight: Sight) -> list[dict[str, Any]] | None:
    """Step in and say what was done: the positions that are left; None where it failed."""
    from memesnipe_cli.commands.breaker_books import books_of, what_stands

    from memesnipe_cli.risk.watch import sight_record, step_in

    console = run.console
    try:
        done = step_in(paths, sight, books_of(run, sight.account))
    except MemesnipeError as problem:
        _show(run, sight)
        console.warn(f"stepping in failed: {problem.message}\n  {problem.hint}")
        for words in what_stands(run, sight.account, problem):
            console.warn(f"{sight.account}: {words}")
        return None
    if console.mode is not OutputMode.HUMAN:
        console.record(sight_record(sight, action=done))
        return list(done["left"])
    _show(run, sight)
    lines = [
        f"  new positions are halted: {done['reason']}",
        f"  {done['ended']}",
        f"  held by the journal: {_positions(done['held'])}",
        *(f"  cancelled the entry into {each['symbol']} ({each['strategy']})" for each in done["cancelled"]),
        *(
            f"  closed {each['symbol']} {each['side']} {each['qty']} at {each['price']} ({each['strategy']})"
            for each in done["closed"]
        ),
        *(f"  STILL HELD: {each['symbol']} {each['qty']}: {each['why']}" for each in done["left"]),
    ]
    console.text("\n".join(lines), done)
    return list(done["left"])


def _show(run: Run, sight: Sight) -> None:
    from memesnipe_cli.risk.levels import STOPPED
    from memesnipe_cli.risk.watch import sight_record

    row = sight_record(sight)
    pid = "" if sight.pid is None else f" (pid {sight.pid})"
    age = "" if sight.age_seconds is None else f", marks {sight.age_seconds:.1f} s old"
    problem = f"; {sight.problem}" if sight.problem else ""
    run.console.text(
        f"{row['at']}  {sight.account}  {sight.level.name}: {STOPPED[sight.level]};"
        f" trader {sight.trader.value}{pid}{age}, {sight.positions} positions{problem}",
        row,
    )


def _positions(held: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['symbol']} {each['side']} {each['qty']}" for each in held) or "nothing"


def _merge(run: Run, paths: StorePaths, account: str) -> None:
    """Bring waiting lines of the breaker into the journal; where it is busy they go on waiting."""
    from memesnipe_cli.risk.spool import merge_spool, waiting
    from memesnipe_cli.store.journal import Journal

    if not waiting(paths, account):
        return
    try:
        merge_spool(Journal(paths, account, deadline_s=_MERGE_S), paths, account, deadline_s=_MERGE_S)
    except MemesnipeError as problem:
        run.console.detail(f"lines of the breaker wait for the journal: {problem.message}")
