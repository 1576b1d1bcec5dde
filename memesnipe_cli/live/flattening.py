"""Closes what a live account holds, without its strategies and without its trader: from the journal, the session's
own line and the venue. Each step is in the journal before the next, so that a run that dies is repeated and sells
nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli import clock
from memesnipe_cli.clock import floor_to, timeframe_ms
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.flatten import FLATTEN, positions_shown
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.order_ids import store_part
from memesnipe_cli.engine.session_journal import SessionJournal
from memesnipe_cli.engine.session_terms import Labels, session_input
from memesnipe_cli.errors import NetworkError, RefusedError
from memesnipe_cli.live.account import LiveAccount, SharedJournal
from memesnipe_cli.live.broker import Broker
from memesnipe_cli.live.market import Market
from memesnipe_cli.live.pending import PendingFold
from memesnipe_cli.live.reconciling import Reconciler
from memesnipe_cli.live.starting import STOP_LIMIT_SHARE, live_kernel
from memesnipe_cli.live.watching import OrderWatcher
from memesnipe_cli.records import decimal_text, time_text
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.risk.quality import ExecutionQuality
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.protect import Protector
from memesnipe_cli.venues.reconciling import Reconciled
from memesnipe_cli.venues.timing import Timer

if TYPE_CHECKING:
    from memesnipe_cli.market.live.feed import LiveFeed
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.venues.facts import VenueFill
    from memesnipe_cli.venues.order_book import Order
    from memesnipe_cli.venues.protocol import Venue

LONGEST_S = 60.0
_STEP_S = 0.05


@dataclass(frozen=True)
class LiveFlatten:
    """What was closed. closed: (strategy, symbol, side, quantity that left, its average price, its fees in quote
    currency); left: (strategy, symbol, side, quantity, why) of what is still ours; unsettled: orders that may exist
    unseen; reconciled: how book and venue stood before; cash: of the account, by its own books."""

    account: str
    session: str
    currency: str
    cancelled: list[tuple[str, str, str]]
    closed: list[tuple[str, str, str, Decimal, Decimal, Decimal]]
    left: list[tuple[str, str, str, Decimal, str]]
    unsettled: list[str]
    reconciled: Reconciled
    cash: Decimal


@dataclass(slots=True)
class _Sold:
    """Of one strategy's symbol, since the flattening began."""

    side: str = "long"
    qty: Decimal = Decimal(0)
    worth: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)


@dataclass(slots=True)
class _Watcher:
    """An OrderWatcher that also adds up what is sold."""

    of: OrderWatcher
    sold: dict[tuple[str, str], _Sold] = field(default_factory=dict)

    def sent(self, order: Order) -> None:
        self.of.sent(order)

    def acknowledged(self, order: Order) -> None:
        self.of.acknowledged(order)

    def filled(self, order: Order, fill: VenueFill) -> None:
        self.of.filled(order, fill)
        if order.intent.action is not Action.ENTRY:
            sold = self.sold.setdefault((order.intent.strategy, order.intent.symbol), _Sold())
            sold.side = order.intent.position
            sold.qty += fill.qty
            sold.worth += fill.qty * fill.price
            sold.fees += fill.fee if fill.fee_currency == order.intent.quote else Decimal(0)

    def ended(self, order: Order) -> None:
        self.of.ended(order)


