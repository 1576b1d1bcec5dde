"""`memesnipe trade --explain`: what it says of a bar is what a run then does on it, and it leaves no trace."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from trade_market import eager, prepared

from memesnipe_cli.cli import run
from memesnipe_cli.clock import format_time, parse_time
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.store.store import Store

BARS = 70
BASE_MS = 300_000
FIRST = parse_time("2025-03-01T21:00:00Z")
RECORD = {
    "account", "paper", "simulated", "strategy", "venue", "symbol", "timeframe", "bar", "closed", "age_seconds",
    "would_trade", "verdict", "said_no", "signal", "values", "entries", "decision", "gate", "breaker", "session",
}  # fmt: skip


class Program:
    """The program on the small market; `explained` gives the records of `--explain` up to a time."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.options = prepared(folder, BARS)

    def __call__(self, *args: str) -> tuple[int, str, str]:
        code = run([*self.options, *args], os.environ)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def explained(self, until_ms: int, *more: str) -> dict[str, dict[str, Any]]:
        code, out, _ = self(
            "trade", *eager(self.folder), "--until", format_time(until_ms), "--explain", "--json", *more
        )
        assert code == 0
        return {row["symbol"]: row for row in json.loads(out)}

    def lines(self) -> list[dict[str, Any]]:
        return [
            entry.body for entry in Store(self.folder / "store").journal().entries() if "event" in entry.body
        ]


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(tmp_path, capsys)


def decided(lines: list[dict[str, Any]], symbol: str, bar: str) -> tuple[str, str | None]:
    """(what the journal says a session decided on a bar, quantity or reason)."""
    for line in lines:
        if line["symbol"] == symbol and line.get("bar", line.get("time")) == bar:
            if line["event"] == "entry_order":
                return "enter", line["qty"]
            if line["event"] == "refusal":
                return "refuse", line["reason"]
            if line["event"] == "exit_order":
                return "leave", None
    return "nothing", None


def test_what_it_says_of_the_next_bar_is_what_the_session_then_does(program: Program) -> None:
    seen: set[str] = set()
    done: set[str] = set()
    for step in range(14):
        until = FIRST + step * BASE_MS
        rows = program.explained(until)
        before = len(program.lines())
        assert program("trade", *eager(program.folder), "--until", format_time(until))[0] == 0
        new = program.lines()[before:]
        for symbol, row in rows.items():
            word, detail = decided(new, symbol, row["bar"])
            said = row["decision"]["word"]
            if step == 0 and row["session"]["session"] is None:
                continue  # that run went over many bars
            seen.add(said)
            done.add(word)
            if word == "enter":
                assert said in ("enter", "add") and row["decision"]["order"]["qty"] == detail, (symbol, row)
                assert row["would_trade"] and row["verdict"].startswith("yes: it would ")
            elif word == "refuse":
                assert (said, row["decision"]["refusal"]) == ("refuse", detail), (symbol, row)
                assert not row["would_trade"]
            else:
                assert said not in ("enter", "add", "refuse"), (symbol, row)
    assert {"enter", "refuse", "hold", "nothing"} <= seen
    assert {"enter", "refuse"} <= done


def test_it_leaves_no_trace(program: Program) -> None:
    store = program.folder / "store"
    files = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    rows = program.explained(FIRST)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == files
    for row in rows.values():
        assert row["type"] == "explanation" and row.keys() >= RECORD
        assert len(row["gate"]["checks"]) == 33 and row["session"]["session"] is None


def test_asked_again_after_the_run_it_says_the_same_and_that_it_was_decided(program: Program) -> None:
    program("trade", *eager(program.folder), "--until", format_time(FIRST))
    until = next(
        FIRST + step * BASE_MS
        for step in range(1, 20)
        if any(row["would_trade"] for row in program.explained(FIRST + step * BASE_MS).values())
    )
    program("trade", *eager(program.folder), "--until", format_time(until - BASE_MS))
    first = {symbol: row["decision"] for symbol, row in program.explained(until).items()}
    program("trade", *eager(program.folder), "--until", format_time(until))
    again = {symbol: row["decision"] for symbol, row in program.explained(until).items()}
    entered = [symbol for symbol, each in first.items() if each["word"] in ("enter", "add")]
    assert entered
    for symbol in entered:
        assert again[symbol]["decided_before"] and not first[symbol]["decided_before"]
        assert again[symbol]["order"] == first[symbol]["order"]


def test_a_halt_says_no_first_and_so_does_the_gate(program: Program) -> None:
    program("trade", *eager(program.folder), "--until", format_time(FIRST))
    assert program("breaker", "trip", "--reason", "away")[0] == 0
    for row in program.explained(FIRST + BASE_MS).values():
        assert not row["would_trade"] and row["breaker"]["level"] == "HALT"
        by = [no["by"] for no in row["said_no"]]
        assert "breaker" in by
        (latch,) = [each for each in row["gate"]["checks"] if each["check"] == "latch"]
        assert (latch["passed"], latch["code"]) == (False, "account_halted")
    assert LatchFile(Store(program.folder / "store").paths, "paper").read(must_exist=True).holds


def test_another_run_than_the_open_session_is_told_so(program: Program) -> None:
    program("trade", *eager(program.folder), "--until", format_time(FIRST))
    for row in program.explained(FIRST, "--capital", "77").values():
        assert {no["check"] for no in row["said_no"]} >= {"session_differs"} and not row["would_trade"]


def test_a_live_profile_may_ask_and_hears_that_nothing_is_promoted(program: Program) -> None:
    live = program.folder / "live.toml"
    text = (program.folder / "loose.toml").read_text(encoding="utf-8")
    live.write_text(f'kind = "live"\n{text}', encoding="utf-8")
    rows = program.explained(FIRST, "--profile", str(live), "--account", "real")
    assert all({no["by"] for no in row["said_no"]} >= {"promotion"} for row in rows.values())


def test_a_person_reads_conditions_with_their_values(program: Program) -> None:
    code, out, err = program("trade", *eager(program.folder), "--until", format_time(FIRST), "--explain")
    assert code == 0 and "PAPER: no order leaves this machine" in err
    assert "eager  CCC/USD:USD on kraken, 5m" in out and "entry      up (long): " in out
    assert "digits < 20" in out and "against 20" in out and "OLD, bring it up to date" in out
    assert "of 33 checks pass" in out


def test_an_empty_store_is_left_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--store", str(tmp_path / "none"), "trade", "--strategy", "momentum_5m", "--explain"]
    assert run(line, os.environ) == 1
    assert "no candles are stored: there is no last bar" in capsys.readouterr().err
    assert not (tmp_path / "none" / "lake").exists()
