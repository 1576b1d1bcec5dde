"""What is read off a step's source, and what a listener hears in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from memesnipe_cli.clock import parse_time
from memesnipe_cli.engine.explain_rules import needed_text, read_step
from memesnipe_cli.engine.explain_watch import Answer, Watched, watch_bar
from memesnipe_cli.engine.signals import SignalStream, signal_kernel
from memesnipe_cli.strategies.registry import load

START = parse_time("2025-03-01")
STEP_MS = 3_600_000
HEAD = """
from typing import Any

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.signal import Signal, signal


class Own(Strategy):
    timeframe = "1h"
    tags = {1: "up", 2: "down"}

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        s[0] += 1.0
"""


def watched(folder: Path, body: str, close: float = 10.0, count: int = 3) -> Watched:
    """The last of `count` bars of a strategy with this step."""
    path = folder / "own.py"
    path.write_text(HEAD + "".join(f"        {line}\n" for line in body.splitlines()), encoding="utf-8")
    strategy = load(f"{path}:Own")
    stream = SignalStream(strategy, STEP_MS)
    nan = float("nan")
    rows = [
        (START + number * STEP_MS, close, close, close, close, 5.0, nan, -1, nan) for number in range(count)
    ]
    for row in rows[:-1]:
        stream.step(*row)
    found = watch_bar(strategy, stream, rows[-1])
    assert stream.state[0] == count - 1  # the stream itself has not moved
    return found


def told(answers: list[Answer]) -> list[tuple[str, bool | None]]:
    return [(needed_text(each.text, each.wanted), each.met) for each in answers]


def test_a_test_that_leaves_before_the_entry_must_not_hold(tmp_path: Path) -> None:
    found = watched(
        tmp_path,
        "calm = bar.high - bar.low < 1.0\n"
        "if not calm or bar.volume < 9.0:\n    return signal()\n"
        "return signal(enter=1, stop=1.0)",
    )
    (entry,) = found.entries
    assert (entry.side, entry.tag) == (1, 1)
    assert told(entry.conditions) == [("calm", True), ("bar.volume >= 9.0", False)]
    assert told(entry.conditions[0].parts) == [("bar.high - bar.low < 1.0", True)]
    assert (entry.conditions[1].left, entry.conditions[1].right) == (5.0, 9.0)
    assert found.values == {"calm": True} and found.said is not None and found.said.enter == 0


def test_what_the_step_did_not_come_to_is_looked_at_afterwards(tmp_path: Path) -> None:
    found = watched(
        tmp_path, "if bar.close > 20.0 and s[0] > 1.0:\n    return signal(enter=1, stop=1.0)\nreturn signal()"
    )
    first, second = found.entries[0].conditions
    assert (first.reached, first.met) == (True, False)
    assert (second.reached, second.met, second.left) == (False, True, 3.0)


def test_a_value_that_was_never_made_is_not_known(tmp_path: Path) -> None:
    found = watched(
        tmp_path,
        "if bar.close > 20.0:\n    return signal()\n"
        "if s[0] < 9.0:\n    return signal()\n"
        "late = s[0] * 2.0\n"
        "return signal(enter=1 if late > 1.0 else 0, stop=1.0)",
    )
    assert told(found.entries[0].conditions) == [
        ("bar.close <= 20.0", True),
        ("s[0] >= 9.0", False),
        ("late > 1.0", None),
    ]


def test_one_of_several_is_enough_where_the_rule_says_so(tmp_path: Path) -> None:
    found = watched(
        tmp_path,
        "if bar.close > 20.0 or bar.close < 15.0:\n    return signal(enter=-1, tag=2, stop=1.0)\nreturn signal()",
    )
    (entry,) = found.entries
    assert (entry.side, entry.tag) == (-1, 2)
    (either,) = entry.conditions
    assert either.met is True and [part.met for part in either.parts] == [False, True]


def test_an_entry_written_into_the_signal_is_found_on_both_sides(tmp_path: Path) -> None:
    found = watched(
        tmp_path, "return signal(enter=1 if bar.close > 20.0 else (-1 if bar.close < 15.0 else 0), stop=1.0)"
    )
    assert [(entry.side, told(entry.conditions)) for entry in found.entries] == [
        (1, [("bar.close > 20.0", False)]),
        (-1, [("bar.close < 15.0", True)]),
    ]


def test_a_chain_of_comparisons_is_told_in_halves(tmp_path: Path) -> None:
    found = watched(
        tmp_path,
        "much = bar.close\nif 5.0 <= much <= 8.0:\n    return signal(enter=1, stop=1.0)\nreturn signal()",
    )
    assert told(found.entries[0].conditions) == [("5.0 <= much", True), ("much <= 8.0", False)]


def test_an_entry_that_was_held_back_says_why(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    later = "    @staticmethod\n    def warm_up(p: Any) -> int:\n        return 9\n\n    @staticmethod\n    def step"
    text = (
        HEAD.replace("    @staticmethod\n    def step", later) + "        return signal(enter=1, stop=1.0)\n"
    )
    path.write_text(text, encoding="utf-8")
    strategy = load(f"{path}:Own")
    nan = float("nan")
    found = watch_bar(
        strategy, SignalStream(strategy, STEP_MS), (START, 1.0, 1.0, 1.0, 1.0, 5.0, nan, -1, nan)
    )
    assert found.held_back == "warm_up"


@pytest.mark.parametrize("name", ["momentum_5m", "mean_revert_1h", "eth_breakout_momentum"])
def test_every_entry_of_a_built_in_strategy_has_conditions_that_can_be_read(name: str) -> None:
    strategy = load(name)
    rules = read_step(signal_kernel(strategy).text("plain"))
    assert {entry.tag for entry in rules.entries} == set(strategy.tags)
    assert all(len(entry.conditions) >= 7 for entry in rules.entries)
