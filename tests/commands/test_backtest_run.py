"""`memesnipe backtest --strategy ...`, from the command line to the last line of its output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from backtest_market import BARS, own_strategy, piped, stored, swings

from memesnipe_cli.cli import run
from memesnipe_cli.engine.report import content_hash, stored_report
from memesnipe_cli.store.store import Store

Call = Any


@pytest.fixture
def call(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command line on the store of this test; (exit code, stdout, stderr)."""

    def calls(*words: str, store: str | None = None) -> tuple[int, str, str]:
        code = run([*words, "--store", store or str(tmp_path / "store")], os.environ)
        said = capfd.readouterr()
        return code, said.out, said.err

    return calls


@pytest.fixture
def market(tmp_path: Path) -> str:
    return stored(tmp_path / "store", swings())


@pytest.fixture
def edge(tmp_path: Path) -> str:
    return own_strategy(tmp_path)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_stored_series_is_run_with_trades_and_result_down_the_pipe(
    call: Call, market: str, edge: str
) -> None:
    code, out, err = call("backtest", "--strategy", edge, "--trades", "--jsonl", "--no-compile")
    assert code == 0
    *trades, result = lines(out)
    assert result["type"] == "backtest" and result["strategies"] == ["my_edge"]
    assert result["trades"] == sum(not trade["open"] for trade in trades) > 3
    assert all(trade["type"] == "trade" and trade["entry_reason"] == "above average" for trade in trades)
    assert {trade["exit_reason"] for trade in trades if not trade["open"]} <= {"signal", "stop"}
    assert result["bars"] == BARS and result["start_equity"] == "200"
    assert f"memesnipe backtest report {result['run']}" in err


def test_profits_and_equity_add_up(call: Call, market: str, edge: str) -> None:
    _, out, _ = call(
        "backtest", "--strategy", edge, "--trades", "--json", "--no-compile", "--until", "2025-01-19"
    )
    document = json.loads(out)
    assert set(document) == {"backtest", "trades"}
    result = document["backtest"]
    if result["open_trades"] == 0:
        gained = float(result["final_equity"]) - float(result["start_equity"])
        assert gained == pytest.approx(sum(float(trade["pnl"]) for trade in document["trades"]), abs=1e-8)


def test_without_trades_asked_for_json_is_the_result_alone(call: Call, market: str, edge: str) -> None:
    _, out, _ = call("backtest", "--strategy", edge, "--json", "--no-compile")
    assert list(json.loads(out)) == ["backtest"]
    _, out, _ = call("backtest", "--strategy", edge, "--jsonl", "--no-compile")
    assert [each["type"] for each in lines(out)] == ["backtest"]


def test_a_person_gets_tables_and_the_page(call: Call, market: str, edge: str, tmp_path: Path) -> None:
    page = tmp_path / "result.html"
    code, out, err = call("backtest", "--strategy", edge, "--trades", "--html", str(page), "--no-compile")
    assert code == 0
    for words in (
        "my_edge on kraken DOGE/USD",
        "buy and hold",
        "win rate",
        "above average",
        "stops sell at",
        "coverage",
    ):
        assert words in out
    assert "SIMULATED" not in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"wrote {page}" in err


def test_simulated_data_say_so_in_every_form(call: Call, tmp_path: Path, edge: str) -> None:
    stored(tmp_path / "store", swings(venue="sim"))
    assert "SIMULATED" in call("backtest", "--strategy", edge, "--no-compile")[1]
    result = lines(call("backtest", "--strategy", edge, "--no-compile", "--jsonl")[1])[-1]
    assert result["simulated"] is True and "SIMULATED" in result["notes"][0]


def test_piped_candles_are_run_without_the_store(memesnipe: Any, edge: str, tmp_path: Path) -> None:
    words = (
        "backtest",
        "--strategy",
        edge,
        "--data",
        "-",
        "--jsonl",
        "--no-compile",
        "--store",
        str(tmp_path / "s"),
    )
    done = memesnipe(*words, stdin=piped(swings("DOGE/USD"), swings("WIF/USD", swing=0.3)))
    assert done.returncode == 0
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["symbols"] == ["DOGE/USD", "WIF/USD"]
    assert [part["symbol"] for part in result["by_symbol"]] == ["DOGE/USD", "WIF/USD"]


def test_piped_and_stored_candles_give_the_same_run(
    call: Call, market: str, edge: str, tmp_path: Path
) -> None:
    file = tmp_path / "bars.jsonl"
    file.write_text(piped(swings()))
    words = ("backtest", "--strategy", edge, "--jsonl", "--no-compile")
    from_store = lines(call(*words)[1])[-1]
    from_pipe = lines(call(*words, "--data", str(file), store=str(tmp_path / "empty"))[1])[-1]
    assert from_pipe == from_store


