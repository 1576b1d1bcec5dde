"""Strategies from a user's file or package: what is found in them, what is refused and how that is said."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from own_files import own_class, write

from memesnipe_cli.errors import MemesnipeError, StrategyError, UsageError
from memesnipe_cli.strategies import registry
from memesnipe_cli.strategies.registry import load

QUIET = "return signal()"
BARS = """class Params(Strategy.Params):
    bars: int = Field(12, ge=2, le=500)
    rate: float = 0.5
    on: bool = True"""


def refused(spec: object, params: dict[str, str] | None = None) -> MemesnipeError:
    with pytest.raises(MemesnipeError) as raised:
        load(str(spec), params)
    assert raised.value.hint
    return raised.value


# --- which class --------------------------------------------------------------------------------------


def test_a_file_with_one_strategy_needs_no_name(tmp_path: Path) -> None:
    loaded = load(str(write(tmp_path, own_class(QUIET))))
    assert (loaded.name, loaded.source, loaded.built_in) == ("Mine", f"file {tmp_path / 'mine.py'}", False)


def test_a_file_with_two_strategies_needs_the_name_of_one(tmp_path: Path) -> None:
    path = write(tmp_path, own_class(QUIET, name="One"), own_class("return signal(exits=1)", name="Two"))
    assert load(f"{path}:Two").name == "Two"
    assert load(f"{path}:Two").code_hash != load(f"{path}:One").code_hash
    assert "One, Two" in refused(path).hint
    assert "'Three'" in refused(f"{path}:Three").message


def test_an_import_of_a_built_in_strategy_is_none_of_the_files_own(tmp_path: Path) -> None:
    path = write(tmp_path, "from memesnipe_cli.strategies.momentum_5m import Momentum5m\n", own_class(QUIET))
    assert load(str(path)).name == "Mine"


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("momentum_5", "'momentum_5'", "momentum_5m"),
        ("zzz", "'zzz'", "strategies list"),
        ("nowhere.py", "'nowhere.py' does not exist", "strategies new"),
        ("./nowhere", "does not exist", "strategies new"),
    ],
)
def test_names_that_are_not_there(spec: str, message: str, hint: str) -> None:
    error = refused(spec)
    assert isinstance(error, UsageError) and message in error.message and hint in error.hint


# --- what a class must be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Mine(Strategy):\n    pass\n", "no step"),
        ("class Mine(Strategy):\n    def step(s, bar, p):\n        return signal()\n", "no step"),
        (own_class(QUIET, body="family = 'astrology'"), "'astrology'"),
        (own_class(QUIET, body="timeframe = '7x'"), "'7x'"),
        (own_class(QUIET, body="tags = {9: 'ninth'}"), "[9]"),
        (own_class(QUIET, body="name = 'a/../b'"), "'a/../b'"),
        (
            own_class(QUIET, body="class Params(Strategy.Params):\n    coin: str = 'DOGE'"),
            "coin is <class 'str'>",
        ),
        (own_class(QUIET, body="class Params:\n    bars = 3"), "Strategy.Params"),
        (own_class(QUIET, body="@staticmethod\ndef cells(p):\n    return -1"), "cells() is -1"),
        (
            own_class(QUIET, body="@staticmethod\ndef warm_up(p):\n    return 1 // 0"),
            "warm_up() raised ZeroDiv",
        ),
        (own_class(QUIET, body="@staticmethod\ndef plan(p):\n    return None"), "plan() is None"),
        ("raise RuntimeError('early')\n", "RuntimeError: early"),
        ("class Mine(\n", "SyntaxError"),
    ],
)
def test_a_class_that_cannot_be_a_strategy_is_refused_by_its_fault(
    text: str, message: str, tmp_path: Path
) -> None:
    error = refused(write(tmp_path, text))
    assert message in error.message


def test_a_step_that_is_inherited_is_not_seen_by_the_kernel_and_refused(tmp_path: Path) -> None:
    path = write(tmp_path, own_class(QUIET, name="Base"), "class Mine(Base):\n    pass\n")
    assert "no step of its own" in refused(f"{path}:Mine").message


# --- parameters ---------------------------------------------------------------------------------------


def test_parameters_come_as_text_and_become_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, own_class(QUIET, body=BARS))
    loaded = load(str(path), {"bars": "30", "on": "false"})
    assert loaded.params.model_dump() == {"bars": 30, "rate": 0.5, "on": False}
    assert loaded.parameter_types == {"bars": int, "rate": float, "on": bool}


@pytest.mark.parametrize(
    ("params", "message", "hint"),
    [
        ({"bar": "3"}, "no parameter 'bar'", "did you mean bars?"),
        ({"qqq": "3"}, "no parameter 'qqq'", "it has: bars, rate, on"),
        ({"bars": "1"}, "bars='1'", "strategies show"),
        ({"bars": "501"}, "bars='501'", "strategies show"),
        ({"bars": "2.5"}, "bars='2.5'", "strategies show"),
        ({"bars": "many"}, "bars='many'", "strategies show"),
        ({"rate": "nan"}, "rate='nan'", "strategies show"),
        ({"rate": "inf"}, "rate='inf'", "strategies show"),
        ({"on": "perhaps"}, "on='perhaps'", "strategies show"),
    ],
)
def test_a_parameter_that_will_not_do(
    params: dict[str, str], message: str, hint: str, tmp_path: Path
) -> None:
    error = refused(write(tmp_path, own_class(QUIET, body=BARS)), params)
    assert isinstance(error, UsageError) and message in error.message and hint in error.hint


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_no_built_in_parameter_goes_without_bounds(name: str) -> None:
    for field in load(name).params.model_json_schema()["properties"].values():
        assert {"minimum", "exclusiveMinimum"} & set(field) and {"maximum", "exclusiveMaximum"} & set(field)


def test_a_plan_may_depend_on_parameters(tmp_path: Path) -> None:
    body = f"{BARS}\n@staticmethod\ndef plan(p):\n    return ExitPlan(max_bars=2 * p.bars)"
    path = write(tmp_path, own_class(QUIET, body=body))
    assert load(str(path), {"bars": "7"}).plan.max_bars == 14


# --- packages -----------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that offers a strategy and things that are none."""
    write(tmp_path, own_class(QUIET), "not_one = 3\n", file="offered_strategies.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = {
        name: EntryPoint(name, f"offered_strategies:{what}", registry.ENTRY_POINTS)
        for name, what in {"theirs": "Mine", "three": "not_one", "gone": "Gone"}.items()
    }
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
    monkeypatch.delitem(sys.modules, "offered_strategies", raising=False)
    return tmp_path


def test_a_package_offers_strategies_by_name(package: Path) -> None:
    loaded = load("theirs")
    assert loaded.source == "package offered_strategies:Mine" and not loaded.built_in
    assert "theirs" in registry.names() and "theirs" in refused("their").hint


@pytest.mark.parametrize(("name", "message"), [("three", "no class"), ("gone", "AttributeError")])
def test_a_package_that_offers_something_else(name: str, message: str, package: Path) -> None:
    error = refused(name)
    assert isinstance(error, StrategyError) and message in error.message
