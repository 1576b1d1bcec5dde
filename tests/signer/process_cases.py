"""A live account whose venue knows random keys, and the program's processes beside it: traders, signers, readers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

# The account is made as the tests of the commands make it.
sys.path.append(str(Path(__file__).parents[1] / "commands"))

import venue_server.clients
import venue_server.keys
import venue_server.kraken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from running import Running, repeated, started
from secret_hunt import coinbase_canary, family, kraken_canary, said_of
from trade_live_cases import SYMBOL, Scene, live_scene, with_position

from memesnipe_cli.signer.client import Signer, SignerOrder

Dialect = Literal["kraken", "coinbase"]
GONE_S = 2.0  # within which nothing of a killed trader is left
SIGNER, READER = "memesnipe_cli.commands.signer_process", "memesnipe_cli.commands.signer_reader"


@dataclass(frozen=True)
class Canary:
    """A random key that its venue knows."""

    venue: Dialect
    id: str
    secret: str

    @property
    def lines(self) -> str:
        """As `keys add --stdin` takes it."""
        return f"{self.id}\n{self.secret}\n"


def canary_at(venue: Dialect, monkeypatch: pytest.MonkeyPatch) -> Canary:
    """From now on the venue of this machine knows a random key, and no other."""
    made = Canary(venue, *(kraken_canary() if venue == "kraken" else coinbase_canary()))
    for module in (venue_server.keys, venue_server.kraken, venue_server.clients):
        for name, value in (
            ("KRAKEN_KEY", made.id),
            ("KRAKEN_SECRET", made.secret),
            ("COINBASE_KEY", made.id),
        ):
            if name.lower().startswith(venue) and hasattr(module, name):
                monkeypatch.setattr(module, name, value)
        if venue == "coinbase" and hasattr(module, "coinbase_secret"):
            monkeypatch.setattr(module, "coinbase_secret", lambda: made.secret)
    if venue == "coinbase":
        private = load_pem_private_key(made.secret.encode(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        monkeypatch.setattr(venue_server.keys, "_coinbase_private", lambda: private)
        # The venue's clock begins behind, and the client that makes the account has the real time at first.
        monkeypatch.setattr(venue_server.keys, "JWT_SLACK_S", 3600)
    return made


def child(of: Running, module: str) -> int:
    """The pid of the process of that module below a command."""
    return next(pid for pid in family(of.pid) if said_of(pid) == module)


@dataclass
class Desk:
    """scene: the account and its venue. canary: the venue's key."""

    scene: Scene
    canary: Canary

    def give(self, name: str = "trade", lines: str | None = None) -> Path:
        """A key where a service finds it."""
        path = self.scene.credentials / f"memesnipe.{self.canary.venue}.{name}"
        path.write_text(self.canary.lines if lines is None else lines, encoding="utf-8")
        path.chmod(0o600)
        return path

    @property
    def asked(self) -> SignerOrder:
        """What a signer of this account is started for."""
        return SignerOrder(
            owner=self.canary.venue,
            key="trade",
            store=str(self.scene.rig.store.root),
            profile=str(self.scene.profile),
            account="live",
            unattended=True,
        )

    @contextmanager
    def signer(self) -> Iterator[Signer]:
        """A signer of this process."""
        made = Signer(self.asked)
        try:
            yield made
        finally:
            made.close()

    def trade(self, *more: str) -> list[str]:
        """`trade --live` that goes on with the account's session."""
        return self.scene.words(
            "--jsonl", *more, "trade", "--live", "--strategy", f"{self.scene.rig.folder}/updown.py:UpDown",
            "--symbol", SYMBOL, "--without-promotion", "--reason", "a test",
        )  # fmt: skip

    @contextmanager
    def running(self, words: list[str], environ: Mapping[str, str] | None = None) -> Iterator[Running]:
        """A command of the program, which is ended with the body at the latest."""
        with started(words, {**os.environ, **(environ or {})}) as running:
            yield running

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Others trade meanwhile, so that prices are fresh."""

        def move() -> None:
            self.scene.server.price(SYMBOL, "0.1005", "0.1007")
            self.scene.server.trade(SYMBOL, "0.1006", 100_000)

        with repeated(move):
            yield

    def private(self) -> int:
        """How often the venue was asked for something that needs a key."""
        marks = ("/private/", "/brokerage/")
        requests = list(self.scene.server.requests)
        return len([each for each in requests if any(mark in each.path for mark in marks)])

    def uncovered(self) -> None:
        """Somebody cancels the stop at the venue: a trader that starts places another one."""
        for order in self.scene.server.open_orders():
            self.scene.server.cancel(order)


@contextmanager
def canary_desk(
    folder: Path, monkeypatch: pytest.MonkeyPatch, venue: Dialect = "kraken", *, holds: bool = False
) -> Iterator[Desk]:
    """An account whose venue knows a random key, in the credentials of a service. holds: it has bought, and a stop
    rests at the venue."""
    canary = canary_at(venue, monkeypatch)
    with live_scene(folder, monkeypatch, venue) as scene:
        desk = Desk(scene, canary)
        desk.give()
        if holds:
            with_position(scene)
        else:
            scene.now()
        yield desk
