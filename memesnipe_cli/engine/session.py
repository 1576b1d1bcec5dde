"""The paper session: the loop that steps an account over a tape bar by bar, writes each decision down before
anything acts on it and each fill after, and goes on where a former process stopped or was killed. The tape is stored,
or comes in live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from memesnipe_cli.clock import DAY_MS, floor_to, format_time
from memesnipe_cli.engine.account_fold import NEW_CODE, SESSION, AccountFold, AccountState
from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.assumptions import Assumptions, assumptions
from memesnipe_cli.engine.dataset import Dataset, Request, engine_input, load_dataset, make_tape
from memesnipe_cli.engine.feed import TapeStep, tape_steps
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.live_data import live_dataset, live_tape
from memesnipe_cli.engine.live_steps import LiveSource, LiveSteps
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.run import Account
from memesnipe_cli.engine.session_breaker import refuse_halted
from memesnipe_cli.engine.session_guarded import Guarded
from memesnipe_cli.engine.session_journal import Decision, Line, OnLine, SessionJournal
from memesnipe_cli.engine.session_line import as_opened, changed_code, differences, session_body
from memesnipe_cli.engine.session_notes import BarNotes
from memesnipe_cli.engine.tape_digest import tape_digest
from memesnipe_cli.engine.trades import TradeRecord
from memesnipe_cli.errors import DataError, RefusedError, UsageError
from memesnipe_cli.profile import Profile
from memesnipe_cli.records import time_text, time_value
from memesnipe_cli.risk.adaptive import scale_changes
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.spool import merge_spool
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles
from memesnipe_cli.strategies.registry import LoadedStrategy

THRESHOLD = "threshold"
_PROGRESS_EVERY = 256  # bars


@dataclass(frozen=True)
class SessionRequest:
    """What to trade, on which account.

    new_session: the reason to open a new session where one is open, else None; abandon: open it even where
    the former one holds positions. on_line is told each journal line once it is on the disk; should_stop is
    asked after each bar; progress is told shares of the work done. assume_resets: a halt of the breaker is
    acknowledged by itself, as in a backtest, and no latch is asked; else it waits for a person.
    bars_per_second: how fast the tape is played; 0 for as fast as it goes. live: bars that come in after the
    stored ones; since_ms is then where the session began, and later entries are decided only on bars that have
    just closed.
    """

    strategies: list[LoadedStrategy]
    symbols: list[str]
    venue: str
    since_ms: int | None
    until_ms: int | None
    capital: Decimal
    profile: Profile
    store: Store
    cache_dir: Path
    account: str = "paper"
    piped: list[Candles] | None = None
    new_session: str | None = None
    abandon: bool = False
    on_line: OnLine | None = None
    should_stop: Callable[[], bool] = field(default=lambda: False)
    progress: Callable[[float], None] | None = None
    assume_resets: bool = False
    bars_per_second: float = 0.0
    live: LiveSource | None = None


@dataclass(frozen=True)
class SessionRun:
    """What one run did. trades: ended in this run; open_trades: positions at its end; bars: how many were
    processed; stopped: it was asked to stop before the tape ended; resumed: the session was open before.
    base_ms: length of a bar. level: of the account's breaker at the end; halted_strategies: those it has halted."""

    state: AccountState
    trades: list[TradeRecord]
    open_trades: list[TradeRecord]
    bars: int
    base_ms: int
    stopped: bool
    resumed: bool
    warnings: list[str]
    level: Level
    halted_strategies: list[str]


def run_session(request: SessionRequest) -> SessionRun:
    """Trade on from where the account stands to the end of the tape.

    Raises StoreBusyError where another process trades the account, RefusedError where the open session trades
    otherwise, DataError for a tape that cannot be used.
    """
    names = [each.name for each in request.strategies]
    if len(set(names)) < len(names):
        raise UsageError(
            f"two strategies have the name {max(names, key=names.count)}",
            "an account knows them by name: change one",
        )
    journal = request.store.journal(request.account)
    with journal.held():
        latch = LatchFile(request.store.paths, request.account)
        state = journal.replay(AccountFold())
        if not request.assume_resets:
            merge_spool(journal, request.store.paths, request.account)
            if not state.busy() or request.abandon:
                refuse_halted(latch, known=_had_latch(state))
        assumed = assumptions(request.profile, request.capital, {})
        if not request.assume_resets:
            assumed = replace(assumed, rules=replace(assumed.rules, assumed_reset_ms=None))
        dataset = _load(request, assumed)
        resumed = state.session is not None and request.new_session is None
        warnings = list(dataset.warnings)
        if resumed:
            dataset = _go_on(request, journal, state, dataset, assumed, warnings)
        else:
            state = _open(request, journal, state, dataset, assumed, latch)
        return _run(request, journal, state, dataset, assumed, resumed, warnings, latch)


