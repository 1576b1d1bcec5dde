"""The audit of dependencies: pip-audit asks a loopback service that speaks OSV."""

from __future__ import annotations

import datetime
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[2] / ".ci" / "audit_dependencies.py"
HASH = "sha256:" + "0" * 64
ADVISORY = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2031-00001"],
    "summary": "It reads what it should not.",
    "published": "2031-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "leaky-parser", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.4.2"}]}],
        }
    ],
}


class Advisories(ThreadingHTTPServer):
    """Knows of one vulnerable package; `status` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, Any]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/query"


class _Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        vulnerable = asked["package"]["name"] == "leaky-parser"
        body = json.dumps({"vulns": [ADVISORY]} if vulnerable else {}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def running() -> Iterator[Advisories]:
    server = Advisories()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


@pytest.fixture
def advisories(running: Advisories) -> Advisories:
    running.asked.clear()
    running.status = 200
    return running


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Two pins, of which the service knows one to be vulnerable."""
    path = tmp_path / "some.lock"
    path.write_text(f"leaky-parser==1.4.1 \\\n    --hash={HASH}\nsound-parser==2.0 \\\n    --hash={HASH}\n")
    return path


def audit(lock: Path, service: str, *words: str, accepted: str = "") -> subprocess.CompletedProcess[str]:
    """What the tool says of a lock."""
    listed = lock.with_name("accepted.toml")
    listed.write_text(accepted)
    command = [sys.executable, str(TOOL), "--lock", str(lock), "--accepted", str(listed)]
    command += ["--service", service, "--timeout", "5", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def acceptance(days: int, name: str = "CVE-2031-00001") -> str:
    """An entry of the list that ends so many days from today."""
    until = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)
    return f'[[accepted]]\nid = "{name}"\nreason = "the parser is not used"\nuntil = {until}\n'


def test_a_known_vulnerability_fails_and_is_named(lock: Path, advisories: Advisories) -> None:
    done = audit(lock, advisories.url)
    assert done.returncode == 1
    assert "leaky-parser 1.4.1: CVE-2031-00001 (GHSA-aaaa-bbbb-cccc), fixed in 1.4.2" in done.stderr
    assert "sound-parser" not in done.stderr
    assert {(each["package"]["name"], each["version"]) for each in advisories.asked} == {
        ("leaky-parser", "1.4.1"),
        ("sound-parser", "2.0"),
    }


@pytest.mark.parametrize(
    ("days", "name", "code"),
    [
        (1, "CVE-2031-00001", 0),
        (1, "GHSA-aaaa-bbbb-cccc", 0),
        (1, "CVE-2031-00002", 1),
        (-1, "CVE-2031-00001", 1),
    ],
)
def test_an_accepted_one_passes_by_any_of_its_names_until_its_day(
    lock: Path, advisories: Advisories, days: int, name: str, code: int
) -> None:
    done = audit(lock, advisories.url, accepted=acceptance(days, name))
    assert done.returncode == code, done.stderr
    assert ("was accepted until" in done.stderr) == (days < 0)


def test_an_acceptance_without_reason_or_date_is_refused(lock: Path, advisories: Advisories) -> None:
    done = audit(lock, advisories.url, accepted='[[accepted]]\nid = "CVE-2031-00001"\n')
    assert done.returncode == 2
    assert "needs an id, a reason and a date" in done.stderr
    assert advisories.asked == []


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--required",), 1)])
def test_without_a_network_it_says_that_nothing_was_checked(
    lock: Path, words: tuple[str, ...], code: int
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen: refused
        done = audit(lock, f"http://127.0.0.1:{held.getsockname()[1]}/", *words)
    assert done.returncode == code
    assert "NOT CHECKED, the advisory service gave no answer" in done.stderr
    assert "no known vulnerability" not in done.stdout


def test_a_service_that_is_down_is_no_all_clear(lock: Path, advisories: Advisories) -> None:
    advisories.status = 503
    done = audit(lock, advisories.url)
    assert done.returncode == 0
    assert "NOT CHECKED" in done.stderr and "no known vulnerability" not in done.stdout


def test_a_lock_that_cannot_be_read_fails(lock: Path, advisories: Advisories) -> None:
    lock.write_text("not a requirement at all\n")
    done = audit(lock, advisories.url)
    assert done.returncode == 2
    assert "the audit could not run" in done.stderr
