"""Feeds without a venue: a tape that is played, a pipe that is read; and the recorder that stores what came."""

from __future__ import annotations

import io
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from memesnipe_cli.errors import DataError, StoreBusyError
from memesnipe_cli.market.live.bar_recorder import BarRecorder
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar
from memesnipe_cli.market.live.pipe_feed import PipeFeed
from memesnipe_cli.market.live.tape_feed import TapeFeed
from memesnipe_cli.market.pipe import write_candles_jsonl
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey

STEP = 300_000
START = 1_700_000_100_000


def candles(symbol: str, places: list[int]) -> Candles:
    ts = np.array([START + place * STEP for place in places], dtype=np.int64)
    prices = np.array([1.0 + place / 10 for place in places])
    return Candles(SeriesKey("kraken", symbol, "5m"), ts, prices, prices, prices, prices, prices)


def everything(feed: TapeFeed | PipeFeed, after_ms: int = 0) -> list[BarsClosed]:
    feed.start(after_ms)
    given: list[BarsClosed] = []
    end = time.monotonic() + 5.0
    while not feed.state().ended and time.monotonic() < end:
        given += feed.wait(0.5)
    return given


def places(given: list[BarsClosed]) -> list[tuple[int, str]]:
    return [((each.ts - START) // STEP, "".join(bar.symbol[0] for bar in each.bars)) for each in given]


def lines(*series: Candles) -> list[bytes]:
    """The records of several series, in order of time."""
    rows = [
        (int(ts), line)
        for each in series
        for ts, line in zip(each.ts, b"".join(write_candles_jsonl(each)).splitlines(True), strict=True)
    ]
    return [line for _, line in sorted(rows, key=lambda row: row[0])]


# --- tape ---------------------------------------------------------------------------------------------------


def test_a_tape_gives_the_bars_of_all_symbols_one_time_after_the_other() -> None:
    feed = TapeFeed([candles("A/USD", [0, 1, 3]), candles("B/USD", [1, 2, 3])])
    assert places(everything(feed)) == [(0, "A"), (1, "AB"), (2, "B"), (3, "AB")]
    assert feed.state().ended and feed.wait(0.1) == []


def test_a_tape_goes_on_after_what_is_known() -> None:
    feed = TapeFeed([candles("A/USD", [0, 1, 3])])
    feed.start(START + STEP)
    quote = feed.quote("A/USD")
    assert quote is not None and float(quote.mid) == 1.1 and quote.bid < quote.ask
    assert places(feed.wait(0.0)) == [(3, "A")]
    assert feed.age_ms("A/USD") == 0.0 and feed.quote("B/USD") is None and feed.age_ms("B/USD") is None


def test_a_tape_keeps_its_speed() -> None:
    feed = TapeFeed([candles("A/USD", [0, 1, 2])], bars_per_second=20.0)
    began = time.monotonic()
    assert len(everything(feed)) == 3
    assert 0.14 <= time.monotonic() - began < 1.0


# --- pipe ---------------------------------------------------------------------------------------------------


def test_a_pipe_gives_what_a_tape_gives() -> None:
    series = [candles("A/USD", [0, 1, 3]), candles("B/USD", [1, 2, 3])]
    given = everything(PipeFeed(lines(*series), STEP))
    tape = everything(TapeFeed(series))
    assert [(each.ts, set(each.bars)) for each in given] == [(each.ts, set(each.bars)) for each in tape]


def test_other_records_lengths_and_symbols_are_passed_over_with_one_warning_each() -> None:
    said: list[str] = []
    rows = lines(candles("A/USD", [0, 1]), candles("B/USD", [0, 1]))
    rows += [b'{"type":"gate","v":1}\n'] * 3 + [rows[-1].replace(b'"5m"', b'"1h"')] * 2 + [b"\n"]
    given = everything(PipeFeed(rows, STEP, ["A/USD"], warn=said.append))
    assert places(given) == [(0, "A"), (1, "A")]
    assert len(said) == 3 and any("gate" in each for each in said) and any("1h" in each for each in said)


def test_an_unfinished_last_line_is_let_go() -> None:
    said: list[str] = []
    rows = lines(candles("A/USD", [0, 1, 2]))
    assert len(everything(PipeFeed([*rows[:2], rows[2][:40]], STEP, warn=said.append))) == 2
    assert len(said) == 1
    assert len(everything(PipeFeed([*rows[:2], rows[2].rstrip()], STEP))) == 3


@pytest.mark.parametrize(
    "bad",
    [
        b"not json\n",
        b"[1]\n",
        b'{"type":"candle","v":1}\n',
        b'{"type":"candle","v":99,"symbol":"A/USD"}\n',
        b'{"type":"candle","v":1,"symbol":"A/USD","timeframe":"5m","ts":"2025-01-01T00:00:00Z","open":"x","high":"1",'
        b'"low":"1","close":"1","volume":"1"}\n',
    ],
)
def test_a_bad_line_is_named(bad: bytes) -> None:
    rows = lines(candles("A/USD", [0, 1]))
    feed = PipeFeed([rows[0], bad, rows[1]], STEP)
    with pytest.raises(DataError, match=r"^line 2: "):
        everything(feed)


def test_bars_that_go_back_in_time_are_passed_over() -> None:
    said: list[str] = []
    rows = lines(candles("A/USD", [0, 1, 2]))
    given = everything(PipeFeed([rows[0], rows[2], rows[1]], STEP, ["A/USD"], warn=said.append))
    assert places(given) == [(0, "A"), (2, "A")] and len(said) == 1


def test_a_bar_comes_out_of_a_live_pipe_at_once_and_a_lonely_one_after_the_grace() -> None:
    reading, writing = os.pipe()
    rows = lines(candles("A/USD", [0, 1]), candles("B/USD", [0]))
    feed = PipeFeed(os.fdopen(reading, "rb"), STEP, ["A/USD", "B/USD"])
    feed.start(0)
    assert feed.wait(0.05) == []
    os.write(writing, rows[0] + rows[1])
    began = time.monotonic()
    assert places(feed.wait(2.0)) == [(0, "AB")]
    assert time.monotonic() - began < 0.3
    os.write(writing, rows[2])
    assert feed.wait(0.3) == []
    assert places(feed.wait(4.0)) == [(1, "A")]
    assert time.monotonic() - began > 2.0
    os.close(writing)
    assert feed.wait(1.0) == [] and feed.state().ended


def test_a_pipe_is_not_read_far_ahead() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        for row in lines(candles("A/USD", list(range(5_000)))):
            taken += 1
            yield row

    feed = PipeFeed(endless(), STEP, ["A/USD"])  # type: ignore[arg-type]
    feed.start(0)
    time.sleep(0.3)
    assert taken < 1_000
    assert places(feed.wait(1.0)) == [(0, "A")]
    feed.close()


def test_late_bars_of_a_stream_keep_their_mark() -> None:
    row = lines(candles("A/USD", [0]))[0].replace(b'"synthetic":false', b'"synthetic":false,"live":false')
    [given] = everything(PipeFeed(io.BytesIO(row), STEP))
    assert not given.bars[0].live


# --- recorder -----------------------------------------------------------------------------------------------


def bars(symbol: str, many: int) -> list[ClosedBar]:
    return [ClosedBar(symbol, START + place * STEP, 1.0, 2.0, 0.5, 1.5, 3.0) for place in range(many)]


def test_the_recorder_stores_and_journals_what_it_was_given(tmp_path: Path) -> None:
    store = Store(tmp_path)
    recorder = BarRecorder(store, "kraken", STEP)
    recorder.put(bars("A/USD", 3))
    recorder.put(bars("B/USD", 2))
    recorder.close()
    assert len(store.lake.read_candles(SeriesKey("kraken", "A/USD", "5m"))) == 3
    lines_ = [each.body for each in store.journal().entries() if each.kind == "ingest"]
    assert sorted((each["symbol"], each["added"], each["source"]) for each in lines_) == [
        ("A/USD", 3, "venue kraken live"),
        ("B/USD", 2, "venue kraken live"),
    ]
    assert not [thread for thread in threading.enumerate() if thread.name == "bar-recorder"]


def test_bars_wait_while_the_store_is_busy_and_nobody_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memesnipe_cli.market.live.bar_recorder._EVERY_S", 0.05)
    store = Store(tmp_path)
    write, busy = store.lake.write_candles, True

    def sometimes(*args: object, **names: object) -> object:
        if busy:
            raise StoreBusyError("somebody writes")
        return write(*args, **names)  # type: ignore[arg-type]

    monkeypatch.setattr(store.lake, "write_candles", sometimes)
    recorder = BarRecorder(store, "kraken", STEP)
    began = time.monotonic()
    recorder.put(bars("A/USD", 3))
    assert time.monotonic() - began < 0.05
    time.sleep(0.2)
    assert "somebody writes" in recorder.problem
    busy = False
    time.sleep(0.2)
    assert recorder.problem == ""
    recorder.close()
    assert len(store.lake.read_candles(SeriesKey("kraken", "A/USD", "5m"))) == 3
