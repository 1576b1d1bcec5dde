"""Writes what a session does into its journal, before anyone acts on it, and keeps the events of trades under
way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import numpy as np

from memesnipe_cli.engine.account_fold import MARK, TRADE, AccountFold, AccountState, Key
from memesnipe_cli.engine.account_step import SILENT, AccountStep, SlotSignal
from memesnipe_cli.engine.event_lines import KINDS, LIVE_KINDS, SCOPE_KINDS, Grid, Row, body_of
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.open_trade import follow, last_of, order_of
from memesnipe_cli.engine.order_ids import client_order_id
from memesnipe_cli.engine.run import from_units
from memesnipe_cli.engine.trade_rows import trade_row
from memesnipe_cli.engine.trades import TradeRecord, trades_from_events
from memesnipe_cli.records import decimal_text, time_text
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.kernel import rows as risk_rows
from memesnipe_cli.risk.kernel.tiers import fall_share
from memesnipe_cli.store.journal import Journal

Line = tuple[str, dict[str, Any]]
OnLine = Callable[[str, Mapping[str, Any]], None]

# Nobody acts on these, and a killed process decides them again: they go to the disk with the next line that
# counts, at the latest with the mark of the next midnight.
_BINDS_NOBODY = (layout.REFUSED, layout.SKIP_ENDED)
_MONEY_GRID = Grid(Decimal(1), Decimal(1))


class Labelled(Protocol):
    """A strategy as far as its journal lines name it: `tags` are words for its entries."""

    @property
    def name(self) -> str: ...
    @property
    def tags(self) -> dict[int, str]: ...


@dataclass(frozen=True)
class Decision:
    """What a bar's decisions were made from: equity at its close, the signal of each slot, the length of a
    bar; by slot, what the risk gate refused."""

    equity: float
    said: list[SlotSignal]
    base_ms: int
    refused: dict[int, Refused] = field(default_factory=dict)


class SessionJournal:
    """The journal of one open session. `trades` are those that ended since this object was made; `state` is
    the account as a process that starts now would fold it. live: orders and fills have lines of the venue's own
    beside the account's."""

    def __init__(
        self,
        journal: Journal,
        state: AccountState,
        inputs: EngineInput,
        strategies: Sequence[Labelled],
        on_line: OnLine | None,
        *,
        live: bool = False,
    ) -> None:
        session = state.session or {}
        self._live = live
        self.state = state
        self._fold = AccountFold()
        self._journal = journal
        self._session = session
        self._store_id = journal.store_id()
        self._inputs = inputs
        self._names = [each.name for each in strategies]
        self._tags = [each.tags for each in strategies]
        self._on_line = on_line
        self.keys: list[Key] = []
        self.grids: list[Grid] = []
        for slot in inputs.slots:
            terms = inputs.terms[slot.instrument]
            self.keys.append((self._names[slot.strategy], terms.venue, terms.symbol))
            self.grids.append(Grid(terms.tick, terms.lot))
        self._rows: list[list[Row]] = [[] for _ in self.keys]
        for number, key in enumerate(state.keys):
            slot_number = self.keys.index(key)
            self._rows[slot_number] = [_of_slot(row, slot_number) for row in state.rows[number]]
        self._waiting: list[Line] = []
        self._highs = {scope: state.risk[row, risk_rows.HIGH] for row, scope in enumerate(state.scopes)}
        self.account: AccountStep | None = None
        self.trades: list[TradeRecord] = []

    def finish(self) -> None:
        """Write the `trade` lines that a former process owed when it died."""
        keys = self.state.keys
        lines = [
            self._trade_line([_of_slot(row, self.keys.index(keys[number])) for row in rows])
            for number, rows in self.state.finished
        ]
        self.append(lines)

    def write(
        self,
        events: list[Row],
        decision: Decision | None = None,
        *,
        more: Mapping[str, Any] | None = None,
        hold: bool = False,
    ) -> None:
        """Record events that have just been booked; orders, fills, moved stops and funding are on the disk
        when this returns. more: what else their lines say. hold: they go to the disk with the next lines of `append`,
        before anything that those allow."""
        lines: list[Line] = []
        for row in events:
            slot = row[layout.EVENT_SLOT]
            if row[layout.KIND] in SCOPE_KINDS:
                lines.append((KINDS[row[layout.KIND]][0], self._scope_body(row)))
                continue
            body = self._body(row, slot, decision)
            lines.append((self._kind(row), body if more is None else {**body, **more}))
            ended = follow(self._rows[slot], row)
            if ended is not None:
                lines.append(self._trade_line(ended))
        self._waiting += self._with_highs(lines)
        if not hold and any(row[layout.KIND] not in _BINDS_NOBODY for row in events):
            self.append([])

    def mark(
        self, bar_ms: int, base_ms: int, equity: float, cash: int, also: Sequence[Line] = (), **more: str
    ) -> None:
        """Record the account's worth at the close of a bar. `more`: `day`, the UTC midnight whose base this
        is, or `tape`, the hash of the bars so far. also: lines that belong to it."""
        held = equity - cash * layout.UNIT
        body: dict[str, Any] = {
            "session": self._session["session"],
            "bar": time_text(bar_ms),
            "time": time_text(bar_ms + base_ms),
            "equity": decimal_text(equity),
            "cash": decimal_text(from_units(cash)),
            "positions": decimal_text(held),
            **self._high_of(equity),
            **more,
        }
        self.append(self._with_highs([(MARK, body), *also]))

    def open_trades(self) -> list[TradeRecord]:
        """The positions as trades that are not over."""
        found = []
        for rows in self._rows:
            found += trades_from_events(
                np.array(rows, dtype=np.int64).reshape(-1, layout.EVENT_WIDTH), *self._names_of()
            )[1]
        return found

    def _names_of(self) -> tuple[Any, Any, Any, Any]:
        return self._inputs.slots, self._inputs.terms, self._names, self._tags

    def append(self, lines: Sequence[Line]) -> None:
        """Write what waits, then these lines, in one piece; on the disk when this returns."""
        lines, self._waiting = [*self._waiting, *lines], []
        if not lines:
            return
        for entry in self._journal.append_many(lines):
            self.state = self._fold.apply(self.state, entry)
        if self._on_line is not None:
            for kind, body in lines:
                self._on_line(kind, body)

    def _kind(self, row: Row) -> str:
        kind = KINDS[row[layout.KIND]][0]
        return LIVE_KINDS.get(kind, kind) if self._live else kind

    def _high_of(self, equity: float) -> dict[str, str]:
        """The account's high-water mark, and how far below it an equity lies."""
        if self.account is None:
            return {}
        high = float(from_units(self.account.row(0)[risk_rows.HIGH]))
        return {
            "high_water_mark": decimal_text(high),
            "drawdown": decimal_text(max(0.0, (high - equity) / high) if high > 0 else 1.0),
        }

    def _with_highs(self, lines: list[Line]) -> list[Line]:
        """The lines, the first one with the high-water marks that have risen since the last: a fold that ends at any
        of them knows the rows as they were then."""
        risen: dict[str, str] = {}
        if self.account is None or not lines:
            return lines
        told = {body["scope"] for _, body in lines if "scope" in body}  # these lines hold their row's marks
        for number, scope in enumerate(self.state.scopes):
            high = self.account.row(number)[risk_rows.HIGH]
            if high != self._highs[scope]:
                self._highs[scope] = high
                if scope not in told:
                    risen[scope] = decimal_text(from_units(high))
        if not risen:
            return lines
        kind, body = lines[0]
        return [(kind, {**body, "highs": risen}), *lines[1:]]

    def _scope_body(self, row: Row) -> dict[str, Any]:
        """The line of an event of the account as a whole or of a strategy."""
        number = row[layout.EVENT_SLOT]
        body: dict[str, Any] = {
            "session": self._session["session"],
            "scope": self.state.scopes[number],
            **body_of(row, _MONEY_GRID),
        }
        if row[layout.KIND] == layout.RISK:
            body |= {"action": "level", "by": "engine", "drawdown": _fall(row[layout.RISK_HIGH], row)}
            body["equity" if number == 0 else "strategy_value"] = body["value"]
            if number == 0:
                body["high_water_mark"] = body["high"]
                body["daily_loss"] = _fall(row[layout.RISK_DAY_BASE], row)
        return body

    def _trade_line(self, rows: list[Row]) -> Line:
        trade = trades_from_events(np.array(rows, dtype=np.int64), *self._names_of())[0][0]
        self.trades.append(trade)
        said = trade_row(self._session["session"], trade)
        return TRADE, {name: value for name, value in said.items() if name not in ("type", "v")}

    def _body(self, row: Row, slot: int, decision: Decision | None) -> dict[str, Any]:
        strategy, venue, symbol = self.keys[slot]
        body: dict[str, Any] = {
            "session": self._session["session"],
            "strategy": strategy,
            "venue": venue,
            "symbol": symbol,
            "time": time_text(row[layout.EVENT_TS] + (0 if decision is None else decision.base_ms)),
        }
        kind = row[layout.KIND]
        order = order_of(self._rows[slot], row)
        if order is not None:
            body |= self._about_order(row, slot, order[0], self._id_of(slot, *order))
        if kind in (layout.ENTRY_ORDER, layout.REFUSED) and decision is not None:
            said = decision.said[slot] if decision.said[slot].flags & layout.ENTER_MASK else SILENT
            body["equity"] = decimal_text(decision.equity)
            body["score"] = repr(said.score)
            body["side"] = self._wanted_side(slot, decision)
            if row[layout.KIND] == layout.REFUSED and slot in decision.refused:
                body["gate"] = decision.refused[slot].body()
        return body | body_of(row, self.grids[slot])

    def open_rows(self, slot: int) -> list[Row]:
        """The events of a slot's trade under way."""
        return self._rows[slot]

    def order_id(self, slot: int, row: Row) -> str | None:
        """The client order id of an event that is not written yet; None for one of no order."""
        order = order_of(self._rows[slot], row)
        return None if order is None else self._id_of(slot, *order)

    def _id_of(self, slot: int, leg: str, bar_ms: int) -> str:
        key = self.keys[slot]
        return client_order_id(
            self._store_id, self._session["account"], self._session["session"], *key, bar_ms, leg
        )

    def _wanted_side(self, slot: int, decision: Decision) -> str:
        """buy or sell: a further unit goes with the position, a first one with the signal."""
        filled = [row for row in self._rows[slot] if row[layout.KIND] == layout.ENTRY_FILL]
        if filled:
            return _side(filled[0], leaving=False)
        return "buy" if decision.said[slot].flags & layout.ENTER_MASK == layout.ENTER_LONG else "sell"

    def _about_order(self, row: Row, slot: int, leg: str, order_id: str) -> dict[str, Any]:
        """What the records `order` and `fill` say beside the exact fields."""
        kind = row[layout.KIND]
        if kind in (layout.ENTRY_FILL, layout.EXIT_FILL):
            return {
                "order": order_id,
                "venue_trade_id": f"{order_id}/{time_text(row[layout.EVENT_TS])}",
                "leg": leg,
                "side": _side(row, leaving=kind == layout.EXIT_FILL),
                "fee_currency": self._session["currency"],
                "liquidity": "taker",
            }
        if kind == layout.REFUSED:
            return {"id": order_id}
        about = {
            "id": order_id,
            "venue_id": None,
            "leg": leg,
            "kind": "market" if leg == "exit" else "limit",
            "state": "missed" if kind == layout.MISSED else "sent",
        }
        if kind == layout.EXIT_ORDER:
            return {**about, "side": _side(row, leaving=True), "price": None}
        asked = row if kind == layout.ENTRY_ORDER else last_of(self._rows[slot], layout.ENTRY_ORDER)
        tag = self._tags[self._inputs.slots[slot].strategy].get(asked[layout.EVENT_TAG], "")
        grid = self.grids[slot]
        return {
            **about,
            "side": _side(asked, leaving=False),
            "qty": decimal_text(asked[layout.EVENT_LOTS] * grid.lot),
            "price": decimal_text(asked[layout.EVENT_TICKS] * grid.tick),
            "reason": tag,
        }


def _fall(top: int, row: Row) -> str:
    return decimal_text(fall_share(top, row[layout.RISK_VALUE]))


def _side(row: Row, *, leaving: bool) -> str:
    """buy or sell, from the position's side."""
    return "buy" if (row[layout.EVENT_SIDE] > 0) != leaving else "sell"


def _of_slot(row: Row, slot: int) -> Row:
    """The event with the slot's number in this run."""
    own = list(row)
    own[layout.EVENT_SLOT] = slot
    return own
