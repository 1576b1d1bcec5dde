"""A live account that has traded at a loopback venue, its key where a service finds it, and the commands beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

# The loop that makes the account is the one of the live tests.
sys.path.append(str(Path(__file__).parents[1] / "live"))

from live_cases import SYMBOL as SYMBOL
from live_cases import Bar, Rig
from venue_server import VenueServer
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.cli import run
from memesnipe_cli.venues import one_key

UP = Bar.to("0.1000", "0.1010")
DOWN = Bar.to("0.1010", "0.1000")
FLAT = Bar.to("0.1000", "0.1000")
MATERIAL = {
    "kraken": f"{KRAKEN_KEY}\n{KRAKEN_SECRET}\n",
    "coinbase": f"{COINBASE_KEY}\n{coinbase_secret()}",
}
_BEHIND_S = 900.0  # bars carry the venue's clock on: it begins behind, and ends where ours is


@dataclass
class Scene:
    """rig: the venue, the store, the loop. profile: a live one in a file; credentials: the folder of a service's
    keys."""

    rig: Rig
    profile: Path
    credentials: Path

    @property
    def server(self) -> VenueServer:
        return self.rig.server

    def words(self, *args: str) -> list[str]:
        """A command line behind `memesnipe`."""
        return ["--store", str(self.rig.store.root), "--profile", str(self.profile), *args]

    def say(self, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
        """A command in this process: its exit code, what it printed, what it said."""
        capsys.readouterr()
        code = run(self.words(*args), {})
        said = capsys.readouterr()
        return code, said.out, said.err

    def rows(self, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]]]:
        """The same with its records."""
        code, out, _ = self.say(capsys, "--jsonl", *args)
        return code, [json.loads(line) for line in out.splitlines()]

    def give_key(self, name: str) -> None:
        """A key of that name for whoever runs unattended."""
        venue = self.server.dialect
        path = self.credentials / f"memesnipe.{venue}.{name}"
        path.write_text(MATERIAL[venue], encoding="utf-8")
        path.chmod(0o600)

    def now(self) -> None:
        """The venue's clock says the real time from now on."""
        self.server.skew(0)
        self.server.tick()


@contextmanager
def live_scene(
    folder: Path, monkeypatch: pytest.MonkeyPatch, dialect: Literal["kraken", "coinbase"] = "kraken"
) -> Iterator[Scene]:
    """A venue with the user's own coins and a store that knows nothing of it yet."""
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    # This venue counts no questions.
    monkeypatch.setattr(one_key.Budget, "take", lambda budget, cost, **how: None)
    with VenueServer(dialect, {"USD": "1000", "DOGE": "5000"}) as server:
        server.skew(-_BEHIND_S)
        server.matcher._last_us = 0  # of prices that it was opened with, at the real time
        server.price(SYMBOL, "0.0999", "0.1001")
        rig = Rig(server, folder)
        profile = folder / "test.toml"
        profile.write_text(_profile(dialect, server.base_url), encoding="utf-8")
        scene = Scene(rig, profile, credentials)
        scene.give_key("trade")
        yield scene


def with_position(scene: Scene) -> Scene:
    """The account has bought, a stop rests at the venue, no trader runs."""
    scene.rig.trade(FLAT, UP, FLAT)
    scene.now()
    return scene


def _profile(dialect: str, base_url: str) -> str:
    return (
        f'kind = "live"\n\n[account]\nvenue = "{dialect}"\ncapital = "200"\n\n'
        f'[venues.{dialect}]\nbase_url = "{base_url}"\n\n[venues.default]\n'
    )
