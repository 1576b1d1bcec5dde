"""`memesnipe shadow` on live data: a venue's feed, or candles that are piped in as they close."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memesnipe_cli.cli import Run
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import DataError, ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.engine.account_fold import AccountState
    from memesnipe_cli.engine.live_steps import LiveSource
    from memesnipe_cli.engine.session import SessionRequest, SessionRun
    from memesnipe_cli.market.live.feed import FeedState
    from memesnipe_cli.strategies.registry import LoadedStrategy

_INGEST_DEADLINE_S = 1_800.0
_TIMEOUT_S = 20.0
_FRESH = "live"  # why a live session begins where a replay was


@dataclass(frozen=True)
class Asked:
    """What the command line asks for. reason: why a new session begins, None to go on with the open one."""

    account: str
    strategies: list[str] | None
    params: list[str] | None
    symbols: list[str]
    venue: str | None
    capital: str | None
    duration_s: float | None
    reason: str | None


@dataclass(frozen=True)
class Standing:
    """The account as it was found: its open live session, None where a new one begins, and what to open that with."""

    state: AccountState
    session: Mapping[str, Any] | None
    new_session: str | None
    abandon: bool


def shadow_state(this_run: Run, account: str) -> AccountState:
    """The account, folded. Raises RefusedError for one that `trade` trades: a shadow would end its session."""
    from memesnipe_cli.engine.account_fold import AccountFold

    state = this_run.store.journal(account).replay(AccountFold())
    if state.session is not None and "feed" not in state.session and not is_replay(state):
        raise RefusedError(
            f"account {account!r} belongs to `memesnipe trade`: a shadow would end its session",
            "take another account: --account NAME",
            code="session_open",
        )
    return state


def is_replay(state: AccountState) -> bool:
    """Whether the open session is of a replay, which acknowledges halts by itself."""
    return (state.session or {}).get("rules", {}).get("assumed_reset_ms") is not None


def standing(this_run: Run, asked: Asked) -> Standing:
    """Whether the run goes on. A replay's account begins anew: what it holds was never live."""
    state = shadow_state(this_run, asked.account)
    if state.session is None or asked.reason is not None:
        anew = asked.reason if state.session is not None else None
        return Standing(state, None, anew, abandon=is_replay(state))
    if "feed" in state.session:
        return Standing(state, state.session, None, abandon=False)
    return Standing(state, None, _FRESH, abandon=True)


def request_of(
    this_run: Run,
    asked: Asked,
    found: Standing,
    loaded: list[LoadedStrategy],
    venue: str,
    symbols: list[str],
    since_ms: int,
    live: LiveSource,
) -> SessionRequest:
    """The run as a SessionRequest."""
    from memesnipe_cli.commands.backtest_options import capital_amount

    from memesnipe_cli.engine.run import default_cache_dir
    from memesnipe_cli.engine.session import SessionRequest

    return SessionRequest(
        strategies=loaded,
        symbols=symbols,
        venue=venue,
        since_ms=since_ms,
        until_ms=None,
        capital=capital_amount(asked.capital, this_run.profile.account.capital),
        profile=this_run.profile,
        store=this_run.store,
        cache_dir=default_cache_dir(),
        account=asked.account,
        new_session=found.new_session,
        abandon=found.abandon,
        live=live,
    )


def live(this_run: Run, asked: Asked) -> int:
    """Shadow a venue until Ctrl-C, or for --duration."""
    from memesnipe_cli.commands.backtest_run import load_strategies

    from memesnipe_cli.clock import floor_to, format_time, now_ms
    from memesnipe_cli.engine.live_steps import LiveSource
    from memesnipe_cli.engine.warm_up import (
        base_length,
        bring_in,
        last_closed,
        reference_symbols,
        wanted_series,
    )
    from memesnipe_cli.market.live.venue_feed import open_feed
    from memesnipe_cli.market.venue_session import VenueSession
    from memesnipe_cli.records import time_value

    console, store = this_run.console, this_run.store
    loaded = load_strategies(asked.strategies, asked.params)
    found = standing(this_run, asked)
    venue, symbols = _tape(this_run, asked, found, loaded)
    settings = this_run.profile.venues.get(venue)
    base_url = None if settings is None else settings.base_url
    session = VenueSession(
        venue, base_url, deadline_s=_INGEST_DEADLINE_S, timeout_s=_TIMEOUT_S, say=console.say
    )
    for symbol in symbols:
        session.prepare(store, symbol)
    references = reference_symbols(loaded, symbols, list(session.exchange.markets or {}))
    base_ms = base_length(loaded)
    last_ms = last_closed(now_ms(), base_ms)
    since_ms = last_ms + base_ms
    if found.session is not None:
        since_ms = time_value(found.session["since"], "since")
    wanted = wanted_series(loaded, symbols, references, venue, since_ms, last_ms)
    with console.progress("bringing in what is missing", 1.0) as advance:
        warnings = bring_in(store, session, wanted, last_ms, base_ms, advance)
    for warning in warnings:
        console.warn(warning)
    everything = list(dict.fromkeys([*symbols, *references]))
    with closing(open_feed(venue, everything, base_ms, store, base_url=base_url, say=console.say)) as feed:
        source = LiveSource(
            name=venue,
            feed=feed,
            after_ms=last_ms,
            now=now_ms,
            duration_s=asked.duration_s,
            on_state=lambda state: say_state(this_run, state),
        )
        request = request_of(this_run, asked, found, loaded, venue, symbols, since_ms, source)
        doing = "goes on with" if found.session is not None else "begins"
        console.say(
            f"PAPER: {doing} a session of {', '.join(each.name for each in loaded)} on live {venue} "
            f"{', '.join(symbols)}; the next bar closes at {format_time(floor_to(now_ms(), base_ms) + base_ms)}"
        )
        return run_live(this_run, request)