def _had_latch(state: AccountState) -> bool:
    """Whether the account has traded under a latch: a replay, which acknowledges halts by itself, needs none."""
    rules = (state.session or {}).get("rules", {})
    return state.session is not None and rules.get("assumed_reset_ms") is None


def _load(request: SessionRequest, assumed: Assumptions) -> Dataset:
    wanted = Request(
        request.strategies,
        request.symbols,
        request.venue,
        request.since_ms,
        request.until_ms,
        request.profile,
        request.store,
        request.piped,
    )
    if request.live is None or request.since_ms is None:
        return load_dataset(wanted, assumed)
    return live_dataset(wanted, assumed, request.live.after_ms)


def _body(
    request: SessionRequest,
    state: AccountState,
    dataset: Dataset,
    assumed: Assumptions,
    resets: Mapping[str, int],
) -> dict[str, Any]:
    body = session_body(
        state.sessions + 1, request.account, request.new_session or "", request.profile, request.since_ms,
        request.capital, request.strategies, dataset, assumed, resets,
    )  # fmt: skip
    return body if request.live is None else {**body, "feed": request.live.name}


def _open(
    request: SessionRequest,
    journal: Journal,
    state: AccountState,
    dataset: Dataset,
    assumed: Assumptions,
    latch: LatchFile,
) -> AccountState:
    """Begin a session with its capital in cash. Refused while the open one holds positions."""
    busy = state.busy()
    if busy and not request.abandon:
        names = ", ".join(f"{state.keys[slot][0]} {state.keys[slot][2]}" for slot in busy)
        raise RefusedError(
            f"the open session of account {request.account!r} still holds or waits for: {names}",
            "trade on until it is flat, or trade on another account: --account NAME",
            code="session_open",
        )
    # The latch before the session: an account that has traded and has no latch is halted.
    resets = {} if request.assume_resets else latch.create().resets
    opened = journal.append(SESSION, _body(request, state, dataset, assumed, resets))
    return AccountFold().apply(state, opened)


def _go_on(
    request: SessionRequest,
    journal: Journal,
    state: AccountState,
    dataset: Dataset,
    assumed: Assumptions,
    warnings: list[str],
) -> Dataset:
    """The data as the open session began with them, if this run asks for the same. Raises RefusedError."""
    opened = state.session or {}
    wanted = _body(request, state, dataset, assumed, opened.get("resets", {}))
    found = list(differences(opened, wanted))
    if found:
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        raise RefusedError(
            f"the open session {opened['session']} trades otherwise: {'; '.join(found[:3])}{more}",
            "repeat its options, open a new one with --new-session --reason TEXT, or use --account NAME",
            code="session_differs",
        )
    for name in changed_code(opened, wanted):
        warnings.append(
            f"{name} is not the code that this session was opened with; it goes on with the new one"
        )
    if changed_code(opened, wanted):
        journal.append(NEW_CODE, {"session": opened["session"], "strategies": wanted["strategies"]})
    dataset = as_opened(dataset, opened)
    if state.tape is not None and tape_digest(dataset, time_value(state.tape["bar"])) != state.tape["tape"]:
        warnings.append(
            f"bars up to {state.tape['bar']} are not the ones that this session traded on; it goes on, but a backtest "
            "of the whole span need not make its trades"
        )
    return dataset


