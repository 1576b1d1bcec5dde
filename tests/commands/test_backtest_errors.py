"""What `memesnipe backtest` says when it cannot run: the value that was wrong, and the next step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from backtest_market import own_strategy, stored, swings

from memesnipe_cli.cli import run
from memesnipe_cli.errors import ExitCode

RAISES = """
import math

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.signal import signal


class Raises(Strategy):
    timeframe = "1h"

    @staticmethod
    def step(s, bar, p):
        return signal(enter=1, stop=math.log(bar.close - bar.close))
"""
USAGE, FAILED = ExitCode.USAGE, ExitCode.FAILED


@pytest.fixture
def market(tmp_path: Path) -> str:
    return stored(tmp_path / "store", swings("DOGE/USD"), swings("WIF/USD"))


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        ("", USAGE, "", "--strategy"),
        ("--symbol DOGE/USD", USAGE, "--strategy is missing", "strategies list"),
        ("--strategy momentum_6m", USAGE, "strategy 'momentum_6m' is not known", "momentum_5m"),
        ("--strategy EDGE --strategy EDGE", USAGE, "is given twice", "once"),
        ("EDGE", USAGE, "is not a subcommand of backtest", "--strategy"),
        ("--strategy EDGE --symbol DOG/USD", USAGE, "symbol 'DOG/USD' is not stored", "DOGE/USD?"),
        ("--strategy EDGE --venue krakn", USAGE, "venue 'krakn' has no candles", "did you mean kraken?"),
        ("--strategy EDGE --param baars=3", USAGE, "has no parameter 'baars'", "did you mean bars?"),
        ("--strategy EDGE --param bars=1", USAGE, "parameter bars='1' of my_edge", "strategies show"),
        ("--strategy EDGE --param bars=many", USAGE, "parameter bars='many' of my_edge", "strategies show"),
        ("--strategy EDGE --param bars", USAGE, "--param 'bars' is not NAME=VALUE", "NAME=VALUE"),
        ("--strategy EDGE --param bars=3 --param bars=4", USAGE, "--param bars is given twice", "once"),
        ("--strategy EDGE --param Other.bars=3", USAGE, "no strategy 'Other' here", "MyEdge"),
        ("--strategy EDGE --strategy momentum_5m --param bars=3", USAGE, "does not say whose", "MyEdge or"),
        ("--strategy EDGE --assume fees=0.1", USAGE, "assumption 'fees' is not known", "fee, half_spread"),
        ("--strategy EDGE --assume fee=2", USAGE, "assumption fee='2'", "fee"),
        ("--strategy EDGE --since 2025-03-01 --until 2025-02-01", USAGE, "is not before --until", "swap"),
        ("--strategy EDGE --since yesterday", USAGE, "time 'yesterday' is not understood", "180d"),
        ("--strategy EDGE --capital nothing", USAGE, "--capital 'nothing' is not an amount", "200"),
        ("--strategy EDGE --capital -5", USAGE, "--capital '-5' is not an amount", "200"),
        ("--strategy EDGE --html /nowhere/at/all.html", USAGE, "does not exist", "make it"),
        ("--strategy EDGE --html .", USAGE, "--html . is not a file", "name a file"),
        ("--strategy EDGE --data /no/such/file", USAGE, "--data /no/such/file is no file", "stdin"),
        ("--strategy EDGE --until 2025-01-02", FAILED, "needs 48 bars of 1h (2 days)", "ingest more"),
        ("--strategy EDGE --since 2030-01-01", FAILED, "no bars of DOGE/USD 1h from kraken", "ingest list"),
        ("--strategy momentum_5m", FAILED, "no stored series has bars for 5m: there is 1h", "ingest"),
        ("--strategy RAISES --no-compile", FAILED, "raised ValueError", "step()"),
        ("--trades list", USAGE, "options of a run stand before list", "after it"),
        ("report nothing", USAGE, "run 'nothing' is not stored", "memesnipe backtest"),
    ],
)  # fmt: skip
def test_the_error_says_what_was_wrong_and_what_to_do(
    words: str,
    code: ExitCode,
    message: str,
    hint: str,
    market: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raises = tmp_path / "raises.py"
    raises.write_text(RAISES)
    text = words.replace("EDGE", own_strategy(tmp_path)).replace("RAISES", f"{raises}:Raises")
    assert run(["backtest", *text.split(), "--store", market], os.environ) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err and hint in said.err
    assert "Traceback" not in said.err and "this is a bug" not in said.err


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["backtest", "--strategy", own_strategy(tmp_path), "--store", str(tmp_path / "empty")]
    assert run(words, os.environ) == FAILED
    assert "no candles are stored" in capsys.readouterr().err


def test_candles_of_two_venues_ask_which_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = stored(tmp_path / "store", swings(venue="kraken"), swings(venue="coinbase"))
    assert run(["backtest", "--strategy", own_strategy(tmp_path), "--store", store], os.environ) == USAGE
    assert "several venues fit: coinbase, kraken" in capsys.readouterr().err


@pytest.mark.parametrize("stdin", ["", "\n", '{"type":"event","v":1}\n'])
def test_a_pipe_without_candles_is_an_error_and_not_a_hang(
    memesnipe: object, stdin: str, tmp_path: Path
) -> None:
    words = ("backtest", "--strategy", own_strategy(tmp_path), "--data", "-", "--store", str(tmp_path / "s"))
    done = memesnipe(*words, stdin=stdin)  # type: ignore[operator]
    assert done.returncode == FAILED
    assert "stdin holds no candle record" in done.stderr
