"""Closing what an account holds without its trader: from the journal and the stored candles alone.

Waiting entries are cancelled; each position leaves at the close of the last bar that the session has seen, worse by
half the spread, impact, a stop's slippage and the fee, as far as that bar's volume goes. Each step is in the journal
before the next, so that a run that is killed and repeated finishes the work and sells nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from memesnipe_cli.clock import DAY_MS, format_time, timeframe_ms
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.account_said import position_records
from memesnipe_cli.engine.account_step import SILENT, AccountStep
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.run import Account, from_units
from memesnipe_cli.engine.session_journal import Decision, SessionJournal
from memesnipe_cli.engine.session_terms import Labels, session_input
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.records import decimal_text, time_text
from memesnipe_cli.risk.kernel import rows as risk_rows
from memesnipe_cli.risk.kernel.tiers import fall_share
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.risk.scopes import strategy_scope
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import SeriesKey

FLATTEN = "flatten"  # the journal line that says who wants it, and why
_OLDEST_PRICE_MS = 30 * DAY_MS


@dataclass(frozen=True)
class Cancelled:
    """An entry order that waited."""

    strategy: str
    venue: str
    symbol: str


@dataclass(frozen=True)
class Closed:
    """Lots that left. Amounts in the quote currency; cash: what came in (a covered short: below 0), net of fee."""

    strategy: str
    venue: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    fee: Decimal
    cash: Decimal


@dataclass(frozen=True)
class Left:
    """Lots that are still held, with an exit order that waits for the next bar of the session; and why."""

    strategy: str
    venue: str
    symbol: str
    side: str
    qty: Decimal
    why: str


@dataclass(frozen=True)
class FlattenReport:
    """What was closed. time: the close that prices are of, None where the session has seen no bar."""

    account: str
    session: str
    currency: str
    simulated: bool
    time: str | None
    cancelled: list[Cancelled]
    closed: list[Closed]
    left: list[Left]
    cash: Decimal


def flatten(
    store: Store,
    account: str,
    *,
    reason: str,
    strategy: str | None = None,
    symbol: str | None = None,
    by: str = "person",
) -> FlattenReport:
    """Cancel and close everything of an account, or of one strategy or symbol, where no trader runs.

    Raises StoreBusyError that says who trades the account, and as `check_flatten` does.
    """
    with store.journal(account).held():
        return close_positions(store, account, reason=reason, strategy=strategy, symbol=symbol, by=by)


def close_positions(
    store: Store,
    account: str,
    *,
    reason: str,
    strategy: str | None = None,
    symbol: str | None = None,
    by: str = "person",
) -> FlattenReport:
    """`flatten` for a caller who holds the account (`Journal.held`). Raises as `check_flatten` does, and StoreError."""
    journal = store.journal(account)
    state, session = check_flatten(store, account, strategy, symbol)
    bar_ms = newest_bar(state)
    slots = [
        state.keys[number]
        for number in state.busy()
        if strategy in (None, state.keys[number][0]) and symbol in (None, state.keys[number][2])
    ]
    if bar_ms is None or not (slots or state.finished):
        return _report(state, account, bar_ms, [], [], [])
    work = _Flattening(store, journal, state, account, bar_ms)
    work.book.finish()
    if slots:
        said = {"strategy": strategy, "symbol": symbol, "by": by, "reason": reason}
        journal.append(FLATTEN, {"session": session["session"], "bar": time_text(bar_ms), **said})
    for key in slots:
        work.order_out(work.book.keys.index(key))
    for key in slots:
        work.close_out(work.book.keys.index(key))
    work.mark()
    return _report(work.book.state, account, bar_ms, work.cancelled, work.closed, work.left)


def check_flatten(
    store: Store, account: str, strategy: str | None, symbol: str | None
) -> tuple[AccountState, dict[str, Any]]:
    """(the account, its session) where a session trades what is named.

    Raises DataError where nothing has been traded, UsageError for a strategy or symbol that the session does not trade.
    """
    state = store.journal(account).replay(AccountFold())
    session = state.session
    if session is None:
        raise DataError(
            f"account {account!r} has not traded yet in {store.root}", "name another with --account"
        )
    names = [each["name"] for each in session["strategies"]]
    if strategy is not None and strategy not in names:
        raise UsageError(f"the session trades no strategy {strategy!r}", f"it trades {', '.join(names)}")
    if symbol is not None and symbol not in session["symbols"]:
        raise UsageError(
            f"the session trades no symbol {symbol!r}", f"it trades {', '.join(session['symbols'])}"
        )
    return state, session


def newest_bar(state: AccountState) -> int | None:
    """Open of the last bar that the session has acted on; None before the first."""
    seen = [each for each in (state.last_event_ms, state.last_bar_ms) if each is not None]
    return max(seen, default=None)


class _Flattening:
    """One run over the slots of an account: the engine's own step on the account as the journal left it."""

    def __init__(
        self, store: Store, journal: Journal, state: AccountState, account: str, bar_ms: int
    ) -> None:
        session = state.session or {}
        self.cancelled: list[Cancelled] = []
        self.closed: list[Closed] = []
        self.left: list[Left] = []
        self._paths = store.paths
        self._account_name = account
        self._bar_ms = bar_ms
        self._base_ms = timeframe_ms(session["base"])
        self._whole_ms = state.last_bar_ms
        self._inputs = session_input(session, bar_ms)
        names = [each["name"] for each in session["strategies"]]
        tags = _tags(journal, session["session"])
        self.book = SessionJournal(
            journal, state, self._inputs, [Labels(name, tags.get(name, {})) for name in names], None
        )
        self._bars = [
            _newest_ticks(store, self._inputs, number, session["base"], bar_ms)
            for number in range(len(self._inputs.terms))
        ]
        self._account = _account(state, self.book, self._inputs, [bar[0][3] for bar in self._bars])
        self.book.account = self._account

    def order_out(self, slot: int) -> None:
        """Cancel a slot's entry, order its position out; on the disk when this returns."""
        events = self._account.order_out(self._bar_ms, slot)
        if any(row[layout.KIND] == layout.MISSED for row in events):
            self.cancelled.append(Cancelled(*self.book.keys[slot]))
        self._write(events)

    def close_out(self, slot: int) -> None:
        """Fill what the bar has room for; on the disk when this returns."""
        ticks, volume = self._bars[self._inputs.slots[slot].instrument]
        side = "long" if self._account.world.state[slot, layout.SIDE] > 0 else "short"
        if ticks[3]:
            bar = self._account.bars(self._bar_ms, [ticks], [volume], [0])[0]
            events = self._account.close_out(slot, bar)
            self._write(events)
            self.closed += [self._closed(row, slot, side) for row in events]
        lots = self._account.world.state[slot, layout.LOTS]
        if lots:
            why = (
                f"the bar of {format_time(self._bar_ms)} has room for no more"
                if ticks[3]
                else "no candles of it are stored up to that bar, so there is no price"
            )
            qty = lots * self.book.grids[slot].lot
            self.left.append(Left(*self.book.keys[slot], side, qty, why))

    def mark(self) -> None:
        """Write down what the account is worth now, for the journal's readers and in the marks."""
        state = self._account.world.state
        slots = range(len(self.book.keys))
        if any(state[slot, layout.LOTS] and not state[slot, layout.LAST_CLOSE] for slot in slots):
            return  # a position without a price has no worth that anybody could tell
        equity = self._account.mark()
        # A bar that a killed process has not decided on is not over while something may have to be decided.
        if self._whole_ms == self._bar_ms or not self.book.state.busy():
            self.book.mark(self._bar_ms, self._base_ms, equity, self._account.cash)
        self._show(equity)

    def _show(self, equity: float) -> None:
        path = marks_path(self._paths, self._account_name)
        marks = read_marks(path)
        if marks is None:
            return
        row, worth = self._account.row(0), int(equity / layout.UNIT)
        lifetime = max(row[risk_rows.HIGH], row[risk_rows.LIFE_HIGH])
        write_marks(
            path,
            {
                **marks,
                "running": False,
                "time": time_text(self._bar_ms + self._base_ms),
                "equity": decimal_text(equity),
                "drawdown": fall_share(row[risk_rows.HIGH], worth),
                "lifetime_drawdown": fall_share(lifetime, worth),
                "daily_loss": fall_share(row[risk_rows.DAY_BASE], worth),
                "strategies": [self._strategy(each) for each in marks.get("strategies") or []],
                "positions": positions_shown(self._account_name, self.book.state),
            },
        )

    def _strategy(self, shown: dict[str, Any]) -> dict[str, Any]:
        """A strategy in the marks, at what it is worth now."""
        row = self._account.row(self.book.state.scopes.index(strategy_scope(shown["name"])))
        value = row[risk_rows.VALUE]
        return {
            **shown,
            "value": decimal_text(from_units(value)),
            "drawdown": fall_share(row[risk_rows.HIGH], value),
        }

    def _write(self, events: list[Row]) -> None:
        """Record events as decided and done at the close of the bar."""
        said = [SILENT] * len(self.book.keys)
        self.book.write(events, Decision(0.0, said, self._base_ms))

    def _closed(self, row: Row, slot: int, side: str) -> Closed:
        grid = self.book.grids[slot]
        return Closed(
            *self.book.keys[slot],
            side,
            qty=row[layout.EVENT_LOTS] * grid.lot,
            price=row[layout.EVENT_TICKS] * grid.tick,
            fee=from_units(row[layout.EVENT_FEE]),
            cash=from_units(row[layout.EVENT_CASH]),
        )


