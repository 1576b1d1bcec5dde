"""`memesnipe strategies list|show|new`, and the smallest strategy, which is the one in the manual."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from backtest_market import stored, swings

from memesnipe_cli.cli import run
from memesnipe_cli.clock import HOUR_MS
from memesnipe_cli.engine.signals import BaseBars, SignalScanner
from memesnipe_cli.store.tables import Candles
from memesnipe_cli.strategies.registry import BUILT_IN, load
from memesnipe_cli.strategies.template import class_name, strategy_text

MANUAL = Path(__file__).parents[2] / "docs" / "strategies.md"


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(words, os.environ)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_list_has_every_built_in_strategy(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "strategies", "list", "--jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["name"] for row in rows][: len(BUILT_IN)] == list(BUILT_IN)
    assert all(row["type"] == "strategy" and row["summary"] for row in rows)


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_the_list_says_is_what_the_strategy_is(name: str) -> None:
    loaded = load(name)
    listed = BUILT_IN[name]
    assert (loaded.name, loaded.family, loaded.timeframe) == (name, listed.family, listed.timeframe)


@pytest.mark.parametrize("name", BUILT_IN)
def test_show_explains_a_strategy_and_every_parameter(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = call(capsys, "strategies", "show", name, "--json", "--store", str(tmp_path))
    row = json.loads(out)
    assert code == 0 and row["name"] == name
    assert row["rules"] and row["exits"] and row["needs"]
    assert all(each["description"] for each in row["params"])
    code, out, _ = call(capsys, "strategies", "show", name, "--store", str(tmp_path))
    assert code == 0 and "nothing that fits" in out


def test_show_tells_what_the_store_has_for_a_strategy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = stored(tmp_path / "store", swings(), swings("WIF/USD", bars=30))
    file = tmp_path / "my_edge.py"
    file.write_text(strategy_text("my_edge"))
    _, out, _ = call(capsys, "strategies", "show", f"{file}:MyEdge", "--json", "--store", store)
    rows = [(each["symbol"], each["rows"], each["enough"]) for each in json.loads(out)["data"]]
    assert rows == [("DOGE/USD", 480, True), ("WIF/USD", 30, False)]
    assert [each["name"] for each in json.loads(out)["params"]] == ["bars", "stop_atr"]
    assert (
        "shorter than the warm-up"
        in call(capsys, "strategies", "show", f"{file}:MyEdge", "--store", store)[1]
    )


def test_new_writes_a_strategy_that_loads_and_trades(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    code, out, _ = call(capsys, "strategies", "new", "my_edge", "--path", str(path))
    assert (code, out) == (0, f"{path}:MyEdge\n")
    store = stored(tmp_path / "store", swings())
    words = ("backtest", "--strategy", out.strip(), "--jsonl", "--no-compile", "--store", store)
    code, out, _ = call(capsys, *words)
    result = json.loads(out.splitlines()[-1])
    assert code == 0 and result["trades"] > 3


def test_the_template_compiles_and_signals_the_same(tmp_path: Path) -> None:
    file = tmp_path / "my_edge.py"
    file.write_text(strategy_text("my_edge"))
    loaded = load(f"{file}:MyEdge")
    bars = bars_for(swings())
    compiled = SignalScanner(loaded, tmp_path / "cache")
    plain = SignalScanner(loaded, tmp_path / "cache", compiled=False)
    fast, slow = compiled.scan(bars), plain.scan(bars)
    assert (compiled.compiled, plain.compiled) == (True, False)
    assert np.array_equal(fast.flags, slow.flags) and np.array_equal(fast.rows.stop, slow.rows.stop)
    assert len(slow.rows.index) > 3


def bars_for(candles: Candles) -> BaseBars:
    columns = (getattr(candles, name) for name in ("ts", "open", "high", "low", "close", "volume"))
    return BaseBars(HOUR_MS, *columns, np.empty(0), np.empty(0, dtype=np.int64), np.empty(0))


def test_new_never_overwrites(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("mine")
    code, _, err = call(capsys, "strategies", "new", "my_edge", "--path", str(path))
    assert code == 2 and "exists and is left as it is" in err
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["MyEdge", "1st", "my-edge", "class", "a" * 60, "../up"])
def test_new_refuses_a_name_that_cannot_be_one(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = call(capsys, "strategies", "new", name, "--path", str(tmp_path / "x.py"))
    assert code == 2 and "will not do" in err
    assert not (tmp_path / "x.py").exists()


@pytest.mark.parametrize("path", ["x.txt", "no/such/folder/x.py"])
def test_new_says_where_it_cannot_write(
    path: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = call(capsys, "strategies", "new", "my_edge", "--path", str(tmp_path / path))
    assert code in (1, 2) and "--path" in err


def test_names_become_class_names() -> None:
    assert class_name("my_edge_5m") == "MyEdge5m"


def test_the_manual_shows_the_template_itself() -> None:
    shown = re.findall(r"```python\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    assert strategy_text("my_edge") in shown
