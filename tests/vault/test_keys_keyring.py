"""The OS keyring: a real gnome-keyring keeps the keys, and each way in which a keyring fails has words of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vault_cases import (
    COINBASE_LINES,
    KRAKEN_LINES,
    OTHER_LINES,
    Session,
    keyring_session,
)
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import keyring_home
from memesnipe_cli.vault.keyring_home import KeyringHome, why_refused

Memesnipe = Callable[..., "subprocess.CompletedProcess[str]"]
NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}


def in_keyring(session: Session, service: str) -> list[str | None]:
    """What any other program of this user finds in the keyring, asked without our code or the keyring library's."""
    import secretstorage
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(session.environment["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        collection = secretstorage.get_default_collection(connection)
        items = {
            item.get_attributes()["username"]: item.get_secret().decode()
            for item in collection.search_items({"service": service})
        }
    return [items.get(field) for field in ("kind", "id", "secret")]


def test_a_key_is_kept_rotated_and_removed(session: Session, memesnipe: Memesnipe) -> None:
    def call(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return memesnipe("keys", *words, stdin=stdin, **session.environment)

    added = call("add", "kraken", "--offline", "--stdin", stdin=KRAKEN_LINES)
    assert added.returncode == 0, added.stderr
    assert in_keyring(session, "memesnipe/kraken/trade") == ["trade", KRAKEN_KEY, KRAKEN_SECRET]

    downloaded = json.dumps({"name": COINBASE_KEY, "privateKey": coinbase_secret()})
    assert call("add", "coinbase", "--kind", "read", "--offline", "--stdin", stdin=downloaded).returncode == 0
    assert in_keyring(session, "memesnipe/coinbase/read") == ["read", COINBASE_KEY, coinbase_secret()]

    assert call("rotate", "kraken", "--offline", "--stdin", stdin=OTHER_LINES).returncode == 0
    assert in_keyring(session, "memesnipe/kraken/trade")[1] == "another-key"
    assert in_keyring(session, "memesnipe/kraken/trade~next") == [None, None, None]

    for venue, name in (("kraken", "trade"), ("coinbase", "read")):
        assert call("remove", venue, "--name", name, "--yes").returncode == 0
        assert in_keyring(session, f"memesnipe/{venue}/{name}") == [None, None, None]
    assert json.loads(call("list", "--json").stdout) == []


@pytest.mark.usefixtures("keyring_programs")
def test_a_locked_keyring_and_one_without_a_collection(tmp_path: Path, memesnipe: Memesnipe) -> None:
    with keyring_session(tmp_path, None) as empty:
        done = memesnipe(
            "keys", "add", "kraken", "--offline", "--stdin", stdin=KRAKEN_LINES, **empty.environment
        )
        assert (done.returncode, "no collection to keep keys in" in done.stderr) == (4, True), done.stderr
    with keyring_session(tmp_path, "login password") as unlocked:
        done = memesnipe(
            "keys", "add", "kraken", "--offline", "--stdin", stdin=KRAKEN_LINES, **unlocked.environment
        )
        assert done.returncode == 0, done.stderr
    with keyring_session(tmp_path, None) as locked:
        began = time.monotonic()
        done = memesnipe("keys", "check", "kraken", **locked.environment)
        assert (done.returncode, "the OS keyring is locked" in done.stderr) == (4, True), done.stderr
        assert "gnome-keyring-daemon --unlock" in done.stderr
        assert time.monotonic() - began < 5


def test_without_a_bus_a_cron_job_is_told_what_it_can_do(memesnipe: Memesnipe) -> None:
    done = memesnipe("keys", "add", "kraken", "--offline", "--stdin", stdin=KRAKEN_LINES, **NO_BUS)
    assert done.returncode == 4
    assert "this session has no D-Bus" in done.stderr
    for way in ("keys unlock --ttl", "systemd credential", "--in file", "docs/keys.md"):
        assert way in done.stderr


@pytest.mark.usefixtures("keyring_programs")
def test_a_bus_on_which_nobody_keeps_secrets(tmp_path: Path) -> None:
    # A bus of its own, whose configuration names no service that it could start.
    config = tmp_path / "session.conf"
    config.write_text(
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    done = subprocess.run(
        [
            *("dbus-run-session", "--config-file", str(config), "--"),
            *(sys.executable, "-m", "memesnipe_cli", "keys", "add", "kraken", "--offline", "--stdin"),
        ],
        input=KRAKEN_LINES,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, "nobody on D-Bus keeps secrets" in done.stderr) == (4, True), done.stderr


def test_a_bus_that_does_not_answer_is_given_up(tmp_path: Path, memesnipe: Memesnipe) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        address = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path / 'bus'}"}
        done = memesnipe("keys", "add", "kraken", "--offline", "--stdin", stdin=KRAKEN_LINES, **address)
        assert (done.returncode, "did not answer in time (at most 5 s)" in done.stderr) == (4, True), (
            done.stderr
        )


def test_whatever_hangs_is_left_behind_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_home, "_allowed_backend", lambda: time.sleep(20))
    began = time.monotonic()
    with pytest.raises(ConfigError) as hung:
        KeyringHome(deadline_s=0.2).read("kraken", "trade")
    assert hung.value.code == "keyring_timeout"
    assert time.monotonic() - began < 3


PLAIN = """
from keyring.backend import KeyringBackend
class PlaintextKeyring(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        return None
    def set_password(self, service, username, password):
        raise AssertionError("a secret came here")
"""


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ("keyring.backends.null.Keyring", "stores nothing"),
        ("plain_backend.PlaintextKeyring", "plain text"),
        ("keyring.backends.nowhere.Keyring", "cannot be opened"),
    ],
)
def test_a_backend_that_keeps_no_secret_is_refused_by_name(
    backend: str, says: str, tmp_path: Path, memesnipe: Memesnipe
) -> None:
    (tmp_path / "plain_backend.py").write_text(PLAIN)
    environment = {"PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": str(tmp_path)}
    done = memesnipe("keys", "add", "coinbase", "--offline", "--stdin", stdin=COINBASE_LINES, **environment)
    assert done.returncode == 4
    assert says in done.stderr
    assert "nowhere" in backend or f"keyring backend {backend} is refused" in done.stderr
    assert json.loads(memesnipe("keys", "list", "--json").stdout) == []


def test_unknown_backends_are_refused_too() -> None:
    assert "plain text" in why_refused("keyrings.alt.file.EncryptedKeyring")
    assert "plain text" in why_refused("keyrings.cryptfile.cryptfile.CryptFileKeyring")
    assert "it is not Secret Service" in why_refused("somebody.Keyring")
