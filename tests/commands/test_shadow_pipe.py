"""`memesnipe shadow --data -`: candles down a pipe, decided on as they come."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shadow_market import BARS, SYMBOLS, WAIT_S, feed, moments, read_until, shadowing
from trade_market import account, eager, prepared

from memesnipe_cli.store.store import Store


def test_a_decision_is_told_while_the_pipe_is_open(tmp_path: Path) -> None:
    options = prepared(tmp_path, BARS)
    with shadowing(tmp_path, options, "--symbol", SYMBOLS[2]) as process:
        feed(process, moments()[:20], 0.02)
        told = read_until(process, "fill")
        assert process.poll() is None
        assert {each["type"] for each in told} >= {"order", "fill"}
        assert all(each["paper"] for each in told)
        feed(process, moments()[20:])
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    records = [json.loads(line) for line in out.splitlines()]
    assert records[-1]["type"] == "account" and records[-1]["trades"] > 5
    assert b"the first 7 bars of the pipe are the warm-up" in err


def test_the_store_warms_up_and_a_second_pipe_goes_on(tmp_path: Path) -> None:
    options = prepared(tmp_path, BARS)
    for begin, end in ((30, 45), (45, 60)):
        with shadowing(tmp_path, options) as process:
            feed(process, moments(begin)[: end - begin])
            _, err = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, err
        assert b"warm-up" not in err
    state = account(tmp_path, "shadow")
    assert state.sessions == 1 and (state.session or {})["feed"] == "pipe"
    report = subprocess.run(
        [sys.executable, "-m", "memesnipe_cli", *options, "shadow", "report", "--no-compile", "--json"],
        capture_output=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    said = json.loads(report.stdout)
    assert (report.returncode, said["verdict"], said["differences"]) == (0, "SAME", [])
    assert said["same_trades"] == said["shadow_trades"] == said["backtest_trades"] > 3
    assert said["residual"]["fills"] == 0 and said["bars"]["missed"] == 0


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_says_what_is_left(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    options = prepared(tmp_path, BARS)
    with shadowing(tmp_path, options) as process:
        feed(process, moments(30)[:15])
        read_until(process, "fill")
        process.send_signal(sent)
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == code
    assert json.loads(out.splitlines()[-1])["type"] == "account"
    assert b"left open: " in err and b"the same command goes on from here" in err


def test_duration_ends_it(tmp_path: Path) -> None:
    options = prepared(tmp_path, BARS)
    with shadowing(tmp_path, options, "--duration", "1s") as process:
        feed(process, moments(30)[:5])
        assert process.stdin is not None
        assert process.wait(timeout=WAIT_S) == 0
    assert account(tmp_path, "shadow").session is not None


@pytest.mark.parametrize(
    ("fed", "said"),
    [
        ("", "the pipe holds no candle record"),
        ('{"type": "gate", "v": 1}\n', "the pipe holds no candle record"),
        ("nonsense\n", "line 1 is not JSON"),
        ("short", "line 1 is not JSON"),
        ("warm", "the pipe ended after 3 bars, before the strategies had warmed up"),
        ("hourly", "the piped bars are of 1h, the strategies take 5m"),
    ],
)
def test_what_is_no_pipe_of_candles_is_refused(tmp_path: Path, fed: str, said: str) -> None:
    options = prepared(tmp_path, BARS)
    three = b"".join(b"".join(moment) for moment in moments()[:3])
    stdin = {"warm": three, "hourly": three.replace(b'"5m"', b'"1h"')}.get(fed, fed.encode())
    done = subprocess.run(
        [sys.executable, "-m", "memesnipe_cli", *options, "shadow", *eager(tmp_path), "--data", "-"],
        input=stdin, capture_output=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert said in done.stderr.decode() and b"Traceback" not in done.stderr
    assert Store(tmp_path / "store").journal("shadow").head()[0] == 0
