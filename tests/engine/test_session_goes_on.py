"""What a later run of the same session may and may not do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from session_cases import (
    BASE_MS,
    PROFILE,
    START,
    SYMBOLS,
    backtested,
    market,
    part,
    session_request,
    stored,
    strategies,
    trade_lines,
    traded,
)

from memesnipe_cli.engine.account_fold import AccountFold
from memesnipe_cli.engine.replay import first_difference
from memesnipe_cli.engine.session import SessionRequest
from memesnipe_cli.errors import DataError, RefusedError, StoreBusyError
from memesnipe_cli.profile import Limits, Venue
from memesnipe_cli.store.store import Store

BARS = 100
CUT = START + 50 * BASE_MS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stored(tmp_path / "store", [part(each, None, CUT) for each in market(BARS)], BARS)


@pytest.fixture
def request_(store: Store, tmp_path: Path) -> SessionRequest:
    return session_request(store, strategies(tmp_path))


def test_new_bars_go_on_where_the_last_run_ended(request_: SessionRequest) -> None:
    first = traded(request_)
    assert (first.bars, first.resumed, first.stopped) == (50, False, False)
    for candles in market(BARS):
        request_.store.lake.write_candles(candles, source="test")
    second = traded(request_)
    assert (second.bars, second.resumed) == (50, True)
    together = replace(second, trades=[*first.trades, *second.trades])
    assert first_difference(together, backtested(request_)) == ""


def test_nothing_happens_where_no_bar_came_in(request_: SessionRequest) -> None:
    traded(request_)
    head = request_.store.journal().head()
    again = traded(request_)
    assert (again.bars, again.trades) == (0, [])
    assert request_.store.journal().head() == head


def test_older_history_that_comes_later_changes_nothing(
    store: Store, request_: SessionRequest, tmp_path: Path
) -> None:
    whole = market(BARS)
    other = stored(tmp_path / "late", [part(each, START + 20 * BASE_MS, CUT) for each in whole], BARS)
    late = replace(request_, store=other)
    traded(late)
    expected = trade_lines(other)
    for candles in whole:
        other.lake.write_candles(candles, source="test")
    traded(late)
    fresh = stored(tmp_path / "fresh", [part(each, START + 20 * BASE_MS, None) for each in whole], BARS)
    traded(replace(request_, store=fresh))
    assert trade_lines(other) == trade_lines(fresh)
    assert trade_lines(other)[: len(expected)] == expected


def test_corrected_bars_are_noticed(request_: SessionRequest) -> None:
    assert traded(request_).warnings == []
    corrected = [part(each, None, CUT) for each in market(BARS)]
    assert traded(request_, piped=corrected).warnings == []
    corrected[1].close[3] += 0.0001
    (warning,) = traded(request_, piped=corrected).warnings
    assert warning.startswith("bars up to 2025-03-02T00:05:00Z are not the ones that this session traded on")


def test_bars_that_are_gone_are_missed(request_: SessionRequest, tmp_path: Path) -> None:
    traded(request_)
    pruned = [part(each, START + 10 * BASE_MS, None) for each in market(BARS)]
    with pytest.raises(DataError, match="no longer begins at 2025-03-01T20:00:00Z"):
        traded(request_, piped=pruned)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"capital": Decimal(500)}, "capital is 10000, asked for 500"),
        ({"symbols": SYMBOLS[:2]}, "symbols is AAA/USD, BBB/USD, CCC/USD:USD, asked for AAA/USD, BBB/USD"),
        ({"since_ms": START + 10 * BASE_MS}, "since is not set, asked for 2025-03-01T20:50:00Z"),
        (
            {"profile": PROFILE.model_copy(update={"limits": Limits(trade_share=0.01)})},
            "cluster_share is 1, asked for 0.3; max_cost_share is 1, asked for 0.25; ",
        ),
        (
            {"profile": PROFILE.model_copy(update={"venues": {"default": Venue(taker_fee=0.001)}})},
            "AAA/USD taker_fee is 0.0004, asked for 0.001",
        ),
    ],
)
def test_another_setting_is_refused_by_name(
    request_: SessionRequest, changes: dict[str, Any], said: str
) -> None:
    traded(request_)
    with pytest.raises(RefusedError, match="the open session paper-1 trades otherwise") as refused:
        traded(request_, **changes)
    assert said in refused.value.message
    assert "--new-session --reason" in refused.value.hint


def test_another_strategy_is_refused(request_: SessionRequest, tmp_path: Path) -> None:
    traded(request_)
    with pytest.raises(RefusedError, match="it trades eager, rival, asked for eager"):
        traded(request_, strategies=strategies(tmp_path, "Eager"))


def test_changed_code_goes_on_and_is_told_once(request_: SessionRequest, tmp_path: Path) -> None:
    traded(request_)
    changed = strategies(tmp_path, nudged_ts=1)
    assert traded(request_, strategies=changed).warnings == [
        "eager is not the code that this session was opened with; it goes on with the new one"
    ]
    assert traded(request_, strategies=changed).warnings == []


def test_a_new_session_begins_flat_with_its_own_capital(request_: SessionRequest, tmp_path: Path) -> None:
    # One symbol whose position is closed by its delisting, so that the first session ends flat.
    for candles in market(BARS):
        request_.store.lake.write_candles(candles, source="test")
    alone = replace(request_, symbols=SYMBOLS[:1])
    first = traded(alone, until_ms=START + BARS * BASE_MS)
    assert not first.state.busy()
    second = traded(alone, capital=Decimal(500), new_session="less money")
    assert second.state.session is not None
    assert (second.state.session["session"], second.state.session["reason"]) == ("paper-2", "less money")
    assert second.bars == first.bars


def test_a_new_session_is_refused_while_something_is_held(request_: SessionRequest) -> None:
    stops = iter(range(1_000))
    held = traded(
        request_,
        should_stop=lambda: bool(request_.store.journal().replay(AccountFold()).busy()) or next(stops) < 0,
    )
    assert held.state.busy()
    with pytest.raises(RefusedError, match="still holds or waits for: "):
        traded(request_, new_session="I want to")
    assert traded(request_, new_session="I want to", account="second").bars == 50


def test_one_trades_an_account_at_a_time(request_: SessionRequest) -> None:
    with (
        request_.store.journal().held(),
        pytest.raises(StoreBusyError, match=r"'paper' is locked by pid \d+ on "),
    ):
        traded(request_)


def test_each_midnight_has_the_mark_of_the_bar_before_it(request_: SessionRequest) -> None:
    for candles in market(BARS):
        request_.store.lake.write_candles(candles, source="test")
    traded(request_)
    marks = [entry.body for entry in request_.store.journal().entries() if entry.kind == "equity"]
    bases = [mark for mark in marks if "day" in mark]
    assert [(mark["day"], mark["time"]) for mark in bases] == [
        ("2025-03-02T00:00:00Z", "2025-03-02T00:00:00Z")
    ]
    equity = backtested(request_).equity
    assert [float(mark["equity"]) for mark in marks] == [equity[47], equity[-1]]


def test_a_fold_read_from_its_snapshot_is_the_same(request_: SessionRequest) -> None:
    state = traded(request_).state
    fold = AccountFold()
    assert vars(fold.load(fold.dump(state))) == vars(state)
