"""An account as records: what it is worth, what it holds, which orders wait. Imports no numpy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from memesnipe_cli.engine.account_fold import AccountState
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.open_trade import entry_bar, last_of
from memesnipe_cli.engine.order_ids import client_order_id
from memesnipe_cli.engine.words import EXIT_REASONS
from memesnipe_cli.records import decimal_text, record, statistic, time_text
from memesnipe_cli.risk.kernel import rows as risk_rows
from memesnipe_cli.risk.kernel.tiers import smaller_stage
from memesnipe_cli.risk.levels import Level

_MONEY_UNIT = Decimal(str(layout.UNIT))


def is_live(state: AccountState) -> bool:
    """Whether the account's open session trades real money at a venue."""
    return (state.session or {}).get("mode") == "live"


def account_record(account: str, state: AccountState, journal: str) -> dict[str, Any]:
    """The `account` record. `equity` is of `time`, the close of the last bar that was marked; before the
    first mark it is the capital. `total_return` is a share of the capital; `refusals` by reason;
    `fee_needed`: the taker fee (share) at which the cheapest of the entries vetoed by cost would have
    passed. `breaker`: the level that the account's own books have reached; `size`: the share of normal size
    that an entry may have while it recovers."""
    session = state.session or {}
    capital = Decimal(session.get("capital", "0"))
    mark = state.mark or {"equity": decimal_text(capital), "positions": "0", "bar": None, "time": None}
    gain = float(Decimal(mark["equity"]) / capital) - 1.0 if capital else None
    return record(
        "account",
        account=account,
        paper=not is_live(state),
        simulated=bool(session.get("simulated", False)),
        session=session.get("session"),
        strategies=[each["name"] for each in session.get("strategies", ())],
        venue=session.get("venue"),
        symbols=list(session.get("symbols", ())),
        since=session.get("begin"),
        last_bar=mark["bar"],
        time=mark["time"],
        currency=session.get("currency"),
        capital=decimal_text(capital),
        cash=decimal_text(state.cash),
        positions_value=mark["positions"],
        equity=mark["equity"],
        total_return=statistic(gain),
        fees=decimal_text(state.fees * _MONEY_UNIT),
        trades=state.counts.get("trades", 0),
        wins=state.wins,
        pnl=decimal_text(Decimal(state.pnl)),
        positions=len(_held(state)),
        breaker=Level(state.risk[0, risk_rows.LEVEL]).name if state.scopes else Level.CLOSED.name,
        size=smaller_stage(state.risk[0, risk_rows.STAGE], 0) / risk_rows.LAST_STAGE if state.scopes else 1.0,
        orders=state.counts.get("entry_order", 0) + state.counts.get("exit_order", 0),
        refusals=dict(sorted(state.refused.items())),
        fee_needed=None if not state.best_fee_ppm else state.best_fee_ppm / 1e6,
        journal=journal,
    )


def position_records(account: str, state: AccountState) -> list[dict[str, Any]]:
    """A `position` record for each open position. `entry_price` is the average of its fills; `target` and
    `leaving` (the reason of a waiting exit) are null where there is none."""
    return [_position(account, state, slot) for slot in _held(state)]


def order_records(account: str, state: AccountState, store_id: str) -> list[dict[str, Any]]:
    """`order` records of what waits: entries and exits for their bar, stops and targets for their price. What a live
    account has sent to its venue: live/said.py."""
    found = []
    for slot in state.busy():
        found += _orders(account, state, slot, store_id)
    return found


def _held(state: AccountState) -> list[int]:
    return [slot for slot in range(len(state.keys)) if state.slots[slot, layout.LOTS]]


def _position(account: str, state: AccountState, slot: int) -> dict[str, Any]:
    strategy, venue, symbol = state.keys[slot]
    grid = state.grid(state.keys[slot])
    cells, rows = state.slots, state.rows[slot]
    lots, value = _bought(rows)
    target = cells[slot, layout.TARGET]
    return record(
        "position",
        account=account,
        paper=not is_live(state),
        simulated=bool((state.session or {}).get("simulated")),
        strategy=strategy,
        venue=venue,
        symbol=symbol,
        side="long" if cells[slot, layout.SIDE] > 0 else "short",
        qty=decimal_text(cells[slot, layout.LOTS] * grid.lot),
        entry_time=time_text(entry_bar(rows)),
        entry_price=decimal_text((Decimal(value) / lots * grid.tick).normalize()),
        stop=decimal_text(cells[slot, layout.STOP] * grid.tick),
        target=decimal_text(target * grid.tick) if target else None,
        target_qty=decimal_text(cells[slot, layout.TARGET_LOTS] * grid.lot) if target else None,
        units=cells[slot, layout.UNITS],
        leaving=EXIT_REASONS.get(cells[slot, layout.LEAVE]),
        cash_flow=decimal_text(cells[slot, layout.CASH_FLOW] * _MONEY_UNIT),
    )


def _bought(rows: list[Row]) -> tuple[int, int]:
    """(lots, sum of lots x ticks) of the entries."""
    fills = [row for row in rows if row[layout.KIND] == layout.ENTRY_FILL]
    lots = sum(row[layout.EVENT_LOTS] for row in fills)
    return lots, sum(row[layout.EVENT_LOTS] * row[layout.EVENT_TICKS] for row in fills)


def _orders(account: str, state: AccountState, slot: int, store_id: str) -> list[dict[str, Any]]:
    cells, rows, key = state.slots, state.rows[slot], state.keys[slot]
    grid = state.grid(key)
    session = (state.session or {})["session"]
    found = []

    def order(
        leg: str, bar_ms: int, buying: bool, kind: str, lots: int, ticks: int | None, state_word: str
    ) -> None:
        found.append(
            record(
                "order",
                id=client_order_id(store_id, account, session, *key, bar_ms, leg),
                venue_id=None,
                account=account,
                paper=not is_live(state),
                strategy=key[0],
                venue=key[1],
                symbol=key[2],
                side="buy" if buying else "sell",
                kind=kind,
                qty=decimal_text(lots * grid.lot),
                price=None if ticks is None else decimal_text(ticks * grid.tick),
                state=state_word,
                time=time_text(bar_ms),
                reason=leg,
            )
        )

    if cells[slot, layout.WAIT_LOTS]:
        bar = last_of(rows, layout.ENTRY_ORDER)[layout.EVENT_TS]
        lots, limit = cells[slot, layout.WAIT_LOTS], cells[slot, layout.WAIT_LIMIT]
        order("entry", bar, cells[slot, layout.WAIT_SIDE] > 0, "limit", lots, limit, "waiting")
    held = cells[slot, layout.LOTS]
    if not held:
        return found
    covering = cells[slot, layout.SIDE] < 0
    if cells[slot, layout.LEAVE]:
        bar = last_of(rows, layout.EXIT_ORDER)[layout.EVENT_TS]
        order("exit", bar, covering, "market", held, None, "waiting")
    begun = entry_bar(rows)
    order("stop", begun, covering, "stop", held, cells[slot, layout.STOP], "resting")
    if cells[slot, layout.TARGET]:
        order(
            "target",
            begun,
            covering,
            "limit",
            cells[slot, layout.TARGET_LOTS],
            cells[slot, layout.TARGET],
            "resting",
        )
    return found
