"""A session on live bars makes the trades of the backtest of those bars, whatever happens to it on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from session_cases import BASE_MS, START, part, stored, strategies
from session_live_cases import BARS, BEGIN, PlayedFeed, live_request, played, reported, small_market, writer

from memesnipe_cli.engine.session import run_session
from memesnipe_cli.errors import DataError
from memesnipe_cli.market.live.feed import BarsClosed
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles


@pytest.fixture
def series() -> list[Candles]:
    return small_market()


@pytest.fixture
def store(tmp_path: Path, series: list[Candles]) -> Store:
    """All bars, also those that are still to come live: a session looks no further than it asked for."""
    return stored(tmp_path / "store", series, BARS)


@pytest.fixture
def fresh(tmp_path: Path, series: list[Candles]) -> Store:
    """What was known before the session began."""
    return stored(tmp_path / "fresh", [part(each, None, BEGIN) for each in series], BARS)


def test_live_bars_are_traded_like_the_backtest_of_what_was_recorded(
    fresh: Store, series: list[Candles], tmp_path: Path
) -> None:
    request = live_request(fresh, strategies(tmp_path), PlayedFeed(series), record=writer(fresh))
    done = run_session(request)
    report = reported(request)
    assert done.bars == BARS - 30
    assert (report.verdict, report.differences) == ("SAME", [])
    assert report.same_signals == report.shadow_signals == report.backtest_signals > 40
    assert len(report.trades) == report.same_trades > 20
    assert report.shadow_equity == repr(report.backtest_equity)
    assert {trade.side for trade in done.trades} == {"long", "short"}
    assert any(trade.funding for trade in done.trades)


@pytest.mark.parametrize("cut", [39, 41, 58, 96])
def test_a_restart_in_mid_position_changes_nothing_but_late_entries(
    store: Store, series: list[Candles], tmp_path: Path, cut: int
) -> None:
    chosen = strategies(tmp_path)
    stop_at = START + cut * BASE_MS
    first = played(store, chosen, PlayedFeed(series, until_ms=stop_at))
    assert any(first.state.busy())
    feed = PlayedFeed(series)
    request = live_request(store, chosen, feed, after_ms=stop_at - BASE_MS)
    second = run_session(request)
    assert feed.started_after == stop_at - BASE_MS
    assert second.resumed and second.bars == BARS - cut
    report = reported(request)
    assert (report.verdict, report.differences, report.warnings) == ("SAME", [], [])
    assert len(report.trades) == report.same_trades


def test_bars_that_were_missed_move_what_is_held_and_open_nothing(
    store: Store, series: list[Candles], tmp_path: Path
) -> None:
    chosen = strategies(tmp_path)
    away, back = START + 50 * BASE_MS, START + 70 * BASE_MS
    played(store, chosen, PlayedFeed(series, until_ms=away))
    lines: list[tuple[str, dict[str, object]]] = []
    request = live_request(
        store, chosen, PlayedFeed(series), after_ms=back - BASE_MS,
        on_line=lambda kind, body: lines.append((kind, dict(body))),
    )  # fmt: skip
    run_session(request)
    late = [body for kind, body in lines if kind == "refusal" and "gate" in body]
    assert late and all(away <= _bar(body) < back for body in late)
    assert {body["gate"]["code"] for body in late} == {"stale_data"}  # type: ignore[index]
    opened = [_bar(body) for kind, body in lines if body.get("event") == "entry_order"]
    assert opened and not any(away <= bar < back for bar in opened)
    left = [_bar(body) for kind, body in lines if body.get("event") == "exit_fill"]
    assert any(away <= bar < back for bar in left)
    report = reported(request)
    assert report.verdict == "DIFFERENT"
    first = report.differences[0]
    assert (first.shadow, first.backtest, first.why) == ("late_bar", "order", "late bar")
    assert {each.why.split(" of ")[0] for each in report.differences} <= {
        "late bar", "follows the difference", "gate: late_bar",
    }  # fmt: skip


def _bar(body: dict[str, object]) -> int:
    from memesnipe_cli.records import time_value

    return time_value(body["bar"], "bar")


def test_a_bar_that_comes_late_is_told_by_the_clock(
    store: Store, series: list[Candles], tmp_path: Path
) -> None:
    time = {"now": 0}
    slow = range(START + 60 * BASE_MS, START + 75 * BASE_MS, BASE_MS)

    def deliver(closed: BarsClosed) -> BarsClosed:
        time["now"] = closed.ts + BASE_MS + (10_001 if closed.ts in slow else 9_000)
        return closed

    feed = PlayedFeed(series, edit=deliver)
    request = live_request(store, strategies(tmp_path), feed, now=lambda: time["now"])
    run_session(request)
    report = reported(request)
    late = [each.bar_ms for each in report.differences if each.why == "late bar"]
    assert late and set(late) <= set(slow)
    assert report.differences[0].bar_ms == late[0]


def test_a_gap_in_the_feed_is_named(store: Store, series: list[Candles], tmp_path: Path) -> None:
    gap = range(START + 60 * BASE_MS, START + 66 * BASE_MS, BASE_MS)
    feed = PlayedFeed(series, edit=lambda closed: None if closed.ts in gap else closed)
    request = live_request(store, strategies(tmp_path), feed)
    run_session(request)
    report = reported(request)
    assert report.verdict == "DIFFERENT"
    assert report.bars.count("feed gap") == sum(len(part(each, gap[0], gap[-1] + 1)) for each in series)
    first = report.differences[0]
    assert first.bar_ms in gap and first.why == "feed gap: this bar did not come in"
    assert first.shadow is None and first.backtest is not None


def test_bars_that_are_not_those_of_the_store_are_named(
    store: Store, series: list[Candles], tmp_path: Path
) -> None:
    wrong = START + 64 * BASE_MS

    def spoilt(closed: BarsClosed) -> BarsClosed:
        if closed.ts != wrong:
            return closed
        return replace(closed, bars=tuple(replace(bar, close=bar.close + 0.0003) for bar in closed.bars))

    request = live_request(store, strategies(tmp_path), PlayedFeed(series, edit=spoilt))
    run_session(request)
    report = reported(request)
    assert report.bars.count("other bar data") == sum(wrong in candles.ts for candles in series)
    assert all(each.bar_ms >= wrong for each in report.differences) and report.differences
    assert "other bar data" in report.differences[0].why or "follows other bars" in report.differences[0].why


def test_a_session_goes_on_where_its_last_bar_was_never_stored(
    fresh: Store, series: list[Candles], tmp_path: Path
) -> None:
    chosen = strategies(tmp_path)
    stop_at = START + 58 * BASE_MS
    played(fresh, chosen, PlayedFeed(series, until_ms=stop_at))
    again = played(fresh, chosen, PlayedFeed(series), after_ms=stop_at - BASE_MS)
    assert again.resumed and again.bars == BARS - 58
    assert any("are not the ones that this session traded on" in each for each in again.warnings)


def test_a_session_that_is_stopped_before_its_first_bar_begins_where_it_was_opened(
    store: Store, series: list[Candles], tmp_path: Path
) -> None:
    chosen = strategies(tmp_path)
    feed = PlayedFeed(series, until_ms=BEGIN)
    assert played(store, chosen, feed, should_stop=lambda: True).bars == 0
    with pytest.raises(DataError, match="has not processed a bar yet"):
        reported(live_request(store, chosen, feed))
    assert played(store, chosen, PlayedFeed(series)).bars == BARS - 30


class DiedError(Exception):
    """The process is gone."""


def test_death_at_any_append_doubles_nothing_and_opens_nothing_late(
    store: Store, series: list[Candles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = strategies(tmp_path)
    rng, append = Random(4), Journal.append_many
    given = {"ts": BEGIN - BASE_MS}

    def mortal(journal: Journal, items: Sequence[Any]) -> Any:
        if rng.random() < 0.12:
            append(journal, list(items)[: rng.randint(0, len(items))])
            raise DiedError
        return append(journal, items)

    def see(closed: BarsClosed) -> BarsClosed:
        given["ts"] = closed.ts
        return closed

    monkeypatch.setattr(Journal, "append_many", mortal)
    deaths = 0
    for _ in range(400):
        try:
            done = played(store, chosen, PlayedFeed(series, edit=see), after_ms=given["ts"])
        except DiedError:
            deaths += 1
            continue
        break
    assert deaths > 20 and given["ts"] == series[1].ts[-1] and done.resumed
    orders = [entry.body for entry in store.journal("shadow").entries() if entry.kind == "order"]
    ids = [body["id"] for body in orders if body["state"] == "sent"]
    assert len(ids) == len(set(ids)) > 30
    report = reported(live_request(store, chosen, PlayedFeed(series)))
    # A decision that died with its process is not made late.
    assert report.differences[0].why == "late bar"
    alone = [each for each in report.differences if not each.why.startswith("follows")]
    assert {each.why for each in alone} == {"late bar"} and not report.warnings


def test_the_quotes_at_hand_are_held_against_the_fills(
    store: Store, series: list[Candles], tmp_path: Path
) -> None:
    request = live_request(store, strategies(tmp_path), PlayedFeed(series))
    run_session(request)
    residual = reported(request).residual
    assert residual.fills > 20 and residual.oldest_ms == 40
    assert residual.mean_bps is not None and residual.worst_bps is not None
    assert -200 < residual.mean_bps < residual.worst_bps < 200


def test_a_part_of_the_session_is_compared_with_the_same_account(
    store: Store, series: list[Candles], tmp_path: Path
) -> None:
    request = live_request(store, strategies(tmp_path), PlayedFeed(series))
    run_session(request)
    whole = reported(request)
    half = reported(request, since_ms=START + 80 * BASE_MS)
    hour = reported(request, since_ms=START + 80 * BASE_MS, until_ms=START + 82 * BASE_MS)
    assert half.verdict == "SAME" and 0 < half.shadow_signals < whole.shadow_signals
    assert half.trades == [each for each in whole.trades if each.of.entry_ms >= START + 80 * BASE_MS]
    assert hour.verdict == "INSUFFICIENT" and hour.words.endswith("in 0.1667 h")
    with pytest.raises(DataError, match="has no bar from"):
        reported(request, until_ms=START)
