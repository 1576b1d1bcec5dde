"""`trade status|positions|orders` and `breaker` beside a live account: everything says LIVE, nothing asks the venue,
and no command stops or resets the wrong account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trade_live_cases import FLAT, SYMBOL, UP, Scene, live_scene, with_position

from memesnipe_cli.cli import run
from memesnipe_cli.records import time_text
from memesnipe_cli.risk.control import accounts, read_latch
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.marks_file import marks_path, read_marks, write_marks
from memesnipe_cli.risk.processes import started_ticks
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.order_lines import AMENDMENT, ORDER

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One account with a position, which no test here changes."""
    with pytest.MonkeyPatch.context() as patch, live_scene(tmp_path_factory.mktemp("live"), patch) as scene:
        with_position(scene)
        yield scene


def test_a_position_is_what_our_trades_left_with_the_stop_that_rests(made: Scene, capsys: Capture) -> None:
    code, (row,) = made.rows(capsys, "trade", "positions", "--account", "live")
    held = made.rig.book().held("up_down", SYMBOL)
    (stop,) = made.server.open_orders()
    assert code == 0 and row["paper"] is False
    assert (row["qty"], row["account_qty"], row["dust"]) == (str(held), str(held), "0")
    assert (row["protection"], row["naked"]) == ("covered", "0")
    assert (row["stop_venue_id"], row["resting_stop"]) == (stop.id, str(stop.ticket.trigger))
    assert "LIVE: real orders" in made.say(capsys, "trade", "positions", "--account", "live")[2]


def test_every_order_that_has_not_ended_is_shown(made: Scene, capsys: Capture) -> None:
    _, (row,) = made.rows(capsys, "trade", "orders", "--account", "live")
    (stop,) = made.server.open_orders()
    assert (row["venue_id"], row["action"], row["state"]) == (stop.id, "protect", "accepted")
    assert (row["paper"], row["next"]) == (False, "")


def test_the_status_says_whose_money_it_is_and_that_nobody_trades(made: Scene, capsys: Capture) -> None:
    asked = len(made.server.requests)
    code, out, _ = made.say(capsys, "trade", "status", "--account", "live")
    assert code == 0 and "PAPER" not in out
    assert "live (LIVE: real orders, real money)" in out and "does not run" in out and "1 covered" in out
    _, (row,) = made.rows(capsys, "trade", "status", "--account", "live")
    assert (row["paper"], row["heard"], row["unsettled"], row["dust"]) == (False, None, [], [])
    assert row["reconciled"] is not None and row["protection"] == {"covered": 1}
    assert len(made.server.requests) == asked


def test_beside_a_trader_its_own_words_are_shown(made: Scene, capsys: Capture) -> None:
    path = marks_path(made.rig.store.paths, "live")
    before = read_marks(path)
    assert before is not None
    pid, beat = os.getpid(), time_text(made.server.now_ms())
    write_marks(path, {**before, "running": True, "pid": pid, "started": started_ticks(pid), "beat": beat})
    try:
        _, (row,) = made.rows(capsys, "trade", "status", "--account", "live")
        out = made.say(capsys, "trade", "status", "--account", "live")[1]
    finally:
        write_marks(path, before)
    assert row["trader"]["running"] is True and row["heard"]["feed"]["source"] == "tape"
    assert f"(pid {pid}, stopping)" in out and "by tape" in out


@pytest.mark.parametrize("without", [(), ("--without-promotion", "--reason", "a test")])
def test_explain_looks_at_the_open_live_session(
    made: Scene, capsys: Capture, without: tuple[str, ...]
) -> None:
    what = ("--strategy", f"{made.rig.folder}/updown.py:UpDown", "--symbol", SYMBOL)
    before = made.rig.store.journal("live").head()
    code, (row,) = made.rows(capsys, "trade", *what, "--explain", *without)
    assert (code, row["session"]["session"], row["paper"]) == (0, "live-1", False)
    assert row["decision"]["word"] == "hold" and not row["would_trade"]
    said_no = {each["by"] for each in row["said_no"]}
    assert "session" not in said_no and ("promotion" in said_no) is (not without)
    assert made.rig.store.journal("live").head() == before


