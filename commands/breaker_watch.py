"""`memesnipe breaker watch`: look at an account from outside its trader, and with --act step in where that one died."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.breaker_options import store_paths

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, MemesnipeError
from memesnipe_cli.run_options import AccountName

if TYPE_CHECKING:
    from memesnipe_cli.risk.watch import Closing, Sight, Watch
    from memesnipe_cli.store.paths import StorePaths

_NAP_S = 0.1  # how soon Ctrl-C is obeyed
_SECOND_LOOK_S = 1.2  # a living trader renews its marks twice a second
_AGAIN_S = 10.0  # before it is tried again to step in where that failed
_MERGE_S = 0.5


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
    account: AccountName = "paper",
) -> int:
    """Say what the breaker and the trader do, at every change. Reads files only: it is in nobody's way.

    Run it with --act as a service of its own (docs/breaker-watch.md), so that nothing stays open unattended.
    """
    from memesnipe_cli.gentle_stop import gentle_stop
    from memesnipe_cli.risk.watch import Watch

    run = current(ctx)
    paths = store_paths(run)
    limit_s = run.profile.monitoring.heartbeat_limit_seconds if limit is None else limit
    looking = Watch(paths, account, limit_s)
    if once:
        return _once(run, paths, looking, limit_s, act)
    seen: tuple[object, ...] = ()
    tried = -_AGAIN_S
    with gentle_stop() as stop:
        while not stop():
            sight = looking.look()
            if sight.seen != seen:
                seen = sight.seen
                _show(run, sight)
            if act and sight.due and time.monotonic() - tried >= _AGAIN_S:
                tried = time.monotonic()
                _step_in(run, paths, sight)
            _merge(run, paths, account)
            wake = time.monotonic() + interval
            while not stop() and (left := wake - time.monotonic()) > 0:
                time.sleep(min(_NAP_S, left))
    return stop.code or ExitCode.OK


def _once(run: Run, paths: StorePaths, looking: Watch, limit_s: float, act: bool) -> int:
    """One look; where that finds old marks, another one, for they may be renewed in this moment. To step in it waits
    until a dead trader has had its time to be started again."""
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
    left = (
        _step_in(run, paths, sight)
        if act and failed
        else _Books(run, looking.account).held()
        if failed
        else []
    )
    if not (act and failed):
        _show(run, sight)
    _merge(run, paths, looking.account)
    return ExitCode.FAILED if left is None or left else ExitCode.OK


def _step_in(run: Run, paths: StorePaths, sight: Sight) -> list[dict[str, Any]] | None:
    """Step in and say what was done: the positions that are left; None where it failed."""
    from memesnipe_cli.risk.watch import sight_record, step_in

    console = run.console
    try:
        done = step_in(paths, sight, _Books(run, sight.account))
    except MemesnipeError as problem:
        _show(run, sight)
        console.warn(f"stepping in failed: {problem.message}\n  {problem.hint}")
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


class _Books:
    """The account's journal as the watch needs it. The engine is loaded only where something is to be closed."""

    def __init__(self, run: Run, account: str) -> None:
        self._run = run
        self._account = account

    def held(self) -> list[dict[str, Any]]:
        """The open positions, by the journal."""
        from memesnipe_cli.engine.account_fold import AccountFold
        from memesnipe_cli.engine.account_said import position_records

        state = self._run.store.journal(self._account).replay(AccountFold())
        names = ("strategy", "venue", "symbol", "side", "qty")
        return [{name: each[name] for name in names} for each in position_records(self._account, state)]

    def close(self, reason: str) -> Closing:
        """Close them; the caller holds the account."""
        from memesnipe_cli.commands.trade_flatten import rows

        from memesnipe_cli.engine.account_fold import AccountFold
        from memesnipe_cli.engine.flatten import close_positions
        from memesnipe_cli.risk.watch import WATCH, Closing

        store = self._run.store
        if store.journal(self._account).replay(AccountFold()).session is None:
            return Closing()
        held = self.held()
        report = close_positions(store, self._account, reason=reason, by=WATCH)
        return Closing(held, rows(report.cancelled), rows(report.closed), rows(report.left))
