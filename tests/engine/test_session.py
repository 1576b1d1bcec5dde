"""The session makes the trades of the backtest to the last digit, however often and wherever it dies."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from session_cases import (
    BASE_MS,
    START,
    SYMBOLS,
    backtested,
    market,
    session_request,
    stored,
    strategies,
    trade_lines,
    traded,
)

from memesnipe_cli.engine.event_lines import KINDS, LINE_KINDS
from memesnipe_cli.engine.replay import first_difference
from memesnipe_cli.engine.session import SessionRequest, SessionRun
from memesnipe_cli.engine.trade_rows import trade_row
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store

BARS = 120
# Ids carry the store's; which line carries the risen marks depends on what was written together.
PASSING = ("id", "order", "venue_trade_id", "highs")


@pytest.fixture
def request_(tmp_path: Path) -> SessionRequest:
    """A session of two strategies on the small market."""
    return session_request(stored(tmp_path / "store", market(BARS), BARS), strategies(tmp_path))


def whole_story(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """What was traded, line by line. Marks are left out: a stop leaves one where it happened."""
    return [
        (entry.kind, entry.body)
        for entry in store.journal().entries()
        if entry.kind in LINE_KINDS or entry.kind == "trade"
    ]


def final(done: SessionRun) -> tuple[Any, ...]:
    """What an account is at the end."""
    state = done.state
    return (
        state.account,
        state.slots,
        state.risk,
        state.keys,
        state.rows,
        state.counts,
        state.pnl,
        (state.mark or {})["equity"],
    )


def test_the_trades_are_those_of_the_backtest(request_: SessionRequest) -> None:
    done, backtest = traded(request_), backtested(request_)
    assert first_difference(done, backtest) == ""
    assert len(done.trades) > 20
    body = [trade_row("paper-1", each) for each in backtest.trades]
    assert trade_lines(request_.store) == [
        {name: value for name, value in each.items() if name not in ("type", "v")} for each in body
    ]


def test_the_small_market_has_everything_that_can_happen(request_: SessionRequest) -> None:
    done = traded(request_)
    happened = {event for _, event in KINDS.values()} - {"flow", "risk"}
    assert happened <= done.state.counts.keys()
    reasons = {reason for trade in done.trades for reason in trade.exit_reason.split("+")}
    assert reasons == {"stop", "target", "time", "signal", "delisted"}
    assert {trade.side for trade in done.trades} == {"long", "short"}
    assert {trade.units for trade in done.trades} == {1, 2, 3}


def test_one_ulp_in_one_sum_is_noticed(request_: SessionRequest, tmp_path: Path) -> None:
    nudged = strategies(tmp_path, nudged_ts=START + 40 * BASE_MS)
    assert "in the backtest" in first_difference(traded(request_, strategies=nudged), backtested(request_))


@pytest.mark.parametrize("seed", range(4))
def test_stops_at_any_bars_change_nothing(request_: SessionRequest, tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    other = stored(tmp_path / "other", market(BARS), BARS)
    whole = traded(request_)
    while True:
        left = rng.choice([1, 2, 5, 30])
        stops = iter([False] * (left - 1) + [True] * BARS)
        done = traded(request_, store=other, should_stop=lambda stops=stops: next(stops))
        if not done.stopped:
            break
    assert trade_lines(other) == trade_lines(request_.store)
    assert final(done) == final(whole)


class DiedError(Exception):
    """The process is gone."""


class Mortal:
    """Lets the process die at each append of a journal: once before it, then, in the next life, after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deaths = 0
        self._append = Journal.append_many
        self._torn = Random(1)
        monkeypatch.setattr(Journal, "append_many", lambda journal, items: self.append(journal, list(items)))

    def append(self, journal: Journal, items: list[Any]) -> Any:
        """An append that kills: by turns before the write, within it and after it."""
        self.deaths += 1
        if self.deaths % 3 == 1:
            raise DiedError
        # A power cut leaves the first few lines of the last write.
        kept = items[: self._torn.randint(0, len(items))] if self.deaths % 3 == 2 else items
        self._append(journal, kept)
        raise DiedError


def test_death_at_every_append_changes_nothing(
    request_: SessionRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traded(request_)
    other = stored(tmp_path / "other", market(BARS), BARS)
    with monkeypatch.context() as patch:
        mortal = Mortal(patch)
        for _ in range(2_000):
            try:
                done = traded(request_, store=other)
            except DiedError:
                continue
            break
    assert mortal.deaths > 200
    assert not done.bars
    assert trade_lines(other) == trade_lines(request_.store)
    assert told_apart_from_marks(other) == told_apart_from_marks(request_.store)


def told_apart_from_marks(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """The story without order ids, which carry the store's id, and with each trade after the fill that ended it."""
    lines = whole_story(store)
    return [
        (kind, {name: value for name, value in body.items() if name not in PASSING})
        for kind, body in lines
        if kind != "trade"
    ]


def test_an_id_names_one_order_for_ever(request_: SessionRequest, tmp_path: Path) -> None:
    traded(request_)
    ids = {body["id"] for kind, body in whole_story(request_.store) if kind == "order"}
    sent = [body for kind, body in whole_story(request_.store) if kind == "order" and body["state"] == "sent"]
    assert len(ids) == len(sent)
    assert all(len(each) == 18 for each in ids)
    resting = {
        body["order"]
        for kind, body in whole_story(request_.store)
        if kind == "fill" and body["order"] not in ids
    }
    legs = {
        body["leg"]
        for kind, body in whole_story(request_.store)
        if kind == "fill" and body["order"] in resting
    }
    assert legs <= {"stop", "target", "delisting"}


def test_three_symbols_one_by_one_are_worth_what_they_were(request_: SessionRequest) -> None:
    for symbol in SYMBOLS:
        alone = {"symbols": [symbol], "account": symbol.replace("/", "-").replace(":", "-")}
        request = session_request(request_.store, request_.strategies, **alone)
        assert first_difference(traded(request), backtested(request)) == ""
