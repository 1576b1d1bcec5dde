"""Random secrets go in by every road; then every output, every file and the process itself are searched for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from secret_hunt import Hunt, coinbase_canary, forms, kraken_canary, watched
from vault_cases import PASSPHRASE, Session, descriptor
from venue_server import VenueServer


@dataclass(frozen=True)
class Place:
    """Where commands run: a home, a store and a temporary folder of their own. folders: what is written there."""

    folders: tuple[Path, ...]
    environment: dict[str, str]
    hunt: Hunt

    def call(self, *words: str, stdin: bytes = b"", fds: tuple[int, ...] = ()) -> int:
        """Run `memesnipe WORDS`; meanwhile its arguments and environment, and those of what it starts, are looked at,
        and what it said afterwards."""
        process = subprocess.Popen(
            [sys.executable, "-m", "memesnipe_cli", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            pass_fds=fds,
        )
        with watched(self.hunt, process.pid):
            for each in process.communicate(stdin, timeout=60):
                self.hunt.text("output", each)
        for each in fds:
            os.close(each)
        return process.returncode


@pytest.fixture
def place(tmp_path: Path, home: Path) -> Callable[[Iterable[str]], Place]:
    """Makes one, for a hunt for these secrets."""
    folder = tmp_path / "canary"
    for each in ("tmp", "store", "home"):
        (folder / each).mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")}
    environment |= {"MEMESNIPE_STORE": str(folder / "store")}
    return lambda secrets: Place((folder, home), environment, Hunt(forms(secrets)))


def test_no_secret_shows_anywhere(
    place: Callable[[Iterable[str]], Place], session: Session, tmp_path: Path
) -> None:
    with VenueServer("kraken") as venue:
        kraken, other, wrong, coinbase = kraken_canary(), kraken_canary(), kraken_canary(), coinbase_canary()
        source = f"canary{os.urandom(20).hex()}"
        at = place([*kraken, *other, *wrong, *coinbase, source, PASSPHRASE.decode()])
        at.environment.update(session.environment)
        profile = tmp_path / "loopback.toml"
        profile.write_text(
            f'kind = "live"\n[account]\nvenue = "kraken"\n[venues.kraken]\nbase_url = "{venue.base_url}"\n'
        )
        _use(at, ("--profile", str(profile), "-vv"), kraken, other, wrong, coinbase, source)
    at.hunt.files(*at.folders)
    assert at.hunt.found == set()
    # The control: argv is looked at, too; what the files would show, tests/signer/test_signer_memory.py tries.
    assert at.call("keys", "add", "kraken", kraken[1]) == 2
    assert at.hunt.found == {"cmdline of memesnipe_cli"}


def _use(
    at: Place,
    live: tuple[str, ...],
    kraken: tuple[str, str],
    other: tuple[str, str],
    wrong: tuple[str, str],
    coinbase: tuple[str, str],
    source: str,
) -> None:
    """Every command that has to do with keys, by every road, and what goes wrong there."""
    lines = "\n".join(kraken).encode()
    # By stdin into the OS keyring; refused by the venue, which does not know it; then without asking.
    assert at.call(*live, "keys", "add", "kraken", "--stdin", stdin=lines) == 4
    assert at.call("keys", "add", "kraken", "--offline", "--stdin", "-vv", stdin=lines) == 0
    # By a descriptor, as downloaded JSON, into the encrypted file.
    given = descriptor(json.dumps({"name": coinbase[0], "privateKey": coinbase[1]}))
    passphrase = descriptor(PASSPHRASE)
    words = ("--in", "file", "--fd", str(given), "--passphrase-fd", str(passphrase))
    assert at.call("keys", "add", "coinbase", "--offline", *words, fds=(given, passphrase)) == 0
    assert at.call("keys", "add", "etherscan", "--stdin", "--json", stdin=source.encode()) == 0
    # Shapes that are refused.
    swapped = "\n".join(reversed(wrong)).encode()
    assert at.call("keys", "add", "kraken", "--name", "second", "--stdin", stdin=swapped) == 4
    cut = f"{coinbase[0]}\n{coinbase[1][:120]}".encode()
    assert at.call("keys", "add", "coinbase", "--name", "second", "--stdin", "-vv", stdin=cut) == 4
    # Used by a signer, which has it from the keyring; listed, unlocked, rotated, removed.
    assert at.call(*live, "trade", "reconcile") == 5
    assert at.call(*live, "keys", "check", "kraken") == 4
    assert at.call("keys", "list", "--json") == 0
    assert at.call("doctor", "--offline", "--json") in (0, 1)
    assert at.call("keys", "unlock", "kraken", "--ttl", "1m") in (0, 4)
    rotated = "\n".join(other).encode()
    assert at.call("keys", "rotate", "kraken", "--offline", "--stdin", "--json", stdin=rotated) == 0
    assert at.call("keys", "remove", "kraken", "--yes") == 0
    assert at.call("keys", "remove", "etherscan", "--yes") == 0
