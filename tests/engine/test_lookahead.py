"""The prefix check finds steps that know what is still to come, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from signal_tapes import START, walk

from memesnipe_cli.clock import DAY_MS, format_time
from memesnipe_cli.engine.lookahead import lookahead_check
from memesnipe_cli.strategies.registry import LoadedStrategy, load

HEAD = """
import sys

from memesnipe_cli.strategies.base import Needs, Strategy
from memesnipe_cli.strategies.signal import signal


def closes():
    frame = sys._getframe()
    while "ts" not in frame.f_locals or "close" not in frame.f_locals or "begin" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["close"]


class Mine(Strategy):
    timeframe = "5m"
    needs = Needs(reference="BTC", reference_timeframe="1h")

    @staticmethod
    def cells(p):
        return 1

    @staticmethod
    def step(s, bar, p):
        s[0] += 1.0
"""


def own(folder: Path, *lines: str) -> LoadedStrategy:
    path = folder / "mine.py"
    path.write_text(HEAD + "".join(f"        {line}\n" for line in lines), encoding="utf-8")
    return load(str(path))


@pytest.mark.parametrize(
    "line",
    [
        "return signal(enter=1 if closes()[-1] > bar.close else 0, stop=1.0)",  # which bars
        "return signal(exits=1 if closes()[-1] > bar.close else 0)",
        "return signal(enter=1, stop=float(closes()[-1]))",  # the same bars, other details
        "return signal(enter=1, stop=1.0, target=float(len(closes())))",
        "return signal(enter=1, stop=1.0, weight=float(closes().max()))",
        "return signal(enter=1, stop=1.0, max_bars=len(closes()))",
        "return signal(enter=1, stop=1.0, tag=1 + len(closes()) % 3)",
    ],
)
def test_a_step_that_reads_the_whole_tape_is_found(line: str, tmp_path: Path) -> None:
    candles = walk(240, seed=3)
    found = lookahead_check(own(tmp_path, line), candles)
    assert found
    assert all(each.bar_ms <= each.known_until_ms < candles.ts[-1] for each in found)
    assert found[0].strategy == "Mine" and format_time(found[0].bar_ms) in found[0].message


def test_the_finding_names_the_first_bar_that_differs(tmp_path: Path) -> None:
    late = own(tmp_path, "return signal(enter=1, stop=float(len(closes())) if s[0] > 50 else 1.0)")
    found = lookahead_check(late, walk(130), prefixes=1)
    assert [each.bar_ms for each in found] == [START + 50 * 300_000]


def test_a_step_that_remembers_another_run_is_found(tmp_path: Path) -> None:
    own(tmp_path, "SEEN.append(bar.close)", "return signal(enter=1, stop=float(len(SEEN)))")
    path = tmp_path / "mine.py"
    path.write_text("SEEN = []\n" + path.read_text(), encoding="utf-8")
    assert lookahead_check(load(str(path)), walk(60))


@pytest.mark.parametrize(
    "line",
    [
        "return signal(enter=1 if bar.close > 0.2 else 0, exits=2, stop=s[0], weight=bar.high)",
        "return signal(enter=1, stop=float('nan'), target=float('nan'))",
        "return signal(enter=1, stop=bar.reference_close)",
        "return signal()",
    ],
)
def test_an_honest_step_is_not_found(line: str, tmp_path: Path) -> None:
    candles = walk(240, without=[10, 11, 12, 13, 14, 15, 60, 200])
    reference = walk(30, "1h", symbol="BTC/USD", start=START - DAY_MS + 4 * 3_600_000)
    assert lookahead_check(own(tmp_path, line), candles, reference=reference) == []


@pytest.mark.parametrize("name", ["momentum_5m", "mean_revert_1h"])
def test_the_built_in_strategies_do_not_look_ahead(name: str) -> None:
    short = {"volume_days": "3", "slow_hours": "24"} if name == "momentum_5m" else {"tests": "60"}
    loaded = load(name, short)
    assert lookahead_check(loaded, walk(1_500, loaded.timeframe, seed=1), prefixes=3) == []


@pytest.mark.parametrize("count", [1, 5])
def test_a_handful_of_bars_is_enough(count: int, tmp_path: Path) -> None:
    assert lookahead_check(own(tmp_path, "return signal(enter=1, stop=1.0)"), walk(count)) == []
