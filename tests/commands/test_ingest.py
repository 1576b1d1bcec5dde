"""`memesnipe ingest` as people and cron run it: in processes of their own."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from loopback import LoopbackVenue, now_ms

Run = Callable[..., "subprocess.CompletedProcess[str]"]
STEP = 300_000
DAY = 86_400_000
FETCH = ("ingest", "candles", "--venue", "coinbase", "--symbol", "DOGE/USD", "--timeframe", "5m")


@pytest.fixture
def venue() -> Iterator[LoopbackVenue]:
    with LoopbackVenue() as running:
        yield running


@pytest.fixture
def environment(venue: LoopbackVenue, tmp_path: Path) -> dict[str, str]:
    """A store of its own and a profile whose Coinbase is the venue on this machine."""
    profile = tmp_path / "loopback.toml"
    profile.write_text(
        f'[venues.coinbase]\nbase_url = "{venue.base_url}"\n[venues.kraken]\nbase_url = "{venue.base_url}"\n'
    )
    return {"MEMESNIPE_PROFILE": str(profile), "MEMESNIPE_STORE": str(tmp_path / "store")}


@pytest.fixture
def ingest(memesnipe: Run, environment: dict[str, str]) -> Run:
    """Runs the program in that environment."""
    return lambda *args, **more: memesnipe(*args, **{**environment, **more})


def series(ingest: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ingest("ingest", "list", "--json").stdout)
    return found


def start(environment: dict[str, str], *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "memesnipe_cli", *args],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def readme_command() -> list[str]:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    line = re.search(
        r"^\s*\$?\s*memesnipe (ingest candles --venue coinbase --symbol DOGE/USD .*)$", text, re.MULTILINE
    )
    assert line is not None
    return shlex.split(line[1])


def test_the_command_of_the_readme_brings_in_doge(venue: LoopbackVenue, ingest: Run) -> None:
    venue.listed_ms = now_ms() - 10 * DAY
    done = ingest(*readme_command(), timeout=120)
    assert done.returncode == 0, done.stderr
    (doge,) = series(ingest)
    assert (doge["venue"], doge["symbol"], doge["timeframe"]) == ("coinbase", "DOGE/USD", "5m")
    assert doge["rows"] in (10 * 288 - 1, 10 * 288, 10 * 288 + 1)
    assert doge["coverage"] == 1.0


def test_bars_go_down_the_pipe_and_back_in(ingest: Run) -> None:
    fetched = ingest(*FETCH, "--since", "4h", "--jsonl")
    assert fetched.returncode == 0, fetched.stderr
    lines = fetched.stdout.splitlines()
    assert len(lines) in (47, 48)
    assert {json.loads(line)["type"] for line in lines} == {"candle"}
    other = Path(os.environ["XDG_DATA_HOME"]) / "other"
    back = ingest("ingest", "file", "-", "--json", stdin=fetched.stdout, MEMESNIPE_STORE=str(other))
    (report,) = json.loads(back.stdout)
    assert report["added"] == len(lines)


def test_two_at_once_lose_and_double_nothing(ingest: Run, environment: dict[str, str]) -> None:
    both = [start(environment, *FETCH, "--since", "6d") for _ in range(2)]
    assert [each.wait(timeout=90) for each in both] == [0, 0]
    (doge,) = series(ingest)
    assert doge["rows"] in range(6 * 288 - 1, 6 * 288 + 2)
    assert doge["coverage"] == 1.0
    assert ingest("ingest", "set-aside", "--json").stdout.strip() == "[]"


def test_a_killed_run_is_resumed_where_it_stopped(
    venue: LoopbackVenue, ingest: Run, environment: dict[str, str]
) -> None:
    venue.pause_s = 0.3
    killed = start(environment, *FETCH, "--since", "40d")
    deadline = time.monotonic() + 60
    while len(venue.asked("/candles")) < 14 and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    venue.pause_s = 0.0
    asked = len(venue.asked("/candles"))
    (kept,) = series(ingest)
    assert kept["rows"] >= 600
    assert ingest(*FETCH, "--since", "40d").returncode == 0
    assert len(venue.asked("/candles")) - asked <= 39 - kept["rows"] // 300 + 1
    (doge,) = series(ingest)
    assert doge["rows"] in range(40 * 288 - 1, 40 * 288 + 2)


def test_ctrl_c_keeps_what_came_and_exits_130(
    venue: LoopbackVenue, ingest: Run, environment: dict[str, str]
) -> None:
    venue.pause_s = 0.2
    running = start(environment, *FETCH, "--since", "40d")
    deadline = time.monotonic() + 60
    while len(venue.asked("/candles")) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 130
    (kept,) = series(ingest)
    assert kept["rows"] >= 300


def test_a_venue_out_of_reach_is_exit_5_with_a_next_step(ingest: Run, tmp_path: Path) -> None:
    profile = tmp_path / "nowhere.toml"
    profile.write_text('[venues.coinbase]\nbase_url = "http://127.0.0.1:9"\n')
    done = ingest(*FETCH, "--since", "1h", "--deadline", "1", "--json", MEMESNIPE_PROFILE=str(profile))
    assert done.returncode == 5
    assert done.stdout == ""
    assert json.loads(done.stderr.strip().splitlines()[-1])["type"] == "error"


def test_a_simulated_market_is_marked_and_safe_to_make_twice(ingest: Run) -> None:
    make = ("ingest", "simulate", "--days", "3", "--symbol", "DOGE/USD", "--json")
    (first,), (again,) = (json.loads(ingest(*make).stdout) for _ in range(2))
    assert first["added"] == again["identical"] == first["rows"]
    assert first["simulated"] is True
    listed = ingest("ingest", "list", COLUMNS="200")
    assert "SIMULATED" in listed.stdout
    another = ingest("ingest", "simulate", "--days", "3", "--symbol", "DOGE/USD", "--seed", "8")
    assert another.returncode == 2
    assert "another seed" in another.stderr
    unknown = ingest("ingest", "simulate", "--symbol", "NOPE/USD")
    assert unknown.returncode == 2
    assert "DOGE/USD" in unknown.stderr


DIRTY = """ts,open,high,low,close,volume
2025-01-01T00:00:00Z,1.0,1.2,0.9,1.1,10
2025-01-01T01:00:00Z,1.1,1.0,1.2,1.1,10
2025-01-01T02:00:00Z,1.1,1.3,1.0,1.2,10
2025-01-01T03:00:00Z,1.2,1.3,1.1,1.2,10
"""


def test_a_dirty_file_goes_in_without_its_bad_row_which_can_be_seen_and_the_gap_filled(
    ingest: Run, tmp_path: Path
) -> None:
    (tmp_path / "DOGEUSD_60.csv").write_text(DIRTY)
    done = ingest("ingest", "file", str(tmp_path / "DOGEUSD_60.csv"), "--venue", "kraken")
    assert done.returncode == 0
    assert "high is below low" in done.stderr
    (aside,) = json.loads(ingest("ingest", "set-aside", "--json").stdout)
    assert (aside["time"], aside["check"]) == ("2025-01-01T01:00:00Z", "high_below_low")
    verified = ingest("ingest", "verify", "--jsonl")
    assert verified.returncode == 0
    assert [json.loads(line)["check"] for line in verified.stdout.splitlines()] == ["gap", "set_aside"]
    (filled,) = json.loads(ingest("ingest", "fill", "--json").stdout)
    assert filled["filled"] == 1
    (doge,) = series(ingest)
    assert (doge["rows"], doge["synthetic"], doge["coverage"]) == (4, 1, 1.0)


def mostly_missing(folder: Path) -> str:
    lines = [f"{1_735_689_600 + place * 60},1,1,1,1,1" for place in range(2000) if place % 100 < 20]
    (folder / "BTCKRW_1m.csv").write_text("\n".join(lines))
    return str(folder / "BTCKRW_1m.csv")


def test_verify_exits_1_where_most_bars_are_missing(ingest: Run, tmp_path: Path) -> None:
    done = ingest("ingest", "file", mostly_missing(tmp_path), "--venue", "upbit")
    assert "79% of the bars are missing" in done.stderr
    assert ingest("ingest", "verify").returncode == 1


def test_runs_side_by_side_all_end_with_their_own_exit_code(ingest: Run, tmp_path: Path) -> None:
    """One in seven of them was aborted on its way out, after its work, by a thread of the parquet reader."""
    ingest("ingest", "file", mostly_missing(tmp_path), "--venue", "upbit")
    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(lambda _: ingest("ingest", "verify"), range(18)))
    assert [done.returncode for done in runs] == [1] * 18


def test_a_large_file_gives_way_to_a_trader(environment: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    wanted = max(os.getpriority(os.PRIO_PROCESS, 0), 15)
    process = start(environment, "ingest", "file", str(tmp_path / "pipe.csv"), "--venue", "kraken")
    try:
        until = time.monotonic() + 30
        while (now := os.getpriority(os.PRIO_PROCESS, process.pid)) != wanted and time.monotonic() < until:
            time.sleep(0.05)
        assert now == wanted
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_a_refused_file_sets_the_exit_code_and_json_stays_json(ingest: Run, tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(DIRTY)
    done = ingest("ingest", "file", str(tmp_path / "bars.csv"), str(tmp_path / "none.csv"), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == []
    assert "--venue" in done.stderr


def test_funding_files_have_their_interval_measured(ingest: Run, tmp_path: Path) -> None:
    path = tmp_path / "binance_WIFUSDT_8h.csv"
    lines = [f"{1_735_689_600_000 + place * 14_400_000 + 7},0.0001" for place in range(30)]
    path.write_text("\n".join(["ts,funding_rate", *lines]))
    done = ingest("ingest", "funding", str(path), "--json")
    (report,) = json.loads(done.stdout)
    assert (report["symbol"], report["intervals"], report["added"]) == ("WIF/USDT:USDT", ["4h"], 30)
    assert "the name says 8h, but the times say 4h" in done.stderr


def test_listing_an_empty_store_says_what_to_do(ingest: Run) -> None:
    done = ingest("ingest", "list")
    assert done.returncode == 0
    assert "memesnipe ingest simulate" in done.stderr
    assert ingest("ingest", "list", "--json").stdout.strip() == "[]"
    assert ingest("ingest", "verify").returncode == 0
