"""What a strategy sees of a reference asset and of funding is the same live as in the backtest of the recorded bars."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from session_cases import BASE_MS, START, SYMBOLS, bars, market, part, stored
from session_live_cases import BARS, BEGIN, PlayedFeed, live_request, played, reported

from memesnipe_cli.engine.piped_bars import Lines, read_head
from memesnipe_cli.engine.session import run_session
from memesnipe_cli.engine.warm_up import last_closed, reference_symbols, wanted_series
from memesnipe_cli.errors import UsageError
from memesnipe_cli.store.tables import Candles
from memesnipe_cli.strategies.registry import LoadedStrategy, load

STRATEGY = '''
from typing import Any

from memesnipe_cli.engine.model import ExitPlan
from memesnipe_cli.strategies.base import Needs, Strategy
from memesnipe_cli.strategies.signal import Signal, signal


class Follower(Strategy):
    """Enters by the digits of all that it has seen of the reference and of funding."""

    name = "follower"
    timeframe = "5m"
    needs = Needs(reference="BTC", reference_timeframe="15m", funding=True)

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return 4

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.01, max_bars=3)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        if bar.reference_ts > 0:
            s[0] += bar.reference_close * (1.0 + (bar.reference_ts // 900000) % 7)
        if bar.funding == bar.funding:
            s[0] += bar.funding * 1000.0
        wanted = int(s[0] * 1.2345678e10) % 3 == 0
        return signal(enter=1 if wanted else 0, stop=0.02 * bar.close, score=s[0])
'''


@pytest.fixture
def chosen(tmp_path: Path) -> list[LoadedStrategy]:
    path = tmp_path / "follower.py"
    path.write_text(STRATEGY, encoding="utf-8")
    return [load(f"{path}:Follower")]


@pytest.fixture
def series() -> list[Candles]:
    """A perpetual with funding, and a reference in which nothing is traded for a while."""
    reference = bars("BTC/USD", BARS, 5)
    quiet = [START + number * BASE_MS for number in (*range(51, 54), 59, 62, 77)]
    kept = part(reference, None, None)
    keep = [ts not in quiet for ts in kept.ts.tolist()]
    names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    kept = Candles(reference.key, *(getattr(reference, name)[keep] for name in names))
    return [market(BARS)[2], kept]


@pytest.mark.parametrize("cut", [None, 41, 52, 64])
def test_the_reference_is_built_from_its_live_bars(
    tmp_path: Path, series: list[Candles], chosen: list[LoadedStrategy], cut: int | None
) -> None:
    store = stored(tmp_path / "store", series, BARS)
    after = BEGIN
    if cut is not None:
        after = START + cut * BASE_MS
        played(store, chosen, PlayedFeed(series, until_ms=after), symbols=[SYMBOLS[2]])
    request = live_request(store, chosen, PlayedFeed(series), symbols=[SYMBOLS[2]], after_ms=after - BASE_MS)
    run_session(request)
    report = reported(request)
    assert (report.verdict, report.differences) == ("SAME", [])
    assert report.same_signals > 10 and len(report.trades) == report.same_trades > 5


def test_everything_that_a_run_warms_up_on_is_wanted(chosen: list[LoadedStrategy]) -> None:
    listed = [*SYMBOLS, "BTC/USD", "BTC/EUR"]
    assert reference_symbols(chosen, SYMBOLS, listed) == ["BTC/USD"]
    assert reference_symbols(chosen, ["AAA/EUR"], listed) == ["BTC/EUR"]
    with pytest.raises(UsageError, match="lists none of BTC/GBP, BTC/USD, BTC/USDT, BTC/USDC"):
        reference_symbols(chosen, ["AAA/GBP"], ["AAA/GBP"])
    last = START + 31 * BASE_MS
    wanted = wanted_series(chosen, SYMBOLS[:1], ["BTC/USD"], "kraken", START + 30 * BASE_MS, last)
    assert {(str(each.key), (each.since_ms - START) // BASE_MS) for each in wanted} == {
        ("kraken AAA/USD 5m", 30 - 288 - 2),
        ("kraken BTC/USD 15m", 30 - 288 - 2 - 21),
        ("kraken BTC/USD 5m", 30),
    }
    assert last_closed(START + 2_000, BASE_MS) == START - BASE_MS
    assert last_closed(START + 1_999, BASE_MS) == START - 2 * BASE_MS


def test_the_head_of_a_pipe_is_its_first_moment() -> None:
    reading, writing = os.pipe()
    line = '{"type":"candle","v":1,"venue":"kraken","symbol":"%s","timeframe":"5m","ts":"%s"}\n'
    first, second = "2025-03-01T20:00:00Z", "2025-03-01T20:05:00Z"
    text = (
        '{"type":"gate"}\n\n' + line % ("A/USD", first) + line % ("B/USD", first) + line % ("A/USD", second)
    )
    os.write(writing, (text + "half").encode())
    lines = Lines(reading)
    head = read_head(lines)
    assert (head.venue, head.symbols, head.base_ms, head.first_ms) == (
        "kraken",
        ["A/USD", "B/USD"],
        BASE_MS,
        START,
    )
    assert not lines.ready(0.0)
    os.write(writing, b"\nmore")
    assert lines.ready(1.0)
    os.close(writing)
    assert [*head.lines, *lines] == [*(text + "half\nmore").encode().splitlines(keepends=True)]
    os.close(reading)
