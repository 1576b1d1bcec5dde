"""stdout is data and nothing else; talk goes to stderr."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.console import Column, Console, OutputMode, Row, json_bytes
from memesnipe_cli.drawing import plain_table
from memesnipe_cli.errors import MemesnipeError, UsageError

COLUMNS = (Column("symbol", "symbol"), Column("price", "price", right=True))
ROWS: list[Row] = [
    {"type": "x", "symbol": "DOGE/USD", "price": Decimal("0.10")},
    {"type": "x", "symbol": "₿", "price": None},
]


def console(mode: OutputMode = OutputMode.HUMAN, verbosity: int = 0) -> Console:
    return Console(mode, verbosity=verbosity, out=io.StringIO(), err=io.StringIO(), answers=io.StringIO())


def out(console: Console) -> str:
    assert isinstance(console.out, io.StringIO)
    return console.out.getvalue()


def err(console: Console) -> str:
    assert isinstance(console.err, io.StringIO)
    return console.err.getvalue()


def test_rows_in_the_three_forms() -> None:
    for_a_person = console()
    for_a_person.records(ROWS, COLUMNS, title="prices")
    lines = [line.rstrip() for line in out(for_a_person).splitlines()]
    assert lines[0] == "prices"
    assert lines[1].split() == ["symbol", "price"]
    assert lines[3].split() == ["DOGE/USD", "0.10"]
    assert len(lines[3]) == len(lines[1]), "a column to the right ends in one line"
    document = console(OutputMode.JSON)
    document.records(ROWS, COLUMNS)
    assert json.loads(out(document))[0] == {"type": "x", "symbol": "DOGE/USD", "price": "0.10"}
    lines_of_json = console(OutputMode.JSONL)
    lines_of_json.records(ROWS, COLUMNS)
    assert [json.loads(line)["symbol"] for line in out(lines_of_json).splitlines()] == ["DOGE/USD", "₿"]


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "coloured"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]
)
def test_a_terminal_gets_a_table_that_fits(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**variables, "COLUMNS": "20"}.items():
        monkeypatch.setenv(name, value)
    screen = Console(out=Terminal(), err=io.StringIO())
    screen.records([{"symbol": "a very long name that does not fit", "price": 1}], COLUMNS)
    screen.render("[red]ink[/red]")
    text = out(screen)
    assert ("\x1b[31m" in text) is coloured
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in text.splitlines()) <= 20


def test_wide_letters_keep_columns_straight() -> None:
    assert plain_table(
        [{"a": "비트", "b": 1}, {"a": "e\u0301", "b": 2}], (Column("a", "a"), Column("b", "b")), ""
    ) == ("a     b\n-------\n비트  1\ne\u0301     2")


@pytest.mark.parametrize(
    ("mode", "data", "talk"), [("human", "", "nothing stored\n"), ("json", "[]\n", ""), ("jsonl", "", "")]
)
def test_no_rows(mode: str, data: str, talk: str) -> None:
    empty = console(OutputMode(mode))
    empty.records([], COLUMNS, empty="nothing stored")
    assert (out(empty), err(empty)) == (data, talk)


def test_json_lines_are_written_as_they_come() -> None:
    streaming = console(OutputMode.JSONL)
    seen: list[str] = []

    def rows() -> Any:
        yield ROWS[0]
        seen.append(out(streaming))
        yield ROWS[1]

    streaming.records(rows(), COLUMNS)
    assert seen[0].count("\n") == 1


def test_text_from_outside_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    steering = "a\x1b[2Jb\x07c\u202ed\re\x9b1m"
    screen = Console(out=Terminal(), err=io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    for shown in (console(), screen):
        shown.records([{"symbol": steering, "price": 1}], COLUMNS)
        shown.record({"symbol": steering})
        shown.say(steering)
        shown.warn(steering)
        shown.error(MemesnipeError(steering, steering))
        for text in (out(shown), err(shown)):
            assert "a?[2Jb?c?d?e?1m" in text
            assert all(each.isprintable() or each in "\n\t" for each in text)


def test_talk_obeys_quiet_and_verbose() -> None:
    for verbosity, expected in ((-1, "warning: c\n"), (0, "a\nwarning: c\n"), (1, "a\nb\nwarning: c\n")):
        talking = console(verbosity=verbosity)
        talking.say("a")
        talking.detail("b")
        talking.warn("c")
        assert (err(talking), out(talking)) == (expected, "")


def test_an_error_has_a_next_step_and_for_machines_a_record() -> None:
    error = MemesnipeError("it broke", "mend it")
    for_a_person = console()
    for_a_person.error(error)
    assert err(for_a_person) == "error: it broke\n  mend it\n"
    for_a_machine = console(OutputMode.JSONL)
    for_a_machine.error(error)
    assert json.loads(err(for_a_machine).splitlines()[-1]) == error.as_record()


def test_a_bar_of_progress_is_not_drawn_without_a_terminal() -> None:
    quiet = console()
    with quiet.progress("working", total=3) as advance:
        advance(1)
    assert (out(quiet), err(quiet)) == ("", "")


def test_nobody_is_asked_without_a_terminal() -> None:
    with pytest.raises(UsageError, match="--venue is missing"):
        console().ask("Venue", "sim", "--venue")


def test_what_is_undefined_is_null_and_amounts_are_decimal_text() -> None:
    row = {"sharpe": float("nan"), "up": float("inf"), "cash": Decimal("1E-8"), "where": Path("/x")}
    assert json_bytes(row) == b'{"sharpe":null,"up":null,"cash":"0.00000001","where":"/x"}'


def test_bytes_that_are_no_text_do_not_break_json() -> None:
    assert json.loads(json_bytes([{"name\udcff": ["\udcfe", Path("a\udcff")]}])) == [
        {"name\\udcff": ["\\udcfe", "a\\udcff"]}
    ]


TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=30, deadline=None)
@given(value=JSON)
def test_a_json_line_is_one_line_that_reads_back(value: Any) -> None:
    line = json_bytes(value)
    assert b"\n" not in line
    assert json.loads(line) == value