def test_entries_that_were_kept_back_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with live_scene(tmp_path, monkeypatch) as scene:
        scene.rig.trade(FLAT)
        scene.rig.keep([UP, FLAT])
        scene.rig.trade(FLAT, FLAT)
        scene.now()
        _, (status,) = scene.rows(capsys, "trade", "status")
        assert status["refusals"] == {"late_bar": 1}
        _, rows = scene.rows(capsys, "audit", "report")
        assert rows[-1]["refusals"] == {"late_bar": 1}
        assert "its bar had closed too long ago" in scene.say(capsys, "audit", "log", "--kind", "refusal")[1]


def test_the_only_account_is_shown_where_none_is_named(made: Scene, capsys: Capture) -> None:
    _, (row,) = made.rows(capsys, "trade", "status")
    assert row["account"] == "live"


def test_an_account_that_never_traded_names_the_others(made: Scene, capsys: Capture) -> None:
    code, _, err = made.say(capsys, "trade", "status", "--account", "paper")
    assert code == 1 and "--account live" in err


@pytest.mark.parametrize("state", ["sent", "unknown"])
def test_an_order_whose_fate_is_not_known_says_what_to_do(made: Scene, tmp_path: Path, state: str) -> None:
    rows = _orders_of_a_copy(made, tmp_path, state)
    (row,) = [each for each in rows if each["state"] == state]
    assert "memesnipe trade reconcile --account live --settle zz --reason TEXT" in row["next"]


def test_a_stop_whose_change_is_not_known_protects_nothing(made: Scene, tmp_path: Path) -> None:
    from memesnipe_cli.live.said import Known, position_records

    store = _copy(made, tmp_path)
    (stop,) = made.rig.book().live()
    line = {"id": stop.intent.id, "as": "changed", "state": "sent", "qty": str(stop.intent.qty), "price": None,
            "stop": "0.0950", "reason": "", "time": time_text(0)}  # fmt: skip
    store.journal("live").append(AMENDMENT, line)
    (row,) = position_records(Known.of(store, "live"))
    assert (row["protection"], row["stop_order"], row["naked"]) == ("waiting", None, row["qty"])


def _orders_of_a_copy(made: Scene, folder: Path, state: str) -> list[dict[str, Any]]:
    """The open orders after one more was left in a state."""
    from memesnipe_cli.live.said import Known, order_records

    store = _copy(made, folder)
    first = next(e.body for e in made.rig.store.journal("live").entries() if e.body.get("state") == "intent")
    lines = [(ORDER, {**first, "id": "zz"})]
    for each in ("sent", "unknown")[: 1 + (state == "unknown")]:
        lines.append((ORDER, {"id": "zz", "state": each, "time": first["time"]}))
    store.journal("live").append_many(lines)
    return order_records(Known.of(store, "live"))


def _copy(made: Scene, folder: Path) -> Store:
    shutil.copytree(made.rig.store.root, folder / "store")
    return Store(folder / "store")


# The breaker, where a store has several accounts


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    found = StorePaths(tmp_path / "store")
    for name in ("live", "paper"):
        LatchFile(found, name).create()
    return found


def breaker(paths: StorePaths, capsys: Capture, *args: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["--store", str(paths.root), *args], {})
    said = capsys.readouterr()
    return code, said.out, said.err


def levels(paths: StorePaths) -> dict[str, Level]:
    return {name: read_latch(paths, name).level() for name in accounts(paths)}


def test_a_trip_without_a_name_stops_every_account(paths: StorePaths, capsys: Capture) -> None:
    code, out, _ = breaker(paths, capsys, "breaker", "trip", "--reason", "news")
    assert code == 0
    assert [line.split(" is ")[0] for line in out.splitlines()] == ["account live", "account paper"]
    assert levels(paths) == {"live": Level.HALT, "paper": Level.HALT}


def test_a_trip_with_a_name_stops_that_one(paths: StorePaths, capsys: Capture) -> None:
    breaker(paths, capsys, "breaker", "trip", "--reason", "news", "--account", "live")
    assert levels(paths) == {"live": Level.HALT, "paper": Level.CLOSED}


def test_a_store_with_one_account_of_any_name_stops_that_one(tmp_path: Path, capsys: Capture) -> None:
    paths = StorePaths(tmp_path)
    LatchFile(paths, "mine").create()
    breaker(paths, capsys, "breaker", "trip", "--reason", "news")
    assert levels(paths) == {"mine": Level.HALT}