def test_parameters_assumptions_and_capital_reach_the_run(call: Call, market: str, edge: str) -> None:
    plain = lines(call("backtest", "--strategy", edge, "--jsonl", "--no-compile")[1])[-1]
    words = ("--param", "bars=24", "--assume", "fee=0.001", "--capital", "1000")
    other = lines(call("backtest", "--strategy", edge, "--jsonl", "--no-compile", *words)[1])[-1]
    assert other["run"] != plain["run"]
    assert other["strategy_details"][0]["params"]["bars"] == 24
    assert other["start_equity"] == "1000"
    assert other["assumptions"]["replaced"] == ["fee"]
    assert other["assumptions"]["instruments"][0]["taker_fee"] == 0.001
    assert any("assumptions replaced for this run: fee" in note for note in other["notes"])


def test_several_strategies_share_one_account(call: Call, market: str, edge: str, tmp_path: Path) -> None:
    second = own_strategy(tmp_path, "second_edge")
    words = ("--param", "MyEdge.bars=24", "--param", "SecondEdge.bars=96")
    _, out, _ = call("backtest", "--strategy", edge, "--strategy", second, *words, "--jsonl", "--no-compile")
    result = lines(out)[-1]
    assert [each["params"]["bars"] for each in result["strategy_details"]] == [24, 96]
    assert [part["strategy"] for part in result["by_strategy"]] == ["my_edge", "second_edge"]
    assert result["refusals"].get("base_owned", 0) > 0


def test_a_vetoed_run_is_a_result_and_says_which_fee_would_do(call: Call, market: str, edge: str) -> None:
    code, out, _ = call("backtest", "--strategy", edge, "--assume", "fee=0.09", "--no-compile")
    assert code == 0
    assert "all vetoed by cost; it would need fees below" in out


# --- stored runs


def test_a_run_is_shown_again_by_the_beginning_of_its_id(
    call: Call, market: str, edge: str, tmp_path: Path
) -> None:
    _, shown, _ = call("backtest", "--strategy", edge, "--trades", "--no-compile")
    listed = lines(call("backtest", "list", "--jsonl")[1])
    assert len(listed) == 1 and "curves" not in listed[0]
    start = listed[0]["run"][:6]
    assert call("backtest", "report", start, "--trades") == (0, shown, "")
    page = tmp_path / "again.html"
    assert call("backtest", "report", start, "--html", str(page))[0] == 0
    assert "<svg" in page.read_text(encoding="utf-8")


def test_json_of_a_stored_run_is_that_of_the_fresh_one(call: Call, market: str, edge: str) -> None:
    words = ("--trades", "--jsonl")
    fresh = call("backtest", "--strategy", edge, "--no-compile", *words)[1]
    assert call("backtest", "report", lines(fresh)[-1]["run"], *words)[1] == fresh


def test_the_journal_vouches_for_what_is_stored(call: Call, market: str, edge: str) -> None:
    call("backtest", "--strategy", edge, "--no-compile", "-q")
    store = Store(Path(market))
    entry = [each for each in store.journal().entries() if each.kind == "backtest"][-1]
    kept = store.runs.load(str(entry.body["run"]))
    assert content_hash(stored_report(kept), kept.equity_ts, kept.equity) == entry.body["sha256"]


def test_a_run_that_cannot_be_stored_is_shown_with_a_warning(call: Call, market: str, edge: str) -> None:
    (Path(market) / "runs").write_text("in the way")
    code, out, err = call("backtest", "--strategy", edge, "--jsonl", "--no-compile")
    assert code == 0
    assert lines(out)[-1]["type"] == "backtest"
    assert "warning: the run is not stored" in err
    assert "show it again" not in err


def test_no_stored_run_is_no_error(call: Call) -> None:
    code, out, err = call("backtest", "list")
    assert (code, out) == (0, "")
    assert "no run is stored yet" in err


# --- looking ahead

# A run over part of the data cannot tell what a run over all of it drew: like a file of tomorrow's prices.
CHEAT = """
import random

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.signal import signal


class Cheat(Strategy):
    timeframe = "1h"

    @staticmethod
    def step(s, bar, p):
        return signal(enter=1 if random.random() < 0.5 else 0, stop=0.1 * bar.close)
"""


def test_a_strategy_that_steps_bar_by_bar_passes_the_check(call: Call, market: str, edge: str) -> None:
    code, out, err = call("backtest", "lookahead", "--strategy", edge)
    assert (code, out) == (0, "")
    assert "no signal uses a later bar" in err
    code, out, _ = call("backtest", "--strategy", edge, "--check-lookahead", "--jsonl", "--no-compile")
    assert code == 0 and lines(out)[-1]["type"] == "backtest"


def test_one_that_knows_more_than_its_bars_is_found(call: Call, market: str, tmp_path: Path) -> None:
    file = tmp_path / "cheat.py"
    file.write_text(CHEAT)
    for words in (("lookahead",), ("--check-lookahead",)):
        code, out, _ = call("backtest", *words, "--strategy", f"{file}:Cheat", "--jsonl")
        assert code == 1
        assert {each["type"] for each in lines(out)} == {"finding"}
        assert lines(out)[0]["check"] == "lookahead"
