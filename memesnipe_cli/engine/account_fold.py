"""The paper account as a fold of its journal: cash, positions, waiting orders and progress of the open
session.

The kernel's own `book_event` applies each event, so the account rebuilt is the account that was. Slots are
named by (strategy, venue, symbol). Imports no numpy: `trade status` reads this and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from memesnipe_cli.clock import DAY_MS, floor_to
from memesnipe_cli.engine.cells import Cells
from memesnipe_cli.engine.event_lines import LINE_KINDS, Grid, Row, row_of
from memesnipe_cli.engine.kernel import book, layout
from memesnipe_cli.engine.kernel.money import floor_forgiving
from memesnipe_cli.engine.open_trade import follow
from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.records import time_value
from memesnipe_cli.risk.kernel import rows as risk_rows
from memesnipe_cli.risk.opening import opening_rows
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope
from memesnipe_cli.store.entry import Entry

SESSION = "session"
REFUSAL = "refusal"
NEW_CODE = "session_code"  # the session went on with strategies whose source had changed
MARK = "equity"
TRADE = "trade"

Key = tuple[str, str, str]  # strategy, venue, symbol

_book_event: Any = book.book_event
_MONEY_UNIT = Decimal(str(layout.UNIT))


@dataclass
class AccountState:
    """What the journal says of an account.

    session: the body of the open session's line, None before the first; sessions: how many were opened.
    account, slots, risk: the kernel's arrays, a row of `slots` for each of `keys`, a row of `risk` for each of
    `scopes`. rows: by slot, the events of its open trade. finished: trades that ended and whose `trade` line is not
    written yet. mark: the body of the last `equity` line; tape: of the last one with a hash of the bars; marked_day:
    the UTC day that the last midnight's mark began.
    """

    session: dict[str, Any] | None = None
    sessions: int = 0
    account: list[int] = field(default_factory=lambda: [0] * layout.ACCOUNT_WIDTH)
    keys: list[Key] = field(default_factory=list)
    slots: Cells = field(default_factory=lambda: Cells([], layout.STATE_WIDTH))
    scopes: list[str] = field(default_factory=list)
    risk: Cells = field(default_factory=lambda: Cells([], risk_rows.ROW_WIDTH))
    rows: list[list[Row]] = field(default_factory=list)
    finished: list[tuple[int, list[Row]]] = field(default_factory=list)
    last_event_ms: int | None = None
    mark: dict[str, Any] | None = None
    tape: dict[str, Any] | None = None
    marked_day: int = 0
    fees: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    best_fee_ppm: int = 0
    wins: int = 0
    pnl: str = "0"

    @property
    def cash(self) -> Decimal:
        """Cash in the quote currency."""
        return self.account[layout.CASH] * _MONEY_UNIT

    @property
    def last_bar_ms(self) -> int | None:
        """Open of the last bar that was processed whole, as far as the marks tell."""
        return None if self.mark is None else time_value(self.mark["bar"])

    def grid(self, key: Key) -> Grid:
        """Tick and lot of a slot's instrument, as the session counts them."""
        for item in (self.session or {}).get("instruments", ()):
            if (item["venue"], item["symbol"]) == key[1:]:
                return Grid(Decimal(item["tick"]), Decimal(item["lot"]))
        raise StoreDamagedError(
            f"the journal trades {key[2]} of {key[1]}, which its session does not list",
            "restore it from a backup",
        )

    def slot(self, key: Key) -> int:
        """The number of a slot, made where there is none."""
        if key not in self.keys:
            self.keys.append(key)
            self.rows.append([])
            number = self.slots.add([0] * layout.STATE_WIDTH)
            self.slots[number, layout.OWNER] = self.scopes.index(strategy_scope(key[0]))
        return self.keys.index(key)

    def busy(self) -> list[int]:
        """The slots that hold something or wait to."""
        slots = self.slots
        return [k for k in range(len(self.keys)) if slots[k, layout.LOTS] or slots[k, layout.WAIT_LOTS]]