def _run(
    request: SessionRequest,
    journal: Journal,
    state: AccountState,
    dataset: Dataset,
    assumed: Assumptions,
    resumed: bool,
    warnings: list[str],
    latch: LatchFile,
) -> SessionRun:
    tape = make_tape(dataset) if request.live is None else live_tape(dataset)
    inputs = engine_input(dataset, tape, request.strategies, assumed)
    book = SessionJournal(journal, state, inputs, request.strategies, request.on_line)
    book.finish()
    begin = _begin(request, state, inputs, warnings)
    account = _account(state, book, inputs, begin)
    book.account = account
    base_ms = tape.base_ms
    marked_day = state.marked_day
    guarded = Guarded(request, book, account, inputs, latch)
    equity = guarded.equity
    last = int(tape.ts[begin - 1]) if begin > 0 else None
    bars, stopped = 0, False
    steps: Iterable[TapeStep | None] = (
        tape_steps(inputs, dataset, request.strategies, assumed.min_turnover, request.cache_dir, begin)
        if request.live is None
        else LiveSteps(
            request.live,
            inputs,
            dataset,
            request.strategies,
            assumed,
            request.store,
            request.cache_dir,
            begin,
        )
    )
    notes = BarNotes(book, (state.session or {})["session"])
    for step in steps:
        if step is None:
            notes.write()
            if guarded.idle(dataset.begin_ms if last is None else last + base_ms):
                equity = guarded.equity
            if request.should_stop():
                stopped = True
                break
            continue
        if step.scales is not None:
            inputs = replace(inputs, scales=step.scales)
            account.use_scales(int(tape.ts[0]) // DAY_MS, step.scales.tolist())
        if last is not None and floor_to(step.ts, DAY_MS) > marked_day:
            marked_day = floor_to(step.ts, DAY_MS)
            changes = threshold_lines(inputs, marked_day)
            book.mark(last, base_ms, equity, account.cash, changes, day=time_text(marked_day))
        now = account.bars(step.ts, step.ticks, step.volumes, step.rates)
        filled = account.fill(now)
        guarded.saw(step, now, filled)
        book.write(filled)
        equity = guarded.at(step.ts)
        events, refused = guarded.let_through(step, now, account.decide(now, equity, step.said))
        notes.add(step, decided=bool(events))
        book.write(events, Decision(equity, step.said, base_ms, refused))
        if step.note is not None and events:
            book.append([])  # somebody looks on: refusals are told at once, too
        last = step.ts
        bars += 1
        if request.progress is not None and bars % _PROGRESS_EVERY == 0:
            request.progress(_PROGRESS_EVERY / (len(tape.ts) - begin))
        guarded.show(last + base_ms)
        if guarded.wait(request.should_stop):
            equity = guarded.equity
        if request.should_stop():
            stopped = True
            break
    notes.write()
    if bars and last is not None:
        dataset = steps.dataset() if isinstance(steps, LiveSteps) else dataset
        book.mark(last, base_ms, equity, account.cash, tape=tape_digest(dataset, last))
        guarded.show(last + base_ms, ended=True)
    return SessionRun(
        state=book.state,
        trades=book.trades,
        open_trades=book.open_trades(),
        bars=bars,
        base_ms=base_ms,
        stopped=stopped,
        resumed=resumed,
        warnings=warnings,
        level=guarded.level,
        halted_strategies=guarded.halted_strategies,
    )


def _begin(request: SessionRequest, state: AccountState, inputs: EngineInput, warnings: list[str]) -> int:
    """Where the stored tape goes on. A live session goes on too where the bar it stopped at was never stored."""
    ts = inputs.tape.ts
    if request.live is None:
        return first_bar(state, inputs)
    if not inputs.tape.ticks.any():
        return 0
    event = state.last_event_ms
    whole = state.last_bar_ms
    if event is not None and event not in ts and (whole is None or event > whole):
        warnings.append(
            f"the bar of {format_time(event)}, at which this session stopped, is not in the store"
        )
        return int(np.searchsorted(ts, event))
    return first_bar(state, inputs)


def threshold_lines(inputs: EngineInput, day_ms: int) -> list[Line]:
    """The lines of the adaptive thresholds that change at a UTC midnight."""
    if inputs.scales is None:
        return []
    day = day_ms // DAY_MS
    row = day - int(inputs.tape.ts[0]) // DAY_MS
    lines: list[Line] = []
    for place, terms in enumerate(inputs.terms):
        two_days = inputs.scales[row - 1 : row + 1, place].tolist()
        lines += [(THRESHOLD, change.body()) for change in scale_changes(terms.symbol, day - 1, two_days)]
    return lines


def first_bar(state: AccountState, inputs: EngineInput) -> int:
    """Where a tape goes on: at the bar of the last event, whose rest is done again (the kernel does nothing
    twice), or after the last bar that is known to be whole."""
    ts = inputs.tape.ts
    whole, event = state.last_bar_ms, state.last_event_ms
    if event is not None and (whole is None or event > whole):
        at = int(np.searchsorted(ts, event))
        if at == len(ts) or int(ts[at]) != event:
            raise DataError(
                f"the tape has no bar at {format_time(event)}, where the session stopped",
                "give it the data it began with, or ingest those bars again",
            )
        return at
    return 0 if whole is None else int(np.searchsorted(ts, whole, side="right"))


def _account(state: AccountState, book: SessionJournal, inputs: EngineInput, begin: int) -> AccountStep:
    """The account as the journal left it; the marks of what is held come from the tape."""
    tape = inputs.tape
    fixed = Account.open(inputs)
    slots = fixed.state.tolist()
    for number, key in enumerate(state.keys):
        slot = book.keys.index(key)
        slots[slot] = state.slots.row(number)
        instrument = inputs.slots[slot].instrument
        before = np.flatnonzero(tape.ticks[:begin, instrument, 0])
        if len(before):
            slots[slot][layout.LAST_CLOSE] = int(tape.ticks[before[-1], instrument, 3])
    risk = [state.risk.row(number) for number in range(len(state.scopes))]
    return AccountStep(fixed, state.account, slots, risk)