def flatten_live(
    store: Store,
    account: str,
    profile: Profile,
    venue: Venue,
    feed: LiveFeed,
    *,
    reason: str,
    strategy: str | None = None,
    symbol: str | None = None,
    by: str = "person",
    within_s: float = LONGEST_S,
    say: Callable[[str], None] = lambda words: None,
    now: Callable[[], int] = clock.now_ms,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> LiveFlatten:
    """Take back waiting entries and sell what is held, of the whole account or of one strategy or symbol; at most
    `within_s`. The caller holds the account (`Journal.held`), and its fence is the newest. feed: started, of at least
    the symbols that are held.

    Raises RefusedError where the account has no live session, NetworkError where the venue does not answer at all.
    """
    journal = store.journal(account)
    state = journal.replay(AccountFold())
    session = state.session or {}
    if session.get("mode") != "live":
        raise RefusedError(
            f"account {account!r} has no live session", "see memesnipe trade status", code="not_live"
        )
    live, broker, reconciler = _open(store, account, profile, venue, feed, state, say, now, monotonic)
    watcher = _Watcher(OrderWatcher(Timer(now, monotonic), live.pending, live.market))
    live.executor.desk.watcher = watcher
    live.executor.start()
    reconciled = reconciler.now()
    wanted = [slot for slot in live.slots if _is_wanted(live, slot, strategy, symbol)]
    journal.append(
        FLATTEN,
        {
            "session": session["session"],
            "bar": time_text(live.decided_ms),
            "strategy": strategy,
            "symbol": symbol,
            "by": by,
            "reason": reason,
        },
    )
    cancelled = _cancel_entries(live, broker, wanted)
    until = monotonic() + within_s
    while monotonic() < until:
        for slot in wanted:
            if live.cell(slot, layout.LOTS):
                live.write(live.kernel.leave(live.bar_now(), slot, layout.BY_EMERGENCY))
        broker.step()
        if not any(_is_busy(live, slot) for slot in wanted):
            break
        sleep(_STEP_S)
    _write_timings(live, watcher.of)
    base_ms = live.inputs.tape.base_ms
    live.book.mark(live.decided_ms, base_ms, live.kernel.mark(), live.kernel.cash)
    _show(store, account, live)
    return LiveFlatten(
        account,
        session["session"],
        session["currency"],
        cancelled,
        [
            (*key, sold.side, sold.qty, sold.worth / sold.qty, sold.fees)
            for key, sold in sorted(watcher.sold.items())
            if sold.qty
        ],
        _left(live, broker, wanted),
        [each.intent.id for each in live.executor.book.unsettled()],
        reconciled,
        live.book.state.cash,
    )


def _open(
    store: Store,
    account: str,
    profile: Profile,
    venue: Venue,
    feed: LiveFeed,
    state: AccountState,
    say: Callable[[str], None],
    now: Callable[[], int],
    monotonic: Callable[[], float],
) -> tuple[LiveAccount, Broker, Reconciler]:
    journal = store.journal(account)
    session = state.session or {}
    base_ms = timeframe_ms(session["base"])
    last_ms = state.last_bar_ms
    bar_ms = floor_to(now(), base_ms) - base_ms if last_ms is None else last_ms
    inputs = session_input(session, bar_ms)
    names = [Labels(each["name"], {}) for each in session["strategies"]]
    book = SessionJournal(journal, state, inputs, names, None, live=True)
    kernel = live_kernel(state, book, inputs, 0)
    book.account = kernel
    book.finish()
    products = {}
    for terms in inputs.terms:
        product = venue.product(terms.symbol)
        products[terms.symbol] = product
    fence = LatchFile(store.paths, account).read(must_exist=True).fence
    quality = ExecutionQuality(profile.execution, live=True)
    market = Market(session["venue"], feed, quality, products, profile.execution.data_age_ms, now)
    market.standing.latch = LatchFile(store.paths, account).read(must_exist=True)
    gate = Gate.of(profile, {session["venue"]}, fence)
    fee = max((each.taker_fee or Decimal(0) for each in products.values()), default=Decimal(0))
    executor = Executor(
        venue, SharedJournal(book, journal), gate, fee, Decimal(str(profile.limits.trade_share)), now=now
    )
    live = LiveAccount(
        kernel=kernel,
        book=book,
        inputs=inputs,
        executor=executor,
        protector=Protector(executor, journal.store_id(), account, STOP_LIMIT_SHARE),
        pending=journal.replay(PendingFold()),
        market=market,
        store_id=journal.store_id(),
        name=account,
        session=session["session"],
        now=now,
        monotonic=monotonic,
        decided_ms=bar_ms,
        say=say,
    )
    limits = profile.limits
    broker = Broker.of(live, lambda: False, Decimal(str(limits.price_collar)), limits.max_order)
    reconciler = Reconciler(executor, market, store_part(journal.store_id()), profile.monitoring, monotonic)
    return live, broker, reconciler


def _is_wanted(live: LiveAccount, slot: int, strategy: str | None, symbol: str | None) -> bool:
    own_strategy, own_symbol = live.key(slot)
    return strategy in (None, own_strategy) and symbol in (None, own_symbol)


def _is_busy(live: LiveAccount, slot: int) -> bool:
    return bool(
        live.cell(slot, layout.LOTS)
        or live.cell(slot, layout.WAIT_LOTS)
        or live.orders(slot)
        or live.pending.of(live.key(slot))
    )


def _cancel_entries(live: LiveAccount, broker: Broker, wanted: Collection[int]) -> list[tuple[str, str, str]]:
    """Entries that may still fill are taken back; what became of them is found out by the broker's steps."""
    found = []
    for slot in wanted:
        for order in live.orders(slot):
            if order.intent.action is Action.ENTRY and order.venue_id:
                try:
                    live.executor.cancel(order.intent.id, live.market.exit_facts(order.intent.symbol, None))
                except NetworkError as problem:
                    live.say(problem.message)
                found.append((*live.key(slot), order.intent.id))
    return found


def _write_timings(live: LiveAccount, watcher: OrderWatcher) -> None:
    lines = watcher.taken()
    if lines:
        live.book.append(lines)


def _show(store: Store, account: str, live: LiveAccount) -> None:
    """What is held now, in the marks that others look at."""
    path = marks_path(store.paths, account)
    marks = read_marks(path)
    if marks is not None:
        shown = positions_shown(account, live.book.state)
        equity = decimal_text(live.kernel.mark())
        write_marks(path, {**marks, "running": False, "positions": shown, "orders": [], "equity": equity})


def _left(
    live: LiveAccount, broker: Broker, wanted: Collection[int]
) -> list[tuple[str, str, str, Decimal, str]]:
    found = []
    for slot in wanted:
        held = live.held(slot)
        if not held:
            continue
        why = broker.trouble or "it has not sold in time"
        if not live.cell(slot, layout.LOTS):
            why = "dust: too small for the venue to sell"
        cover = broker.covers.of(slot)
        if cover is not None:
            why = f"{why}; stop: {cover.cover.value}"
        holding = live.executor.book.holdings[live.key(slot)]
        found.append((*live.key(slot), holding.position, held, why))
    return found
