"""doctor says what is wrong with this machine and this store, and what to do."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from memesnipe_cli.checks import machine, network, stored
from memesnipe_cli.checks.deadline import within
from memesnipe_cli.cli import run
from memesnipe_cli.records import FindingRecord
from memesnipe_cli.store.store import Store


def by_check(found: list[FindingRecord]) -> dict[str, str]:
    return {row["check"]: row["severity"] for row in found}


def test_a_machine_in_order_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--offline", "--json"], {"MEMESNIPE_STORE": str(tmp_path)}) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert {row["type"] for row in rows} == {"finding"}
    assert {"python", "packages", "profile", "disk", "disk sync", "store", "keyring"} <= {
        row["check"] for row in rows
    }
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_exit_code_1_and_the_other_checks_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--offline", "--profile", "nope", "--json"], {}) == 1
    rows = {row["check"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["profile"]["severity"] == "error"
    assert rows["disk"]["severity"] == "ok"


@pytest.mark.parametrize(
    ("version", "bounds", "inside"),
    [
        ("2.3.1", ">=2.3,<2.5", True),
        ("2.5.0", ">=2.3,<2.5", False),
        ("1.9", ">=2", False),
        ("26.0.1", ">=22,<27", True),
    ],
)
def test_bounds(version: str, bounds: str, inside: bool) -> None:
    assert machine.within_bounds(version, bounds) is inside


@pytest.mark.parametrize(
    ("names", "severity"),
    [
        (["keyring.backends.SecretService.Keyring"], "ok"),
        (["keyring.backends.fail.Keyring"], "warning"),
        ([], "warning"),
        (["keyring.backends.null.Keyring"], "error"),
        (["keyrings.alt.file.PlaintextKeyring"], "error"),
        (["keyring.backends.SecretService.Keyring", "keyrings.alt.file.EncryptedKeyring"], "error"),
    ],
)
def test_a_keyring_that_keeps_no_secret_is_refused_by_name(names: list[str], severity: str) -> None:
    judged = machine.judge_backend(names)
    assert judged["severity"] == severity
    if severity == "error":
        assert "keeps no secret" in judged["message"]


def test_what_hangs_is_left_behind() -> None:
    def raise_it() -> str:
        raise ValueError("x")

    def hang() -> str:
        time.sleep(30)
        return "late"

    slow, quick, bad = within(0.2, [hang, lambda: "here", raise_it])
    assert slow is None
    assert quick == "here"
    assert isinstance(bad, ValueError)


@pytest.mark.skipif(
    os.geteuid() == 0 and not os.path.isdir("/proc/self"), reason="needs a folder nobody can write"
)
def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    folder = Path("/proc/self") if os.geteuid() == 0 else tmp_path / "read-only"
    if os.geteuid() != 0:
        folder.mkdir(mode=0o500)
    assert by_check(machine.check_disk(folder))["disk sync"] == "error"


def test_a_store_in_order(tmp_path: Path) -> None:
    Store(tmp_path).journal().append("note", {"text": "x"})
    severities = by_check(stored.check_store(tmp_path))
    assert severities == dict.fromkeys(("store", "journal", "locks", "leftovers", "catalog"), "ok")


def test_a_store_that_was_written_by_a_newer_version(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"format":999,"id":"0123abcd","written_by":"9.9"}')
    (found,) = stored.check_store(tmp_path)
    assert found["severity"] == "error"
    assert "newer memesnipe" in found["message"]


def test_what_a_killed_process_left_is_found(tmp_path: Path) -> None:
    Store(tmp_path).journal().append("note", {"text": "x"})
    (tmp_path / f".data.parquet.{os.getpid()}.0a1b2c3d.tmp").touch()
    assert by_check(stored.check_store(tmp_path))["leftovers"] == "ok"
    (tmp_path / ".data.parquet.999999999.0a1b2c3d.tmp").touch()
    assert by_check(stored.check_store(tmp_path))["leftovers"] == "warning"


def test_a_held_lock_is_shown_with_its_holder(tmp_path: Path) -> None:
    journal = Store(tmp_path).journal()
    journal.append("note", {"text": "x"})
    (lock,) = journal.folder.glob("*lock")
    with lock.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        held = [row for row in stored.check_store(tmp_path) if row["check"] == "locks"]
    assert [row["where"] for row in held] == [str(lock)]
    assert f"pid {os.getpid()}" in held[0]["message"]


class ClockHandler(BaseHTTPRequestHandler):
    """Answers with a clock that is wrong by `offset_s` seconds."""

    offset_s = 0

    def do_GET(self) -> None:
        self.send_response_only(200)
        if self.offset_s != 999:
            self.send_header("Date", formatdate(time.time() + self.offset_s, usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Silent."""


@pytest.fixture
def venue() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), ClockHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("offset_s", "severity"), [(0, "ok"), (-10, "warning"), (10, "warning"), (120, "error"), (999, "warning")]
)
def test_a_wrong_clock_is_found(
    venue: str, offset_s: int, severity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClockHandler, "offset_s", offset_s)
    (found,) = network.check_venues({"kraken": venue})
    assert (found["check"], found["severity"]) == ("clock", severity)


def test_a_venue_out_of_reach_is_a_warning() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        (hangs,) = network.check_venues({"kraken": f"http://127.0.0.1:{port}"}, deadline_s=0.3)
    (refuses,) = network.check_venues({"kraken": f"http://127.0.0.1:{port}"})
    assert (hangs["severity"], refuses["severity"]) == ("warning", "warning")
    assert "did not answer within 0.3 s" in hangs["message"]


def test_the_profiles_address_is_asked(
    venue: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loopback.toml"
    path.write_text(f'[venues.kraken]\nbase_url = "{venue}"\n[venues.coinbase]\nbase_url = "{venue}"\n')
    assert run(["doctor", "--json", "--profile", str(path)], {}) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["check"], row["severity"]) for row in rows][-2:] == [("clock", "ok"), ("clock", "ok")]