def _tape(
    this_run: Run, asked: Asked, found: Standing, loaded: list[LoadedStrategy]
) -> tuple[str, list[str]]:
    """(venue, symbols): as asked for; what is left open comes from the open session, else from the store."""
    from memesnipe_cli.run_options import choose_tape

    venue = asked.venue or this_run.profile.account.venue
    if found.session is not None:
        return asked.venue or found.session["venue"], asked.symbols or list(found.session["symbols"])
    if asked.symbols:
        return venue, list(dict.fromkeys(asked.symbols))
    try:
        return choose_tape(this_run, loaded, [], venue, None, None)
    except (DataError, UsageError) as error:
        raise UsageError(
            f"--symbol is missing, and the store does not tell: {error.message}",
            "name what to look at: --symbol DOGE/USD",
        ) from error


def say_state(this_run: Run, state: FeedState) -> None:
    """How the feed stands, once for each change."""
    if state.problem:
        this_run.console.warn(f"market data ({state.source}): {state.problem}")
    elif state.source not in ("none", "pipe"):
        this_run.console.say(f"market data come by {state.source}")


def run_live(this_run: Run, request: SessionRequest, *, goes_on: bool = True) -> int:
    """Run the session, telling what it does as it does it, and show what came of it. goes_on: the same command would
    take it up again."""
    from memesnipe_cli.commands.trade_output import show_run, stream_line

    from memesnipe_cli.engine.account_said import account_record, order_records, position_records
    from memesnipe_cli.engine.session import run_session
    from memesnipe_cli.engine.trade_rows import trade_row
    from memesnipe_cli.gentle_stop import gentle_stop
    from memesnipe_cli.store.tables import SIMULATED_VENUE

    console, account = this_run.console, request.account
    simulated = request.venue == SIMULATED_VENUE

    def on_line(kind: str, body: Mapping[str, Any]) -> None:
        if console.mode is OutputMode.JSONL:
            stream_line(console, simulated, kind, body)
        elif console.mode is OutputMode.HUMAN:
            words = line_words(kind, body)
            if words:
                console.say(words)

    with gentle_stop() as stop:
        done = run_session(replace(request, on_line=on_line, should_stop=stop))
    for warning in done.warnings:
        console.warn(warning)
    journal = this_run.store.journal(account)
    session = (done.state.session or {})["session"]
    positions = position_records(account, done.state)
    show_run(
        console,
        account_record(account, done.state, str(journal.folder)),
        [trade_row(session, each) for each in done.trades],
        positions,
        order_records(account, done.state, journal.store_id()),
        bars=done.bars,
        resumed=done.resumed,
        stopped=done.stopped,
    )
    held = "; ".join(
        f"{each['symbol']} {each['side']} {each['qty']}, stop {each['stop']}" for each in positions
    )
    console.say(f"{done.bars} bars; left open: {held or 'nothing'}")
    if goes_on:
        console.say(
            f"the same command goes on from here; compare: memesnipe shadow report --account {account}"
        )
    return stop.code or _halted(this_run, account, done)


def line_words(kind: str, body: Mapping[str, Any]) -> str:
    """A line of the journal for a person who looks on; empty for what needs no word."""
    if kind == "order" and body["state"] == "sent":
        at = f" at {body['price']}" if body["price"] else ""
        what = f"{body['side']} {body['qty']} {body['symbol']}{at}"
        return f"{body['time']}  {body['strategy']}: {what} ({body['reason']})"
    if kind == "fill":
        return (
            f"{body['time']}  {body['strategy']}: filled {body['side']} {body['qty']} {body['symbol']} at "
            f"{body['price']} ({body['leg']})"
        )
    if kind == "refusal":
        why = body["gate"]["message"] if "gate" in body else body["reason"]
        return f"{body['time']}  {body['strategy']}: no {body['side']} of {body['symbol']}: {why}"
    if kind == "trade":
        what = f"{body['symbol']} is over, {body['pnl']} ({body['exit_reason']})"
        return f"{body['exit_time']}  {body['strategy']}: {what}"
    return ""


def _halted(this_run: Run, account: str, done: SessionRun) -> int:
    """Say what the breaker has stopped; the exit code that this means."""
    from memesnipe_cli.risk.levels import STOPPED, Level

    more = f"(memesnipe breaker status --account {account})"
    for name in done.halted_strategies:
        this_run.console.warn(f"the breaker has halted {name}: it takes no new positions {more}")
    if done.level < Level.WARNING:
        return ExitCode.OK
    this_run.console.warn(f"the breaker is at {done.level.name}: {STOPPED[done.level]} {more}")
    return ExitCode.REFUSED if done.level >= Level.HALT else ExitCode.OK