def positions_shown(account: str, state: AccountState) -> list[dict[str, Any]]:
    """The open positions as the marks hold them."""
    names = ("strategy", "venue", "symbol", "side", "qty", "stop")
    return [
        {**{name: each[name] for name in names}, "leaving": each["leaving"] is not None}
        for each in position_records(account, state)
    ]


def _newest_ticks(
    store: Store, inputs: EngineInput, instrument: int, base: str, bar_ms: int
) -> tuple[list[int], float]:
    """(open, high, low, close in ticks; volume) of the newest stored bar up to bar_ms; zeros where there is none."""
    terms = inputs.terms[instrument]
    try:
        candles = store.lake.read_candles(
            SeriesKey(terms.venue, terms.symbol, base), bar_ms - _OLDEST_PRICE_MS, bar_ms + 1
        )
    except DataError:
        return [0, 0, 0, 0], 0.0
    if not len(candles):
        return [0, 0, 0, 0], 0.0
    tick = float(terms.tick)
    prices = (candles.open[-1], candles.high[-1], candles.low[-1], candles.close[-1])
    return [int(np.rint(price / tick)) for price in prices], float(candles.volume[-1])


def _account(
    state: AccountState, book: SessionJournal, inputs: EngineInput, closes: list[int]
) -> AccountStep:
    """The account as the journal left it, marked at the given closes (ticks, by instrument)."""
    fixed = Account.open(inputs)
    slots = fixed.state.tolist()
    for number, key in enumerate(state.keys):
        slot = book.keys.index(key)
        slots[slot] = state.slots.row(number)
        slots[slot][layout.LAST_CLOSE] = closes[inputs.slots[slot].instrument]
    return AccountStep(
        fixed, list(state.account), slots, [state.risk.row(number) for number in range(len(state.scopes))]
    )


def _tags(journal: Journal, session: str) -> dict[str, dict[int, str]]:
    """strategy -> its words for the tags of its entries, as its orders in the journal tell them."""
    found: dict[str, dict[int, str]] = {}
    for entry in journal.entries():
        body = entry.body
        if body.get("event") == "entry_order" and body.get("session") == session and body.get("reason"):
            found.setdefault(body["strategy"], {})[body["tag"]] = body["reason"]
    return found


def _report(
    state: AccountState,
    account: str,
    bar_ms: int | None,
    cancelled: list[Cancelled],
    closed: list[Closed],
    left: list[Left],
) -> FlattenReport:
    session = state.session or {}
    time = None if bar_ms is None else time_text(bar_ms + timeframe_ms(session["base"]))
    return FlattenReport(
        account,
        session["session"],
        session["currency"],
        bool(session["simulated"]),
        time,
        cancelled,
        closed,
        left,
        state.cash,
    )
