"""Closing what an account holds when its trader is gone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from session_cases import (
    BASE_MS,
    SYMBOLS,
    market,
    session_request,
    stored,
    strategies,
    trade_lines,
    traded,
)

from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.account_said import order_records, position_records
from memesnipe_cli.engine.flatten import FlattenReport, flatten
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.session import SessionRequest
from memesnipe_cli.errors import DataError, StoreBusyError, UsageError
from memesnipe_cli.records import time_text, time_value
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles

BARS = 120


def deep(volume: float = 500_000.0) -> list[Candles]:
    """The market with so much volume in every bar."""
    return [replace(each, volume=np.full(len(each), volume)) for each in market(BARS)]


@pytest.fixture
def request_(tmp_path: Path) -> SessionRequest:
    store = stored(tmp_path / "store", deep(), BARS)
    return session_request(store, strategies(tmp_path))


def folded(store: Store) -> AccountState:
    return store.journal().replay(AccountFold())


def stopped_holding(request: SessionRequest, positions: int = 2, waiting: int = 0) -> AccountState:
    """Trade until so many positions are held and entries wait, then stop after that bar."""

    def enough() -> bool:
        state = folded(request.store)
        held = [slot for slot in state.busy() if state.slots[slot, layout.LOTS]]
        wait = [slot for slot in state.busy() if state.slots[slot, layout.WAIT_LOTS]]
        return len(held) >= positions and len(wait) >= waiting

    traded(replace(request, should_stop=enough))
    assert enough()
    return folded(request.store)


def closing(store: Store) -> FlattenReport:
    return flatten(store, "paper", reason="because")


def lines(store: Store, since: int = 1) -> list[tuple[str, dict[str, Any]]]:
    return [(entry.kind, entry.body) for entry in store.journal().entries(since)]


def test_everything_leaves_and_the_money_adds_up(request_: SessionRequest) -> None:
    before = stopped_holding(request_)
    head = request_.store.journal().head()[0]
    report = closing(request_.store)
    after = folded(request_.store)
    fills = [body for kind, body in lines(request_.store, head + 1) if kind == "fill"]
    assert [(each.symbol, each.qty) for each in report.closed] == [
        (body["symbol"], Decimal(body["qty"])) for body in fills
    ]
    assert report.left == [] and after.busy() == []
    assert position_records("paper", after) == [] and order_records("paper", after, "00") == []
    assert after.cash - before.cash == sum(Decimal(body["cash"]) for body in fills)
    assert report.cash == after.cash
    assert after.mark is not None and after.mark["positions"] == "0"
    assert round(Decimal(after.mark["equity"]), 8) == after.cash


def test_orders_fills_and_trades_stand_in_the_journal_as_ever(request_: SessionRequest) -> None:
    before = stopped_holding(request_)
    trades = len(trade_lines(request_.store))
    head = request_.store.journal().head()[0]
    report = closing(request_.store)
    kinds = [kind for kind, _ in lines(request_.store, head + 1)]
    assert kinds[0] == "flatten" and kinds[-1] == "equity"
    assert kinds.count("trade") == len({(each.strategy, each.symbol) for each in report.closed})
    # Every order stands before the first fill.
    assert max(n for n, kind in enumerate(kinds) if kind == "order") < kinds.index("fill")
    told = lines(request_.store, head + 1)[0][1]
    assert (told["reason"], told["by"], told["strategy"], told["symbol"]) == ("because", "person", None, None)
    for trade in trade_lines(request_.store)[trades:]:
        assert trade["entry_reason"] in ("up", "down")
        assert trade["exit_time"] == before.mark["bar"] if before.mark else None
    fresh = [body for kind, body in lines(request_.store, head + 1) if kind == "order"]
    assert {body["reason"] for body in fresh if body["event"] == "exit_order"} <= {"emergency"}


def test_the_price_is_the_last_close_made_worse(request_: SessionRequest) -> None:
    stopped_holding(request_)
    report = closing(request_.store)
    assert report.closed
    assert report.time is not None
    bar = time_value(report.time) - BASE_MS
    closes = {each.key.symbol: float(each.close[each.ts <= bar][-1]) for each in market(BARS)}
    for each in report.closed:
        close = Decimal(str(closes[each.symbol]))
        worse = (close - each.price) / close * (1 if each.side == "long" else -1)
        # Half the spread and a stop's slippage at least.
        assert Decimal("0.0006") < worse < Decimal("0.02")
        assert each.fee > 0


def test_waiting_entries_are_cancelled(request_: SessionRequest) -> None:
    state = stopped_holding(request_, positions=0, waiting=1)
    waiting = [state.keys[slot] for slot in state.busy() if state.slots[slot, layout.WAIT_LOTS]]
    report = closing(request_.store)
    assert [(each.strategy, each.venue, each.symbol) for each in report.cancelled] == waiting
    missed = [body for kind, body in lines(request_.store) if body.get("event") == "missed"]
    assert [body["reason"] for body in missed[-len(waiting) :]] == ["breaker"] * len(waiting)
    assert folded(request_.store).busy() == []


def test_only_one_symbol_or_one_strategy(request_: SessionRequest) -> None:
    state = stopped_holding(request_)
    held = [state.keys[slot] for slot in state.busy() if state.slots[slot, layout.LOTS]]
    first, second = held[0], held[1]
    flatten(request_.store, "paper", reason="x", strategy=first[0], symbol=first[2])
    left = folded(request_.store)
    assert [left.keys[slot] for slot in left.busy() if left.slots[slot, layout.LOTS]] == held[1:]
    flatten(request_.store, "paper", reason="x", symbol=second[2])
    assert second not in [folded(request_.store).keys[slot] for slot in folded(request_.store).busy()]


def test_names_that_the_session_does_not_trade_are_told(request_: SessionRequest) -> None:
    stopped_holding(request_)
    head = request_.store.journal().head()
    with pytest.raises(UsageError, match="no strategy 'eagre'"):
        flatten(request_.store, "paper", reason="x", strategy="eagre")
    with pytest.raises(UsageError, match="no symbol 'ZZZ/USD'"):
        flatten(request_.store, "paper", reason="x", symbol="ZZZ/USD")
    with pytest.raises(DataError, match="has not traded"):
        flatten(request_.store, "other", reason="x")
    assert request_.store.journal().head() == head


def test_a_second_time_there_is_nothing_to_do(request_: SessionRequest) -> None:
    stopped_holding(request_)
    closing(request_.store)
    head = request_.store.journal().head()
    again = closing(request_.store)
    assert (again.closed, again.cancelled, again.left) == ([], [], [])
    assert request_.store.journal().head() == head


def test_killed_after_any_line_it_finishes_and_sells_nothing_twice(
    request_: SessionRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stopped_holding(request_, positions=2)
    held = {
        before.keys[slot]: before.slots[slot, layout.LOTS]
        for slot in before.busy()
        if before.slots[slot, layout.LOTS]
    }
    head = request_.store.journal().head()[0]

    class KilledError(BaseException):
        pass

    kills, append = 0, Journal.append_many
    for allowed in range(20):
        calls = iter(range(1 + (allowed % 2)))  # the next line, or the one after it, is the last

        def until_killed(self: Journal, items: Any) -> Any:
            if next(calls, None) is None:  # noqa: B023
                raise KilledError
            return append(self, items)

        monkeypatch.setattr(Journal, "append_many", until_killed)
        try:
            closing(request_.store)
            break
        except KilledError:
            kills += 1
    monkeypatch.setattr(Journal, "append_many", append)
    closing(request_.store)
    after = folded(request_.store)
    assert kills > 2 and after.busy() == []
    fills = [body for kind, body in lines(request_.store, head + 1) if kind == "fill"]
    sold: dict[tuple[str, str, str], Decimal] = {}
    for body in fills:
        key = (body["strategy"], body["venue"], body["symbol"])
        sold[key] = sold.get(key, Decimal(0)) + Decimal(body["qty"])
    assert sold == {key: lots * before.grid(key).lot for key, lots in held.items()}
    assert after.cash - before.cash == sum(Decimal(body["cash"]) for body in fills)
    ids = [body["venue_trade_id"] for body in fills]
    assert len(set(ids)) == len(ids)


def test_what_the_bar_has_no_room_for_is_left_with_its_order(request_: SessionRequest) -> None:
    stopped_holding(request_)
    # Room for 2 coins, which is 20 lots.
    thin = stored(request_.store.root.parent / "thin", deep(40.0), BARS)
    request_.store.lake = thin.lake  # type: ignore[misc]
    report = closing(request_.store)
    assert report.left and all("room for no more" in each.why for each in report.left)
    state = folded(request_.store)
    for each in report.left:
        slot = state.keys.index((each.strategy, each.venue, each.symbol))
        assert state.slots[slot, layout.LOTS] * Decimal("0.1") == each.qty
        assert state.slots[slot, layout.LEAVE]
    assert closing(request_.store).closed == []


def test_without_candles_an_exit_order_waits_and_that_is_said(request_: SessionRequest) -> None:
    before = stopped_holding(request_)
    request_.store.lake = stored(request_.store.root.parent / "bare", [], 0).lake  # type: ignore[misc]
    report = closing(request_.store)
    assert report.closed == []
    assert {each.symbol for each in report.left} <= set(SYMBOLS)
    assert all("no candles" in each.why for each in report.left)
    state = folded(request_.store)
    assert state.cash == before.cash and state.mark == before.mark
    assert all(state.slots[slot, layout.LEAVE] for slot in state.busy())


def test_a_session_goes_on_after_it(request_: SessionRequest) -> None:
    before = stopped_holding(request_)
    closing(request_.store)
    done = traded(request_)
    assert done.resumed and before.mark is not None
    opened = [trade for trade in trade_lines(request_.store) if trade["entry_time"] > before.mark["bar"]]
    assert opened


def test_the_marks_are_those_of_an_account_without_positions(request_: SessionRequest) -> None:
    state = stopped_holding(request_)
    LatchFile(request_.store.paths, "paper").create()
    path = marks_path(request_.store.paths, "paper")
    former = {"running": True, "positions": [{"symbol": "AAA/USD"}], "beat": "2025-03-01T00:00:00Z"}
    write_marks(path, {**former, "strategies": [{"name": "eager", "level": "CLOSED", "value": "1"}]})
    report = closing(request_.store)
    marks = read_marks(path)
    assert marks is not None and state.last_bar_ms is not None
    assert (marks["running"], marks["positions"]) == (False, [])
    assert round(Decimal(marks["equity"]), 8) == report.cash
    (eager,) = marks["strategies"]
    gained = sum(Decimal(each["pnl"]) for each in trade_lines(request_.store) if each["strategy"] == "eager")
    assert (eager["level"], Decimal(eager["value"])) == ("CLOSED", 8000 + gained)
    assert marks["time"] == time_text(state.last_bar_ms + BASE_MS)
    assert marks["beat"] == "2025-03-01T00:00:00Z"


def test_it_waits_for_nobody_who_trades_the_account(request_: SessionRequest) -> None:
    stopped_holding(request_)
    with request_.store.journal().held(), pytest.raises(StoreBusyError, match="locked by pid"):
        closing(request_.store)
