"""`memesnipe breaker`: what it says, stops and refuses, and that it works whatever else hangs."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# A process that holds locks is the same as in the tests of the latch.
sys.path.append(str(Path(__file__).parents[1] / "risk"))

from latch_cases import held_by_another

from memesnipe_cli import clock
from memesnipe_cli.cli import run
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.marks_file import marks_path, write_marks
from memesnipe_cli.risk.processes import started_ticks
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.store import Store

Breaker = Callable[..., tuple[int, str, str]]
PRODUCT_FIELDS = (
    "level",
    "cause",
    "since",
    "equity",
    "high_water_mark",
    "drawdown",
    "daily_loss",
    "strategies",
)
MARKS: dict[str, Any] = {
    "pid": os.getpid(),
    "started": started_ticks(os.getpid()),
    "host": os.uname().nodename,
    "running": True,
    "time": "2025-03-01T12:00:00Z",
    "simulated": True,
    "currency": "USD",
    "level": "WARNING",
    "cause": "drawdown",
    "since": "2025-03-01T11:00:00Z",
    "equity": "193.00",
    "high_water_mark": "200",
    "drawdown": 0.035,
    "lifetime_high": "200",
    "lifetime_drawdown": 0.035,
    "day_base": "195",
    "daily_loss": 0.0103,
    "recovery": {"stage": 2, "size": 0.5, "since": "2025-02-28T12:00:00Z", "ready": "2025-03-01T16:00:00Z"},
    "recovery_rules": {"stage_trades": 10, "stage_hours": 24.0, "stage_loss": 0.005},
    "strategies": [{"name": "momentum_5m", "level": "CLOSED", "value": "19.5", "high_water_mark": "20",
                    "drawdown": 0.025}],
    "positions": [{"symbol": "DOGE/USD", "strategy": "momentum_5m", "side": "long", "qty": "12.5", "stop": "0.19"}],
    "tiers": {"warning": 0.03, "halt": 0.05, "emergency": 0.1, "daily_warning": 0.02, "daily_halt": 0.03,
              "strategy_halt": 0.05, "lifetime_halt": 0.2},
    "monitoring": {"elevated": True, "reconcile_seconds": 60.0, "alert_seconds": 300.0},
}  # fmt: skip


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    return StorePaths(tmp_path / "store")


@pytest.fixture
def breaker(paths: StorePaths, capsys: pytest.CaptureFixture[str]) -> Breaker:
    """The program in this process: `breaker("status")` -> (exit code, stdout, stderr)."""

    def call(*args: str) -> tuple[int, str, str]:
        code = run(["--store", str(paths.root), "breaker", *args], os.environ)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def trades(paths: StorePaths, **marks: Any) -> None:
    """A trader that runs, as its marks say."""
    LatchFile(paths, "paper").create()
    beat = clock.format_time(clock.now_ms())
    write_marks(marks_path(paths, "paper"), {**MARKS, "beat": beat, **marks})


def test_an_account_that_never_traded_is_closed_and_its_record_whole(breaker: Breaker) -> None:
    code, out, err = breaker("status", "--json")
    row = json.loads(out)
    assert (code, err) == (0, "")
    assert (row["type"], row["v"], row["level"], row["traded"]) == ("breaker", 1, "CLOSED", False)
    assert set(PRODUCT_FIELDS) <= row.keys() and row["equity"] is None
    assert row["monitoring"]["elevated"] is False and row["distances"][1]["threshold"] == 0.05
    assert "this account has not traded" in breaker("status")[1]


def test_a_person_reads_level_marks_distances_and_who_runs(breaker: Breaker, paths: StorePaths) -> None:
    trades(paths)
    code, out, _ = breaker("status")
    assert code == 0
    for words in (
        "WARNING: nothing is stopped; monitoring is elevated",
        "193.00 USD, high-water mark 200.00 USD",
        "50 % of normal (stage 2 of 4 since 2025-02-28 12:00); passed after 10 trades or 24 hours",
        "without a loss of 0.50 %",
        "elevated: reconciled every 60 s, alerts repeated every 300 s",
        f"runs (pid {os.getpid()})",
        "SIMULATED market",
        str(paths.breaker_of("paper") / "latch.json"),
    ):
        assert words in out
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert lines["emergency"][-2:] == ["+6.50", "13.00"]
    assert lines["DOGE/USD"][-1] == "0.19"


@pytest.mark.parametrize("level", ["HALT", "EMERGENCY", "halt"])
def test_a_trip_halts_until_a_reset_and_scripts_can_branch(breaker: Breaker, level: str) -> None:
    code, out, _ = breaker("trip", "--level", level, "--reason", "prices make no sense")
    assert code == 0 and f"account paper is at {level.upper()}: " in out
    code, out, _ = breaker("status", "--json")
    row = json.loads(out)
    assert (code, row["level"], row["cause"], row["by"]) == (3, level.upper(), "manual", "person")
    assert row["reason"] == "prices make no sense"
    code, out, _ = breaker("reset", "--reason", "they do again")
    assert (code, out) == (0, "account paper is CLOSED: nothing is stopped\n")
    assert breaker("status")[0] == 0


def test_words_say_what_is_stopped(breaker: Breaker) -> None:
    assert (
        "new positions are stopped; exits and protective orders go on" in breaker("trip", "--reason", "x")[1]
    )
    out = breaker("trip", "--reason", "x", "--level", "EMERGENCY")[1]
    assert "everything is stopped: entries are cancelled, positions are closed" in out


def test_one_strategy_is_stopped_and_the_account_goes_on(breaker: Breaker, paths: StorePaths) -> None:
    trades(paths)
    code, out, err = breaker("trip", "--strategy", "momentum_5m", "--reason", "loses", "--json")
    assert (code, json.loads(out)["strategies"][0]["level"]) == (0, "HALT")
    assert "warning" not in err
    assert breaker("status")[0] == 0
    assert breaker("status", "--strategy", "momentum_5m")[0] == 3
    assert breaker("status", "--strategy", "other")[0] == 0


def test_a_misspelt_strategy_is_told(breaker: Breaker, paths: StorePaths) -> None:
    trades(paths)
    _, _, err = breaker("trip", "--strategy", "momentm", "--reason", "x")
    assert "this account trades momentum_5m: there is no strategy 'momentm' to stop" in err


@pytest.mark.parametrize(
    ("given", "stored"),
    [("DOGE/USD", "DOGE/USD"), ("doge-usd", "DOGE/USD"), ("ETH/USDT:USDT", "ETH/USDT:USDT")],
)
def test_a_symbol_may_be_spelt_as_one_likes(breaker: Breaker, given: str, stored: str) -> None:
    _, out, _ = breaker("trip", "--symbol", given, "--reason", "x", "--json")
    assert [each["symbol"] for each in json.loads(out)["symbols"]] == [stored]


def test_a_lower_trip_leaves_what_stands(breaker: Breaker) -> None:
    breaker("trip", "--level", "EMERGENCY", "--reason", "first")
    code, out, err = breaker("trip", "--level", "HALT", "--reason", "second")
    assert (code, "at EMERGENCY" in out) == (0, True)
    assert "it stood there already, since " in err and "manual: first" in err


def test_who_closes_the_positions_is_said(breaker: Breaker, paths: StorePaths) -> None:
    trades(paths)
    assert f"the trader (pid {os.getpid()}) obeys at once" in breaker("trip", "--reason", "x")[2]
    trades(paths, running=False)
    _, _, err = breaker("trip", "--level", "EMERGENCY", "--reason", "x")
    assert (
        "no trader runs on this account: its open positions are closed when memesnipe trade runs next" in err
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("trip", "missing option '--reason'"),
        ("trip --reason=", "--reason is empty"),
        ("trip --level WARNING --reason x", "--level 'WARNING' cannot be set by hand"),
        ("trip --strategy a --symbol DOGE/USD --reason x", "--strategy and --symbol exclude each other"),
        ("trip --symbol dog --reason x", "symbol 'dog' is not understood"),
        ("trip --strategy= --reason x", "nothing that a breaker can stop"),
        ("trip --account ../up --reason x", "account '../up' cannot be stored"),
        ("reset", "missing option '--reason'"),
        ("history --limit 0", "invalid value for '--limit'"),
    ],
)
def test_wrong_usage_is_told_and_stops_nothing(
    breaker: Breaker, paths: StorePaths, line: str, said: str
) -> None:
    code, out, err = breaker(*line.split())
    assert (code, out) == (2, "") and said in err
    assert not paths.root.exists()


def test_a_reset_says_what_follows(breaker: Breaker, paths: StorePaths) -> None:
    trades(paths)
    breaker("trip", "--reason", "x")
    breaker("trip", "--strategy", "momentum_5m", "--reason", "x")
    _, _, err = breaker("reset", "--reason", "fine")
    assert "no new positions before 2025-03-01T16:00:00Z (cool-off); then 25, 50, 75 and at last 100 %" in err
    assert "still at HALT: strategy momentum_5m (manual)" in err
    code, _, err = breaker("reset", "--reason", "fine")
    assert code == 0 and "there was nothing to reset: the account was not halted" in err


def test_a_reset_on_the_day_of_the_loss_is_refused(breaker: Breaker, paths: StorePaths) -> None:
    trades(paths, time=clock.format_time(clock.now_ms()), daily_loss=0.03)
    breaker("trip", "--reason", "x")
    code, out, err = breaker("reset", "--reason", "impatient")
    assert (code, out) == (3, "") and "the halt lasts until the next day" in err
    assert breaker("status")[0] == 3


def test_the_history_tells_every_act(breaker: Breaker) -> None:
    assert "has never moved" in breaker("history")[2]
    breaker("trip", "--reason", "one")
    breaker("reset", "--reason", "two")
    breaker("trip", "--symbol", "DOGE/USD", "--reason", "three")
    rows = [json.loads(line) for line in breaker("history", "--jsonl")[1].splitlines()]
    assert [(row["action"], row["scope"], row["level"], row["reason"]) for row in rows] == [
        ("trip", "account", "HALT", "one"),
        ("reset", "account", "CLOSED", "two"),
        ("trip", "symbol:DOGE/USD", "HALT", "three"),
    ]
    assert all(set(PRODUCT_FIELDS) <= row.keys() for row in rows)
    assert [row["reason"] for row in json.loads(breaker("history", "--limit", "1", "--json")[1])] == ["three"]


def test_the_catalog_shows_what_a_person_did_and_what_the_engine_did(
    breaker: Breaker, paths: StorePaths
) -> None:
    breaker("trip", "--strategy", "momentum_5m", "--reason", "loses")
    level = {"action": "level", "scope": "account", "level": "HALT", "cause": "drawdown", "drawdown": "0.05"}
    Journal(paths).append("breaker", level)
    with Store(paths.root).connect() as con:
        found = con.execute(
            "SELECT action, scope, level, cause, reason, drawdown FROM breaker ORDER BY seq"
        ).fetchall()
    assert found == [
        ("trip", "strategy:momentum_5m", "HALT", "manual", "loses", None),
        ("level", "account", "HALT", "drawdown", None, 0.05),
    ]


# --- whatever else is broken --------------------------------------------------------------------------------


def test_a_lost_latch_is_a_halt_that_a_reset_mends(breaker: Breaker, paths: StorePaths) -> None:
    breaker("trip", "--strategy", "momentum_5m", "--reason", "loses")
    LatchFile(paths, "paper").path.unlink()
    code, out, _ = breaker("status")
    assert code == 3 and "latch_missing" in out and "latch.json is missing" in out
    assert breaker("reset", "--reason", "restored the disk")[0] == 0
    assert breaker("status")[0] == 0
    assert breaker("status", "--strategy", "momentum_5m")[0] == 3, "the journal knew of it"


def test_a_lost_breaker_folder_is_a_halt_too(breaker: Breaker, paths: StorePaths) -> None:
    breaker("trip", "--strategy", "momentum_5m", "--reason", "loses")
    folder = paths.breaker_of("paper")
    folder.rename(folder.with_name("elsewhere"))
    code, out, _ = breaker("status", "--json")
    assert (code, json.loads(out)["cause"]) == (3, "latch_missing")


def test_a_wrong_profile_hides_no_halt(paths: StorePaths, breaker: Breaker, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[breaker]\nhalt = 5\n", encoding="utf-8")
    assert breaker("--profile", str(wrong), "trip", "--reason", "x")[0] == 0
    code, out, err = breaker("--profile", str(wrong), "status", "--json")
    assert (code, json.loads(out)["level"]) == (3, "HALT")
    assert "the distances to the tiers are not known" in err


def test_a_store_that_cannot_be_opened_can_be_stopped(breaker: Breaker, paths: StorePaths) -> None:
    LatchFile(paths, "paper").create()
    paths.marker.write_text("garbage")
    code, out, err = breaker("trip", "--reason", "x")
    assert code == 0 and "at HALT" in out
    assert "its line in the journal has to wait" in err
    code, out, _ = breaker("status", "--json")
    assert (code, json.loads(out)["journal_waiting"]) == (3, 1)


def test_a_stopped_process_that_holds_every_lock_is_not_waited_for(
    paths: StorePaths, memesnipe: Callable[..., Any]
) -> None:
    file = LatchFile(paths, "paper")
    file.create()
    Journal(paths).append("fact", {})
    store = ("--store", str(paths.root), "breaker")
    with held_by_another(file.folder / "latch.lock", paths.account("paper") / "lock") as holder:
        holder.send_signal(signal.SIGSTOP)
        done = memesnipe(*store, "trip", "--level", "EMERGENCY", "--reason", "all hangs")
        assert (done.returncode, "at EMERGENCY" in done.stdout) == (0, True)
        assert "its line in the journal has to wait" in done.stderr
        assert memesnipe(*store, "status").returncode == 3
    for _ in range(2):
        rows = json.loads(memesnipe(*store, "history", "--json").stdout)
        assert [(row["action"], row["reason"], row["seq"]) for row in rows] == [("trip", "all hangs", 3)]
