"""Random secrets go in by every road; then every output, every file and the process itself are searched for them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from vault_cases import PASSPHRASE, Session, descriptor
from venue_server import VenueServer

from memesnipe_cli.vault import keyctl


def kraken_canary() -> tuple[str, str]:
    return f"canary{os.urandom(20).hex()}", base64.b64encode(os.urandom(64)).decode()


def coinbase_canary() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return f"organizations/{os.urandom(8).hex()}/apiKeys/{os.urandom(16).hex()}", pem.decode()


def forms(secrets: Iterable[str]) -> set[bytes]:
    """Every encoding of every secret, and of the lines of a PEM. Not made by the code that is tested here."""
    parts = {line for secret in secrets for line in (secret, *secret.splitlines()) if "-----" not in line}
    found: set[bytes] = set()
    for part in filter(None, parts):
        data = part.encode()
        encoded = base64.b64encode(data).rstrip(b"=")
        # The last sign of an encoding depends on what follows in the text.
        found |= {
            data,
            encoded[:-1],
            data.hex().encode(),
            quote(part, safe="").encode(),
            json.dumps(part).encode()[1:-1],
        }
    return found | {base64.b64decode(each) for each in secrets if each.endswith("==")}


@dataclass
class Search:
    """What was written and where it is looked for."""

    folders: tuple[Path, ...]
    needles: set[bytes]
    outputs: set[bytes] = field(default_factory=set)

    def hits(self) -> list[str]:
        """Where any needle was found."""
        any_needle = re.compile(b"|".join(map(re.escape, self.needles)))
        found = ["output" for text in self.outputs if any_needle.search(text)]
        for folder in self.folders:
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_symlink() and any_needle.search(path.read_bytes()):
                    found.append(str(path))
        return found


@dataclass(frozen=True)
class Place:
    """Where commands run: a home, a store and a temporary folder of their own."""

    folder: Path
    environment: dict[str, str]
    search: Search

    def call(self, *words: str, stdin: bytes = b"", fds: tuple[int, ...] = ()) -> int:
        """Run `memesnipe WORDS`; while it runs, its argv and environ are collected over and over."""
        process = subprocess.Popen(
            [sys.executable, "-m", "memesnipe_cli", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            pass_fds=fds,
        )
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        give_up = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < give_up:
            for name in ("cmdline", "environ"):
                try:
                    self.search.outputs.add(Path(f"/proc/{process.pid}/{name}").read_bytes())
                except OSError:
                    break
            time.sleep(0.05)
        assert process.stdout is not None and process.stderr is not None
        self.search.outputs |= {process.stdout.read(), process.stderr.read()}
        for each in fds:
            os.close(each)
        return process.wait(timeout=5)


@pytest.fixture
def place(tmp_path: Path, home: Path) -> Place:
    folder = tmp_path / "canary"
    for each in ("tmp", "store", "home"):
        (folder / each).mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")}
    environment |= {"MEMESNIPE_STORE": str(folder / "store")}
    return Place(folder, environment, Search((folder, home), set()))


def test_no_secret_shows_anywhere(place: Place, session: Session) -> None:
    with VenueServer("kraken") as venue:
        profile = place.folder / "loopback.toml"
        profile.write_text(f'[venues.kraken]\nbase_url = "{venue.base_url}"\n')
        kraken, other, wrong, coinbase = kraken_canary(), kraken_canary(), kraken_canary(), coinbase_canary()
        source = f"canary{os.urandom(20).hex()}"
        place.search.needles = forms([*kraken, *other, *wrong, *coinbase, source, PASSPHRASE.decode()])
        place.environment.update(session.environment)

        lines = "\n".join(kraken).encode()
        at_venue = ("--profile", str(profile), "-vv")
        # By stdin into the OS keyring; refused by the venue, which does not know it; then without asking.
        assert place.call(*at_venue, "keys", "add", "kraken", "--stdin", stdin=lines) == 4
        assert place.call("keys", "add", "kraken", "--offline", "--stdin", "-vv", stdin=lines) == 0
        # By a descriptor, as downloaded JSON, into the encrypted file.
        given = descriptor(json.dumps({"name": coinbase[0], "privateKey": coinbase[1]}))
        passphrase = descriptor(PASSPHRASE)
        words = (
            "add",
            "coinbase",
            "--offline",
            "--in",
            "file",
            "--fd",
            str(given),
            "--passphrase-fd",
            str(passphrase),
        )
        assert place.call("keys", *words, fds=(given, passphrase)) == 0
        assert place.call("keys", "add", "etherscan", "--stdin", "--json", stdin=source.encode()) == 0
        # Shapes that are refused.
        swapped = "\n".join(reversed(wrong)).encode()
        assert place.call("keys", "add", "kraken", "--name", "second", "--stdin", stdin=swapped) == 4
        cut = f"{coinbase[0]}\n{coinbase[1][:120]}".encode()
        assert place.call("keys", "add", "coinbase", "--name", "second", "--stdin", "-vv", stdin=cut) == 4
        # Used, listed, rotated, removed.
        assert place.call(*at_venue, "keys", "check", "kraken") == 4
        assert place.call("keys", "list", "--json") == 0
        assert place.call("doctor", "--offline", "--json") in (0, 1)
        rotated = "\n".join(other).encode()
        assert place.call("keys", "rotate", "kraken", "--offline", "--stdin", "--json", stdin=rotated) == 0
        assert place.call("keys", "remove", "kraken", "--yes") == 0
        assert place.call("keys", "remove", "etherscan", "--yes") == 0

    assert place.search.hits() == []
    # The control: the search finds a secret that is there, in each place and more than one form.
    for number, needle in enumerate(sorted(place.search.needles)):
        where = place.search.folders[number % 2] / f"control-{number}"
        where.write_bytes(b"before " + needle + b" after")
        assert place.search.hits() == [str(where)]
        where.unlink()
    assert place.call("keys", "add", "kraken", kraken[1]) == 2
    assert place.search.hits() == ["output"], "argv is searched, too"
    keyctl.remove("memesnipe/kraken/trade")
