"""Keys that can be real, a real Secret Service of one's own, and ways to hand a key to a command."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.cli import run
from memesnipe_cli.vault.vault import Vault

PASSPHRASE = b"correct horse battery"
KRAKEN_LINES = f"{KRAKEN_KEY}\n{KRAKEN_SECRET}\n"
OTHER_SECRET = base64.b64encode(bytes(range(64))).decode()
OTHER_LINES = f"another-key\n{OTHER_SECRET}\n"
COINBASE_LINES = f"{COINBASE_KEY}\n{coinbase_secret()}"
MISSING_PROGRAMS = [
    each for each in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(each) is None
]


def descriptor(data: bytes | str) -> int:
    """A pipe that holds `data`, for --fd N of a command in this process."""
    reading, writing = os.pipe()
    os.write(writing, data if isinstance(data, bytes) else data.encode())
    os.close(writing)
    return reading


def keys(*words: str, key: bytes | str | None = None, passphrase: bytes | None = None) -> int:
    """`memesnipe keys WORDS` in this process, a key and a passphrase given by descriptors; returns the exit code."""
    opened = []
    for option, data in (("--fd", key), ("--passphrase-fd", passphrase)):
        if data is not None:
            opened.append(descriptor(data))
            words = (*words, option, str(opened[-1]))
    try:
        return run(["keys", *words], {})
    finally:
        for each in opened:
            os.close(each)


def user_vault(home: Path, passphrase: bytes = PASSPHRASE, credentials: Path | None = None) -> Vault:
    """The vault that commands of this test use."""
    return Vault(home / "config" / "memesnipe" / "vault", credentials, lambda what: passphrase)


@dataclass(frozen=True)
class Session:
    """A D-Bus session with a Secret Service. environment: what a process needs to be in it."""

    folder: Path
    environment: Mapping[str, str]


@contextmanager
def keyring_session(folder: Path, password: str | None) -> Iterator[Session]:
    """gnome-keyring under dbus-run-session, its files in `folder`. password: unlocks it and makes its collection; None
    leaves it as it is."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(runtime),
    }
    unlock = "--unlock " if password is not None else ""
    script = (
        'echo "$DBUS_SESSION_BUS_ADDRESS" > "$0"; '
        f"exec gnome-keyring-daemon {unlock}--components=secrets --foreground"
    )
    told = folder / "address"
    told.unlink(missing_ok=True)
    process = subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", script, str(told)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        # A group of its own: dbus-run-session that is ended leaves bus and keyring behind.
        start_new_session=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write("" if password is None else password)
        process.stdin.close()
        address = _wait_for(told)
        session = Session(folder, {"DBUS_SESSION_BUS_ADDRESS": address})
        _wait_for_service(session)
        yield session
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)


def _wait_for(path: Path) -> str:
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        time.sleep(0.02)
    raise AssertionError("dbus-run-session did not start")


def _wait_for_service(session: Session) -> None:
    import jeepney
    from jeepney.io.blocking import open_dbus_connection

    ask = jeepney.message_bus.NameHasOwner("org.freedesktop.secrets")
    give_up = time.monotonic() + 10
    with open_dbus_connection(session.environment["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        while time.monotonic() < give_up:
            (there,) = connection.send_and_get_reply(ask, timeout=5).body
            if there:
                return
            time.sleep(0.05)
    raise AssertionError("gnome-keyring did not come up")
