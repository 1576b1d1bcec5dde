"""The global options are found wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import UsageError
from memesnipe_cli.global_options import (
    GlobalOptions,
    requested_mode,
    take_global_options,
    without_global_options,
)


def take(line: str, **environ: str) -> GlobalOptions:
    return take_global_options(line.split(), environ)


@pytest.mark.parametrize(
    "line",
    [
        "--json --profile kraken --store /s -v backtest --strategy x",
        "backtest --json --strategy x --profile=kraken -v --store=/s",
        "backtest --strategy x -v --store /s --profile kraken --json",
    ],
)
def test_they_may_stand_before_or_after_the_subcommand(line: str) -> None:
    assert take(line) == GlobalOptions(
        profile="kraken",
        store=Path("/s"),
        mode=OutputMode.JSON,
        verbosity=1,
        rest=["backtest", "--strategy", "x"],
    )


def test_the_environment_is_the_default_and_an_option_goes_before_it() -> None:
    environ = {"MEMESNIPE_PROFILE": "cautious", "MEMESNIPE_STORE": "/e"}
    assert take("x", **environ).profile == "cautious"
    assert take("x", **environ).store == Path("/e")
    assert take("x --profile kraken --store /s", **environ).profile == "kraken"
    assert take("x --profile kraken --store /s", **environ).store == Path("/s")


def test_an_empty_variable_is_as_good_as_none() -> None:
    options = take("x", MEMESNIPE_PROFILE="", MEMESNIPE_STORE="")
    assert (options.profile, options.store) == ("paper", None)


def test_nothing_is_taken_after_a_double_dash() -> None:
    assert take("ingest file -- --json").rest == ["ingest", "file", "--", "--json"]


@pytest.mark.parametrize(
    ("words", "verbosity"), [("-q", -1), ("-v", 1), ("-vv", 2), ("-v --verbose -v", 3), ("-q -v", 1)]
)
def test_verbosity(words: str, verbosity: int) -> None:
    assert take(words).verbosity == verbosity


@pytest.mark.parametrize("line", ["--profile", "x --store", "--profile= x"])
def test_a_missing_value_is_named(line: str) -> None:
    with pytest.raises(UsageError, match=r"option --(profile|store) needs a value"):
        take(line)


def test_two_output_forms_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        take("x --json --jsonl")
    assert requested_mode(["x", "--json", "--jsonl"]) is OutputMode.JSON
    assert requested_mode(["x", "--", "--json"]) is OutputMode.HUMAN


def test_completion_sees_the_line_without_them() -> None:
    assert without_global_options(["--profile", "kraken", "-v", "--store=/s", "ingest"]) == (["ingest"], "")
    assert without_global_options(["ingest", "--profile"]) == (["ingest"], "--profile")


GLOBALS = st.lists(
    st.sampled_from([("--json",), ("-v",), ("-q",), ("--profile", "p"), ("--store=/s",)]), max_size=4
)


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(["a", "--x", "-y", "v"]), max_size=5),
    given_globals=GLOBALS,
    data=st.data(),
)
def test_what_is_left_does_not_depend_on_where_they_stood(
    words: list[str], given_globals: list[tuple[str, ...]], data: st.DataObject
) -> None:
    line: list[str] = []
    places = sorted(data.draw(st.integers(0, len(words))) for _ in given_globals)
    for index in range(len(words) + 1):
        for place, option in zip(places, given_globals, strict=True):
            if place == index:
                line += option
        line += words[index : index + 1]
    assert take_global_options(line, {}).rest == words
