"""`memesnipe trade --live` as a process of its own, with a key from the vault, at a venue of this machine."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from running import Running, repeated, started
from venue_server import VenueServer
from venue_server.keys import KRAKEN_KEY, KRAKEN_SECRET

from memesnipe_cli.clock import MINUTE_MS
from memesnipe_cli.risk.latch import Hold, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey

SYMBOL = "DOGE/USD"
HISTORY = 1500  # bars: a day and a bit, for the turnover of 24 hours
BAR_S = 75.0  # a minute passes, its bar closes, what it tells is traded
START_S = 30.0  # imports, the vault, the venue's questions

# In after each bar, with a stop ten percent away.
STRATEGY = '''
from typing import Any

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal


class Always(Strategy):
    """Long after every bar."""

    name = "always"
    summary = "For tests."
    family = "momentum"
    timeframe = "1m"

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return 2

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.005)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        return signal(enter=1, stop=0.1 * bar.close)
'''


def kinds(of: Running) -> list[str]:
    """The types of the records that a command has written."""
    whole, _, _ = of.out.decode().rpartition("\n")
    return [json.loads(each)["type"] for each in whole.splitlines()]


@dataclass
class Desk:
    """A venue with the user's own coins, a live profile, a vault with the venue's key."""

    server: VenueServer
    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "always.py").write_text(STRATEGY, encoding="utf-8")
        self.profile("live", "kind = 'live'")
        self._write_history()
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "memesnipe.passphrase").write_text("correct horse battery", encoding="utf-8")

    def _write_history(self) -> None:
        """Bars up to the last minute that is over, for what a strategy warms up on."""
        last = self.server.now_ms() // MINUTE_MS - 1
        ts = MINUTE_MS * np.arange(last - HISTORY, last + 1, dtype=np.int64)
        flat = np.full(len(ts), 0.1)
        candles = Candles(SeriesKey("kraken", SYMBOL, "1m"), ts, flat, flat, flat, flat, 1e7 * flat)
        Store(self.folder / "store").lake.write_candles(candles, source="test")

    def profile(self, name: str, first: str = "", capital: str = "200") -> None:
        """Write a profile that trades at this venue."""
        text = f"{first}\n[account]\nvenue = 'kraken'\ncapital = '{capital}'\n"
        text += f"[venues.kraken]\nbase_url = '{self.server.base_url}'\n"
        (self.folder / f"{name}.toml").write_text(text, encoding="utf-8")

    def command(self, *words: str, profile: str = "live") -> list[str]:
        """A command line on this store."""
        options = ["--store", str(self.folder / "store"), "--profile", str(self.folder / f"{profile}.toml")]
        return [sys.executable, "-m", "memesnipe_cli", *options, *words]

    def trade(self, *more: str, without: tuple[str, ...] = (), profile: str = "live") -> list[str]:
        """`trade --live` as a person would call it. without: what is left out of it."""
        asked = ["trade", "--strategy", f"{self.folder}/always.py:Always", "--symbol", SYMBOL]
        if "live" not in without:
            asked.append("--live")
        if "promotion" not in without:
            asked += ["--without-promotion", "--reason", "a test"]
        return self.command(*asked, *more, profile=profile)

    @property
    def environment(self) -> dict[str, str]:
        """With what a service manager hands to its units."""
        return {**os.environ, "CREDENTIALS_DIRECTORY": str(self.folder / "credentials")}

    def call(self, command: list[str], stdin: str = "", seconds: float = 60.0) -> tuple[int, str]:
        """(exit code, what was said) of a command that ends by itself."""
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=seconds, env=self.environment
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    def add_key(self) -> None:
        """Put the venue's key into the vault's encrypted file."""
        code, said = self.call(
            self.command("keys", "add", "kraken", "--in", "file", "--stdin"),
            f"{KRAKEN_KEY}\n{KRAKEN_SECRET}\n",
        )
        assert code == 0, said

    @contextmanager
    def running(self, *more: str) -> Iterator[Running]:
        """A trader, which is ended with the body at the latest."""
        with started(self.trade("--jsonl", *more)[3:], self.environment) as trader:
            yield trader

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Others trade meanwhile, so that there are bars and fresh prices."""
        numbers = itertools.count(1)

        def move() -> None:
            middle = 0.1 + 0.00001 * (next(numbers) % 7)
            self.server.price(SYMBOL, f"{middle - 0.00005:.5f}", f"{middle + 0.00005:.5f}")
            self.server.trade(SYMBOL, f"{middle:.5f}", 100_000)

        with repeated(move):
            yield


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with VenueServer("kraken", {"USD": "1000", "DOGE": "5000"}) as server:
        server.price(SYMBOL, "0.09995", "0.10005")
        yield Desk(server, tmp_path)