class AccountFold:
    """Entries of a journal -> AccountState."""

    name = "account"
    version = 3

    def initial(self) -> AccountState:
        """Nothing has happened."""
        return AccountState()

    def apply(self, state: AccountState, entry: Entry) -> AccountState:
        """Take the next entry in; kinds of others pass."""
        body = entry.body
        if entry.kind == SESSION:
            return _opened(state, body)
        if state.session is None:
            return state
        if entry.kind in LINE_KINDS and "event" in body:
            if "scope" in body:
                _scope_event(state, body)
            else:
                _event(state, body)
        elif entry.kind == REFUSAL and "bar" in body:
            # Of an entry that came to no decision (live/kept_back.py).
            state.refused[body["code"]] = state.refused.get(body["code"], 0) + 1
        elif entry.kind == NEW_CODE:
            state.session = {**state.session, "strategies": body["strategies"]}
        elif entry.kind == MARK:
            _marked(state, body)
        elif entry.kind == TRADE:
            state.finished.pop(0)
            _count(state, "trades")
            state.wins += Decimal(body["pnl"]) > 0
            state.pnl = str(Decimal(state.pnl) + Decimal(body["pnl"]))
        for scope, high in body.get("highs", {}).items():
            state.risk[state.scopes.index(scope), risk_rows.HIGH] = int(Decimal(high) / _MONEY_UNIT)
        return state

    def dump(self, state: AccountState) -> dict[str, Any]:
        """The state as JSON."""
        fields = {name: value for name, value in vars(state).items() if name not in ("slots", "risk")}
        return {
            **fields,
            "slots": [state.slots.row(k) for k in range(len(state.keys))],
            "risk": [state.risk.row(k) for k in range(len(state.scopes))],
        }

    def load(self, data: Any) -> AccountState:
        """The inverse of `dump`."""
        return AccountState(
            **{
                **data,
                "keys": [tuple(key) for key in data["keys"]],
                "slots": Cells(data["slots"], layout.STATE_WIDTH),
                "risk": Cells(data["risk"], risk_rows.ROW_WIDTH),
                "finished": [(slot, rows) for slot, rows in data["finished"]],
            }
        )


def _opened(state: AccountState, body: dict[str, Any]) -> AccountState:
    """A session begins with its capital in cash and nothing else."""
    fresh = AccountState(session=body, sessions=state.sessions + 1)
    fresh.account[layout.CASH] = int(Decimal(body["capital"]) / _MONEY_UNIT)
    fresh.marked_day = floor_to(time_value(body["begin"], "begin"), DAY_MS)
    names = [each["name"] for each in body["strategies"]]
    rules = body["rules"]
    fresh.scopes = [ACCOUNT, *(strategy_scope(name) for name in names)]
    opening = opening_rows(
        fresh.account[layout.CASH],
        float(rules["strategy_share"]),
        len(names),
        int(rules.get("cool_off_ms", 0)),
    )
    opening[0][risk_rows.DAY] = fresh.marked_day // DAY_MS
    fresh.risk = Cells(opening, risk_rows.ROW_WIDTH)
    return fresh


def _marked(state: AccountState, body: dict[str, Any]) -> None:
    """The account's worth at a close; that of the last one before midnight is the base of the day."""
    state.mark = body
    if "tape" in body:
        state.tape = body
    worth = floor_forgiving(float(body["equity"]) / layout.UNIT)
    state.risk[0, risk_rows.VALUE] = worth
    if body.get("day"):
        state.marked_day = time_value(body["day"], "day")
        state.risk[0, risk_rows.DAY] = state.marked_day // DAY_MS
        state.risk[0, risk_rows.DAY_BASE] = worth


def _scope_event(state: AccountState, body: dict[str, Any]) -> None:
    """What happened to the account as a whole, or to a strategy: a level of the breaker, a flow of money."""
    row = row_of(body, state.scopes.index(body["scope"]), Grid(Decimal(1), Decimal(1)))
    _book_event(state.account, state.slots, state.risk, Cells([row], layout.EVENT_WIDTH), 0)
    state.last_event_ms = row[layout.EVENT_TS]


def _event(state: AccountState, body: dict[str, Any]) -> None:
    key = (body["strategy"], body["venue"], body["symbol"])
    slot = state.slot(key)
    row = row_of(body, slot, state.grid(key))
    events = Cells([row], layout.EVENT_WIDTH)
    _book_event(state.account, state.slots, state.risk, events, 0)
    state.last_event_ms = row[layout.EVENT_TS]
    state.fees += row[layout.EVENT_FEE]
    _count(state, body["event"])
    if body["event"] == "refusal":
        state.refused[body["reason"]] = state.refused.get(body["reason"], 0) + 1
        state.best_fee_ppm = max(state.best_fee_ppm, row[layout.EVENT_EXTRA])
    ended = follow(state.rows[slot], row)
    if ended is not None:
        state.finished.append((slot, ended))


def _count(state: AccountState, what: str) -> None:
    state.counts[what] = state.counts.get(what, 0) + 1
