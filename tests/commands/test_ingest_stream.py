"""`ingest stream` as a process: records down the pipe as bars close, Ctrl-C, an end in time, bad arguments."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program import Memesnipe
from venue_server import VenueServer


def test_bars_go_down_the_pipe_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with VenueServer("kraken", beat_s=0.1) as venue:
        profile = tmp_path / "here.toml"
        profile.write_text(f'[venues.kraken]\nbase_url = "{venue.base_url}"\n')
        venue.trade("DOGE/USD", "0.1", 5)
        line = [
            sys.executable,
            "-m",
            "memesnipe_cli",
            "--profile",
            str(profile),
            "--store",
            str(tmp_path / "store"),
        ]
        line += [
            "ingest",
            "stream",
            "--venue",
            "kraken",
            "--symbol",
            "DOGE/USD",
            "--timeframe",
            "1m",
            "--jsonl",
        ]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            while "by WebSocket" not in said:
                assert said, "it ended"
                said = process.stderr.readline()
        finally:
            process.send_signal(signal.SIGINT)
            out, rest = process.communicate(timeout=20)
        assert process.returncode == 130, rest
        assert "Traceback" not in rest
        assert all(json.loads(each)["type"] == "candle" for each in out.splitlines())


def test_it_ends_in_time_and_sums_up(memesnipe: Memesnipe, tmp_path: Path) -> None:
    with VenueServer("coinbase", beat_s=0.1) as venue:
        profile = tmp_path / "here.toml"
        profile.write_text(f'[venues.coinbase]\nbase_url = "{venue.base_url}"\n')
        began = time.monotonic()
        where = ["--profile", str(profile), "--store", str(tmp_path / "store")]
        what = ["--venue", "coinbase", "--symbol", "DOGE/USD", "--timeframe", "1m", "--duration", "1s"]
        done = memesnipe(*where, "ingest", "stream", *what, "--json")
        assert done.returncode == 0, done.stderr
        assert time.monotonic() - began < 20
        assert isinstance(json.loads(done.stdout), list)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("--venue kraken --symbol DOGE/USD --duration soon", 2, "duration 'soon'"),
        ("--venue krakn --symbol DOGE/USD", 2, "did you mean"),
        ("--venue kraken --symbol DOGE/USD --timeframe 7m", 2, "no 7m candles"),
        ("--venue kraken --symbol DOGE/USD --timeframe soon", 2, "timeframe 'soon'"),
    ],
)
def test_what_is_wrong_is_said(
    memesnipe: Memesnipe, tmp_path: Path, words: str, code: int, says: str
) -> None:
    done = memesnipe("--store", str(tmp_path), "ingest", "stream", *words.split())
    assert done.returncode == code
    assert says in done.stderr