def test_what_must_be_so_before_a_key_is_touched(desk: Desk) -> None:
    desk.profile("paper")
    for command, code, words in (
        (desk.trade(profile="paper"), 3, "of kind paper"),
        (desk.trade(without=("live",)), 3, "nobody said --live"),
        (desk.trade(without=("promotion",)), 3, "no promotion is on record"),
        (desk.trade("--since", "2025-01-01"), 2, "--since is of a tape"),
        (desk.trade("--venue", "coinbase"), 2, "trades at kraken"),
    ):
        found, said = desk.call(command)
        assert (found, words in said) == (code, True), said
    LatchFile(Store(desk.folder / "store").paths, "live").trip(
        "account", Hold(Level.HALT, "manual", "a test", "2026-01-01T00:00:00Z", "person", None)
    )
    found, said = desk.call(desk.trade())
    assert (found, "HALT" in said) == (3, True), said
    assert not [each for each in desk.server.requests if "/private/" in each.path]


def test_no_key_and_keys_that_are_not_fit(desk: Desk) -> None:
    code, said = desk.call(desk.trade())
    assert (code, "no key" in said) == (4, True), said
    desk.add_key()
    desk.server.set_rights([*desk.server.rights, "withdraw-funds"])
    code, said = desk.call(desk.trade())
    assert (code, "may withdraw or transfer" in said) == (4, True), said
    assert not desk.server.oracle.ours()


def test_what_the_account_holds_must_be_what_is_thought(desk: Desk) -> None:
    desk.add_key()
    desk.server.user_order(SYMBOL, "sell", "limit", "100", price="0.2", client_id="ms0000000abcdefghj")
    code, said = desk.call(desk.trade())
    assert (code, "do not agree" in said) == (3, True), said
    assert not [each for each in desk.server.oracle.orders_with("") if each.ticket.owner != "user"]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_is_told_to_stop_and_there_is_one_trader_of_an_account(
    desk: Desk, sent: signal.Signals, code: int
) -> None:
    desk.add_key()
    with desk.moving(), desk.running() as trader:
        trader.wait_for("market data by websocket", START_S)
        second, said = desk.call(desk.trade())
        assert second == 6, said
        trader.process.send_signal(sent)
        assert trader.end() == code, trader.words
    assert "left: " in trader.words and "Traceback" not in trader.words
    assert "account" in kinds(trader)


def test_a_bar_is_traded_and_the_position_outlives_kill_9_and_ctrl_c(desk: Desk) -> None:
    desk.add_key()
    with desk.moving():
        with desk.running() as trader:
            trader.wait_for("market data by websocket", START_S)
            until = time.monotonic() + BAR_S
            while not desk.server.oracle.positions().get(SYMBOL) and time.monotonic() < until:
                time.sleep(0.05)
            trader.process.send_signal(signal.SIGKILL)
        assert desk.server.oracle.ours(), trader.words
        with desk.running() as trader:
            trader.wait_for("market data by websocket", START_S)
            until = time.monotonic() + START_S
            while desk.server.oracle.naked_positions() and time.monotonic() < until:
                time.sleep(0.05)
            assert not desk.server.oracle.naked_positions()
            desk.server.stream_fail("refuse", times=100)
            desk.server.stream_drop()
            trader.wait_for("market data by rest", START_S)
            trader.process.send_signal(signal.SIGINT)
            assert trader.end() == 130
        assert f"left: {SYMBOL} long" in trader.words and "covered" in trader.words
        with desk.running() as trader:
            trader.wait_for("LIVE: real orders", START_S)
            trader.process.send_signal(signal.SIGINT)
            trader.process.send_signal(signal.SIGINT)
            assert trader.end() == 130, trader.words
    oracle = desk.server.oracle
    assert not oracle.doubled() and not oracle.naked_positions() and not oracle.sold_more_than()
    assert len([each for each in oracle.ours() if each.ticket.side == "buy"]) == 1
