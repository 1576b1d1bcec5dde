"""`memesnipe trade --live`: real orders at a venue, from a live profile, with a key from the vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memesnipe_cli.cli import Run
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.live.request import LiveRequest, LiveRun
    from memesnipe_cli.live.status import LoopStatus
    from memesnipe_cli.store.journal import Journal

LIVE = "LIVE: real orders, real money"
_INGEST_DEADLINE_S = 1_800.0
_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Asked:
    """What the command line asks for. reason: why a new session begins, or why no promotion is needed."""

    account: str
    strategies: list[str] | None
    params: list[str] | None
    symbols: list[str]
    venue: str | None
    capital: str | None
    live: bool
    key: str
    duration_s: float | None
    once: bool
    new_session: bool
    without_promotion: bool
    reason: str


def trade_live(this_run: Run, asked: Asked) -> int:
    """Trade until Ctrl-C, for --duration, or for one bar."""
    from memesnipe_cli.commands.backtest_options import capital_amount
    from memesnipe_cli.commands.backtest_run import load_strategies

    from memesnipe_cli.engine.account_fold import AccountFold
    from memesnipe_cli.engine.run import default_cache_dir
    from memesnipe_cli.engine.warm_up import base_length, last_closed
    from memesnipe_cli.live.permission import check_breaker, check_promoted, check_wanted
    from memesnipe_cli.live.request import LiveRequest
    from memesnipe_cli.risk.latch import LatchFile

    store, profile = this_run.store, this_run.profile
    # What needs no venue comes first: nothing is asked for a run that may not be.
    check_wanted(profile, asked.venue, live=asked.live)
    loaded = load_strategies(asked.strategies, asked.params)
    journal = store.journal(asked.account)
    state = journal.replay(AccountFold())
    session = None if asked.new_session else state.session
    venue, symbols = _what(this_run, asked, session)
    request = LiveRequest(
        strategies=loaded,
        symbols=symbols,
        venue=venue,
        capital=capital_amount(asked.capital, profile.account.capital),
        profile=profile,
        store=store,
        cache_dir=default_cache_dir(),
        account=asked.account,
        without_promotion=asked.reason if asked.without_promotion else "",
        new_session=asked.reason if asked.new_session else None,
        once=asked.once,
        duration_s=asked.duration_s,
        say=this_run.console.say,
    )
    check_promoted(request)
    check_breaker(
        LatchFile(store.paths, asked.account), known=state.session is not None, busy=bool(state.busy())
    )
    with journal.held():
        base_ms = base_length(loaded)
        references = _bring_in(this_run, request, session, base_ms)
        return _run(
            this_run, asked, request, journal, references, base_ms, last_closed(request.now(), base_ms)
        )


def _what(this_run: Run, asked: Asked, session: Mapping[str, Any] | None) -> tuple[str, list[str]]:
    """(venue, symbols): as asked for, else of the open session. Real money is traded in what somebody named."""
    venue = asked.venue or this_run.profile.account.venue
    symbols = list(dict.fromkeys(asked.symbols)) or list((session or {}).get("symbols", ()))
    if not symbols:
        raise UsageError("no symbol is named: real money trades only what you name", "add --symbol DOGE/USD")
    return venue, symbols


def _bring_in(
    this_run: Run, request: LiveRequest, session: Mapping[str, Any] | None, base_ms: int
) -> list[str]:
    """What the strategies warm up on comes into the store; what they look at beside the traded symbols."""
    from memesnipe_cli.clock import floor_to
    from memesnipe_cli.engine.warm_up import bring_in, last_closed, reference_symbols, wanted_series
    from memesnipe_cli.market.venue_session import VenueSession
    from memesnipe_cli.records import time_value

    console = this_run.console
    data = VenueSession(
        request.venue,
        this_run.profile.venue(request.venue).base_url,
        deadline_s=_INGEST_DEADLINE_S,
        timeout_s=_TIMEOUT_S,
        say=console.say,
    )
    for symbol in request.symbols:
        data.prepare(request.store, symbol)
    references = reference_symbols(request.strategies, request.symbols, list(data.exchange.markets or {}))
    since_ms = floor_to(request.now(), base_ms)
    if session is not None:
        since_ms = time_value(session["since"], "since")
    last_ms = last_closed(request.now(), base_ms)
    wanted = wanted_series(request.strategies, request.symbols, references, request.venue, since_ms, last_ms)
    with console.progress("bringing in what is missing", 1.0) as advance:
        for warning in bring_in(request.store, data, wanted, last_ms, base_ms, advance):
            console.warn(warning)
    return references


def _run(
    this_run: Run,
    asked: Asked,
    request: LiveRequest,
    journal: Journal,
    references: list[str],
    base_ms: int,
    after_ms: int,
) -> int:
    from memesnipe_cli.commands.venue_access import open_venue

    from memesnipe_cli.gentle_stop import gentle_stop
    from memesnipe_cli.live.loop import LiveLoop
    from memesnipe_cli.live.pulse import Pulse
    from memesnipe_cli.live.starting import open_live
    from memesnipe_cli.live_view.opening import open_view
    from memesnipe_cli.market.live.venue_feed import open_feed

    console = this_run.console
    pulse = Pulse()
    loops: list[LiveLoop] = []
    with ExitStack() as stack:
        access = stack.enter_context(
            open_venue(this_run, request.venue, asked.key, "live start", request.account, pulse)
        )
        symbols = list(dict.fromkeys([*request.symbols, *references]))
        base_url = this_run.profile.venue(request.venue).base_url
        feed = open_feed(
            request.venue,
            symbols,
            base_ms,
            request.store,
            base_url=base_url,
            now=request.now,
            say=console.say,
        )
        stack.callback(feed.close)
        stop = stack.enter_context(gentle_stop())
        told = _log(this_run, request, stack)
        request = replace(request, should_stop=stop, on_line=_lines(this_run), say=told)
        console.say(f"{LIVE}: {request.venue}, account {request.account}, {', '.join(request.symbols)}")
        opened = open_live(
            request,
            access.venue,
            feed,
            journal,
            after_ms,
            access.key_use,
            lambda: bool(loops) and not loops[0].stopping,
        )
        view = stack.enter_context(open_view(console))
        beat = stack.enter_context(_heartbeat(this_run))

        def on_status(status: LoopStatus) -> None:
            view.show(status)
            beat(not status.warnings and status.level < 2, status.level.name)

        def say(words: str) -> None:
            told(words, quiet=True)
            view.say(words)

        request = replace(request, say=say, on_status=on_status)
        opened.account.say = say
        loop = LiveLoop(request, opened, feed, after_ms, key_check=access.check, signer_alive=access.alive)
        loops.append(loop)
        pulse.beat = loop.beat
        pulse.heard = loop.heard
        done = loop.run()
    return _end(this_run, request, done, stop.code)


def _lines(this_run: Run) -> Callable[[str, Mapping[str, Any]], None]:
    """Each line of the journal as the record that crosses a pipe, with --jsonl."""
    from memesnipe_cli.records import RECORD_TYPES, record

    console = this_run.console

    def on_line(kind: str, body: Mapping[str, Any]) -> None:
        if console.mode is OutputMode.JSONL and kind in RECORD_TYPES:
            console.record(record(kind, **body, paper=False))

    return on_line


def _log(this_run: Run, request: LiveRequest, stack: ExitStack) -> Callable[..., None]:
    """What the loop says goes into a log that rotates, and to the person."""
    from memesnipe_cli.service.logs import LoopLog, log_path
    from memesnipe_cli.vault.redaction import REDACTOR

    settings = this_run.profile.service
    log = LoopLog(
        log_path(request.store.paths, request.account),
        max_bytes=settings.log_bytes,
        keep=settings.log_files,
        redact=REDACTOR.redact,
    )
    stack.callback(log.close)

    def say(words: str, *, quiet: bool = False) -> None:
        log.write(words)
        if not quiet:
            this_run.console.say(words)

    return say


@contextmanager
def _heartbeat(this_run: Run) -> Iterator[Callable[[bool, str], None]]:
    """Tells an address outside that the loop is well, where the profile names one."""
    settings = this_run.profile.service
    if not settings.heartbeat_url:
        yield lambda ok, words: None
        return
    from memesnipe_cli.service.heartbeat import Heartbeat

    with Heartbeat(settings.heartbeat_url, settings.heartbeat_seconds) as heartbeat:
        yield heartbeat.beat


def _end(this_run: Run, request: LiveRequest, done: LiveRun, stopped: ExitCode | None) -> int:
    """Show what came of it; the exit code."""
    from memesnipe_cli.commands.trade_output import (
        LIVE_ORDERS,
        LIVE_POSITIONS,
        TRADES,
        show_live_account,
    )

    from memesnipe_cli.engine.trade_rows import trade_row
    from memesnipe_cli.live.said import Known, order_records, position_records, status_record
    from memesnipe_cli.risk.levels import STOPPED, Level

    console, account = this_run.console, request.account
    session = (done.state.session or {})["session"]
    known = Known.of(request.store, account)
    trades = [trade_row(session, each) for each in done.trades]
    positions, orders = position_records(known), order_records(known)
    if console.mode is OutputMode.JSON:
        console.record(
            {
                "account": status_record(known),
                "trades": trades,
                "positions": positions,
                "orders": orders,
                "bars": done.bars,
                "resumed": done.resumed,
                "stopped": done.stopped,
                "left": done.left,
                "unsettled": done.unsettled,
            }
        )
    elif console.mode is OutputMode.JSONL:
        console.records([*positions, *orders, status_record(known)], ())
    else:
        console.records(trades, TRADES, title="trades of this run", empty="no trades in this run")
        if positions:
            console.records(positions, LIVE_POSITIONS, title="\nopen positions")
        if orders:
            console.records(orders, LIVE_ORDERS, title="\nopen orders")
        console.text("", {})
        show_live_account(console, status_record(known))
    console.say(f"{done.bars} bars; left: {'; '.join(done.left) or 'nothing'}")
    for order_id in done.unsettled:
        console.warn(
            f"the order {order_id} may exist at {request.venue}: memesnipe trade reconcile --account {account}"
        )
    for name in done.halted_strategies:
        console.warn(f"the breaker has halted {name} (memesnipe breaker status --account {account})")
    if stopped is not None:
        return stopped
    if done.level >= Level.HALT:
        console.warn(f"the breaker is at {done.level.name}: {STOPPED[done.level]}")
        return ExitCode.REFUSED
    return ExitCode.OK
