"""`memesnipe shadow`: a live run on a feed that is played, what it refuses, and its report."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shadow_market import BARS, BASE_MS, START, SYMBOLS, PlayedFeed, market
from trade_market import account, eager, prepared

from memesnipe_cli import clock, run_options
from memesnipe_cli.cli import run
from memesnipe_cli.engine import warm_up
from memesnipe_cli.market import venue_session
from memesnipe_cli.market.live import venue_feed
from memesnipe_cli.market.live.feed import BarsClosed
from memesnipe_cli.records import time_value
from memesnipe_cli.store.store import Store

BEGIN = START + 30 * BASE_MS
Program = Callable[..., tuple[int, str, str]]


class Venue:
    """A venue whose bars are played, and the clock that goes with them. edit: what becomes of a moment on its way."""

    def __init__(self) -> None:
        self.now = BEGIN + 1_000
        self.edit: Callable[[BarsClosed], BarsClosed | None] = lambda closed: closed
        self.asked: list[str] = []
        self.problem = ""
        self.until_ms = 2**62

    def open_feed(
        self, venue: str, symbols: list[str], base_ms: int, store: Store, **more: Any
    ) -> PlayedFeed:
        feed = PlayedFeed(market(BARS), until_ms=self.until_ms, edit=self._deliver)
        feed.problem = self.problem
        return feed

    def session(self, venue: str, base_url: str | None, **more: Any) -> Any:
        return SimpleNamespace(
            exchange=SimpleNamespace(markets=dict.fromkeys(SYMBOLS)), prepare=lambda store, symbol: None
        )

    def bring_in(self, store: Store, session: Any, wanted: Any, last_ms: int, *more: Any) -> list[str]:
        self.asked += [str(each.key) for each in wanted]
        return []

    def _deliver(self, closed: BarsClosed) -> BarsClosed | None:
        self.now = closed.ts + BASE_MS + 700
        return self.edit(closed)


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    return prepared(tmp_path, BARS)


@pytest.fixture
def program(options: list[str], capsys: pytest.CaptureFixture[str]) -> Program:
    def call(*args: str) -> tuple[int, str, str]:
        code = run([*options, *args], os.environ)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def venue(options: list[str], monkeypatch: pytest.MonkeyPatch) -> Venue:
    found = Venue()
    monkeypatch.setattr(clock, "now_ms", lambda: found.now)
    monkeypatch.setattr(venue_feed, "open_feed", found.open_feed)
    monkeypatch.setattr(venue_session, "VenueSession", found.session)
    monkeypatch.setattr(warm_up, "bring_in", found.bring_in)
    return found


def test_a_live_run_tells_what_it_does_and_goes_on(program: Program, venue: Venue, tmp_path: Path) -> None:
    venue.until_ms = START + 45 * BASE_MS
    code, out, err = program("shadow", *eager(tmp_path), "--symbol", SYMBOLS[2], "--jsonl")
    assert code == 0
    assert "begins a session of eager on live kraken CCC/USD:USD; the next bar closes at " in err
    assert venue.asked == ["kraken CCC/USD:USD 5m"]
    records = [json.loads(line) for line in out.splitlines()]
    assert {each["type"] for each in records} >= {"order", "fill", "account"}
    assert account(tmp_path, "shadow").last_bar_ms == START + 44 * BASE_MS
    venue.until_ms = 2**62
    venue.now += 200
    code, out, err = program("shadow", *eager(tmp_path))
    assert code == 0 and "goes on with a session of eager on live kraken CCC/USD:USD" in err
    assert "market data come by rest" in err and "CCC/USD:USD is over" in err
    state = account(tmp_path, "shadow")
    assert state.sessions == 1 and state.last_bar_ms == START + (BARS - 1) * BASE_MS


def test_the_report_is_a_table_a_document_and_records(program: Program, venue: Venue, tmp_path: Path) -> None:
    program("shadow", *eager(tmp_path), *(f"--symbol={symbol}" for symbol in SYMBOLS))
    code, out, _ = program("shadow", "report", "--no-compile")
    assert code == 0
    assert "SAME: " in out and "treated alike" in out and "bps more than the quotes at the decision" in out
    code, out, _ = program("shadow", "report", "--no-compile", "--json")
    whole = json.loads(out)
    assert whole["type"] == "shadow_report" and whole["verdict"] == "SAME" and whole["live"] is True
    assert whole["same_signals"] == whole["shadow_signals"] == whole["backtest_signals"] > 20
    assert whole["shadow_pnl"] == whole["backtest_pnl"] and len(whole["trades"]) == whole["same_trades"]
    code, out, _ = program("shadow", "report", "--no-compile", "--jsonl")
    types = [json.loads(line)["type"] for line in out.splitlines()]
    assert types == ["shadow_trade"] * len(whole["trades"]) + ["shadow_report"]


def test_the_report_fails_where_signals_differ(program: Program, venue: Venue, tmp_path: Path) -> None:
    gap = range(START + 50 * BASE_MS, START + 54 * BASE_MS, BASE_MS)
    venue.edit = lambda closed: None if closed.ts in gap else closed
    program("shadow", *eager(tmp_path), *(f"--symbol={symbol}" for symbol in SYMBOLS))
    code, out, _ = program("shadow", "report", "--no-compile")
    assert code == 1
    assert "signals that were not treated alike" in out and "feed gap: this bar did not come in" in out
    assert "DIFFERENT: " in out


def test_too_little_is_said_to_be_too_little(program: Program, venue: Venue, tmp_path: Path) -> None:
    venue.until_ms = START + 35 * BASE_MS
    program("shadow", *eager(tmp_path), "--symbol", SYMBOLS[2])
    code, out, _ = program("shadow", "report", "--no-compile", "--json")
    said = json.loads(out)
    assert code == 0 and said["verdict"] == "INSUFFICIENT"
    assert said["words"] == "3 signals in 0.5 h"


def test_trouble_that_lasts_is_told_once(
    program: Program, venue: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memesnipe_cli.engine import live_steps

    monkeypatch.setattr(live_steps, "_TROUBLE_S", 0.0)
    venue.problem = "WebSocket refused"
    _, _, err = program("shadow", *eager(tmp_path), "--symbol", SYMBOLS[2])
    assert err.count("warning: market data (rest): WebSocket refused") == 1


def test_a_replay_begins_anew_but_spares_live_positions(
    program: Program, venue: Venue, tmp_path: Path
) -> None:
    replay = ("shadow", *eager(tmp_path), "--replay", "--no-compile")
    assert program(*replay)[0] == 0
    venue.until_ms = START + 38 * BASE_MS
    code, _, err = program("shadow", *eager(tmp_path), "--symbol", SYMBOLS[2])
    assert code == 0 and account(tmp_path, "shadow").sessions == 2, err
    assert account(tmp_path, "shadow").busy()
    code, _, err = program(*replay)
    assert code == 3 and "a replay would begin anew" in err and "--account NAME" in err
    assert program(*replay, "--account", "other")[0] == 0


def test_an_account_that_is_traded_is_no_shadow(program: Program, venue: Venue, tmp_path: Path) -> None:
    program("trade", *eager(tmp_path))
    for more in (
        ["--replay"],
        ["--symbol", SYMBOLS[2]],
        ["--symbol", SYMBOLS[2], "--new-session", "--reason", "x"],
    ):
        code, _, err = program("shadow", *eager(tmp_path), "--account", "paper", *more)
        assert code == 3 and "account 'paper' belongs to `memesnipe trade`" in err
    assert account(tmp_path).sessions == 1


def test_a_replay_can_be_reported_too(program: Program, tmp_path: Path) -> None:
    program("shadow", *eager(tmp_path), "--replay", "--no-compile")
    code, out, _ = program("shadow", "report", "--no-compile", "--json")
    said = json.loads(out)
    assert (code, said["verdict"], said["live"], said["differences"]) == (0, "SAME", False, [])
    assert said["same_trades"] == said["shadow_trades"] > 5


def test_a_halt_from_outside_keeps_entries_back(program: Program, venue: Venue, tmp_path: Path) -> None:
    halted = START + 45 * BASE_MS

    def trip(closed: BarsClosed) -> BarsClosed:
        if closed.ts == halted:
            program("breaker", "trip", "--account", "shadow", "--level", "HALT", "--reason", "enough")
        return closed

    venue.edit = trip
    code, _, err = program("shadow", *eager(tmp_path), *(f"--symbol={symbol}" for symbol in SYMBOLS))
    assert code == 3 and "the breaker is at HALT" in err
    entries = [entry.body for entry in Store(tmp_path / "store").journal("shadow").entries()]
    opened = [time_value(body["bar"]) for body in entries if body.get("event") == "entry_order"]
    assert opened and max(opened) < halted
    code, out, _ = program("shadow", "report", "--no-compile", "--json")
    difference = json.loads(out)["differences"][0]
    assert code == 1
    assert (difference["shadow"], difference["backtest"]) == ("breaker_halt", "order")
    assert difference["why"] == "refused: breaker_halt"
    code, _, err = program("shadow", *eager(tmp_path))
    assert code == 3 and "memesnipe breaker reset --account shadow" in err


def test_a_new_session_has_a_reason(program: Program, venue: Venue, tmp_path: Path) -> None:
    live = ("shadow", *eager(tmp_path), "--symbol", SYMBOLS[2])
    venue.until_ms = BEGIN
    program(*live)
    code, _, err = program(*live, "--capital", "77")
    assert code == 3 and "capital is 10000, asked for 77" in err
    assert program(*live, "--new-session")[0] == 2
    venue.now = BEGIN + 1_000
    code, _, err = program(*live, "--capital", "77", "--new-session", "--reason", "smaller")
    session = account(tmp_path, "shadow").session or {}
    assert (code, session["session"], session["capital"], session["reason"]) == (
        0,
        "shadow-2",
        "77",
        "smaller",
    ), err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--since", "2025-03-01"], "are about a recorded tape"),
        (["--speed", "5"], "are about a recorded tape"),
        (["--duration", "soon"], "--duration 'soon' is not a length of time"),
        (["--replay", "--duration", "2h"], "--duration is for live data"),
        (["--replay", "--new-session", "--reason", "x"], "--new-session is for live data"),
        (["--venue", "sim", "--duration", "2h"], "the simulated market has none"),
        (["--symbol", "DOGE/USD", "report"], "options of a run stand before report"),
        (["--data", "nowhere.jsonl"], "--data nowhere.jsonl is no file"),
    ],
)
def test_what_makes_no_sense_is_refused(program: Program, tmp_path: Path, more: list[str], said: str) -> None:
    code, out, err = program("shadow", *eager(tmp_path), *more)
    assert (code, out) == (2, "") and said in err


def test_the_report_of_an_account_without_a_session(program: Program) -> None:
    code, _, err = program("shadow", "report", "--account", "nobody")
    assert code == 1 and "account 'nobody' has no session yet" in err


def test_without_a_venue_the_simulated_market_is_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_options, "SIMULATED_DAYS", 12)
    code = run(
        ["--store", str(tmp_path / "empty"), "shadow", "--strategy", "mean_revert_1h", "--no-compile"],
        os.environ,
    )
    err = capsys.readouterr().err
    assert code == 0
    assert "the simulated market has no live data: a recorded tape of it is replayed" in err
    assert "PAPER, SIMULATED market" in err
