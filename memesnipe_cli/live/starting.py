"""Opens a live account: what must be so before money is traded is checked, book and venue are reconciled, the
session is opened or gone on with, and the parts of the loop are put together. Nothing is sent before all of it is
well."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.engine.account_fold import SESSION, AccountFold, AccountState
from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.assumptions import Assumptions, assumptions
from memesnipe_cli.engine.dataset import Dataset, Request, engine_input
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.live_data import live_dataset, live_tape
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.order_ids import store_part
from memesnipe_cli.engine.run import Account
from memesnipe_cli.engine.session_breaker import SessionBreaker
from memesnipe_cli.engine.session_journal import SessionJournal
from memesnipe_cli.engine.session_line import LIVE, as_opened, differences, session_body
from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.live.account import LiveAccount, SharedJournal
from memesnipe_cli.live.broker import Broker
from memesnipe_cli.live.guarding import Guard
from memesnipe_cli.live.market import Market
from memesnipe_cli.live.pending import PendingFold
from memesnipe_cli.live.permission import (
    PROMOTION,
    check_breaker,
    check_currency,
    check_funds,
    check_promoted,
    check_same,
    settings_hash,
)
from memesnipe_cli.live.perpetuals import check_capital, check_positions
from memesnipe_cli.live.reconciling import Reconciler
from memesnipe_cli.live.watching import OrderWatcher
from memesnipe_cli.records import time_value
from memesnipe_cli.risk.bounds import CLOSED_BAR_MS
from memesnipe_cli.risk.facts import Product
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.mark_guard import MarkGuard
from memesnipe_cli.risk.marks_file import marks_path
from memesnipe_cli.risk.quality import ExecutionQuality
from memesnipe_cli.risk.scopes import symbol_scope
from memesnipe_cli.risk.spool import merge_spool
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.protect import Protector
from memesnipe_cli.venues.timing import Timer

if TYPE_CHECKING:
    from memesnipe_cli.live.request import LiveRequest
    from memesnipe_cli.market.live.feed import LiveFeed
    from memesnipe_cli.store.journal import Journal
    from memesnipe_cli.venues.protocol import Venue

KEY_USE = "key_use"
STOP_LIMIT_SHARE = Decimal("0.01")  # how far below its trigger a stop-limit may sell, where no other rests
MARK_FRESH_MS = 5_000  # by REST a price comes every few seconds: what is older marks nothing
_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True)
class Opened:
    """A live account, ready. begin: the first stored bar that the account has not seen."""

    account: LiveAccount
    broker: Broker
    guard: Guard
    reconciler: Reconciler
    watcher: OrderWatcher
    inputs: EngineInput
    dataset: Dataset
    assumed: Assumptions
    begin: int
    resumed: bool


def open_live(
    request: LiveRequest,
    venue: Venue,
    feed: LiveFeed,
    journal: Journal,
    after_ms: int,
    key_use: dict[str, Any],
    may_open: Callable[[], bool],
    monotonic: Callable[[], float] = time.monotonic,
) -> Opened:
    """Open the account; `journal` must be held. after_ms: open of the last base bar that the store was asked for;
    key_use: the journal's body of the key's use; may_open: whether entries would still be sent.

    Raises RefusedError that says what is not as it must be, NetworkError where the venue does not answer.
    """
    names = [each.name for each in request.strategies]
    if len(set(names)) < len(names):
        raise UsageError(f"two strategies have the name {max(names, key=names.count)}", "change one")
    check_currency(request)
    promotions = check_promoted(request)
    file = LatchFile(request.store.paths, request.account)
    state = journal.replay(AccountFold())
    merge_spool(journal, request.store.paths, request.account)
    check_breaker(file, known=state.session is not None, busy=bool(state.busy()))
    if state.session is None:
        file.create()
    journal.append(KEY_USE, key_use)
    quality = ExecutionQuality(request.profile.execution, live=True)
    products = {symbol: _product(request, venue, symbol) for symbol in request.symbols}
    market = Market(
        request.venue, feed, quality, products, request.profile.execution.data_age_ms, request.now
    )
    gate = Gate.of(request.profile, {request.venue}, file.read(must_exist=True).fence)
    fee = max((each.taker_fee or Decimal(0) for each in products.values()), default=Decimal(0))
    executor = Executor(
        venue, journal, gate, fee, Decimal(str(request.profile.limits.trade_share)), now=request.now
    )
    reconciler = Reconciler(
        executor, market, store_part(journal.store_id()), request.profile.monitoring, monotonic
    )
    _reconciled(request, executor, reconciler, file)
    check_positions(venue, executor.book, request.symbols)
    if state.session is None or request.new_session is not None:
        check_funds(request, executor.book)
    state, dataset, assumed, resumed = _session(request, journal, state, file, products, after_ms)
    inputs = engine_input(dataset, live_tape(dataset), request.strategies, assumed)
    book = SessionJournal(journal, state, inputs, request.strategies, request.on_line, live=True)
    book.append([(PROMOTION, {**each, "session": (state.session or {})["session"]}) for each in promotions])
    begin = _begin(state, inputs)
    kernel = live_kernel(state, book, inputs, begin)
    book.account = kernel
    book.finish()
    shared = SharedJournal(book, journal)
    executor.desk.journal = shared
    account = LiveAccount(
        kernel=kernel,
        book=book,
        inputs=inputs,
        executor=executor,
        protector=Protector(executor, journal.store_id(), request.account, STOP_LIMIT_SHARE),
        pending=journal.replay(PendingFold()),
        market=market,
        store_id=journal.store_id(),
        name=request.account,
        session=(book.state.session or {})["session"],
        now=request.now,
        monotonic=monotonic,
        decided_ms=_last_bar(state, inputs, begin),
        say=request.say,
    )
    watcher = OrderWatcher(Timer(request.now, monotonic), account.pending, market)
    executor.desk.watcher = watcher
    limits = request.profile.limits
    broker = Broker.of(account, may_open, Decimal(str(limits.price_collar)), limits.max_order)
    symbols = [inputs.terms[slot.instrument].symbol for slot in inputs.slots]
    resets = (book.state.session or {}).get("resets", {})
    breaker = SessionBreaker(file, kernel, book.state.scopes, symbols, resets)
    execution = request.profile.execution
    marks = MarkGuard(MARK_FRESH_MS, execution.mark_standing_ms, execution.mark_tolerance)
    guard = Guard(account, breaker, marks, request, marks_path(request.store.paths, request.account))
    guard.equity = kernel.mark()
    reconciler.trip = lambda scope, cause, words: breaker.trip(scope, Level.HALT, cause, words)
    return Opened(account, broker, guard, reconciler, watcher, inputs, dataset, assumed, begin, resumed)


def _product(request: LiveRequest, venue: Venue, symbol: str) -> Product:
    """How the venue trades a symbol; where it does not say what this account pays, what the profile assumes."""
    product = venue.product(symbol)
    if product.taker_fee is None:
        assumed = Decimal(str(request.profile.venue(request.venue).taker_fee))
        request.say(
            f"{request.venue} does not say what {symbol} costs: {assumed} is assumed, from the profile"
        )
        product = replace(product, taker_fee=assumed)
    return product


def _reconciled(request: LiveRequest, executor: Executor, reconciler: Reconciler, file: LatchFile) -> None:
    """Book and venue agree, or nothing is opened. Raises RefusedError with the report, NetworkError."""
    started = executor.start()
    done = reconciler.now()
    findings = [each for each in done.findings if each.halts]
    words = [*started.impossible, *done.impossible, *(each.message for each in findings)]
    if words:
        for each in findings:
            scope = symbol_scope(each.symbol) if each.remedy == "halt_symbol" and each.symbol else "account"
            reconciler.halt(file, scope, each.kind, each.message)
        if started.impossible or done.impossible:
            reconciler.halt(file, "account", "impossible", "; ".join(words))
        raise RefusedError(
            f"book and venue do not agree: {'; '.join(words)}",
            f"memesnipe trade reconcile --account {request.account} says all of it; nothing was sent",
            code="not_reconciled",
        )
    if not done.clean:
        waits = "; ".join(each.message for each in done.findings if each.remedy != "leave")
        request.say(f"not all is known at the venue yet, and nothing is entered until it is: {waits}")


def _session(
    request: LiveRequest,
    journal: Journal,
    state: AccountState,
    file: LatchFile,
    products: dict[str, Product],
    after_ms: int,
) -> tuple[AccountState, Dataset, Assumptions, bool]:
    """The session opened, or gone on with. Raises RefusedError where it trades otherwise."""
    assumed = assumptions(request.profile, request.capital, {})
    assumed = replace(assumed, rules=replace(assumed.rules, assumed_reset_ms=None))
    resumed = state.session is not None and request.new_session is None
    opened = state.session or {}
    base_ms = min(each.timeframe_ms for each in request.strategies)
    since_ms = (
        time_value(opened["since"], "since") if resumed else _first_bar(request.now(), after_ms, base_ms)
    )
    wanted = Request(
        request.strategies,
        request.symbols,
        request.venue,
        since_ms,
        None,
        request.profile,
        request.store,
        None,
    )
    dataset = _with_products(live_dataset(wanted, assumed, after_ms), products)
    check_capital(dataset, request.capital, request.profile.limits, request.say, resumed=resumed)
    body = session_body(
        state.sessions + (0 if resumed else 1), request.account, request.new_session or "", request.profile, since_ms,
        request.capital, request.strategies, dataset, assumed, file.read(must_exist=True).resets, LIVE,
    )  # fmt: skip
    body["settings"] = settings_hash(request.profile)
    if not resumed:
        busy = state.busy()
        if busy:
            held = ", ".join(f"{state.keys[slot][0]} {state.keys[slot][2]}" for slot in busy)
            raise RefusedError(
                f"the open session of account {request.account!r} still holds or waits for: {held}",
                f"trade on until it is flat, or: memesnipe trade flatten --account {request.account}",
                code="session_open",
            )
        return AccountFold().apply(state, journal.append(SESSION, body)), dataset, assumed, False
    found = list(differences(opened, body))
    if found:
        raise RefusedError(
            f"the open session {opened['session']} trades otherwise: {'; '.join(found[:3])}",
            "repeat its options, or open a new one with --new-session --reason TEXT",
            code="session_differs",
        )
    check_same(opened, body)
    return state, as_opened(dataset, opened), assumed, True


def _first_bar(now_ms: int, after_ms: int, base_ms: int) -> int:
    """Open of the first bar that a new session decides on: the last one that is stored, where it has only just closed,
    else the next."""
    return after_ms if now_ms - (after_ms + base_ms) <= CLOSED_BAR_MS else after_ms + base_ms


def _with_products(dataset: Dataset, products: dict[str, Product]) -> Dataset:
    """The instruments as the venue trades them now, at what this account pays."""
    series = []
    for item in dataset.series:
        product = products[item.terms.symbol]
        fee = (product.taker_fee or Decimal(0)).quantize(_MILLIONTH, ROUND_CEILING)
        terms = replace(
            item.terms,
            tick=product.tick or item.terms.tick,
            lot=product.lot or item.terms.lot,
            taker_fee=fee,
            min_qty=item.terms.min_qty if product.min_qty is None else product.min_qty,
            min_notional=item.terms.min_notional if product.min_notional is None else product.min_notional,
            shortable=product.shortable,
        )
        series.append(replace(item, terms=terms))
    return replace(dataset, series=series)


def _begin(state: AccountState, inputs: EngineInput) -> int:
    """The first stored bar that the account has not been marked at."""
    whole = state.last_bar_ms
    if whole is None or not inputs.tape.ticks.any():
        return 0
    return int(np.searchsorted(inputs.tape.ts, whole, side="right"))


def _last_bar(state: AccountState, inputs: EngineInput, begin: int) -> int:
    """Open of the bar before the first one that is to be decided on."""
    if state.last_bar_ms is not None:
        return state.last_bar_ms
    return int(inputs.tape.ts[begin]) - inputs.tape.base_ms


def live_kernel(state: AccountState, book: SessionJournal, inputs: EngineInput, begin: int) -> AccountStep:
    """The engine's account as the journal left it; marks come from the last stored bars until a price is heard."""
    fixed = Account.open(inputs)
    slots = fixed.state.tolist()
    closes = inputs.tape.ticks[:begin]
    for number, key in enumerate(state.keys):
        slot = book.keys.index(key)
        slots[slot] = state.slots.row(number)
        column = closes[:, inputs.slots[slot].instrument, 3]
        known = np.flatnonzero(column)
        if len(known):
            slots[slot][layout.LAST_CLOSE] = int(column[known[-1]])
        elif not slots[slot][layout.LAST_CLOSE]:
            slots[slot][layout.LAST_CLOSE] = slots[slot][layout.LAST_UNIT]
    risk = [state.risk.row(number) for number in range(len(state.scopes))]
    return AccountStep(fixed, list(state.account), slots, risk)