def test_one_account_that_cannot_be_stopped_keeps_no_other_one_from_it(
    paths: StorePaths, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memesnipe_cli.errors import StoreError

    real = LatchFile.trip

    def refuses(self: LatchFile, *args: object) -> object:
        if self.account == "live":
            raise StoreError("the disk of live is gone", "look at it")
        return real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(LatchFile, "trip", refuses)
    code, _, err = breaker(paths, capsys, "breaker", "trip", "--reason", "news")
    assert code == 6 and "the disk of live is gone" in err
    assert levels(paths)["paper"] is Level.HALT


def test_an_account_that_lost_its_latch_is_one_all_the_same(paths: StorePaths, capsys: Capture) -> None:
    Journal(paths, "lost").append("session", {"rules": {}})
    assert list(accounts(paths)) == ["live", "paper", "lost"]
    breaker(paths, capsys, "breaker", "trip", "--reason", "news")
    assert levels(paths)["lost"] is Level.HALT


def test_a_replay_and_a_copied_folder_are_no_accounts(paths: StorePaths) -> None:
    Journal(paths, "replayed").append("session", {"rules": {"assumed_reset_ms": "1"}})
    copied = paths.breaker / "live.old"
    copied.mkdir()
    (copied / "latch.json").write_bytes((paths.breaker / "live" / "latch.json").read_bytes())
    assert list(accounts(paths)) == ["live", "paper"]


def test_a_reset_without_a_name_is_refused_and_names_the_accounts(paths: StorePaths, capsys: Capture) -> None:
    breaker(paths, capsys, "breaker", "trip", "--reason", "news")
    code, _, err = breaker(paths, capsys, "breaker", "reset", "--reason", "it is over")
    assert code == 2 and "live, paper" in err
    assert breaker(paths, capsys, "breaker", "reset", "--reason", "over", "--account", "live")[0] == 0
    assert levels(paths) == {"live": Level.CLOSED, "paper": Level.HALT}


def test_the_status_of_several_is_one_document_and_halts_its_exit_code(
    paths: StorePaths, capsys: Capture
) -> None:
    assert breaker(paths, capsys, "breaker", "status")[0] == 0
    breaker(paths, capsys, "breaker", "trip", "--reason", "news", "--account", "live")
    code, out, _ = breaker(paths, capsys, "--json", "breaker", "status")
    row = json.loads(out)
    assert (code, row["level"], row["account"]) == (3, "HALT", None)
    assert [(each["account"], each["level"]) for each in row["accounts"]] == [
        ("live", "HALT"),
        ("paper", "CLOSED"),
    ]
    _, lines, _ = breaker(paths, capsys, "--jsonl", "breaker", "status")
    assert [json.loads(line)["account"] for line in lines.splitlines()] == ["live", "paper"]
    code, out, _ = breaker(paths, capsys, "--json", "breaker", "status", "--account", "paper")
    assert (code, json.loads(out)["account"]) == (0, "paper")


def test_the_history_of_several_says_whose_each_line_is(paths: StorePaths, capsys: Capture) -> None:
    for name in ("paper", "live"):
        breaker(paths, capsys, "breaker", "trip", "--reason", "news", "--account", name)
    _, out, _ = breaker(paths, capsys, "--jsonl", "breaker", "history")
    assert [json.loads(line)["account"] for line in out.splitlines()] == ["paper", "live"]
    _, out, _ = breaker(paths, capsys, "--jsonl", "breaker", "history", "--limit", "1")
    assert [json.loads(line)["account"] for line in out.splitlines()] == ["live"]


def test_commands_that_only_read_load_nothing_heavy(made: Scene) -> None:
    heavy = {"duckdb", "numpy", "numba", "ccxt", "pyarrow", "httpx", "keyring", "tenacity", "aiohttp"}
    for line in ("trade status", "trade positions", "trade orders"):
        words = [*made.words(), *line.split(), "--account", "live", "--json"]
        code = (
            "import sys\nfrom memesnipe_cli.cli import run\n"
            f"assert run({words!r}, {{}}) == 0\n"
            f"found = {heavy!r} & set(sys.modules)\nassert not found, found\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
